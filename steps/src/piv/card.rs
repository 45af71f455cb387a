//! The card that a step talks to.

use super::{
    argument::{KeyAlgorithm, PinPolicy, Slot, TouchPolicy, YubiKeyName},
    info::Info,
    public_key::PublicKey,
    raw::{Answer, MANAGEMENT, PIV, Raw},
    reference::{Reference, State},
    tlv::{field, fields, value},
    trouble::{Trouble, status, tried},
};
use crate::{
    ports::{Plugged, Port, Ports, YUBIKEY, find, numbered, open_yubikey},
    text::plain,
};
use officiant_engine::conduct::{Failure, Notice, Stage};
use yubikey::{MgmAlgorithmId, ObjectId, Version, YubiKey};
use zeroize::Zeroizing;

/// The YubiKey that a step talks to: the one that its runbook names, and no other. A connection ends when the card is taken out, so
/// it leads to this card alone; when it is dropped the card is reset, and forgets what was verified.
pub(crate) struct Card {
    name: String,
    serial: u32,
    firmware: Version,
    info: Option<Info>,
    /// What was changed over this connection.
    done: Option<&'static str>,
    yubikey: YubiKey,
    raw: Raw,
}

/// What a failure leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Nothing was changed, and this command does not change anything.
    Before,
    /// This command changes the device: a clause in the past tense, such as *the key was generated*.
    Changing(&'static str),
    /// That was done; this command only looks.
    After(&'static str),
}

/// A key in a slot, as the device describes it.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) algorithm: KeyAlgorithm,
    pub(super) pin_policy: PinPolicy,
    pub(super) touch_policy: TouchPolicy,
    /// Whether it was generated in the device.
    pub(super) generated: bool,
    pub(super) public: PublicKey,
}

/// The management key, as the device describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ManagementKey {
    pub(super) algorithm: MgmAlgorithmId,
    /// Whether it is the factory's; firmware before 5.3 does not tell.
    pub(super) default: Option<bool>,
}

/// Since when the firmware tells of PINs and slots.
const METADATA: [u8; 3] = [5, 3, 0];

/// By which libpcsclite is led to another smart card service than the system's.
const SERVICE: &str = "PCSCLITE_CSOCK_NAME";

const GET_DATA: u8 = 0xcb;
const GET_METADATA: u8 = 0xf7;
const GET_VERSION: u8 = 0xfd;

impl Card {
    /// Finds the named device among those that are plugged in, binds its name to its serial number, and connects to it.
    ///
    /// # Errors
    /// `no-device`, `wrong-device`, `which-device`, `wrong-kind`, `busy`, `vanished`.
    pub(super) fn find(ports: &dyn Ports, stage: &mut Stage<'_>, name: &YubiKeyName) -> Result<Self, Failure> {
        let (name, plugged) = find(ports, stage, &name.0, YUBIKEY)?;
        if !stage.rehearsal()
            && let Some(service) = std::env::var_os(SERVICE)
        {
            let service = plain(&service.to_string_lossy());
            stage.show(Notice::Information(format!(
                "{name} is not at the system's smart card service but at `{service}`, which {SERVICE} names: it may be a virtual one."
            )));
        }
        Self::open(name, &plugged)
    }

    /// Connects to a device that is known to be plugged in.
    pub(super) fn open(name: String, plugged: &Plugged) -> Result<Self, Failure> {
        let Port::Reader(reader) = &plugged.port else {
            let said = format!("{name} is behind {}, which is no smart card reader", plugged.port);
            return Err(Failure::new("wrong-kind", said).next("name a YubiKey in the runbook"));
        };
        let connect = || -> Result<_, Trouble> {
            let mut raw = Raw::connect(reader)?;
            // Firmware before 5 has no such application, and whoever may not ask gets no answer.
            let managed = raw.select(MANAGEMENT)?.status == status::OK;
            let answer = if managed { raw.send(0x1d, 0, 0, &[]).ok() } else { None };
            let info = answer.filter(|answer| answer.status == status::OK).and_then(|answer| Info::parse(&answer.data));
            let yubikey = tried(|| open_yubikey(reader))?;
            // The crate asked for the serial number in another application with firmware before 5.
            raw.select(PIV)?;
            Ok((raw, info, yubikey))
        };
        let (raw, info, yubikey) = connect().map_err(|trouble| told(&name, "select", Moment::Before, &trouble))?;
        if yubikey.serial().0 != plugged.serial {
            return Err(Failure::new(
                "wrong-device",
                format!("the device that answers has the serial number {}, not {}", yubikey.serial(), plugged.serial),
            )
            .next(format!("take it out and insert {}", numbered(&name, Some(plugged.serial)))));
        }
        Ok(Self { name, serial: plugged.serial, firmware: yubikey.version(), info, done: None, yubikey, raw })
    }

