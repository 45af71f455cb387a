//! Failures that are rehearsed.

use std::sync::{Arc, Mutex};

use officiant_devices::yubikey::{CommandCode, Fault, FaultEffect, Reply, StatusWord};

use crate::support::{
    BLOCKED, Bench, FULL, METADATA, NO_REFERENCE, OK, P256, PIN, PIV, SECURITY, VERIFY, extended, generate_data,
};

const GENERATE: CommandCode = CommandCode::GenerateAsymmetricKeyPair;

fn generate(bench: &Bench) -> Reply {
    bench.card.transmit(&extended(0x47, 0, 0x9a, &generate_data(P256, [1, 0])))
}

fn has_key(bench: &Bench) -> bool {
    bench.select(PIV);
    bench.word(METADATA, 0, 0x9a, &[]) != NO_REFERENCE
}

fn bench() -> Bench {
    let bench = Bench::new();
    bench.manage();
    bench
}

#[test]
fn an_unplugged_card_is_no_card_until_it_is_plugged_in_again_and_has_forgotten_what_was_proved() {
    let bench = bench();
    bench.card.unplug();
    assert!(!bench.card.is_plugged());
    assert_eq!(generate(&bench), Reply::NoDevice);
    bench.card.plug();
    bench.select(PIV);
    assert_eq!(generate(&bench), Reply::Answer(vec![0x69, 0x82]));
}

#[test]
fn a_card_that_vanishes_before_a_command_has_not_carried_it_out() {
    let bench = bench();
    bench.card.inject(Fault::before(GENERATE, FaultEffect::Vanish));
    assert_eq!(generate(&bench), Reply::NoDevice);
    assert!(!bench.card.is_plugged());
    bench.card.plug();
    assert!(!has_key(&bench));
}

#[test]
fn a_card_that_vanishes_after_a_command_has_carried_it_out() {
    let bench = bench();
    bench.card.inject(Fault::after(GENERATE, FaultEffect::Vanish));
    assert_eq!(generate(&bench), Reply::NoDevice);
    bench.card.plug();
    assert!(has_key(&bench));
}

#[test]
fn a_power_failure_is_silence_and_what_was_stored_before_stays() {
    let bench = bench();
    bench.card.inject(Fault::after(GENERATE, FaultEffect::PowerOff));
    assert_eq!(generate(&bench), Reply::Silence);
    assert_eq!(bench.card.transmit(&[0, 0xfd, 0, 0]), Reply::Silence);
    let bench = bench.restart();
    assert!(has_key(&bench));
    bench.card.inject(Fault::before(GENERATE, FaultEffect::PowerOff));
    bench.manage();
    assert_eq!(generate(&bench), Reply::Silence);
    bench.card.plug();
    bench.select(PIV);
    assert_eq!(generate(&bench), Reply::Answer(SECURITY.to_be_bytes().to_vec()));
}

#[test]
fn a_lost_answer_is_of_a_command_that_was_carried_out_and_the_card_stays() {
    let bench = bench();
    bench.card.inject(Fault::after(GENERATE, FaultEffect::LoseAnswer));
    assert_eq!(generate(&bench), Reply::Silence);
    assert!(bench.card.is_plugged());
    assert!(has_key(&bench));
}

#[test]
fn every_status_word_can_be_answered_before_and_after_a_command() {
    let bench = bench();
    for word in StatusWord::ALL.iter().copied() {
        bench.card.inject(Fault::before(CommandCode::GetVersion, FaultEffect::Answer(word)));
        assert_eq!(bench.word(0xfd, 0, 0, &[]), word.code());
    }
    bench.card.inject(Fault::after(GENERATE, FaultEffect::Answer(StatusWord::NotEnoughMemory)));
    assert_eq!(generate(&bench), Reply::Answer(FULL.to_be_bytes().to_vec()));
    assert!(has_key(&bench));
    bench.card.inject(Fault::before(CommandCode::Verify, FaultEffect::Answer(StatusWord::AuthenticationMethodBlocked)));
    assert_eq!(bench.word(VERIFY, 0, 0x80, PIN), BLOCKED);
    assert_eq!(bench.word(VERIFY, 0, 0x80, PIN), OK);
}

#[test]
fn a_fault_happens_once_at_the_nth_such_command_and_a_command_in_parts_is_one() {
    let bench = bench();
    bench.card.inject(Fault::before(CommandCode::PutData, FaultEffect::Answer(StatusWord::MemoryFailure)).nth(2));
    let part = |class, data: &[u8]| [&[class, 0xdb, 0x3f, 0xff, u8::try_from(data.len()).unwrap()], data].concat();
    let data = crate::support::put_data([0x5f, 0xff, 0], b"content");
    assert_eq!(bench.raw(&part(0x10, &data[..4])).1, OK);
    assert_eq!(bench.raw(&part(0x00, &data[4..])).1, OK);
    assert_eq!(bench.card.pending_faults()[0].nth, 1);
    assert_eq!(bench.raw(&part(0x00, &data)).1, 0x6581);
    assert!(bench.card.pending_faults().is_empty());
    assert_eq!(bench.raw(&part(0x00, &data)).1, OK);
}

#[test]
fn the_rest_of_a_long_answer_can_be_lost() {
    let bench = bench();
    bench.card.inject(Fault::before(CommandCode::GetResponse, FaultEffect::LoseAnswer));
    let (_, word) = bench.raw(&[0, 0xcb, 0x3f, 0xff, 5, 0x5c, 3, 0x5f, 0xff, 0x01, 0]);
    assert_eq!(word & 0xff00, 0x6100);
    assert_eq!(bench.card.transmit(&[0, 0xc0, 0, 0, 0]), Reply::Silence);
}

#[test]
fn faults_can_be_taken_back() {
    let bench = bench();
    bench.card.inject(Fault::before(GENERATE, FaultEffect::Vanish));
    bench.card.clear_faults();
    assert!(bench.card.pending_faults().is_empty());
    assert!(matches!(generate(&bench), Reply::Answer(_)));
    assert!(has_key(&bench));
}

#[test]
fn a_watcher_knows_of_every_fault_that_was_counted_or_happened_before_the_reply_is_there() {
    let bench = bench();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    bench.card.watch(move |faults, plugged| {
        told.lock().unwrap().push((faults.iter().map(|fault| fault.nth).collect::<Vec<_>>(), plugged));
    });
    bench.card.inject(Fault::after(GENERATE, FaultEffect::Vanish).nth(2));
    bench.word(0xfd, 0, 0, &[]);
    assert!(seen.lock().unwrap().is_empty());
    let _ = generate(&bench);
    assert_eq!(*seen.lock().unwrap(), [(vec![1], true)]);
    assert_eq!(generate(&bench), Reply::NoDevice);
    assert_eq!(*seen.lock().unwrap(), [(vec![1], true), (vec![], false)]);
}
