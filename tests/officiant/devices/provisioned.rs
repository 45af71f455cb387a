//! Devices that were provisioned before, and passwords and certificates that do not fit.

use super::support::{GENERATE, VirtualDevice, aborting, client, fails_with, failures, live, runbook};
use crate::support::Ceremony;
use serde_json::json;
use std::fs;
use yubihsm::{asymmetric, object};

#[test]
fn a_device_that_was_provisioned_before_is_left_as_it_is() {
    let device = VirtualDevice::new(7_550_054);
    let client = client(&device.url(), 1, "password").unwrap();
    let (capability, domain) = (yubihsm::Capability::SIGN_EDDSA, yubihsm::Domain::DOM1);
    client.generate_asymmetric_key(7, "mine".into(), domain, capability, asymmetric::Algorithm::Ed25519).unwrap();
    let before = client.get_public_key(7).unwrap();
    let ceremony = aborting(live(GENERATE, &device), "key");
    fails_with(
        ceremony,
        "exists",
        "asymmetric-key 7 is there already on hsm: label `mine`; this device was provisioned before",
        "look at what is there with yubihsm.list-objects, or reset hsm if it may lose everything",
    );
    assert_eq!(client.get_public_key(7).unwrap().as_ref(), before.as_ref());
}

/// Provisions the device of a rehearsal twice: the second attempt finds object 2.
fn provisioned_twice() -> Ceremony {
    let put = "
      - do: Store a new authentication key.
        id: put
        uses: yubihsm.put-authentication-key
        with:
          device: hsm
          password: { secret: factory-default }
          object_id: 2
          label: new
          domains: all
          capabilities: all
          delegated: all
          new_password: { secret: password }
        on_failure: { go_to: reset }
";
    Ceremony::rehearse(&format!(
        "
notation: 1
title: Test
participants:
  witness: {{ title: Witness }}
devices:
  hsm: {{ kind: yubihsm2 }}
deviations: {{ approved_by: [witness] }}
sections:
  start:
    title: Start
    steps:
      - {{ do: Insert it., uses: devices.insert, with: {{ device: hsm }} }}
      - {{ do: Enter a password., id: password, uses: ask.secret, with: {{ prompt: Password }} }}
{put}
{}
      - end: Over.
  reset:
    title: Reset
    steps:
      - {{ do: Take it out., uses: devices.remove, with: {{ device: hsm }} }}
      - {{ do: Insert it with a finger on it., uses: devices.touch-reset, with: {{ device: hsm }} }}
",
        put.replace("id: put", "id: again")
    ))
}

const PROVISIONED: &str =
    "authentication-key 2 is there already on hsm: label `new`; this device was provisioned before";

#[test]
fn a_second_authentication_key_2_is_refused_and_the_people_may_go_on_without_it() {
    let ceremony = provisioned_twice()
        .answer("start/again#what-now", "deviate")
        .answer("start/again#reason", "It is the one that we made.")
        .carry_out()
        .exits(0);
    assert_eq!(failures(&ceremony), [("exists".to_string(), PROVISIONED.to_string())]);
    let deviated = ceremony.entries().into_iter().find(|entry| entry["kind"] == "deviated").unwrap();
    assert_eq!(
        deviated["body"],
        json!({ "approved_by": [{ "role": "witness" }], "reason": "It is the one that we made." })
    );
    ceremony.replay().holds();
}

#[test]
fn a_physical_reset_makes_a_provisioned_device_new() {
    let ceremony = provisioned_twice().carry_out().exits(0);
    assert_eq!(failures(&ceremony), [("exists".to_string(), PROVISIONED.to_string())]);
    let finished = ceremony.entries().into_iter().rfind(|entry| entry["kind"] == "finished").unwrap();
    assert_eq!(finished["body"]["outputs"]["sequence"], 0, "the reset forgot that there was one before");
    ceremony.replay().holds();
}

#[test]
fn a_wrong_password_is_a_failure_that_says_whose() {
    let steps = "
      - { do: Insert it., uses: devices.insert, with: { device: hsm } }
      - { do: Enter a password., id: password, uses: ask.secret, with: { prompt: Password } }
      - do: List its objects.
        id: listed
        uses: yubihsm.list-objects
        with: { device: hsm, password: { secret: password } }
        on_failure: { go_to: mend }
";
    let ceremony = Ceremony::rehearse(&runbook(steps)).answer("start/password", "not its password");
    let ceremony = aborting(ceremony, "listed");
    fails_with(
        ceremony,
        "wrong-password",
        "this is not the password of authentication key 1 of hsm",
        "enter the password again; if it is the factory's that was expected, the device was provisioned before",
    );
}

#[test]
fn a_device_whose_factory_key_is_gone_has_no_such_authentication_key() {
    let device = VirtualDevice::new(7_550_054);
    let key = yubihsm::authentication::Key::derive_from_password(b"another one");
    let client = client(&device.url(), 1, "password").unwrap();
    let known = client.get_object_info(1, object::Type::AuthenticationKey).unwrap().capabilities;
    let algorithm = yubihsm::authentication::Algorithm::YubicoAes;
    client.put_authentication_key(2, "new".into(), yubihsm::Domain::all(), known, known, algorithm, key).unwrap();
    client.delete_object(1, object::Type::AuthenticationKey).unwrap();
    fails_with(
        aborting(live(GENERATE, &device), "key"),
        "no-authentication-key",
        "hsm has no authentication key 1",
        "use the authentication key that it has; the factory's is 1 until it is deleted",
    );
}

#[test]
fn a_ceremony_refuses_the_attestation_of_a_virtual_device() {
    let steps = format!(
        "{GENERATE}
      - do: Attest it.
        id: attested
        uses: yubihsm.attest
        with:
          device: hsm
          password: {{ secret: factory-default }}
          object_id: 7
          out: attestation.der
          certificate_out: certificate.der
          required: false
"
    );
    let device = VirtualDevice::new(7_550_054);
    let ceremony = fails_with(
        aborting(live(&steps, &device), "attested"),
        "rehearsal-device",
        "hsm is a virtual device for rehearsals: CN=REHEARSAL YubiHSM Attestation (7550054)",
        "see that the bindings name the real device's connector",
    );
    assert_eq!(fs::read_dir(ceremony.folder().join("products")).unwrap().count(), 0);
}
