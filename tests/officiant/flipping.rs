//! Every byte of a transcript, changed one at a time.

use crate::{
    forger::{Forger, broken, everything},
    support::{CarriedOut, Ceremony},
};
use officiant_engine::audit::Depth;
use std::fs;

/// What can happen to a byte.
const CHANGES: [fn(&mut Vec<u8>, usize); 4] = [
    |bytes, at| bytes[at] ^= 1,
    |bytes, at| bytes[at] ^= 0x20,
    |bytes, at| {
        bytes.remove(at);
    },
    |bytes, at| bytes.insert(at, bytes[at]),
];

fn transcript(ceremony: &CarriedOut) -> Vec<u8> {
    fs::read(ceremony.folder().join("transcript.jsonl")).unwrap()
}

/// Whether every change is made to every byte, which takes many minutes; otherwise each byte has one of them, in turn.
fn whole_run() -> bool {
    std::env::var_os("OFFICIANT_EVERY_FORGERY").is_some()
}

/// Makes every change to every `stride`th byte; none may hold.
fn flip(name: &str, ceremony: &CarriedOut, stride: usize) {
    const THREADS: usize = 2;
    let whole = transcript(ceremony);
    let flips: usize = std::thread::scope(|scope| {
        let workers = (0..THREADS).map(|thread| {
            let whole = &whole;
            scope.spawn(move || {
                let forger = Forger::on(&ceremony.folder());
                let mut flips = 0;
                for at in (0..whole.len()).step_by(stride).skip(thread).step_by(THREADS) {
                    for (number, change) in CHANGES.iter().enumerate() {
                        if !whole_run() && at / stride % CHANGES.len() != number {
                            continue;
                        }
                        let mut bytes = whole.clone();
                        change(&mut bytes, at);
                        // Every signature is looked at for one change of four, in turn.
                        let depth = if (at / stride / THREADS + number).is_multiple_of(4) {
                            Depth::EverySignature
                        } else {
                            Depth::LastSignatures
                        };
                        let replayed = forger.replay_bytes(&bytes, depth);
                        assert!(!replayed.holds, "byte {at}, change {number}, {depth:?}: it holds");
                        flips += 1;
                    }
                }
                flips
            })
        });
        workers.collect::<Vec<_>>().into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    println!("{name}: {flips} changes of {} bytes, each refused", whole.len());
}

#[test]
fn no_byte_of_a_transcript_can_be_changed_dropped_or_doubled() {
    let stride = if whole_run() { 1 } else { 61 };
    let small = crate::forging::rehearsed();
    flip("a small ceremony", &small, 1);
    flip("a bit of everything", &everything(), stride);
    flip("a ceremony that broke off twice", &broken(), stride);
    flip(
        "the PSF's ceremony",
        &Ceremony::rehearse_file("runbooks/psf-tuf/ceremony.yaml").carry_out().exits(0),
        19 * stride,
    );
}

/// A sequence that looks random and is the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

#[test]
fn random_bytes_anywhere_in_a_transcript_never_hold_and_never_panic() {
    let ceremony = broken();
    let forger = Forger::on(&ceremony.folder());
    let whole = transcript(&ceremony);
    let mut chance = Chance(0x5eed);
    for round in 0..2_000 {
        let mut bytes = whole.clone();
        for _ in 0..=chance.below(8) {
            let at = chance.below(bytes.len() - 1);
            let to = (at + chance.below(200)).min(bytes.len());
            match chance.below(4) {
                0 => bytes[at] = u8::try_from(chance.below(256)).unwrap(),
                1 => drop(bytes.drain(at..to)),
                2 => {
                    let copied = bytes[at..to].to_vec();
                    let place = chance.below(bytes.len());
                    bytes.splice(place..place, copied);
                }
                _ => bytes[at..to].iter_mut().for_each(|byte| *byte = u8::try_from(chance.below(256)).unwrap()),
            }
        }
        if bytes != whole {
            let depth = if round % 2 == 0 { Depth::EverySignature } else { Depth::LastSignatures };
            assert!(!forger.replay_bytes(&bytes, depth).holds, "round {round} holds");
        }
    }
}
