//! Key holders with virtual YubiKeys, the repository that they share, and what stands for AWS.

use crate::{
    kms::{
        moto::{Moto, peer},
        support::Desk,
    },
    support::{CarriedOut, Ceremony},
    terminal::Person,
    yubikeys::support::{VirtualReaders, path_of},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};
use tempfile::TempDir;

pub const EVENT: &str = "sign/init";
pub const PIN: &str = "86420975";
const PUK: &str = "97531864";

/// The runbooks' folder.
pub fn runbooks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/docker-tuf")
}

/// A bare repository as GitHub has it, room for its clones, and the runbooks without what they spare a rehearsal.
pub struct Repository {
    folder: TempDir,
}

impl Repository {
    /// With a README.md on main.
    pub fn new() -> Self {
        let repository = Self { folder: TempDir::new().unwrap() };
        let configuration = "[user]\n name = Key holder\n email = holder@example.org\n[init]\n defaultBranch = main\n\
                             [commit]\n gpgSign = false\n";
        fs::write(repository.path("gitconfig"), configuration).unwrap();
        repository.git(".", &["init", "--quiet", "--bare", "origin.git"]);
        repository.git(".", &["clone", "--quiet", "origin.git", "maintainer"]);
        fs::write(repository.path("maintainer/README.md"), "# TUF\n").unwrap();
        repository.git("maintainer", &["add", "README.md"]);
        repository.git("maintainer", &["commit", "--quiet", "--message", "Initial commit"]);
        repository.git("maintainer", &["push", "--quiet", "origin", "HEAD:main"]);
        for entry in fs::read_dir(runbooks()).unwrap().map(Result::unwrap) {
            if entry.path().extension().is_some_and(|extension| extension == "yaml") {
                let text = unsparing(&fs::read_to_string(entry.path()).unwrap());
                fs::write(repository.path(entry.file_name().to_str().unwrap()), text).unwrap();
            }
        }
        repository
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What git is to know of its user, and nothing of this machine's.
    fn environment(&self) -> [(&'static str, String); 3] {
        let configuration = self.path("gitconfig").display().to_string();
        [("GIT_CONFIG_GLOBAL", configuration), ("GIT_CONFIG_NOSYSTEM", "1".into()), ("GIT_TERMINAL_PROMPT", "0".into())]
    }

    /// What git says in a folder beside the repository.
    #[track_caller]
    pub fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.path(folder)).args(arguments).envs(self.environment()).stdin(Stdio::null());
        let output = git.output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_string()
    }

    /// The commit that a branch is at.
    pub fn head(&self, branch: &str) -> String {
        self.git("origin.git", &["rev-parse", branch])
    }

    /// The first lines of the commits of the event, from its beginning.
    pub fn messages(&self) -> Vec<String> {
        let said = self.git("origin.git", &["log", "--reverse", "--format=%s", &format!("main..{EVENT}")]);
        said.lines().map(str::to_string).collect()
    }

    /// The event's metadata, in a folder.
    pub fn metadata(&self) -> PathBuf {
        let clone = TempDir::new_in(self.folder.path()).unwrap().keep();
        let name = clone.file_name().unwrap().to_str().unwrap();
        self.git(".", &["clone", "--quiet", "--branch", EVENT, "origin.git", name]);
        clone.join("metadata")
    }

    /// What GitHub does when somebody presses the button.
    pub fn merges(&self) {
        self.git("maintainer", &["fetch", "--quiet", "origin"]);
        self.git("maintainer", &["merge", "--quiet", "--no-ff", "--message", "Merge", &format!("origin/{EVENT}")]);
        self.git("maintainer", &["push", "--quiet", "origin", "HEAD:main"]);
    }

    /// A ceremony of one of the runbooks, without what they spare a rehearsal.
    pub fn rehearse(&self, runbook: &str) -> Ceremony {
        let ceremony = Ceremony::rehearse_file(self.path(runbook).to_str().unwrap());
        self.environment().iter().fold(ceremony, |ceremony, (name, value)| ceremony.in_environment(name, value))
    }
}

/// A runbook whose steps are all performed in a rehearsal, also where it says what comes of them.
fn unsparing(yaml: &str) -> String {
    let spared = |line: &&str| !line.trim_start().starts_with("rehearse: { outputs:");
    yaml.split_inclusive('\n').filter(spared).collect()
}

/// Somebody who has provisioned a device with `device-provisioning.yaml`.
pub struct Holder {
    pub handle: &'static str,
    pub serial: u32,
    provisioning: CarriedOut,
}

impl Holder {
    /// Goes through the provisioning.
    fn new(handle: &'static str, serial: u32) -> Self {
        let provisioning = Ceremony::rehearse_file("runbooks/docker-tuf/device-provisioning.yaml")
            .argument("--bind")
            .argument(format!("devices.YubiKey.serial={serial}"))
            .answer("inputs/github_user", handle)
            .answer("device-provisioning/pin", PIN)
            .answer("device-provisioning/new_puk", PUK)
            .carry_out()
            .exits(0);
        Self { handle, serial, provisioning }
    }

