//! A guard against a library that panics.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls the `yubihsm` crate; `None` when it panicked.
///
/// Version 0.42.1 does where a connector sends an answer in pieces that are more than its buffer together. The step then fails,
/// and the ceremony goes on: whatever panicked is not used again, and if it is, it fails in the same way.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).inspect_err(|_| tracing::error!("the yubihsm crate panicked")).ok()
}
