//! The host's end of a session, written for these tests alone: it sends what no client would.

use std::sync::LazyLock;

use aes::{
    Aes128,
    cipher::{BlockDecryptMut, BlockEncrypt, BlockEncryptMut, InnerIvInit, KeyInit, block_padding::Iso7816},
};
use cmac::{Cmac, Mac};
use officiant_devices::yubihsm::{Reply, VirtualYubiHsm};

/// The keys of the factory's password, so that making them takes no time from a test of times.
static FACTORY_KEYS: LazyLock<[u8; 32]> = LazyLock::new(|| keys("password"));

fn keys(password: &str) -> [u8; 32] {
    let mut keys = [0; 32];
    pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password.as_bytes(), b"Yubico", 10_000, &mut keys);
    keys
}

pub struct Host<'a> {
    device: &'a VirtualYubiHsm,
    pub session: u8,
    encryption_key: [u8; 16],
    mac_key: [u8; 16],
    response_mac_key: [u8; 16],
    chain: [u8; 16],
    counter: u128,
}

/// A message with the right length.
pub fn frame(code: u8, data: &[u8]) -> Vec<u8> {
    [&[code], u16::try_from(data.len()).unwrap().to_be_bytes().as_slice(), data].concat()
}

/// The answer to a message, which must come.
#[track_caller]
pub fn answer(device: &VirtualYubiHsm, message: &[u8]) -> Vec<u8> {
    match device.transceive(message) {
        Reply::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

/// An error answer.
pub fn error(code: u8) -> Vec<u8> {
    vec![0x7f, 0, 1, code]
}

impl<'a> Host<'a> {
    /// CREATE SESSION with the factory's authentication key; not authenticated yet.
    pub fn create(device: &'a VirtualYubiHsm) -> Self {
        Self::create_with(device, 1, "password")
    }

    fn create_with(device: &'a VirtualYubiHsm, id: u16, password: &str) -> Self {
        let keys = if password == "password" { *FACTORY_KEYS } else { keys(password) };
        let (encryption, mac) = (keys[..16].try_into().unwrap(), keys[16..].try_into().unwrap());
        let challenge = *b"whatever";
        let created = answer(device, &frame(0x03, &[id.to_be_bytes().as_slice(), &challenge].concat()));
        assert_eq!(created[..3], [0x83, 0, 17], "{created:02x?}");
        let context = [challenge.as_slice(), &created[4..12]].concat();
        let host = Self {
            device,
            session: created[3],
            encryption_key: derive(encryption, 4, 128, &context),
            mac_key: derive(mac, 6, 128, &context),
            response_mac_key: derive(mac, 7, 128, &context),
            chain: [0; 16],
            counter: 1,
        };
        assert_eq!(created[12..], derive(host.mac_key, 0, 64, &context)[..8], "card cryptogram");
        Self { chain: derive(host.mac_key, 1, 64, &context), ..host }
    }

    /// AUTHENTICATE SESSION, as it should be.
    pub fn authentication(&mut self) -> Vec<u8> {
        let cryptogram = self.chain;
        self.chain = [0; 16];
        self.with_mac(0x04, &cryptogram[..8])
    }

    /// A session that is ready to use.
    pub fn open(device: &'a VirtualYubiHsm) -> Self {
        Self::open_with(device, 1, "password")
    }

    /// The same, with another authentication key.
    pub fn open_with(device: &'a VirtualYubiHsm, id: u16, password: &str) -> Self {
        let mut host = Self::create_with(device, id, password);
        let authentication = host.authentication();
        assert_eq!(answer(device, &authentication), [0x84, 0, 0]);
        host
    }

    /// SESSION MESSAGE around anything.
    pub fn message(&mut self, inner: &[u8]) -> Vec<u8> {
        let encrypted = cbc::Encryptor::inner_iv_init(self.cipher(), &self.initial_vector().into())
            .encrypt_padded_vec_mut::<Iso7816>(inner);
        self.with_mac(0x05, &encrypted)
    }

    /// SESSION MESSAGE around bytes that are sent as if they were encrypted.
    pub fn with_mac(&mut self, code: u8, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(1 + data.len() + 8).unwrap().to_be_bytes();
        let covered = [&[code], length.as_slice(), &[self.session], data].concat();
        self.chain = cmac(self.mac_key, &[&self.chain, &covered]);
        [covered.as_slice(), &self.chain[..8]].concat()
    }

    /// What the answer to a SESSION MESSAGE holds.
    #[track_caller]
    pub fn read(&mut self, answer: &[u8]) -> Vec<u8> {
        assert_eq!(answer[0], 0x85, "{answer:02x?}");
        let (covered, mac) = answer.split_at(answer.len() - 8);
        assert_eq!(cmac(self.response_mac_key, &[&self.chain, covered])[..8], *mac, "response MAC");
        let inner = cbc::Decryptor::inner_iv_init(self.cipher(), &self.initial_vector().into())
            .decrypt_padded_vec_mut::<Iso7816>(&covered[4..])
            .unwrap();
        self.counter += 1;
        inner
    }

    /// Sends a command, and returns its answer.
    #[track_caller]
    pub fn send(&mut self, code: u8, data: &[u8]) -> Vec<u8> {
        self.send_raw(&frame(code, data))
    }

    /// Sends anything encrypted, and returns the answer.
    #[track_caller]
    pub fn send_raw(&mut self, inner: &[u8]) -> Vec<u8> {
        let message = self.message(inner);
        let answer = answer(self.device, &message);
        self.read(&answer)
    }

    fn cipher(&self) -> Aes128 {
        Aes128::new(&self.encryption_key.into())
    }

    fn initial_vector(&self) -> [u8; 16] {
        let mut block = self.counter.to_be_bytes().into();
        self.cipher().encrypt_block(&mut block);
        block.into()
    }
}

fn derive(key: [u8; 16], constant: u8, bits: u8, context: &[u8]) -> [u8; 16] {
    cmac(key, &[&[0; 11], &[constant, 0, 0, bits, 1], context])
}

fn cmac(key: [u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = <Cmac<Aes128> as Mac>::new_from_slice(&key).unwrap();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
