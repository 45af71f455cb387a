//! `officiant seal`.

use super::{
    ceremony::{bindings, shell_word},
    print_line,
    replay::{describe_finding, one_line},
};
use crate::{
    console::{Terminal, attended, settled},
    outcome::Outcome,
    sealing::{self, Access, KeySource, Signer},
};
use clap::Args;
use officiant_engine::{
    audit::{Depth, Replayed, Scrutiny, Verdict, Weight, replay},
    conduct::{Console, Notice, Question, QuestionKind, Reply},
    notation::nearest,
    record::{self, Event, Folder, TRANSCRIPT},
    seal::{self, Digests, Seal as Signed, keep},
};
use std::path::{Path, PathBuf};

/// Arguments of `seal`.
#[derive(Args)]
pub struct Seal {
    /// The ceremony folder
    folder: PathBuf,
    /// The participant who seals, as the runbook calls the role
    #[arg(long)]
    role: String,
    /// The key: an OpenSSH private key; FILE.pub, agent:SHA256:… or agent:COMMENT, which ssh-agent has;
    /// `yubihsm:OBJECT_ID`; piv:SLOT of a YubiKey, or piv:SLOT@SERIAL where several are inserted
    #[arg(long)]
    key: String,
    /// The authentication key that opens the session with a YubiHSM
    #[arg(long, value_name = "ID", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=65534))]
    auth_key: u16,
    /// Where devices are
    #[arg(long, value_name = "FILE")]
    bindings: Option<PathBuf>,
    /// Override one binding, for example yubihsm.connectors=http://127.0.0.1:12345
    #[arg(long, value_name = "NAME=VALUE")]
    bind: Vec<String>,
    /// Do not ask before sealing
    #[arg(long)]
    yes: bool,
}

impl Seal {
    /// Seals the record of a ceremony.
    pub fn carry_out(self) -> Outcome {
        self.seal().unwrap_or_else(|failed| failed)
    }

    fn seal(self) -> Result<Outcome, Outcome> {
        let source: KeySource =
            self.key.parse().map_err(|why| Outcome::not_tried(format!("--key {}: {why}", self.key)))?;
        let bindings = bindings(self.bindings.as_ref(), &self.bind)?;
        let attended = attended();
        if !attended && !self.yes {
            return Err(Outcome::not_tried(
                "nobody can be asked whether to seal: say --yes where there is no terminal",
            ));
        }
        let folder = Folder::open(&self.folder);
        let replayed = replay_sound(&self.folder)?;
        let head = self.fits(&folder, &replayed)?;
        let terminal = attended.then(|| Terminal::new(replayed.rehearsal, None));
        let mut access = Access { bindings, authentication_key: self.auth_key, terminal };
        let mut signer = sealing::open(&source, &mut access).map_err(Outcome::not_tried)?;
        if let Some(other) = replayed.seals.iter().find(|seal| seal.fingerprint == signer.key().fingerprint()) {
            return Err(Outcome::does_not_hold(format!(
                "this key has sealed already, as {}: each role seals with a key of its own; nothing was sealed",
                other.role
            )));
        }
        self.show(&replayed, &head, signer.as_ref(), access.terminal.as_mut());
        if let Some(terminal) = access.terminal.as_mut().filter(|_| !self.yes) {
            confirm(terminal)?;
        }
        let digests = self.digests(&replayed, &head)?;
        let key = signer.key().clone();
        let made = Signed::make(&key, &digests.whole, |message| signer.sign(message));
        let made = made.map_err(Outcome::does_not_hold)?;
        keep(&folder, &self.role, &made).map_err(Outcome::does_not_hold)?;
        self.verify(&folder, &made)?;
        print_line(&self.next(&made)).map(|()| Outcome::Holds)
    }

    /// The role takes part and has not sealed yet; what is sealed is what was replayed. Gives the head.
    fn fits(&self, folder: &Folder, replayed: &Replayed) -> Result<[u8; 32], Outcome> {
        let (lines, _) = record::read(&self.folder).map_err(Outcome::not_tried)?;
        let opened = lines.first().and_then(|line| line.entry.as_ref().ok()).map(|entry| &entry.event);
        let Some(Event::Opened(opened)) = opened else {
            return Err(Outcome::does_not_hold("the record does not begin with its opening"));
        };
        if !opened.participants.contains_key(&self.role) {
            let roles: Vec<&str> = opened.participants.keys().map(String::as_str).collect();
            let near = nearest(&self.role, roles.iter().copied());
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let roles = if roles.is_empty() { "nobody".to_string() } else { roles.join(", ") };
            let message = format!("the runbook has no participant `{}`, it has {roles}{near}", self.role);
            return Err(Outcome::not_tried(message));
        }
        let path = seal::path(&self.role);
        if folder.resolve(&path).map_err(Outcome::not_tried)?.exists() {
            let covers = replayed.seals.iter().find(|seal| seal.role == self.role).map(|seal| seal.covers);
            let covers = covers.map(|covers| format!(", over {covers}")).unwrap_or_default();
            let message = format!(
                "`{path}` is there already{covers}, and nothing is ever replaced: to seal anew, move it out of the folder"
            );
            return Err(Outcome::does_not_hold(message));
        }
        Ok(lines.last().map(|line| line.digest).unwrap_or_default())
    }

