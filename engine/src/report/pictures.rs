//! Photos as thumbnails: decoded within limits and encoded anew, so that no metadata gets onto the page.

use super::{
    files::{recorded, size},
    shown::{LONGEST, clip},
};
use crate::record::{FileRecord, Folder, Line, digest_hex};
use base64ct::{Base64, Encoding};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder};
use serde::Serialize;
use std::{
    fs::File,
    io::{Cursor, Read},
};

/// Width and height of a thumbnail, at most.
const THUMBNAIL: u32 = 320;
/// JPEG quality of a thumbnail, of 100.
const QUALITY: u8 = 72;
/// Most files that are decoded; the others are listed.
const MOST: usize = 200;
/// Largest file that is decoded, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Largest width and height of a photo.
const WIDEST: u32 = 20_000;
/// Most memory for decoding one, in bytes: a photo of 108 megapixels has 324 million.
const MEMORY: u64 = 512 * 1024 * 1024;
/// Most pixels that are decoded for one page.
const PIXELS: u64 = 4_000_000_000;

/// A photo that the record names.
#[derive(Debug, Serialize)]
pub(super) struct Picture {
    path: String,
    sha256: String,
    size: String,
    pub(super) line: usize,
    /// Where a link to that leads.
    pub(super) anchor: usize,
    /// The thumbnail as a data URI.
    source: Option<String>,
    width: u32,
    height: u32,
    /// Why there is no thumbnail.
    without: Option<&'static str>,
}

/// The photos of a record; without thumbnails when the record does not hold.
pub(super) fn pictures(folder: &Folder, lines: &[Line], verified: bool) -> Vec<Picture> {
    let mut pixels = PIXELS;
    let photos = recorded(lines).filter_map(|(line, file)| Some((line, file, format(&file.path)?)));
    photos
        .take(MOST * 10)
        .enumerate()
        .map(|(at, (line, file, format))| {
            let thumbnail = match (verified, at < MOST) {
                (false, _) => Err("No picture: the record does not hold."),
                (true, false) => Err("No picture: there are too many for one page."),
                (true, true) => thumbnail(folder, file, format, &mut pixels),
            };
            let (source, width, height, without) = match thumbnail {
                Ok((source, width, height)) => (Some(source), width, height, None),
                Err(why) => (None, 0, 0, Some(why)),
            };
            let path = clip(&file.path, LONGEST);
            Picture {
                path,
                sha256: clip(&file.sha256, 64),
                size: size(file.size),
                line,
                anchor: 0,
                source,
                width,
                height,
                without,
            }
        })
        .collect()
}

/// What a file is by its name, when that is a photo.
fn format(path: &str) -> Option<ImageFormat> {
    let (_, extension) = path.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => Some(ImageFormat::Jpeg),
        "png" => Some(ImageFormat::Png),
        _ => None,
    }
}

type Thumbnail = (String, u32, u32);

fn thumbnail(
    folder: &Folder,
    file: &FileRecord,
    format: ImageFormat,
    pixels: &mut u64,
) -> Result<Thumbnail, &'static str> {
    let bytes = read(folder, file).ok_or("No picture: the file is not there as it was recorded, or is too large.")?;
    let small = decode(&bytes, format, pixels).ok_or("No picture: the file cannot be decoded as one.")?;
    let mut jpeg = Vec::new();
    small
        .to_rgb8()
        .write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY))
        .map_err(|_| "No picture: no thumbnail can be made of it.")?;
    Ok((format!("data:image/jpeg;base64,{}", Base64::encode_string(&jpeg)), small.width(), small.height()))
}

/// The bytes that the record names, and no others.
fn read(folder: &Folder, file: &FileRecord) -> Option<Vec<u8>> {
    if file.size > LARGEST || folder.size(&file.path).ok()? != file.size {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(folder.resolve(&file.path).ok()?).ok()?.take(file.size + 1).read_to_end(&mut bytes).ok()?;
    (digest_hex(&bytes) == file.sha256).then_some(bytes)
}

fn decode(bytes: &[u8], format: ImageFormat, pixels: &mut u64) -> Option<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(WIDEST);
    limits.max_image_height = Some(WIDEST);
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    *pixels = pixels.checked_sub(u64::from(width) * u64::from(height))?;
    let orientation = decoder.orientation().ok()?;
    let image = DynamicImage::from_decoder(decoder).ok()?;
    let mut small = if width > THUMBNAIL || height > THUMBNAIL { image.thumbnail(THUMBNAIL, THUMBNAIL) } else { image };
    small.apply_orientation(orientation);
    Some(small)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_photo_is_made_small_and_a_small_one_is_left_as_it_is() {
        let small = |width, height| {
            let small = decode(&png(width, height), ImageFormat::Png, &mut PIXELS.clone()).unwrap();
            (small.width(), small.height())
        };
        assert_eq!(small(1_600, 1_200), (320, 240));
        assert_eq!(small(20, 10), (20, 10));
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_not_decoded() {
        assert!(decode(b"no picture", ImageFormat::Jpeg, &mut PIXELS.clone()).is_none());
        // A file of few bytes that says of itself that it is 30,000 pixels wide.
        let mut bomb = png(1, 1);
        bomb[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
        let crc = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert!(decode(&bomb, ImageFormat::Png, &mut PIXELS.clone()).is_none());
        let mut left = 10_000;
        assert!(decode(&png(100, 100), ImageFormat::Png, &mut left).is_some());
        assert!(decode(&png(1, 1), ImageFormat::Png, &mut left).is_none());
    }

    fn crc(bytes: &[u8]) -> u32 {
        let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
        });
        !crc
    }
}
