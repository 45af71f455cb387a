//! Attestation certificates: the one of slot F9, and those that it vouches for keys with.
//!
//! The vendor's *PIV Attestation* page (<https://docs.yubico.com/hardware/oid/oid-piv-arc.html>) names the extensions;
//! names, order and encodings are those of the twelve devices of Docker's key ceremony of 2024-06-04 (firmware 5.4.3,
//! FIPS). What differs on purpose is the word `REHEARSAL` in every name.
//!
//! Later firmware comes with a longer chain (Yubico Attestation Root 1 and its intermediates); a virtual device has the
//! chain of these twelve whatever its firmware.

use der::{
    Decode, Encode,
    asn1::{ObjectIdentifier, OctetString},
};
use rand_core::{OsRng, RngCore};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::{Certificate, ext::Extension, serial_number::SerialNumber};

use super::rehearsal_pki::Root;
use crate::{
    AttestationKey, Firmware,
    x509::{
        CertificateError, Unsigned, certificate_authority, common_name, extension, random_serial, sign_ecdsa, sign_rsa,
    },
};

/// The vendor's extensions (*PIV Attestation*). All but the serial number and the FIPS mark are bytes as they are, in no
/// DER of their own.
const FIRMWARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.3");
const SERIAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.7");
const POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.8");
const FORM_FACTOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.9");
const FIPS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.10");

/// What all twelve FIPS devices have as the value of [`FIPS`]; the vendor says nowhere what it counts.
const FIPS_MARK: u8 = 7;

/// The certificate of slot F9 as the device leaves the factory, issued by the rehearsal root: DER, without the tags that
/// object `5FFF01` has around it.
///
/// The FIPS mark is here and only here: the attestations of the twelve FIPS devices do not repeat it.
pub(super) fn f9_certificate(
    key: &AttestationKey,
    firmware: Firmware,
    fips: bool,
) -> Result<Vec<u8>, CertificateError> {
    let root = Root::derive()?;
    let mut extensions = vec![raw(FIRMWARE, &firmware.to_bytes())?];
    if fips {
        extensions.push(extension(FIPS, &FIPS_MARK)?);
    }
    extensions.push(certificate_authority(0)?);
    let unsigned = Unsigned {
        serial: random_serial::<8>()?,
        issuer: root.certificate.tbs_certificate.subject,
        subject: common_name("REHEARSAL Yubico PIV Attestation")?,
        validity: root.certificate.tbs_certificate.validity,
        public_key: key.public_key()?,
        extensions,
    };
    Ok(sign_ecdsa(unsigned, &root.key)?.to_der()?)
}

/// The attestation of a key that was generated in a slot: DER.
///
/// "Serial will be a random 16 byte integer; issuer will be the subject of the attesting certificate; dates will be copied
/// from the attesting certificate; subject will be the string `YubiKey PIV Attestation` with the attested slot
/// appended" (*PIV Attestation*).
///
/// - `policies`: PIN and touch policy, as the device keeps them, never *default* (0).
/// - `form_factor`: with the FIPS bit (`80`) if the device has it.
/// - `f9_certificate`: what is in slot F9 now, DER; `key` is the key there.
#[expect(clippy::too_many_arguments, reason = "each is something that an attestation says")]
pub(super) fn attest(
    slot: u8,
    public_key: SubjectPublicKeyInfoOwned,
    policies: [u8; 2],
    firmware: Firmware,
    serial: u32,
    form_factor: u8,
    f9_certificate: &[u8],
    key: &AttestationKey,
) -> Result<Vec<u8>, CertificateError> {
    let attesting = Certificate::from_der(f9_certificate)?.tbs_certificate;
    let unsigned = Unsigned {
        serial: leaf_serial()?,
        issuer: attesting.subject,
        subject: common_name(&format!("REHEARSAL YubiKey PIV Attestation {slot:02x}"))?,
        validity: attesting.validity,
        public_key,
        extensions: vec![
            raw(FIRMWARE, &firmware.to_bytes())?,
            extension(SERIAL, &serial)?,
            raw(POLICIES, &policies)?,
            raw(FORM_FACTOR, &[form_factor])?,
        ],
    };
    Ok(sign_rsa(unsigned, key)?.to_der()?)
}

/// An extension that is not critical, whose value is these bytes and no DER.
fn raw(extn_id: ObjectIdentifier, value: &[u8]) -> Result<Extension, der::Error> {
    Ok(Extension { extn_id, critical: false, extn_value: OctetString::new(value)? })
}

/// 16 bytes, of which all twelve devices have 01 first: so it is positive and its length always the same.
fn leaf_serial() -> Result<SerialNumber, der::Error> {
    let mut bytes = [1; 16];
    let [_, random @ ..] = &mut bytes;
    OsRng.fill_bytes(random);
    SerialNumber::new(&bytes)
}
