//! Reading certificates, strictly: one certificate, in the one encoding that DER has for it, and nothing beside it.

use x509_cert::{
    Certificate, Version,
    der::{
        Decode, Encode, Tag, Tagged,
        asn1::{ObjectIdentifier, PrintableStringRef, Utf8StringRef},
        pem,
    },
};

/// The largest key or certificate that is read, in bytes.
pub(crate) const LARGEST: u64 = 64 * 1024;

/// The most certificates in one file of anchors.
const MOST: usize = 200;

const BEGIN: &str = "-----BEGIN ";
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Reads a certificate of version 3 in DER.
///
/// # Errors
/// What is wrong with it, as a clause: it is no certificate, is encoded in another way than DER has it, has something after it,
/// or has an extension twice (RFC 5280, 4.2).
pub(crate) fn from_der(bytes: &[u8]) -> Result<Certificate, String> {
    let certificate = Certificate::from_der(bytes).map_err(|error| format!("it is no X.509 certificate ({error})"))?;
    if certificate.to_der().ok().as_deref() != Some(bytes) {
        return Err("it is not in DER, the one encoding of a certificate".to_string());
    }
    let body = &certificate.tbs_certificate;
    let names: Vec<_> = body.extensions.iter().flatten().map(|extension| extension.extn_id).collect();
    if let Some((_, twice)) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
        return Err(format!("it has the extension {twice} twice"));
    }
    if body.version != Version::V3 {
        return Err("it is no X.509 certificate of version 3".to_string());
    }
    Ok(certificate)
}

/// Reads a certificate in DER, or alone in PEM.
///
/// # Errors
/// As [`from_der`]; there is more in the PEM than one certificate.
pub(crate) fn certificate(bytes: &[u8]) -> Result<Certificate, String> {
    if !is_pem(bytes) {
        return from_der(bytes);
    }
    match pem_block(bytes)? {
        (label, der) if label == "CERTIFICATE" => from_der(&der),
        (label, _) => Err(format!("it holds a {label}, not a CERTIFICATE")),
    }
}

/// The DER of a certificate that was read.
pub(crate) fn der(certificate: &Certificate) -> Vec<u8> {
    certificate.to_der().unwrap_or_default()
}

/// Whether the bytes are meant as PEM.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, BEGIN.as_bytes()).is_some()
}

/// The label and the bytes of a PEM file of one block and nothing else.
///
/// # Errors
/// What is wrong with it, as a clause.
pub(crate) fn pem_block(bytes: &[u8]) -> Result<(String, Vec<u8>), String> {
    let bytes = bytes.trim_ascii();
    let blocks = memchr::memmem::find_iter(bytes, BEGIN.as_bytes()).count();
    if blocks != 1 {
        return Err(format!("it holds {blocks} blocks of PEM, and one is expected"));
    }
    if !bytes.starts_with(BEGIN.as_bytes()) {
        return Err("there is something before its block of PEM".to_string());
    }
    decoded(bytes)
}

/// The certificates of a file of anchors: one in DER, or any number in PEM with text between them.
///
/// # Errors
/// What is wrong with it, as a clause.
pub(crate) fn bundle(bytes: &[u8]) -> Result<Vec<Certificate>, String> {
    const END: &str = "-----END CERTIFICATE-----";
    if !is_pem(bytes) {
        return Ok(vec![from_der(bytes)?]);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "its PEM is not UTF-8".to_string())?;
    let blocks: Vec<&str> = text.split("-----BEGIN CERTIFICATE-----").skip(1).collect();
    if blocks.is_empty() || blocks.len() > MOST {
        return Err(format!("it holds {} certificates; from 1 to {MOST} are expected", blocks.len()));
    }
    let read = |rest: &str| {
        let body = rest.split_once(END).ok_or("a certificate in it does not end")?.0;
        from_der(&decoded(format!("-----BEGIN CERTIFICATE-----{body}{END}").as_bytes())?.1)
    };
    blocks.into_iter().map(read).collect()
}

fn decoded(block: &[u8]) -> Result<(String, Vec<u8>), String> {
    // A last newline is often missing, and the decoder wants one.
    let block = [block, b"\n"].concat();
    let (label, der) = pem::decode_vec(&block).map_err(|error| format!("its PEM cannot be read ({error})"))?;
    Ok((label.to_string(), der))
}

/// The one common name that a certificate is of, when its subject is nothing else.
pub(crate) fn common_name(certificate: &Certificate) -> Option<String> {
    let [name] = certificate.tbs_certificate.subject.0.as_slice() else { return None };
    let [part] = name.0.as_slice() else { return None };
    if part.oid != COMMON_NAME {
        return None;
    }
    match part.value.tag() {
        Tag::Utf8String => part.value.decode_as::<Utf8StringRef<'_>>().ok().map(|text| text.to_string()),
        Tag::PrintableString => part.value.decode_as::<PrintableStringRef<'_>>().ok().map(|text| text.to_string()),
        _ => None,
    }
}
