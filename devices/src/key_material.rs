//! Bytes that nobody may see.

use secrecy::{ExposeSecret, SecretSlice};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::Zeroizing;

/// Secret key bytes: wiped from memory when dropped, not shown by `Debug`, in hex in the state file.
#[derive(Debug)]
pub(crate) struct KeyMaterial(SecretSlice<u8>);

impl KeyMaterial {
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl From<&[u8]> for KeyMaterial {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec().into())
    }
}

impl Clone for KeyMaterial {
    fn clone(&self) -> Self {
        self.expose().into()
    }
}

impl Serialize for KeyMaterial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(hex::encode(self.expose())))
    }
}

impl<'de> Deserialize<'de> for KeyMaterial {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Borrowed from the file's buffer, which its reader wipes; a `String` would be a copy that nobody does.
        let digits = <&str>::deserialize(deserializer)?;
        let bytes = Zeroizing::new(hex::decode(digits).map_err(D::Error::custom)?);
        Ok(bytes.as_slice().into())
    }
}
