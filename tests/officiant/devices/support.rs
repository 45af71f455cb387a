//! Virtual devices, and ceremonies that are carried out on them.

use crate::support::{CarriedOut, Ceremony, pretty};
use officiant_devices::{
    AttestationKey,
    yubihsm::{Connector, Fault, RunningConnector, Settings, VirtualYubiHsm},
};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use yubihsm::{Client, Credentials, HttpConfig, object};

/// How long something that must happen may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A virtual device with its connector, in this process.
pub struct VirtualDevice {
    running: RunningConnector,
    /// Holds its state, unless that is somebody else's.
    _folder: Option<TempDir>,
}

impl VirtualDevice {
    /// A factory-new one.
    pub fn new(serial: u32) -> Self {
        let folder = TempDir::new().unwrap();
        let running = serve(serial, &folder.path().join("device.json"));
        Self { running, _folder: Some(folder) }
    }

    /// The one whose state is in a file.
    pub fn at(serial: u32, state: &Path) -> Self {
        assert!(state.is_file(), "there is no `{}`", state.display());
        Self { running: serve(serial, state), _folder: None }
    }

    pub fn url(&self) -> String {
        self.running.url()
    }

    pub(super) fn device(&self) -> &VirtualYubiHsm {
        self.running.device()
    }

    pub(super) fn fails(self, fault: Fault) -> Self {
        self.device().inject(fault);
        self
    }

    /// The asymmetric keys that it holds.
    pub(super) fn keys(&self) -> Vec<u16> {
        self.device().plug();
        let client = client(&self.url(), 1, "password").unwrap();
        let found = client.list_objects(&[object::Filter::Type(object::Type::AsymmetricKey)]).unwrap();
        found.iter().map(|entry| entry.object_id).collect()
    }
}

pub(super) fn serve(serial: u32, state: &Path) -> RunningConnector {
    // Making one takes a moment; these devices may as well share it.
    static ATTESTATION_KEY: LazyLock<AttestationKey> = LazyLock::new(|| AttestationKey::generate().unwrap());
    let settings = Settings { attestation_key: Some(ATTESTATION_KEY.clone()), ..Settings::new(serial, state) };
    Connector::start(VirtualYubiHsm::open(&settings).unwrap(), ([127, 0, 0, 1], 0).into()).unwrap()
}

/// A session with what is behind a connector, by a client that is not ours.
pub fn client(url: &str, key: u16, password: &str) -> Result<Client, yubihsm::client::Error> {
    let (addr, port) = url.strip_prefix("http://").unwrap().rsplit_once(':').unwrap();
    let config = HttpConfig { addr: addr.into(), port: port.parse().unwrap(), ..HttpConfig::default() };
    Client::open(yubihsm::Connector::http(&config), Credentials::from_password(key, password.as_bytes()), false)
}

