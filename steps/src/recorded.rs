//! What was recorded of a step, as its audit reads it.

use crate::{
    message,
    text::plain,
    x509::{self, Anchors},
};
use officiant_engine::{
    conduct::{Exhibit, Objection},
    record::digest_hex,
};
use serde_json::Value;
use x509_cert::{
    Certificate,
    der::{Decode, DecodePem},
};

/// The serial number in a step's outputs, which must be that of the device that the step names.
///
/// # Errors
/// It is another, or none.
pub(crate) fn serial_of(outputs: &Value, exhibit: &Exhibit<'_>) -> Result<u32, Objection> {
    let serial = outputs["serial"].as_u64().and_then(|serial| u32::try_from(serial).ok());
    let Some(serial) = serial else {
        return Err(Objection::wrong("serial", "what came of the step names no serial number"));
    };
    match exhibit.this().serial {
        Some(bound) if bound != serial => Err(Objection::wrong(
            "serial",
            format!("the step names the device with the serial number {bound}, what came of it is of {serial}"),
        )),
        _ => Ok(serial),
    }
}

/// A file that the outputs name.
///
/// # Errors
/// It is not named, or cannot be read.
pub(crate) fn file_of(outputs: &Value, name: &str, exhibit: &Exhibit<'_>) -> Result<Vec<u8>, Objection> {
    let Some(path) = outputs[name].as_str() else {
        return Err(Objection::wrong("file", format!("what came of the step names no file in `{name}`")));
    };
    exhibit.small_file(path).map_err(|error| Objection::wrong("file", error.to_string()))
}

/// A device's certificate, as messages speak of it.
pub(crate) struct OfDevice<'a> {
    /// The certificate.
    pub(crate) certificate: &'a Certificate,
    /// What it is.
    pub(crate) what: &'static str,
    /// Whose they are that it is one of, in the plural.
    pub(crate) devices: &'static str,
    /// Where a rehearsal has what it leads to.
    pub(crate) rehearsal: &'static [&'static str],
}

impl OfDevice<'_> {
    /// Whether it leads to a root that was brought, in a rehearsal to the rehearsal's. What nothing was brought for is said once for
    /// each handler.
    pub(crate) fn chain_objection(&self, exhibit: &Exhibit<'_>) -> Option<Objection> {
        let anchors: Vec<Certificate> = if exhibit.rehearsal() {
            let pem = self.rehearsal.iter().filter_map(|path| exhibit.small_file(path).ok());
            pem.filter_map(|pem| Certificate::from_pem(pem).ok()).collect()
        } else {
            exhibit.anchors().iter().filter_map(|der| Certificate::from_der(der).ok()).collect()
        };
        if anchors.is_empty() {
            let said = exhibit.earlier().iter().any(|step| step.uses == exhibit.this().uses && step.outputs.is_some());
            let devices = self.devices;
            let message = if exhibit.rehearsal() {
                format!(
                    "that the {devices} are virtual ones is not proved: the rehearsal's root is not in `rehearsal/` any more"
                )
            } else {
                format!(
                    "that the {devices} are the vendor's is not proved: no vendor's root was brought to lead their certificates to"
                )
            };
            return (!said).then(|| Objection::unproven("anchors", message));
        }
        let astray = x509::leads_to(self.certificate, &Anchors::as_brought(anchors), exhibit.this().at).err()?;
        let message = format!("{} leads to no trusted root: {}", self.what, plain(&astray));
        Some(Objection::wrong("chain", message))
    }
}

/// What a step signed, as its arguments name it.
pub(crate) struct Signed<'a> {
    /// Text.
    pub(crate) data: Option<&'a str>,
    /// A file.
    pub(crate) file: Option<&'a str>,
}

/// Objections to a signature that the outputs name. `verifies` takes message and signature; its key is one that an earlier step
/// wrote, if any did, with the name of the signatures that it makes.
///
/// # Errors
/// There is no signature to look at.
pub(crate) fn signature_objections(
    signed: &Signed<'_>,
    key: Option<(&str, impl Fn(&[u8], &[u8]) -> bool)>,
    outputs: &Value,
    exhibit: &Exhibit<'_>,
) -> Result<Vec<Objection>, Objection> {
    let mut objections = Vec::new();
    let signature = file_of(outputs, "path", exhibit)?;
    if outputs["signature"].as_str() != Some(&hex::encode(&signature)) {
        objections.push(Objection::wrong("signature", "the file does not hold the signature that the record has"));
    }
    let message = match message::recorded(signed.data, signed.file, exhibit) {
        Ok(message) => message,
        Err(objection) => {
            objections.push(objection);
            return Ok(objections);
        }
    };
    if outputs["signed_sha256"].as_str() != Some(&digest_hex(&message)) {
        objections.push(Objection::wrong("signed-file", "what was signed is not what is there"));
    }
    let fingerprint = outputs["fingerprint"].as_str().unwrap_or_default();
    match key {
        Some((algorithm, verifies)) if verifies(&message, &signature) => {
            if outputs["algorithm"].as_str() != Some(algorithm) {
                let message = "the signature has another algorithm than the record says";
                objections.push(Objection::wrong("signature", message));
            }
        }
        Some(_) => {
            let message = format!("the signature does not verify with the key {fingerprint}");
            objections.push(Objection::wrong("signature", message));
        }
        None => {
            let message = format!("no earlier step wrote the public key {fingerprint} that would verify the signature");
            objections.push(Objection::unproven("public-key", message));
        }
    }
    Ok(objections)
}
