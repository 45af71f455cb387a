//! A card, and what clients do to it.

use std::{path::Path, sync::LazyLock};

use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit, generic_array::GenericArray};
use officiant_devices::{
    AttestationKey, Firmware,
    yubikey::{Reply, Settings, VirtualYubiKey},
};
use tempfile::TempDir;

/// A device of Docker's ceremony of 2024-06-04.
pub const SERIAL: u32 = 24_680_135;

pub const SELECT: u8 = 0xa4;
pub const VERIFY: u8 = 0x20;
pub const CHANGE: u8 = 0x24;
pub const UNBLOCK: u8 = 0x2c;
pub const GENERATE: u8 = 0x47;
pub const AUTHENTICATE: u8 = 0x87;
pub const GET_RESPONSE: u8 = 0xc0;
pub const GET_DATA: u8 = 0xcb;
pub const PUT_DATA: u8 = 0xdb;
pub const MOVE_KEY: u8 = 0xf6;
pub const METADATA: u8 = 0xf7;
pub const ATTEST: u8 = 0xf9;
pub const SET_RETRIES: u8 = 0xfa;
pub const RESET: u8 = 0xfb;
pub const IMPORT: u8 = 0xfe;
pub const SET_MANAGEMENT_KEY: u8 = 0xff;

pub const RSA2048: u8 = 0x07;
pub const P256: u8 = 0x11;
pub const P384: u8 = 0x14;

pub const TDES: u8 = 0x03;
pub const AES128: u8 = 0x08;
pub const AES192: u8 = 0x0a;
pub const AES256: u8 = 0x0c;

pub const OK: u16 = 0x9000;
pub const SECURITY: u16 = 0x6982;
pub const BLOCKED: u16 = 0x6983;
pub const CONDITIONS: u16 = 0x6985;
pub const PARAMETERS: u16 = 0x6a80;
pub const NOT_FOUND: u16 = 0x6a82;
pub const FULL: u16 = 0x6a84;
pub const NO_REFERENCE: u16 = 0x6a88;
pub const NO_SLOT: u16 = 0x6b00;
pub const NO_INSTRUCTION: u16 = 0x6d00;
pub const LENGTH: u16 = 0x6700;

pub const PIN: &[u8] = b"123456\xff\xff";
pub const PUK: &[u8] = b"12345678";
pub const WRONG: &[u8] = b"00000000";
/// The factory's management key.
pub const FACTORY: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8];

pub const PIV: &[u8] = &[0xa0, 0, 0, 3, 8];
pub const MANAGEMENT: &[u8] = &[0xa0, 0, 0, 5, 0x27, 0x47, 0x11, 0x17];

/// RSA keys take a moment to make, so all devices of the tests share one.
static ATTESTATION_KEY: LazyLock<AttestationKey> = LazyLock::new(|| AttestationKey::generate().unwrap());

/// A device in a folder of its own, whose PIV application is selected.
pub struct Bench {
    pub card: VirtualYubiKey,
    pub settings: Settings,
    pub folder: TempDir,
}

/// Settings of a factory-new device in a folder.
pub fn settings(folder: &Path) -> Settings {
    Settings { attestation_key: Some(ATTESTATION_KEY.clone()), ..Settings::new(SERIAL, folder.join("card.json")) }
}

