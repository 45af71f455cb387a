//! Object types
//! (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-core-concepts.html>).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use yubihsm::object;

/// A type of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub(crate) enum ObjectType {
    /// Raw data, such as a certificate.
    Opaque,
    /// What opens a session.
    AuthenticationKey,
    /// A private key.
    AsymmetricKey,
    /// A key that wraps others for export.
    WrapKey,
    /// A secret key for HMAC.
    HmacKey,
    /// A template for SSH certificates.
    Template,
    /// A key for Yubico OTP.
    OtpAeadKey,
}

impl ObjectType {
    /// Every type that the `yubihsm` crate 0.42.1 knows.
    pub(crate) const ALL: [Self; 7] = [
        Self::Opaque,
        Self::AuthenticationKey,
        Self::AsymmetricKey,
        Self::WrapKey,
        Self::HmacKey,
        Self::Template,
        Self::OtpAeadKey,
    ];

    pub(crate) fn to_device(self) -> object::Type {
        match self {
            Self::Opaque => object::Type::Opaque,
            Self::AuthenticationKey => object::Type::AuthenticationKey,
            Self::AsymmetricKey => object::Type::AsymmetricKey,
            Self::WrapKey => object::Type::WrapKey,
            Self::HmacKey => object::Type::HmacKey,
            Self::Template => object::Type::Template,
            Self::OtpAeadKey => object::Type::OtpAeadKey,
        }
    }

    pub(crate) fn of(object_type: object::Type) -> Self {
        match object_type {
            object::Type::Opaque => Self::Opaque,
            object::Type::AuthenticationKey => Self::AuthenticationKey,
            object::Type::AsymmetricKey => Self::AsymmetricKey,
            object::Type::WrapKey => Self::WrapKey,
            object::Type::HmacKey => Self::HmacKey,
            object::Type::Template => Self::Template,
            object::Type::OtpAeadKey => Self::OtpAeadKey,
        }
    }

    /// The capability that deleting one needs.
    pub(crate) fn deleting(self) -> yubihsm::Capability {
        use yubihsm::Capability;
        match self {
            Self::Opaque => Capability::DELETE_OPAQUE,
            Self::AuthenticationKey => Capability::DELETE_AUTHENTICATION_KEY,
            Self::AsymmetricKey => Capability::DELETE_ASYMMETRIC_KEY,
            Self::WrapKey => Capability::DELETE_WRAP_KEY,
            Self::HmacKey => Capability::DELETE_HMAC_KEY,
            Self::Template => Capability::DELETE_TEMPLATE,
            Self::OtpAeadKey => Capability::DELETE_OTP_AEAD_KEY,
        }
    }
}

impl fmt::Display for ObjectType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_device().fmt(formatter)
    }
}
