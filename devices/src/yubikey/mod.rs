//! A virtual YubiKey: a PIV card in a virtual reader.
//!
//! [`VirtualYubiKey`] is the device: [`VirtualYubiKey::transmit`] takes one command APDU and answers it. [`Connection`]
//! puts it into a virtual reader of pcscd, so that `yubico-piv-tool`, `ykman`, `ykcs11`, `OpenSC` and the `yubikey` crate use
//! it unchanged. The device lives in one file, which is written before any answer that depends on it leaves.
//!
//! The rules are those of NIST SP 800-73-4 and, for what is the vendor's own, Yubico's *PIV commands*
//! (<https://docs.yubico.com/yesdk/users-manual/application-piv/commands.html>). Where they are silent, the module that
//! decides says what it decided and why; what is different in the FIPS Series is in one place, the module `fips`.
//!
//! Not there: RSA but for 2048 bits, Ed25519 and X25519, another key in slot f9, secure messaging, what makes a client
//! wait while an RSA key is made, and every other application but for what tells clients which device it is.
//!
//! ```no_run
//! use officiant_devices::yubikey::{CommandCode, Connection, Fault, FaultEffect, Settings, StatusWord, VirtualYubiKey};
//!
//! # fn main() -> Result<(), officiant_devices::Error> {
//! let card = VirtualYubiKey::open(&Settings::new(24_680_135, "card.json"))?;
//! let connection = Connection::start(card, ([127, 0, 0, 1], 35963).into())?;
//!
//! // The second certificate finds no room.
//! let full = FaultEffect::Answer(StatusWord::NotEnoughMemory);
//! connection.card().inject(Fault::before(CommandCode::PutData, full).nth(2));
//! # Ok(())
//! # }
//! ```

mod algorithm;
mod apdu;
mod application;
mod attestation;
mod card;
mod chaining;
mod command;
mod connection;
mod data_object;
mod fault;
mod fips;
mod management_key;
mod power;
mod private_key;
mod rehearsal_pki;
mod secret_reference;
mod session;
mod settings;
mod slot;
mod state;
mod status_word;
mod tlv;
mod vpcd;

pub use card::{Reply, VirtualYubiKey};
pub use command::CommandCode;
pub use connection::{Connection, RunningConnection, StopHandle};
pub use fault::{Fault, FaultEffect};
pub use rehearsal_pki::{RehearsalAnchors, rehearsal_anchors};
pub use settings::{Settings, Touch, Toucher};
pub use status_word::StatusWord;

/// What reads bytes from outside, for those who feed it with anything.
#[doc(hidden)]
pub mod parsers {
    pub use super::{apdu::Apdu, tlv::Objects};
}
