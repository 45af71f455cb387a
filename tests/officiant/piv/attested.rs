//! Attestations in a rehearsal: of a key of officiant's, of one of ykman's, and forged ones.

use super::support::runbook;
use crate::{
    cards::has_readers,
    forger::{Forged, Forger, errors},
    support::{CarriedOut, Ceremony},
    yubikeys::support::{installed, path_of},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const GENERATED: &str = "
      - { do: Insert it., id: inserted, uses: devices.insert, with: { device: KEY-1 } }
      - do: Generate a key.
        uses: piv.generate-key
        with:
          device: KEY-1
          management_key: { secret: factory-default }
          slot: 9c
          algorithm: ECCP384
          touch_policy: always
          out: key.pem
      - do: Generate another.
        uses: piv.generate-key
        with:
          device: KEY-1
          management_key: { secret: factory-default }
          slot: 9a
          algorithm: ECCP384
          out: other.pem
      - do: Attest the other.
        uses: piv.attest
        with: { device: KEY-1, slot: 9a, out: second.pem, certificate_out: second-f9.pem }
      - do: Attest it.
        uses: piv.attest
        with: { device: KEY-1, slot: 9c, out: attestation.pem, certificate_out: f9.pem }
";

/// Steps of these runbooks.
const GENERATE: &str = "start/2";
const ATTEST: &str = "start/5";
const VERIFY: &str = "start/8";

fn attested() -> CarriedOut {
    Ceremony::rehearse(&runbook(GENERATED)).carry_out().exits(0)
}

/// The outputs of a step.
fn outputs<'a>(entries: &'a mut [Value], step: &str) -> &'a mut Value {
    let finished = |it: &&mut Value| it["kind"] == "finished" && it["step"] == step;
    &mut entries.iter_mut().find(finished).unwrap()["body"]["outputs"]
}

#[test]
fn an_attested_key_is_the_one_that_was_generated() {
    if !has_readers() {
        return;
    }
    let ceremony = attested();
    ceremony.replay().holds();
    let mut entries = ceremony.entries();
    let made = outputs(&mut entries, GENERATE).clone();
    let found = outputs(&mut entries, ATTEST);
    for name in ["serial", "slot", "algorithm", "pin_policy", "touch_policy", "fingerprint"] {
        assert_eq!(found[name], made[name], "{name}");
    }
    assert_eq!((&found["touch_policy"], &found["firmware"]), (&json!("always"), &json!("5.4.3")));
}

#[test]
fn no_output_of_an_attestation_can_be_another() {
    if !has_readers() {
        return;
    }
    let ceremony = attested();
    let forger = Forger::on(&ceremony.folder());
    assert!(forger.replay(ceremony.entries().into()).holds);
    for (name, other) in [
        ("serial", json!(24_680_135)),
        ("firmware", json!("5.7.1")),
        ("slot", json!("9a")),
        ("algorithm", json!("ECCP256")),
        ("pin_policy", json!("never")),
        ("touch_policy", json!("never")),
        ("fingerprint", json!("00".repeat(32))),
        ("path", json!("products/second.pem")),
        ("sha256", json!("00".repeat(32))),
        ("certificate_path", json!("products/attestation.pem")),
        ("certificate_sha256", json!("00".repeat(32))),
        ("subject", json!("CN=Yubico PIV Attestation")),
        ("issuer", json!("CN=Yubico PIV Root CA Serial 263751")),
    ] {
        let mut entries = ceremony.entries();
        outputs(&mut entries, ATTEST)[name] = other;
        let replayed = forger.replay(entries.into());
        assert!(!replayed.holds, "{name} is another, and the record holds");
    }
}

#[test]
fn no_certificate_of_an_attestation_can_be_another() {
    if !has_readers() {
        return;
    }
    let ceremony = attested();
    let forger = Forger::on(&ceremony.folder());
    for (path, in_its_place) in [
        ("attestation.pem", Some("second.pem")),
        ("attestation.pem", Some("f9.pem")),
        ("f9.pem", Some("attestation.pem")),
        ("f9.pem", Some("key.pem")),
        ("f9.pem", None),
    ] {
        let path = format!("products/{path}");
        let bytes = in_its_place.map(|name| forger.file(&format!("products/{name}")));
        let mut entries = ceremony.entries();
        if let Some(bytes) = &bytes {
            says_digest(&mut entries, &path, bytes);
        }
        let replayed =
            forger.replay(Forged { entries, files: BTreeMap::from([(path.clone(), bytes)]), ..Forged::default() });
        assert!(!replayed.holds, "{path} is {in_its_place:?}, and the record holds");
        if in_its_place.is_some() {
            let said = errors(&replayed).join("\n");
            assert!(said.contains("attestation") || said.contains("certificate"), "{said}");
        }
    }
}

