//! The secure channel: GlobalPlatform SCP03 (`GPC_SPE_014`) with AES-128, in the frames of the YubiHSM 2.

use aes::{
    Aes128,
    cipher::{BlockDecryptMut, BlockEncrypt, BlockEncryptMut, InnerIvInit, KeyInit, block_padding::Iso7816},
};
use cmac::{Cmac, Mac as _};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{error_code::ErrorCode, message::Message};

/// Bytes of a challenge, and of a cryptogram.
pub(super) const CHALLENGE_LENGTH: usize = 8;
/// Bytes of the MAC at the end of a message: the first half of the CMAC.
const MAC_LENGTH: usize = 8;

/// Derivation constants (SCP03, 4.1.5).
const CARD_CRYPTOGRAM: u8 = 0x00;
const HOST_CRYPTOGRAM: u8 = 0x01;
const S_ENC: u8 = 0x04;
const S_MAC: u8 = 0x06;
const S_RMAC: u8 = 0x07;

/// The device's end of a channel.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Channel {
    encryption_key: [u8; 16],
    mac_key: [u8; 16],
    response_mac_key: [u8; 16],
    card_cryptogram: [u8; CHALLENGE_LENGTH],
    host_cryptogram: [u8; CHALLENGE_LENGTH],
    /// CMAC of the last command; it begins the next one's.
    chain: [u8; 16],
    /// Number of the next encrypted command, from 1.
    counter: u128,
}

impl Channel {
    /// Derives the session's keys from an authentication key and the two challenges.
    pub(super) fn open(
        encryption_key: &[u8; 16],
        mac_key: &[u8; 16],
        host_challenge: [u8; CHALLENGE_LENGTH],
        card_challenge: [u8; CHALLENGE_LENGTH],
    ) -> Self {
        let context = [host_challenge, card_challenge].concat();
        let session_mac_key = derive(mac_key, S_MAC, 128, &context);
        Self {
            encryption_key: derive(encryption_key, S_ENC, 128, &context),
            response_mac_key: derive(mac_key, S_RMAC, 128, &context),
            card_cryptogram: first_half(derive(&session_mac_key, CARD_CRYPTOGRAM, 64, &context)),
            host_cryptogram: first_half(derive(&session_mac_key, HOST_CRYPTOGRAM, 64, &context)),
            mac_key: session_mac_key,
            chain: [0; 16],
            counter: 1,
        }
    }

    /// What shows the host that the device has the authentication key.
    pub(super) fn card_cryptogram(&self) -> [u8; CHALLENGE_LENGTH] {
        self.card_cryptogram
    }

    /// Whether the host showed that it has the authentication key: cryptogram and MAC of AUTHENTICATE SESSION.
    pub(super) fn authenticate(&mut self, message: Message<'_>, host_cryptogram: [u8; CHALLENGE_LENGTH]) -> bool {
        let mac = self.verify_mac(message);
        let cryptogram: bool = self.host_cryptogram.ct_eq(&host_cryptogram).into();
        cryptogram && mac
    }

    /// The command inside a SESSION MESSAGE.
    ///
    /// # Errors
    /// - [`ErrorCode::AuthenticationFailed`]: the MAC does not fit; the session must be closed.
    /// - [`ErrorCode::InvalidData`]: the MAC fits, but what it covers is no padded command.
    pub(super) fn decrypt(&mut self, message: Message<'_>) -> Result<Zeroizing<Vec<u8>>, ErrorCode> {
        let encrypted = message
            .data
            .get(1..message.data.len().saturating_sub(MAC_LENGTH))
            .filter(|encrypted| !encrypted.is_empty() && encrypted.len().is_multiple_of(16))
            .ok_or(ErrorCode::WrongLength)?;
        if !self.verify_mac(message) {
            return Err(ErrorCode::AuthenticationFailed);
        }
        let mut buffer = Zeroizing::new(encrypted.to_vec());
        let length = cbc::Decryptor::inner_iv_init(self.cipher(), &self.initial_vector().into())
            .decrypt_padded_mut::<Iso7816>(&mut buffer)
            .map_err(|_| ErrorCode::InvalidData)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }

    /// The data of the SESSION MESSAGE that answers the command last decrypted.
    pub(super) fn encrypt(&mut self, session: u8, answer: &[u8]) -> Vec<u8> {
        let encrypted = cbc::Encryptor::inner_iv_init(self.cipher(), &self.initial_vector().into())
            .encrypt_padded_vec_mut::<Iso7816>(answer);
        self.counter += 1;
        let mut data = Vec::with_capacity(1 + encrypted.len() + MAC_LENGTH);
        data.push(session);
        data.extend(encrypted);
        let length = u16::try_from(data.len() + MAC_LENGTH).unwrap_or(u16::MAX).to_be_bytes();
        let mac = cmac(&self.response_mac_key, &[&self.chain, &[0x85], &length, &data]);
        data.extend(first_half(mac));
        data
    }

    /// Checks the MAC at the end of a message, in constant time; if it fits, the chain goes on from it.
    fn verify_mac(&mut self, message: Message<'_>) -> bool {
        let Some((covered, mac)) = message.whole.split_last_chunk::<MAC_LENGTH>() else { return false };
        let expected = cmac(&self.mac_key, &[&self.chain, covered]);
        let fits: bool = first_half(expected).ct_eq(mac).into();
        if fits {
            self.chain = expected;
        }
        fits
    }

    fn cipher(&self) -> Aes128 {
        Aes128::new(&self.encryption_key.into())
    }

    /// The encrypted number of the command (SCP03, 6.2.6).
    fn initial_vector(&self) -> [u8; 16] {
        let mut block = self.counter.to_be_bytes().into();
        self.cipher().encrypt_block(&mut block);
        block.into()
    }
}

/// SCP03's key derivation (4.1.5; NIST SP 800-108 in counter mode): one block is always enough here.
fn derive(key: &[u8; 16], constant: u8, bits: u8, context: &[u8]) -> [u8; 16] {
    cmac(key, &[&[0; 11], &[constant, 0, 0, bits, 1], context])
}

fn cmac(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = <Cmac<Aes128> as KeyInit>::new(key.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The half of a CMAC that is used as MAC or cryptogram.
fn first_half(mac: [u8; 16]) -> [u8; 8] {
    std::array::from_fn(|index| mac.get(index).copied().unwrap_or_default())
}
