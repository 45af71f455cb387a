//! How a key is named on the command line.

use officiant_steps::Slot;
use std::path::{Path, PathBuf};

/// Where the key of a seal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// An OpenSSH private key.
    File(PathBuf),
    /// An OpenSSH public key, whose private key ssh-agent has.
    PublicFile(PathBuf),
    /// A key of ssh-agent, by its fingerprint or its comment.
    Agent(String),
    /// The ID of an asymmetric key in a `YubiHSM`.
    YubiHsm(u16),
    /// A key in a slot of a YubiKey.
    Piv {
        /// The slot.
        slot: Slot,
        /// The device's serial number; there must be one device alone otherwise.
        serial: Option<u32>,
    },
}

impl std::str::FromStr for KeySource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("agent", "")) => Err("name the key: agent:SHA256:… or agent:COMMENT; `ssh-add -l` lists both".into()),
            Some(("agent", name)) => Ok(Self::Agent(name.to_string())),
            Some(("yubihsm", id)) => object_id(id)
                .map(Self::YubiHsm)
                .ok_or_else(|| format!("`{id}` is no object ID: write one from 1 to 65534, or 0x0001 to 0xfffe")),
            Some(("piv", slot)) => piv(slot),
            _ if Path::new(text).extension().is_some_and(|extension| extension == "pub") => {
                Ok(Self::PublicFile(text.into()))
            }
            _ if text.is_empty() => Err("name a key".into()),
            _ => Ok(Self::File(text.into())),
        }
    }
}

fn piv(text: &str) -> Result<KeySource, String> {
    let (slot, serial) = match text.split_once('@') {
        Some((slot, serial)) => {
            let number = serial.parse().ok().filter(|_| !serial.starts_with('+'));
            (slot, Some(number.ok_or_else(|| format!("`{serial}` is no serial number of a YubiKey"))?))
        }
        None => (text, None),
    };
    Ok(KeySource::Piv { slot: slot.parse()?, serial })
}

fn object_id(text: &str) -> Option<u16> {
    let id = match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?,
        None => text.parse().ok().filter(|_| !text.starts_with('+'))?,
    };
    (id != 0 && id != u16::MAX).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_file_unless_it_says_what_else_it_is() {
        let read = |text: &str| text.parse::<KeySource>();
        assert_eq!(read("/home/ada/.ssh/id_ed25519"), Ok(KeySource::File("/home/ada/.ssh/id_ed25519".into())));
        assert_eq!(read("id.pub"), Ok(KeySource::PublicFile("id.pub".into())));
        assert_eq!(read("agent:SHA256:abc"), Ok(KeySource::Agent("SHA256:abc".into())));
        assert_eq!(read("agent:ada@example.org"), Ok(KeySource::Agent("ada@example.org".into())));
        assert_eq!(read("yubihsm:0x0102"), Ok(KeySource::YubiHsm(258)));
        assert_eq!(read("yubihsm:7"), Ok(KeySource::YubiHsm(7)));
        let slot = "9c".parse().unwrap();
        assert_eq!(read("piv:9c"), Ok(KeySource::Piv { slot, serial: None }));
        assert_eq!(read("piv:9C@24680135"), Ok(KeySource::Piv { slot, serial: Some(24_680_135) }));
        for wrong in ["", "agent:", "yubihsm:", "yubihsm:0", "yubihsm:65535", "yubihsm:+7", "yubihsm:key"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        for wrong in ["piv:", "piv:9b", "piv:f9", "piv:9c@", "piv:9c@+1", "piv:9c@key", "piv:@1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
