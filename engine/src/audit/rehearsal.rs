//! A rehearsal that is passed off as a ceremony: what virtual devices certify says `REHEARSAL`.

use super::{Finding, findings::Findings};
use crate::record::{Event, FileRecord, Folder, Line};
use serde_json::Value;

const MARK: &str = "REHEARSAL";

/// Larger files are no certificates.
const LARGEST: u64 = 64 * 1024;

/// Finds what only a rehearsal can have made.
pub(super) fn check(folder: &Folder, lines: &[Line], findings: &mut Findings) {
    for line in lines {
        let Ok(entry) = &line.entry else { continue };
        let (outputs, products) = match &entry.event {
            Event::Finished(finished) => (&finished.outputs, &finished.products),
            Event::Failed(failed) => (&failed.outputs, &failed.products),
            _ => continue,
        };
        let mut complain = |what: String| {
            let message = format!("the record is of no rehearsal, and {what}, which only a virtual device has");
            findings.push(Finding::error("rehearsal", message).at_line(line.number));
        };
        if let Some(name) = outputs.as_ref().and_then(named) {
            complain(format!("the outputs name `{name}`"));
        }
        for product in products.iter().filter(|product| is_certified(folder, product)) {
            complain(format!("a certificate in `{}` names `{MARK}`", product.path));
        }
    }
}

/// A subject or an issuer that a virtual device has.
fn named(outputs: &Value) -> Option<&str> {
    match outputs {
        Value::Object(members) => members.iter().find_map(|(name, value)| match value {
            Value::String(text) if name == "subject" || name == "issuer" => {
                text.contains(MARK).then_some(text.as_str())
            }
            other => named(other),
        }),
        Value::Array(items) => items.iter().find_map(named),
        _ => None,
    }
}

fn is_certified(folder: &Folder, product: &FileRecord) -> bool {
    // One that is not as it was recorded is a finding already.
    if product.size > LARGEST || folder.size(&product.path).ok() != Some(product.size) {
        return false;
    }
    folder.read(&product.path).is_ok_and(|bytes| is_marked(&bytes))
}

/// Whether there is a certificate in some bytes, DER or PEM, that holds the mark.
fn is_marked(bytes: &[u8]) -> bool {
    let holds = |der: &[u8]| der.windows(MARK.len()).any(|window| window == MARK.as_bytes());
    // A SEQUENCE with a length in one or two further bytes.
    let is_der = matches!(bytes, [0x30, 0x81 | 0x82, ..]);
    is_der && holds(bytes)
        || String::from_utf8_lossy(bytes).split("-----BEGIN ").skip(1).any(|block| {
            let body = block.split_once("-----").map_or("", |(_, rest)| rest);
            holds(&decode(body.split("-----END").next().unwrap_or_default()))
        })
}

/// Base64; what is no digit of it is passed over.
fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in text.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(((bits >> count) & 0xff) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_certificate_is_known_in_pem_and_in_der_and_a_plain_text_is_none() {
        let pem = "-----BEGIN CERTIFICATE-----\nMIEKCVJFSEVB\nUlNBTA==\n-----END CERTIFICATE-----\n";
        assert!(is_marked(pem.as_bytes()));
        assert!(is_marked(b"\x30\x81\x0a\x0c\x09REHEARSAL"));
        assert!(!is_marked(b"0 REHEARSAL\n"));
        assert!(!is_marked(b"-----BEGIN CERTIFICATE-----\nMIEKCVJFSEVA\n-----END CERTIFICATE-----\nREHEARSAL"));
    }
}
