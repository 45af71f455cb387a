//! Sessions: opening, using, losing and running out of them.

use std::{thread, time::Duration};

use yubihsm::{Capability, Domain, device::ErrorKind};

use crate::{
    host::{Host, answer, error, frame},
    support::{Bench, put_key, refusal},
};

#[test]
fn the_factory_password_opens_a_session() {
    let client = Bench::new().client();
    // The bench is gone, and with it the connector: what is tested is that opening worked.
    assert!(client.echo(b"?".to_vec()).is_err());
}

#[test]
fn what_is_echoed_comes_back_also_at_the_vendors_longest() {
    let bench = Bench::new();
    let client = bench.client();
    for length in [1, 15, 16, 17, 1024, 2021] {
        let bytes: Vec<u8> = (0..=255).cycle().take(length).collect();
        assert_eq!(client.echo(bytes.clone()).unwrap(), bytes);
    }
}

#[test]
fn a_wrong_password_opens_nothing() {
    let bench = Bench::new();
    assert!(bench.try_client(1, "passwort").is_err());
    assert!(bench.try_client(1, "password").is_ok(), "and blocks nothing");
}

#[test]
fn an_authentication_key_that_is_not_there_is_not_found() {
    let bench = Bench::new();
    assert_eq!(answer(bench.device(), &frame(0x03, &[0, 7, 1, 2, 3, 4, 5, 6, 7, 8])), error(0x0b));
}

#[test]
fn a_wrong_host_cryptogram_closes_the_session_and_blocks_nothing() {
    let bench = Bench::new();
    for _ in 0..40 {
        let mut host = Host::create(bench.device());
        let right = host.authentication();
        let mut wrong = right.clone();
        wrong[4] ^= 1;
        assert_eq!(answer(bench.device(), &wrong), error(0x04));
        assert_eq!(answer(bench.device(), &right), error(0x03), "the session is gone");
    }
    bench.client();
}

#[test]
fn a_wrong_mac_on_the_authentication_closes_the_session() {
    let bench = Bench::new();
    let mut host = Host::create(bench.device());
    let mut wrong = host.authentication();
    *wrong.last_mut().unwrap() ^= 1;
    assert_eq!(answer(bench.device(), &wrong), error(0x04));
}

#[test]
fn a_session_that_is_not_authenticated_carries_no_command() {
    let bench = Bench::new();
    let mut host = Host::create(bench.device());
    let message = host.message(&frame(0x01, b"hello"));
    assert_eq!(answer(bench.device(), &message), error(0x03));
}

#[test]
fn a_second_authentication_is_refused_and_leaves_the_session_alone() {
    let bench = Bench::new();
    let mut host = Host::create(bench.device());
    let authentication = host.authentication();
    assert_eq!(answer(bench.device(), &authentication), [0x84, 0, 0]);
    assert_eq!(answer(bench.device(), &authentication), error(0x03));
    assert_eq!(host.send(0x01, b"still here"), frame(0x81, b"still here"));
}

#[test]
fn a_replayed_message_is_refused_and_ends_the_session() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    let message = host.message(&frame(0x01, b"once"));
    let first = answer(bench.device(), &message);
    assert_eq!(host.read(&first), frame(0x81, b"once"));
    assert_eq!(answer(bench.device(), &message), error(0x04));
    let next = host.message(&frame(0x01, b"twice"));
    assert_eq!(answer(bench.device(), &next), error(0x03));
}

#[test]
fn a_message_with_a_wrong_mac_is_not_carried_out_and_ends_the_session() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    let mut message = host.message(&frame(0x08, b""));
    *message.last_mut().unwrap() ^= 0x80;
    put_key(&bench.client(), 2, "two", Domain::all(), Capability::empty(), Capability::empty()).unwrap();
    assert_eq!(answer(bench.device(), &message), error(0x04));
    bench.client_with(2, "two");
}

#[test]
fn a_message_of_another_session_is_refused() {
    let bench = Bench::new();
    let (mut one, mut other) = (Host::open(bench.device()), Host::open(bench.device()));
    let mut message = one.message(&frame(0x01, b"mine"));
    message[3] = other.session;
    assert_eq!(answer(bench.device(), &message), error(0x04));
    assert_eq!(one.message(&frame(0x01, b"mine")).len(), message.len());
    let late = other.message(&frame(0x01, b"gone"));
    assert_eq!(answer(bench.device(), &late), error(0x03), "the other one paid for it");
}

#[test]
fn a_closed_session_is_gone_after_its_last_answer() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    assert_eq!(host.send(0x40, b""), frame(0xc0, b""));
    let late = host.message(&frame(0x01, b"late"));
    assert_eq!(answer(bench.device(), &late), error(0x03));
}

#[test]
fn sessions_are_numbered_from_0_to_15_and_then_there_are_none() {
    let bench = Bench::new();
    let hosts: Vec<_> = (0..16).map(|_| Host::open(bench.device())).collect();
    assert_eq!(hosts.iter().map(|host| host.session).collect::<Vec<_>>(), (0..16).collect::<Vec<_>>());
    assert_eq!(refusal(bench.try_client(1, "password")), ErrorKind::SessionsFull);
}

#[test]
fn a_closed_session_makes_room() {
    let bench = Bench::new();
    let mut hosts: Vec<_> = (0..16).map(|_| Host::open(bench.device())).collect();
    assert_eq!(hosts[5].send(0x40, b""), frame(0xc0, b""));
    assert_eq!(Host::open(bench.device()).session, 5);
}

#[test]
fn sessions_that_clients_walked_away_from_are_taken_back_when_they_have_expired() {
    let bench = Bench::with(|settings| settings.session_timeout = Duration::from_secs(2));
    let mut hosts: Vec<_> = (0..16).map(|_| Host::create(bench.device())).collect();
    thread::sleep(Duration::from_millis(1200));
    let authentication = hosts[3].authentication();
    assert_eq!(answer(bench.device(), &authentication), [0x84, 0, 0]);
    thread::sleep(Duration::from_millis(1200));
    // All but number 3 have been idle for long enough.
    for expected in (0..16).filter(|number| *number != 3) {
        assert_eq!(Host::open(bench.device()).session, expected);
    }
    assert_eq!(refusal(bench.try_client(1, "password")), ErrorKind::SessionsFull);
}

#[test]
fn a_session_expires_when_it_is_idle_and_not_while_it_is_used() {
    let bench = Bench::with(|settings| settings.session_timeout = Duration::from_millis(900));
    let mut host = Host::open(bench.device());
    for _ in 0..4 {
        thread::sleep(Duration::from_millis(300));
        assert_eq!(host.send(0x01, b"awake"), frame(0x81, b"awake"));
    }
    thread::sleep(Duration::from_secs(1));
    let late = host.message(&frame(0x01, b"asleep"));
    assert_eq!(answer(bench.device(), &late), error(0x03));
}

#[test]
fn several_clients_at_once_get_each_their_own_answers() {
    let bench = Bench::new();
    thread::scope(|scope| {
        for number in 0..8_u8 {
            let client = bench.client();
            scope.spawn(move || {
                for round in 0..20_u8 {
                    let bytes = vec![number, round, 7];
                    assert_eq!(client.echo(bytes.clone()).unwrap(), bytes);
                }
            });
        }
    });
}

#[test]
fn many_more_messages_than_a_byte_counts_go_through_one_session() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    for round in 0..600_u32 {
        let bytes = round.to_be_bytes();
        assert_eq!(host.send(0x01, &bytes), frame(0x81, &bytes));
    }
}
