//! The card: what answers APDUs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::debug;

use super::{
    apdu::Apdu,
    attestation,
    command::{self, CommandCode},
    connection::Link,
    fault::{Fault, FaultEffect},
    power::{Power, Presence},
    session::Session,
    settings::{Settings, Touch},
    state::State,
    status_word::StatusWord,
    tlv,
};
use crate::{AttestationKey, Error, Firmware, fault::Faults, store::Store};

/// The firmware of a new device: that of Docker's ceremony of 2024-06-04.
const FIRMWARE: Firmware = Firmware::new(5, 4, 3);

/// A virtual YubiKey. Clones are the same device; its file is locked until the last of them is dropped.
#[derive(Clone)]
pub struct VirtualYubiKey(Arc<Shared>);

/// What comes back for an APDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer of the card, which may be a refusal.
    Answer(Vec<u8>),
    /// There is no card to answer.
    NoDevice,
    /// Nothing comes back, whether or not the command was carried out.
    Silence,
}

struct Shared {
    serial: u32,
    firmware: Firmware,
    fips: bool,
    power: Arc<Power>,
    card: Mutex<Card>,
}

impl VirtualYubiKey {
    /// Opens the device in a file, or makes a factory-new one and its file.
    ///
    /// # Errors
    /// The file cannot be read or written, is damaged, is in use, or is of another device than asked for; see
    /// [`Error`].
    pub fn open(settings: &Settings) -> Result<Self, Error> {
        let store = Store::open(&settings.state)?;
        let (state, attestation_key) = match store.load()? {
            Some(state) => existing(&store, settings, state)?,
            None => factory_new(&store, settings)?,
        };
        let power = Arc::new(Power::on());
        Ok(Self(Arc::new(Shared {
            serial: state.serial,
            firmware: state.firmware,
            fips: state.fips,
            power: Arc::clone(&power),
            card: Mutex::new(Card {
                store,
                state,
                attestation_key,
                session: Session::default(),
                touch: settings.touch.clone(),
                losses: power.losses(),
                power,
                faults: Faults::default(),
            }),
        })))
    }

    /// The reply to one command APDU (ISO/IEC 7816-4).
    #[must_use]
    pub fn transmit(&self, apdu: &[u8]) -> Reply {
        match self.0.power.presence().supplied().and_then(|()| self.card().answer(apdu)) {
            Ok(answer) => Reply::Answer(answer),
            Err(Interruption::NoDevice) => Reply::NoDevice,
            Err(Interruption::Silence) => Reply::Silence,
        }
    }

    /// A reset by the reader, cold or warm: what was verified, selected and begun is forgotten.
    pub fn reset(&self) {
        self.0.power.reset();
    }

    /// The serial number.
    #[must_use]
    pub fn serial(&self) -> u32 {
        self.0.serial
    }

    /// The firmware version.
    #[must_use]
    pub fn firmware(&self) -> Firmware {
        self.0.firmware
    }

    /// Whether it is one of the FIPS Series.
    #[must_use]
    pub fn is_fips(&self) -> bool {
        self.0.fips
    }

    /// Puts the device in, or switches everything on again. A device that is in stays as it is.
    pub fn plug(&self) {
        self.0.power.plug();
    }

    /// Pulls the device out, until [`plug`](Self::plug).
    pub fn unplug(&self) {
        self.0.power.lose(Presence::Unplugged);
    }

    /// Switches everything off, until [`plug`](Self::plug).
    pub fn power_off(&self) {
        self.0.power.lose(Presence::PoweredOff);
    }

    /// Whether the device is in and has power.
    #[must_use]
    pub fn is_plugged(&self) -> bool {
        self.0.power.is_plugged()
    }

    /// Lets the device fail once; see [`Fault`].
    pub fn inject(&self, fault: Fault) {
        self.card().faults.inject(fault);
    }

    /// Takes back the faults that have not happened yet.
    pub fn clear_faults(&self) {
        self.card().faults.clear();
    }

