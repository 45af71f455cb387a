//! A virtual YubiKey: a PIV card in a virtual reader.

mod card;
mod command;
mod fault;
mod power;
mod settings;
mod status_word;

pub use card::{Reply, VirtualYubiKey};
pub use command::CommandCode;
pub use fault::{Fault, FaultEffect};
pub use settings::{Settings, Touch, Toucher};
pub use status_word::StatusWord;
