//! Photos on the page.

use super::support::{between, is_self_contained, report};
use crate::support::Ceremony;
use std::fs;

#[test]
fn photos_are_shown_small_without_their_metadata_and_only_when_they_are_the_recorded_ones() {
    let runbook = "
notation: 1
title: Photos
sections:
  start:
    title: Start
    steps:
      - do: Copy the pictures.
        uses: files.copy
        with: { from: SOURCE, to: photos }
      - end: Over.
";
    let source = tempfile::TempDir::new().unwrap();
    fs::write(source.path().join("bag.png"), png(640, 480)).unwrap();
    fs::write(source.path().join("broken.jpg"), "no picture").unwrap();
    let runbook = runbook.replace("SOURCE", &source.path().display().to_string());
    let ceremony = Ceremony::rehearse(&runbook).argument("--outside").carry_out().exits(0);
    let (page, code) = report(&ceremony.folder());
    assert_eq!(code, Some(0));
    is_self_contained(&page);
    let pictures = between(&page, "id=\"pictures\"", "</section>");
    assert_eq!(pictures.matches("<img src=\"data:image/jpeg;base64,").count(), 1);
    assert!(pictures.contains("width=\"320\" height=\"240\""));
    assert!(pictures.contains("No picture: the file cannot be decoded as one."));
    let data = between(pictures, "base64,", "\"");
    let jpeg = <base64ct::Base64 as base64ct::Encoding>::decode_vec(data).unwrap();
    assert!(jpeg.starts_with(b"\xff\xd8\xff"));
    assert!(!jpeg.windows(6).any(|bytes| bytes == b"Exif\0\0" || bytes == b"secret"));

    fs::write(ceremony.folder().join("products/photos/bag.png"), png(320, 200)).unwrap();
    let (page, code) = report(&ceremony.folder());
    assert_eq!(code, Some(1));
    assert!(!page.contains("<img"));
    assert!(page.contains("No picture: the record does not hold."));
}

/// A grey PNG with a comment, its pixels stored rather than compressed.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut chunks = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8], data: &[u8]| {
        chunks.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        let body = [kind, data].concat();
        let crc = body.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
        });
        chunks.extend(&body);
        chunks.extend((!crc).to_be_bytes());
    };
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(b"IHDR", &[&size[..], &[8, 0, 0, 0, 0]].concat());
    chunk(b"tEXt", b"Comment\0secret place");
    let row = [vec![0], vec![200; width as usize]].concat();
    let mut data = vec![0x78, 0x01];
    let (mut a, mut b) = (1_u32, 0_u32);
    for at in 0..height {
        let length = u16::try_from(row.len()).unwrap();
        data.push(u8::from(at + 1 == height));
        data.extend(length.to_le_bytes());
        data.extend((!length).to_le_bytes());
        data.extend(&row);
        for byte in &row {
            a = (a + u32::from(*byte)) % 65_521;
            b = (b + a) % 65_521;
        }
    }
    data.extend((b << 16 | a).to_be_bytes());
    chunk(b"IDAT", &data);
    chunk(b"IEND", b"");
    chunks
}
