//! The certification authority above every virtual YubiKey.
//!
//! **It certifies nothing.** Its private key is the SHA-256 of a phrase in this file: whoever reads it can issue
//! certificates of it. That is the point: it needs no storage, every rehearsal chains to the same anchor, and nobody can
//! take it for more than practice.

use der::{Encode, EncodePem, pem::LineEnding};
use p256::ecdsa::SigningKey;
use x509_cert::{Certificate, ext::Extension, serial_number::SerialNumber};

use crate::{
    Error,
    x509::{
        CertificateError, Unsigned, certificate_authority, certificate_signing, common_name, key_of, public_key,
        sign_ecdsa, subject_key_identifier, validity,
    },
};

const ROOT_PHRASE: &str = "REHEARSAL Yubico PIV Root CA: this key is public, anybody can forge with it";
/// Also in the authority's name, as in the vendor's.
const ROOT_SERIAL: u32 = 1;

/// The certificate above every virtual YubiKey: the same bytes always and everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RehearsalAnchors {
    /// `CN=REHEARSAL Yubico PIV Root CA Serial 1`, self-signed; it issues the certificates of slot F9: X.509 DER.
    pub root_der: Vec<u8>,
    /// The same, PEM.
    pub root_pem: String,
}

/// The certificate above every virtual YubiKey.
///
/// # Errors
/// [`Error::Crypto`], though nothing it is made of can vary.
pub fn rehearsal_anchors() -> Result<RehearsalAnchors, Error> {
    let root = Root::derive().map_err(Error::crypto("derive the rehearsal authority"))?;
    let encode = || -> der::Result<RehearsalAnchors> {
        Ok(RehearsalAnchors {
            root_der: root.certificate.to_der()?,
            root_pem: root.certificate.to_pem(LineEnding::LF)?,
        })
    };
    encode().map_err(Error::crypto("write the certificate of the rehearsal authority"))
}

/// The authority that issues the certificates of slot F9. Its key is on P-256, where the vendor's is RSA: a key that is
/// derived from a phrase is one line there.
pub(super) struct Root {
    pub(super) key: SigningKey,
    pub(super) certificate: Certificate,
}

impl Root {
    pub(super) fn derive() -> Result<Self, CertificateError> {
        let key = key_of(ROOT_PHRASE)?;
        let public_key = public_key(&key)?;
        let name = common_name(&format!("REHEARSAL Yubico PIV Root CA Serial {ROOT_SERIAL}"))?;
        let unsigned = Unsigned {
            serial: SerialNumber::from(ROOT_SERIAL),
            issuer: name.clone(),
            subject: name,
            // From the vendor's root to the attestations below it, all have these.
            validity: validity((2016, 3, 14), (2052, 4, 17))?,
            extensions: vec![
                subject_key_identifier(&public_key)?,
                // Not critical in the vendor's root either.
                Extension { critical: false, ..certificate_authority(1)? },
                certificate_signing()?,
            ],
            public_key,
        };
        Ok(Self { certificate: sign_ecdsa(unsigned, &key)?, key })
    }
}
