//! The device: what answers messages.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tracing::debug;

use super::{
    attestation,
    audit_log::{AuditLog, Happened},
    command::{self, CommandCode},
    error_code::ErrorCode,
    fault::{Fault, FaultEffect},
    limits,
    message::{self, Message},
    rehearsal_pki::SubCa,
    session::{Session, Sessions},
    settings::{Ed25519Attestation, Settings},
    state::{FORMAT, State},
};
use crate::{AttestationKey, Error, Firmware, fault::Faults, store::Store};

/// A virtual YubiHSM 2. Clones are the same device; its file is locked until the last of them is dropped.
#[derive(Clone)]
pub struct VirtualYubiHsm(Arc<Mutex<Device>>);

/// What comes back for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer of the device, which may be an error answer.
    Answer(Vec<u8>),
    /// There is no device to answer.
    NoDevice,
    /// Nothing comes back, whether or not the command was carried out.
    Silence,
}

impl VirtualYubiHsm {
    /// Opens the device in a file, or makes a factory-new one and its file.
    ///
    /// # Errors
    /// The file cannot be read or written, is damaged, is in use, or is of another device than asked for; see
    /// [`Error`].
    pub fn open(settings: &Settings) -> Result<Self, Error> {
        let store = Store::open(&settings.state)?;
        let loaded = store.load()?;
        let restarts = loaded.is_some();
        let (state, attestation_key) = match loaded {
            Some(state) => existing(&store, settings, state)?,
            None => factory_new(&store, settings)?,
        };
        let mut device = Device {
            sessions: Sessions::none(settings.session_timeout),
            ed25519_attestation: settings.ed25519_attestation,
            store,
            state,
            attestation_key,
            presence: Presence::PluggedIn,
            powered_since: Instant::now(),
            faults: Faults::default(),
        };
        if restarts {
            device.boot();
        }
        Ok(Self(Arc::new(Mutex::new(device))))
    }

    /// The reply to one message, in the frames of the vendor's *Command Reference*.
    #[must_use]
    pub fn transceive(&self, message: &[u8]) -> Reply {
        let mut device = self.device();
        let answer = match device.presence {
            Presence::PluggedIn => device.answer(message),
            Presence::Unplugged => Err(Interruption::NoDevice),
            Presence::PoweredOff => Err(Interruption::Silence),
        };
        match answer {
            Ok(answer) => Reply::Answer(answer),
            Err(Interruption::NoDevice) => Reply::NoDevice,
            Err(Interruption::Silence) => Reply::Silence,
        }
    }

    /// The serial number.
    #[must_use]
    pub fn serial(&self) -> u32 {
        self.device().state.serial
    }

    /// The firmware version.
    #[must_use]
    pub fn firmware(&self) -> Firmware {
        self.device().state.firmware
    }

    /// Object 0, the certificate of the device's attestation key: X.509 DER.
    #[must_use]
    pub fn attestation_certificate(&self) -> Vec<u8> {
        self.device().state.attestation_certificate.clone()
    }

    /// Pulls the device out: sessions are lost, and the connector has no device until [`plug`](Self::plug).
    pub fn unplug(&self) {
        self.device().lose_power(Presence::Unplugged);
    }

    /// Puts the device in, or switches everything on again. A device that is in stays as it is.
    pub fn plug(&self) {
        self.device().start();
    }

    /// Switches everything off: sessions are lost, and the connector closes every connection without a word until
    /// [`plug`](Self::plug).
    pub fn power_off(&self) {
        self.device().lose_power(Presence::PoweredOff);
    }

    /// Whether the device is in and has power.
    #[must_use]
    pub fn is_plugged(&self) -> bool {
        self.device().presence == Presence::PluggedIn
    }

