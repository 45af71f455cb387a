//! Entries of an audit log, and their chain.

use super::super::command_name::command_name;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// An entry, as the product holds it
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#get-log-entries-command>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogEntry {
    /// Its number, modulo 65536.
    pub(super) item: u16,
    /// The command, by the vendor's name; `boot` and `reset` for what is none.
    pub(super) command: String,
    /// The command's code.
    pub(super) code: u8,
    /// Bytes of its data.
    pub(super) length: u16,
    /// The ID of the session's authentication key; 65535 for none.
    pub(super) session_key: u16,
    /// The ID of the object that it is about; 65535 for none.
    pub(super) target_key: u16,
    /// The ID of another object that it is about; 65535 for none.
    pub(super) second_key: u16,
    /// The first byte of the answer, or the code of an error.
    pub(super) result: u8,
    /// The device's clock when the command was carried out.
    pub(super) systick: u32,
    /// The first 16 bytes of the SHA-256 of the entry and the digest before it, hex.
    pub(super) digest: String,
}

impl LogEntry {
    /// Takes the results as the device has them.
    ///
    /// The `yubihsm` crate 0.42.1 gives one value for two bytes of a result that is an error; the digest tells which it was.
    pub(super) fn settle(entries: &mut [Self]) {
        for place in 1..entries.len() {
            let (before, rest) = entries.split_at_mut(place);
            let (Some(before), Some(entry)) = (before.last(), rest.first_mut()) else { return };
            if let Some(other) = DEVICE_OK.checked_sub(entry.result)
                && !entry.follows(before)
            {
                entry.result = other;
            }
        }
    }

    /// All of it but the digest, as the device has it.
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.item.to_be_bytes().to_vec();
        bytes.push(self.code);
        for field in [self.length, self.session_key, self.target_key, self.second_key] {
            bytes.extend(field.to_be_bytes());
        }
        bytes.push(self.result);
        bytes.extend(self.systick.to_be_bytes());
        bytes
    }

    /// Whether it comes right after another.
    pub(super) fn follows(&self, before: &Self) -> bool {
        self.item == before.item.wrapping_add(1) && self.follows_digest(&before.digest)
    }

    /// Whether its digest is made from that one.
    pub(super) fn follows_digest(&self, before: &str) -> bool {
        let Ok(before) = hex::decode(before) else { return false };
        let digest = Sha256::new().chain_update(self.to_bytes()).chain_update(before).finalize();
        self.digest == hex::encode(&digest[..16])
    }

    /// Whether it has the name of its command: the digest is made from the code alone.
    pub(super) fn is_named_rightly(&self) -> bool {
        self.command == command_name(self.code)
    }

    /// Whether the device did what it was told.
    pub(super) fn succeeded(&self) -> bool {
        self.result == self.code | 0x80
    }

    /// Whether it is the first entry of a device that was reset.
    pub(super) fn is_reset(&self) -> bool {
        self.code == 0xff
    }
}

/// What the crate makes of a result of 0; it counts error codes down from there.
const DEVICE_OK: u8 = 0x75;

/// Where a log is not one unbroken chain, as a clause. Before its first entry nothing is known.
pub(super) fn broken(entries: &[LogEntry]) -> Option<String> {
    let pair = entries.windows(2).find(|pair| !pair[1].follows(&pair[0]))?;
    Some(format!("the digest of entry {} is not made from that of entry {}", pair[1].item, pair[0].item))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the vendor's page of GET LOG ENTRIES.
    fn documented() -> Vec<LogEntry> {
        [
            (46, 0x4b, 234, 1, 0xcf94, 0x997e, 0xcb, 335_725, "415f51f1f035a1b713e730e4464e4033"),
            (47, 0x4c, 77, 1, 0xaff7, 0xffff, 0xcc, 351_714, "5496a60d478c2b9c801d8d32ca66b554"),
            (48, 0x00, 0, 0xffff, 0, 0, 0, 0, "14ac7747ba9bbb243cfc70befeb5349b"),
            (49, 0x03, 10, 0xffff, 1, 0xffff, 0x83, 139, "b20a8f25c025e693a8e869b433294a20"),
            (50, 0x04, 17, 0xffff, 1, 0xffff, 0x84, 139, "ebfae425c319ac7a0afbb8b92597de7c"),
            (51, 0x67, 2, 1, 0xffff, 0xffff, 0xe7, 697, "2e395d1b706668737e1d2215813db47e"),
        ]
        .map(|(item, code, length, session_key, target_key, second_key, result, systick, digest)| LogEntry {
            item,
            command: command_name(code),
            code,
            length,
            session_key,
            target_key,
            second_key,
            result,
            systick,
            digest: digest.to_string(),
        })
        .to_vec()
    }

    #[test]
    fn the_vendors_own_log_is_one_chain() {
        assert_eq!(broken(&documented()), None);
        let names: Vec<_> = documented().into_iter().map(|entry| entry.command).collect();
        assert_eq!(
            names,
            ["import-wrapped", "put-wrap-key", "boot", "create-session", "authenticate-session", "set-log-index"]
        );
    }

    #[test]
    fn a_log_that_was_changed_is_broken() {
        let changes: [fn(&mut Vec<LogEntry>); 5] = [
            |log| log[1].target_key = 7,
            |log| log[3].session_key = 7,
            |log| log[5].result = 0x7f,
            |log| log.swap(2, 3),
            |log| drop(log.remove(2)),
        ];
        for change in changes {
            let mut log = documented();
            change(&mut log);
            assert!(broken(&log).is_some());
        }
    }
}
