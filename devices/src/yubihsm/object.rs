//! Objects: what a device stores.

use serde::{Deserialize, Serialize};

use super::{algorithm::Algorithm, capability::Capabilities, domain::Domains, error_code::ErrorCode, label::Label};
use crate::key_material::KeyMaterial;

/// An object ID. IDs are counted apart for each [`ObjectType`]; `0x0000` and `0xffff` are the device's own (*Object
/// ID*).
pub(super) type ObjectId = u16;

/// The type of an object (*Core Concepts*, *Object Type*). This device stores authentication keys and asymmetric keys;
/// the others are known so that asking for one finds none, rather than being malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub(super) enum ObjectType {
    /// Raw data, such as a certificate.
    Opaque = 1,
    /// Two AES keys that open sessions.
    AuthenticationKey = 2,
    /// A key pair.
    AsymmetricKey = 3,
    /// A key to export and import objects with.
    WrapKey = 4,
    /// A key for HMAC.
    HmacKey = 5,
    /// An SSH template.
    Template = 6,
    /// A key for Yubico OTP.
    OtpAeadKey = 7,
    /// An AES key.
    SymmetricKey = 8,
    /// The public half of a wrap key.
    PublicWrapKey = 9,
}

impl ObjectType {
    /// The byte in messages.
    pub(super) const fn code(self) -> u8 {
        self as u8
    }

    /// What a session needs to delete an object of this type.
    pub(super) const fn delete_capability(self) -> Capabilities {
        match self {
            Self::Opaque => Capabilities::DELETE_OPAQUE,
            Self::AuthenticationKey => Capabilities::DELETE_AUTHENTICATION_KEY,
            Self::AsymmetricKey => Capabilities::DELETE_ASYMMETRIC_KEY,
            Self::WrapKey => Capabilities::DELETE_WRAP_KEY,
            Self::HmacKey => Capabilities::DELETE_HMAC_KEY,
            Self::Template => Capabilities::DELETE_TEMPLATE,
            Self::OtpAeadKey => Capabilities::DELETE_OTP_AEAD_KEY,
            Self::SymmetricKey => Capabilities::DELETE_SYMMETRIC_KEY,
            Self::PublicWrapKey => Capabilities::DELETE_PUBLIC_WRAP_KEY,
        }
    }
}

impl TryFrom<u8> for ObjectType {
    type Error = ErrorCode;

    /// # Errors
    /// [`ErrorCode::InvalidData`] for a byte that is no type.
    fn try_from(code: u8) -> Result<Self, ErrorCode> {
        [
            Self::Opaque,
            Self::AuthenticationKey,
            Self::AsymmetricKey,
            Self::WrapKey,
            Self::HmacKey,
            Self::Template,
            Self::OtpAeadKey,
            Self::SymmetricKey,
            Self::PublicWrapKey,
        ]
        .into_iter()
        .find(|object_type| object_type.code() == code)
        .ok_or(ErrorCode::InvalidData)
    }
}

/// Where an object came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub(super) enum Origin {
    /// Made in the device.
    Generated = 0x01,
    /// Put into the device.
    Imported = 0x02,
}

impl Origin {
    /// The byte in GET OBJECT INFO and in the attestation extension.
    pub(super) const fn code(self) -> u8 {
        self as u8
    }
}

/// A stored object.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "`type` is no name in Rust")]
pub(super) struct Object {
    #[serde(rename = "type")]
    pub(super) object_type: ObjectType,
    pub(super) id: ObjectId,
    pub(super) algorithm: Algorithm,
    pub(super) label: Label,
    pub(super) domains: Domains,
    pub(super) capabilities: Capabilities,
    /// None for all but authentication keys.
    pub(super) delegated_capabilities: Capabilities,
    pub(super) origin: Origin,
    pub(super) sequence: u8,
    /// Authentication key: the encryption key, then the MAC key, 16 bytes each. Asymmetric key: the private integer,
    /// big-endian; for Ed25519 the seed (RFC 8032, 5.1.5).
    pub(super) key: KeyMaterial,
}

impl Object {
    /// # Errors
    /// [`ErrorCode::InsufficientPermissions`] if the object does not have the capability (*Effective Capabilities*).
    pub(super) fn needs(&self, capability: Capabilities) -> Result<(), ErrorCode> {
        if self.capabilities.cover(capability) { Ok(()) } else { Err(ErrorCode::InsufficientPermissions) }
    }
}