    /// The runbook's name for it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its serial number.
    pub(crate) fn serial(&self) -> u32 {
        self.serial
    }

    /// Its firmware version.
    pub(super) fn firmware(&self) -> Version {
        self.firmware
    }

    /// What it says of itself; firmware before 5 says nothing.
    pub(super) fn info(&self) -> Option<Info> {
        self.info
    }

    /// Whether it is a FIPS device.
    pub(super) fn is_fips(&self) -> bool {
        self.info.is_some_and(|info| info.fips)
    }

    /// Makes sure that the firmware is new enough.
    ///
    /// # Errors
    /// `firmware-too-old`
    pub(super) fn needs_firmware(&self, at_least: [u8; 3], what: &str) -> Result<(), Failure> {
        let at_least = Version::new(at_least);
        if self.firmware >= at_least {
            return Ok(());
        }
        Err(Failure::new(
            "firmware-too-old",
            format!("{}, firmware {}, {what}; {at_least} or newer does", self.name, self.firmware),
        )
        .next("use a device with newer firmware; a device's firmware cannot be changed"))
    }

    /// Carries a command of the crate's out.
    ///
    /// # Errors
    /// In words for the person, with what is known of the device's state afterwards.
    pub(super) fn run<T>(
        &mut self,
        command: &str,
        moment: Moment,
        call: impl FnOnce(&mut YubiKey) -> yubikey::Result<T>,
    ) -> Result<T, Failure> {
        self.attempt(call).map_err(|trouble| self.failure(command, moment, &trouble))
    }

    /// Carries a command of the crate's out whose refusal may be an answer.
    ///
    /// Where the crate does not tell what was the matter, the card is asked whether it is still there.
    pub(super) fn attempt<T>(&mut self, call: impl FnOnce(&mut YubiKey) -> yubikey::Result<T>) -> Result<T, Trouble> {
        tried(|| call(&mut self.yubikey)).map_err(|trouble| match trouble {
            Trouble::Unsaid | Trouble::Garbled | Trouble::Panicked => {
                self.raw.send(GET_VERSION, 0, 0, &[]).err().unwrap_or(trouble)
            }
            trouble => trouble,
        })
    }

    /// Sends a command of at most 255 bytes of data.
    pub(super) fn send(&mut self, instruction: u8, p1: u8, p2: u8, data: &[u8]) -> Result<Answer, Trouble> {
        self.raw.send(instruction, p1, p2, data)
    }

