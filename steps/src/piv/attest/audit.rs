//! Whether recorded attestations hold.
//!
//! The attestation is signed by the key of slot F9, is of the recorded key, slot and device, says what the step that generated the
//! key recorded, and was valid at that time; the certificate of F9 leads to a root. In a ceremony the root is one that the auditor
//! brought: without one, nothing tells a device of the vendor's from one of somebody's own. In a rehearsal it is the one in
//! `rehearsal/`, whose key is public.

use super::super::{
    attestation::{Claims, of_certificates},
    certificate::Held,
    history::{KeyInSlot, certificate_of},
    public_key::PublicKey,
};
use crate::{recorded::OfDevice, text::plain, x509};
use officiant_engine::{
    conduct::{Exhibit, Objection},
    record::digest_hex,
};
use serde_json::{Value, json};

/// What a rehearsal's certificates of F9 lead to, in the ceremony folder.
const REHEARSAL: [&str; 1] = ["rehearsal/rehearsal-piv-root.pem"];

/// What is wrong with an attestation and the certificate of F9.
pub(super) fn objections(key: KeyInSlot, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
    let certificates = certificate_of(outputs, "certificate_path", exhibit)
        .and_then(|device| Ok((device, certificate_of(outputs, "path", exhibit)?)));
    let (device, attestation) = match certificates {
        Ok(certificates) => certificates,
        Err(objection) => return vec![objection],
    };
    let mut objections = of_the_device(&device, outputs, exhibit);
    objections.extend(of_the_key(&attestation, &device, key, outputs, exhibit));
    objections
}

fn of_the_device(device: &Held, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (name, found) in [("subject", device.subject()), ("issuer", device.issuer())] {
        if outputs[name].as_str() != Some(&found) {
            let message = format!("the certificate of slot f9 has the {name} `{found}`, the record says otherwise");
            objections.push(Objection::wrong("certificate", message));
        }
    }
    if device.is_rehearsal() && !exhibit.rehearsal() {
        let message = "the certificate of slot f9 is one of a virtual device for rehearsals";
        objections.push(Objection::wrong("rehearsal-certificate", message));
        return objections;
    }
    let of_device = OfDevice {
        certificate: device.certificate(),
        what: "the certificate of slot f9",
        devices: "YubiKeys",
        rehearsal: &REHEARSAL,
    };
    objections.extend(of_device.chain_objection(exhibit));
    objections
}

fn of_the_key(
    attestation: &Held,
    device: &Held,
    key: KeyInSlot,
    outputs: &Value,
    exhibit: &Exhibit<'_>,
) -> Vec<Objection> {
    let mut objections = Vec::new();
    let mut wrong = |code, message: &str| objections.push(Objection::wrong(code, message));
    if attestation.is_rehearsal() && !exhibit.rehearsal() {
        wrong("rehearsal-certificate", "the attestation is one of a virtual device for rehearsals");
    }
    if attestation.issuer() != device.subject() {
        wrong("attestation", "the attestation was issued by another than the certificate of slot f9");
    }
    for fault in of_certificates(attestation, device) {
        wrong("attestation", &format!("the attestation does not hold: {}", plain(&fault)));
    }
    if !x509::valid(attestation.certificate(), exhibit.this().at) {
        wrong("attestation", "the attestation was not valid at that time");
    }
    let fingerprint = digest_hex(&attestation.public_key());
    if outputs["fingerprint"].as_str() != Some(&fingerprint) {
        wrong("attestation", "the attestation is of another public key than the record says");
    }
    let algorithm = PublicKey::from_der(&attestation.public_key()).map(|key| key.algorithm().name());
    if algorithm.is_none() || outputs["algorithm"].as_str() != algorithm {
        wrong("attestation", "the attestation is of a key of another algorithm than the record says");
    }
    let Some(claims) = Claims::of(attestation) else {
        wrong("attestation", "the attestation does not say all that a YubiKey says of a key");
        return objections;
    };
    let said = [
        ("serial", json!(claims.serial)),
        ("firmware", json!(claims.firmware)),
        ("slot", json!(claims.slot)),
        ("pin_policy", json!(claims.pin_policy)),
        ("touch_policy", json!(claims.touch_policy)),
    ];
    for (name, found) in &said {
        if outputs[*name] != *found {
            wrong("attestation", &format!("the attestation has another {name} than the record says"));
        }
    }
    if let Some(made) = key.generated(exhibit) {
        for (name, found) in said.iter().filter(|(name, _)| ["pin_policy", "touch_policy"].contains(name)) {
            if made[*name] != *found {
                wrong(
                    "attestation",
                    &format!("the attestation has another {name} than the key had when it was generated"),
                );
            }
        }
    }
    objections.extend(key.same_key(&fingerprint, exhibit));
    objections
}
