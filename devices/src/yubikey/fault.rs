//! Failures to rehearse.

use super::{command::CommandCode, status_word::StatusWord};

/// A failure that a virtual YubiKey is to have, once.
pub type Fault = crate::Fault<CommandCode, StatusWord>;

/// What happens then.
pub type FaultEffect = crate::FaultEffect<StatusWord>;
