//! Attestations: certificates by which a device says that it made a key, judged without the device.

mod anchors;
mod audit;
mod device;
mod expected;
mod folder;
mod key;
mod kind;
mod match_root;
mod pattern;
mod pins;
pub(crate) mod piv;
mod public_key;
mod verify;
mod version;
pub(crate) mod yubihsm;

pub(crate) use version::Version;

use officiant_engine::conduct::Registry;

pub(crate) fn register(registry: Registry) -> Registry {
    registry.with(verify::Verify).with(match_root::MatchRoot)
}

/// Reads a certificate as either kind of device makes them, and as an anchor of its own.
pub(crate) fn fuzz(bytes: &[u8]) {
    let _ = crate::x509::bundle(bytes);
    let Ok(certificate) = crate::x509::certificate(bytes) else { return };
    let _ = (piv::PivClaims::read(&certificate), yubihsm::HsmClaims::read(&certificate));
    let _ = public_key::compare(bytes, &certificate.tbs_certificate.subject_public_key_info);
    let anchors = crate::x509::Anchors::as_brought([certificate.clone()]);
    let _ = crate::x509::leads_to(&certificate, &anchors, jiff::Timestamp::UNIX_EPOCH);
}

#[cfg(test)]
mod tests {
    use super::{anchors::tests::real_anchors, fuzz};

    #[test]
    fn no_certificate_whatever_was_done_to_it_stops_the_program() {
        let Some(brought) = real_anchors() else { return };
        let der = crate::x509::der(&brought[0]);
        for at in 0..der.len() {
            for change in [1, 0x20, 0x80] {
                let mut bytes = der.clone();
                bytes[at] ^= change;
                fuzz(&bytes);
            }
            fuzz(&der[..at]);
        }
    }
}
