//! PGP words: bytes that a person can read aloud.

/// The bytes as PGP words, one a byte, separated by single spaces (Juola and Zimmermann's list).
#[must_use]
pub fn words(bytes: &[u8]) -> String {
    pgp_words::to_words(bytes).join(" ")
}
