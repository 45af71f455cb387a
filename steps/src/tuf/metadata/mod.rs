//! Metadata as it is in files: raw JSON whose unknown fields are kept, for they are signed too.
//!
//! Nothing here trusts anything: a document says what it says, and [`count`] says which keys of a role have signed it.

mod bytes;
mod canonical;
mod count;
mod document;
mod json;
mod key;
mod opened;
mod public_key;
mod role;
mod scan;

pub(crate) use bytes::{has_byte, has_plain_parts, is_small_hex};
use canonical::canonical_object;
pub(crate) use canonical::{canonical, quoted};
pub(crate) use count::{Count, Rejected, Signer, count, count_over};
pub(crate) use document::{Document, Signature, date};
pub(crate) use json::{read, strict};
pub(crate) use key::{KEY_OWNER, Key, ONLINE_URI};
pub(crate) use opened::{Entry, HASHES, LARGEST_NUMBER, Opened, is_hash};
pub(crate) use public_key::{PublicKey, Scheme};
pub(crate) use role::{Paths, Role};
pub(crate) use scan::Scan;

/// Reads metadata in both ways there are, which agree, and counts who has signed it by its own keys.
pub(crate) fn fuzz(bytes: &[u8]) {
    let visit = |names: &mut Vec<String>, name: &str, _: Entry<'_>| names.push(name.to_string());
    let opened = Opened::read::<Vec<_>>(bytes, visit);
    let Ok(document) = Document::read(bytes) else {
        assert!(opened.is_err(), "what is no document was opened");
        return;
    };
    let Ok((opened, names)) = opened else { return assert!(opened.is_ok(), "a document was not opened") };
    assert_eq!(opened.message, document.canonical());
    let targets = document.signed.get("targets").and_then(serde_json::Value::as_object);
    assert_eq!(names.len(), targets.map_or(0, serde_json::Map::len));
    let again = Document::read(&document.to_bytes());
    assert!(again.is_ok_and(|again| again.signed == document.signed && again.signatures == document.signatures));
    if let (Ok(keys), Ok(roles)) = (document.keys(), document.roles()) {
        for role in &roles {
            let _ = count(&document, role, &keys).is_reached();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Document, PublicKey, canonical, fuzz};
    use serde_json::json;

    #[test]
    fn no_metadata_whatever_was_done_to_it_stops_the_program() {
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let key = json!({ "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": public } });
        assert!(PublicKey::from_tuf(&key).is_ok());
        let signed = json!({
            "_type": "targets", "spec_version": "1.0.0", "version": 1, "expires": "2030-01-01T00:00:00Z",
            "targets": { "a": { "length": 1, "hashes": { "sha256": "00".repeat(32) } } },
            "delegations": { "keys": { "k": key }, "roles": [
                { "name": "b", "keyids": ["k"], "threshold": 1, "terminating": true, "paths": ["b/*"] },
            ] },
        });
        let document = json!({ "signatures": [{ "keyid": "k", "sig": "00".repeat(64) }], "signed": signed });
        for bytes in [canonical(&document), Document::read(&canonical(&document)).unwrap().to_bytes()] {
            fuzz(&bytes);
            for at in 0..bytes.len() {
                for change in [1, 0x20, 0x80] {
                    let mut bytes = bytes.clone();
                    bytes[at] ^= change;
                    fuzz(&bytes);
                }
                fuzz(&bytes[..at]);
            }
        }
    }
}
