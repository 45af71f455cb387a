//! The values of extensions (RFC 5280, 4.2), as devices encode what they say of a key.

use std::fmt;
use x509_cert::{
    Certificate,
    der::{
        Any, Decode, Tag, Tagged,
        asn1::{BitStringRef, ObjectIdentifier, OctetStringRef},
    },
};

/// Why an extension says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsaid {
    /// It is not there.
    Absent,
    /// It is there more than once.
    Twice,
    /// Its value is not the DER that it must be.
    Malformed,
}

impl fmt::Display for Unsaid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Absent => "is missing",
            Self::Twice => "is there twice",
            Self::Malformed => "is not encoded as it must be",
        })
    }
}

/// The value of the only extension of that name: what is inside its octet string.
pub(crate) fn only(certificate: &Certificate, oid: ObjectIdentifier) -> Result<Vec<u8>, Unsaid> {
    let extensions = certificate.tbs_certificate.extensions.iter().flatten();
    let mut values = extensions.filter(|extension| extension.extn_id == oid);
    let value = values.next().ok_or(Unsaid::Absent)?.extn_value.as_bytes().to_vec();
    if values.next().is_some() { Err(Unsaid::Twice) } else { Ok(value) }
}

/// An INTEGER that is not negative and has no needless zeros.
pub(crate) fn number(certificate: &Certificate, oid: ObjectIdentifier) -> Result<u32, Unsaid> {
    u32::from_der(&only(certificate, oid)?).map_err(|_| Unsaid::Malformed)
}

/// A BIT STRING of whole bytes that holds a big-endian number.
pub(crate) fn bits(certificate: &Certificate, oid: ObjectIdentifier) -> Result<u64, Unsaid> {
    let value = only(certificate, oid)?;
    let bytes = BitStringRef::from_der(&value).ok().and_then(|bits| bits.as_bytes()).ok_or(Unsaid::Malformed)?;
    if bytes.len() > 8 {
        return Err(Unsaid::Malformed);
    }
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// The bytes of a `UTF8String`.
pub(crate) fn text(certificate: &Certificate, oid: ObjectIdentifier) -> Result<Vec<u8>, Unsaid> {
    let value = Any::from_der(&only(certificate, oid)?).map_err(|_| Unsaid::Malformed)?;
    if value.tag() == Tag::Utf8String { Ok(value.value().to_vec()) } else { Err(Unsaid::Malformed) }
}

/// The bytes of an OCTET STRING inside the extension's own.
pub(crate) fn octets(certificate: &Certificate, oid: ObjectIdentifier) -> Result<Vec<u8>, Unsaid> {
    let value = only(certificate, oid)?;
    OctetStringRef::from_der(&value).map(|octets| octets.as_bytes().to_vec()).map_err(|_| Unsaid::Malformed)
}
