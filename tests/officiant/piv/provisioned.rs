//! A device that is provisioned in a ceremony.

use super::support::{Desk, PIN, SERIAL};
use crate::terminal::Person;
use serde_json::{Value, json};

pub const PROVISION: &str = "
      - { do: Insert it., id: inserted, uses: devices.insert, with: { device: KEY-1 } }
      - { do: Choose a PIN., id: pin, uses: ask.secret, with: { prompt: New PIN, min_length: 6 } }
      - do: Change the PIN.
        uses: piv.change-pin
        with: { device: KEY-1, pin: { secret: factory-default }, new_pin: { secret: pin } }
      - do: Set the management key.
        uses: piv.set-management-key
        with: { device: KEY-1, management_key: { secret: factory-default }, pin: { secret: pin }, keep: protected }
      - do: Generate the key.
        id: key
        uses: piv.generate-key
        with:
          device: KEY-1
          management_key: { secret: protected }
          pin: { secret: pin }
          slot: 9c
          algorithm: ECCP384
          touch_policy: always
          out: key.pem
      - do: Make the certificate.
        uses: piv.self-sign-certificate
        with:
          device: KEY-1
          management_key: { secret: protected }
          pin: { secret: pin }
          slot: 9c
          subject: CN=TUF key
          until: '2044-01-01'
          out: certificate.pem
      - { do: Read it., uses: piv.read-certificate, with: { device: KEY-1, slot: 9c, out: read.pem } }
      - do: Sign.
        uses: piv.sign
        with: { device: KEY-1, pin: { secret: pin }, slot: 9c, file: key.pem, out: key.sig }
";

#[test]
fn a_device_is_provisioned_and_the_record_holds_without_it() {
    let desk = Desk::new();
    let mut person = Person::at(desk.ceremony(PROVISION));
    person.confides("New PIN", PIN).confides("The same again", PIN);
    for step in ["Change the PIN.", "Set the management key.", "Generate the key.", "Make the certificate.", "Sign."] {
        person.sees(step).answers("Carry this out now?", "y");
        if step.starts_with('M') {
            person.sees("Touch KEY-1 when it blinks");
        }
    }
    person.sees("Over.");
    let ceremony = person.leaves().exits(0);
    drop(desk);
    ceremony.replay().holds();
    let entries = ceremony.entries();
    let seen: Vec<&Value> =
        entries.iter().filter(|it| it["kind"] == "observed").map(|it| &it["body"]["seen"]).collect();
    let before = |before: Value| json!({ "serial": SERIAL, "before": before });
    let expected = [
        before(json!({ "pin": { "default": true } })),
        before(json!({ "management-key": { "default": true, "protected": false } })),
        before(json!({ "key": { "slot": "9c", "fingerprint": null } })),
        before(json!({ "certificate": { "slot": "9c", "sha256": null } })),
    ];
    assert_eq!(seen, expected.iter().collect::<Vec<_>>());
}

#[test]
fn a_wrong_pin_is_asked_for_again_once_and_the_steps_that_follow_have_the_right_one() {
    let desk = Desk::new();
    desk.provision("ECCP256");
    let sign = |out: &str| {
        let with = format!("device: KEY-1, pin: {{ secret: pin }}, slot: 9c, data: hello, out: {out}");
        format!("      - {{ do: Sign {out}., uses: piv.sign, with: {{ {with} }} }}\n")
    };
    let steps = format!(
        "      - {{ do: Enter the PIN., id: pin, uses: ask.secret, with: {{ prompt: PIN, min_length: 6 }} }}\n{}{}",
        sign("one.sig"),
        sign("two.sig")
    );
    let mut person = Person::at(desk.ceremony(&steps));
    person.confides("PIN", "57575757").confides("The same again", "57575757");
    person.sees("Sign one.sig.").answers("Carry this out now?", "y");
    person.sees("That was not the PIN of KEY-1, and 2 tries are left.");
    person.confides("not shown", PIN).confides("The same again", PIN);
    person.sees("Sign two.sig.").answers("Carry this out now?", "y").sees("Over.");
    let ceremony = person.leaves().exits(0);
    let again: Vec<_> = ceremony.entries().into_iter().filter(|entry| entry["body"]["slot"] == "pin-again").collect();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["body"]["answer"], Value::Null);
    ceremony.replay().holds();
}
