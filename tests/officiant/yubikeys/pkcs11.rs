//! `ykcs11`, the vendor's PKCS #11 module, through `OpenSC`'s tool and through securesystemslib.

use super::support::{PIN, VirtualReaders};
use std::fs;

const YKCS11: &str = "libykcs11.so.2";
const TOOL: &str = "yubico-piv-tool";

/// A card with a key on P-384 in slot 9c, which has a certificate.
fn with_signature_key(readers: &VirtualReaders) -> super::support::Card {
    let card = readers.insert(7_550_054, &[]);
    let generate = ["--reader", "CCID 00 00", "piv", "keys", "generate", "-a", "ECCP384", "9c", "key.pem"];
    readers.says("ykman", &[&generate[..], &["-P", PIN, "-m", super::support::MANAGEMENT_KEY]].concat());
    let certify = ["--reader", "CCID 00 00", "piv", "certificates", "generate", "-a", "SHA384", "9c", "key.pem"];
    readers.says("ykman", &[&certify[..], &["-s", "CN=TUF", "-P", PIN, "-m", super::support::MANAGEMENT_KEY]].concat());
    card
}

#[test]
fn pkcs11_tool_signs_with_slot_9c_and_openssl_verifies() {
    let Some(readers) = VirtualReaders::start(&["pkcs11-tool", "ykman", "openssl", YKCS11]) else { return };
    let _card = with_signature_key(&readers);
    let slots = readers.says("pkcs11-tool", &["--module", YKCS11, "--list-slots"]);
    assert!(slots.contains("token label        : YubiKey PIV #7550054\n"), "{slots}");
    fs::write(readers.path("message"), "root.json").unwrap();
    let sign = ["--module", YKCS11, "--login", "--pin", PIN, "--sign", "--id", "02", "--mechanism", "ECDSA-SHA384"];
    let files = ["--signature-format", "openssl", "--input-file", "message", "--output-file", "signature"];
    readers.says("pkcs11-tool", &[&sign[..], &files].concat());
    let verify = ["dgst", "-sha384", "-verify", "key.pem", "-signature", "signature", "message"];
    assert_eq!(readers.says("openssl", &verify), "Verified OK\n");
    fs::write(readers.path("message"), "another").unwrap();
    assert_eq!(readers.tries("openssl", &verify).0, Some(1));
}

#[test]
fn securesystemslib_signs_with_slot_9c_and_verifies() {
    let Some(readers) = VirtualReaders::start(&["python", "ykman", YKCS11, "openssl"]) else { return };
    let _card = with_signature_key(&readers);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/piv_signer.py");
    let said = readers.says("python", &[script, "7550054", PIN, YKCS11, "signature", "root.json"]);
    assert_eq!(said, "ecdsa-sha2-nistp384\nthe signature verifies\n");
    fs::write(readers.path("message"), "root.json").unwrap();
    let verify = ["dgst", "-sha384", "-verify", "key.pem", "-signature", "signature", "message"];
    assert_eq!(readers.says("openssl", &verify), "Verified OK\n");
}

#[test]
fn a_wrong_pin_is_refused_and_counted() {
    let Some(readers) = VirtualReaders::start(&["pkcs11-tool", TOOL, YKCS11]) else { return };
    let _card = readers.insert(7_550_054, &[]);
    let login = ["--module", YKCS11, "--login", "--list-objects", "--pin"];
    let (code, said) = readers.tries("pkcs11-tool", &[&login[..], &["000000"]].concat());
    assert!(code == Some(1) && said.contains("CKR_PIN_INCORRECT"), "{said}");
    let status = readers.says(TOOL, &["-a", "status"]);
    assert!(status.contains("PIN tries left:\t2\n"), "{status}");
    readers.says("pkcs11-tool", &[&login[..], &[PIN]].concat());
    let status = readers.says(TOOL, &["-a", "status"]);
    assert!(status.contains("PIN tries left:\t3\n"), "{status}");
}
