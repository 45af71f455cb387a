//! Attestations that real devices gave out, and what a forger makes of them.

use jiff::Timestamp;
use officiant_engine::{
    conduct::{Exhibit, Performed, Registry},
    record::Folder,
};
use officiant_steps::ports::{Ports, SystemPorts};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

const SERIAL: u32 = 13_200_460;
const OTHER: u32 = 13_200_461;

/// The folder of real ceremonies.
///
/// # Panics
/// If it is not here and `CI` is set.
pub fn real_data() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("OFFICIANT_REAL_DATA").map_or_else(default, PathBuf::from);
    if folder.join("psf-2020-10-30").is_dir() && folder.join("anchors").is_dir() {
        return Some(folder);
    }
    let reason = format!("{} is not there; set OFFICIANT_REAL_DATA", folder.display());
    assert!(std::env::var_os("CI").is_none(), "{reason}");
    eprintln!("skipped: {reason}");
    None
}

/// The vendor's roots and intermediates, DER.
fn anchors(data: &Path) -> Vec<Vec<u8>> {
    let folders = [data.join("anchors"), data.join("anchors/intermediates")];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    files.filter(|path| path.extension().is_some_and(|end| end == "der")).map(|path| fs::read(path).unwrap()).collect()
}

/// A folder with an attestation and a device certificate, and the step that made them.
struct Held {
    folder: TempDir,
    step: Performed,
    anchors: Vec<Vec<u8>>,
}

impl Held {
    fn of(serial: u32, object_id: u16, attestation: &[u8], device: &[u8], anchors: Vec<Vec<u8>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("products")).unwrap();
        fs::write(folder.path().join("products/a.der"), attestation).unwrap();
        fs::write(folder.path().join("products/c.der"), device).unwrap();
        let Value::Object(with) = json!({
            "device": "HSM",
            "password": { "secret": "password" },
            "object_id": object_id,
            "out": "a.der",
            "certificate_out": "c.der"
        }) else {
            unreachable!()
        };
        let at: Timestamp = "2020-10-30T18:00:00Z".parse().unwrap();
        let outputs = json!({
            "serial": serial,
            "object_id": object_id,
            "attested": true,
            "finding": null,
            "fingerprint": fingerprint(attestation),
            "path": "products/a.der",
            "sha256": "",
            "certificate_path": "products/c.der",
            "certificate_sha256": "",
            "subject": format!("CN=YubiHSM Attestation ({serial})"),
            "issuer": "CN=Yubico YubiHSM 6742036 Sub-CA"
        });
        let step = Performed {
            uses: "yubihsm.attest".into(),
            with,
            outputs: Some(outputs),
            answered: Vec::new(),
            seen: Vec::new(),
            finished: true,
            taken_up: false,
            breaks: 0,
            began: at,
            at,
            serial: Some(serial),
            line: 7,
        };
        Self { folder, step, anchors }
    }

    fn objections(&self) -> Vec<String> {
        let ports: Arc<dyn Ports> = Arc::new(SystemPorts::new());
        let registry: Registry = officiant_steps::registry(&ports);
        let (folder, steps) = (Folder::open(self.folder.path()), std::slice::from_ref(&self.step));
        let exhibit = Exhibit::new(&folder, false, &self.anchors, steps, 0).unwrap();
        let handler = registry.get("yubihsm.attest").unwrap();
        let outputs = self.step.outputs.as_ref().unwrap();
        let found = handler.audit(Value::Object(self.step.with.clone()), outputs, &exhibit);
        found.into_iter().map(|it| format!("{}: {}", it.code, it.message)).collect()
    }
}

/// SHA-256 of the certificate's SubjectPublicKeyInfo, by openssl.
fn fingerprint(certificate: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let [der, pem, key] =
        ["a.der", "a.pem", "a.key"].map(|name| folder.path().join(name).to_str().unwrap().to_string());
    fs::write(&der, certificate).unwrap();
    let said = crate::bench::openssl(&["x509", "-inform", "der", "-in", &der, "-noout", "-pubkey"]).unwrap();
    fs::write(&pem, said).unwrap();
    crate::bench::openssl(&["pkey", "-pubin", "-in", &pem, "-outform", "der", "-out", &key]).unwrap();
    hex::encode(Sha256::digest(fs::read(key).unwrap()))
}

