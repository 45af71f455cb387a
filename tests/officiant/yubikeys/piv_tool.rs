//! `yubico-piv-tool`, the vendor's, as Debian has it.

use super::support::{PIN, PUK, VirtualReaders, leads_to_the_rehearsal_root, public_key_of};

const TOOL: &str = "yubico-piv-tool";

#[test]
fn the_vendors_tool_generates_a_key_and_attests_it() {
    let Some(readers) = VirtualReaders::start(&[TOOL, "openssl"]) else { return };
    let _card = readers.insert(7_550_054, &["--anchors", "."]);
    let status = readers.says(TOOL, &["-a", "status"]);
    assert!(status.contains("Version:\t5.4.3\nSerial Number:\t7550054\n"), "{status}");
    assert!(status.contains("PIN tries left:\t3\n"), "{status}");

    for algorithm in ["ECCP256", "ECCP384", "RSA2048"] {
        readers.says(TOOL, &["-a", "generate", "-s", "9c", "-A", algorithm, "-o", "9c.pem"]);
        readers.says(TOOL, &["-a", "attest", "-s", "9c", "-o", "attestation.pem"]);
        readers.says(TOOL, &["-a", "read-certificate", "-s", "f9", "-o", "f9.pem"]);
        leads_to_the_rehearsal_root(&readers, "f9.pem", "attestation.pem");
        let key = String::from_utf8(readers.read("9c.pem")).unwrap();
        assert_eq!(public_key_of(&readers, "attestation.pem"), key, "{algorithm}");
    }
    let said = readers
        .says(TOOL, &["-a", "verify-pin", "-P", PIN, "-a", "test-signature", "-s", "9c", "-i", "attestation.pem"]);
    assert!(said.contains("Successful RSA verification."), "{said}");
}

#[test]
fn the_vendors_tool_puts_keys_and_certificates_in_and_reads_them_back() {
    let Some(readers) = VirtualReaders::start(&[TOOL, "openssl"]) else { return };
    let _card = readers.insert(7_550_054, &[]);
    let make = ["req", "-x509", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=somebody"];
    readers.says("openssl", &[&make[..], &["-keyout", "key.pem", "-out", "certificate.pem"]].concat());
    readers.says(TOOL, &["-a", "import-key", "-s", "9a", "-i", "key.pem"]);
    readers.says(TOOL, &["-a", "import-certificate", "-s", "9a", "-i", "certificate.pem"]);
    readers.says(TOOL, &["-a", "read-certificate", "-s", "9a", "-o", "back.pem"]);
    assert_eq!(readers.read("back.pem"), readers.read("certificate.pem"));
    let signs = ["-a", "verify-pin", "-P", PIN, "-a", "test-signature", "-s", "9a", "-i", "back.pem"];
    let said = readers.says(TOOL, &signs);
    assert!(said.contains("Successful RSA verification."), "{said}");
    let (code, said) = readers.tries(TOOL, &["-a", "attest", "-s", "9a"]);
    assert!(code == Some(1), "an imported key is attested: {said}");
}

#[test]
fn a_pin_is_changed_counted_blocked_and_unblocked() {
    let Some(readers) = VirtualReaders::start(&[TOOL]) else { return };
    let _card = readers.insert(7_550_054, &[]);
    readers.says(TOOL, &["-a", "change-pin", "-P", PIN, "-N", "11122233"]);
    readers.says(TOOL, &["-a", "change-puk", "-P", PUK, "-N", "33344455"]);
    for left in ["2 tries left", "1 tries left", "Pin code blocked"] {
        let (code, said) = readers.tries(TOOL, &["-a", "verify-pin", "-P", PIN]);
        assert!(code == Some(1) && said.contains(left), "{left} is not in: {said}");
    }
    let (code, _) = readers.tries(TOOL, &["-a", "verify-pin", "-P", "11122233"]);
    assert_eq!(code, Some(1), "a blocked PIN is taken");
    readers.says(TOOL, &["-a", "unblock-pin", "-P", "33344455", "-N", "22233344"]);
    let said = readers.says(TOOL, &["-a", "verify-pin", "-P", "22233344"]);
    assert!(said.contains("Successfully verified PIN."), "{said}");
}
