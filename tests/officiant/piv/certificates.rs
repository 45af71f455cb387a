//! Keys, certificates, attestations and signatures.

use super::support::{Desk, PIN, SERIAL, said};
use serde_json::json;
use std::fs;

/// A certificate in 9c, with the key.
fn with_certificate(algorithm: &str) -> Desk {
    let desk = Desk::new();
    desk.provision(algorithm);
    let words =
        ["management_key=protected", "pin=pin", "slot=9c", "subject=CN=TUF key,O=Test", "days=365", "out=cert.pem"];
    let mut person = desk.person("piv.self-sign-certificate", &words);
    person.confides("pin", PIN).confides("The same again", PIN);
    let (code, shown) = person.ends();
    assert_eq!(code, Some(0), "{shown}");
    desk
}

#[test]
fn openssl_verifies_certificates_and_signatures_of_each_algorithm() {
    for (algorithm, digest) in [("ECCP256", "-sha256"), ("ECCP384", "-sha384"), ("RSA2048", "-sha256")] {
        let desk = with_certificate(algorithm);
        let openssl = |arguments: &[&str]| said(desk.program("openssl").args(arguments));
        assert_eq!(openssl(&["verify", "-CAfile", "cert.pem", "cert.pem"]), "cert.pem: OK\n");
        let subject = openssl(&["x509", "-in", "cert.pem", "-noout", "-subject", "-nameopt", "rfc2253"]);
        assert_eq!(subject, "subject=CN=TUF key,O=Test\n");
        let key = openssl(&["x509", "-in", "cert.pem", "-noout", "-pubkey"]);
        assert_eq!(key, fs::read_to_string(desk.folder().join("key.pem")).unwrap());
        let mut person = desk.person("piv.sign", &["slot=9c", "pin=pin", "data=hello", "out=hello.sig"]);
        person.confides("pin", PIN).confides("The same again", PIN);
        assert_eq!(person.ends().0, Some(0));
        fs::write(desk.folder().join("hello"), "hello").unwrap();
        assert_eq!(
            openssl(&["dgst", digest, "-verify", "key.pem", "-signature", "hello.sig", "hello"]),
            "Verified OK\n"
        );
    }
}

#[test]
fn a_certificate_is_read_back_as_it_was_made() {
    let desk = with_certificate("ECCP384");
    let read = desk.does("piv.read-certificate", &["slot=9c", "out=read.pem"]);
    assert_eq!((&read["subject"], &read["issuer"]), (&json!("CN=TUF key,O=Test"), &json!("CN=TUF key,O=Test")));
    let file = |name: &str| fs::read(desk.folder().join(name)).unwrap();
    assert_eq!(file("read.pem"), file("cert.pem"));
    desk.fails("piv.read-certificate", &["slot=9a", "out=9a.pem"], "has no certificate in slot 9a");
    desk.fails("piv.read-certificate", &["slot=9c", "out=read.pem"], "nothing is ever replaced");
}

#[test]
fn a_slot_that_holds_something_is_not_overwritten() {
    let desk = with_certificate("ECCP256");
    let words = ["management_key=protected", "pin=pin", "slot=9c", "algorithm=ECCP384", "out=other.pem"];
    let mut person = desk.person("piv.generate-key", &words);
    person.confides("pin", PIN).confides("The same again", PIN);
    let (code, shown) = person.ends();
    assert!(code == Some(1) && shown.contains("a key is in slot 9c") && shown.contains("ECCP256"), "{shown}");
    let words = ["management_key=protected", "pin=pin", "slot=9c", "subject=CN=Other", "days=1"];
    let mut person = desk.person("piv.self-sign-certificate", &words);
    person.confides("pin", PIN).confides("The same again", PIN);
    let (code, shown) = person.ends();
    assert!(code == Some(1) && shown.contains("a certificate is in slot 9c"), "{shown}");
    let read = desk.does("piv.read-certificate", &["slot=9c", "out=read.pem"]);
    assert_eq!(read["subject"], "CN=TUF key,O=Test");
}

#[test]
fn a_certificate_has_a_subject_and_one_of_days_and_until() {
    let desk = Desk::new();
    let subject = "subject=CN=x";
    for (words, said) in [
        (vec![subject], "valid for `days` or `until` a day"),
        (vec![subject, "days=1", "until=2030-01-01"], "valid for `days` or `until` a day"),
        (vec![subject, "until=2020-01-01"], "would not be valid any more"),
        (vec![subject, "until=tomorrow"], "`tomorrow` is no day"),
        (vec!["subject=nonsense", "days=1"], "is no subject of a certificate"),
        (vec!["subject=", "days=1"], "is no subject of a certificate"),
    ] {
        let mut all = vec!["management_key=factory-default", "slot=9c"];
        all.extend(words);
        desk.fails("piv.self-sign-certificate", &all, said);
    }
}

#[test]
fn outside_a_rehearsal_a_virtual_device_attests_nothing() {
    let desk = Desk::new();
    desk.provision("ECCP384");
    let words = ["slot=9c", "out=attestation.pem", "certificate_out=f9.pem"];
    desk.fails("piv.attest", &words, &format!("{SERIAL} is a virtual device for rehearsals"));
    assert!(!desk.folder().join("attestation.pem").exists());
    desk.fails("piv.attest", &["slot=9a", "out=a.pem", "certificate_out=b.pem"], "has no key in slot 9a");
    desk.fails("piv.attest", &["slot=9c", "out=a.pem", "certificate_out=a.pem"], "cannot go into one file");
}

#[test]
fn no_touch_resets_a_yubikey() {
    let desk = Desk::new();
    let steps = "
      - do: Reset it.
        uses: devices.touch-reset
        with: { device: KEY-1 }
";
    let ceremony = desk.ceremony(steps).answer("start/1#go", "yes").answers("start/1#what-now", &["abort"]);
    let ceremony = ceremony.answer("start/1#reason", "It failed.");
    ceremony.carry_out().exits(1).mentions("KEY-1 is a YubiKey, which no touch resets").mentions("use piv.reset");
}
