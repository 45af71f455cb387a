//! Firmware versions.

use std::fmt;

/// A firmware version: major, minor and patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) [u8; 3]);

impl Version {
    /// Reads `5.4.3`.
    ///
    /// # Errors
    /// What it should be, as a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let numbers: Option<Vec<u8>> = text.split('.').map(|number| number.parse().ok()).collect();
        numbers
            .and_then(|numbers| <[u8; 3]>::try_from(numbers).ok())
            .map(Self)
            .ok_or_else(|| format!("`{text}` is no firmware version, such as 5.4.3"))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(formatter, "{major}.{minor}.{patch}")
    }
}