fn published(data: &Path, serial: u32, name: &str) -> Vec<u8> {
    fs::read(data.join(format!("psf-2020-10-30/00{serial}/00{serial}_{name}.der"))).unwrap()
}

#[test]
fn the_published_attestations_lead_to_the_vendors_root() {
    let Some(data) = real_data() else { return };
    for serial in [SERIAL, OTHER] {
        for (object_id, name) in [(3, "root_attestation"), (4, "targets_attestation")] {
            let (attestation, device) = (published(&data, serial, name), published(&data, serial, "cert"));
            let held = Held::of(serial, object_id, &attestation, &device, anchors(&data));
            assert_eq!(held.objections(), Vec::<String>::new(), "{serial} {name}");
        }
    }
}

#[test]
fn an_attestation_from_another_device_is_refused() {
    let Some(data) = real_data() else { return };
    let other = published(&data, OTHER, "root_attestation");
    let held = Held::of(SERIAL, 3, &other, &published(&data, SERIAL, "cert"), anchors(&data));
    assert_eq!(
        held.objections(),
        [
            "attestation: the attestation was issued by another than the device's certificate",
            "attestation: the attestation does not hold: the device certificate's key did not sign it",
            "attestation: the attestation is of another serial number than the record says",
        ]
    );
    // With that device's certificate too.
    let held = Held::of(SERIAL, 3, &other, &published(&data, OTHER, "cert"), anchors(&data));
    let said = held.objections();
    assert!(said.iter().any(|it| it.contains("the device's certificate is of another serial number")), "{said:?}");
}

#[test]
fn without_the_vendors_root_nothing_is_proved_and_that_is_said_once() {
    let Some(data) = real_data() else { return };
    let (attestation, device) = (published(&data, SERIAL, "root_attestation"), published(&data, SERIAL, "cert"));
    let held = Held::of(SERIAL, 3, &attestation, &device, Vec::new());
    let said = held.objections();
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("anchors: that the devices are the vendor's is not proved"), "{said:?}");
    // What the device gives out is no root, nor are intermediates alone.
    let held = Held::of(SERIAL, 3, &attestation, &device, vec![device.clone()]);
    assert!(held.objections()[0].ends_with("there is no root among the anchors, only intermediates"));
}

#[test]
fn a_certificate_that_was_not_valid_yet_is_refused() {
    let Some(data) = real_data() else { return };
    let (attestation, device) = (published(&data, SERIAL, "root_attestation"), published(&data, SERIAL, "cert"));
    let mut held = Held::of(SERIAL, 3, &attestation, &device, anchors(&data));
    held.step.at = "2016-12-31T23:59:59Z".parse().unwrap();
    assert_eq!(
        held.objections(),
        [
            "chain: the device's certificate leads to no trusted root: the certificate of `CN=YubiHSM Attestation \
             (13200460)` was not valid at that time, but from 2017-01-01T00:00:00Z to 2071-10-05T00:00:00Z",
            "attestation: the attestation was not valid at that time"
        ]
    );
}