/// Has the record say the digest of what is in a file now, wherever it names the file.
fn says_digest(entries: &mut [Value], path: &str, bytes: &[u8]) {
    use sha2::{Digest, Sha256};
    let digest = hex::encode(Sha256::digest(bytes));
    for entry in entries {
        let Some(body) = entry["body"].as_object_mut() else { continue };
        for product in body.get_mut("products").and_then(Value::as_array_mut).into_iter().flatten() {
            if product["path"] == path {
                product["sha256"] = json!(digest);
                product["size"] = json!(bytes.len());
            }
        }
        let Some(outputs) = body.get_mut("outputs").and_then(Value::as_object_mut) else { continue };
        for (name, sum) in [("path", "sha256"), ("certificate_path", "certificate_sha256")] {
            if outputs.get(name).is_some_and(|it| it == path) {
                outputs.insert(sum.to_string(), json!(digest));
            }
        }
    }
}

#[test]
fn a_slot_without_a_key_is_not_attested_and_the_person_is_told_what_to_do() {
    if !has_readers() {
        return;
    }
    let steps = "
      - { do: Insert it., id: inserted, uses: devices.insert, with: { device: KEY-1 } }
      - do: Attest nothing.
        id: nothing
        uses: piv.attest
        with: { device: KEY-1, slot: 9c, out: attestation.pem, certificate_out: f9.pem }
";
    let ceremony = Ceremony::rehearse(&runbook(steps)).carry_out().exits(1);
    ceremony
        .mentions("KEY-1 has no key in slot 9c")
        .mentions("generate one with piv.generate-key, or name the slot that has it");
}

/// Steps in which ykman makes a key in 9c, and officiant attests it, verifies the attestation, and signs with it.
fn of_ykman() -> String {
    let ykman = path_of("ykman").unwrap().display().to_string();
    let run = |arguments: &str| format!("command: [{ykman}, --reader, CCID 00 00, piv, {arguments}]");
    let factory = "-P, '123456', -m, '010203040506070801020304050607080102030405060708'";
    format!(
        "
      - {{ do: Insert it., id: inserted, uses: devices.insert, with: {{ device: KEY-1 }} }}
      - {{ do: Generate a key., id: made, uses: exec.run, with: {{ {} }} }}
      - do: Certify it.
        id: certified
        uses: exec.run
        with: {{ {}, stdin: '{{{{ made.stdout }}}}' }}
      - {{ do: Read the certificate., id: certificate, uses: exec.run, with: {{ {} }} }}
      - do: Keep the key.
        uses: files.write
        with: {{ path: 'keys/{{{{ inserted.serial }}}}/Slot9CPublicKey.pem', text: '{{{{ made.stdout }}}}' }}
      - do: Keep the certificate.
        uses: files.write
        with: {{ path: 'keys/{{{{ inserted.serial }}}}/Slot9CCertificate.pem', text: '{{{{ certificate.stdout }}}}' }}
      - do: Attest it.
        id: attested
        uses: piv.attest
        with:
          device: KEY-1
          slot: 9c
          out: 'keys/{{{{ inserted.serial }}}}/Slot9CAttestation.pem'
          certificate_out: 'keys/{{{{ inserted.serial }}}}/SlotF9Intermediate.pem'
      - do: Verify it.
        id: verified
        uses: attestation.verify
        with: {{ kind: piv, folder: 'keys/{{{{ inserted.serial }}}}', device: KEY-1, slot: 9c }}
      - do: Sign.
        id: signed
        uses: piv.sign
        with: {{ device: KEY-1, pin: {{ secret: factory-default }}, slot: 9c, data: hello, out: hello.sig }}
",
        run(&format!("keys, generate, -a, ECCP384, 9c, '-', {factory}")),
        run(&format!("certificates, generate, -s, CN=TUF key, 9c, '-', {factory}")),
        run("certificates, export, 9c, '-'"),
    )
}

#[test]
fn a_key_that_ykman_made_is_attested_verified_and_used() {
    if !has_readers() || !installed(&["ykman", "openssl"]) {
        return;
    }
    let ceremony = Ceremony::rehearse(&runbook(&of_ykman())).argument("--outside").carry_out().exits(0);
    ceremony.replay().holds();
    let mut entries = ceremony.entries();
    let device = outputs(&mut entries, VERIFY)["devices"][0].clone();
    assert_eq!((&device["serial"], &device["faults"]), (&json!(90_000_001), &json!([])), "{device}");

    let folder = ceremony.folder();
    std::fs::write(folder.join("hello"), "hello").unwrap();
    let mut verify = std::process::Command::new("openssl");
    verify.args(["dgst", "-sha384", "-verify", "products/keys/90000001/Slot9CPublicKey.pem"]);
    verify.args(["-signature", "products/hello.sig", "hello"]).current_dir(folder);
    assert_eq!(super::support::said(&mut verify), "Verified OK\n");
}