/// Waits until something is so.
#[track_caller]
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !so() {
        assert!(since.elapsed() < PATIENCE, "waited in vain for: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A runbook with two devices; the remedy is a pause in which the test's hand does something.
pub(super) fn runbook(steps: &str) -> String {
    format!(
        "
notation: 1
title: Test
participants:
  witness: {{ title: Witness }}
devices:
  hsm: {{ kind: yubihsm2 }}
  other: {{ kind: yubihsm2 }}
deviations: {{ approved_by: [witness] }}
sections:
  start:
    title: Start
    steps:
{steps}
      - do: Mend once more.
        id: once_more
        level: may
        go_to: mend
      - end: Over.
  mend:
    title: Mending
    steps:
      - do: Wait for the hand.
        uses: exec.run
        with: {{ command: [sh, -c, 'touch ../asked; while ! test -e ../hand; do sleep 0.02; done'], timeout: 60s }}
"
    )
}

pub(super) fn insert(arguments: &str) -> String {
    format!(
        "
      - do: Insert it.
        id: inserted
        uses: devices.insert
        with: {{ device: hsm, {arguments} }}
        on_failure: {{ go_to: mend }}
"
    )
}

pub(super) const GENERATE: &str = "
      - do: Generate a key.
        id: key
        uses: yubihsm.generate-asymmetric-key
        with:
          device: hsm
          password: { secret: factory-default }
          object_id: 7
          label: key
          domains: '1'
          capabilities: sign-eddsa
          algorithm: ed25519
";

/// A live run of steps on a device, with every go-ahead given.
pub(super) fn live(steps: &str, device: &VirtualDevice) -> Ceremony {
    bound(steps, &format!("devices.hsm.connector={}", device.url()))
}

/// The same, where any device may be behind any connector.
pub(super) fn at_connectors(steps: &str, devices: &[&VirtualDevice]) -> Ceremony {
    let connectors: Vec<String> = devices.iter().map(|device| device.url()).collect();
    bound(steps, &format!("yubihsm.connectors={}", connectors.join(",")))
}

pub(super) fn bound(steps: &str, binding: &str) -> Ceremony {
    Ceremony::run(&runbook(steps))
        .argument("--bind")
        .argument(binding)
        .answer("start/key#go", "yes")
        .answer("mend/1#go", "yes")
        .answer("start/once_more#skip", "no")
}

/// Gives up at the first failure.
pub(super) fn aborting(ceremony: Ceremony, id: &str) -> Ceremony {
    ceremony.answer(&format!("start/{id}#what-now"), "abort").answer(&format!("start/{id}#reason"), "It failed.")
}

/// The failures on record: code and message.
pub(super) fn failures(ceremony: &CarriedOut) -> Vec<(String, String)> {
    let entries = ceremony.entries();
    let failed = entries.iter().filter(|entry| entry["kind"] == "failed").map(|entry| &entry["body"]["failure"]);
    failed.map(|body| (body["code"].as_str().unwrap().into(), body["message"].as_str().unwrap().into())).collect()
}

/// Requires one failure, which ended the ceremony, and a record that says so and is otherwise whole.
#[track_caller]
pub(super) fn fails_with(ceremony: Ceremony, code: &str, message: &str, next: &str) -> CarriedOut {
    let ceremony = ceremony.carry_out().exits(1).mentions("error: the ceremony was aborted: It failed.");
    assert_eq!(failures(&ceremony), [(code.to_string(), message.to_string())]);
    let entries = ceremony.entries();
    let failed = entries.iter().find(|entry| entry["kind"] == "failed").unwrap();
    assert_eq!(failed["body"]["failure"]["next"], next);
    let ceremony = ceremony.mentions(&format!("failed: {message}")).mentions(&format!("next: {next}"));
    let replayed = ceremony.replay();
    assert_eq!(replayed.errors(), ["aborted: the ceremony was aborted: It failed."]);
    assert_eq!(replayed.report["exceptions"], json!({ "failed": 1 }));
    ceremony
}

/// A file beside the ceremony folder, which holds nothing that the record does not know.
pub(super) fn beside(out: &Path, name: &str) -> PathBuf {
    out.with_file_name(name)
}

/// Carries a ceremony out; in its pause the hand does something. Its exit code must be `code`.
#[track_caller]
pub(super) fn with_hand(ceremony: Ceremony, code: i32, hand: impl FnOnce() + Send) -> CarriedOut {
    let out = ceremony.out();
    thread::scope(|scope| {
        scope.spawn(|| {
            until("the hand is asked", || beside(&out, "asked").exists());
            hand();
            fs::write(beside(&out, "hand"), "").unwrap();
        });
        ceremony.carry_out().exits(code)
    })
}

/// A ceremony that is being carried out.
pub struct Running(pub Option<Child>);

impl Running {
    pub fn start(mut command: Command) -> Self {
        Self(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    /// `kill -9`.
    pub fn kill(mut self) -> Output {
        let mut child = self.0.take().unwrap();
        child.kill().unwrap();
        child.wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Requires that a command is not tried, and what it says.
#[track_caller]
pub fn refused(command: &mut Command, code: i32, expected: &str) {
    let output = command.output().unwrap();
    pretty(&String::from_utf8_lossy(&output.stderr), &format!("{expected}\n"));
    assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0));
}
