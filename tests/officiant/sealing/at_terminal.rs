//! Somebody at a terminal who seals.

use crate::{
    canary::Watch,
    devices::PATIENCE,
    support::{CarriedOut, officiant},
};
use expectrl::{Expect, session::OsSession};
use std::{ffi::OsStr, process::Command, thread};

/// Somebody at a terminal who seals, with all that happens logged.
pub struct AtTerminal<'a> {
    session: OsSession,
    ceremony: &'a CarriedOut,
    watch: Option<Watch>,
    shown: Vec<u8>,
}

impl<'a> AtTerminal<'a> {
    pub fn seals(ceremony: &'a CarriedOut, key: &OsStr, more: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        let command = officiant();
        shell.args(["-c", "stty echo && exec \"$0\" \"$@\""]).arg(command.get_program()).args(["-vv", "seal"]);
        shell.arg(ceremony.folder()).args(["--role", "witness", "--key"]).arg(key).args(more);
        shell.env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("RUST_LOG");
        let mut session = OsSession::spawn(shell).unwrap();
        session.set_expect_timeout(Some(PATIENCE));
        Self { session, ceremony, watch: None, shown: Vec::new() }
    }

    #[track_caller]
    pub fn sees(&mut self, text: &str) -> &mut Self {
        let seen = self.session.expect(text);
        let seen = seen.unwrap_or_else(|error| panic!("“{text}” was not shown: {error}"));
        self.shown.extend(seen.as_bytes());
        self
    }

    #[track_caller]
    pub fn answers(&mut self, question: &str, answer: &str) -> &mut Self {
        self.sees(question);
        // What is typed before echo is off would be shown.
        thread::sleep(std::time::Duration::from_millis(100));
        self.session.send(format!("{answer}\r")).unwrap();
        self
    }

    /// Answers a question for a secret.
    #[track_caller]
    pub fn confides(&mut self, question: &str, secret: &str) -> &mut Self {
        self.ceremony.canary().confide(secret);
        let process = u32::try_from(self.session.get_process().pid().as_raw()).unwrap();
        self.watch.get_or_insert_with(|| Watch::on(process));
        self.answers(question, secret)
    }

    /// All that was shown to the end, since the last answer.
    pub fn rest(mut self) -> String {
        let found = self.session.expect(expectrl::Eof).unwrap();
        self.shown.extend(found.as_bytes());
        self.ceremony.canary().wrote("the terminal at which it was sealed", &self.shown);
        if let Some(watch) = self.watch {
            self.ceremony.canary().saw(watch);
        }
        String::from_utf8_lossy(found.as_bytes()).into_owned()
    }
}