impl Bench {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        change(&mut settings);
        let bench = Self { card: VirtualYubiKey::open(&settings).unwrap(), settings, folder };
        bench.select(PIV);
        bench
    }

    pub fn fips(firmware: Firmware) -> Self {
        Self::with(|settings| {
            settings.fips = Some(true);
            settings.firmware = Some(firmware);
        })
    }

    /// The same device in a new process, as far as its file is concerned.
    pub fn restart(self) -> Self {
        let Self { card, settings, folder } = self;
        drop(card);
        let bench = Self { card: VirtualYubiKey::open(&settings).unwrap(), settings, folder };
        bench.select(PIV);
        bench
    }

    pub fn select(&self, application: &[u8]) {
        assert_eq!(self.word(SELECT, 4, 0, application), OK);
    }

    /// Data and status word of one APDU, byte for byte.
    #[track_caller]
    pub fn raw(&self, apdu: &[u8]) -> (Vec<u8>, u16) {
        match self.card.transmit(apdu) {
            Reply::Answer(mut answer) => {
                let word = answer.split_off(answer.len() - 2);
                (answer, u16::from_be_bytes([word[0], word[1]]))
            }
            other => panic!("{other:?}"),
        }
    }

    /// Data and status word of a command, in one extended APDU.
    #[track_caller]
    pub fn send(&self, ins: u8, p1: u8, p2: u8, data: &[u8]) -> (Vec<u8>, u16) {
        self.raw(&extended(ins, p1, p2, data))
    }

    /// The status word of a command.
    #[track_caller]
    pub fn word(&self, ins: u8, p1: u8, p2: u8, data: &[u8]) -> u16 {
        self.send(ins, p1, p2, data).1
    }

    /// The data of a command that is carried out.
    #[track_caller]
    pub fn data(&self, ins: u8, p1: u8, p2: u8, data: &[u8]) -> Vec<u8> {
        let (answer, word) = self.send(ins, p1, p2, data);
        assert_eq!(word, OK, "{word:04x}");
        answer
    }

    #[track_caller]
    pub fn verify(&self) {
        assert_eq!(self.word(VERIFY, 0, 0x80, PIN), OK);
    }

    /// Proves the factory's management key.
    #[track_caller]
    pub fn manage(&self) {
        let algorithm = if self.card.firmware().at_least(5, 7, 0) { AES192 } else { TDES };
        assert_eq!(self.manage_with(algorithm, FACTORY), OK);
    }

    /// Proves a management key, as Yubico's tools do: mutually. The status word; the card must prove it too.
    pub fn manage_with(&self, algorithm: u8, key: &[u8]) -> u16 {
        let (answer, word) = self.send(AUTHENTICATE, algorithm, 0x9b, &[0x7c, 2, 0x80, 0]);
        if word != OK {
            return word;
        }
        let witness = decrypt(algorithm, key, &answer[4..]);
        let challenge = vec![0x5a; witness.len()];
        let length = u8::try_from(witness.len()).unwrap();
        let mut data = vec![0x7c, 2 * length + 4, 0x80, length];
        data.extend(&witness);
        data.extend([0x81, length]);
        data.extend(&challenge);
        let (answer, word) = self.send(AUTHENTICATE, algorithm, 0x9b, &data);
        if word == OK {
            assert_eq!(answer, [&[0x7c, length + 2, 0x82, length], &*encrypt(algorithm, key, &challenge)].concat());
        }
        word
    }

    /// Generates a key; `policies` for the PIN and for touches, 0 for the slot's own.
    #[track_caller]
    pub fn generate(&self, slot: u8, algorithm: u8, policies: [u8; 2]) -> Vec<u8> {
        self.data(GENERATE, 0, slot, &generate_data(algorithm, policies))
    }

    /// The status word of a signature.
    pub fn sign(&self, slot: u8, algorithm: u8) -> u16 {
        let length = if algorithm == P256 { 32 } else { 48 };
        self.word(AUTHENTICATE, algorithm, slot, &sign_data(&vec![7; length]))
    }

    #[track_caller]
    pub fn put(&self, object: [u8; 3], content: &[u8]) -> u16 {
        self.word(PUT_DATA, 0x3f, 0xff, &put_data(object, content))
    }

    pub fn get(&self, object: [u8; 3]) -> (Vec<u8>, u16) {
        self.send(GET_DATA, 0x3f, 0xff, &[&[0x5c, 3], &object[..]].concat())
    }

    /// Blocks PIN and PUK, and resets.
    pub fn factory_reset(&self) {
        while self.word(VERIFY, 0, 0x80, WRONG) != BLOCKED {}
        while self.word(UNBLOCK, 0, 0x80, &[WRONG, WRONG].concat()) != BLOCKED {}
        assert_eq!(self.word(RESET, 0, 0, &[]), OK);
    }
}

pub fn extended(ins: u8, p1: u8, p2: u8, data: &[u8]) -> Vec<u8> {
    let mut apdu = vec![0, ins, p1, p2, 0];
    if !data.is_empty() {
        apdu.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        apdu.extend(data);
    }
    apdu.extend([0, 0]);
    apdu
}

pub fn generate_data(algorithm: u8, [pin, touch]: [u8; 2]) -> Vec<u8> {
    vec![0xac, 9, 0x80, 1, algorithm, 0xaa, 1, pin, 0xab, 1, touch]
}

pub fn sign_data(digest: &[u8]) -> Vec<u8> {
    tlv(0x7c, &[&[0x82, 0], &*tlv(0x81, digest)].concat())
}

pub fn put_data(object: [u8; 3], content: &[u8]) -> Vec<u8> {
    [&[0x5c, 3], &object[..], &*tlv(0x53, content)].concat()
}

pub fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(value.len()).unwrap().to_be_bytes();
    let length: &[u8] = match value.len() {
        ..0x80 => &[low],
        0x80..0x100 => &[0x81, low],
        _ => &[0x82, high, low],
    };
    [&[tag], length, value].concat()
}

/// The value of a data object of one byte's tag, among several.
pub fn find(bytes: &[u8], tag: u8) -> Option<Vec<u8>> {
    let mut rest = bytes;
    while let [found, length, after @ ..] = rest {
        let (length, after) = match length {
            0x81 => (usize::from(after[0]), &after[1..]),
            0x82 => (usize::from(u16::from_be_bytes([after[0], after[1]])), &after[2..]),
            length => (usize::from(*length), after),
        };
        let (value, after) = after.split_at(length);
        if *found == tag {
            return Some(value.to_vec());
        }
        rest = after;
    }
    None
}

pub fn encrypt(algorithm: u8, key: &[u8], block: &[u8]) -> Vec<u8> {
    fn with<C: KeyInit + BlockEncrypt>(key: &[u8], block: &[u8]) -> Vec<u8> {
        let mut block = GenericArray::clone_from_slice(block);
        C::new_from_slice(key).unwrap().encrypt_block(&mut block);
        block.to_vec()
    }
    match algorithm {
        TDES => with::<des::TdesEde3>(key, block),
        AES128 => with::<aes::Aes128>(key, block),
        AES192 => with::<aes::Aes192>(key, block),
        _ => with::<aes::Aes256>(key, block),
    }
}

pub fn decrypt(algorithm: u8, key: &[u8], block: &[u8]) -> Vec<u8> {
    fn with<C: KeyInit + BlockDecrypt>(key: &[u8], block: &[u8]) -> Vec<u8> {
        let mut block = GenericArray::clone_from_slice(block);
        C::new_from_slice(key).unwrap().decrypt_block(&mut block);
        block.to_vec()
    }
    match algorithm {
        TDES => with::<des::TdesEde3>(key, block),
        AES128 => with::<aes::Aes128>(key, block),
        AES192 => with::<aes::Aes192>(key, block),
        _ => with::<aes::Aes256>(key, block),
    }
}
