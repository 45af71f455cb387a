//! What others make of a device that officiant provisioned, and officiant of one that others did.

use super::support::{Desk, PIN, SERIAL, said};
use crate::yubikeys::support::{installed, path_of};
use std::{fs, path::Path};

/// The vendor's PKCS#11 module, where Debian has it.
const YKCS11: &str = "libykcs11.so";

/// A device with a key on P-384 in 9c and its certificate, all of officiant's making.
fn provisioned() -> Desk {
    let desk = Desk::new();
    desk.provision("ECCP384");
    let words = ["management_key=protected", "pin=pin", "slot=9c", "subject=CN=TUF key", "days=365"];
    let mut person = desk.person("piv.self-sign-certificate", &words);
    person.confides("pin", PIN).confides("The same again", PIN);
    assert_eq!(person.ends().0, Some(0));
    desk
}

#[test]
fn a_key_of_officiants_signs_through_securesystemslib_as_tuf_on_ci_does() {
    if !installed(&["python", "libykcs11.so.2"]) {
        return;
    }
    let desk = provisioned();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/piv_signer.py");
    let mut sign = desk.program(path_of("python").unwrap().to_str().unwrap());
    sign.args([script, &SERIAL.to_string(), PIN, "libykcs11.so.2", "root.sig", "root.json"]);
    assert_eq!(said(&mut sign), "ecdsa-sha2-nistp384\nthe signature verifies\n");
    fs::write(desk.folder().join("root"), "root.json").unwrap();
    let mut verify = desk.program("openssl");
    verify.args(["dgst", "-sha384", "-verify", "key.pem", "-signature", "root.sig", "root"]);
    assert_eq!(said(&mut verify), "Verified OK\n");
}

#[test]
fn a_key_of_officiants_signs_through_ykcs11_and_openssl_verifies() {
    let desk = provisioned();
    let hello = desk.folder().join("hello");
    fs::write(&hello, "hello").unwrap();
    let module = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]
        .iter()
        .flat_map(|folder| [Path::new(folder).join(YKCS11), Path::new(folder).join("libykcs11.so.2")])
        .find(|path| path.exists())
        .expect("ykcs11 is not installed: `make test` installs it");
    let mut sign = desk.program("pkcs11-tool");
    sign.arg("--module").arg(module).args(["--login", "--pin", PIN, "--sign", "--id", "02"]);
    sign.args(["--mechanism", "ECDSA-SHA384", "--signature-format", "openssl"]);
    said(sign.args(["--input-file", "hello", "--output-file", "hello.sig"]));
    let mut verify = desk.program("openssl");
    verify.args(["dgst", "-sha384", "-verify", "key.pem", "-signature", "hello.sig", "hello"]);
    assert_eq!(said(&mut verify), "Verified OK\n");
}

#[test]
fn a_key_of_the_vendors_tool_signs_in_officiants_step() {
    let desk = Desk::new();
    let piv_tool = |arguments: &[&str]| said(desk.program("yubico-piv-tool").args(arguments));
    piv_tool(&["-a", "change-pin", "-P", "123456", "-N", PIN]);
    piv_tool(&["-a", "generate", "-s", "9a", "-A", "ECCP256", "-o", "key.pem"]);
    let mut person = desk.person("piv.sign", &["slot=9a", "pin=pin", "data=hello", "out=hello.sig"]);
    person.confides("pin", PIN).confides("The same again", PIN);
    assert_eq!(person.ends().0, Some(0));
    fs::write(desk.folder().join("hello"), "hello").unwrap();
    let mut verify = desk.program("openssl");
    verify.args(["dgst", "-sha256", "-verify", "key.pem", "-signature", "hello.sig", "hello"]);
    assert_eq!(said(&mut verify), "Verified OK\n");
}

#[test]
fn the_vendors_tool_reads_what_officiant_left() {
    let desk = Desk::new();
    desk.provision("ECCP256");
    let status = said(desk.program("yubico-piv-tool").args(["-a", "status"]));
    assert!(status.contains("24680135") && status.contains("PIN tries left:\t3"), "{status}");
    // It takes the management key from under the PIN.
    let verified = desk.program("yubico-piv-tool").args(["-a", "verify-pin", "-P", PIN]).output().unwrap();
    assert!(String::from_utf8_lossy(&verified.stderr).contains("Successfully verified PIN"), "{verified:?}");
}
