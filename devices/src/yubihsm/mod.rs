//! A virtual YubiHSM 2 that is itself a loopback `yubihsm-connector`.
//!
//! [`VirtualYubiHsm`] is the device: [`VirtualYubiHsm::transceive`] takes one message of the vendor's binary protocol
//! and answers it. [`Connector`] puts it behind HTTP, as the vendor's connector does, so that `yubihsm-shell`,
//! `python-yubihsm` and the `yubihsm` crate use it unchanged. The device lives in one file, which is written before any
//! answer that depends on it leaves.
//!
//! The rules are the vendor's: *YubiHSM 2 User Guide*, chapters *Core Concepts* and *Command Reference*
//! (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/>). Where the guide is silent, the type that decides
//! says what it decided and why.
//!
//! Not there: wrap, HMAC, OTP, symmetric and RSA keys, templates, writing opaque objects, the options of algorithms and FIPS,
//! asymmetric authentication. Their commands are answered with the vendor's *invalid command*.
//!
//! ```no_run
//! use officiant_devices::yubihsm::{Connector, Fault, FaultEffect, CommandCode, Settings, VirtualYubiHsm};
//!
//! # fn main() -> Result<(), officiant_devices::Error> {
//! let device = VirtualYubiHsm::open(&Settings::new(13_200_460, "device.json"))?;
//! let connector = Connector::start(device, ([127, 0, 0, 1], 0).into())?;
//! println!("connector = {}", connector.url());
//!
//! // The second key generation is carried out, but its answer never arrives.
//! let fault = Fault::after(CommandCode::GenerateAsymmetricKey, FaultEffect::LoseAnswer).nth(2);
//! connector.device().inject(fault);
//! # Ok(())
//! # }
//! ```

mod algorithm;
mod asymmetric_key;
mod attestation;
mod audit_log;
mod capability;
mod command;
mod connector;
mod device;
mod domain;
mod error_code;
mod fault;
mod fields;
mod http;
mod label;
mod limits;
mod message;
mod object;
mod rehearsal_pki;
mod scp03;
mod session;
mod settings;
mod state;

pub use command::CommandCode;
pub use connector::{Connector, RunningConnector, StopHandle};
pub use device::{Reply, VirtualYubiHsm};
pub use error_code::ErrorCode;
pub use fault::{Fault, FaultEffect};
pub use rehearsal_pki::{RehearsalAnchors, rehearsal_anchors};
pub use settings::{Ed25519Attestation, Settings};

/// What reads bytes from outside, for those who feed it with anything.
#[doc(hidden)]
pub mod parsers {
    pub use super::http::head_length;
}
