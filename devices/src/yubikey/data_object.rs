//! Data objects: certificates and everything else that a card keeps for its clients.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::key_material::KeyMaterial;

/// The certificate of the attestation key, which a reset leaves.
pub(super) const ATTESTATION_CERTIFICATE: ObjectId = ObjectId(0x5f_ff01);
/// The *discovery object*, which is always the same (NIST SP 800-73-4, part 1, 3.3.2): the application, and that it has a
/// PIN of its own and no other.
pub(super) const DISCOVERY: &[u8] = &[
    0x7e, 0x12, 0x4f, 0x0b, 0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00, 0x5f, 0x2f, 0x02, 0x40,
    0x00,
];
/// The tag that asks for it.
pub(super) const DISCOVERY_TAG: &[u8] = &[0x7e];

/// Bytes of all objects together. Yubico says "about 51 KB" without a number; this is what the real devices are taken to
/// have.
pub(super) const CAPACITY: usize = 51_200;

/// The tag of an object: three bytes from `5F0000` to `5FFFFF`, of which NIST names some (SP 800-73-4, part 1, table 3)
/// and Yubico leaves the others to whoever wants them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ObjectId(u32);

impl ObjectId {
    /// From the value of the *tag list* in a command; `None` for one that is no object of this card.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x5f, middle, low] => Some(Self(u32::from_be_bytes([0, 0x5f, *middle, *low]))),
            _ => None,
        }
    }

    /// Whether it is read under the PIN only: fingerprints, printed information (where the PIN-protected management key is
    /// kept), facial image, iris images (SP 800-73-4, part 1, table 2).
    pub(super) const fn needs_pin(self) -> bool {
        matches!(self.0, 0x5f_c103 | 0x5f_c108 | 0x5f_c109 | 0x5f_c121)
    }
}

impl std::fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:06x}", self.0)
    }
}

impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:06x}", self.0))
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(&text)
            .ok()
            .and_then(|bytes| Self::from_bytes(&bytes))
            .ok_or_else(|| D::Error::custom(format!("{text:?} is no object")))
    }
}

/// An object with its content, which may be a management key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataObject {
    pub(super) id: ObjectId,
    pub(super) content: KeyMaterial,
}
