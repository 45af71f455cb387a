//! The chain of entries: every line an entry, each bound to the one before, every session signed.

use super::{Depth, Finding, findings::Findings};
use crate::record::{Entry, GENESIS, Line};
use ed25519_dalek::VerifyingKey;

/// Finds everything that is wrong with the chain.
pub(super) fn check(lines: &[Line], torn: &[u8], depth: Depth, findings: &mut Findings) {
    let mut previous: Option<&Line> = None;
    let mut latest = String::new();
    let mut session = Session::default();
    for (index, line) in lines.iter().enumerate() {
        let entry = match &line.entry {
            Ok(entry) => entry,
            Err(why) => {
                findings.push(
                    Finding::error("no-entry", format!("line {} is no entry: {why}", line.number)).at_line(line.number),
                );
                previous = Some(line);
                continue;
            }
        };
        let mut complain = |code, message: String| findings.push(Finding::error(code, message).at_line(line.number));
        let number = line.number;
        let seq = number as u64 - 1;
        if entry.seq != seq {
            complain(
                "sequence",
                format!(
                    "line {number} has the number {}, it must be {seq}: entries were removed, added or moved",
                    entry.seq
                ),
            );
        }
        if !follows(entry, previous) {
            complain(
                "chain",
                format!("line {number} does not follow from the line before it: one of the two was changed"),
            );
        }
        if !is_instant(&entry.at) {
            complain("time", format!("`{}` is no instant with three decimals in UTC", entry.at));
        } else if entry.at < latest {
            complain("time", format!("line {number} is earlier than the line before it"));
        } else {
            latest.clone_from(&entry.at);
        }
        if let Some(key) = entry.event.session_key() {
            session.close(findings);
            session = Session::open(key, number, findings);
        } else if index == 0 {
            findings.push(Finding::error("opened", "the first entry is not `opened`").at_line(number));
        }
        session.take(entry, number, depth, findings);
        previous = Some(line);
    }
    session.close(findings);
    if lines.is_empty() {
        findings.push(Finding::error("empty", "the transcript holds no entry"));
    }
    if !torn.is_empty() {
        let message = format!("the transcript ends in {} bytes of a line that was never finished", torn.len());
        findings.push(Finding::error("torn", message).at_line(lines.len() + 1));
    }
}

/// Whether an entry names the line before it, in lowercase hex.
fn follows(entry: &Entry, previous: Option<&Line>) -> bool {
    let mut prev = [0; 64];
    match previous {
        None => entry.prev == GENESIS,
        Some(line) => hex::encode_to_slice(line.digest, &mut prev).is_ok() && entry.prev.as_bytes() == prev,
    }
}

/// The entries that one session key vouches for.
#[derive(Default)]
struct Session<'a> {
    key: Option<VerifyingKey>,
    /// The last entry, while its signature was not looked at.
    last: Option<(&'a Entry, usize)>,
}

impl<'a> Session<'a> {
    fn open(key: &str, number: usize, findings: &mut Findings) -> Self {
        let mut bytes = [0; 32];
        let key = hex::decode_to_slice(key, &mut bytes)
            .ok()
            .filter(|()| hex::encode(bytes) == key)
            .and_then(|()| VerifyingKey::from_bytes(&bytes).ok());
        if key.is_none() {
            let message = "the session key is no Ed25519 public key in lowercase hex";
            findings.push(Finding::error("session-key", message).at_line(number));
        }
        Self { key, last: None }
    }

    fn take(&mut self, entry: &'a Entry, number: usize, depth: Depth, findings: &mut Findings) {
        self.last = None;
        if depth == Depth::EverySignature {
            self.verify(entry, number, findings);
        } else if entry.sig.is_none() {
            findings.push(Finding::error("signature", format!("line {number} is not signed")).at_line(number));
        } else {
            self.last = Some((entry, number));
        }
    }

    /// The last entry's signature vouches for all before it, through the chain.
    fn close(&self, findings: &mut Findings) {
        if let Some((entry, number)) = self.last {
            self.verify(entry, number, findings);
        }
    }

    fn verify(&self, entry: &Entry, number: usize, findings: &mut Findings) {
        if let Some(key) = &self.key
            && !entry.verify(key)
        {
            let message = format!("line {number} is not signed by the session's key");
            findings.push(Finding::error("signature", message).at_line(number));
        }
    }
}

/// RFC 3339, UTC, exactly three decimals.
fn is_instant(at: &str) -> bool {
    at.len() == 24
        && at.bytes().zip(b"dddd-dd-ddTdd:dd:dd.dddZ").all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            other => byte == *other,
        })
        && at.parse::<jiff::Timestamp>().is_ok()
}
