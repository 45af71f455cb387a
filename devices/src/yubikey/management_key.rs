//! The management key: what may change the card.

use aes::{Aes128, Aes192, Aes256};
use des::{
    TdesEde3,
    cipher::{BlockEncrypt, KeyInit, generic_array::GenericArray},
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{algorithm::TouchPolicy, status_word::StatusWord};
use crate::{Firmware, key_material::KeyMaterial};

/// The key of a factory-new device.
const FACTORY: [u8; 24] = [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8];

/// The algorithm of the management key (NIST SP 800-78-4, table 6-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub(super) enum ManagementAlgorithm {
    Tdes = 0x03,
    Aes128 = 0x08,
    Aes192 = 0x0a,
    Aes256 = 0x0c,
}

impl ManagementAlgorithm {
    pub(super) const fn code(self) -> u8 {
        self as u8
    }

    /// Bytes of a key.
    pub(super) const fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Tdes | Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    /// Bytes of a block.
    pub(super) const fn block_length(self) -> usize {
        match self {
            Self::Tdes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }

    /// Whether a firmware version has it: AES came with 5.4.2 (Yubico's *PIV PIN-only mode*).
    pub(super) const fn is_of(self, firmware: Firmware) -> bool {
        matches!(self, Self::Tdes) || firmware.at_least(5, 4, 2)
    }
}

impl TryFrom<u8> for ManagementAlgorithm {
    type Error = StatusWord;

    /// 0 is triple DES too, in commands of old.
    fn try_from(code: u8) -> Result<Self, StatusWord> {
        match code {
            0x00 | 0x03 => Ok(Self::Tdes),
            0x08 => Ok(Self::Aes128),
            0x0a => Ok(Self::Aes192),
            0x0c => Ok(Self::Aes256),
            _ => Err(StatusWord::IncorrectParameters),
        }
    }
}

/// The management key of a device.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManagementKey {
    pub(super) algorithm: ManagementAlgorithm,
    pub(super) touch: TouchPolicy,
    pub(super) key: KeyMaterial,
}

impl ManagementKey {
    /// The factory's: triple DES, from 5.7 on AES-192 (Yubico's *5.7 Firmware Specifics*).
    pub(super) fn factory(firmware: Firmware) -> Self {
        let algorithm =
            if firmware.at_least(5, 7, 0) { ManagementAlgorithm::Aes192 } else { ManagementAlgorithm::Tdes };
        Self { algorithm, touch: TouchPolicy::Never, key: FACTORY.as_slice().into() }
    }

    /// Whether it is one that everybody knows.
    pub(super) fn is_factory(&self) -> bool {
        self.key.expose().ct_eq(&FACTORY).into()
    }

    /// Whether the key fits the algorithm.
    pub(super) fn fits(&self) -> bool {
        self.key.expose().len() == self.algorithm.key_length()
    }

    /// One block, encrypted.
    ///
    /// # Errors
    /// [`StatusWord::IncorrectParameters`]: the block has another length.
    pub(super) fn encrypt(&self, block: &[u8]) -> Result<Vec<u8>, StatusWord> {
        if block.len() != self.algorithm.block_length() {
            return Err(StatusWord::IncorrectParameters);
        }
        let key = self.key.expose();
        match self.algorithm {
            ManagementAlgorithm::Tdes => TdesEde3::new_from_slice(key).map(|cipher| one_block(&cipher, block)),
            ManagementAlgorithm::Aes128 => Aes128::new_from_slice(key).map(|cipher| one_block(&cipher, block)),
            ManagementAlgorithm::Aes192 => Aes192::new_from_slice(key).map(|cipher| one_block(&cipher, block)),
            ManagementAlgorithm::Aes256 => Aes256::new_from_slice(key).map(|cipher| one_block(&cipher, block)),
        }
        .map_err(|_| StatusWord::NoPreciseDiagnosis)
    }
}

/// A block as long as those of the cipher.
fn one_block(cipher: &impl BlockEncrypt, block: &[u8]) -> Vec<u8> {
    let mut block = GenericArray::clone_from_slice(block);
    cipher.encrypt_block(&mut block);
    block.to_vec()
}
