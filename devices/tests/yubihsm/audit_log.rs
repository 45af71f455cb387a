//! The audit log, as the `yubihsm` crate reads it.

use officiant_devices::{
    Firmware,
    yubihsm::{CommandCode, Fault, FaultEffect},
};
use sha2::{Digest, Sha256};
use yubihsm::{Capability, Client, Domain, asymmetric, audit::AuditOption, command::Code, device::ErrorKind, object};

use crate::{
    host::{Host, error, frame},
    support::{Bench, label, refusal},
};

/// A device that logs by default.
fn bench() -> Bench {
    Bench::with(|settings| settings.firmware = Some(Firmware::new(2, 2, 0)))
}

fn generate(client: &Client, id: object::Id) -> Result<object::Id, yubihsm::client::Error> {
    let algorithm = asymmetric::Algorithm::Ed25519;
    client.generate_asymmetric_key(id, label("k"), Domain::all(), Capability::SIGN_EDDSA, algorithm)
}

fn commands(client: &Client) -> Vec<(u16, Code, object::Id)> {
    let entries = client.get_log_entries().unwrap().entries;
    entries.into_iter().map(|entry| (entry.item, entry.cmd, entry.target_key)).collect()
}

#[test]
fn the_log_begins_with_the_reset_and_has_every_command_with_its_objects() {
    let bench = bench();
    let client = bench.client();
    generate(&client, 100).unwrap();
    client.sign_ed25519(100, b"x".to_vec()).unwrap();
    client.delete_object(100, object::Type::AsymmetricKey).unwrap();
    assert_eq!(
        commands(&client),
        [
            (1, Code::HsmInitialization, 0xffff),
            (2, Code::Unknown, 0),
            (3, Code::CreateSession, 1),
            (4, Code::AuthenticateSession, 1),
            (5, Code::GenerateAsymmetricKey, 100),
            (6, Code::SignEddsa, 100),
            (7, Code::DeleteObject, 100),
        ]
    );
    client.set_log_index(6).unwrap();
    assert_eq!(commands(&client).iter().map(|(item, ..)| *item).collect::<Vec<_>>(), [7, 8]);
    assert_eq!(refusal(client.set_log_index(6)), ErrorKind::InvalidData);
}

#[test]
fn each_digest_is_over_its_entry_and_the_digest_before() {
    let bench = bench();
    let mut host = Host::open(bench.device());
    assert_eq!(host.send(0x58, &[0, 9, 3]), error(0x0b));
    let answer = host.send(0x4d, &[]);
    let entries: Vec<&[u8]> = answer[8..].chunks(32).collect();
    assert_eq!((entries.len(), answer[7]), (5, 5));
    for pair in entries.windows(2) {
        let digest = Sha256::new().chain_update(&pair[1][..16]).chain_update(&pair[0][16..]).finalize();
        assert_eq!(pair[1][16..], digest[..16]);
    }
    // Number, command, length, session key, target key, second key, result; the tick is any.
    let refused = [0, 5, 0x58, 0, 3, 0, 1, 0, 9, 0xff, 0xff, 0x0b];
    assert_eq!(entries[4][..12], refused);
}

#[test]
fn from_firmware_2_3_1_on_only_restarts_are_logged_until_it_is_switched_on() {
    let bench = Bench::new();
    let client = bench.client();
    generate(&client, 100).unwrap();
    assert_eq!(commands(&client).len(), 2);
    bench.device().unplug();
    bench.device().plug();
    bench.device().plug();
    let client = bench.client();
    assert_eq!(commands(&client)[2], (3, Code::Unknown, 0));
    client.set_command_audit_option(Code::GenerateAsymmetricKey, AuditOption::Fix).unwrap();
    generate(&client, 101).unwrap();
    assert_eq!(commands(&client)[3..], [(4, Code::GenerateAsymmetricKey, 101)]);
    let off = client.set_command_audit_option(Code::GenerateAsymmetricKey, AuditOption::Off);
    assert_eq!(refusal(off), ErrorKind::InvalidData);
}

#[test]
fn the_log_outlives_a_restart_and_a_command_whose_answer_is_lost_is_in_it() {
    let bench = bench();
    let client = bench.client();
    bench.device().inject(Fault::after(CommandCode::GenerateAsymmetricKey, FaultEffect::PowerOff));
    assert!(generate(&client, 100).is_err());
    let bench = bench.restart();
    let log = commands(&bench.client());
    assert_eq!(log[4..6], [(5, Code::GenerateAsymmetricKey, 100), (6, Code::Unknown, 0)]);
}

#[test]
fn when_auditing_is_forced_a_full_log_stops_all_but_sessions_and_taking_it_out() {
    let bench = bench();
    let client = bench.client();
    generate(&client, 100).unwrap();
    client.set_force_audit_option(AuditOption::On).unwrap();
    let sign = || client.sign_ed25519(100, b"x".to_vec());
    let refused = (0..62).find_map(|_| sign().err()).unwrap();
    assert_eq!(refused.device_error(), Some(ErrorKind::LogFull));
    assert_eq!(refusal(generate(&client, 101)), ErrorKind::LogFull);
    bench.device().unplug();
    bench.device().plug();
    let client = bench.client();
    let log = client.get_log_entries().unwrap();
    assert_eq!((log.unlogged_boot_events, log.unlogged_auth_events, log.num_entries), (1, 1, 62));
    client.set_log_index(log.entries[61].item).unwrap();
    generate(&client, 101).unwrap();
}

#[test]
fn when_it_is_not_forced_the_oldest_entries_make_room() {
    let bench = bench();
    let client = bench.client();
    generate(&client, 100).unwrap();
    for _ in 0..60 {
        client.sign_ed25519(100, b"x".to_vec()).unwrap();
    }
    let log = client.get_log_entries().unwrap();
    assert_eq!((log.entries[0].item, log.entries[61].item), (4, 65));
}

#[test]
fn a_reset_forgets_the_log_and_the_options() {
    let bench = bench();
    let client = bench.client();
    client.set_force_audit_option(AuditOption::Fix).unwrap();
    bench.device().touch_reset().unwrap();
    let client = bench.client();
    assert_eq!(client.get_force_audit_option().unwrap(), AuditOption::Off);
    assert_eq!(commands(&client)[..2], [(1, Code::HsmInitialization, 0xffff), (2, Code::Unknown, 0)]);
}

#[test]
fn the_log_and_the_options_need_their_capabilities() {
    let bench = bench();
    let client = bench.client();
    let few = Capability::GET_OPAQUE;
    crate::support::put_key(&client, 2, "two", Domain::all(), few, Capability::empty()).unwrap();
    let mut host = Host::open_with(bench.device(), 2, "two");
    for (code, data) in [(0x4d, vec![]), (0x67, vec![0, 1]), (0x50, vec![1]), (0x4f, vec![1, 0, 1, 1])] {
        assert_eq!(host.send(code, &data), error(0x09), "{code:#04x}");
    }
    let mut host = Host::open(bench.device());
    assert_eq!(host.send(0x50, &[1]), frame(0xd0, &[0]));
    for (code, data) in
        [(0x50, vec![2]), (0x4f, vec![1, 0, 1, 3]), (0x4f, vec![3, 0, 1, 0x46]), (0x4f, vec![3, 0, 2, 0x99, 1])]
    {
        assert_eq!(host.send(code, &data), error(0x02), "{code:#04x} {data:?}");
    }
}
