//! Ceremonies at a real terminal.

use crate::{
    canary::Watch,
    devices::{PATIENCE, until},
    support::{CarriedOut, Ceremony, now},
};
use expectrl::{
    Expect, Needle,
    process::{
        Termios,
        unix::{Signal, WaitStatus},
    },
    session::OsSession,
};
use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Command, ExitStatus, Output},
    thread,
    time::{Duration, Instant},
};

const DOWN: &str = "\u{1b}[B";
const CTRL_C: &str = "\u{3}";
const SHOW_CURSOR: &str = "\u{1b}[?25h";
const HIDE_CURSOR: &str = "\u{1b}[?25l";

/// A person at a terminal, who types what a ceremony asks for.
pub struct Person {
    ceremony: Option<Ceremony>,
    session: OsSession,
    shown: Vec<u8>,
    /// The secrets that were typed at a command without a ceremony of its own.
    confided: Vec<String>,
    /// Since the first secret was typed.
    watch: Option<Watch>,
}

impl Person {
    /// Sits down at a ceremony, and says what another clock shows when that is asked.
    pub fn at(ceremony: Ceremony) -> Self {
        let is_live = ceremony.is_live();
        let mut person = Self::at_clock(ceremony);
        if is_live {
            person.answers("on another clock", &now());
        }
        person
    }

    /// Sits down at a ceremony.
    pub fn at_clock(ceremony: Ceremony) -> Self {
        let mut person = Self::of(&ceremony.attended_command());
        person.ceremony = Some(ceremony);
        person
    }

