//! The roots of the vendor that are trusted, by their SHA-256.
//!
//! A root is not in the program: it is brought, and is one when its digest is here.

use super::kind::Kind;

/// A root of the vendor.
pub(super) struct Pin {
    /// The SHA-256 of its DER, hex.
    pub(super) sha256: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// Where the vendor has it.
    pub(super) page: &'static str,
}

/// Of `YubiKeys` with older firmware.
const PIV: Pin = Pin {
    sha256: "63ece914e54dd87915f34033c85af4c0696ba1512f8add66ced738331207b546",
    name: "CN=Yubico PIV Root CA Serial 263751",
    page: "https://developers.yubico.com/PKI/yubico-piv-ca-1.pem",
};

/// Of newer devices of either kind; what is between it and a device is in
/// <https://developers.yubico.com/PKI/yubico-intermediate.pem>.
const ATTESTATION: Pin = Pin {
    sha256: "62760c6a6ef91679f454c8902b80fd009825b3f25da90f1fbace2ec6586cd5a8",
    name: "CN=Yubico Attestation Root 1",
    page: "https://developers.yubico.com/PKI/yubico-ca-1.pem",
};

/// Of YubiHSM 2 devices.
const YUBIHSM: Pin = Pin {
    sha256: "094a3ac493c2bdcd65a54bdf40190f52bb03f7156397a3fc69d8aa9a392fb724",
    name: "CN=Yubico YubiHSM Root CA",
    page: "https://developers.yubico.com/YubiHSM2/Concepts/yubihsm2-attest-ca-crt.pem",
};

/// The roots that devices of a kind lead to.
pub(super) fn of(kind: Kind) -> [&'static Pin; 2] {
    match kind {
        Kind::Piv => [&PIV, &ATTESTATION],
        Kind::Yubihsm => [&YUBIHSM, &ATTESTATION],
    }
}

/// Where to get the roots of a kind, as the end of a sentence.
pub(super) fn pages(kind: Kind) -> String {
    let [first, second] = of(kind).map(|pin| format!("`{}` from {}", pin.name, pin.page));
    format!("{first}, or {second}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        attestation::anchors::tests::real_anchors,
        x509::{Anchors, leads_to},
    };
    use jiff::Timestamp;
    use officiant_engine::record::digest_hex;

    #[test]
    fn each_pin_is_that_of_the_root_of_that_name() {
        let Some(brought) = real_anchors() else { return };
        for pin in [&PIV, &ATTESTATION, &YUBIHSM] {
            let of_the_name = brought.iter().filter(|it| it.tbs_certificate.subject.to_string() == pin.name);
            let digests: Vec<_> = of_the_name.map(|it| digest_hex(&crate::x509::der(it))).collect();
            assert_eq!(digests, [pin.sha256], "{}", pin.name);
        }
    }

    #[test]
    fn the_vendors_intermediates_lead_to_its_newer_root() {
        let Some(brought) = real_anchors() else { return };
        let anchors = Anchors::new(brought.clone(), |it| digest_hex(&crate::x509::der(it)) == ATTESTATION.sha256);
        let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let name = |it: &x509_cert::Certificate| it.tbs_certificate.subject.to_string();
        let mut led = Vec::new();
        for certificate in &brought {
            if let Ok(above) = leads_to(certificate, &anchors, at) {
                led.push((name(certificate), above.into_iter().map(name).collect::<Vec<_>>()));
            }
        }
        led.sort();
        let root = "CN=Yubico Attestation Root 1".to_string();
        let [a, b] = ["A", "B"].map(|letter| format!("CN=Yubico Attestation Intermediate {letter} 1"));
        let expected = [
            (a.clone(), vec![root.clone()]),
            (b.clone(), vec![root.clone()]),
            ("CN=Yubico PIV Attestation A 1".to_string(), vec![a, root.clone()]),
            ("CN=Yubico PIV Attestation B 1".to_string(), vec![b.clone(), root.clone()]),
            ("CN=Yubico PIV Attestation B2 1".to_string(), vec![b.clone(), root.clone()]),
            ("CN=YubiHSM Attestation B2 1".to_string(), vec![b, root]),
        ];
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(led, expected);
    }
}
