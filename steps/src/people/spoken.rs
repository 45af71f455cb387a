//! A digest as people see, say and film it: PGP words and a QR code.

use officiant_engine::record::words;
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2, types::QrError};
use std::fmt::Write;

/// The PGP words in rows of four, each with its number, so that two people can speak of the same one.
pub(super) fn numbered(words: &[String]) -> String {
    let width = words.iter().map(|word| word.chars().count()).max().unwrap_or_default();
    let mut lines = String::new();
    for (index, word) in words.iter().enumerate() {
        let end = if index % 4 == 3 || index + 1 == words.len() { "\n" } else { "  " };
        let padding = if end == "\n" { 0 } else { width };
        // Writing to a string cannot fail.
        let _ = write!(lines, "{:>3} {word:<padding$}{end}", index + 1);
    }
    lines
}

/// The QR code of some text, two modules a character cell, with its quiet zone.
///
/// The light modules are the ones that are painted: a terminal is light on dark, and not every camera reads an inverted
/// code.
pub(super) fn qr(text: &str) -> Result<String, QrError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)?;
    let mut renderer = code.render::<Dense1x2>();
    Ok(renderer.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

/// The PGP words of bytes in hex (spaces and colons between them ignored), or the PGP words themselves; in lower case.
pub(super) fn parse(text: &str) -> Option<Vec<String>> {
    let given: Vec<_> = text.split_whitespace().map(str::to_lowercase).collect();
    if !given.is_empty() && pgp_words::to_bytes(&given).is_some() {
        return Some(given);
    }
    let digits: String = text.chars().filter(|character| !character.is_whitespace() && *character != ':').collect();
    let bytes = hex::decode(digits).ok().filter(|bytes| !bytes.is_empty())?;
    Some(of(&bytes))
}

/// The PGP words of some bytes, in lower case.
pub(super) fn of(bytes: &[u8]) -> Vec<String> {
    words(bytes).split(' ').map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::{numbered, of, parse, qr};

    #[test]
    fn a_hash_is_taken_as_hex_and_as_words() {
        let words = ["topmost", "istanbul", "pluto", "vagabond"].map(String::from).to_vec();
        assert_eq!(parse("E582 94:f2"), Some(words.clone()));
        assert_eq!(parse("  Topmost Istanbul\nPluto vagabond "), Some(words.clone()));
        assert_eq!(parse("topmost pluto"), None, "two words of three syllables cannot follow each other");
        assert_eq!(parse("e58"), None);
        assert_eq!(parse(""), None);
        assert_eq!(of(&[0xe5, 0x82, 0x94, 0xf2]), words);
    }

    #[test]
    fn words_are_shown_with_their_numbers() {
        let shown = numbered(&of(&[0xe5, 0x82, 0x94, 0xf2, 0xe9, 0xa2]));
        assert_eq!(shown, "  1 topmost      2 istanbul     3 pluto        4 vagabond\n  5 treadmill    6 pacific\n");
    }

    #[test]
    fn a_qr_code_can_be_read_from_a_dark_terminal() -> Result<(), Box<dyn std::error::Error>> {
        let text = "5f".repeat(32);
        let image = qr(&text)?;
        let rows: Vec<Vec<char>> = image.lines().map(|line| line.chars().collect()).collect();
        // Four screen points a module; what is painted is light.
        let light = |x: usize, y: usize| match (rows[y / 8][x / 4], y / 4 % 2) {
            ('█', _) | ('▀', 0) | ('▄', 1) => 255,
            _ => 0,
        };
        let (width, height) = (rows[0].len() * 4, rows.len() * 8);
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, light);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        assert_eq!(grids[0].decode()?.1, text);
        Ok(())
    }
}
