//! `ykman`, the vendor's newer tool, in Python.

use super::support::{MANAGEMENT_KEY, PIN, PUK, VirtualReaders, leads_to_the_rehearsal_root, public_key_of};

/// The first reader by name: by serial number it opens the other one too, and tries that for seconds.
const FIRST: [&str; 2] = ["--reader", "CCID 00 00"];

#[track_caller]
fn piv(readers: &VirtualReaders, arguments: &[&str]) -> String {
    readers.says("ykman", &[&FIRST[..], &["piv"], arguments].concat())
}

#[test]
fn ykman_provisions_a_device_as_docker_did_and_resets_it() {
    let Some(readers) = VirtualReaders::start(&["ykman", "openssl"]) else { return };
    let _card = readers.insert(7_550_054, &["--anchors", "."]);
    let info = readers.says("ykman", &["--device", "7550054", "info"]);
    assert!(info.contains("Serial number: 7550054\nFirmware version: 5.4.3\n"), "{info}");
    let info = piv(&readers, &["info"]);
    assert!(info.contains("WARNING: Using default PIN!\nWARNING: Using default PUK!\n"), "{info}");

    let (pin, puk) = ("11122233", "33344455");
    piv(&readers, &["access", "change-pin", "-P", PIN, "-n", pin]);
    piv(&readers, &["access", "change-puk", "-p", PUK, "-n", puk]);
    let change = ["access", "change-management-key", "-a", "AES256", "--generate", "--protect"];
    piv(&readers, &[&change[..], &["-P", pin, "-m", MANAGEMENT_KEY]].concat());
    piv(&readers, &["keys", "generate", "-a", "ECCP384", "9c", "key.pem", "-P", pin]);
    let generate = ["certificates", "generate", "-a", "SHA384", "9c", "key.pem", "-s", "CN=TUF key", "-d", "365"];
    piv(&readers, &[&generate[..], &["-P", pin]].concat());
    piv(&readers, &["keys", "attest", "9c", "attestation.pem"]);
    piv(&readers, &["certificates", "export", "f9", "f9.pem"]);
    piv(&readers, &["certificates", "export", "9c", "9c.pem"]);

    leads_to_the_rehearsal_root(&readers, "f9.pem", "attestation.pem");
    let key = String::from_utf8(readers.read("key.pem")).unwrap();
    assert_eq!(public_key_of(&readers, "attestation.pem"), key);
    assert_eq!(public_key_of(&readers, "9c.pem"), key);
    readers.says("openssl", &["verify", "-CAfile", "9c.pem", "-check_ss_sig", "9c.pem"]);
    let info = piv(&readers, &["info"]);
    assert!(
        info.contains("Management key algorithm: AES256\nManagement key is stored on the YubiKey, protected by PIN.\n")
    );
    assert!(info.contains("Slot 9C (SIGNATURE):\n  Private key type: ECCP384\n"), "{info}");
    assert!(!info.contains("WARNING"), "{info}");

    piv(&readers, &["reset", "-f"]);
    let info = piv(&readers, &["info"]);
    assert!(info.contains("WARNING: Using default PIN!") && !info.contains("Slot 9C"), "{info}");
}

#[test]
fn a_device_of_the_fips_series_makes_no_key_before_its_secrets_are_changed() {
    let Some(readers) = VirtualReaders::start(&["ykman"]) else { return };
    let _card = readers.insert(7_550_055, &["--firmware", "5.7.1", "--fips"]);
    let info = readers.says("ykman", &[&FIRST[..], &["info"]].concat());
    assert!(info.contains("Serial number: 7550055") && info.contains("FIPS"), "{info}");
    let generate = ["keys", "generate", "-a", "ECCP384", "9c", "key.pem", "-P", PIN, "-m", MANAGEMENT_KEY];
    let (code, said) = readers.tries("ykman", &[&FIRST[..], &["piv"], &generate].concat());
    assert_ne!(code, Some(0), "{said}");

    let pin = "11122233";
    piv(&readers, &["access", "change-pin", "-P", PIN, "-n", pin]);
    piv(&readers, &["access", "change-puk", "-p", PUK, "-n", "33344455"]);
    let change = ["access", "change-management-key", "-a", "AES256"];
    // None of its own making is kept under the PIN before it is another than the factory's.
    let protect = ["--generate", "--protect", "-P", pin, "-m"];
    let (code, said) = readers.tries("ykman", &[&FIRST[..], &["piv"], &change, &protect, &[MANAGEMENT_KEY]].concat());
    assert!(code == Some(1) && said.contains("must be in FIPS approved mode"), "{said}");
    let (code, said) = readers.tries("ykman", &[&FIRST[..], &["piv"], &generate].concat());
    assert_ne!(code, Some(0), "the management key is the factory's: {said}");
    let key = "42".repeat(32);
    piv(&readers, &[&change[..], &["-m", MANAGEMENT_KEY, "-n", &key]].concat());
    piv(&readers, &[&change[..], &protect, &[&key]].concat());
    piv(&readers, &["keys", "generate", "-a", "ECCP384", "9c", "key.pem", "-P", pin]);
    assert!(readers.read("key.pem").starts_with(b"-----BEGIN PUBLIC KEY-----"));
}
