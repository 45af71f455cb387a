//! What a card knows only while it has power.

use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::{
    application::Application,
    chaining::{Incoming, Outgoing},
    status_word::StatusWord,
};

/// For how long a touch counts for keys with the *cached* policy (Yubico's *PIV Touch Policy*). One touch counts for all
/// of them; the documents do not say.
const TOUCH_COUNTS: Duration = Duration::from_secs(15);

/// Since the card got power.
#[derive(Default)]
pub(super) struct Session {
    pub(super) application: Option<Application>,
    pub(super) security: Security,
    pub(super) incoming: Incoming,
    pub(super) outgoing: Outgoing,
    touched: Option<Instant>,
}

/// What was proved to the PIV application since it was selected.
#[derive(Default)]
pub(super) struct Security {
    pin: Pin,
    /// Whether the management key was proved.
    pub(super) management: bool,
    /// What was sent for the management key to be proved with.
    pub(super) challenge: Option<Challenge>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Pin {
    #[default]
    NotVerified,
    Verified,
    /// And no key was used since that needed it.
    Fresh,
}

/// What the holder of the management key has to answer.
pub(super) enum Challenge {
    /// Sent encrypted; the answer is what it was.
    Witness(Zeroizing<Vec<u8>>),
    /// Sent as it is; the answer is this, encrypted.
    Plain(Zeroizing<Vec<u8>>),
}

impl Session {
    pub(super) fn touch(&mut self) {
        self.touched = Some(Instant::now());
    }

    pub(super) fn is_touch_cached(&self) -> bool {
        self.touched.is_some_and(|touched| touched.elapsed() < TOUCH_COUNTS)
    }
}

impl Security {
    pub(super) fn pin_verified(&mut self) {
        self.pin = Pin::Fresh;
    }

    pub(super) fn pin_refused(&mut self) {
        self.pin = Pin::NotVerified;
    }

    pub(super) fn is_pin_verified(&self) -> bool {
        self.pin != Pin::NotVerified
    }

    /// Uses up that the PIN is fresh, and says whether it was. Any use of a key that needs the PIN does, though the
    /// standard asks this only of keys that need it always; so a client that verifies too seldom is found out.
    pub(super) fn take_fresh_pin(&mut self) -> bool {
        let fresh = self.pin == Pin::Fresh;
        if fresh {
            self.pin = Pin::Verified;
        }
        fresh
    }

    /// # Errors
    /// [`StatusWord::SecurityStatusNotSatisfied`]: the management key was not proved.
    pub(super) const fn need_management(&self) -> Result<(), StatusWord> {
        if self.management { Ok(()) } else { Err(StatusWord::SecurityStatusNotSatisfied) }
    }

    /// # Errors
    /// [`StatusWord::SecurityStatusNotSatisfied`]: the PIN was not verified.
    pub(super) fn need_pin(&self) -> Result<(), StatusWord> {
        if self.is_pin_verified() { Ok(()) } else { Err(StatusWord::SecurityStatusNotSatisfied) }
    }
}
