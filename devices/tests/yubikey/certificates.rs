//! Certificates of slot F9 and attestations, beside the real ones.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use der::{Decode, Encode, EncodePem, asn1::ObjectIdentifier, pem::LineEnding};
use des::{
    TdesEde3,
    cipher::{BlockEncrypt, KeyInit},
};
use officiant_devices::{
    AttestationKey, Firmware,
    yubikey::{Reply, Settings, VirtualYubiKey, rehearsal_anchors},
};
use tempfile::TempDir;
use x509_cert::{Certificate, TbsCertificate, name::Name};

const P256: u8 = 0x11;
const P384: u8 = 0x14;
const RSA2048: u8 = 0x07;

/// RSA keys take a moment to make, so all cards share one, as those of one batch do.
static ATTESTATION_KEY: LazyLock<AttestationKey> = LazyLock::new(|| AttestationKey::generate().unwrap());

/// A card on which keys can be made.
struct Bench {
    card: VirtualYubiKey,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let attestation_key = Some(ATTESTATION_KEY.clone());
        let mut settings = Settings { attestation_key, ..Settings::new(28_751_258, folder.path().join("card.json")) };
        change(&mut settings);
        let bench = Self { card: VirtualYubiKey::open(&settings).unwrap(), folder };
        bench.send(0xa4, 4, 0, &[0xa0, 0, 0, 3, 8]);
        bench.authenticate();
        bench
    }

    /// One of the series that Docker's devices are of.
    fn fips(serial: u32) -> Self {
        Self::with(|settings| {
            settings.serial = serial;
            settings.firmware = Some(Firmware::new(5, 4, 3));
            settings.fips = Some(true);
        })
    }

    /// The answer to a command APDU, extended, that the card does not refuse.
    fn send(&self, ins: u8, p1: u8, p2: u8, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        let apdu = match data {
            [] => vec![0, ins, p1, p2, 0, 0, 0],
            data => [&[0, ins, p1, p2, 0][..], &length, data, &[0, 0]].concat(),
        };
        let Reply::Answer(mut answer) = self.card.transmit(&apdu) else { panic!("the card is out") };
        let status = answer.split_off(answer.len() - 2);
        assert_eq!(status, [0x90, 0], "{ins:02x} {p1:02x} {p2:02x}");
        answer
    }

    /// With the management key of the factory.
    fn authenticate(&self) {
        let answer = self.send(0x87, 3, 0x9b, &[0x7c, 2, 0x81, 0]);
        let mut block = *des::cipher::Block::<TdesEde3>::from_slice(&answer[4..12]);
        let key: Vec<u8> = (0..3).flat_map(|_| 1..=8).collect();
        TdesEde3::new_from_slice(&key).unwrap().encrypt_block(&mut block);
        self.send(0x87, 3, 0x9b, &[&[0x7c, 10, 0x82, 8], &block[..]].concat());
    }

    /// Makes a key; `policies` are PIN and touch policy.
    fn generate(&self, slot: u8, algorithm: u8, [pin, touch]: [u8; 2]) {
        self.send(0x47, 0, slot, &[0xac, 9, 0x80, 1, algorithm, 0xaa, 1, pin, 0xab, 1, touch]);
    }

    fn attest(&self, slot: u8) -> Certificate {
        Certificate::from_der(&self.send(0xf9, slot, 0, &[])).unwrap()
    }

    /// The certificate of slot F9: in object 5FFF01, with two lengths of three bytes before it and five bytes after it.
    fn f9(&self) -> Certificate {
        let object = self.send(0xcb, 0x3f, 0xff, &[0x5c, 3, 0x5f, 0xff, 1]);
        assert_eq!((object[0], object[4]), (0x53, 0x70));
        assert!(object.ends_with(&[0x71, 1, 0, 0xfe, 0]));
        Certificate::from_der(&object[8..object.len() - 5]).unwrap()
    }
}

/// Docker's devices of 2024-06-04; `None` if they are not here.
///
/// # Panics
/// If they are not here and `CI` is set.
fn real_devices() -> Option<Vec<PathBuf>> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let data = std::env::var_os("OFFICIANT_REAL_DATA").map_or_else(default, PathBuf::from);
    let folder = data.join("docker-2024-06-04/keys");
    if folder.is_dir() {
        let devices: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(devices.len(), 12);
        return Some(devices);
    }
    let reason = format!("{} is not there; set OFFICIANT_REAL_DATA to the folder of real ceremonies", folder.display());
    assert!(std::env::var_os("CI").is_none(), "{reason}");
    eprintln!("skipped: {reason}");
    None
}

