//! `OpenSC`, which knows PIV from the standard and not from the vendor.

use super::support::{PIN, VirtualReaders};

#[test]
fn opensc_knows_the_card_and_lists_what_is_on_it() {
    let Some(readers) = VirtualReaders::start(&["pkcs15-tool", "ykman"]) else { return };
    let _card = readers.insert(7_550_054, &[]);
    let name = readers.says("opensc-tool", &["--reader", "0", "--name"]);
    assert_eq!(name.lines().last(), Some("Personal Identity Verification Card"), "{name}");
    let atr = readers.says("opensc-tool", &["--reader", "0", "--atr"]);
    assert_eq!(atr.trim_end(), "3b:fd:13:00:00:81:31:fe:15:80:73:c0:21:c0:57:59:75:62:69:4b:65:79:40");

    let with = ["-P", PIN, "-m", super::support::MANAGEMENT_KEY];
    let generate = ["--reader", "CCID 00 00", "piv", "keys", "generate", "-a", "ECCP256", "9a", "key.pem"];
    readers.says("ykman", &[&generate[..], &with].concat());
    let certify = ["--reader", "CCID 00 00", "piv", "certificates", "generate", "9a", "key.pem", "-s", "CN=somebody"];
    readers.says("ykman", &[&certify[..], &with].concat());
    let listed = readers.says("pkcs15-tool", &["--reader", "0", "--list-certificates", "--list-pins"]);
    assert!(listed.contains("X.509 Certificate [Certificate for PIV Authentication]"), "{listed}");
    assert!(listed.contains("PIN [PIN]") && listed.contains("PIN [PIV PUK]"), "{listed}");
    readers.says("pkcs15-tool", &["--reader", "0", "--verify-pin", "--pin", PIN]);
}
