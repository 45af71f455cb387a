//! The way from a device's certificate up to a root that is trusted (RFC 5280, 6).
//!
//! Roots are among the certificates that were brought, and nothing else is one: neither what the device gives out nor an
//! intermediate. An issuer is the one whose key made the signature; certificates of one name are told apart by that, and key
//! identifiers are not looked at. Revocation is not looked at: the vendor publishes no list for these.

use super::signature::verify;
use jiff::Timestamp;
use std::time::Duration;
use x509_cert::{
    Certificate,
    der::{Decode, oid::AssociatedOid},
    ext::pkix::{BasicConstraints, KeyUsage},
};

/// Most certificates between a device's and the root.
const LONGEST: usize = 6;

/// Most signatures that are verified on the way, whatever was brought.
const MOST_SIGNATURES: usize = 200;

/// Why a certificate does not lead to a trusted root, as a clause.
pub(crate) type Astray = String;

/// The certificates that were brought.
#[derive(Debug, Clone, Default)]
pub(crate) struct Anchors {
    /// Those that are trusted.
    roots: Vec<Certificate>,
    /// Those that are their own issuers and not trusted: they tell which root is missing.
    strangers: Vec<Certificate>,
    /// Those that others issued.
    intermediates: Vec<Certificate>,
}

impl Anchors {
    /// Trusts those among `brought` that are their own issuers and `trusted`.
    pub(crate) fn new(brought: impl IntoIterator<Item = Certificate>, trusted: impl Fn(&Certificate) -> bool) -> Self {
        let mut anchors = Self::default();
        for certificate in brought {
            let kept = match (is_own_issuer(&certificate), trusted(&certificate)) {
                (true, true) => &mut anchors.roots,
                (true, false) => &mut anchors.strangers,
                (false, _) => &mut anchors.intermediates,
            };
            if !kept.contains(&certificate) {
                kept.push(certificate);
            }
        }
        anchors
    }

    /// Trusts everything that is its own issuer: whoever brought it vouches for it.
    pub(crate) fn as_brought(brought: impl IntoIterator<Item = Certificate>) -> Self {
        Self::new(brought, |_| true)
    }

    /// Takes the roots of others as roots too, and their intermediates.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.roots.extend(others.roots);
        self.strangers.extend(others.strangers);
        self.intermediates.extend(others.intermediates);
        self
    }

    /// Whether there is a root to lead to.
    pub(crate) fn has_root(&self) -> bool {
        !self.roots.is_empty()
    }
}

/// Leads a certificate to a root among the anchors, all on the way being valid at a time; what is above it, the root last.
///
/// # Errors
/// How far the way leads.
pub(crate) fn leads_to<'a>(
    certificate: &Certificate,
    anchors: &'a Anchors,
    at: Timestamp,
) -> Result<Vec<&'a Certificate>, Astray> {
    if !anchors.has_root() {
        return Err("there is no root among the anchors, only intermediates".to_string());
    }
    if is_own_issuer(certificate) {
        let name = &certificate.tbs_certificate.subject;
        return Err(format!("the certificate of `{name}` is signed by itself, and a device does not vouch for itself"));
    }
    may_issue(certificate, 0)?;
    if !valid(certificate, at) {
        return Err(invalid(certificate));
    }
    Climb { anchors, at, signatures: 0 }.up(certificate, &mut Vec::new())
}

struct Climb<'a> {
    anchors: &'a Anchors,
    at: Timestamp,
    signatures: usize,
}

