//! One line of the transcript.

use super::{Event, canonical};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use jiff::{Timestamp, Unit, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What `prev` of the first entry is: 64 zeros.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// An entry before it has its place in the chain: what happened, to which step, by whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What happened.
    pub event: Event,
    /// The step, as `section/number`.
    pub step: Option<String>,
    /// The participant who did it, by role.
    pub by: Option<String>,
}

impl From<Event> for Draft {
    fn from(event: Event) -> Self {
        Self { event, step: None, by: None }
    }
}

/// An entry of the transcript: one line, a JSON object in RFC 8785 form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// When: RFC 3339, UTC, with exactly three decimals.
    #[schemars(regex(pattern = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"))]
    pub at: String,
    /// The participant who did it, by role.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// SHA-256 (hex) of the previous line without its newline; 64 zeros in the first.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub prev: String,
    /// The number of the entry, from 0.
    pub seq: u64,
    /// Ed25519 signature (hex) by the session key over the RFC 8785 form of the entry without `sig`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schemars(regex(pattern = "^[0-9a-f]{128}$"), required)]
    pub sig: Option<String>,
    /// The step, as `section/number`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
}

impl Entry {
    /// The RFC 8785 form.
    pub fn canonical(&self) -> serde_json::Result<String> {
        canonical::to_string(self)
    }

    /// Signs the entry and returns its line, without a newline.
    ///
    /// RFC 8785 sorts an object's members by name, and only `step` comes after `sig`: the signature is put in at that
    /// point of the form that was signed, so that an entry is written out once.
    pub fn sign(mut self, key: &SigningKey) -> serde_json::Result<String> {
        self.sig = None;
        let mut line = self.canonical()?;
        let sig = hex::encode(key.sign(line.as_bytes()).to_bytes());
        let rest = match &self.step {
            Some(step) => format!(",\"step\":{}}}", canonical::to_string(step)?),
            None => "}".to_string(),
        };
        line.truncate(line.len() - rest.len());
        line.push_str(",\"sig\":\"");
        line.push_str(&sig);
        line.push('"');
        line.push_str(&rest);
        Ok(line)
    }

    /// Whether `sig` is the key's signature over the rest of the entry.
    #[must_use]
    pub fn verify(&self, key: &VerifyingKey) -> bool {
        let mut unsigned = self.clone();
        let Some(sig) = unsigned.sig.take() else { return false };
        let mut bytes = [0; 64];
        // One signature has one form: in uppercase it would be another line that says the same.
        hex::decode_to_slice(&sig, &mut bytes).is_ok()
            && hex::encode(bytes) == sig
            && unsigned
                .canonical()
                .is_ok_and(|signed| key.verify_strict(signed.as_bytes(), &Signature::from_bytes(&bytes)).is_ok())
    }
}

/// A value as the record holds it: RFC 8785 writes every number as an IEEE 754 double, so that 1.0 and 1 are one number.
///
/// Values pass through here before anything is computed from them, or a replay would compute from others.
#[must_use]
pub fn settled(value: serde_json::Value) -> serde_json::Value {
    match canonical::to_string(&value).map(|text| serde_json::from_str(&text)) {
        Ok(Ok(settled)) => settled,
        _ => value,
    }
}

/// The SHA-256 of a line, which the next entry's `prev` names.
#[must_use]
pub(crate) fn line_digest(line: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(line).into()
}

/// An instant as the transcript writes it: RFC 3339, UTC, exactly three decimals.
#[must_use]
pub fn instant(at: Timestamp) -> String {
    let at = at.round(Unit::Millisecond).unwrap_or(at).to_zoned(TimeZone::UTC);
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Answered, Ended};
    use serde_json::json;

    fn entries() -> [Entry; 2] {
        let answered =
            Answered { question: "Who?".into(), slot: None, answer: Some(json!("Ada \u{e9}\n")), refused: None };
        let entry = |event, step: Option<&str>, by: Option<&str>| Entry {
            at: instant(Timestamp::UNIX_EPOCH),
            by: by.map(Into::into),
            event,
            prev: GENESIS.into(),
            seq: 7,
            sig: None,
            step: step.map(Into::into),
        };
        [
            entry(Event::Answered(answered), Some("start/\"1\""), Some("witness")),
            entry(Event::Ended(Ended { text: "Over, \"sig\":\"\"}".into() }), None, None),
        ]
    }

    #[test]
    fn a_signed_line_is_in_canonical_form_and_verifies() {
        let key = SigningKey::from_bytes(&[1; 32]);
        for entry in entries() {
            let line = entry.sign(&key).unwrap();
            let read: Entry = serde_json::from_str(&line).unwrap();
            assert_eq!(read.canonical().unwrap(), line);
            assert!(read.verify(&key.verifying_key()));
        }
    }

    #[test]
    fn a_signature_in_uppercase_is_none() {
        let key = SigningKey::from_bytes(&[1; 32]);
        for entry in entries() {
            let mut read: Entry = serde_json::from_str(&entry.sign(&key).unwrap()).unwrap();
            read.sig = read.sig.map(|sig| sig.to_uppercase());
            assert!(!read.verify(&key.verifying_key()));
        }
    }

    #[test]
    fn an_instant_has_three_decimals() {
        assert_eq!(instant(Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
        assert_eq!(instant("2026-11-22T05:36:00.4999Z".parse().unwrap()), "2026-11-22T05:36:00.500Z");
    }
}
