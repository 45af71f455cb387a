//! What an auditor brings along: `allowed_signers` files and certificates in a folder.

use der::{Decode, Encode};
use officiant_engine::audit::Trust;
use std::{fs, io, path::Path};
use x509_cert::Certificate;

/// Largest file in the folder, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Most files in the folder.
const MOST: usize = 1_000;

/// What a file's name says that it is.
enum Kind {
    Signers,
    Certificates,
    Other,
}

impl Kind {
    fn of(name: &str) -> Self {
        if name == "allowed_signers" || name.ends_with(".allowed_signers") {
            return Self::Signers;
        }
        match Path::new(name).extension().and_then(|it| it.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("pem" | "crt" | "der" | "cer") => Self::Certificates,
            _ => Self::Other,
        }
    }
}

/// What is in a folder to be trusted, and the names of what was not looked at.
///
/// # Errors
/// In words: the folder is part of the record that is looked at; it or a file cannot be read, is no regular file, is too large,
/// or not what its name says; nothing in the folder is to be trusted.
pub fn load(folder: &Path, record: &Path) -> Result<(Trust, Vec<String>), String> {
    let shown = folder.display();
    let failed = |error: io::Error| format!("the trust folder `{shown}` cannot be read: {error}");
    let place = folder.canonicalize().map_err(failed)?;
    if record.canonicalize().is_ok_and(|record| place.starts_with(record)) {
        return Err(format!(
            "the trust folder `{shown}` is part of the record, which cannot vouch for itself: get the keys from the people they \
             belong to"
        ));
    }
    let entries = folder.read_dir().map_err(failed)?.collect::<io::Result<Vec<_>>>().map_err(failed)?;
    if entries.len() > MOST {
        return Err(format!("the trust folder `{shown}` has more than {MOST} files"));
    }
    let mut names: Vec<String> = entries.iter().map(|it| it.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let (mut trust, mut left) = (Trust::default(), Vec::new());
    for name in names {
        let path = folder.join(&name);
        let wrong = |why: String| format!("`{}` in the trust folder: {why}", path.display());
        match Kind::of(&name) {
            Kind::Other => left.push(name),
            Kind::Signers => {
                let text =
                    String::from_utf8(read(&path).map_err(wrong)?).map_err(|_| wrong("it is not UTF-8".into()))?;
                trust.allowed_signers.push((name, text));
            }
            Kind::Certificates => trust.anchors.extend(certificates(&read(&path).map_err(wrong)?).map_err(wrong)?),
        }
    }
    if trust.allowed_signers.is_empty() && trust.anchors.is_empty() {
        return Err(format!(
            "the trust folder `{shown}` holds nothing to be trusted: put files into it that are called allowed_signers or \
             NAME.allowed_signers, or certificates (.pem, .crt, .cer, .der)"
        ));
    }
    Ok((trust, left))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = path.symlink_metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no regular file".into());
    }
    if metadata.len() > LARGEST {
        return Err(format!("it has {} bytes, and at most {LARGEST} are read", metadata.len()));
    }
    fs::read(path).map_err(|error| error.to_string())
}

/// The certificates of a file, DER: one in DER, or any number in PEM with text between them.
fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.contains(BEGIN)) else {
        return Ok(vec![certificate(bytes)?]);
    };
    text.split(BEGIN)
        .skip(1)
        .map(|rest| {
            let body = rest.split_once(END).ok_or("a certificate in it does not end")?.0;
            let block = format!("{BEGIN}{body}{END}\n");
            let (_, der) = der::pem::decode_vec(block.as_bytes()).map_err(|error| format!("PEM in it: {error}"))?;
            certificate(&der)
        })
        .collect()
}

/// The bytes as they are, once they were read as a certificate.
fn certificate(der: &[u8]) -> Result<Vec<u8>, String> {
    let read = Certificate::from_der(der).and_then(|certificate| certificate.to_der());
    read.map(|_| der.to_vec()).map_err(|error| format!("it holds no certificate: {error}"))
}
