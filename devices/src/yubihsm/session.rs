//! Sessions and their slots.

use std::time::{Duration, Instant};

use super::{capability::Capabilities, domain::Domains, error_code::ErrorCode, object::ObjectId, scp03::Channel};

/// Sessions that a device can have at once, numbered from 0 (*Core Concepts*, *Session*).
pub(super) const SLOTS: usize = 16;

/// What a session inherits from the authentication key that opened it (*Effective Capabilities*), and keeps even if
/// that key is deleted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) authentication_key: ObjectId,
    pub(super) domains: Domains,
    pub(super) capabilities: Capabilities,
    pub(super) delegated_capabilities: Capabilities,
}

impl Caller {
    /// # Errors
    /// [`ErrorCode::InsufficientPermissions`] if the session does not have the capability.
    pub(super) fn needs(&self, capability: Capabilities) -> Result<(), ErrorCode> {
        if self.capabilities.cover(capability) { Ok(()) } else { Err(ErrorCode::InsufficientPermissions) }
    }
}

/// A session, from CREATE SESSION on.
pub(super) struct Session {
    pub(super) channel: Channel,
    pub(super) caller: Caller,
    /// Whether AUTHENTICATE SESSION succeeded.
    pub(super) authenticated: bool,
    /// Set by what ends the session, so that its last answer can still be encrypted.
    pub(super) ended: bool,
    last_used: Instant,
}

/// The sixteen slots.
pub(super) struct Sessions {
    slots: [Option<Session>; SLOTS],
    timeout: Duration,
}

impl Sessions {
    /// All free. A session that was idle for longer than `timeout` has expired.
    pub(super) fn none(timeout: Duration) -> Self {
        Self { slots: [const { None }; SLOTS], timeout }
    }

    /// Puts a new session into a slot: a free one, or else, of those that have expired, the one that was idle for
    /// longest. Sessions that a client walked away from are taken back like this and in no other way, authenticated or
    /// not.
    ///
    /// # Errors
    /// [`ErrorCode::SessionsFull`] if all sixteen are in use.
    pub(super) fn open(&mut self, channel: Channel, caller: Caller) -> Result<u8, ErrorCode> {
        let timeout = self.timeout;
        let slot = self
            .slots
            .iter_mut()
            .enumerate()
            .filter(|(_, slot)| slot.as_ref().is_none_or(|session| session.last_used.elapsed() > timeout))
            .min_by_key(|(_, slot)| slot.as_ref().map(|session| session.last_used));
        let (number, slot) = slot.ok_or(ErrorCode::SessionsFull)?;
        *slot = Some(Session { channel, caller, authenticated: false, ended: false, last_used: Instant::now() });
        u8::try_from(number).map_err(|_| ErrorCode::SessionsFull)
    }

    /// Takes a session that has not expired out of its slot, for one command. It is lost unless it is put back.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidSession`] if it has expired or does not exist.
    pub(super) fn take(&mut self, number: u8) -> Result<Session, ErrorCode> {
        let timeout = self.timeout;
        let slot = self.slots.get_mut(usize::from(number)).ok_or(ErrorCode::InvalidSession)?;
        slot.take_if(|session| session.last_used.elapsed() <= timeout).ok_or(ErrorCode::InvalidSession)
    }

    /// The authentication key that a session was created with.
    pub(super) fn opener(&self, number: u8) -> Option<ObjectId> {
        let session = self.slots.get(usize::from(number))?.as_ref()?;
        Some(session.caller.authentication_key)
    }

    /// Puts a session back after a command; its time runs from now.
    pub(super) fn put_back(&mut self, number: u8, session: Session) {
        if let Some(slot) = self.slots.get_mut(usize::from(number)) {
            *slot = Some(Session { last_used: Instant::now(), ..session });
        }
    }

    /// Frees every slot: what a reboot does.
    pub(super) fn close_all(&mut self) {
        *self = Self::none(self.timeout);
    }
}
