//! Attestation certificates, beside the real ones.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use der::{Decode, Encode, EncodePem, pem::LineEnding};
use officiant_devices::{
    Firmware,
    yubihsm::{Ed25519Attestation, ErrorCode, rehearsal_anchors},
};
use x509_cert::{Certificate, ext::Extension};
use yubihsm::{Capability, Domain, asymmetric, device::ErrorKind, object};

use crate::support::{Bench, label, refusal};

/// The Python Software Foundation's ceremony of 2020-10-30; `None` if it is not here.
///
/// # Panics
/// If it is not here and `CI` is set.
fn real_data() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("OFFICIANT_REAL_DATA").map_or_else(default, PathBuf::from);
    let folder = folder.join("psf-2020-10-30/0013200460");
    if folder.is_dir() {
        return Some(folder);
    }
    let reason = format!("{} is not there; set OFFICIANT_REAL_DATA to the folder of real ceremonies", folder.display());
    assert!(std::env::var_os("CI").is_none(), "{reason}");
    eprintln!("skipped: {reason}");
    None
}

fn certificate(path: &Path) -> Certificate {
    Certificate::from_der(&std::fs::read(path).unwrap()).unwrap()
}

fn extensions(certificate: &Certificate) -> Vec<Extension> {
    certificate.tbs_certificate.extensions.clone().unwrap()
}

/// A device as the real one of 2020 was, with its two keys.
fn as_in_2020() -> Bench {
    let bench = Bench::with(|settings| settings.firmware = Some(Firmware::new(2, 1, 2)));
    let client = bench.client();
    for (id, text) in [(3, "tuf-root"), (4, "tuf-targets")] {
        let algorithm = asymmetric::Algorithm::EcP384;
        client.generate_asymmetric_key(id, label(text), Domain::DOM1, Capability::SIGN_ECDSA, algorithm).unwrap();
    }
    bench
}

#[test]
fn an_attestation_is_made_like_the_real_one_but_for_its_names_and_keys() {
    let Some(folder) = real_data() else { return };
    let bench = as_in_2020();
    for (id, file) in [(3, "0013200460_root_attestation.der"), (4, "0013200460_targets_attestation.der")] {
        let real = certificate(&folder.join(file)).tbs_certificate;
        let ours = bench.client().sign_attestation_certificate(id, None).unwrap();
        let ours = Certificate::from_der(ours.as_slice()).unwrap().tbs_certificate;
        assert_eq!(ours.extensions, real.extensions);
        assert_eq!(ours.version, real.version);
        assert_eq!(ours.signature, real.signature);
        assert_eq!(ours.validity, real.validity);
        assert_eq!(ours.subject_public_key_info.algorithm, real.subject_public_key_info.algorithm);
        assert_eq!(ours.subject.to_string(), format!("CN=REHEARSAL {}", name(&real.subject)));
        assert_eq!(ours.issuer.to_string(), format!("CN=REHEARSAL {}", name(&real.issuer)));
        assert!(ours.serial_number.as_bytes().len() <= 17);
    }
}

fn name(name: &x509_cert::name::Name) -> String {
    name.to_string().strip_prefix("CN=").unwrap().to_owned()
}

#[test]
fn a_devices_certificate_is_made_like_the_real_one_but_for_its_names_and_keys() {
    let Some(folder) = real_data() else { return };
    let real = certificate(&folder.join("0013200460_cert.der"));
    let ours = Certificate::from_der(&as_in_2020().device().attestation_certificate()).unwrap();
    let (real_extensions, our_extensions) = (extensions(&real), extensions(&ours));
    let kinds = |extensions: &[Extension]| {
        extensions.iter().map(|it| (it.extn_id, it.critical, it.extn_value.as_bytes().len())).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&our_extensions), kinds(&real_extensions));
    // Serial number and basic constraints are the same; the two between name other keys.
    assert_eq!(our_extensions[0], real_extensions[0]);
    assert_eq!(our_extensions[3], real_extensions[3]);
    assert_eq!(ours.tbs_certificate.validity, real.tbs_certificate.validity);
    assert_eq!(
        ours.tbs_certificate.subject_public_key_info.algorithm,
        real.tbs_certificate.subject_public_key_info.algorithm
    );
    let subject = format!("CN=REHEARSAL {}", name(&real.tbs_certificate.subject));
    assert_eq!(ours.tbs_certificate.subject.to_string(), subject);
}

#[test]
fn openssl_verifies_the_chain_of_every_kind_of_key() {
    let bench = Bench::with(|settings| settings.ed25519_attestation = Ed25519Attestation::Attested);
    let client = bench.client();
    let folder = bench.folder.path();
    let anchors = rehearsal_anchors().unwrap();
    let device = Certificate::from_der(&client.get_opaque(0).unwrap()).unwrap().to_pem(LineEnding::LF).unwrap();
    std::fs::write(folder.join("root.pem"), &anchors.root_pem).unwrap();
    std::fs::write(folder.join("between.pem"), anchors.sub_ca_pem + &device).unwrap();
    let algorithms = [asymmetric::Algorithm::EcP256, asymmetric::Algorithm::EcP384, asymmetric::Algorithm::Ed25519];
    for (id, algorithm) in (100..).zip(algorithms) {
        client.generate_asymmetric_key(id, label("tuf-root"), Domain::DOM1, Capability::SIGN_ECDSA, algorithm).unwrap();
        let leaf = client.sign_attestation_certificate(id, None).unwrap();
        let leaf = Certificate::from_der(leaf.as_slice()).unwrap().to_pem(LineEnding::LF).unwrap();
        std::fs::write(folder.join("leaf.pem"), leaf).unwrap();
        let verified = Command::new("openssl")
            .args(["verify", "-CAfile", "root.pem", "-untrusted", "between.pem", "leaf.pem"])
            .current_dir(folder)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&verified.stdout), "leaf.pem: OK\n", "{verified:?}");
    }
}

