//! Certificates (RFC 5280): strict reading, signatures, extensions, and the way up to a trusted root.

mod chain;
mod extension;
mod read;
mod signature;

pub(crate) use chain::{Anchors, critical_extensions, is_authority, leads_to, valid};
pub(crate) use extension::{Unsaid, bits, number, octets, only, text};
pub(crate) use read::{LARGEST, bundle, certificate, common_name, der, from_der, is_pem, pem_block};
pub(crate) use signature::{Unverified, verify};

use x509_cert::Certificate;

/// What every certificate of a virtual device has in its names, and none of a real one.
pub(crate) const REHEARSAL: &str = "REHEARSAL";

/// Whether a virtual device is at the root of a certificate.
pub(crate) fn is_rehearsal(certificate: &Certificate) -> bool {
    let body = &certificate.tbs_certificate;
    [&body.issuer, &body.subject].iter().any(|name| name.to_string().contains(REHEARSAL))
}
