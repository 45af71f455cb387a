//! A virtual YubiKey: a PIV card in a virtual reader.

mod attestation;
mod card;
mod command;
mod connection;
mod fault;
mod power;
mod rehearsal_pki;
mod settings;
mod status_word;
mod vpcd;

pub use card::{Reply, VirtualYubiKey};
pub use command::CommandCode;
pub use connection::{Connection, RunningConnection, StopHandle};
pub use fault::{Fault, FaultEffect};
pub use rehearsal_pki::{RehearsalAnchors, rehearsal_anchors};
pub use settings::{Settings, Touch, Toucher};
pub use status_word::StatusWord;
