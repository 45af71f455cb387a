//! Certificates in slots (NIST SP 800-73-4, part 1, appendix A; <https://docs.yubico.com/yesdk/users-manual/application-piv/get-and-put-data.html>).

use super::{
    card::{Card, Moment},
    tlv::{field, fields, value},
    trouble::Trouble,
};
use crate::{text::plain, x509};
use officiant_engine::conduct::{Failure, Stage};
use x509_cert::{
    Certificate,
    der::{Decode, Encode, EncodePem, asn1::ObjectIdentifier, pem::LineEnding},
};
use yubikey::ObjectId;

/// The object that the certificate of the key that attests is in, slot F9.
pub(super) const ATTESTATION: ObjectId = 0x005f_ff01;

/// What every certificate of a virtual device has in its names, and none of a real one.
const REHEARSAL: &str = "REHEARSAL";

/// A certificate that a device gave out, or is to keep.
pub(super) struct Held {
    certificate: Certificate,
    der: Vec<u8>,
}

impl Held {
    /// Reads X.509 DER.
    ///
    /// # Errors
    /// What is wrong with it, as a clause.
    pub(super) fn from_der(der: &[u8]) -> Result<Self, String> {
        let certificate =
            Certificate::from_der(der).map_err(|error| format!("it is no X.509 certificate ({error})"))?;
        if x509::der(&certificate) != der {
            return Err("it is not in DER, the one encoding of a certificate".to_string());
        }
        Ok(Self { certificate, der: der.to_vec() })
    }

    /// Reads X.509 PEM, one certificate and nothing else.
    ///
    /// # Errors
    /// What is wrong with it, as a clause.
    pub(super) fn from_pem(pem: &[u8]) -> Result<Self, String> {
        match x509::pem_block(pem)? {
            (label, der) if label == "CERTIFICATE" => Self::from_der(&der),
            (label, _) => Err(format!("it holds a {label}, not a CERTIFICATE")),
        }
    }

    /// The certificate in an object; `None` when there is none.
    ///
    /// # Errors
    /// `untrue-certificate`, and those of the command.
    pub(super) fn read(card: &mut Card, object: ObjectId) -> Result<Option<Self>, Failure> {
        let Some(bytes) = card.object(object, Moment::Before)? else { return Ok(None) };
        let Some(fields) = fields(&bytes) else {
            return Err(card.failure("get-data", Moment::Before, &Trouble::Garbled));
        };
        let Some(der) = value(&fields, 0x70) else { return Ok(None) };
        let unreadable = |fault: String| {
            Failure::new("untrue-certificate", format!("a certificate in {} is unreadable: {fault}", card.name()))
                .next("read it with the vendor's ykman, and see what it is")
        };
        if value(&fields, 0x71).is_some_and(|info| info.first().is_some_and(|info| info & 1 != 0)) {
            return Err(unreadable("it is compressed, as another program left it".to_string()));
        }
        Self::from_der(der).map(Some).map_err(unreadable)
    }

    /// Writes it into an object; the management key must be authenticated.
    pub(super) fn write(&self, card: &mut Card, object: ObjectId, moment: Moment) -> Result<(), Failure> {
        let mut bytes = field(0x70, &self.der);
        bytes.extend(field(0x71, &[0]));
        bytes.extend(field(0xfe, &[]));
        card.put(object, &bytes, moment)
    }

    pub(super) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    /// PEM, with line feeds.
    pub(super) fn pem(&self) -> Result<Vec<u8>, Failure> {
        let pem = self.certificate.to_pem(LineEnding::LF);
        pem.map(String::into_bytes)
            .map_err(|error| Failure::new("encoding", format!("the certificate cannot be written: {error}")))
    }

    /// Its public key: SubjectPublicKeyInfo, DER.
    pub(super) fn public_key(&self) -> Vec<u8> {
        self.certificate.tbs_certificate.subject_public_key_info.to_der().unwrap_or_default()
    }

    pub(super) fn issuer(&self) -> String {
        plain(&self.certificate.tbs_certificate.issuer.to_string())
    }

    pub(super) fn subject(&self) -> String {
        plain(&self.certificate.tbs_certificate.subject.to_string())
    }

    /// Hex.
    pub(super) fn serial_number(&self) -> String {
        hex::encode(self.certificate.tbs_certificate.serial_number.as_bytes())
    }

    /// From when and until when, RFC 3339 in UTC.
    pub(super) fn validity(&self) -> (String, String) {
        let validity = &self.certificate.tbs_certificate.validity;
        (validity.not_before.to_date_time().to_string(), validity.not_after.to_date_time().to_string())
    }

    /// Whether a virtual device is at the root of it.
    pub(super) fn is_rehearsal(&self) -> bool {
        self.issuer().contains(REHEARSAL) || self.subject().contains(REHEARSAL)
    }

    /// An extension's value: what is inside its octet string. `None` also when it is there twice.
    pub(super) fn extension(&self, oid: ObjectIdentifier) -> Option<&[u8]> {
        let extensions = self.certificate.tbs_certificate.extensions.iter().flatten();
        let mut values = extensions.filter(|extension| extension.extn_id == oid);
        let value = values.next()?.extn_value.as_bytes();
        values.next().is_none().then_some(value)
    }
}

/// A rehearsal's certificate must not get into a ceremony, nor a real device into a rehearsal.
///
/// # Errors
/// `real-device`, `rehearsal-device`.
pub(super) fn of_this_world(stage: &Stage<'_>, card: &Card, certificates: &[&Held]) -> Result<(), Failure> {
    let mut certificates = certificates.iter();
    let name = card.name();
    if stage.rehearsal() {
        let Some(real) = certificates.find(|certificate| !certificate.is_rehearsal()) else { return Ok(()) };
        return Err(Failure::new("real-device", format!("{name} is a real device: {}", real.issuer()))
            .next("take it out; a rehearsal is for virtual devices"));
    }
    match certificates.find(|certificate| certificate.is_rehearsal()) {
        None => Ok(()),
        Some(found) => Err(Failure::new(
            "rehearsal-device",
            format!("{name} is a virtual device for rehearsals: {}", found.issuer()),
        )
        .next("insert the real device")),
    }
}
