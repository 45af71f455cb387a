//! A session with a device, and the words for what goes wrong in it.

use super::{
    argument::{ObjectType, capability_names, domain_numbers},
    device::Device,
    trouble::{Trouble, code, tried},
};
use crate::ports::Identity;
use crate::text::plain;
use officiant_engine::conduct::{Failure, Secret};
use yubihsm::{
    Capability, Client, Credentials, Domain, client,
    object::{self, Filter},
};

/// A session with a device. Nothing in it opens another when it ends.
pub(crate) struct Session<'a> {
    device: &'a Device,
    key: u16,
    client: Client,
}

/// A command, as far as its failures need to know it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Command {
    /// The vendor's name.
    pub(crate) name: &'static str,
    /// The capability that the session needs.
    pub(crate) needs: Capability,
    /// The object that it is about.
    pub(crate) object: Option<(ObjectType, u16)>,
    /// The capabilities that it hands on by name.
    pub(crate) gives: Capability,
    /// The domains that it puts an object in.
    pub(crate) domains: Domain,
    /// What a failure leaves behind.
    pub(crate) moment: Moment,
}

/// What a failure leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Nothing was changed, and this command does not change anything.
    Before,
    /// This command changes the device: a clause in the past tense, such as *the key was generated*.
    Changing(&'static str),
    /// That was done; this command only looks.
    After(&'static str),
}

impl Command {
    /// A command that only looks, before anything was changed.
    pub(crate) fn looks(name: &'static str) -> Self {
        let (needs, gives) = (Capability::empty(), Capability::empty());
        Self { name, needs, object: None, gives, domains: Domain::empty(), moment: Moment::Before }
    }

    pub(crate) fn at(self, moment: Moment) -> Self {
        Self { moment, ..self }
    }

    pub(crate) fn needs(self, needs: Capability) -> Self {
        Self { needs, ..self }
    }

    pub(crate) fn about(self, object_type: ObjectType, id: u16) -> Self {
        Self { object: Some((object_type, id)), ..self }
    }
}

impl<'a> Session<'a> {
    /// Opens a session.
    pub(super) fn open(device: &'a Device, key: u16, password: &Secret) -> Result<Self, Failure> {
        let credentials = Credentials::from_password(key, password.expose().as_bytes());
        let connector = device.connector().clone();
        // With `reconnect` off the client forgets the credentials at once, and a lost session stays lost.
        match tried(|| Client::open(connector, credentials, false)) {
            Ok(client) => Ok(Self { device, key, client }),
            Err(trouble) => Err(not_opened(device, key, &trouble)),
        }
    }

    /// Carries a command out.
    ///
    /// # Errors
    /// In words for the person, with what is known of the device's state afterwards.
    pub(crate) fn run<T>(
        &self,
        command: Command,
        call: impl FnOnce(&Client) -> Result<T, client::Error>,
    ) -> Result<T, Failure> {
        self.attempt(call).map_err(|trouble| self.failure(command, &trouble))
    }

    /// Carries a command out whose refusal may be an answer.
    pub(super) fn attempt<T>(&self, call: impl FnOnce(&Client) -> Result<T, client::Error>) -> Result<T, Trouble> {
        tried(|| call(&self.client))
    }

    /// What the device says of an object; `None` when there is none that this session may see.
    pub(crate) fn object(
        &self,
        object_type: ObjectType,
        id: u16,
        moment: Moment,
    ) -> Result<Option<object::Info>, Failure> {
        match self.attempt(|client| client.get_object_info(id, object_type.to_device())) {
            Ok(info) => Ok(Some(info)),
            Err(Trouble::Refused(code::OBJECT_NOT_FOUND)) => Ok(None),
            Err(trouble) => {
                Err(self.failure(Command::looks("get-object-info").at(moment).about(object_type, id), &trouble))
            }
        }
    }

    /// Makes sure that an object ID is free.
    ///
    /// # Errors
    /// `exists`
    pub(crate) fn vacant(&self, object_type: ObjectType, id: u16) -> Result<(), Failure> {
        let filters = [Filter::Id(id), Filter::Type(object_type.to_device())];
        let found = self.run(Command::looks("list-objects"), |client| client.list_objects(&filters))?;
        if found.is_empty() {
            return Ok(());
        }
        // One with an algorithm that the crate does not know can be listed and not described.
        let info = self.attempt(|client| client.get_object_info(id, object_type.to_device())).ok();
        let label = info.map(|info| format!(": label `{}`", plain(&info.label.to_string()))).unwrap_or_default();
        Err(self.exists(object_type, id, &label))
    }

    /// The authentication key of this session.
    pub(crate) fn own_key(&self) -> Result<object::Info, Failure> {
        let command = Command::looks("get-object-info").about(ObjectType::AuthenticationKey, self.key);
        self.run(command, |client| client.get_object_info(self.key, object::Type::AuthenticationKey))
    }

    /// Makes sure, after the last command, that it was the named device all along.
    ///
    /// # Errors
    /// `wrong-device`, `vanished`; with what was done before.
    pub(crate) fn finish(self, moment: Moment) -> Result<Identity, Failure> {
        self.device.check().map_err(|mut failure| {
            failure.message = format!("{}; {}", failure.message, aftermath(moment));
            if moment == Moment::Before { failure } else { failure.in_doubt() }
        })
    }

    fn exists(&self, object_type: ObjectType, id: u16, label: &str) -> Failure {
        let name = self.device.name();
        Failure::new(
            "exists",
            format!("{object_type} {id} is there already on {name}{label}; this device was provisioned before"),
        )
        .next(format!("look at what is there with yubihsm.list-objects, or reset {name} if it may lose everything"))
    }

    /// The words for what went wrong, and whether the change may have been made all the same.
    pub(super) fn failure(&self, command: Command, trouble: &Trouble) -> Failure {
        let failure = self.worded(command, trouble);
        let refused = matches!(trouble, Trouble::Refused(code) if *code != code::INVALID_SESSION);
        match command.moment {
            Moment::Changing(_) if !refused => failure.in_doubt(),
            Moment::After(_) => failure.in_doubt(),
            _ => failure,
        }
    }

    fn worded(&self, command: Command, trouble: &Trouble) -> Failure {
        match trouble {
            Trouble::Refused(code::INVALID_SESSION) | Trouble::Lost | Trouble::Password { .. } => self.lost(command),
            Trouble::Refused(code) => self.refused(command, *code),
            Trouble::Garbled(error) => Failure::new(
                "garbled",
                format!(
                    "{} answered {} in a way that cannot be understood ({error}); {}",
                    self.device.name(),
                    command.name,
                    aftermath(command.moment)
                ),
            )
            .next(look(command.moment, self.device.name())),
            Trouble::Panicked => Failure::new(
                "garbled",
                format!(
                    "the answer of {} to {} was more than the program could take; {}",
                    self.device.name(),
                    command.name,
                    aftermath(command.moment)
                ),
            )
            .next(look(command.moment, self.device.name())),
        }
    }

    /// The connection broke: says what is there now.
    fn lost(&self, command: Command) -> Failure {
        let name = self.device.name();
        let now = match Identity::read(self.device.connector()) {
            Ok(identity) if identity.serial == self.device.serial() => {
                format!("the connection to {name} broke during {}, and {name} is there again", command.name)
            }
            Ok(identity) => {
                format!("{name} went away during {}, and the device {} took its place", command.name, identity.serial)
            }
            Err(_) => format!("{name} went away during {}", command.name),
        };
        Failure::new("vanished", format!("{now}; {}", aftermath(command.moment))).next(look(command.moment, name))
    }

    fn refused(&self, command: Command, refusal: u8) -> Failure {
        let name = self.device.name();
        let what = command.object.map(|(object_type, id)| format!("{object_type} {id}"));
        match refusal {
            code::INSUFFICIENT_PERMISSIONS => Failure::new(
                "not-permitted",
                format!(
                    "{name} refused {}: {}",
                    command.name,
                    self.lacking(command).unwrap_or_else(|| code::name(refusal))
                ),
            )
            .next("use an authentication key that may"),
            code::OBJECT_NOT_FOUND => Failure::new(
                "not-found",
                format!(
                    "{name} has no {} that authentication key {} may see",
                    what.as_deref().unwrap_or("such object"),
                    self.key
                ),
            )
            .next("look at what is there with yubihsm.list-objects"),
            code::OBJECT_EXISTS => match command.object {
                // It was not listed, so it is in domains that this session has no part in.
                Some((object_type, id)) => {
                    self.exists(object_type, id, ", where this authentication key does not see it")
                }
                None => Failure::new("exists", format!("{name} has such an object already")),
            },
            code::STORAGE_FAILED => {
                Failure::new("storage-full", format!("{name} is full, or could not write its storage"))
                    .next("delete what is not needed with yubihsm.delete-object")
            }
            code::LOG_FULL => Failure::new(
                "log-full",
                format!("the audit log of {name} is full, and it takes no command until the log was read"),
            )
            .next("read the log and set its index, with yubihsm-shell: `get logs`, `set log index`"),
            code::ALGORITHM_DISABLED => {
                Failure::new("algorithm-disabled", format!("the algorithm is switched off on {name}"))
                    .next("switch it on with yubihsm-shell, or use another")
            }
            code::INVALID_COMMAND => Failure::new(
                "refused",
                format!("{name}, firmware {}, does not know the command {}", self.device.firmware(), command.name),
            )
            .next("use a device with newer firmware; a device's firmware cannot be changed"),
            _ => Failure::new("refused", format!("{name} refused {} with {}", command.name, code::name(refusal)))
                .next("see the vendor's list of error codes"),
        }
    }

    /// What the session's authentication key has not, as the device describes it.
    pub(super) fn lacking(&self, command: Command) -> Option<String> {
        let key = self.attempt(|client| client.get_object_info(self.key, object::Type::AuthenticationKey)).ok()?;
        let id = self.key;
        let missing = command.needs.difference(key.capabilities);
        if !missing.is_empty() {
            return Some(format!(
                "authentication key {id} lacks the capability {}",
                capability_names(missing).join(", ")
            ));
        }
        let missing = command.gives.difference(key.delegated_capabilities);
        if !missing.is_empty() {
            let names = capability_names(missing).join(", ");
            return Some(format!(
                "authentication key {id} may not hand on the capability {names}, which its delegated capabilities lack"
            ));
        }
        let missing = command.domains.difference(key.domains);
        if !missing.is_empty() {
            let numbers: Vec<String> = domain_numbers(missing).iter().map(u8::to_string).collect();
            return Some(format!("authentication key {id} is not in the domain {}", numbers.join(", ")));
        }
        None
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

fn look(moment: Moment, name: &str) -> String {
    match moment {
        Moment::Before => format!("see that {name} is inserted, and try again"),
        Moment::Changing(_) | Moment::After(_) => {
            format!("see that {name} is inserted, and look with yubihsm.list-objects before anything else")
        }
    }
}

fn not_opened(device: &Device, key: u16, trouble: &Trouble) -> Failure {
    let name = device.name();
    match trouble {
        Trouble::Password { exists: true } | Trouble::Refused(code::AUTHENTICATION_FAILED) => Failure::new(
            "wrong-password",
            format!("this is not the password of authentication key {key} of {name}"),
        )
        .next("enter the password again; if it is the factory's that was expected, the device was provisioned before"),
        Trouble::Password { exists: false } | Trouble::Refused(code::OBJECT_NOT_FOUND) => {
            Failure::new("no-authentication-key", format!("{name} has no authentication key {key}"))
                .next("use the authentication key that it has; the factory's is 1 until it is deleted")
        }
        Trouble::Refused(code::SESSIONS_FULL) => {
            Failure::new("sessions-full", format!("all sessions of {name} are taken"))
                .next("see that no other program uses the device, wait half a minute, and try again")
        }
        Trouble::Refused(refusal) => {
            Failure::new("refused", format!("{name} refused a session with {}", code::name(*refusal)))
        }
        Trouble::Lost => {
            Failure::new("vanished", format!("{name} went away before the session was open; nothing was changed"))
                .next(format!("insert {name} again, and try again"))
        }
        Trouble::Garbled(error) => Failure::new(
            "garbled",
            format!("{name} answered in a way that cannot be understood ({error}); nothing was changed"),
        )
        .next("try again"),
        Trouble::Panicked => Failure::new(
            "garbled",
            format!("the answer of {name} was more than the program could take; nothing was changed"),
        )
        .next("try again"),
    }
}
