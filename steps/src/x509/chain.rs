//! The way from a device's certificate up to a root that is trusted (RFC 5280, 6).
//!
//! The roots are the self-signed certificates among those that were brought, and nothing else is one: neither what the device
//! gives out nor an intermediate. An issuer is the one whose key made the signature; certificates of one name are told apart by
//! that. Revocation is not looked at: the vendor publishes no list for these.

use super::signature::verify;
use jiff::Timestamp;
use std::time::Duration;
use x509_cert::{
    Certificate,
    der::{Decode, oid::AssociatedOid},
    ext::pkix::{BasicConstraints, KeyUsage},
};

/// Most certificates between a device's and the root.
const LONGEST: u8 = 6;

/// Why a certificate does not lead to a trusted root, as a clause.
pub(crate) type Astray = String;

/// Makes sure that a certificate leads to a root among the anchors, and that all on the way were valid at a time.
///
/// # Errors
/// How far the way leads.
pub(crate) fn leads_to(certificate: &Certificate, anchors: &[Certificate], at: Timestamp) -> Result<(), Astray> {
    if !anchors.iter().any(is_root) {
        return Err("there is no root among the anchors, only intermediates".to_string());
    }
    may_issue(certificate, 0)?;
    climb(certificate, anchors, at, 0)
}

/// `below`: how many certificates of authorities are below this one's issuer, the device's own left out.
fn climb(certificate: &Certificate, anchors: &[Certificate], at: Timestamp, below: u8) -> Result<(), Astray> {
    let body = &certificate.tbs_certificate;
    let (name, issuer) = (&body.subject, &body.issuer);
    if !valid(certificate, at) {
        return Err(format!("the certificate of `{name}` was not valid at that time"));
    }
    if anchors.iter().any(|anchor| anchor == certificate) && is_root(certificate) {
        return Ok(());
    }
    if below >= LONGEST {
        return Err(format!("there are more than {LONGEST} certificates above the device's"));
    }
    let mut astray = format!("no certificate of `{issuer}` that signed that of `{name}` is among the anchors");
    for candidate in anchors.iter().filter(|anchor| anchor.tbs_certificate.subject == *issuer) {
        if verify(certificate, candidate).is_err() {
            continue;
        }
        match may_issue(candidate, below + 1).and_then(|()| climb(candidate, anchors, at, below + 1)) {
            Ok(()) => return Ok(()),
            Err(further) => astray = further,
        }
    }
    Err(astray)
}

/// Whether a certificate is issued by itself.
fn is_root(certificate: &Certificate) -> bool {
    let body = &certificate.tbs_certificate;
    body.subject == body.issuer && verify(certificate, certificate).is_ok()
}

/// Whether a certificate was valid at a time.
pub(crate) fn valid(certificate: &Certificate, at: Timestamp) -> bool {
    let validity = &certificate.tbs_certificate.validity;
    let Ok(since_1970) = Duration::try_from(at.as_duration()) else { return false };
    (validity.not_before.to_unix_duration()..=validity.not_after.to_unix_duration()).contains(&since_1970)
}

/// Whether a certificate is of an authority that may have `depth` certificates of others below it (RFC 5280, 4.2.1.3 and
/// 4.2.1.9).
fn may_issue(certificate: &Certificate, depth: u8) -> Result<(), Astray> {
    critical_extensions(certificate)?;
    let name = &certificate.tbs_certificate.subject;
    let constraints = extension::<BasicConstraints>(certificate);
    if !constraints.as_ref().is_some_and(|constraints| constraints.ca) {
        return Err(format!("`{name}` is no certification authority"));
    }
    if constraints.and_then(|constraints| constraints.path_len_constraint).is_some_and(|most| most < depth) {
        return Err(format!("`{name}` may not have {depth} certificates of authorities below it"));
    }
    if extension::<KeyUsage>(certificate).is_some_and(|usage| !usage.key_cert_sign()) {
        return Err(format!("the key of `{name}` is not for signing certificates"));
    }
    Ok(())
}

/// What is critical and not understood forbids the use of a certificate (RFC 5280, 4.2).
fn critical_extensions(certificate: &Certificate) -> Result<(), Astray> {
    let known = [BasicConstraints::OID, KeyUsage::OID];
    let body = &certificate.tbs_certificate;
    match body.extensions.iter().flatten().find(|it| it.critical && !known.contains(&it.extn_id)) {
        Some(extension) => {
            Err(format!("the certificate of `{}` has the critical extension {}", body.subject, extension.extn_id))
        }
        None => Ok(()),
    }
}

fn extension<T: for<'a> Decode<'a> + AssociatedOid>(certificate: &Certificate) -> Option<T> {
    let extensions = certificate.tbs_certificate.extensions.iter().flatten();
    let found = extensions.filter(|extension| extension.extn_id == T::OID).collect::<Vec<_>>();
    match found.as_slice() {
        [one] => T::from_der(one.extn_value.as_bytes()).ok(),
        _ => None,
    }
}