    /// What is in an object; `None` when there is none. The PIN must be verified before some.
    pub(super) fn object(&mut self, object: ObjectId, moment: Moment) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        let [_, number @ ..] = object.to_be_bytes();
        let answer = self.send(GET_DATA, 0x3f, 0xff, &field(0x5c, &number));
        match answer.map(|answer| (answer.status, answer.data)) {
            Ok((status::OK, data)) => match fields(&data).and_then(|fields| value(&fields, 0x53)) {
                Some([]) => Ok(None),
                Some(bytes) => Ok(Some(Zeroizing::new(bytes.to_vec()))),
                None => Err(self.failure("get-data", moment, &Trouble::Garbled)),
            },
            Ok((status::FILE_NOT_FOUND, _)) => Ok(None),
            Ok((refusal, _)) => Err(self.failure("get-data", moment, &Trouble::Refused(refusal))),
            Err(trouble) => Err(self.failure("get-data", moment, &trouble)),
        }
    }

    /// Writes an object; the management key must be authenticated.
    pub(super) fn put(&mut self, object: ObjectId, bytes: &[u8], moment: Moment) -> Result<(), Failure> {
        let mut bytes = Zeroizing::new(bytes.to_vec());
        self.run("put-data", moment, |yubikey| yubikey.save_object(object, &mut bytes))
    }

    /// What the device tells of something; nothing when there is no such thing, or the firmware does not tell.
    fn metadata(&mut self, of: u8) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        if self.firmware < Version::new(METADATA) {
            return Ok(None);
        }
        let answer = self.send(GET_METADATA, 0, of, &[]);
        match answer.map(|answer| (answer.status, answer.data)) {
            Ok((status::OK, data)) => Ok(Some(data)),
            Ok((status::REFERENCED_DATA_NOT_FOUND | status::INSTRUCTION_NOT_SUPPORTED, _)) => Ok(None),
            Ok((refusal, _)) => Err(self.failure("get-metadata", Moment::Before, &Trouble::Refused(refusal))),
            Err(trouble) => Err(self.failure("get-metadata", Moment::Before, &trouble)),
        }
    }

    /// What the device tells of its PIN or PUK.
    pub(super) fn state(&mut self, reference: Reference) -> Result<State, Failure> {
        let data = self.metadata(reference.number())?;
        let fields = data.as_ref().and_then(|data| fields(data)).unwrap_or_default();
        let (most, tries) = match value(&fields, 6) {
            Some([most, tries]) => (Some(*most), Some(*tries)),
            _ => (None, None),
        };
        let default = value(&fields, 5).map(|it| it == [1]);
        if tries.is_some() || reference == Reference::Puk {
            return Ok(State { default, tries, most });
        }
        // Without a PIN the command only tells how many tries are left, before one is verified.
        match self.send(0x20, 0, reference.number(), &[]) {
            Ok(answer) => Ok(State { default, tries: status::tries(answer.status), most }),
            Err(trouble) => Err(self.failure("verify", Moment::Before, &trouble)),
        }
    }

    /// What the device tells of its management key.
    pub(super) fn management_key(&mut self) -> Result<ManagementKey, Failure> {
        let Some(data) = self.metadata(0x9b)? else {
            return Ok(ManagementKey { algorithm: MgmAlgorithmId::ThreeDes, default: None });
        };
        let fields = fields(&data).unwrap_or_default();
        let algorithm = value(&fields, 1).and_then(|it| MgmAlgorithmId::try_from(*it.first()?).ok());
        let Some(algorithm) = algorithm else {
            let what = format!("the management key of {} has an algorithm that is not known here", self.name);
            return Err(Failure::new("unsupported-algorithm", what).next("set another with the vendor's ykman"));
        };
        Ok(ManagementKey { algorithm, default: value(&fields, 5).map(|it| it == [1]) })
    }

    /// The key in a slot; `None` when there is none.
    ///
    /// # Errors
    /// `firmware-too-old`, `unsupported-algorithm`.
    pub(super) fn key(&mut self, slot: Slot) -> Result<Option<Key>, Failure> {
        self.needs_firmware(METADATA, "does not tell what is in its slots")?;
        let Some(data) = self.metadata(slot.number())? else { return Ok(None) };
        let read = || -> Option<Result<Key, u8>> {
            let fields = fields(&data)?;
            let number = *value(&fields, 1)?.first()?;
            let Some(algorithm) = KeyAlgorithm::from_device(number) else { return Some(Err(number)) };
            let [pin_policy, touch_policy] = value(&fields, 2)? else { return None };
            Some(Ok(Key {
                algorithm,
                pin_policy: PinPolicy::from_device(*pin_policy)?.of(slot.number()),
                touch_policy: TouchPolicy::from_device(*touch_policy)?.settled(),
                generated: value(&fields, 3)? == [1],
                public: PublicKey::from_device(algorithm, value(&fields, 4)?)?,
            }))
        };
        match read() {
            Some(Ok(key)) => Ok(Some(key)),
            Some(Err(number)) => Err(Failure::new(
                "unsupported-algorithm",
                format!("the key in slot {slot} of {} has the algorithm {number:#04x}", self.name),
            )
            .next("use a key of ECCP256, ECCP384 or RSA2048")),
            None => Err(self.failure("get-metadata", Moment::Before, &Trouble::Garbled)),
        }
    }

    /// The key in a slot, which must be there.
    ///
    /// # Errors
    /// `not-found`, `firmware-too-old`, `unsupported-algorithm`.
    pub(super) fn held(&mut self, slot: Slot) -> Result<Key, Failure> {
        self.key(slot)?.ok_or_else(|| {
            Failure::new("not-found", format!("{} has no key in slot {slot}", self.name))
                .next("generate one with piv.generate-key, or name the slot that has it")
        })
    }

    /// Since a FIPS device generates and stores nothing before its PIN, PUK and management key are its own.
    ///
    /// # Errors
    /// `fips-defaults`
    pub(super) fn own_references(&mut self, with_management_key: bool) -> Result<(), Failure> {
        if !self.is_fips() || self.firmware < Version::new([5, 7, 0]) {
            return Ok(());
        }
        let mut lacking = Vec::new();
        for (reference, step) in [(Reference::Pin, "piv.change-pin"), (Reference::Puk, "piv.change-puk")] {
            if self.state(reference)?.default == Some(true) {
                lacking.push((reference.name(), step));
            }
        }
        if with_management_key && self.management_key()?.default == Some(true) {
            lacking.push(("management key", "piv.set-management-key"));
        }
        if lacking.is_empty() {
            return Ok(());
        }
        let (names, steps): (Vec<&str>, Vec<&str>) = lacking.into_iter().unzip();
        Err(Failure::new(
            "fips-defaults",
            format!(
                "{} is a FIPS device, and refuses this while it has the factory's {}",
                self.name,
                names.join(" and ")
            ),
        )
        .next(format!("change it before: {}", steps.join(", "))))
    }

    /// The words for what went wrong.
    pub(super) fn failure(&self, command: &str, moment: Moment, trouble: &Trouble) -> Failure {
        let moment = match (moment, self.done) {
            (Moment::Before, Some(done)) => Moment::After(done),
            _ => moment,
        };
        told(&self.name, command, moment, trouble)
    }

    /// Keeps in mind that something was changed: what fails from now on says so.
    pub(super) fn changed(&mut self, done: &'static str) {
        self.done = Some(done);
    }
}

