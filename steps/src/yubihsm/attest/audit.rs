//! Whether recorded attestations hold.
//!
//! The attestation is signed by the device's certificate, is of the recorded key and of the recorded device, says what the step
//! that generated the key recorded, and was valid at that time; the device's certificate leads to a root. In a ceremony the root
//! is one that the auditor brought: without one, nothing tells a device of the vendor's from one of somebody's own. In a
//! rehearsal it is the one in `rehearsal/`, whose key is public.

use super::super::{
    attestation::Attestation,
    history::{KeyOnDevice, file_of},
};
use crate::{recorded::OfDevice, text::plain, x509};
use officiant_engine::{
    conduct::{Exhibit, Objection},
    record::digest_hex,
};
use serde_json::Value;

/// What a rehearsal's device certificates lead to, in the ceremony folder.
const REHEARSAL: [&str; 2] = ["rehearsal/rehearsal-root.pem", "rehearsal/rehearsal-sub-ca.pem"];

/// What is wrong with an attestation and the device's certificate. `vendor`: the device's own key attests.
pub(super) fn objections(key: KeyOnDevice, vendor: bool, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
    let device = match certificate(outputs, "certificate_path", exhibit) {
        Ok(device) => device,
        Err(objection) => return vec![objection],
    };
    let mut objections = of_the_device(&device, vendor, outputs, exhibit);
    if outputs["attested"] == true {
        match certificate(outputs, "path", exhibit) {
            Ok(attestation) => objections.extend(of_the_key(&attestation, &device, key, outputs, exhibit)),
            Err(objection) => objections.push(objection),
        }
    } else {
        let finding = outputs["finding"].as_str().unwrap_or("the record does not say why");
        let message = format!("nothing proves that the device made this key: {}", plain(finding));
        objections.push(Objection::unproven("not-attested", message));
    }
    objections
}

fn certificate(outputs: &Value, name: &str, exhibit: &Exhibit<'_>) -> Result<Attestation, Objection> {
    let bytes = file_of(outputs, name, exhibit)?;
    Attestation::parse(&bytes).map_err(|fault| {
        let path = outputs[name].as_str().unwrap_or_default();
        Objection::wrong("certificate", format!("`{path}` does not hold: {fault}"))
    })
}

fn of_the_device(device: &Attestation, vendor: bool, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
    let mut objections = Vec::new();
    let mut wrong = |code, message: &str| objections.push(Objection::wrong(code, message));
    if vendor && device.serial().map(Value::from).as_ref() != Some(&outputs["serial"]) {
        wrong("certificate", "the device's certificate is of another serial number than the record says");
    }
    for (name, found) in [("subject", device.subject()), ("issuer", device.issuer())] {
        if outputs[name].as_str() != Some(&found) {
            wrong(
                "certificate",
                &format!("the device's certificate has the {name} `{found}`, the record says otherwise"),
            );
        }
    }
    if device.is_rehearsal() && !exhibit.rehearsal() {
        wrong("rehearsal-certificate", "the device's certificate is one of a virtual device for rehearsals");
        return objections;
    }
    if vendor {
        let of_device = OfDevice {
            certificate: device.certificate(),
            what: "the device's certificate",
            devices: "devices",
            rehearsal: &REHEARSAL,
        };
        objections.extend(of_device.chain_objection(exhibit));
    } else {
        let message = "the key that attests is not the device's own, and no vendor certifies it";
        objections.push(Objection::unproven("anchors", message));
    }
    objections
}

fn of_the_key(
    attestation: &Attestation,
    device: &Attestation,
    key: KeyOnDevice,
    outputs: &Value,
    exhibit: &Exhibit<'_>,
) -> Vec<Objection> {
    let mut objections = Vec::new();
    let mut wrong = |code, message: &str| objections.push(Objection::wrong(code, message));
    if attestation.is_rehearsal() && !exhibit.rehearsal() {
        wrong("rehearsal-certificate", "the attestation is one of a virtual device for rehearsals");
    }
    if attestation.issuer() != device.subject() {
        wrong("attestation", "the attestation was issued by another than the device's certificate");
    }
    if let Err(fault) = attestation.signed_by(device) {
        wrong("attestation", &format!("the attestation does not hold: {fault}"));
    }
    if !x509::valid(attestation.certificate(), exhibit.this().at) {
        wrong("attestation", "the attestation was not valid at that time");
    }
    let fingerprint = attestation.public_key().map(|der| digest_hex(&der)).unwrap_or_default();
    if outputs["fingerprint"].as_str() != Some(&fingerprint) {
        wrong("attestation", "the attestation is of another public key than the record says");
    }
    if attestation.serial().map(Value::from).as_ref() != Some(&outputs["serial"]) {
        wrong("attestation", "the attestation is of another serial number than the record says");
    }
    let Some(claims) = attestation.claims() else {
        wrong("attestation", "the attestation does not say all that a YubiHSM 2 says of a key");
        return objections;
    };
    if outputs["object_id"] != claims.object_id {
        wrong("attestation", &format!("the attestation is of object {}, the record says otherwise", claims.object_id));
    }
    if let Some(made) = key.generated(exhibit) {
        let compared = [
            ("label", made["label"] == claims.label),
            ("origin", (made["origin"] == "generated") == claims.generated),
            ("domains", made["domains"] == Value::from(claims.domains)),
            ("capabilities", made["capabilities"] == Value::from(claims.capabilities)),
        ];
        for (name, _) in compared.into_iter().filter(|(_, same)| !same) {
            wrong("attestation", &format!("the attestation has another {name} than the key had when it was generated"));
        }
    }
    if !claims.generated {
        let message = "the device attests that it has the key, not that it made it: the key was put into it";
        objections.push(Objection::unproven("imported", message));
    }
    objections.extend(key.same_key(&fingerprint, exhibit));
    objections
}
