//! Which device it is: DEVICE INFO without a session
//! (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#get-device-info-command>).
//!
//! The message is made here, because `yubihsm::Client` 0.42.1 asks inside a session only, and fails on the algorithms that
//! firmware 2.4 lists.

use super::guarded;
use yubihsm::{Connector, Uuid};

const DEVICE_INFO: u8 = 0x06;
const ANSWER: u8 = DEVICE_INFO | 0x80;

/// Why it is not known which device it is, as a clause.
#[derive(Debug, thiserror::Error)]
pub enum Unidentified {
    /// There is no connection to it.
    #[error("it does not answer ({0})")]
    Gone(#[from] yubihsm::connector::Error),
    /// It refuses to tell, with an error code of the vendor's.
    #[error("it refuses DEVICE INFO with error {0:#04x}")]
    Refused(u8),
    /// Its answer makes no sense.
    #[error("its answer to DEVICE INFO is not a YubiHSM 2's")]
    Strange,
}

/// What a device says of itself to everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its serial number.
    pub serial: u32,
    /// Its firmware version, for example `2.4.0`.
    pub firmware: String,
    /// How many entries its audit log holds.
    pub log_capacity: u8,
    /// How many are in use.
    pub log_used: u8,
    /// The algorithms that it has, by the vendor's numbers.
    pub algorithms: Vec<u8>,
}

impl Identity {
    /// Asks the device.
    ///
    /// # Errors
    /// Why it is not known which device it is.
    pub fn read(connector: &Connector) -> Result<Self, Unidentified> {
        Self::parse(&ask(connector, &[])?).ok_or(Unidentified::Strange)
    }

    fn parse(info: &[u8]) -> Option<Self> {
        let (version, rest) = info.split_first_chunk::<3>()?;
        let (serial, rest) = rest.split_first_chunk::<4>()?;
        let ([log_capacity, log_used], algorithms) = rest.split_first_chunk::<2>()?;
        Some(Self {
            serial: u32::from_be_bytes(*serial),
            firmware: version.map(|number| number.to_string()).join("."),
            log_capacity: *log_capacity,
            log_used: *log_used,
            algorithms: algorithms.to_vec(),
        })
    }
}

/// The part number of the chip; firmware before 2.4 does not tell.
///
/// # Errors
/// The device is gone.
pub(crate) fn part_number(connector: &Connector) -> Result<Option<String>, Unidentified> {
    // The second page.
    match ask(connector, &[1]) {
        Ok(text) => Ok(String::from_utf8(text).ok().filter(|text| text.chars().all(|c| c.is_ascii_graphic()))),
        Err(Unidentified::Refused(_)) => Ok(None),
        Err(why) => Err(why),
    }
}

/// Sends DEVICE INFO: code (1 byte), length (2, big-endian), data; the answer likewise, or `7f 0001` and an error code.
fn ask(connector: &Connector, data: &[u8]) -> Result<Vec<u8>, Unidentified> {
    let mut message = vec![DEVICE_INFO, 0];
    message.extend(u8::try_from(data.len()));
    message.extend(data);
    let answer = guarded(|| connector.send_message(Uuid::nil(), message.into())).ok_or(Unidentified::Strange)??;
    let answer: &[u8] = answer.as_ref();
    match answer {
        [ANSWER, high, low, data @ ..] if data.len() == usize::from(u16::from_be_bytes([*high, *low])) => {
            Ok(data.to_vec())
        }
        [0x7f, 0, 1, code] => Err(Unidentified::Refused(*code)),
        _ => Err(Unidentified::Strange),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_algorithms_that_nobody_knows_yet_is_read() {
        let mut info = vec![2, 4, 0, 0, 0xc9, 0x6c, 0x4c, 62, 5];
        info.extend(1..=255);
        let identity = Identity::parse(&info).unwrap();
        assert_eq!((identity.serial, identity.firmware.as_str()), (13_200_460, "2.4.0"));
        assert_eq!((identity.log_capacity, identity.log_used, identity.algorithms.len()), (62, 5, 255));
    }

    #[test]
    fn an_answer_that_is_too_short_is_no_identity() {
        assert_eq!(Identity::parse(&[2, 4, 0, 0, 0xc9, 0x6c, 0x4c, 62]), None);
    }
}