fn read(path: &Path) -> Certificate {
    let file = std::fs::read(path).unwrap();
    if file.starts_with(b"-----") {
        Certificate::load_pem_chain(&file).unwrap().remove(0)
    } else {
        Certificate::from_der(&file).unwrap()
    }
}

fn name(name: &Name) -> String {
    name.to_string().strip_prefix("CN=").unwrap().to_owned()
}

/// Everything but serial number, names, key and extensions.
#[track_caller]
fn assert_alike(ours: &TbsCertificate, real: &TbsCertificate) {
    assert_eq!(ours.version, real.version);
    assert_eq!(ours.validity.to_der().unwrap(), real.validity.to_der().unwrap());
    assert_eq!(ours.subject_public_key_info.algorithm, real.subject_public_key_info.algorithm);
    assert_eq!(ours.subject.to_string(), format!("CN=REHEARSAL {}", name(&real.subject)));
    assert_eq!((&ours.issuer_unique_id, &ours.subject_unique_id), (&None, &None));
}

fn extension(certificate: &Certificate, last: u32) -> Option<Vec<u8>> {
    let oid = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3").push_arc(last).unwrap();
    let mut extensions = certificate.tbs_certificate.extensions.iter().flatten();
    extensions.find(|it| it.extn_id == oid).map(|it| it.extn_value.as_bytes().to_vec())
}

#[test]
fn an_attestation_is_made_like_the_real_ones_but_for_its_names_and_keys() {
    for folder in real_devices().into_iter().flatten() {
        let real = read(&folder.join("Slot9CAttestation.pem")).tbs_certificate;
        let bench = Bench::fips(folder.file_name().unwrap().to_str().unwrap().parse().unwrap());
        bench.generate(0x9c, P384, [3, 1]);
        let ours = bench.attest(0x9c).tbs_certificate;
        assert_alike(&ours, &real);
        assert_eq!(ours.extensions.to_der().unwrap(), real.extensions.to_der().unwrap());
        assert_eq!(ours.signature, real.signature);
        assert_eq!(ours.issuer.to_string(), format!("CN=REHEARSAL {}", name(&real.issuer)));
        assert_eq!(ours.serial_number.as_bytes()[0], real.serial_number.as_bytes()[0]);
        // What is not compared above is as long as there.
        let names = 2 * "REHEARSAL ".len();
        assert_eq!(ours.to_der().unwrap().len(), real.to_der().unwrap().len() + names);
    }
}

#[test]
fn the_certificate_of_slot_f9_is_made_like_the_real_ones_but_for_its_names_and_keys() {
    for folder in real_devices().into_iter().flatten() {
        let real = read(&folder.join("SlotF9Intermediate.pem")).tbs_certificate;
        let ours = Bench::fips(1).f9().tbs_certificate;
        assert_alike(&ours, &real);
        assert_eq!(ours.extensions.to_der().unwrap(), real.extensions.to_der().unwrap());
        assert!(ours.issuer.to_string().starts_with("CN=REHEARSAL Yubico PIV Root CA Serial "));
        assert!(real.issuer.to_string().starts_with("CN=Yubico PIV Root CA Serial "));
        assert!(real.serial_number.as_bytes().len() <= 9 && ours.serial_number.as_bytes().len() <= 9);
    }
}

#[test]
fn the_rehearsal_root_is_made_like_the_real_one_but_for_its_name_and_key() {
    let Some(devices) = real_devices() else { return };
    let real = read(&devices[0].join("../../../anchors/yubico-piv-ca-1.der")).tbs_certificate;
    let ours = Certificate::from_der(&rehearsal_anchors().unwrap().root_der).unwrap().tbs_certificate;
    assert_eq!(ours.version, real.version);
    assert_eq!(ours.validity, real.validity);
    assert_eq!(ours.subject, ours.issuer);
    let anonymous = |name: &Name| name.to_string().trim_end_matches(|it: char| it.is_ascii_digit()).to_owned();
    assert_eq!(anonymous(&ours.subject).replace("REHEARSAL ", ""), anonymous(&real.subject));
    let (ours, real) = (ours.extensions.unwrap(), real.extensions.unwrap());
    // The first is the identifier of the key.
    assert_eq!((ours[0].extn_id, ours[0].critical), (real[0].extn_id, real[0].critical));
    assert_eq!(ours[1..], real[1..]);
}

