//! Devices that are absent, the wrong ones, provisioned before, or that die; and what else fails under a ceremony.

use crate::support::{CarriedOut, Ceremony, officiant, pretty};
use officiant_devices::yubihsm::{
    AttestationKey, CommandCode, Connector, Fault, FaultEffect, RunningConnector, Settings, VirtualYubiHsm,
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use yubihsm::{Client, Credentials, HttpConfig, asymmetric, object};

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

    fn device(&self) -> &VirtualYubiHsm {
        self.running.device()
    }

    fn fails(self, fault: Fault) -> Self {
        self.device().inject(fault);
        self
    }

    /// The asymmetric keys that it holds.
    fn keys(&self) -> Vec<u16> {
        self.device().plug();
        let client = client(&self.url(), 1, "password").unwrap();
        let found = client.list_objects(&[object::Filter::Type(object::Type::AsymmetricKey)]).unwrap();
        found.iter().map(|entry| entry.object_id).collect()
    }
}

fn serve(serial: u32, state: &Path) -> RunningConnector {
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
fn runbook(steps: &str) -> String {
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

fn insert(arguments: &str) -> String {
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

const GENERATE: &str = "
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
fn live(steps: &str, device: &VirtualDevice) -> Ceremony {
    bound(steps, &format!("devices.hsm.connector={}", device.url()))
}

/// The same, where any device may be behind any connector.
fn at_connectors(steps: &str, devices: &[&VirtualDevice]) -> Ceremony {
    let connectors: Vec<String> = devices.iter().map(|device| device.url()).collect();
    bound(steps, &format!("yubihsm.connectors={}", connectors.join(",")))
}

fn bound(steps: &str, binding: &str) -> Ceremony {
    Ceremony::run(&runbook(steps))
        .argument("--bind")
        .argument(binding)
        .answer("start/key#go", "yes")
        .answer("mend/1#go", "yes")
        .answer("start/once_more#skip", "no")
}

/// Gives up at the first failure.
fn aborting(ceremony: Ceremony, id: &str) -> Ceremony {
    ceremony.answer(&format!("start/{id}#what-now"), "abort").answer(&format!("start/{id}#reason"), "It failed.")
}

/// The failures on record: code and message.
fn failures(ceremony: &CarriedOut) -> Vec<(String, String)> {
    let entries = ceremony.entries();
    let failed = entries.iter().filter(|entry| entry["kind"] == "failed").map(|entry| &entry["body"]["failure"]);
    failed.map(|body| (body["code"].as_str().unwrap().into(), body["message"].as_str().unwrap().into())).collect()
}

/// Requires one failure, which ended the ceremony, and a record that says so and is otherwise whole.
#[track_caller]
fn fails_with(ceremony: Ceremony, code: &str, message: &str, next: &str) -> CarriedOut {
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

#[test]
fn a_device_that_is_absent_is_waited_for_and_then_missed() {
    let device = VirtualDevice::new(7_550_054);
    device.device().unplug();
    let ceremony = aborting(live(&insert("timeout: 1"), &device), "inserted");
    fails_with(
        ceremony,
        "no-device",
        &format!("hsm was not inserted in 1 second: the connector at {} has no device", device.url()),
        "insert hsm, and see that the bindings say where",
    );
}

#[test]
fn a_connector_that_is_not_there_is_named() {
    let device = VirtualDevice::new(7_550_054);
    let url = device.url();
    let ceremony = aborting(live(&insert("timeout: 1"), &device), "inserted");
    drop(device);
    let message = format!("hsm was not inserted in 1 second: no connector answers at {url}");
    fails_with(ceremony, "no-device", &message, "insert hsm, and see that the bindings say where");
}

#[test]
fn a_device_that_comes_late_is_taken() {
    let device = VirtualDevice::new(7_550_054);
    device.device().unplug();
    let ceremony = live(&insert("timeout: 60"), &device);
    let transcript = ceremony.out().join("transcript.jsonl");
    let ceremony = thread::scope(|scope| {
        scope.spawn(|| {
            until("the step begins", || fs::read_to_string(&transcript).is_ok_and(|it| it.contains("\"began\"")));
            device.device().plug();
        });
        ceremony.carry_out().exits(0)
    });
    let replayed = ceremony.replay().holds();
    assert_eq!(replayed.report["devices"], json!({ "hsm": 7_550_054 }));
}

#[test]
fn another_device_than_the_bound_one_is_not_taken() {
    let device = VirtualDevice::new(7_550_055);
    let ceremony = aborting(live(&insert("timeout: 1"), &device), "inserted");
    let ceremony = ceremony.argument("--bind").argument("devices.hsm.serial=7550054");
    fails_with(
        ceremony,
        "wrong-device",
        "the device that is inserted has the serial number 7550055; hsm is the one with 7550054",
        "take it out and insert hsm, serial number 7550054",
    );
}

#[test]
fn a_device_that_is_swapped_after_it_was_seen_is_not_touched() {
    let steps = format!("{}\n      - go_to: mend\n{GENERATE}", insert("timeout: 1"));
    let (seen, swapped) = (VirtualDevice::new(7_550_054), VirtualDevice::new(7_550_055));
    swapped.device().unplug();
    let ceremony = aborting(at_connectors(&steps, &[&seen, &swapped]), "key");
    let ceremony = with_hand(ceremony, 1, || {
        seen.device().unplug();
        swapped.device().plug();
    });
    let message = "the device that is inserted has the serial number 7550055; hsm is the one with 7550054";
    assert_eq!(failures(&ceremony), [("wrong-device".to_string(), message.to_string())]);
    assert_eq!(ceremony.replay().report["devices"], json!({ "hsm": 7_550_054 }));
    assert!(swapped.keys().is_empty(), "the other device was changed");
}

/// A file beside the ceremony folder, which holds nothing that the record does not know.
fn beside(out: &Path, name: &str) -> PathBuf {
    out.with_file_name(name)
}

/// Carries a ceremony out; in its pause the hand does something. Its exit code must be `code`.
#[track_caller]
fn with_hand(ceremony: Ceremony, code: i32, hand: impl FnOnce() + Send) -> CarriedOut {
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

#[test]
fn of_two_devices_one_is_taken_out_as_the_remedy() {
    let (first, second) = (VirtualDevice::new(7_550_054), VirtualDevice::new(7_550_055));
    let ceremony = at_connectors(&insert("alone: true, timeout: 5"), &[&first, &second])
        .answers("start/inserted#what-now", &["remedy"]);
    let ceremony = with_hand(ceremony, 0, || second.device().unplug());
    let message = "hsm must be the only one; these are inserted: 7550054, 7550055";
    assert_eq!(failures(&ceremony), [("not-alone".to_string(), message.to_string())]);
    let retried = ceremony.entries().into_iter().find(|entry| entry["kind"] == "retried").unwrap();
    assert_eq!(retried["body"], json!({ "attempt": 2, "remedy": "mend" }));
    assert_eq!(ceremony.replay().holds().report["devices"], json!({ "hsm": 7_550_054 }));
}

#[test]
fn of_two_devices_neither_is_guessed_to_be_the_one() {
    let (first, second) = (VirtualDevice::new(7_550_054), VirtualDevice::new(7_550_055));
    fails_with(
        aborting(at_connectors(&insert("timeout: 1"), &[&first, &second]), "inserted"),
        "which-device",
        "any of these could be hsm: 7550054, 7550055",
        "take out all but hsm, or give its serial number in the bindings",
    );
}

#[test]
fn a_device_that_was_provisioned_before_is_left_as_it_is() {
    let device = VirtualDevice::new(7_550_054);
    let client = client(&device.url(), 1, "password").unwrap();
    let (capability, domain) = (yubihsm::Capability::SIGN_EDDSA, yubihsm::Domain::DOM1);
    client.generate_asymmetric_key(7, "mine".into(), domain, capability, asymmetric::Algorithm::Ed25519).unwrap();
    let before = client.get_public_key(7).unwrap();
    let ceremony = aborting(live(GENERATE, &device), "key");
    fails_with(
        ceremony,
        "exists",
        "asymmetric-key 7 is there already on hsm: label `mine`; this device was provisioned before",
        "look at what is there with yubihsm.list-objects, or reset hsm if it may lose everything",
    );
    assert_eq!(client.get_public_key(7).unwrap().as_ref(), before.as_ref());
}

/// Provisions the device of a rehearsal twice: the second attempt finds object 2.
fn provisioned_twice() -> Ceremony {
    let put = "
      - do: Store a new authentication key.
        id: put
        uses: yubihsm.put-authentication-key
        with:
          device: hsm
          password: { secret: factory-default }
          object_id: 2
          label: new
          domains: all
          capabilities: all
          delegated: all
          new_password: { secret: password }
        on_failure: { go_to: reset }
";
    Ceremony::rehearse(&format!(
        "
notation: 1
title: Test
participants:
  witness: {{ title: Witness }}
devices:
  hsm: {{ kind: yubihsm2 }}
deviations: {{ approved_by: [witness] }}
sections:
  start:
    title: Start
    steps:
      - {{ do: Insert it., uses: devices.insert, with: {{ device: hsm }} }}
      - {{ do: Enter a password., id: password, uses: ask.secret, with: {{ prompt: Password }} }}
{put}
{}
      - end: Over.
  reset:
    title: Reset
    steps:
      - {{ do: Take it out., uses: devices.remove, with: {{ device: hsm }} }}
      - {{ do: Insert it with a finger on it., uses: devices.touch-reset, with: {{ device: hsm }} }}
",
        put.replace("id: put", "id: again")
    ))
}

const PROVISIONED: &str =
    "authentication-key 2 is there already on hsm: label `new`; this device was provisioned before";

#[test]
fn a_second_authentication_key_2_is_refused_and_the_people_may_go_on_without_it() {
    let ceremony = provisioned_twice()
        .answer("start/again#what-now", "deviate")
        .answer("start/again#reason", "It is the one that we made.")
        .carry_out()
        .exits(0);
    assert_eq!(failures(&ceremony), [("exists".to_string(), PROVISIONED.to_string())]);
    let deviated = ceremony.entries().into_iter().find(|entry| entry["kind"] == "deviated").unwrap();
    assert_eq!(
        deviated["body"],
        json!({ "approved_by": [{ "role": "witness" }], "reason": "It is the one that we made." })
    );
    ceremony.replay().holds();
}

#[test]
fn a_physical_reset_makes_a_provisioned_device_new() {
    let ceremony = provisioned_twice().carry_out().exits(0);
    assert_eq!(failures(&ceremony), [("exists".to_string(), PROVISIONED.to_string())]);
    let finished = ceremony.entries().into_iter().rfind(|entry| entry["kind"] == "finished").unwrap();
    assert_eq!(finished["body"]["outputs"]["sequence"], 0, "the reset forgot that there was one before");
    ceremony.replay().holds();
}

#[test]
fn a_wrong_password_is_a_failure_that_says_whose() {
    let steps = "
      - { do: Insert it., uses: devices.insert, with: { device: hsm } }
      - { do: Enter a password., id: password, uses: ask.secret, with: { prompt: Password } }
      - do: List its objects.
        id: listed
        uses: yubihsm.list-objects
        with: { device: hsm, password: { secret: password } }
        on_failure: { go_to: mend }
";
    let ceremony = Ceremony::rehearse(&runbook(steps)).answer("start/password", "not its password");
    let ceremony = aborting(ceremony, "listed");
    fails_with(
        ceremony,
        "wrong-password",
        "this is not the password of authentication key 1 of hsm",
        "enter the password again; if it is the factory's that was expected, the device was provisioned before",
    );
}

#[test]
fn a_device_whose_factory_key_is_gone_has_no_such_authentication_key() {
    let device = VirtualDevice::new(7_550_054);
    let key = yubihsm::authentication::Key::derive_from_password(b"another one");
    let client = client(&device.url(), 1, "password").unwrap();
    let known = client.get_object_info(1, object::Type::AuthenticationKey).unwrap().capabilities;
    let algorithm = yubihsm::authentication::Algorithm::YubicoAes;
    client.put_authentication_key(2, "new".into(), yubihsm::Domain::all(), known, known, algorithm, key).unwrap();
    client.delete_object(1, object::Type::AuthenticationKey).unwrap();
    fails_with(
        aborting(live(GENERATE, &device), "key"),
        "no-authentication-key",
        "hsm has no authentication key 1",
        "use the authentication key that it has; the factory's is 1 until it is deleted",
    );
}

#[test]
fn a_device_that_dies_before_it_carries_a_command_out_leaves_open_whether_it_did() {
    for effect in [FaultEffect::Vanish, FaultEffect::PowerOff] {
        let device = VirtualDevice::new(7_550_054).fails(Fault::before(CommandCode::GenerateAsymmetricKey, effect));
        fails_with(
            aborting(live(GENERATE, &device), "key"),
            "vanished",
            "hsm went away during generate-asymmetric-key; whether the key was generated is not known",
            "see that hsm is inserted, and look with yubihsm.list-objects before anything else",
        );
        assert!(device.keys().is_empty());
    }
}

#[test]
fn a_device_that_dies_after_it_carried_a_command_out_leaves_open_whether_it_did() {
    let fault = Fault::after(CommandCode::GenerateAsymmetricKey, FaultEffect::PowerOff);
    let device = VirtualDevice::new(7_550_054).fails(fault);
    fails_with(
        aborting(live(GENERATE, &device), "key"),
        "vanished",
        "hsm went away during generate-asymmetric-key; whether the key was generated is not known",
        "see that hsm is inserted, and look with yubihsm.list-objects before anything else",
    );
    assert_eq!(device.keys(), [7]);
}

#[test]
fn a_command_that_was_not_carried_out_is_when_it_is_tried_again() {
    let fault = Fault::before(CommandCode::GenerateAsymmetricKey, FaultEffect::LoseAnswer);
    let device = VirtualDevice::new(7_550_054).fails(fault);
    let ceremony = live(GENERATE, &device).answers("start/key#what-now", &["retry"]).carry_out().exits(0);
    assert_eq!(failures(&ceremony).len(), 1);
    assert_eq!(device.keys(), [7]);
    ceremony.replay().holds();
}

#[test]
fn a_command_whose_answer_was_lost_is_not_carried_out_twice() {
    let fault = Fault::after(CommandCode::GenerateAsymmetricKey, FaultEffect::LoseAnswer);
    let device = VirtualDevice::new(7_550_054).fails(fault);
    let ceremony = live(GENERATE, &device)
        .answers("start/key#what-now", &["retry", "deviate"])
        .answer("start/key#reason", "The answer was lost, the key is there.")
        .answer("start/key#approval/witness", "yes")
        .carry_out()
        .exits(0);
    let found = failures(&ceremony);
    assert_eq!(
        found[0].1,
        "the connection to hsm broke during generate-asymmetric-key, and hsm is there again; \
         whether the key was generated is not known"
    );
    assert_eq!((found[1].0.as_str(), found.len()), ("exists", 2));
    assert_eq!(device.keys(), [7]);
    ceremony.replay().holds();
}

#[test]
fn a_device_that_dies_while_it_is_read_back_is_known_to_have_been_changed() {
    // Once before the command, and once after.
    let device = VirtualDevice::new(7_550_054);
    let ceremony = aborting(live(GENERATE, &device), "key");
    device.device().inject(Fault::before(CommandCode::GetObjectInfo, FaultEffect::Vanish).nth(2));
    fails_with(
        ceremony,
        "vanished",
        "hsm went away during get-object-info; the key was generated, but that could not be confirmed",
        "see that hsm is inserted, and look with yubihsm.list-objects before anything else",
    );
    assert_eq!(device.keys(), [7]);
}

#[test]
fn a_ceremony_refuses_the_attestation_of_a_virtual_device() {
    let steps = format!(
        "{GENERATE}
      - do: Attest it.
        id: attested
        uses: yubihsm.attest
        with:
          device: hsm
          password: {{ secret: factory-default }}
          object_id: 7
          out: attestation.der
          certificate_out: certificate.der
          required: false
"
    );
    let device = VirtualDevice::new(7_550_054);
    let ceremony = fails_with(
        aborting(live(&steps, &device), "attested"),
        "rehearsal-device",
        "hsm is a virtual device for rehearsals: CN=REHEARSAL YubiHSM Attestation (7550054)",
        "see that the bindings name the real device's connector",
    );
    assert_eq!(fs::read_dir(ceremony.folder().join("products")).unwrap().count(), 0);
}

/// A ceremony that is being carried out.
struct Running(Option<Child>);

impl Running {
    fn start(mut command: Command) -> Self {
        Self(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    /// `kill -9`.
    fn kill(mut self) -> Output {
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

#[test]
fn a_ceremony_that_is_killed_in_a_long_step_has_its_record_up_to_there() {
    let ceremony = Ceremony::run(&runbook("      - { do: Wait., uses: people.wait, with: { duration: 1h } }"));
    let transcript = ceremony.out().join("transcript.jsonl");
    let running = Running::start(ceremony.command());
    // Nothing is shown before it is recorded, and waiting begins after that.
    until("the step is on record", || fs::read_to_string(&transcript).is_ok_and(|it| it.contains("\"Wait.\"")));
    let output = running.kill();
    let ceremony = ceremony.carried_out(output);
    assert_eq!(ceremony.kinds(), ["opened", "began", "answered", "finished", "entered", "began"]);
    let text = fs::read_to_string(&transcript).unwrap();
    assert!(text.ends_with('\n'));
    let replayed = ceremony.replay();
    assert_eq!(replayed.code, Some(1));
    assert_eq!(replayed.errors(), ["incomplete: the record stops before the runbook's END"]);
    assert_eq!(replayed.report["findings"][0]["line"], 6);
}

#[test]
fn whenever_a_ceremony_is_killed_at_most_one_line_is_torn() {
    let steps = "      - do: Sit down.\n".repeat(400);
    for bytes in [1, 3_000, 9_000, 17_001, 33_333] {
        let ceremony = Ceremony::rehearse(&runbook(&steps));
        let transcript = ceremony.out().join("transcript.jsonl");
        let running = Running::start(ceremony.command());
        until("the record grows", || fs::metadata(&transcript).is_ok_and(|it| it.len() >= bytes));
        let output = running.kill();
        let ceremony = ceremony.carried_out(output);
        let recorded = fs::read(&transcript).unwrap();
        whole_entries(&recorded);
        let errors = ceremony.replay().errors();
        let expected = |error: &String| error.starts_with("incomplete: ") || error.starts_with("torn: ");
        assert!(errors.iter().all(expected) && !errors.is_empty(), "{errors:#?}");
    }
}

/// The entries of a record whose last line may be torn; every other must be one.
fn whole_entries(recorded: &[u8]) -> Vec<Value> {
    let end = recorded.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = recorded[..end].split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// The files of steps that each make one.
const MANY_FILES: usize = 60;

fn many_files() -> Ceremony {
    let step = |number| {
        format!("      - {{ do: Write {number}., uses: files.write, with: {{ path: '{number}.txt', text: x }} }}\n")
    };
    let steps: String = (0..MANY_FILES).map(step).collect();
    Ceremony::rehearse(&runbook(&steps))
}

#[test]
fn a_disk_that_is_full_stops_the_ceremony_before_its_next_effect() {
    for blocks in [20, 33, 50] {
        let ceremony = many_files();
        let command = ceremony.command();
        let mut limited = Command::new("sh");
        // Writing beyond the limit is then an error like that of a full disk, and no signal.
        limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
        let output = limited.arg(command.get_program()).args(command.get_args()).output().unwrap();
        let ceremony = ceremony.carried_out(output).exits(2);
        let ceremony = ceremony.mentions("error: the transcript cannot be written: File too large (os error 27)");
        let recorded = fs::read(ceremony.folder().join("transcript.jsonl")).unwrap();
        let entries = whole_entries(&recorded);
        let of = |kind: &str| entries.iter().filter(|entry| entry["kind"] == kind).count();
        let made = fs::read_dir(ceremony.folder().join("products")).unwrap().count();
        assert!(made > 0 && made < MANY_FILES, "{made}");
        assert!(made <= of("began") && of("finished") <= made, "{made} files were made");
        let errors = ceremony.replay().errors();
        let expected =
            |error: &String| ["incomplete: ", "torn: ", "file-unknown: "].iter().any(|code| error.starts_with(code));
        assert!(errors.iter().all(expected) && !errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_is_refused_before_anything_begins() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let runbook = many_files();
    // For root, who may write everywhere else.
    for parent in [file.as_path(), Path::new("/sys")] {
        let out = parent.join("officiant-ceremony");
        let output =
            officiant().arg("rehearse").arg(runbook.path("runbook.yaml")).arg("--out").arg(&out).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        let start = format!("error: the ceremony folder `{0}`: `{0}`: ", out.display());
        assert!(said.starts_with(&start) && said.contains("(os error "), "{said}");
        assert!(output.stdout.is_empty() && !out.exists());
    }
}

/// `officiant device yubihsm`, in a process of its own.
struct Served {
    process: Running,
    said: BufReader<ChildStdout>,
    url: String,
}

impl Served {
    fn start(state: &Path) -> Self {
        let mut process = Running::start(device(state, &[]));
        let mut said = BufReader::new(process.0.as_mut().unwrap().stdout.take().unwrap());
        let mut lines = String::new();
        said.read_line(&mut lines).unwrap();
        said.read_line(&mut lines).unwrap();
        let url = lines.strip_prefix("REHEARSAL YubiHSM 2, serial number 7550054\nconnector  ").unwrap();
        Self { url: url.trim_end().to_string(), process, said }
    }

    fn stop(mut self) {
        self.process.kill();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.said, &mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

fn device(state: &Path, arguments: &[&str]) -> Command {
    let mut command = officiant();
    command.args(["device", "yubihsm", "--serial", "7550054", "--state"]).arg(state);
    if arguments.is_empty() {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.args(arguments);
    command
}

/// Requires that a command is not tried, and what it says.
#[track_caller]
fn refused(command: &mut Command, code: i32, expected: &str) {
    let output = command.output().unwrap();
    pretty(&String::from_utf8_lossy(&output.stderr), &format!("{expected}\n"));
    assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0));
}

#[test]
fn a_virtual_device_is_reached_by_the_yubihsm_crate_and_survives_a_restart() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("device.json");
    let served = Served::start(&state);
    let (capability, domain) = (yubihsm::Capability::SIGN_EDDSA, yubihsm::Domain::DOM1);
    let session = client(&served.url, 1, "password").unwrap();
    session.generate_asymmetric_key(7, "kept".into(), domain, capability, asymmetric::Algorithm::Ed25519).unwrap();
    let before = session.get_public_key(7).unwrap();
    assert_eq!(session.device_info().unwrap().serial_number.to_string(), "0007550054");
    served.stop();

    let served = Served::start(&state);
    let session = client(&served.url, 1, "password").unwrap();
    assert_eq!(session.get_public_key(7).unwrap().as_ref(), before.as_ref());
    assert_eq!(session.sign_ed25519(7, b"message".as_slice()).unwrap().to_bytes().len(), 64);
    served.stop();
}

#[test]
fn a_virtual_device_is_served_on_this_machine_only() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("device.json");
    let message = "error: 0.0.0.0:0 is not a loopback address; a virtual YubiHSM is served on this machine only: \
                   use 127.0.0.1:PORT or [::1]:PORT";
    refused(&mut device(&state, &["--listen", "0.0.0.0:0"]), 2, message);
    assert!(!state.exists(), "a device was made for nothing");
}

#[test]
fn a_virtual_device_is_opened_by_one_process_at_a_time() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("device.json");
    let served = Served::start(&state);
    let message = format!(
        "error: {}: another process has this virtual YubiHSM open; stop it first, or name another file",
        state.display()
    );
    refused(&mut device(&state, &[]), 2, &message);
    served.stop();
    Served::start(&state).stop();
}

#[test]
fn a_damaged_state_is_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("device.json");
    fs::write(&state, "{").unwrap();
    let message = format!(
        "error: {}: this is not the intact state of a virtual YubiHSM (EOF while parsing an object at line 1 column 1); it was \
         left as it is: put back a copy of it, or name another file to start with a factory-new device",
        state.display()
    );
    refused(&mut device(&state, &[]), 2, &message);
    assert_eq!(fs::read_to_string(&state).unwrap(), "{");
}

#[test]
fn the_state_of_one_device_is_not_served_as_another() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("device.json");
    serve(7_550_099, &state);
    let message = format!(
        "error: {}: this is the virtual YubiHSM 7550099, not 7550054; ask for 7550099, or name another file for 7550054",
        state.display()
    );
    refused(&mut device(&state, &[]), 2, &message);
}

/// `officiant step` with a device.
fn step(words: &[&str], device: &VirtualDevice) -> Command {
    let mut command = officiant();
    command.arg("step").args(words).arg("--bind").arg(format!("yubihsm.connectors={}", device.url()));
    command
}

#[test]
fn a_step_by_itself_prints_its_outputs_as_json() {
    let device = VirtualDevice::new(7_550_054);
    let output = step(&["yubihsm.device-info", "device=7550054"], &device).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let outputs: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&outputs["serial"], &outputs["firmware"]), (&json!(7_550_054), &json!("2.4.0")));
}

#[test]
fn a_step_by_itself_takes_the_device_that_it_names_and_no_other() {
    let device = VirtualDevice::new(7_550_054);
    let output = step(&["yubihsm.device-info", "device=7550055"], &device).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("error: the device that is inserted has the serial number 7550054, not 7550055"),
        "{said}"
    );
}

#[test]
fn a_step_or_an_argument_that_does_not_exist_is_answered_with_the_nearest_that_does() {
    let device = VirtualDevice::new(7_550_054);
    for (words, message) in [
        (
            &["yubihsm.device-inof"][..],
            "error: there is no step handler `yubihsm.device-inof`; did you mean `yubihsm.device-info`?",
        ),
        (
            &["yubihsm.device-info", "devcie=1"],
            "error: yubihsm.device-info has no argument `devcie`; did you mean `device`?",
        ),
        (
            &["yubihsm.device-info"],
            "error: yubihsm.device-info needs device=…; see `officiant steps yubihsm.device-info`",
        ),
        (&["yubihsm.device-info", "7550054"], "error: `7550054`: write it as key=value"),
    ] {
        refused(&mut step(words, &device), 2, message);
    }
}

#[test]
fn a_step_that_changes_something_needs_a_yes_where_nobody_can_be_asked() {
    let device = VirtualDevice::new(7_550_054);
    let words = [
        "yubihsm.generate-asymmetric-key",
        "device=7550054",
        "password=factory-default",
        "object_id=7",
        "label=key",
        "domains=1,2",
        "capabilities=sign-eddsa",
        "algorithm=ed25519",
    ];
    let output = step(&words, &device).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.ends_with("error: this changes something: say --yes where there is no terminal\n"), "{said}");
    assert!(device.keys().is_empty());

    let output = step(&words, &device).arg("--yes").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let outputs: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&outputs["object_id"], &outputs["domains"]), (&json!(7), &json!([1, 2])));
    assert_eq!(device.keys(), [7]);
}