    /// Sits down at a command.
    pub fn of(command: &Command) -> Self {
        // The library switches echo off, which would hide when the program does so for a secret.
        let mut shell = Command::new("sh");
        shell.args(["-c", "stty echo && exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
        shell.envs(command.get_envs().filter_map(|(variable, value)| Some((variable, value?))));
        shell.env("TERM", "xterm-256color").env_remove("RUST_LOG").env_remove("NO_COLOR").env_remove("CLICOLOR");
        let session = OsSession::spawn(shell).unwrap();
        Self { ceremony: None, session, shown: Vec::new(), confided: Vec::new(), watch: None }
    }

    /// Makes the window that many columns wide, and that many lines high.
    pub fn with_window(mut self, columns: u16, lines: u16) -> Self {
        self.session.get_process_mut().set_window_size(columns, lines).unwrap();
        self
    }

    /// Rehearses a runbook at the terminal.
    fn rehearsing(yaml: &str) -> Self {
        Self::at(Ceremony::rehearse(yaml).argument("--attended"))
    }

    /// The folder beside whose files the ceremony folder is.
    pub fn folder(&self) -> PathBuf {
        self.ceremony.as_ref().unwrap().canary().path().to_path_buf()
    }

    /// The process that asks.
    fn process(&self) -> i32 {
        self.session.get_process().pid().as_raw()
    }

    /// Everything that the terminal was sent so far.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }

    /// Waits for something to appear behind what was seen before.
    #[track_caller]
    pub fn sees(&mut self, text: &str) -> &mut Self {
        self.awaits(text, &format!("“{text}”"))
    }

    #[track_caller]
    fn awaits(&mut self, needle: impl Needle, name: &str) -> &mut Self {
        let since = Instant::now();
        loop {
            let found = self.session.check(&needle);
            if let Ok(found) = &found {
                self.shown.extend(found.as_bytes());
                if !found.is_empty() {
                    return self;
                }
            }
            if found.is_err() || since.elapsed() > PATIENCE {
                let rest = self.session.check(expectrl::Regex("(?s).+"));
                self.shown.extend(rest.iter().flat_map(expectrl::Captures::as_bytes));
                panic!("{name} was not seen ({:?}), but:\n{}", found.err(), self.shown());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Presses keys.
    pub fn types(&mut self, keys: &str) -> &mut Self {
        self.session.send(keys).unwrap();
        self
    }

    /// Types a line.
    pub fn enters(&mut self, line: &str) -> &mut Self {
        self.types(line).types("\r")
    }

    /// Answers a question.
    #[track_caller]
    pub fn answers(&mut self, question: &str, answer: &str) -> &mut Self {
        self.sees(question).enters(answer)
    }

    /// Answers a question for a secret, once nothing that is typed is shown.
    #[track_caller]
    pub fn confides(&mut self, question: &str, secret: &str) -> &mut Self {
        self.sees(question).awaits_hiding();
        self.types_secretly(secret).types("\n")
    }

    /// Presses keys that nobody may know.
    fn types_secretly(&mut self, secret: &str) -> &mut Self {
        match &self.ceremony {
            Some(ceremony) => ceremony.canary().confide(secret),
            None => self.confided.push(secret.to_string()),
        }
        let process = u32::try_from(self.process()).unwrap();
        self.watch.get_or_insert_with(|| Watch::on(process));
        self.types(secret)
    }

    /// Waits until what is typed is not shown any more.
    #[track_caller]
    pub fn awaits_hiding(&mut self) {
        until("echo is switched off", || !self.session.is_echo().unwrap());
    }

    /// Kills the program.
    pub fn kills(mut self) -> CarriedOut {
        self.session.get_process_mut().kill(Signal::SIGKILL).unwrap();
        self.leaves()
    }

    /// Stays until the end of a ceremony.
    #[track_caller]
    pub fn leaves(mut self) -> CarriedOut {
        let status = self.waits();
        let ceremony = self.ceremony.unwrap();
        if let Some(watch) = self.watch {
            ceremony.canary().saw(watch);
        }
        ceremony.carried_out(Output { status, stdout: Vec::new(), stderr: self.shown })
    }

    /// Stays until the end of a command; its exit code, and all that was shown.
    #[track_caller]
    pub fn ends(mut self) -> (Option<i32>, String) {
        let status = self.waits();
        let shown = self.shown();
        assert!(!self.confided.iter().any(|secret| shown.contains(secret)), "a secret was shown:\n{shown}");
        (status.code(), shown)
    }

    #[track_caller]
    fn waits(&mut self) -> ExitStatus {
        self.awaits(expectrl::Eof, "the end");
        match self.session.get_process().wait().unwrap() {
            WaitStatus::Exited(_, code) => ExitStatus::from_raw(code << 8),
            WaitStatus::Signaled(_, signal, _) => ExitStatus::from_raw(signal as i32),
            other => panic!("{other:?}"),
        }
    }
}

fn runbook(steps: &str) -> String {
    format!(
        "
notation: 1
title: Test
participants:
  witness: {{ title: Witness }}
deviations: {{ approved_by: [witness] }}
sections:
  start:
    title: Opening
    steps:
{steps}
      - end: Over.
"
    )
}

const COUNT: &str = "
      - do: Count.
        id: count
        uses: ask.number
        with: { prompt: How many }
        expect:
          - that: count.value == 3
            else: There must be three.
";

#[test]
fn a_person_confirms_what_was_done() {
    let mut person = Person::rehearsing(&runbook("      - do: Sit down."));
    person.sees("Opening").sees("REHEARSAL").sees("1/2").sees("Sit down.").sees("If no:").answers("Done?", "y");
    person.sees("Over.");
    person.leaves().exits(0).replay().holds();
}

#[test]
fn a_wrong_answer_is_asked_again_with_what_was_wrong() {
    let steps = "
      - do: Read it.
        id: printed
        uses: ask.text
        with: { prompt: Serial number, pattern: '[0-9]{7,8}' }
";
    let mut person = Person::rehearsing(&runbook(steps));
    person.answers("Serial number", "755").sees("not taken:").sees("does not have the form");
    person.answers("Serial number", "7550054");
    let ceremony = person.leaves().exits(0);
    assert_eq!(answers(&ceremony), ["755", "7550054"]);
    ceremony.replay().holds();
}

/// The answers on record that are texts.
fn answers(ceremony: &CarriedOut) -> Vec<String> {
    let entries = ceremony.entries();
    entries.iter().filter_map(|entry| entry["body"]["answer"].as_str().map(String::from)).collect()
}

#[test]
fn a_secret_is_typed_twice_the_same_and_not_shown() {
    let steps = "
      - { do: Choose a password., id: password, uses: ask.secret, with: { prompt: New password, min_length: 12 } }
      - do: Read it from the paper.
        uses: ask.secret
        with: { prompt: From the paper, matches: { secret: password } }
";
    let mut person = Person::rehearsing(&runbook(steps));
    person.confides("New password", "correct horse").confides("The same again", "correct house");
    person.sees("The two are not the same.");
    person.confides("New password", "too short").confides("The same again", "too short");
    person.sees("not taken:").sees("it must have at least 12 characters");
    person.confides("New password", "correct horse").confides("The same again", "correct horse");
    person.confides("From the paper", "battery staple").sees("This is not the secret").sees("2 tries are left");
    person.confides("From the paper", "correct horse");
    let ceremony = person.leaves().exits(0);
    for secret in ["correct", "house", "short", "staple"] {
        assert!(!ceremony.stderr().contains(secret), "`{secret}` is in:\n{}", ceremony.stderr());
        assert!(!ceremony.lines().join("").contains(secret), "`{secret}` is in the record");
    }
    ceremony.replay().holds();
}

#[test]
fn after_a_failure_a_number_chooses() {
    let mut person = Person::rehearsing(&runbook(COUNT));
    person.answers("How many", "2").sees("failed:").sees("There must be three.");
    // Neither an arrow, which would run through a menu, nor a word that means nothing chooses anything.
    person.sees("What now?").sees("abort the ceremony").types(DOWN).types("\r").sees("not taken:");
    person.answers("Number", "clear").sees("not taken:").answers("Number", "2");
    person.answers("Why?", "Two will do.").sees("Two will do.").answers("Witness: do you approve", "y").sees("Over.");
    let ceremony = person.leaves().exits(0);
    let deviated = ceremony.entries().into_iter().find(|entry| entry["kind"] == "deviated").unwrap();
    assert_eq!(deviated["body"]["reason"], "Two will do.");
    ceremony.replay().holds();
}

#[test]
fn after_a_failure_enter_alone_chooses_nothing() {
    let mut person = Person::rehearsing(&runbook(COUNT));
    person.answers("How many", "2").sees("What now?").sees("abort the ceremony").types("\r").sees("not taken:");
    person.answers("Number", "1").answers("How many", "3").sees("Over.");
    let ceremony = person.leaves().exits(0);
    assert!(answers(&ceremony).contains(&"retry".to_string()));
    ceremony.replay().holds();
}

#[test]
fn what_is_asked_before_the_first_step_comes_with_its_note() {
    let inputs = "inputs:\n  wine: { type: text, prompt: Which wine, note: Recommended is the red one. }\nsections:";
    let mut person = Person::rehearsing(&runbook("      - do: Sit down.").replace("sections:", inputs));
    person.answers("Which wine", "red").answers("Done?", "y").sees("Over.");
    let ceremony = person.leaves().exits(0);
    let shown = ceremony.stderr();
    assert!(shown.find("Recommended is the red one.") < shown.find("Which wine"), "{shown}");
    ceremony.replay().holds();
}

#[test]
fn nothing_is_no_answer_and_is_told_so() {
    let steps = "      - { do: Choose., uses: ask.choice, with: { prompt: Wine, options: [red, white] } }";
    let mut person = Person::rehearsing(&runbook(steps));
    person.answers("Number", "").sees("an answer is needed").answers("Number", "1").sees("Over.");
    person.leaves().exits(0).replay().holds();
}

/// Requires that a ceremony was stopped by the keyboard where it asked or waited, with nothing lost and the terminal as it was.
#[track_caller]
fn stopped(person: Person, kinds: &[&str]) {
    let ceremony = person.leaves().exits(2);
    let ceremony = ceremony.mentions("by the keyboard").mentions("nothing that was recorded is lost");
    assert_eq!(ceremony.kinds(), kinds);
    let shown = ceremony.stderr();
    assert!(shown.rfind(HIDE_CURSOR) < shown.rfind(SHOW_CURSOR) || !shown.contains(HIDE_CURSOR), "{shown:?}");
    ceremony.replay().refuses("incomplete", "the record stops before the runbook's END");
}

#[test]
fn ctrl_c_at_a_confirmation_stops_with_everything_recorded_and_the_cursor_shown() {
    let mut person = Person::rehearsing(&runbook("      - do: Sit down."));
    person.sees("Done?").types(CTRL_C);
    stopped(person, &["opened", "entered", "began"]);
}

#[test]
fn ctrl_c_at_a_choice_stops_with_everything_recorded_and_the_cursor_shown() {
    let mut person = Person::rehearsing(&runbook(COUNT));
    person.answers("How many", "2").sees("What now?").sees("abort the ceremony").types(CTRL_C);
    stopped(person, &["opened", "entered", "began", "answered", "failed"]);
}

#[test]
fn ctrl_c_at_a_line_of_text_stops_with_everything_recorded() {
    let mut person = Person::rehearsing(&runbook(COUNT));
    person.sees("How many").types("1").types(CTRL_C);
    stopped(person, &["opened", "entered", "began"]);
}

#[test]
fn ctrl_c_at_a_secret_stops_with_everything_recorded_and_echo_switched_on() {
    let steps = "      - { do: Choose., id: password, uses: ask.secret, with: { prompt: New password } }";
    let mut person = Person::rehearsing(&runbook(steps));
    person.sees("New password").awaits_hiding();
    person
        .types_secretly("half-a-Kanarie")
        .types(CTRL_C)
        .sees("error: stopped by the keyboard; nothing that was recorded is lost")
        .sees("go on   officiant resume ")
        .sees(" --attended");
    until("echo is switched on", || person.session.is_echo().unwrap());
    let ceremony = person.leaves().exits(2);
    assert_eq!(ceremony.kinds(), ["opened", "entered", "began"]);
}

#[test]
fn ctrl_c_in_the_middle_of_a_step_stops_at_the_next_question() {
    let steps = "
      - do: Run it.
        uses: exec.run
        with: { command: [sh, -c, 'touch running; while ! test -e enough; do sleep 0.02; done'], timeout: 60s }
      - do: Sit down.
";
    let mut person = Person::rehearsing(&runbook(steps));
    let folder = person.ceremony.as_ref().unwrap().out();
    person.answers("Carry this out now?", "y");
    until("the step runs", || folder.join("running").exists());
    person.types(CTRL_C).sees("Stops at the next question.");
    fs::write(folder.join("enough"), "").unwrap();
    person.sees("Sit down.");
    let ceremony = person.leaves().exits(2).mentions("stopped at step start/2 by the keyboard");
    assert_eq!(ceremony.kinds(), ["opened", "entered", "began", "answered", "finished", "began"]);
}

#[test]
fn a_second_ctrl_c_stops_in_the_middle_of_a_step() {
    let mut person = Person::rehearsing(&runbook(
        "
      - do: Run it.
        uses: exec.run
        with: { command: [sh, -c, 'touch running; while test -e ../ceremony; do sleep 0.02; done'], timeout: 60s }
",
    ));
    let folder = person.ceremony.as_ref().unwrap().out();
    person.answers("Carry this out now?", "y");
    until("the step runs", || folder.join("running").exists());
    person.types(CTRL_C).sees("Stops at the next question.").types(CTRL_C).sees("error: stopped by the keyboard");
    let ceremony = person.leaves().exits(2);
    assert_eq!(ceremony.kinds(), ["opened", "entered", "began", "answered"]);
}

#[test]
fn what_a_program_says_cannot_steer_the_terminal() {
    let steps = r#"
      - do: Run it.
        uses: exec.run
        with: { command: [printf, '\033]0;owned\007\033[2Jclean'] }
      - do: Run it, and fail.
        id: failing
        uses: exec.run
        with: { command: [sh, -c, 'printf "\033]0;owned\007\033[2Jdirty" >&2; exit 1'] }
      - do: Name it.
        id: name
        uses: ask.text
        with: { prompt: Name }
"#;
    let mut person = Person::rehearsing(&runbook(steps));
    person.answers("Carry this out now?", "y").sees(r"\u{1b}]0;owned\u{7}").sees("clean");
    person.answers("Carry this out now?", "y").sees("failed:").sees("owned").sees("dirty");
    person.sees("abort the ceremony").answers("Number", "3").answers("Why?", "Dirty.");
    let ceremony = person.leaves().exits(1);
    let shown = ceremony.stderr();
    for raw in ["\u{1b}]0", "\u{7}", "\u{1b}[2J"] {
        assert!(!shown.contains(raw), "{raw:?} is in {shown:?}");
    }
    let replayed = crate::support::officiant().arg("replay").arg(ceremony.folder()).output().unwrap();
    assert!(!replayed.stdout.contains(&0x1b) && !replayed.stderr.contains(&0x1b));
    let unattended = Ceremony::rehearse(&fs::read_to_string(ceremony.folder().join("runbook/runbook.yaml")).unwrap());
    let unattended = unattended.argument("--outside").carry_out().exits(1);
    assert!(!unattended.stderr().contains(['\u{1b}', '\u{7}']), "{:?}", unattended.stderr());
}
