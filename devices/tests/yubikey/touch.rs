//! Keys that need a touch.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use officiant_devices::yubikey::{Reply, Touch, Toucher, VirtualYubiKey};

use crate::support::{AES256, Bench, OK, P256, PIV, SECURITY, SET_MANAGEMENT_KEY, extended, sign_data};

/// Touches when told to, and remembers what for.
#[derive(Default)]
struct Hand {
    absent: AtomicBool,
    asked: Mutex<Vec<String>>,
    /// A card to pull out when asked.
    pulls: Mutex<Option<VirtualYubiKey>>,
}

impl Toucher for Hand {
    fn touch(&self, what: &str) -> bool {
        self.asked.lock().unwrap().push(what.to_owned());
        if let Some(card) = &*self.pulls.lock().unwrap() {
            card.unplug();
            card.plug();
        }
        !self.absent.load(Ordering::Relaxed)
    }
}

fn bench() -> (Arc<Hand>, Bench) {
    let hand = Arc::new(Hand::default());
    let bench = Bench::with(|settings| settings.touch = Touch::By(hand.clone()));
    bench.manage();
    (hand, bench)
}

#[test]
fn a_key_that_always_needs_a_touch_asks_for_it_every_time() {
    let (hand, bench) = bench();
    bench.generate(0x9a, P256, [1, 2]);
    assert_eq!(bench.sign(0x9a, P256), OK);
    assert_eq!(bench.sign(0x9a, P256), OK);
    assert_eq!(*hand.asked.lock().unwrap(), ["to use the key in slot 9a", "to use the key in slot 9a"]);
}

#[test]
fn a_key_that_never_needs_a_touch_asks_for_none() {
    let (hand, bench) = bench();
    bench.generate(0x9a, P256, [1, 1]);
    bench.generate(0x9d, P256, [1, 0]);
    assert_eq!((bench.sign(0x9a, P256), bench.sign(0x9d, P256)), (OK, OK));
    assert!(hand.asked.lock().unwrap().is_empty());
}

#[test]
fn a_cached_touch_counts_for_a_while_and_not_beyond_a_reset() {
    let (hand, bench) = bench();
    bench.generate(0x9a, P256, [1, 3]);
    assert_eq!(bench.sign(0x9a, P256), OK);
    assert_eq!(bench.sign(0x9a, P256), OK);
    assert_eq!(hand.asked.lock().unwrap().len(), 1);
    bench.card.reset();
    bench.select(PIV);
    assert_eq!(bench.sign(0x9a, P256), OK);
    assert_eq!(hand.asked.lock().unwrap().len(), 2);
}

#[test]
fn a_touch_that_does_not_come_refuses_the_signature_and_uses_up_the_pin() {
    let (hand, bench) = bench();
    bench.generate(0x9c, P256, [3, 2]);
    hand.absent.store(true, Ordering::Relaxed);
    bench.verify();
    assert_eq!(bench.sign(0x9c, P256), SECURITY);
    hand.absent.store(false, Ordering::Relaxed);
    assert_eq!(bench.sign(0x9c, P256), SECURITY);
    bench.verify();
    assert_eq!(bench.sign(0x9c, P256), OK);
}

#[test]
fn nobody_is_asked_to_touch_for_a_signature_without_its_pin() {
    let (hand, bench) = bench();
    bench.generate(0x9c, P256, [3, 2]);
    assert_eq!(bench.sign(0x9c, P256), SECURITY);
    assert!(hand.asked.lock().unwrap().is_empty());
}

#[test]
fn a_management_key_can_need_a_touch() {
    let (hand, bench) = bench();
    let key = [0x42; 32];
    assert_eq!(bench.word(SET_MANAGEMENT_KEY, 0xff, 0xfe, &[&[AES256, 0x9b, 32], &key[..]].concat()), OK);
    assert_eq!(bench.manage_with(AES256, &key), OK);
    assert_eq!(*hand.asked.lock().unwrap(), ["to accept the management key"]);
    assert_eq!(bench.manage_with(AES256, &[7; 32]), SECURITY);
    assert_eq!(hand.asked.lock().unwrap().len(), 1, "a wrong key is not worth a touch");
    hand.absent.store(true, Ordering::Relaxed);
    assert_eq!(bench.manage_with(AES256, &key), SECURITY);
    assert_eq!(bench.put([0x5f, 0xff, 0], b"x"), SECURITY);
}

#[test]
fn a_card_that_is_pulled_out_while_it_waits_signs_nothing() {
    let (hand, bench) = bench();
    bench.generate(0x9a, P256, [1, 2]);
    *hand.pulls.lock().unwrap() = Some(bench.card.clone());
    assert_eq!(bench.card.transmit(&extended(0x87, P256, 0x9a, &sign_data(&[7; 32]))), Reply::NoDevice);
    *hand.pulls.lock().unwrap() = None;
    bench.select(PIV);
    assert_eq!(bench.sign(0x9a, P256), OK);
}