#[test]
fn openssl_verifies_the_chain_of_every_kind_of_key() {
    let bench = Bench::new();
    let folder = bench.folder.path();
    std::fs::write(folder.join("root.pem"), rehearsal_anchors().unwrap().root_pem).unwrap();
    std::fs::write(folder.join("f9.pem"), bench.f9().to_pem(LineEnding::LF).unwrap()).unwrap();
    for (slot, algorithm) in [(0x9a, P256), (0x9c, P384), (0x9d, RSA2048)] {
        bench.generate(slot, algorithm, [2, 1]);
        std::fs::write(folder.join("leaf.pem"), bench.attest(slot).to_pem(LineEnding::LF).unwrap()).unwrap();
        let verified = Command::new("openssl")
            .args(["verify", "-CAfile", "root.pem", "-untrusted", "f9.pem", "leaf.pem"])
            .current_dir(folder)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&verified.stdout), "leaf.pem: OK\n", "{verified:?}");
    }
}

#[test]
fn an_attestation_is_of_the_key_that_was_made() {
    let bench = Bench::new();
    for (slot, algorithm, length) in [(0x9a, P256, 65), (0x9c, P384, 97)] {
        let answer = bench.send(0x47, 0, slot, &[0xac, 3, 0x80, 1, algorithm]);
        let leaf = bench.attest(slot).tbs_certificate;
        let attested = leaf.subject_public_key_info.subject_public_key;
        assert_eq!(attested.raw_bytes(), &answer[answer.len() - length..]);
    }
}

#[test]
fn an_attestation_names_its_slot_its_policies_and_its_device() {
    let bench = Bench::with(|settings| {
        settings.serial = 200;
        settings.firmware = Some(Firmware::new(5, 2, 7));
        settings.form_factor = 0x04;
    });
    for (slot, policies) in [(0x9a, [1, 1]), (0x9d, [2, 3]), (0x82, [3, 2]), (0x95, [2, 1])] {
        bench.generate(slot, P256, policies);
        let leaf = bench.attest(slot);
        let subject = leaf.tbs_certificate.subject.to_string();
        assert_eq!(subject, format!("CN=REHEARSAL YubiKey PIV Attestation {slot:02x}"));
        assert_eq!(extension(&leaf, 3).unwrap(), [5, 2, 7]);
        // The number is positive, whatever its highest bit.
        assert_eq!(extension(&leaf, 7).unwrap(), [2, 2, 0, 200]);
        assert_eq!(extension(&leaf, 8).unwrap(), policies);
        assert_eq!(extension(&leaf, 9).unwrap(), [4]);
    }
}

#[test]
fn the_fips_mark_is_in_the_certificate_of_slot_f9_of_a_fips_device_only() {
    let (fips, usual) = (Bench::fips(1), Bench::new());
    fips.generate(0x9c, P384, [3, 1]);
    usual.generate(0x9c, P384, [3, 1]);
    assert_eq!(extension(&fips.f9(), 10).unwrap(), [2, 1, 7]);
    assert_eq!(extension(&usual.f9(), 10), None);
    assert_eq!(extension(&fips.attest(0x9c), 10), None);
    assert_eq!(extension(&fips.attest(0x9c), 9).unwrap(), [0x83]);
    assert_eq!(extension(&usual.attest(0x9c), 9).unwrap(), [3]);
}

#[test]
fn no_two_attestations_have_the_same_serial_number() {
    let bench = Bench::new();
    bench.generate(0x9c, P256, [3, 1]);
    let [first, second] = [0, 1].map(|_| bench.attest(0x9c).tbs_certificate.serial_number);
    assert_ne!(first, second);
    assert_eq!(first.as_bytes().len(), 16);
}

#[test]
fn every_name_in_the_chain_says_that_it_is_a_rehearsal() {
    let bench = Bench::new();
    bench.generate(0x9c, P256, [3, 1]);
    let root = Certificate::from_der(&rehearsal_anchors().unwrap().root_der).unwrap();
    for certificate in [root, bench.f9(), bench.attest(0x9c)] {
        for name in [certificate.tbs_certificate.subject, certificate.tbs_certificate.issuer] {
            assert!(name.to_string().starts_with("CN=REHEARSAL "), "{name}");
        }
    }
}

#[test]
fn the_rehearsal_authority_is_the_same_always_and_everywhere() {
    let anchors = rehearsal_anchors().unwrap();
    assert_eq!(anchors, rehearsal_anchors().unwrap());
    let fingerprint = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&anchors.root_der));
    assert_eq!(fingerprint, "67b90b908e6b87c31fd5a303c5923bd29eb5d7761d95250c8fa8a9245dd1270c");
    assert_eq!(
        Certificate::load_pem_chain(anchors.root_pem.as_bytes()).unwrap()[0].to_der().unwrap(),
        anchors.root_der
    );
}
