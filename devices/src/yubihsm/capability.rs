//! Capabilities of objects and sessions.

use crate::Firmware;
use bitflags::bitflags;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

bitflags! {
    /// What may be done with an object, or by a session (*Core Concepts*, *Capabilities*): eight bytes, big-endian, a
    /// bit each.
    ///
    /// Only the capabilities that a command of this device asks for have names here; all others keep their bits.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct Capabilities: u64 {
        /// `get-opaque`
        const GET_OPAQUE = 1;
        /// `put-authentication-key`
        const PUT_AUTHENTICATION_KEY = 1 << 2;
        /// `put-asymmetric-key`
        const PUT_ASYMMETRIC_KEY = 1 << 3;
        /// `generate-asymmetric-key`
        const GENERATE_ASYMMETRIC_KEY = 1 << 4;
        /// `sign-ecdsa`
        const SIGN_ECDSA = 1 << 7;
        /// `sign-eddsa`
        const SIGN_EDDSA = 1 << 8;
        /// `set-option`
        const SET_OPTION = 1 << 17;
        /// `get-option`
        const GET_OPTION = 1 << 18;
        /// `get-pseudo-random`
        const GET_PSEUDO_RANDOM = 1 << 19;
        /// `get-log-entries`
        const GET_LOG_ENTRIES = 1 << 24;
        /// `reset-device`
        const RESET_DEVICE = 1 << 28;
        /// `sign-attestation-certificate`
        const SIGN_ATTESTATION_CERTIFICATE = 1 << 34;
        /// `delete-opaque`
        const DELETE_OPAQUE = 1 << 39;
        /// `delete-authentication-key`
        const DELETE_AUTHENTICATION_KEY = 1 << 40;
        /// `delete-asymmetric-key`
        const DELETE_ASYMMETRIC_KEY = 1 << 41;
        /// `delete-wrap-key`
        const DELETE_WRAP_KEY = 1 << 42;
        /// `delete-hmac-key`
        const DELETE_HMAC_KEY = 1 << 43;
        /// `delete-template`
        const DELETE_TEMPLATE = 1 << 44;
        /// `delete-otp-aead-key`
        const DELETE_OTP_AEAD_KEY = 1 << 45;
        /// `change-authentication-key`
        const CHANGE_AUTHENTICATION_KEY = 1 << 46;
        /// `delete-symmetric-key`
        const DELETE_SYMMETRIC_KEY = 1 << 49;
        /// `delete-public-wrap-key`
        const DELETE_PUBLIC_WRAP_KEY = 1 << 55;

        const _ = !0;
    }
}

impl Capabilities {
    /// Every capability that a firmware version defines: the symmetric-key ones came with 2.3.1, those of public wrap
    /// keys with 2.4.0 (*Capabilities*, "Available with firmware version").
    pub(super) const fn defined_by(firmware: Firmware) -> Self {
        let bits = if firmware.at_least(2, 4, 0) {
            56
        } else if firmware.at_least(2, 3, 1) {
            54
        } else {
            47
        };
        Self::from_bits_retain((1 << bits) - 1)
    }

    /// Whether every one of `wanted` is among these; also true of none at all.
    pub(super) const fn cover(self, wanted: Self) -> bool {
        self.contains(wanted)
    }
}

impl Serialize for Capabilities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{:016x}", self.bits()))
    }
}

impl<'de> Deserialize<'de> for Capabilities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map(Self::from_bits_retain).map_err(D::Error::custom)
    }
}
