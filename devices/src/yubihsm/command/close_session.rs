//! CLOSE SESSION.

use super::super::{error_code::ErrorCode, fields::Fields, session::Session};

pub(super) fn execute(session: &mut Session, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    Fields::of(data).end()?;
    session.ended = true;
    Ok(Vec::new())
}