    /// The physical reset: the device is pulled out, and put in while its rim is touched for ten seconds (*Reset to
    /// Factory Settings*). Every object is gone and the factory's authentication key is back; serial number, firmware
    /// and attestation key stay.
    ///
    /// # Errors
    /// [`Error::Storage`]; the device then is unplugged.
    pub fn touch_reset(&self) -> Result<(), Error> {
        let mut device = self.device();
        device.lose_power(Presence::Unplugged);
        let mut next = device.state.clone();
        next.restore_factory_objects();
        device.replace_state(next)?;
        // The log has the restart already.
        device.presence = Presence::PluggedIn;
        device.powered_since = Instant::now();
        Ok(())
    }

    /// Lets the device fail once; see [`Fault`].
    pub fn inject(&self, fault: Fault) {
        self.device().faults.inject(fault);
    }

    /// Takes back the faults that have not happened yet.
    pub fn clear_faults(&self) {
        self.device().faults.clear();
    }

    /// The faults that have not happened yet, `nth` counted from now.
    #[must_use]
    pub fn pending_faults(&self) -> Vec<Fault> {
        self.device().faults.pending().to_vec()
    }

    /// Lets `watcher` know when a fault was counted or happened, before a reply leaves that shows it: with the faults that
    /// have not happened yet, and whether the device is in and has power. It is called while the device is held, and must
    /// not call it.
    pub fn watch(&self, watcher: impl Fn(&[Fault], bool) + Send + 'static) {
        self.device().faults.watch(watcher);
    }

    pub(super) fn is_powered(&self) -> bool {
        self.device().presence != Presence::PoweredOff
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        // A state is replaced as a whole or not at all, so it is intact even if a thread died while it had the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for VirtualYubiHsm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualYubiHsm").field("serial", &self.serial()).finish_non_exhaustive()
    }
}

/// What a device is, with and without power.
pub(super) struct Device {
    store: Store,
    pub(super) state: State,
    pub(super) attestation_key: AttestationKey,
    pub(super) ed25519_attestation: Ed25519Attestation,
    pub(super) sessions: Sessions,
    presence: Presence,
    powered_since: Instant,
    faults: Faults<CommandCode, ErrorCode>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    PluggedIn,
    Unplugged,
    PoweredOff,
}

/// Why there is no answer.
pub(super) enum Interruption {
    NoDevice,
    Silence,
}

/// The result of a command, unless something came between.
type Outcome = Result<Result<Vec<u8>, ErrorCode>, Interruption>;

impl Device {
    /// Answers a message as it came over the wire.
    fn answer(&mut self, whole: &[u8]) -> Result<Vec<u8>, Interruption> {
        if whole.len() > limits::longest_message(self.state.firmware) {
            return Ok(message::answer(0, Err(ErrorCode::WrongLength)));
        }
        let message = match Message::parse(whole) {
            Ok(message) => message,
            Err(code) => return Ok(message::answer(0, Err(code))),
        };
        let result = if message.code == CommandCode::SessionMessage.code() {
            self.with_faults(message.code, |device| device.session_message(message))?
        } else {
            let result = self.with_faults(message.code, |device| {
                Ok(device.audited(None, message, |device| command::execute_bare(device, message)))
            })?;
            log(message.code, None, &result);
            result
        };
        Ok(message::answer(message.code, result))
    }

    /// SESSION MESSAGE: session ID (1 byte), encrypted command, MAC (8 bytes); the answer likewise.
    fn session_message(&mut self, message: Message<'_>) -> Outcome {
        let Some(number) = message.data.first().copied() else { return Ok(Err(ErrorCode::WrongLength)) };
        let mut session = match self.sessions.take(number) {
            Ok(session) => session,
            Err(code) => return Ok(Err(code)),
        };
        let outcome = self.encrypted_command(number, &mut session, message);
        if !session.ended && self.presence == Presence::PluggedIn {
            self.sessions.put_back(number, session);
        }
        outcome
    }

