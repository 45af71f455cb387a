//! PIN, PUK and management key.

use super::support::{Desk, PIN, SERIAL};
use serde_json::json;

const SIGN: [&str; 4] = ["slot=9c", "pin=pin", "data=hello", "out=hello.sig"];

#[test]
fn a_new_device_says_that_all_is_the_factorys() {
    let desk = Desk::new();
    let info = desk.does("piv.device-info", &[]);
    let reference = json!({ "default": true, "tries": 3, "tries_at_most": 3 });
    assert_eq!(
        info,
        json!({
            "serial": SERIAL, "firmware": "5.4.3", "firmware_will_do": null, "form_factor": "USB-C keychain", "fips": false,
            "fips_approved": null, "pin": reference, "puk": reference,
            "management_key": { "algorithm": "TDES", "default": true, "protected": false },
        })
    );
}

#[test]
fn a_device_is_found_by_its_serial_number_among_two() {
    let desk = Desk::with(&[(SERIAL, None, false), (7_654_321, Some([5, 7, 1]), true)]);
    let words = |serial: u32| ["piv.device-info".to_string(), format!("device={serial}")];
    for (serial, firmware, fips) in [(SERIAL, "5.4.3", false), (7_654_321, "5.7.1", true)] {
        let words = words(serial);
        let info = super::support::outputs(&desk.step(&[&words[0], &words[1]]).output().unwrap());
        assert_eq!((&info["firmware"], &info["fips"]), (&json!(firmware), &json!(fips)));
    }
    let words = words(1);
    let output = desk.step(&[&words[0], &words[1]]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: the device that is inserted has the serial number "), "{said}");
}

#[test]
fn where_no_smart_card_service_answers_the_person_is_told_to_start_it() {
    let mut command = crate::support::officiant();
    command.args(["step", "piv.device-info", "device=1"]).env(super::support::SOCKET, "/nonexistent/pcscd.comm");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: 1 is not inserted: no smart card service (pcscd) answers: install it, or start it (`systemctl start pcscd.socket`)\nnext: insert 1\n"
    );
}

#[test]
fn a_wrong_pin_is_asked_for_again_with_the_tries_that_are_left_and_the_right_one_brings_them_back() {
    let desk = Desk::new();
    desk.provision("ECCP256");
    let mut person = desk.person("piv.sign", &SIGN);
    person.confides("pin", "57575757").confides("The same again", "57575757");
    person.sees("That was not the PIN of").sees("2 tries are left");
    person.confides("not shown", PIN).confides("The same again", PIN);
    let (code, shown) = person.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(desk.does("piv.device-info", &[])["pin"]["tries"], 3);
}

#[test]
fn the_last_try_is_used_only_when_somebody_says_so() {
    let desk = Desk::new();
    desk.provision("ECCP256");
    let mut person = desk.person("piv.sign", &SIGN);
    person.confides("pin", "57575757").confides("The same again", "57575757").sees("2 tries are left");
    person.confides("not shown", "67676767").confides("The same again", "67676767").sees("1 try is left");
    person.confides("not shown", "79797979").confides("The same again", "79797979");
    person.sees("One try is left for the PIN").answers("y/n", "n");
    let (code, shown) = person.ends();
    assert!(code == Some(1) && shown.contains("and was not used"), "{shown}");
    assert_eq!(desk.does("piv.device-info", &[])["pin"]["tries"], 1);

    // Before it is used, and not only after a wrong one.
    let mut person = desk.person("piv.sign", &SIGN);
    person.confides("pin", "79797979").confides("The same again", "79797979");
    person.sees("One try is left for the PIN").answers("y/n", "y");
    let (code, shown) = person.ends();
    assert!(code == Some(1) && shown.contains("is blocked"), "{shown}");
    assert!(shown.contains("ykman piv access unblock-pin") && shown.contains("piv.reset"), "{shown}");

    desk.does("piv.reset", &[]);
    let info = desk.does("piv.device-info", &[]);
    assert_eq!((&info["pin"]["default"], &info["pin"]["tries"]), (&json!(true), &json!(3)));
}

#[test]
fn a_pin_that_cannot_be_one_costs_no_try() {
    let desk = Desk::new();
    desk.provision("ECCP256");
    let mut person = desk.person("piv.sign", &SIGN);
    person.confides("pin", "12345").confides("The same again", "12345");
    let (code, shown) = person.ends();
    assert!(code == Some(1) && shown.contains("no try was used"), "{shown}");
    assert_eq!(desk.does("piv.device-info", &[])["pin"]["tries"], 3);
}

#[test]
fn the_factorys_pin_is_not_tried_on_a_device_that_says_it_has_another() {
    let desk = Desk::new();
    desk.provision("ECCP256");
    desk.fails("piv.sign", &["slot=9c", "pin=factory-default", "data=x", "out=x.sig"], "is not the factory's");
    assert_eq!(desk.does("piv.device-info", &[])["pin"]["tries"], 3);
}

#[test]
fn a_new_pin_is_refused_before_the_device_sees_it() {
    let desk = Desk::new();
    for (pin, why) in [
        ("12345", "6 to 8 characters"),
        ("123456789", "6 to 8 characters"),
        ("123456", "public and protects nothing"),
        ("pass wd", "cannot be typed everywhere"),
    ] {
        let mut person = desk.person("piv.change-pin", &["pin=factory-default", "new_pin=new_pin"]);
        person.confides("new pin", pin).confides("The same again", pin);
        let (code, shown) = person.ends();
        assert!(code == Some(1) && shown.contains(why), "{shown}");
    }
    assert_eq!(desk.does("piv.device-info", &[])["pin"]["default"], true);
}

