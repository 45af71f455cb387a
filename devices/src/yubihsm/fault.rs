//! Failures to rehearse.

use super::{command::CommandCode, error_code::ErrorCode};

/// A failure that a virtual YubiHSM 2 is to have, once.
pub type Fault = crate::Fault<CommandCode, ErrorCode>;

/// What happens then.
pub type FaultEffect = crate::FaultEffect<ErrorCode>;
