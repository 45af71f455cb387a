//! A guard against a library that panics.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls the `yubihsm` or the `yubikey` crate; `None` when it panicked.
///
/// `yubihsm` 0.42.1 does where a connector sends an answer in pieces that are more than its buffer together, `yubikey` 0.9.0-rc.0
/// where an answer is shorter than it takes for granted. The step then fails, and the ceremony goes on: whatever panicked is not
/// used again, and if it is, it fails in the same way.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).inspect_err(|_| tracing::error!("a device's library panicked")).ok()
}
