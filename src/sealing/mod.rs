//! What holds the key of a seal: a file, ssh-agent, a `YubiHSM`, a YubiKey.

mod agent;
mod key_file;
mod object;
mod slot;
mod source;

pub use source::KeySource;

use crate::console::{Terminal, settled};
use officiant_engine::{
    conduct::{Bindings, Console, Failure, Question, QuestionKind, Reply, Secret},
    seal::Key,
};
use ssh_key::Signature;

/// Whatever can sign with a key.
pub trait Signer {
    /// The public key.
    fn key(&self) -> &Key;

    /// Where the key is, for the person who seals.
    fn place(&self) -> String;

    /// Signs a message.
    fn sign(&mut self, message: &[u8]) -> Result<Signature, String>;
}

/// What some keys need beside their name.
pub struct Access {
    /// Where devices are.
    pub bindings: Bindings,
    /// The authentication key that opens a session with a `YubiHSM`.
    pub authentication_key: u16,
    /// The person at the terminal, if there is one.
    pub terminal: Option<Terminal>,
}

impl Access {
    /// Asks for a secret once; it is taken from a terminal and from nowhere else.
    fn secret(&mut self, prompt: &str) -> Result<Secret, String> {
        let Some(terminal) = &mut self.terminal else {
            return Err(format!("{prompt}: it is asked for at a terminal and taken from nowhere else"));
        };
        // Typed once: a wrong one is noticed, and does no harm.
        let once = QuestionKind::SecretAgain { secret: Secret::new(String::new()), dice: false };
        match terminal.ask(&Question::new(prompt, once), None) {
            Ok(Reply::Secret(secret)) => Ok(secret),
            Ok(Reply::Value(_)) => Err("no secret was given".into()),
            Err(unanswered) => Err(unanswered.to_string()),
        }
    }

    /// Asks whether to go on; nobody is asked where there is no terminal, and then it is no.
    fn decides(&mut self, text: &str) -> Result<bool, String> {
        let Some(terminal) = &mut self.terminal else { return Ok(false) };
        let question = Question::new(text, QuestionKind::Decision);
        let reply = settled(terminal, &question).map_err(|unanswered| unanswered.to_string())?;
        Ok(matches!(reply, Reply::Value(value) if value == true))
    }
}

/// A failure with its next action.
fn in_words(failure: &Failure) -> String {
    let next = failure.next.as_ref().map(|next| format!("\nnext: {next}")).unwrap_or_default();
    format!("{}{next}", failure.message)
}

/// Opens whatever holds the key.
pub fn open(source: &KeySource, access: &mut Access) -> Result<Box<dyn Signer>, String> {
    match source {
        KeySource::File(path) => Ok(Box::new(key_file::KeyFile::open(path, access)?)),
        KeySource::PublicFile(path) => Ok(Box::new(agent::AgentKey::of_file(path)?)),
        KeySource::Agent(name) => Ok(Box::new(agent::AgentKey::named(name)?)),
        KeySource::YubiHsm(id) => Ok(Box::new(object::YubiHsmKey::open(*id, access)?)),
        KeySource::Piv { slot, serial } => Ok(Box::new(slot::PivKey::open(*slot, *serial, access)?)),
    }
}