    fn encrypted_command(&mut self, number: u8, session: &mut Session, message: Message<'_>) -> Outcome {
        if !session.authenticated {
            return Ok(Err(ErrorCode::InvalidSession));
        }
        let command = match session.channel.decrypt(message) {
            Ok(command) => command,
            Err(code) => {
                // SCP03, 6.2.5: what fails to verify ends the session. A message too short to have a MAC was no part of
                // it.
                session.ended = code != ErrorCode::WrongLength;
                log(message.code, Some(number), &Err(code));
                return Ok(Err(code));
            }
        };
        let answer = match Message::parse(&command) {
            Ok(command) => {
                let result = self.with_faults(command.code, |device| {
                    let key = session.caller.authentication_key;
                    Ok(device.audited(Some(key), command, |device| command::execute(device, session, command)))
                })?;
                log(command.code, Some(number), &result);
                message::answer(command.code, result)
            }
            Err(code) => message::answer(0, Err(code)),
        };
        Ok(Ok(session.channel.encrypt(number, &answer)))
    }

    /// Changes the state and its file: both, or neither.
    ///
    /// # Errors
    /// What `change` refuses, or [`ErrorCode::StorageFailed`].
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut State) -> Result<T, ErrorCode>,
    ) -> Result<T, ErrorCode> {
        let mut next = self.state.clone();
        let value = change(&mut next)?;
        self.replace_state(next).map_err(|error| {
            tracing::error!(%error, "the command is answered with STORAGE FAILED");
            ErrorCode::StorageFailed
        })?;
        Ok(value)
    }

    fn replace_state(&mut self, next: State) -> Result<(), Error> {
        match self.store.save(&next) {
            Ok(()) => {
                self.state = next;
                Ok(())
            }
            Err(failure) => {
                if failure.replaced {
                    self.state = next;
                }
                Err(failure.error)
            }
        }
    }

    /// Carries a command out and logs it, when it is one that is logged.
    ///
    /// # Errors
    /// Those of the command; [`ErrorCode::LogFull`] when it must be logged and there is no room.
    fn audited(
        &mut self,
        session_key: Option<u16>,
        message: Message<'_>,
        carry_out: impl FnOnce(&mut Self) -> Result<Vec<u8>, ErrorCode>,
    ) -> Result<Vec<u8>, ErrorCode> {
        let code = message.code;
        let command = CommandCode::from_code(code);
        // Its session may be gone afterwards.
        let opener = match (command, message.data.first()) {
            (Some(CommandCode::AuthenticateSession), Some(number)) => self.sessions.opener(*number),
            _ => None,
        };
        let authenticates = command == Some(CommandCode::AuthenticateSession);
        let opens = authenticates || command == Some(CommandCode::CreateSession);
        let takes_out = matches!(command, Some(CommandCode::GetLogEntries | CommandCode::SetLogIndex));
        let no_room = self.state.log.force.is_on() && self.state.log.is_full();
        if !self.state.log.option(code, self.state.firmware).is_on() {
            return carry_out(self);
        }
        if no_room && !opens && !takes_out {
            return Err(ErrorCode::LogFull);
        }
        let result = carry_out(self);
        // The log of a device that was reset begins with that.
        if command == Some(CommandCode::ResetDevice) && result.is_ok() {
            return result;
        }
        let answer = result.as_deref().map_err(|error| error.code());
        let tick = u32::try_from(self.powered_since.elapsed().as_millis()).unwrap_or(u32::MAX);
        let mut happened = Happened::command(code, session_key, message.data, answer, tick);
        if let Some(opener) = opener {
            happened.target_key = opener;
        }
        self.change(|state| {
            if state.log.force.is_on() && state.log.is_full() {
                state.log.unlogged_authentications =
                    state.log.unlogged_authentications.saturating_add(u16::from(authenticates));
            } else {
                state.log.append(happened);
            }
            Ok(())
        })?;
        result
    }

    /// Has power again, and logs it. A device that has it stays as it is.
    fn start(&mut self) {
        if self.presence == Presence::PluggedIn {
            return;
        }
        self.presence = Presence::PluggedIn;
        self.boot();
    }

    /// Logs a restart. One that cannot be stored is logged with what is stored next.
    fn boot(&mut self) {
        self.powered_since = Instant::now();
        let mut next = self.state.clone();
        next.log.boot();
        if let Err(failure) = self.store.save(&next) {
            tracing::error!(error = %failure.error, "the restart is not in the stored log");
        }
        self.state = next;
    }

    fn lose_power(&mut self, presence: Presence) {
        self.sessions.close_all();
        self.presence = presence;
    }

    /// Carries a command out, with the faults that are due at it.
    fn with_faults(&mut self, code: u8, carry_out: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        let Some(code) = CommandCode::from_code(code) else { return carry_out(self) };
        if let Some(effect) = self.faults.due(code, false, self.presence == Presence::PluggedIn) {
            return self.strike(effect);
        }
        let outcome = carry_out(self)?;
        match self.faults.due(code, true, self.presence == Presence::PluggedIn) {
            Some(effect) => self.strike(effect),
            None => Ok(outcome),
        }
    }

    fn strike(&mut self, effect: FaultEffect) -> Outcome {
        debug!(?effect, "an injected fault happens");
        match effect {
            FaultEffect::Answer(_) | FaultEffect::LoseAnswer => {}
            FaultEffect::Vanish => self.lose_power(Presence::Unplugged),
            FaultEffect::PowerOff => self.lose_power(Presence::PoweredOff),
        }
        self.faults.tell(self.presence == Presence::PluggedIn);
        match effect {
            FaultEffect::Answer(code) => Ok(Err(code)),
            FaultEffect::Vanish => Err(Interruption::NoDevice),
            FaultEffect::LoseAnswer | FaultEffect::PowerOff => Err(Interruption::Silence),
        }
    }
}

