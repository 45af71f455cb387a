//! Virtual readers of a test's own, cards in them, and the clients of cards.

use crate::{
    devices::{Running, until},
    support::officiant,
};
use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{ChildStdout, Command, Stdio},
};
use tempfile::TempDir;

/// What a card has from the factory.
pub const PIN: &str = "123456";
pub const PUK: &str = "12345678";
pub const MANAGEMENT_KEY: &str = "010203040506070801020304050607080102030405060708";

/// Whether all of these programs are installed.
///
/// # Panics
/// If one is not, and `CI` is set.
pub fn installed(programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|name| path_of(name).is_none()).collect();
    if missing.is_empty() {
        return true;
    }
    let reason = format!("{} is not there; `make test` installs it", missing.join(", "));
    assert!(env::var_os("CI").is_none(), "{reason}");
    eprintln!("skipped: {reason}");
    false
}

/// A program on PATH, where services are, or among the clients of `tests/peers/requirements.txt`; or a library, which the
/// linker finds by name.
pub fn path_of(name: &str) -> Option<PathBuf> {
    if name.contains(".so") {
        let known = Command::new("/sbin/ldconfig").arg("-p").output().unwrap().stdout;
        return String::from_utf8_lossy(&known).lines().find_map(|line| {
            let (library, path) = line.split_once(" => ")?;
            (library.split_ascii_whitespace().next() == Some(name)).then(|| path.trim().into())
        });
    }
    let peers = env::var_os("OFFICIANT_PEERS_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/peers"), PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [peers.join("bin")].into_iter().chain(env::split_paths(&path)).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The two virtual readers of a test, and a folder for what is made.
pub struct VirtualReaders {
    _process: Running,
    _said: BufReader<ChildStdout>,
    environment: Vec<(String, String)>,
    folder: TempDir,
}

impl VirtualReaders {
    /// Starts them; `None` if they or one of these clients are not installed.
    pub fn start(clients: &[&str]) -> Option<Self> {
        let services = ["pcscd", "unshare", "setpriv", "opensc-tool"];
        if !installed(&[&services, clients].concat()) {
            return None;
        }
        let mut command = officiant();
        command.args(["device", "readers", "--port", "0"]);
        let mut process = Running::start(command);
        let mut said = BufReader::new(process.0.as_mut().unwrap().stdout.take().unwrap());
        let mut variable = || {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            let (name, value) = line.trim_end().split_once('=').expect("the readers did not start");
            (name.to_string(), value.to_string())
        };
        let environment = vec![variable(), variable()];
        Some(Self { _process: process, _said: said, environment, folder: TempDir::new().unwrap() })
    }

    /// The socket of their service.
    pub fn socket(&self) -> &str {
        &self.environment[0].1
    }

    /// The port of the first reader.
    pub fn port(&self) -> u16 {
        self.environment[1].1.rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// A file of the test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a file of the test has.
    #[track_caller]
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A client, in the folder of the test.
    pub fn client(&self, program: &str) -> Command {
        self.with_readers(Command::new(path_of(program).unwrap()))
    }

    /// A command that has these readers, in the folder of the test.
    pub fn with_readers(&self, mut command: Command) -> Command {
        command.envs(self.environment.iter().cloned()).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// What a client says, which must succeed.
    #[track_caller]
    pub fn says(&self, program: &str, arguments: &[&str]) -> String {
        let (code, said) = self.tries(program, arguments);
        assert_eq!(code, Some(0), "{program} {arguments:?}:\n{said}");
        said
    }

    /// What a client says, and its exit code.
    pub fn tries(&self, program: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.client(program).args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }

    /// The command of a virtual YubiKey for these readers.
    pub fn device(&self, serial: u32, arguments: &[&str]) -> Command {
        let mut command = self.with_readers(officiant());
        let (serial, state) = (serial.to_string(), self.path(&format!("{serial}.json")));
        command.args(["device", "yubikey", "--serial", &serial, "--state"]).arg(state).args(arguments);
        command
    }

    /// Puts a virtual YubiKey into the first empty reader, and waits until clients see it.
    #[track_caller]
    pub fn insert(&self, serial: u32, arguments: &[&str]) -> Card {
        let before = self.cards();
        let mut process = Running::start(self.device(serial, arguments));
        let mut said = BufReader::new(process.0.as_mut().unwrap().stdout.take().unwrap());
        let mut lines = String::new();
        said.read_line(&mut lines).unwrap();
        said.read_line(&mut lines).unwrap();
        assert!(lines.contains("reader  127.0.0.1:"), "the card was not put in: {lines}");
        until("a card is in the reader", || self.cards() > before);
        Card { process, _said: said, lines }
    }

    /// How many cards `OpenSC` sees.
    pub fn cards(&self) -> usize {
        let listed = self.says("opensc-tool", &["--list-readers"]);
        listed.lines().filter(|line| line.split_ascii_whitespace().nth(1) == Some("Yes")).count()
    }
}

/// A virtual YubiKey in a reader, in a process of its own; dropping it pulls it out.
pub struct Card {
    process: Running,
    _said: BufReader<ChildStdout>,
    /// What it said of itself.
    pub lines: String,
}

impl Card {
    /// Pulls it out, and waits until clients see that.
    #[track_caller]
    pub fn remove(self, readers: &VirtualReaders) {
        let before = readers.cards();
        self.process.kill();
        until("the card is out of the reader", || readers.cards() < before);
    }
}

/// Requires that a certificate of a slot leads to the root of rehearsals.
#[track_caller]
pub fn leads_to_the_rehearsal_root(readers: &VirtualReaders, f9: &str, attestation: &str) {
    let said = readers.says("openssl", &["verify", "-CAfile", "rehearsal-piv-root.pem", "-untrusted", f9, attestation]);
    assert_eq!(said, format!("{attestation}: OK\n"));
}

/// The public key of a certificate, PEM.
#[track_caller]
pub fn public_key_of(readers: &VirtualReaders, certificate: &str) -> String {
    readers.says("openssl", &["x509", "-in", certificate, "-noout", "-pubkey"])
}
