//! Labels of objects.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The label of an object: 40 bytes, any bytes (*Core Concepts*, *Label*). Clients put UTF-8 there and fill up with
/// zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Label(pub(super) [u8; Self::LENGTH]);

impl Label {
    /// Bytes of a label.
    pub(super) const LENGTH: usize = 40;

    /// A label from text, cut off after 40 bytes.
    pub(super) fn from_text(text: &str) -> Self {
        let mut bytes = [0; Self::LENGTH];
        bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        Self(bytes)
    }

    /// The bytes before the first zero.
    pub(super) fn before_zero(&self) -> &[u8] {
        self.0.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(self.before_zero()), f)
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // As text where that is lossless, for whoever opens the file; else in hex after a zero, which no text starts
        // with.
        match str::from_utf8(self.before_zero()) {
            Ok(text) if Self::from_text(text) == *self => serializer.serialize_str(text),
            _ => serializer.serialize_str(&format!("\0{}", hex::encode(self.0))),
        }
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Some(digits) = text.strip_prefix('\0') {
            let mut bytes = [0; Self::LENGTH];
            hex::decode_to_slice(digits, &mut bytes).map_err(D::Error::custom)?;
            Ok(Self(bytes))
        } else if text.len() <= Self::LENGTH {
            Ok(Self::from_text(&text))
        } else {
            Err(D::Error::custom("a label is longer than 40 bytes"))
        }
    }
}
