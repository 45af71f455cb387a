//! Virtual YubiKeys in virtual readers of their own, and steps that are carried out on them.

use crate::{
    support::{Ceremony, officiant},
    terminal::Person,
};
use officiant_devices::{
    AttestationKey, Firmware,
    yubikey::{Connection, RunningConnection, Settings, Touch, VirtualYubiKey},
};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::LazyLock,
};
use tempfile::TempDir;

/// What finds the readers.
pub const SOCKET: &str = "PCSCLITE_CSOCK_NAME";

pub const SERIAL: u32 = 24_680_135;
pub const PIN: &str = "84621390";

/// Two readers, with virtual devices in them, and a folder to work in.
pub struct Desk {
    cards: Vec<RunningConnection>,
    socket: String,
    first: SocketAddr,
    folder: TempDir,
    service: Child,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.cards.clear();
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}

impl Desk {
    /// With a factory-new device of firmware 5.4.3.
    pub fn new() -> Self {
        Self::with(&[(SERIAL, None, false)])
    }

    /// With factory-new devices, each with its serial number, its firmware, and whether it is a FIPS device.
    pub fn with(devices: &[(u32, Option<[u8; 3]>, bool)]) -> Self {
        Self::touched(devices, &Touch::Automatic)
    }

    /// With factory-new devices that somebody touches, or nobody.
    pub fn touched(devices: &[(u32, Option<[u8; 3]>, bool)], touch: &Touch) -> Self {
        // Making one takes a moment; these devices may as well share it.
        static ATTESTATION_KEY: LazyLock<AttestationKey> = LazyLock::new(|| AttestationKey::generate().unwrap());
        let mut service =
            officiant().args(["device", "readers", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(service.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut said = lines.take(2).map(|line| line.split_once('=').unwrap().1.to_string());
        let (socket, first) = (said.next().unwrap(), said.next().unwrap().parse::<SocketAddr>().unwrap());
        let folder = TempDir::new().unwrap();
        let cards = devices.iter().zip(0..).map(|((serial, firmware, fips), number)| {
            let settings = Settings {
                firmware: firmware.map(|[major, minor, build]| Firmware { major, minor, build }),
                fips: Some(*fips),
                touch: touch.clone(),
                attestation_key: Some(ATTESTATION_KEY.clone()),
                ..Settings::new(*serial, folder.path().join(format!("{serial}.json")))
            };
            let reader = SocketAddr::new(first.ip(), first.port() + number);
            Connection::start(VirtualYubiKey::open(&settings).unwrap(), reader).unwrap()
        });
        let desk = Self { cards: cards.collect(), socket, first, service, folder };
        for (serial, ..) in devices {
            desk.awaits(*serial);
        }
        desk
    }

    /// Waits until a device is seen.
    pub fn awaits(&self, serial: u32) {
        // Who looks anew all the time keeps the service from looking itself.
        let mut look = self.step(&["devices.insert", &format!("device={serial}"), "timeout=60"]);
        let output = look.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub fn card(&self) -> &VirtualYubiKey {
        self.cards[0].card()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn socket(&self) -> &str {
        &self.socket
    }

    /// Where the first reader waits for a card.
    pub fn first(&self) -> SocketAddr {
        self.first
    }

    /// Another program that uses the readers.
    pub fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env(SOCKET, &self.socket).current_dir(self.folder()).stdin(Stdio::null());
        command
    }

    /// `officiant step`, with the go-ahead.
    pub fn step(&self, words: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_officiant"));
        command.arg("step").args(words).arg("--yes").env_remove("RUST_LOG");
        command
    }

    /// The outputs of a step on the first device.
    #[track_caller]
    pub fn does(&self, name: &str, words: &[&str]) -> Value {
        outputs(&self.on_first(name, words).output().unwrap())
    }

    /// A step on the first device that fails, and what it says.
    #[track_caller]
    pub fn fails(&self, name: &str, words: &[&str], said: &str) {
        let output = self.on_first(name, words).output().unwrap();
        let found = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && found.contains(said), "{:?}: {found}", output.status);
    }

    fn on_first(&self, name: &str, words: &[&str]) -> Command {
        let mut command = self.step(&[name, &format!("device={}", self.card().serial())]);
        command.args(words);
        command
    }

    /// A person at a step on the first device, who is asked for its secrets.
    pub fn person(&self, name: &str, words: &[&str]) -> Person {
        self.at_terminal(&self.on_first(name, words))
    }

    /// A person at a step on any device.
    pub fn anywhere(&self, words: &[&str]) -> Person {
        self.at_terminal(&self.step(words))
    }

    fn at_terminal(&self, command: &Command) -> Person {
        let mut here = Command::new("env");
        here.arg("-C").arg(self.folder()).arg(command.get_program()).args(command.get_args());
        here.env(SOCKET, &self.socket);
        Person::of(&here)
    }

    /// A PIN of its own for a device.
    pub fn change_pin(&self) {
        let mut person = self.person("piv.change-pin", &["pin=factory-default", "new_pin=new_pin"]);
        person.confides("new pin", PIN).confides("The same again", PIN);
        assert_eq!(person.ends().0, Some(0));
    }

    /// A PIN of its own, a management key that is kept under it, and a key in 9c.
    pub fn provision(&self, algorithm: &str) {
        self.change_pin();
        let mut person =
            self.person("piv.set-management-key", &["management_key=factory-default", "pin=pin", "keep=protected"]);
        person.confides("pin", PIN).confides("The same again", PIN);
        assert_eq!(person.ends().0, Some(0));
        let mut person = self.person(
            "piv.generate-key",
            &["management_key=protected", "pin=pin", "slot=9c", &format!("algorithm={algorithm}"), "out=key.pem"],
        );
        person.confides("pin", PIN).confides("The same again", PIN);
        assert_eq!(person.ends().0, Some(0));
    }

    /// A live ceremony with these readers.
    pub fn ceremony(&self, steps: &str) -> Ceremony {
        Ceremony::run(&runbook(steps)).in_environment(SOCKET, &self.socket)
    }
}

/// A runbook with two devices.
pub fn runbook(steps: &str) -> String {
    format!(
        "
notation: 1
title: Test
participants:
  witness: {{ title: Witness }}
devices:
  KEY-1: {{ kind: yubikey }}
  KEY-2: {{ kind: yubikey }}
deviations: {{ approved_by: [witness] }}
sections:
  start:
    title: Start
    steps:
{steps}
      - end: Over.
"
    )
}

/// What a step printed.
#[track_caller]
pub fn outputs(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Standard output of a program that succeeds.
#[track_caller]
pub fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {stdout}{stderr}");
    stdout.into_owned()
}