impl<'a> Climb<'a> {
    /// `above`: what was found above the device's certificate so far, `certificate` last.
    fn up(
        &mut self,
        certificate: &Certificate,
        above: &mut Vec<&'a Certificate>,
    ) -> Result<Vec<&'a Certificate>, Astray> {
        let body = &certificate.tbs_certificate;
        let (name, issuer) = (&body.subject, &body.issuer);
        if above.len() >= LONGEST {
            return Err(format!("there are more than {LONGEST} certificates above the device's"));
        }
        let mut astray = format!("no certificate of `{issuer}` that signed that of `{name}` is among the anchors");
        let Anchors { roots, strangers, intermediates } = self.anchors;
        for candidate in roots.iter().chain(intermediates).chain(strangers) {
            if candidate.tbs_certificate.subject != *issuer {
                continue;
            }
            self.signatures += 1;
            if self.signatures > MOST_SIGNATURES {
                return Err("there are too many ways up among the anchors".to_string());
            }
            if let Err(unverified) = verify(certificate, candidate) {
                if unverified != super::Unverified::OtherKey {
                    return Err(format!("the certificate of `{name}` does not hold: {unverified}"));
                }
                continue;
            }
            above.push(candidate);
            // The device's own certificate is below it as well.
            let found = may_issue(candidate, above.len()).and_then(|()| {
                if !valid(candidate, self.at) {
                    Err(invalid(candidate))
                } else if roots.contains(candidate) {
                    Ok(above.clone())
                } else if strangers.contains(candidate) {
                    Err(format!(
                        "the root `{issuer}` is not one that is trusted: its SHA-256 is {}",
                        officiant_engine::record::digest_hex(&super::der(candidate))
                    ))
                } else {
                    self.up(candidate, above)
                }
            });
            above.pop();
            match found {
                Ok(found) => return Ok(found),
                Err(further) => astray = further,
            }
        }
        Err(astray)
    }
}

/// Whether a certificate is issued by itself.
fn is_own_issuer(certificate: &Certificate) -> bool {
    let body = &certificate.tbs_certificate;
    body.subject == body.issuer && verify(certificate, certificate).is_ok()
}

/// Whether a certificate was valid at a time.
pub(crate) fn valid(certificate: &Certificate, at: Timestamp) -> bool {
    let validity = &certificate.tbs_certificate.validity;
    let Ok(since_1970) = Duration::try_from(at.as_duration()) else { return false };
    (validity.not_before.to_unix_duration()..=validity.not_after.to_unix_duration()).contains(&since_1970)
}

fn invalid(certificate: &Certificate) -> Astray {
    let body = &certificate.tbs_certificate;
    format!(
        "the certificate of `{}` was not valid at that time, but from {} to {}",
        body.subject, body.validity.not_before, body.validity.not_after
    )
}

/// Whether a certificate is of an authority that may have `depth` certificates of others below it (RFC 5280, 4.2.1.3 and
/// 4.2.1.9).
fn may_issue(certificate: &Certificate, depth: usize) -> Result<(), Astray> {
    critical_extensions(certificate)?;
    let name = &certificate.tbs_certificate.subject;
    let constraints = extension::<BasicConstraints>(certificate);
    if !constraints.as_ref().is_some_and(|constraints| constraints.ca) {
        return Err(format!("`{name}` is no certification authority"));
    }
    if constraints.and_then(|constraints| constraints.path_len_constraint).is_some_and(|most| usize::from(most) < depth)
    {
        return Err(format!("`{name}` may not have {depth} certificates of authorities below it"));
    }
    if has::<KeyUsage>(certificate) && !extension::<KeyUsage>(certificate).is_some_and(|usage| usage.key_cert_sign()) {
        return Err(format!("the key of `{name}` is not for signing certificates"));
    }
    Ok(())
}

/// What is critical and not understood forbids the use of a certificate (RFC 5280, 4.2).
pub(crate) fn critical_extensions(certificate: &Certificate) -> Result<(), Astray> {
    let known = [BasicConstraints::OID, KeyUsage::OID];
    let body = &certificate.tbs_certificate;
    match body.extensions.iter().flatten().find(|it| it.critical && !known.contains(&it.extn_id)) {
        Some(extension) => Err(format!(
            "the certificate of `{}` has the critical extension {}, which is not known here",
            body.subject, extension.extn_id
        )),
        None => Ok(()),
    }
}

fn has<T: AssociatedOid>(certificate: &Certificate) -> bool {
    certificate.tbs_certificate.extensions.iter().flatten().any(|extension| extension.extn_id == T::OID)
}

/// Whether a certificate says that it is of an authority.
pub(crate) fn is_authority(certificate: &Certificate) -> bool {
    extension::<BasicConstraints>(certificate).is_some_and(|constraints| constraints.ca)
}

fn extension<T: for<'a> Decode<'a> + AssociatedOid>(certificate: &Certificate) -> Option<T> {
    T::from_der(&super::only(certificate, T::OID).ok()?).ok()
}