    /// The faults that have not happened yet, `nth` counted from now.
    #[must_use]
    pub fn pending_faults(&self) -> Vec<Fault> {
        self.card().faults.pending().to_vec()
    }

    /// Lets `watcher` know when a fault was counted or happened, before a reply leaves that shows it: with the faults that
    /// have not happened yet, and whether the device is in and has power. It is called while the device is held, and must
    /// not call it.
    pub fn watch(&self, watcher: impl Fn(&[Fault], bool) + Send + 'static) {
        self.card().faults.watch(watcher);
    }

    /// Tells this reader from now on when the device is put in or pulled out.
    pub(super) fn put_into(&self, reader: &Arc<Link>) {
        self.0.power.put_into(reader);
    }

    fn card(&self) -> MutexGuard<'_, Card> {
        // A state is replaced as a whole or not at all, so it is intact even if a thread died while it had the lock.
        self.0.card.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for VirtualYubiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualYubiKey").field("serial", &self.serial()).finish_non_exhaustive()
    }
}

/// What a device is, with and without power.
pub(super) struct Card {
    store: Store,
    pub(super) state: State,
    pub(super) attestation_key: AttestationKey,
    pub(super) session: Session,
    touch: Touch,
    power: Arc<Power>,
    /// How often there had been no power when the session began.
    losses: u64,
    faults: Faults<CommandCode, StatusWord>,
}

/// Why there is no answer.
pub(super) enum Interruption {
    NoDevice,
    Silence,
}

/// The result of a command, unless something came between.
type Outcome = Result<Result<Vec<u8>, StatusWord>, Interruption>;

impl Presence {
    /// # Errors
    /// What a card without power has for an answer.
    const fn supplied(self) -> Result<(), Interruption> {
        match self {
            Self::PluggedIn => Ok(()),
            Self::Unplugged => Err(Interruption::NoDevice),
            Self::PoweredOff => Err(Interruption::Silence),
        }
    }
}

impl Card {
    /// Answers a command APDU as it came from the reader.
    fn answer(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Interruption> {
        let losses = self.power.losses();
        if losses != self.losses {
            self.session = Session::default();
            self.losses = losses;
        }
        let answer = self.part(bytes)?;
        // While the command was carried out, which may have been long.
        self.power.presence().supplied()?;
        if self.power.losses() == losses { Ok(answer) } else { Err(Interruption::NoDevice) }
    }

    /// Answers what may be a part of a command, perhaps with a part of an answer.
    fn part(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Interruption> {
        let apdu = match Apdu::parse(bytes) {
            Ok(apdu) => apdu,
            Err(word) => {
                self.session.incoming.forget();
                self.session.outgoing.forget();
                debug!(result = word.name(), "no command");
                return Ok(word.code().to_be_bytes().to_vec());
            }
        };
        let code = CommandCode::from_code(apdu.instruction);
        if code == Some(CommandCode::GetResponse) {
            let result = self.with_faults(code, |card| Ok(card.session.outgoing.next(apdu.expected)))?;
            log(apdu.instruction, result.as_ref().err());
            return Ok(result.unwrap_or_else(|word| word.code().to_be_bytes().to_vec()));
        }
        self.session.outgoing.forget();
        let result = match self.session.incoming.take(&apdu) {
            Ok(None) => return Ok(self.session.outgoing.begin(Vec::new(), None)),
            Ok(Some(command)) => self.with_faults(code, |card| Ok(command::execute(card, &command)))?,
            Err(word) => Err(word),
        };
        log(apdu.instruction, result.as_ref().err());
        Ok(match result {
            Ok(answer) => self.session.outgoing.begin(answer, apdu.expected),
            Err(word) => word.code().to_be_bytes().to_vec(),
        })
    }

    /// Changes the state and its file: both, or neither.
    ///
    /// # Errors
    /// What `change` refuses, or [`StatusWord::MemoryFailure`].
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut State) -> Result<T, StatusWord>,
    ) -> Result<T, StatusWord> {
        let mut next = self.state.clone();
        let value = change(&mut next)?;
        match self.store.save(&next) {
            Ok(()) => {
                self.state = next;
                Ok(value)
            }
            Err(failure) => {
                tracing::error!(error = %failure.error, "the command is answered with MEMORY FAILURE");
                if failure.replaced {
                    self.state = next;
                }
                Err(StatusWord::MemoryFailure)
            }
        }
    }