    /// Five of them.
    pub fn five() -> [Self; 5] {
        let five = [
            ("@ada", 25_515_000),
            ("@bob", 25_515_001),
            ("@carol", 25_515_002),
            ("@dave", 25_515_003),
            ("@erin", 25_515_004),
        ];
        five.map(|(handle, serial)| thread::spawn(move || Self::new(handle, serial))).map(|it| it.join().unwrap())
    }

    /// What the provisioning made, in a folder that has the serial number's name.
    pub fn keys(&self) -> PathBuf {
        self.provisioning.folder().join(format!("products/keys/{}", self.serial))
    }

    /// The record of the provisioning.
    pub fn provisioning(&self) -> &CarriedOut {
        &self.provisioning
    }

    /// The state of the device.
    pub fn card(&self) -> PathBuf {
        self.provisioning.folder().join("rehearsal/YubiKey.json")
    }

    /// Their clone's path.
    pub fn clone_in(&self, repository: &Repository) -> PathBuf {
        repository.path(&format!("clone-of-{}", &self.handle[1..]))
    }

    /// Their part of the ceremony with one of the runbooks.
    pub fn rehearses(&self, repository: &Repository, runbook: &str) -> Ceremony {
        let clone = self.clone_in(repository);
        let ceremony = repository
            .rehearse(runbook)
            .argument("--outside")
            .argument("--devices")
            .argument(self.provisioning.folder().display().to_string());
        ceremony
            .answer("inputs/github_user", self.handle)
            .answer("inputs/repository", repository.path("origin.git").to_str().unwrap())
            .answer("inputs/clone", clone.to_str().unwrap())
            .answer("inputs/event", EVENT)
            .answer("prerequisites/1", false)
            .answer("prerequisites/3", !clone.exists())
            .answer("first-signature/pin", PIN)
            .answer("sign/pin", PIN)
    }

    /// Accepts, signs what can be signed, and pushes.
    #[track_caller]
    pub fn signs(&self, repository: &Repository) -> CarriedOut {
        let told = repository.head(EVENT);
        // What is in the middle of the commit is not what it begins with.
        let ceremony = self.rehearses(repository, "sign.yaml");
        let ceremony = ceremony.answer("the-signing-event/told", vec![told[5..25].to_string(), told]);
        let ceremony = ceremony.answer("the-signing-event/told#what-now", "retry");
        let ceremony = ceremony.carry_out().exits(0).mentions("and not the one that you were told");
        assert_eq!(ceremony.kinds().iter().filter(|kind| *kind == "failed").count(), 1);
        ceremony
    }

    /// Accepts, signs and pushes with the real `tuf-on-ci-sign`, which reads the device through the vendor's PKCS #11 module.
    pub fn signs_with_tuf_on_ci(&self, repository: &Repository, readers: &VirtualReaders) {
        let clone = self.clone_in(repository);
        repository.git(".", &["clone", "--quiet", "origin.git", clone.to_str().unwrap()]);
        let module = path_of("libykcs11.so.2").unwrap();
        let settings = format!(
            "[settings]\nuser-name = {}\npush-remote = origin\npull-remote = origin\npykcs11lib = {}\n",
            self.handle,
            module.display()
        );
        fs::write(clone.join(".tuf-on-ci-sign.ini"), settings).unwrap();
        // It asks there for its newest version, not more than once a day.
        let cache = repository.path("home/.cache/tuf-on-ci-sign");
        fs::create_dir_all(&cache).unwrap();
        fs::write(cache.join("pypi_release_version"), "0.21.0").unwrap();
        fs::copy(self.card(), readers.path(&format!("{}.json", self.serial))).unwrap();
        let card = readers.insert(self.serial, &["--touch", "automatic"]);
        let mut command = readers.with_readers(Command::new("env"));
        command.arg("-C").arg(&clone).arg(path_of("tuf-on-ci-sign").unwrap()).arg(EVENT);
        command.envs(repository.environment()).env("HOME", repository.path("home")).env_remove("XDG_CACHE_HOME");
        let mut person = Person::of(&command);
        person.sees("invited to become a signer").answers("signing key you would like to use", "2");
        person.answers("Yubikey and press enter", "");
        // Once, for root alone.
        person.confides("Enter pin to sign", PIN);
        person.answers("Press enter to push", "");
        let (code, shown) = person.ends();
        assert_eq!(code, Some(0), "{shown}");
        card.remove(readers);
    }
}

/// AWS on loopback, with one key in its KMS.
pub struct Aws {
    pub moto: Moto,
    pub desk: Desk,
    pub key: String,
}

impl Aws {
    pub fn start() -> Self {
        let (moto, desk) = (Moto::start(), Desk::new());
        let key = peer(&desk, &moto.url, &["make", "ECC_NIST_P256"]);
        Self { moto, desk, key }
    }
}