#[test]
fn every_name_in_the_chain_says_that_it_is_a_rehearsal() {
    let bench = as_in_2020();
    let anchors = rehearsal_anchors().unwrap();
    let leaf = bench.client().sign_attestation_certificate(3, None).unwrap().into_vec();
    for der in [anchors.root_der, anchors.sub_ca_der, bench.device().attestation_certificate(), leaf] {
        let certificate = Certificate::from_der(&der).unwrap().tbs_certificate;
        for name in [certificate.subject, certificate.issuer] {
            assert!(name.to_string().starts_with("CN=REHEARSAL "), "{name}");
        }
    }
}

#[test]
fn the_rehearsal_authorities_are_the_same_always_and_everywhere() {
    let anchors = rehearsal_anchors().unwrap();
    assert_eq!(anchors, rehearsal_anchors().unwrap());
    let fingerprint = |der: &[u8]| hex::encode(<sha2::Sha256 as sha2::Digest>::digest(der));
    assert_eq!(fingerprint(&anchors.root_der), "8691ff1b5f9b989d86205c2cce7b93605b4a248921d978d8ce06b9865972102e");
    assert_eq!(fingerprint(&anchors.sub_ca_der), "e2039aa8e8cc24a8a37164bfaba1b93c35e1689f48af45d9758aa1bdb6cd650e");
}

#[test]
fn an_attestation_is_of_the_key_that_it_names() {
    let bench = as_in_2020();
    let client = bench.client();
    let leaf = client.sign_attestation_certificate(4, None).unwrap();
    let leaf = Certificate::from_der(leaf.as_slice()).unwrap();
    let attested = leaf.tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes();
    assert_eq!(attested[1..], client.get_public_key(4).unwrap().bytes);
}

#[test]
fn an_imported_key_is_attested_as_imported() {
    let bench = Bench::new();
    let client = bench.client();
    let algorithm = asymmetric::Algorithm::EcP256;
    client.put_asymmetric_key(7, label("in"), Domain::all(), Capability::empty(), algorithm, [7; 32]).unwrap();
    let leaf = client.sign_attestation_certificate(7, None).unwrap();
    let origin = extensions(&Certificate::from_der(leaf.as_slice()).unwrap())[2].to_der().unwrap();
    assert!(origin.ends_with(&[0x03, 0x02, 0x00, 0x02]), "{origin:02x?}");
}

#[test]
fn an_ed25519_key_is_not_attested_unless_the_device_is_made_to() {
    let make = |attestation: Option<Ed25519Attestation>| {
        let bench = Bench::with(|settings| {
            settings.ed25519_attestation = attestation.unwrap_or(settings.ed25519_attestation);
        });
        let client = bench.client();
        let algorithm = asymmetric::Algorithm::Ed25519;
        client.generate_asymmetric_key(100, label("k"), Domain::all(), Capability::empty(), algorithm).unwrap();
        client.sign_attestation_certificate(100, None)
    };
    assert_eq!(refusal(make(None)), ErrorKind::InvalidData);
    let refused = Ed25519Attestation::Refused(ErrorCode::InvalidCommand);
    assert_eq!(refusal(make(Some(refused))), ErrorKind::InvalidCommand);
    make(Some(Ed25519Attestation::Attested)).unwrap();
}

#[test]
fn a_key_that_is_not_there_neither_is_attested_nor_attests() {
    let bench = as_in_2020();
    let client = bench.client();
    assert_eq!(refusal(client.sign_attestation_certificate(9, None)), ErrorKind::ObjectNotFound);
    assert_eq!(refusal(client.sign_attestation_certificate(3, Some(9))), ErrorKind::ObjectNotFound);
    assert_eq!(refusal(client.sign_attestation_certificate(3, Some(4))), ErrorKind::ObjectNotFound);
}

#[test]
fn a_label_that_is_no_text_is_attested_byte_for_byte() {
    let bench = Bench::new();
    let client = bench.client();
    let bytes = [0xff, 0xfe, 0x41];
    let odd = object::Label::from_bytes(&bytes).unwrap();
    let algorithm = asymmetric::Algorithm::EcP256;
    client.generate_asymmetric_key(7, odd, Domain::all(), Capability::empty(), algorithm).unwrap();
    let leaf = client.sign_attestation_certificate(7, None).unwrap();
    let leaf = Certificate::from_der(leaf.as_slice()).unwrap();
    assert_eq!(extensions(&leaf)[6].extn_value.as_bytes(), [0x0c, 3, 0xff, 0xfe, 0x41]);
    let bench = bench.restart();
    let info = bench.client().get_object_info(7, object::Type::AsymmetricKey).unwrap();
    assert_eq!(info.label.as_ref()[..4], [0xff, 0xfe, 0x41, 0]);
}
