//! Certificates as an attacker makes them: every field can be another, and the signature is a true one.

use der::{
    Any, Decode, Encode, Tag,
    asn1::{BitString, ObjectIdentifier, OctetString},
};
use p256::{ecdsa::signature::Signer, pkcs8::EncodePublicKey};
use rsa::{pkcs1v15, pkcs8::DecodePrivateKey, sha2, signature::SignatureEncoding};
use std::{process::Command, str::FromStr, time::Duration};
use x509_cert::{
    Certificate, TbsCertificate, Version,
    ext::Extension,
    name::Name,
    serial_number::SerialNumber,
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
    time::{Time, Validity},
};

pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub const KEY_USAGE: &str = "2.5.29.15";

/// A key that signs.
#[derive(Clone)]
pub enum Key {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Rsa(Box<rsa::RsaPrivateKey>),
}

impl Key {
    /// A key on P-256, the same for the same byte.
    pub fn p256(seed: u8) -> Self {
        Self::P256(p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    /// A key on P-384, the same for the same byte.
    pub fn p384(seed: u8) -> Self {
        Self::P384(p384::ecdsa::SigningKey::from_slice(&[seed; 48]).unwrap())
    }

    /// A new RSA key, made by openssl.
    pub fn rsa() -> Self {
        let arguments = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
        let output = Command::new("openssl").args(arguments).output().unwrap();
        let der = der::pem::decode_vec(&output.stdout).unwrap().1;
        Self::Rsa(Box::new(rsa::RsaPrivateKey::from_pkcs8_der(&der).unwrap()))
    }

    pub fn public(&self) -> SubjectPublicKeyInfoOwned {
        let document = match self {
            Self::P256(key) => key.verifying_key().to_public_key_der().unwrap(),
            Self::P384(key) => key.verifying_key().to_public_key_der().unwrap(),
            Self::Rsa(key) => key.to_public_key().to_public_key_der().unwrap(),
        };
        SubjectPublicKeyInfoOwned::from_der(document.as_bytes()).unwrap()
    }

    fn algorithm(&self) -> AlgorithmIdentifierOwned {
        match self {
            Self::P256(_) | Self::P384(_) => algorithm("1.2.840.10045.4.3.2"),
            Self::Rsa(_) => AlgorithmIdentifierOwned {
                parameters: Some(Any::new(Tag::Null, Vec::new()).unwrap()),
                ..algorithm("1.2.840.113549.1.1.11")
            },
        }
    }

    /// A signature with SHA-256, as the vendor's devices make them.
    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(bytes);
                signature.as_bytes().to_vec()
            }
            Self::P384(key) => {
                use p256::ecdsa::signature::hazmat::PrehashSigner;
                use sha2::Digest;
                let signature: p384::ecdsa::DerSignature = key.sign_prehash(&sha2::Sha256::digest(bytes)).unwrap();
                signature.as_bytes().to_vec()
            }
            Self::Rsa(key) => pkcs1v15::SigningKey::<sha2::Sha256>::new((**key).clone()).sign(bytes).to_vec(),
        }
    }
}

pub fn algorithm(oid: &str) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: ObjectIdentifier::new(oid).unwrap(), parameters: None }
}

/// A certificate that is about to be signed.
#[derive(Clone)]
pub struct Draft {
    pub subject: String,
    pub issuer: String,
    pub key: Key,
    /// Years, from the first's beginning to the second's.
    pub years: (u32, u32),
    pub extensions: Vec<Extension>,
    /// The algorithm that the signed part names; the key's own otherwise.
    pub inner: Option<AlgorithmIdentifierOwned>,
    /// The algorithm that stands beside the signature; the key's own otherwise.
    pub outer: Option<AlgorithmIdentifierOwned>,
}

impl Draft {
    pub fn new(subject: &str, issuer: &str, key: Key) -> Self {
        let (subject, issuer) = (subject.to_string(), issuer.to_string());
        Self { subject, issuer, key, years: (2016, 2052), extensions: Vec::new(), inner: None, outer: None }
    }

    /// A certificate of an authority that may have so many others below it.
    pub fn authority(subject: &str, issuer: &str, key: Key, below: u8) -> Self {
        Self::new(subject, issuer, key).with(BASIC_CONSTRAINTS, true, &[0x30, 6, 1, 1, 0xff, 2, 1, below])
    }

    pub fn with(mut self, oid: &str, critical: bool, value: &[u8]) -> Self {
        self.extend(oid, critical, value);
        self
    }

    pub fn extend(&mut self, oid: &str, critical: bool, value: &[u8]) {
        let extn_id = ObjectIdentifier::new(oid).unwrap();
        self.extensions.push(Extension { extn_id, critical, extn_value: OctetString::new(value).unwrap() });
    }

    /// Another value for an extension.
    pub fn say(&mut self, oid: &str, value: &[u8]) {
        let extension = self.extensions.iter_mut().find(|it| it.extn_id.to_string() == oid).unwrap();
        extension.extn_value = OctetString::new(value).unwrap();
    }

    pub fn leave_out(&mut self, oid: &str) {
        let before = self.extensions.len();
        self.extensions.retain(|it| it.extn_id.to_string() != oid);
        assert_eq!(self.extensions.len() + 1, before);
    }

    /// DER.
    pub fn sign(&self, signer: &Key) -> Vec<u8> {
        let time = |year: u32| {
            let since =
                jiff::civil::date(i16::try_from(year).unwrap(), 1, 1).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
            Time::try_from(
                std::time::UNIX_EPOCH + Duration::from_secs(since.timestamp().as_second().try_into().unwrap()),
            )
            .unwrap()
        };
        let tbs_certificate = TbsCertificate {
            version: Version::V3,
            serial_number: SerialNumber::new(&[7, 7, 7]).unwrap(),
            signature: self.inner.clone().unwrap_or_else(|| signer.algorithm()),
            issuer: Name::from_str(&self.issuer).unwrap(),
            validity: Validity { not_before: time(self.years.0), not_after: time(self.years.1) },
            subject: Name::from_str(&self.subject).unwrap(),
            subject_public_key_info: self.key.public(),
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(self.extensions.clone()),
        };
        let signature = BitString::from_bytes(&signer.sign(&tbs_certificate.to_der().unwrap())).unwrap();
        let signature_algorithm = self.outer.clone().unwrap_or_else(|| signer.algorithm());
        Certificate { tbs_certificate, signature_algorithm, signature }.to_der().unwrap()
    }
}

/// PEM of anything.
pub fn pem(label: &'static str, der: &[u8]) -> Vec<u8> {
    der::pem::encode_string(label, der::pem::LineEnding::LF, der).unwrap().into_bytes()
}

/// PEM of a certificate.
pub fn certificate_pem(der: &[u8]) -> Vec<u8> {
    pem("CERTIFICATE", der)
}