#[test]
fn the_puk_is_changed_and_a_wrong_one_is_asked_for_again() {
    let desk = Desk::new();
    let mut person = desk.person("piv.change-puk", &["puk=factory-default", "new_puk=new_puk"]);
    person.confides("new puk", "98765431").confides("The same again", "98765431");
    assert_eq!(person.ends().0, Some(0));
    let mut person = desk.person("piv.change-puk", &["puk=old_puk", "new_puk=new_puk"]);
    // Asked for in the order in which the command has its arguments, by name.
    person.confides("new puk", "55566677").confides("The same again", "55566677");
    person.confides("old puk", "11111111").confides("The same again", "11111111");
    person.sees("That was not the PUK").sees("2 tries are left");
    person.confides("not shown", "98765431").confides("The same again", "98765431");
    let (code, shown) = person.ends();
    assert_eq!(code, Some(0), "{shown}");
    let info = desk.does("piv.device-info", &[]);
    assert_eq!((&info["puk"]["default"], &info["puk"]["tries"]), (&json!(false), &json!(3)));
}

#[test]
fn a_fips_device_is_told_what_it_wants_before_it_generates() {
    let desk = Desk::with(&[(SERIAL, Some([5, 7, 1]), true)]);
    desk.fails(
        "piv.generate-key",
        &["management_key=factory-default", "slot=9c", "algorithm=ECCP384", "out=key.pem"],
        "refuses this while it has the factory's PIN and PUK and management key",
    );
    let mut person = desk.person("piv.change-pin", &["pin=factory-default", "new_pin=new_pin"]);
    person.confides("new pin", "846213").confides("The same again", "846213");
    let (code, shown) = person.ends();
    assert!(code == Some(1) && shown.contains("must have 8 characters"), "{shown}");
}

#[test]
fn a_management_key_that_is_shown_is_typed_back_before_it_is_set() {
    let desk = Desk::new();
    let words = ["management_key=factory-default", "keep=shown"];
    let mut person = desk.person("piv.set-management-key", &words);
    person.sees("it is never shown again").confides("not shown", "0000");
    let (code, shown) = person.ends();
    assert!(code == Some(1) && shown.contains("it was not set"), "{shown}");
    assert_eq!(desk.does("piv.device-info", &[])["management_key"]["default"], true);

    let mut person = desk.person("piv.set-management-key", &words);
    person.sees("it is never shown again");
    let key = groups(&person.shown());
    person.sees("not shown").awaits_hiding();
    person.enters(&key);
    let (code, shown) = person.ends();
    assert_eq!(code, Some(0), "{shown}");
    let info = desk.does("piv.device-info", &[]);
    let expected = json!({ "algorithm": "AES256", "default": false, "protected": false });
    assert_eq!(info["management_key"], expected);

    let generate = ["management_key=paper", "slot=9a", "algorithm=ECCP256", "out=key.pem"];
    let wrong = "00".repeat(32);
    let mut person = desk.person("piv.generate-key", &generate);
    person.confides("paper", &wrong).confides("The same again", &wrong);
    let (code, shown) = person.ends();
    assert!(code == Some(1) && shown.contains("this is not the management key"), "{shown}");
    let mut person = desk.person("piv.generate-key", &generate);
    person.confides("paper", &key).confides("The same again", &key);
    let (code, shown) = person.ends();
    assert_eq!(code, Some(0), "{shown}");
}

/// Sixteen groups of four hex digits, as they are shown.
fn groups(shown: &str) -> String {
    let is_group = |word: &str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words: Vec<&str> = shown.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let found = words.windows(16).find(|words| words.iter().all(|word| is_group(word)));
    found.unwrap_or_else(|| panic!("no key in:\n{shown}")).join(" ")
}

#[test]
fn a_fips_device_makes_a_key_once_pin_puk_and_management_key_are_its_own() {
    let desk = Desk::with(&[(SERIAL, Some([5, 7, 1]), true)]);
    let generate = |key: &'static str| [key, "pin=pin", "slot=9c", "algorithm=ECCP384", "out=key.pem"];
    let factory = generate("management_key=factory-default");
    let refused = |has: &str| {
        let said = format!("refuses this while it has the factory's {has}");
        desk.fails("piv.generate-key", &[factory[0], factory[2], factory[3], factory[4]], &said);
    };
    desk.change_pin();
    refused("PUK and management key");
    let mut person = desk.person("piv.change-puk", &["puk=factory-default", "new_puk=new_puk"]);
    person.confides("new puk", "98765431").confides("The same again", "98765431");
    assert_eq!(person.ends().0, Some(0));
    refused("management key");
    let words = ["management_key=factory-default", "pin=pin", "keep=protected"];
    for (name, words) in
        [("piv.set-management-key", &words[..]), ("piv.generate-key", &generate("management_key=protected"))]
    {
        let mut person = desk.person(name, words);
        person.confides("pin", PIN).confides("The same again", PIN);
        let (code, shown) = person.ends();
        assert_eq!(code, Some(0), "{name}: {shown}");
    }
    let info = desk.does("piv.device-info", &[]);
    assert_eq!(info["fips_approved"], true, "{info}");
}
