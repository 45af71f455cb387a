//! Devices that die in the middle of a command.

use super::support::{GENERATE, VirtualDevice, aborting, fails_with, failures, live};
use officiant_devices::yubihsm::{CommandCode, Fault, FaultEffect};

#[test]
fn a_device_that_dies_before_it_carries_a_command_out_leaves_open_whether_it_did() {
    for effect in [FaultEffect::Vanish, FaultEffect::PowerOff] {
        let device = VirtualDevice::new(7_550_054).fails(Fault::before(CommandCode::GenerateAsymmetricKey, effect));
        fails_with(
            aborting(live(GENERATE, &device), "key"),
            "vanished",
            "hsm went away during generate-asymmetric-key; whether the key was generated is not known",
            "see that hsm is inserted, and look with yubihsm.list-objects before anything else",
        );
        assert!(device.keys().is_empty());
    }
}

#[test]
fn a_device_that_dies_after_it_carried_a_command_out_leaves_open_whether_it_did() {
    let fault = Fault::after(CommandCode::GenerateAsymmetricKey, FaultEffect::PowerOff);
    let device = VirtualDevice::new(7_550_054).fails(fault);
    fails_with(
        aborting(live(GENERATE, &device), "key"),
        "vanished",
        "hsm went away during generate-asymmetric-key; whether the key was generated is not known",
        "see that hsm is inserted, and look with yubihsm.list-objects before anything else",
    );
    assert_eq!(device.keys(), [7]);
}

#[test]
fn a_command_that_was_not_carried_out_is_when_it_is_tried_again() {
    let fault = Fault::before(CommandCode::GenerateAsymmetricKey, FaultEffect::LoseAnswer);
    let device = VirtualDevice::new(7_550_054).fails(fault);
    let ceremony = live(GENERATE, &device).answers("start/key#what-now", &["retry"]).carry_out().exits(0);
    assert_eq!(failures(&ceremony).len(), 1);
    assert_eq!(device.keys(), [7]);
    ceremony.replay().holds();
}

#[test]
fn a_command_whose_answer_was_lost_is_not_carried_out_twice() {
    let fault = Fault::after(CommandCode::GenerateAsymmetricKey, FaultEffect::LoseAnswer);
    let device = VirtualDevice::new(7_550_054).fails(fault);
    let ceremony = live(GENERATE, &device).answers("start/key#what-now", &["retry"]).carry_out().exits(0);
    let found = failures(&ceremony);
    assert_eq!(
        found[0].1,
        "the connection to hsm broke during generate-asymmetric-key, and hsm is there again; \
         whether the key was generated is not known"
    );
    assert_eq!((found.len(), device.keys()), (1, vec![7]));
    assert!(ceremony.entries().iter().any(|it| it["kind"] == "finished" && it["body"]["taken_up"] == true));
    ceremony.replay().holds();
}

#[test]
fn a_device_that_dies_while_it_is_read_back_is_known_to_have_been_changed() {
    // Once before the command, and once after.
    let device = VirtualDevice::new(7_550_054);
    let ceremony = aborting(live(GENERATE, &device), "key");
    device.device().inject(Fault::before(CommandCode::GetObjectInfo, FaultEffect::Vanish).nth(2));
    fails_with(
        ceremony,
        "vanished",
        "hsm went away during get-object-info; the key was generated, but that could not be confirmed",
        "see that hsm is inserted, and look with yubihsm.list-objects before anything else",
    );
    assert_eq!(device.keys(), [7]);
}
