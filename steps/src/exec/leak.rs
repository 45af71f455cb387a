//! Whether a secret shows up in what a program said.

use base64ct::{Base64Unpadded, Encoding};
use memchr::memmem;
use officiant_engine::conduct::Secret;
use zeroize::{Zeroize, Zeroizing};

/// Fewest characters of Base64 that are looked for; fewer turn up by chance.
const FEWEST: usize = 6;

/// Whether the output holds the secret: as it is, in hexadecimal, or in Base64, also within a longer text that was
/// encoded.
pub(super) fn leaks(output: &[u8], secret: &Secret) -> bool {
    let secret = secret.expose().as_bytes();
    if secret.is_empty() || output.is_empty() {
        return false;
    }
    if memmem::find(output, secret).is_some() {
        return true;
    }
    // Encoders break lines, and hexadecimal digits are often grouped.
    let mut text: Zeroizing<Vec<u8>> = Zeroizing::new(
        output
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                other => other,
            })
            .collect(),
    );
    if (0..3)
        .any(|offset| base64(secret, offset).is_some_and(|needle| memmem::find(&text, needle.as_bytes()).is_some()))
    {
        return true;
    }
    text.retain(|byte| *byte != b':');
    text.make_ascii_lowercase();
    let hexadecimal = Zeroizing::new(hex::encode(secret));
    memmem::find(&text, hexadecimal.as_bytes()).is_some()
}

/// The Base64 characters that the secret alone decides when `offset` bytes, modulo 3, stand before it.
fn base64(secret: &[u8], offset: usize) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(vec![0; offset]);
    bytes.extend_from_slice(secret);
    let mut encoded = Base64Unpadded::encode_string(&bytes);
    let needle = encoded.get((offset * 8).div_ceil(6)..(offset + secret.len()) * 8 / 6);
    let needle = needle.filter(|needle| needle.len() >= FEWEST).map(|needle| Zeroizing::new(needle.to_string()));
    encoded.zeroize();
    needle
}

#[cfg(test)]
mod tests {
    use super::leaks;
    use base64ct::{Base64, Base64Url, Encoding};
    use officiant_engine::conduct::Secret;

    const SECRET: &str = "correct horse??>>battery";

    fn found(output: &[u8]) -> bool {
        leaks(output, &Secret::new(SECRET.to_string()))
    }

    #[test]
    fn a_secret_is_found_plain_in_hexadecimal_and_in_base64() {
        assert!(found(format!("the password is {SECRET}.").as_bytes()));
        assert!(found(hex::encode(SECRET).as_bytes()));
        assert!(found(hex::encode_upper(format!("x{SECRET}")).as_bytes()));
        let spaced: Vec<_> = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(found(spaced.join(" ").as_bytes()));
        assert!(found(spaced.join(":\n").as_bytes()));
        for before in ["", "x", "xy", "xyz"] {
            for after in ["", "\n", "and more"] {
                let text = format!("{before}{SECRET}{after}");
                assert!(found(Base64::encode_string(text.as_bytes()).as_bytes()), "{text}");
                assert!(found(Base64Url::encode_string(text.as_bytes()).as_bytes()), "{text}");
                let broken: Vec<_> = Base64::encode_string(text.as_bytes()).into_bytes();
                assert!(found(&broken.chunks(7).collect::<Vec<_>>().join(&b"\r\n"[..])), "{text}");
            }
        }
    }

    #[test]
    fn what_is_not_the_secret_is_not_found() {
        assert!(!found(b""));
        assert!(!found(b"correct horse"));
        assert!(!found(Base64::encode_string(b"correct horse, wrong battery").as_bytes()));
        assert!(!leaks(b"anything", &Secret::new(String::new())));
    }
}
