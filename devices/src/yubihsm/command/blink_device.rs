//! BLINK DEVICE: seconds (1 byte). There is no light here, so it is only in the log that one would have blinked.

use super::super::{error_code::ErrorCode, fields::Fields};

pub(super) fn execute(data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let seconds = fields.byte()?;
    fields.end()?;
    tracing::debug!(seconds, "the device would blink");
    Ok(Vec::new())
}