fn log(code: u8, session: Option<u8>, result: &Result<Vec<u8>, ErrorCode>) {
    let command = CommandCode::from_code(code).map_or("UNKNOWN", CommandCode::name);
    let result = result.as_ref().err().map_or("OK", |code| code.name());
    debug!(command, code, session, result, "command");
}

fn factory_new(store: &Store, settings: &Settings) -> Result<(State, AttestationKey), Error> {
    let key = match &settings.attestation_key {
        Some(key) => key.clone(),
        None => AttestationKey::generate()?,
    };
    let issuer = SubCa::derive()?;
    let certificate = attestation::device_certificate(settings.serial, &key, &issuer.certificate, &issuer.key)
        .map_err(Error::crypto("make its attestation certificate"))?;
    let mut state = State {
        format: FORMAT.to_owned(),
        serial: settings.serial,
        firmware: settings.firmware.unwrap_or(limits::FIRMWARE),
        attestation_key: key.to_pkcs8()?,
        attestation_certificate: certificate,
        objects: Vec::new(),
        written: Vec::new(),
        log: AuditLog::default(),
    };
    state.restore_factory_objects();
    store.save(&state).map_err(|failure| failure.error)?;
    Ok((state, key))
}

fn existing(store: &Store, settings: &Settings, state: State) -> Result<(State, AttestationKey), Error> {
    let path = || store.path().to_path_buf();
    if state.serial != settings.serial {
        return Err(Error::OtherSerial { path: path(), found: state.serial, wanted: settings.serial });
    }
    if let Some(wanted) = settings.firmware.filter(|wanted| *wanted != state.firmware) {
        return Err(Error::OtherFirmware { path: path(), found: state.firmware, wanted });
    }
    let key = AttestationKey::from_pkcs8(&state.attestation_key).map_err(|problem| store.damaged(problem))?;
    attestation::check(&state.attestation_certificate, &key).map_err(|problem| store.damaged(problem))?;
    Ok((state, key))
}