/// Certificates with the names of real ones, made with openssl: attestation and device certificate, and the two above.
fn forged(folder: &Path, pathlen: &str) -> Option<[Vec<u8>; 4]> {
    let of_device =
        "1.3.6.1.4.1.41482.4.2=ASN1:INTEGER:13200460\n1.3.6.1.4.1.41482.4.1=ASN1:FORMAT:HEX,OCTETSTRING:020102";
    let of_key = "1.3.6.1.4.1.41482.4.3=ASN1:FORMAT:HEX,BITSTRING:01\n1.3.6.1.4.1.41482.4.4=ASN1:FORMAT:HEX,BITSTRING:0001\n\
                  1.3.6.1.4.1.41482.4.5=ASN1:FORMAT:HEX,BITSTRING:0000000000000080\n1.3.6.1.4.1.41482.4.6=ASN1:INTEGER:3\n\
                  1.3.6.1.4.1.41482.4.9=ASN1:UTF8String:tuf-root";
    let path = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let steps = [
        ("root", "Yubico YubiHSM Root CA", None, "basicConstraints=critical,CA:TRUE,pathlen:2".to_string()),
        ("sub", "Yubico YubiHSM 6742036 Sub-CA", Some("root"), format!("basicConstraints=critical,CA:TRUE{pathlen}")),
        (
            "device",
            "YubiHSM Attestation (13200460)",
            Some("sub"),
            format!("basicConstraints=critical,CA:TRUE,pathlen:0\n{of_device}"),
        ),
        ("leaf", "YubiHSM Attestation id:0x0003", Some("device"), format!("{of_device}\n{of_key}")),
    ];
    for (name, subject, issuer, extensions) in steps {
        let (key, request, certificate, config) =
            (path(&format!("{name}.key")), path(&format!("{name}.csr")), path(name), path(&format!("{name}.cnf")));
        fs::write(&config, extensions).unwrap();
        crate::bench::openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key])?;
        let subject = format!("/CN={subject}");
        crate::bench::openssl(&["req", "-new", "-key", &key, "-subj", &subject, "-out", &request])?;
        let mut sign = vec!["x509", "-req", "-in", &request, "-days", "3650", "-sha256", "-extfile", &config];
        let (above, above_key) = (path(issuer.unwrap_or(name)), path(&format!("{}.key", issuer.unwrap_or(name))));
        match issuer {
            Some(_) => sign.extend(["-CA", &above, "-CAkey", &above_key, "-CAcreateserial", "-CAform", "DER"]),
            None => sign.extend(["-signkey", &key]),
        }
        sign.extend(["-outform", "DER", "-out", &certificate]);
        crate::bench::openssl(&sign)?;
    }
    Some(["leaf", "device", "sub", "root"].map(|name| fs::read(path(name)).unwrap()))
}

#[test]
fn a_chain_of_somebody_elses_authority_with_the_vendors_names_is_refused() {
    let Some(data) = real_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let Some([leaf, device, sub, root]) = forged(folder.path(), ",pathlen:1") else { return };
    let today = |mut held: Held| {
        held.step.at = Timestamp::now() + jiff::SignedDuration::from_secs(1);
        held.objections()
    };
    // It is well made: with its own root it would hold.
    let own = vec![sub.clone(), root.clone()];
    assert_eq!(today(Held::of(SERIAL, 3, &leaf, &device, own)), Vec::<String>::new());
    let real = anchors(&data);
    assert_eq!(
        today(Held::of(SERIAL, 3, &leaf, &device, real.clone())),
        [
            "chain: the device's certificate leads to no trusted root: no certificate of `CN=Yubico YubiHSM 6742036 Sub-CA` \
             that signed that of `CN=YubiHSM Attestation (13200460)` is among the anchors"
        ]
    );
    // Its intermediate among the real ones, as a device could hand it out, leads no further.
    let with_sub = [real, vec![sub]].concat();
    let said = today(Held::of(SERIAL, 3, &leaf, &device, with_sub));
    assert!(said[0].contains("no certificate of `CN=Yubico YubiHSM Root CA` that signed"), "{said:?}");
}

#[test]
fn of_several_authorities_with_one_name_the_one_that_signed_is_the_issuer() {
    let Some(data) = real_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let Some([_, _, sub, _]) = forged(folder.path(), ",pathlen:1") else { return };
    let (attestation, device) = (published(&data, SERIAL, "root_attestation"), published(&data, SERIAL, "cert"));
    // The false one is seen first.
    let mixed = [vec![sub], anchors(&data)].concat();
    assert_eq!(Held::of(SERIAL, 3, &attestation, &device, mixed).objections(), Vec::<String>::new());
}

#[test]
fn an_authority_whose_path_is_too_long_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let Some([leaf, device, sub, root]) = forged(folder.path(), ",pathlen:0") else { return };
    let mut held = Held::of(SERIAL, 3, &leaf, &device, vec![sub, root]);
    held.step.at = Timestamp::now() + jiff::SignedDuration::from_secs(1);
    let said = held.objections();
    assert!(said[0].ends_with("may not have 1 certificates of authorities below it"), "{said:?}");
}