    /// The digests of what was replayed.
    fn digests(&self, replayed: &Replayed, head: &[u8; 32]) -> Result<Digests, Outcome> {
        let digests = Digests::read(&self.folder, 0)
            .map_err(|error| Outcome::not_tried(format!("`{TRANSCRIPT}` cannot be read again: {error}")))?;
        if digests.lines != replayed.entries || digests.head != *head {
            return Err(Outcome::does_not_hold("the record was changed while it was looked at; nothing was sealed"));
        }
        Ok(digests)
    }

    /// What is about to be sealed, and with which key.
    fn show(&self, replayed: &Replayed, head: &[u8; 32], signer: &dyn Signer, terminal: Option<&mut Terminal>) {
        let kind = if replayed.rehearsal { "REHEARSAL of " } else { "" };
        let mut rows = vec![
            ("ceremony", format!("{kind}{}", one_line(&replayed.title))),
            ("entries", replayed.entries.to_string()),
            ("closed", replayed.closed_at.clone()),
            ("role", self.role.clone()),
            ("key", signer.key().to_string()),
            ("held by", one_line(&signer.place())),
        ];
        if replayed.verdict == Verdict::Aborted {
            rows.insert(1, ("ended", "the ceremony was ABORTED".to_string()));
        }
        let words = officiant_steps::words(head);
        match terminal {
            Some(terminal) => {
                let rows = rows.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
                terminal.show(&Notice::Announcement(rows));
                terminal.show(&Notice::Information(
                    "The words of the whole record; compare them with paper or film:".into(),
                ));
                terminal.show(&Notice::Banner(words));
            }
            None => {
                for (name, value) in &rows {
                    eprintln!("{name:<8}  {value}");
                }
                eprintln!("{words}");
            }
        }
    }

    /// The seal is read back from where it was written.
    fn verify(&self, folder: &Folder, made: &Signed) -> Result<(), Outcome> {
        let path = seal::path(&self.role);
        let wrong = |why: String| {
            Outcome::does_not_hold(format!(
                "`{path}` was written and does not verify ({why}): remove it, and seal again"
            ))
        };
        let bytes = folder.read(&path).map_err(|error| wrong(error.to_string()))?;
        let read = Signed::parse(&bytes).map_err(|why| wrong(why.to_string()))?;
        let digests = Digests::read(&self.folder, 0).map_err(|error| wrong(error.to_string()))?;
        if read.key() != made.key() || !read.fits(&digests.whole) {
            return Err(wrong("it is not over the record".into()));
        }
        Ok(())
    }

    /// Where the seal is, and how anybody verifies it.
    fn next(&self, made: &Signed) -> String {
        let folder = self.folder.display().to_string();
        let folder = folder.strip_suffix('/').unwrap_or(&folder);
        format!(
            "sealed by {} with {}\nseal    {}\nverify  {}",
            self.role,
            made.key(),
            one_line(&format!("{folder}/{}", seal::path(&self.role))),
            seal::verify_command(&shell_word(folder), &self.role),
        )
    }
}

/// Replays the record, and refuses one that nobody should put a seal on.
fn replay_sound(folder: &Path) -> Result<Replayed, Outcome> {
    let scrutiny = Scrutiny { depth: Depth::EverySignature, trust: None };
    let replayed = replay(folder, &super::system_registry(), &scrutiny).map_err(Outcome::not_tried)?;
    let why = match replayed.verdict {
        Verdict::Holds | Verdict::Unsealed | Verdict::Aborted => return Ok(replayed),
        Verdict::Incomplete => {
            "the ceremony is not over, and a seal is put on its end: bring it to its END, or abort it, and seal then"
        }
        Verdict::DoesNotHold => "the record does not hold, and was not sealed",
    };
    for finding in replayed.findings.iter().filter(|finding| finding.severity == Weight::Error) {
        eprintln!("{}", describe_finding(finding).trim());
    }
    Err(Outcome::does_not_hold(why))
}

fn confirm(terminal: &mut Terminal) -> Result<(), Outcome> {
    let question = Question::new("Seal this record now?", QuestionKind::Decision);
    match settled(terminal, &question).map_err(Outcome::not_tried)? {
        Reply::Value(serde_json::Value::Bool(true)) => Ok(()),
        _ => Err(Outcome::does_not_hold("nothing was sealed")),
    }
}