    /// Waits for a touch; `what` for, as a phrase.
    ///
    /// # Errors
    /// [`StatusWord::SecurityStatusNotSatisfied`]: there was none.
    pub(super) fn wait_for_touch(&mut self, what: &str) -> Result<(), StatusWord> {
        let touched = match &self.touch {
            Touch::Automatic => true,
            Touch::By(toucher) => toucher.touch(what),
        };
        if !touched || self.power.losses() != self.losses {
            return Err(StatusWord::SecurityStatusNotSatisfied);
        }
        self.session.touch();
        Ok(())
    }

    /// Carries a command out, with the faults that are due at it.
    fn with_faults(&mut self, code: Option<CommandCode>, carry_out: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        let Some(code) = code else { return carry_out(self) };
        if let Some(effect) = self.faults.due(code, false, self.power.is_plugged()) {
            return self.strike(effect);
        }
        let outcome = carry_out(self)?;
        match self.faults.due(code, true, self.power.is_plugged()) {
            Some(effect) => self.strike(effect),
            None => Ok(outcome),
        }
    }

    fn strike(&mut self, effect: FaultEffect) -> Outcome {
        debug!(?effect, "an injected fault happens");
        let lost = match effect {
            FaultEffect::Answer(_) | FaultEffect::LoseAnswer => None,
            FaultEffect::Vanish => Some(Presence::Unplugged),
            FaultEffect::PowerOff => Some(Presence::PoweredOff),
        };
        // Before the reader is without the card, which shows it.
        self.faults.tell(lost.is_none() && self.power.is_plugged());
        if let Some(presence) = lost {
            self.power.lose(presence);
        }
        match effect {
            FaultEffect::Answer(word) => Ok(Err(word)),
            FaultEffect::Vanish => Err(Interruption::NoDevice),
            FaultEffect::LoseAnswer | FaultEffect::PowerOff => Err(Interruption::Silence),
        }
    }
}

fn log(instruction: u8, refusal: Option<&StatusWord>) {
    let command = CommandCode::from_code(instruction).map_or("UNKNOWN", CommandCode::name);
    let result = refusal.map_or("OK", |word| word.name());
    debug!(command, code = instruction, result, "command");
}

fn factory_new(store: &Store, settings: &Settings) -> Result<(State, AttestationKey), Error> {
    let key = match &settings.attestation_key {
        Some(key) => key.clone(),
        None => AttestationKey::generate()?,
    };
    let (firmware, fips) = (settings.firmware.unwrap_or(FIRMWARE), settings.fips.unwrap_or_default());
    let certificate =
        attestation::f9_certificate(&key, firmware, fips).map_err(Error::crypto("make its attestation certificate"))?;
    // A certificate that is not compressed, and an empty error detection code (NIST SP 800-73-4, part 1, table 10).
    let object = [tlv::object(0x70, &certificate), tlv::object(0x71, &[0]), tlv::object(0xfe, &[])].concat();
    let state = State::factory_new(settings.serial, firmware, fips, settings.form_factor, key.to_pkcs8()?, &object);
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
    if settings.fips.is_some_and(|wanted| wanted != state.fips) {
        return Err(Error::OtherSeries { path: path(), fips: state.fips });
    }
    let key = AttestationKey::from_pkcs8(&state.attestation_key).map_err(|problem| store.damaged(problem))?;
    Ok((state, key))
}
