//! The certification authorities above every virtual YubiHSM 2.
//!
//! **They certify nothing.** Their private keys are the SHA-256 of phrases in this file: whoever reads it can issue
//! certificates of them. That is the point: they need no storage, every rehearsal chains to the same anchors, and
//! nobody can take them for more than practice.

use der::{Encode, EncodePem, pem::LineEnding};
use p256::ecdsa::SigningKey;
use x509_cert::{Certificate, serial_number::SerialNumber, time::Validity};

use crate::{
    Error,
    x509::{
        self, CertificateError, Unsigned, authority_key_identifier, certificate_authority, certificate_signing,
        common_name, key_of, public_key, sign_ecdsa, subject_key_identifier,
    },
};

const ROOT_PHRASE: &str = "REHEARSAL YubiHSM Root CA: this key is public, anybody can forge with it";
const SUB_CA_PHRASE: &str = "REHEARSAL YubiHSM Sub-CA: this key is public, anybody can forge with it";

const ROOT_SERIAL: u32 = 1;
/// Also in the authority's name, as in the vendor's.
const SUB_CA_SERIAL: u32 = 2;

/// The certificates above every virtual YubiHSM 2: the same bytes always and everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RehearsalAnchors {
    /// `CN=REHEARSAL YubiHSM Root CA`, self-signed: X.509 DER.
    pub root_der: Vec<u8>,
    /// The same, PEM.
    pub root_pem: String,
    /// `CN=REHEARSAL YubiHSM 2 Sub-CA`, issued by the root; it issues the devices' certificates: X.509 DER.
    pub sub_ca_der: Vec<u8>,
    /// The same, PEM.
    pub sub_ca_pem: String,
}

/// The certificates above every virtual YubiHSM 2.
///
/// # Errors
/// [`Error::Crypto`], though nothing it is made of can vary.
pub fn rehearsal_anchors() -> Result<RehearsalAnchors, Error> {
    let sub_ca = SubCa::derive()?;
    let encode = || -> der::Result<RehearsalAnchors> {
        Ok(RehearsalAnchors {
            root_der: sub_ca.root.to_der()?,
            root_pem: sub_ca.root.to_pem(LineEnding::LF)?,
            sub_ca_der: sub_ca.certificate.to_der()?,
            sub_ca_pem: sub_ca.certificate.to_pem(LineEnding::LF)?,
        })
    };
    encode().map_err(Error::crypto("write the certificates of the rehearsal authorities"))
}

/// 2017-01-01 to 2071-10-05, as in all of the vendor's certificates.
pub(super) fn validity() -> Result<Validity, der::Error> {
    x509::validity((2017, 1, 1), (2071, 10, 5))
}

/// The authority that issues devices' certificates.
pub(super) struct SubCa {
    pub(super) key: SigningKey,
    pub(super) certificate: Certificate,
    root: Certificate,
}

impl SubCa {
    /// # Errors
    /// [`Error::Crypto`], though nothing it is made of can vary.
    pub(super) fn derive() -> Result<Self, Error> {
        Self::try_derive().map_err(Error::crypto("derive the rehearsal authorities"))
    }

    fn try_derive() -> Result<Self, CertificateError> {
        let root_key = key_of(ROOT_PHRASE)?;
        let root_public_key = public_key(&root_key)?;
        let root_name = common_name("REHEARSAL YubiHSM Root CA")?;
        let root = sign_ecdsa(
            Unsigned {
                serial: SerialNumber::from(ROOT_SERIAL),
                issuer: root_name.clone(),
                subject: root_name.clone(),
                validity: validity()?,
                extensions: vec![
                    subject_key_identifier(&root_public_key)?,
                    certificate_authority(2)?,
                    certificate_signing()?,
                ],
                public_key: root_public_key.clone(),
            },
            &root_key,
        )?;

        let key = key_of(SUB_CA_PHRASE)?;
        let sub_ca_public_key = public_key(&key)?;
        let certificate = sign_ecdsa(
            Unsigned {
                serial: SerialNumber::from(SUB_CA_SERIAL),
                issuer: root_name,
                subject: common_name(&format!("REHEARSAL YubiHSM {SUB_CA_SERIAL} Sub-CA"))?,
                validity: validity()?,
                extensions: vec![
                    subject_key_identifier(&sub_ca_public_key)?,
                    authority_key_identifier(&root_public_key)?,
                    certificate_authority(1)?,
                    certificate_signing()?,
                ],
                public_key: sub_ca_public_key,
            },
            &root_key,
        )?;
        Ok(Self { key, certificate, root })
    }
}
