//! Failures that are rehearsed.

use officiant_devices::yubihsm::{CommandCode, ErrorCode, Fault, FaultEffect};
use yubihsm::{Capability, Client, Domain, asymmetric, device::ErrorKind, object};

use crate::support::{Bench, label, refusal};
use std::sync::{Arc, Mutex};

fn generate(client: &Client, id: object::Id) -> Result<object::Id, yubihsm::client::Error> {
    let algorithm = asymmetric::Algorithm::Ed25519;
    client.generate_asymmetric_key(id, label("k"), Domain::all(), Capability::SIGN_EDDSA, algorithm)
}

fn has_key(client: &Client, id: object::Id) -> bool {
    client.get_object_info(id, object::Type::AsymmetricKey).is_ok()
}

const GENERATE: CommandCode = CommandCode::GenerateAsymmetricKey;

#[test]
fn an_unplugged_device_is_no_device_until_it_is_plugged_in_again() {
    let bench = Bench::new();
    let client = bench.client();
    generate(&client, 100).unwrap();
    bench.device().unplug();
    assert!(bench.status_page().starts_with("status=NO_DEVICE\n"));
    assert_eq!(bench.post(&[0x06, 0, 0]).0, 500);
    assert!(client.echo(b"?".to_vec()).is_err());
    bench.device().plug();
    assert!(bench.status_page().starts_with("status=OK\n"));
    assert!(client.echo(b"?".to_vec()).is_err(), "its session is lost");
    assert!(has_key(&bench.client(), 100));
}

#[test]
fn a_device_that_vanishes_before_a_command_has_not_carried_it_out() {
    let bench = Bench::new();
    let client = bench.client();
    bench.device().inject(Fault::before(GENERATE, FaultEffect::Vanish));
    assert!(generate(&client, 100).is_err());
    assert!(bench.status_page().starts_with("status=NO_DEVICE\n"));
    bench.device().plug();
    assert!(!has_key(&bench.client(), 100));
}

#[test]
fn a_device_that_vanishes_after_a_command_has_carried_it_out() {
    let bench = Bench::new();
    let client = bench.client();
    bench.device().inject(Fault::after(GENERATE, FaultEffect::Vanish));
    assert!(generate(&client, 100).is_err());
    bench.device().plug();
    assert!(has_key(&bench.client(), 100));
}

#[test]
fn an_answer_that_never_arrives_is_of_a_command_that_was_carried_out() {
    let bench = Bench::new();
    let client = bench.client();
    bench.device().inject(Fault::after(GENERATE, FaultEffect::LoseAnswer));
    assert!(generate(&client, 100).is_err());
    assert!(bench.device().is_plugged());
    assert!(has_key(&bench.client(), 100));
}

#[test]
fn a_command_that_never_arrives_is_not_carried_out() {
    let bench = Bench::new();
    let client = bench.client();
    bench.device().inject(Fault::before(GENERATE, FaultEffect::LoseAnswer));
    assert!(generate(&client, 100).is_err());
    assert!(!has_key(&bench.client(), 100));
}

#[test]
fn when_the_power_fails_the_connector_is_gone_and_the_sessions_are_lost() {
    let bench = Bench::new();
    let client = bench.client();
    bench.device().inject(Fault::after(GENERATE, FaultEffect::PowerOff));
    assert!(generate(&client, 100).is_err());
    assert_eq!(bench.exchange(b"GET /connector/status HTTP/1.1\r\nHost: localhost\r\n\r\n").0, 0, "not a word");
    assert!(bench.try_client(1, "password").is_err());
    bench.device().plug();
    assert!(client.echo(b"?".to_vec()).is_err());
    assert!(has_key(&bench.client(), 100));
}

#[test]
fn an_injected_error_is_answered_inside_the_session_which_goes_on() {
    let bench = Bench::new();
    let client = bench.client();
    bench.device().inject(Fault::before(GENERATE, FaultEffect::Answer(ErrorCode::LogFull)));
    assert_eq!(refusal(generate(&client, 100)), ErrorKind::LogFull);
    assert!(!has_key(&client, 100));
    bench.device().inject(Fault::after(GENERATE, FaultEffect::Answer(ErrorCode::StorageFailed)));
    assert_eq!(refusal(generate(&client, 100)), ErrorKind::StorageFailed);
    assert!(has_key(&client, 100));
}

#[test]
fn a_fault_happens_once_at_the_nth_such_command_and_at_no_other() {
    let bench = Bench::new();
    let client = bench.client();
    bench.device().inject(Fault::before(GENERATE, FaultEffect::Answer(ErrorCode::StorageFailed)).nth(3));
    generate(&client, 100).unwrap();
    client.echo(b"x".to_vec()).unwrap();
    generate(&client, 101).unwrap();
    assert_eq!(bench.device().pending_faults()[0].nth, 1);
    assert_eq!(refusal(generate(&client, 102)), ErrorKind::StorageFailed);
    assert!(bench.device().pending_faults().is_empty());
    generate(&client, 102).unwrap();
}

#[test]
fn faults_can_be_taken_back() {
    let bench = Bench::new();
    bench.device().inject(Fault::before(GENERATE, FaultEffect::Vanish));
    bench.device().clear_faults();
    generate(&bench.client(), 100).unwrap();
}

#[test]
fn faults_also_happen_while_a_session_is_opened() {
    let bench = Bench::new();
    let full = FaultEffect::Answer(ErrorCode::SessionsFull);
    bench.device().inject(Fault::before(CommandCode::CreateSession, full));
    assert_eq!(refusal(bench.try_client(1, "password")), ErrorKind::SessionsFull);
    bench.device().inject(Fault::before(CommandCode::AuthenticateSession, FaultEffect::LoseAnswer));
    assert!(bench.try_client(1, "password").is_err());
    bench.client();
}

#[test]
fn several_faults_are_had_one_after_another() {
    let bench = Bench::new();
    let client = bench.client();
    let device = bench.device();
    device.inject(Fault::before(CommandCode::SignEddsa, FaultEffect::Answer(ErrorCode::LogFull)));
    device.inject(Fault::before(CommandCode::SignEddsa, FaultEffect::Answer(ErrorCode::InvalidId)).nth(2));
    generate(&client, 100).unwrap();
    assert_eq!(refusal(client.sign_ed25519(100, b"x".to_vec())), ErrorKind::LogFull);
    assert_eq!(refusal(client.sign_ed25519(100, b"x".to_vec())), ErrorKind::InvalidId);
    client.sign_ed25519(100, b"x".to_vec()).unwrap();
}

#[test]
fn a_watcher_knows_of_every_fault_that_was_counted_or_happened_before_the_reply_is_there() {
    let bench = Bench::new();
    let client = bench.client();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    bench.device().watch(move |faults, plugged| {
        told.lock().unwrap().push((faults.iter().map(|fault| fault.nth).collect::<Vec<_>>(), plugged));
    });
    bench.device().inject(Fault::after(GENERATE, FaultEffect::Vanish).nth(2));
    client.echo(b"x".to_vec()).unwrap();
    assert!(seen.lock().unwrap().is_empty());
    generate(&client, 100).unwrap();
    assert_eq!(*seen.lock().unwrap(), [(vec![1], true)]);
    assert!(generate(&client, 101).is_err());
    assert_eq!(*seen.lock().unwrap(), [(vec![1], true), (vec![], false)]);
}
