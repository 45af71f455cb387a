//! The virtual YubiKey: what a reader sends, APDUs among it.
//!
//! The first byte says what was done before: bit 0 SELECT of PIV, bit 1 PIN verified, bit 2 management key authenticated,
//! bit 3 a key made in slot 9c. The rest is what vpcd sends: messages, each with its length (2 bytes, big-endian) before
//! it.

#![no_main]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex},
};

use des::{
    TdesEde3,
    cipher::{BlockEncrypt, KeyInit},
};
use libfuzzer_sys::fuzz_target;
use officiant_devices::yubikey::{Reply, Settings, VirtualYubiKey, parsers::Message};
use tempfile::TempDir;

/// More in one run would find nothing new.
const MESSAGES: usize = 24;

/// A device, and its file as it was when the device was new.
struct Bench {
    card: Option<VirtualYubiKey>,
    file: PathBuf,
    factory_new: Vec<u8>,
    _folder: TempDir,
}

static BENCH: LazyLock<Mutex<Bench>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("card.json");
    let card = Some(open(&file));
    Mutex::new(Bench { card, factory_new: fs::read(&file).unwrap(), file, _folder: folder })
});

fuzz_target!(|input: &[u8]| {
    let Some((before, mut rest)) = input.split_first() else { return };
    let mut bench = BENCH.lock().unwrap();
    let card = bench.factory_new();
    prepare(card, *before);
    for _ in 0..MESSAGES {
        match Message::receive(&mut rest) {
            Ok(Message::Apdu(apdu)) if makes_rsa_key(&apdu) => {}
            Ok(Message::Apdu(apdu)) => drop(transmit(card, &apdu)),
            Ok(Message::GetAtr) => {}
            Ok(Message::PowerOff | Message::PowerOn | Message::Reset) => card.reset(),
            Err(_) => break,
        }
    }
});

impl Bench {
    /// What one run leaves must not matter to the next. A device takes a moment to open, so it is opened anew only when
    /// it has changed; what it has stored must be what it can read.
    fn factory_new(&mut self) -> &VirtualYubiKey {
        if self.card.is_none() || fs::read(&self.file).unwrap() != self.factory_new {
            drop(self.card.take());
            drop(open(&self.file));
            fs::write(&self.file, &self.factory_new).unwrap();
        }
        let card = self.card.get_or_insert_with(|| open(&self.file));
        card.reset();
        card
    }
}

fn open(file: &Path) -> VirtualYubiKey {
    VirtualYubiKey::open(&Settings::new(1, file)).unwrap()
}

fn prepare(card: &VirtualYubiKey, before: u8) {
    if before & 1 != 0 {
        transmit(card, &[0, 0xa4, 4, 0, 5, 0xa0, 0, 0, 3, 8]);
    }
    if before & 2 != 0 {
        transmit(card, b"\x00\x20\x00\x80\x08123456\xff\xff");
    }
    if before & 4 != 0 {
        let challenge = transmit(card, &[0, 0x87, 3, 0x9b, 4, 0x7c, 2, 0x81, 0]);
        if let Some(challenge) = challenge.get(4..12) {
            let mut block = *des::cipher::Block::<TdesEde3>::from_slice(challenge);
            let key: Vec<u8> = (0..3).flat_map(|_| 1..=8).collect();
            TdesEde3::new_from_slice(&key).unwrap().encrypt_block(&mut block);
            transmit(card, &[&[0, 0x87, 3, 0x9b, 12, 0x7c, 10, 0x82, 8], &block[..]].concat());
        }
    }
    if before & 8 != 0 {
        transmit(card, &[0, 0x47, 0, 0x9c, 5, 0xac, 3, 0x80, 1, 0x11]);
    }
}

/// Whether it could be to make an RSA key, which takes more time than everything else together.
fn makes_rsa_key(apdu: &[u8]) -> bool {
    apdu.get(1) == Some(&0x47) && apdu.windows(3).any(|tag| tag == [0x80, 1, 7])
}

/// Whatever a card is sent, it answers, with a status word at least and with no more than was asked for at most.
fn transmit(card: &VirtualYubiKey, apdu: &[u8]) -> Vec<u8> {
    let Reply::Answer(answer) = card.transmit(apdu) else { panic!("a card that is in answers") };
    assert!((2..=65538).contains(&answer.len()), "{}", answer.len());
    let status = answer[answer.len() - 2];
    assert!(matches!(status, 0x61..=0x6f | 0x90), "{status:02x}");
    answer
}