/// The words for what went wrong, and whether the change may have been made all the same.
fn told(name: &str, command: &str, moment: Moment, trouble: &Trouble) -> Failure {
    let failure = worded(name, command, moment, trouble);
    let refused = matches!(trouble, Trouble::Refused(_) | Trouble::Unsaid | Trouble::NotFound);
    match moment {
        Moment::Changing(_) if !refused => failure.in_doubt(),
        Moment::After(_) => failure.in_doubt(),
        _ => failure,
    }
}

fn worded(name: &str, command: &str, moment: Moment, trouble: &Trouble) -> Failure {
    let after = aftermath(moment);
    match trouble {
        Trouble::Refused(refusal) => {
            let said = format!("{name} refused {command} with {}; {after}", status::name(*refusal));
            match *refusal {
                status::NOT_ENOUGH_MEMORY => Failure::new("storage-full", format!("{name} is full; {after}"))
                    .next("use an empty device, or reset it with piv.reset if it may lose everything"),
                status::SECURITY_STATUS_NOT_SATISFIED => Failure::new("not-permitted", said).next(
                    "see that the management key and the PIN are the right ones, and that it was touched in time",
                ),
                status::INSTRUCTION_NOT_SUPPORTED => {
                    Failure::new("firmware-too-old", format!("{name} does not know {command}; {after}"))
                        .next("use a device with newer firmware; a device's firmware cannot be changed")
                }
                _ => Failure::new("refused", said)
                    .next("see what the device takes with piv.device-info, and what the runbook asks of it"),
            }
        }
        Trouble::Unsaid => Failure::new("refused", format!("{name} refused {command}; {after}"))
            .next("see what the device takes with piv.device-info, and what the runbook asks of it"),
        Trouble::NotFound => Failure::new("not-found", format!("{name} has none for {command}; {after}"))
            .next("look at what is there with piv.device-info"),
        Trouble::Lost => {
            Failure::new("vanished", format!("{name} was taken out, or its reader, during {command}; {after}"))
                .next(format!("insert {name} again, and try again"))
        }
        Trouble::Disturbed => Failure::new(
            "disturbed",
            format!("another program used {name} during {command}, and made it forget what was verified; {after}"),
        )
        .next("end the other program, for example a smart card daemon or a browser, and try again"),
        Trouble::Busy => Failure::new("busy", format!("another program has {name} to itself; {after}"))
            .next("end the other program, for example gpg's scdaemon, and try again"),
        Trouble::NoService => {
            Failure::new("no-service", format!("the smart card service (pcscd) went away during {command}; {after}"))
                .next("start it, and try again")
        }
        Trouble::Garbled => {
            Failure::new("garbled", format!("{name} answered {command} in a way that cannot be understood; {after}"))
                .next("look with piv.device-info before anything else")
        }
        Trouble::Panicked => Failure::new(
            "garbled",
            format!("the answer of {name} to {command} was more than the program could take; {after}"),
        )
        .next("look with piv.device-info before anything else"),
    }
}

/// What is known of the device after a failure.
fn aftermath(moment: Moment) -> String {
    match moment {
        Moment::Before => "nothing was changed".to_string(),
        Moment::Changing(done) => format!("whether {done} is not known"),
        Moment::After(done) => format!("{done}, but that could not be confirmed"),
    }
}
