//! A room with virtual devices, and a ceremony of single steps in it.

use crate::support::{Prober, Script};
use jiff::Timestamp;
use officiant_devices::{
    AttestationKey,
    yubihsm::{Connector, RunningConnector, Settings, VirtualYubiHsm},
};
use officiant_engine::{
    conduct::{
        Bindings, Ceremony, Doubt, Exhibit, Failure, Made, Notice, Performed, Position, Registry, Secret, StepHandler,
        Task,
    },
    record::Folder,
};
use officiant_steps::ports::{Hand, Port, Ports, Present, SystemPorts, YUBIHSM2, look_at};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::Command,
    sync::{Arc, OnceLock},
};
use tempfile::TempDir;

/// The password of authentication key 2, once it is there.
pub const PASSWORD: &str = "correct horse battery staple";

/// The devices of a room, by the runbook's names.
pub struct Bench {
    connectors: BTreeMap<String, RunningConnector>,
    hand: bool,
    // After the devices, which have files in it.
    _folder: TempDir,
}

impl Bench {
    fn urls(&self) -> Vec<String> {
        self.connectors.values().map(RunningConnector::url).collect()
    }
}

impl Ports for Bench {
    fn present(&self, kind: &str, bindings: &Bindings) -> Result<Present, Failure> {
        if !self.hand {
            return SystemPorts::new().present(kind, bindings);
        }
        let ports: Vec<Port> = self.urls().iter().map(|url| url.parse().unwrap()).collect();
        look_at(kind, &ports)
    }

    fn port_of(&self, device: &str, bindings: &Bindings) -> Result<Option<Port>, Failure> {
        if self.hand { Ok(None) } else { SystemPorts::new().port_of(device, bindings) }
    }

    fn hand(&self) -> Option<&dyn Hand> {
        self.hand.then_some(self)
    }
}

impl Hand for Bench {
    fn insert(&self, device: &str, touch_reset: bool) -> Result<(), Failure> {
        let device = self.connectors[device].device();
        if touch_reset {
            device.touch_reset().unwrap();
        }
        device.plug();
        Ok(())
    }

    fn remove(&self, device: &str) -> Result<(), Failure> {
        self.connectors[device].device().unplug();
        Ok(())
    }
}

/// A ceremony of single steps.
pub struct Room {
    pub folder: TempDir,
    pub bindings: Bindings,
    pub script: Script,
    /// What the step in flight had seen as the ceremony broke off.
    seen: Vec<Value>,
    pub made: Made,
    bench: Arc<Bench>,
    pub registry: Registry,
    /// What was performed so far, as a record has it.
    pub performed: Vec<Performed>,
    /// What an auditor brings.
    pub anchors: Vec<Vec<u8>>,
    rehearsal: bool,
    secrets: BTreeMap<String, String>,
    serials: BTreeMap<String, u32>,
}

/// All devices of all tests share one; making one takes a moment.
fn attestation_key() -> AttestationKey {
    static KEY: OnceLock<AttestationKey> = OnceLock::new();
    KEY.get_or_init(|| AttestationKey::generate().unwrap()).clone()
}

impl Room {
    /// A rehearsal with devices that are plugged out.
    pub fn rehearsal<const N: usize>(devices: [(&str, u32); N]) -> Self {
        let room = Self::with(true, devices, |_| {});
        for name in devices.map(|(name, _)| name) {
            room.device(name).unplug();
        }
        room
    }

    /// A ceremony, on devices that are plugged in.
    pub fn live<const N: usize>(devices: [(&str, u32); N]) -> Self {
        Self::with(false, devices, |_| {})
    }

    /// A ceremony or a rehearsal, on devices as they are set.
    pub fn with<const N: usize>(rehearsal: bool, devices: [(&str, u32); N], set: impl Fn(&mut Settings)) -> Self {
        let states = tempfile::tempdir().unwrap();
        let mut connectors = BTreeMap::new();
        for (name, serial) in devices {
            let mut settings = Settings::new(serial, states.path().join(name));
            settings.attestation_key = Some(attestation_key());
            set(&mut settings);
            let device = VirtualYubiHsm::open(&settings).unwrap();
            connectors.insert(name.to_string(), Connector::start(device, ([127, 0, 0, 1], 0).into()).unwrap());
        }
        let bench = Arc::new(Bench { connectors, hand: rehearsal, _folder: states });
        let mut bindings = Bindings::default();
        bindings.yubihsm.connectors = bench.urls();
        let folder = tempfile::tempdir().unwrap();
        let folder_path = folder.path().join("ceremony");
        Folder::create(&folder_path).unwrap();
        let ports: Arc<dyn Ports> = bench.clone();
        Self {
            folder,
            bindings,
            script: Script::default(),
            seen: Vec::new(),
            made: Made::default(),
            registry: officiant_steps::registry(&ports),
            bench,
            performed: Vec::new(),
            anchors: Vec::new(),
            rehearsal,
            secrets: BTreeMap::from([("new_password".to_string(), PASSWORD.to_string())]),
            serials: BTreeMap::new(),
        }
    }

    /// A ceremony with one device, `A`, that has authentication key 2 with every capability.
    pub fn provisioned(rehearsal: bool, set: impl Fn(&mut Settings)) -> Self {
        let mut room = Self::with(rehearsal, [("A", 13_200_460)], set);
        room.perform("yubihsm.put-authentication-key", authentication_key(2));
        room
    }

    /// The virtual device.
    pub fn device(&self, name: &str) -> &VirtualYubiHsm {
        self.bench.connectors[name].device()
    }

    /// The URL of its connector.
    pub fn url(&self, name: &str) -> String {
        self.bench.connectors[name].url()
    }

    /// Keeps a secret.
    pub fn secret(&mut self, name: &str, secret: &str) {
        self.secrets.insert(name.to_string(), secret.to_string());
    }

    /// Performs a step; what it binds stays bound.
    pub fn attempt(&mut self, uses: &str, with: Value) -> Result<Value, Failure> {
        let before = self.script.record.len();
        let registry = std::mem::take(&mut self.registry);
        let result = self.attempt_with(&registry, uses, with.clone());
        self.registry = registry;
        let Value::Object(with) = with else { panic!("arguments are an object") };
        let serial = with.get("device").and_then(Value::as_str).and_then(|name| self.serials.get(name)).copied();
        let seen = self.script.record[before..].iter().filter_map(|entry| entry.get("observed").cloned()).collect();
        self.performed.push(Performed {
            uses: uses.to_string(),
            with,
            outputs: result.as_ref().ok().cloned(),
            answered: Vec::new(),
            seen,
            finished: result.is_ok(),
            taken_up: false,
            breaks: 0,
            began: Timestamp::now(),
            at: Timestamp::now(),
            serial,
            line: self.performed.len() + 1,
        });
        result
    }

    fn attempt_with(&mut self, registry: &Registry, uses: &str, with: Value) -> Result<Value, Failure> {
        let path = self.folder.path().join("ceremony");
        let kinds = ["A", "B", "C", "7550055"].map(|name| (name.to_string(), YUBIHSM2.to_string())).into();
        let mut bindings = self.bindings.clone();
        for (name, serial) in &self.serials {
            bindings.devices.entry(name.clone()).or_default().serial = Some(*serial);
        }
        let mut ceremony = Ceremony::new(path, bindings, self.rehearsal, kinds);
        for (name, secret) in &self.secrets {
            ceremony.keep_secret(name, Secret::new(secret.clone()));
        }
        let position = Position { section: "start".into(), number: 1, ..Position::default() };
        let handler = registry.get(uses).unwrap_or_else(|| panic!("there is no handler {uses}"));
        let mut task = Task {
            ceremony: &mut ceremony,
            position: &position,
            id: Some("it"),
            by: None,
            text: "The step's sentence.",
            answer: None,
            outputs: None,
            doubt: (uses == Prober::NAME).then(|| Doubt { seen: self.seen.clone(), failed: false }),
            noted: Vec::new(),
        };
        let (result, made) = task.perform(handler, with, &mut self.script).expect("the step halted the ceremony");
        if result.is_ok() {
            self.serials.extend(made.devices.clone());
        }
        self.made = made;
        let said = format!("{result:?} {:?} {:?}", self.script.shown, self.script.record);
        for secret in self.secrets.values() {
            assert!(!said.contains(secret.as_str()), "a secret was given away: {said}");
        }
        result
    }

    /// The ceremony breaks off here: what the steps so far saw is what the step in flight had seen, and nothing else.
    pub fn break_off(&mut self) {
        self.seen = self.script.observed();
    }

    /// Whether a step that was in flight was done: `done` with its outputs, `not-done`, or `unknown` with the reason.
    #[allow(clippy::needless_pass_by_value, reason = "as steps are performed")]
    pub fn probe(&mut self, uses: &str, with: Value) -> Result<Value, Failure> {
        let before = self.script.record.len();
        let ports: Arc<dyn Ports> = self.bench.clone();
        let registry = Registry::default().with(Prober(officiant_steps::registry(&ports)));
        let found = self.attempt_with(&registry, Prober::NAME, json!({ "uses": uses, "with": with }));
        assert_eq!(self.script.record.len(), before, "a probe records nothing by itself");
        found
    }

    /// What an auditor objects to in the last step of that handler: the codes, each with its message.
    pub fn audit(&self, uses: &str) -> Vec<(&'static str, String)> {
        let this = self.performed.iter().rposition(|step| step.uses == uses).unwrap();
        let folder = Folder::open(&self.path(""));
        let exhibit = Exhibit::new(&folder, self.rehearsal, &self.anchors, &self.performed, this).unwrap();
        let step = &self.performed[this];
        let handler = self.registry.get(uses).unwrap();
        let outputs = step.outputs.clone().unwrap_or_default();
        let objections = handler.audit(Value::Object(step.with.clone()), &outputs, &exhibit);
        objections.into_iter().map(|it| (it.code, it.message)).collect()
    }

    /// The outputs of the last step of that handler, to forge them.
    pub fn outputs(&mut self, uses: &str) -> &mut Value {
        let step = self.performed.iter_mut().rfind(|step| step.uses == uses).unwrap();
        step.outputs.as_mut().unwrap()
    }

    /// Performs a step that succeeds.
    pub fn perform(&mut self, uses: &str, with: Value) -> Value {
        self.attempt(uses, with).unwrap_or_else(|failure| panic!("{uses}: {}: {failure}", failure.code))
    }

    /// Performs a step that fails with a code; every failure says what to do next.
    pub fn refuses(&mut self, uses: &str, with: Value, code: &str) -> String {
        let failure = self.attempt(uses, with).expect_err("the step succeeded");
        assert_eq!(failure.code, code, "{failure}");
        assert!(failure.next.is_some(), "{failure} leaves the person alone");
        failure.message
    }

    /// A file of the ceremony.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("ceremony").join(path)
    }

    /// What is in it.
    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).unwrap()
    }

    /// What was shown as information.
    pub fn informed(&self) -> Vec<&str> {
        let shown = self.script.shown.iter();
        shown
            .filter_map(|notice| if let Notice::Information(text) = notice { Some(text.as_str()) } else { None })
            .collect()
    }
}

/// Arguments for a new authentication key with every capability, made with the factory's.
pub fn authentication_key(id: u16) -> Value {
    json!({
        "device": "A",
        "password": { "secret": "factory-default" },
        "object_id": id,
        "label": "new_authentication_key",
        "domains": "all",
        "capabilities": "all",
        "delegated": "all",
        "new_password": { "secret": "new_password" }
    })
}

/// Arguments for a new asymmetric key.
pub fn key(id: u16, algorithm: &str, capabilities: &str) -> Value {
    with(
        json!({ "object_id": id, "label": "label_ecdsa_sign", "domains": "1,2,3", "capabilities": capabilities, "algorithm": algorithm }),
    )
}

/// Arguments for the provisioned device `A`, and more.
pub fn with(more: Value) -> Value {
    let mut arguments = json!({ "device": "A", "authentication_key": 2, "password": { "secret": "new_password" } });
    let (Value::Object(arguments_map), Value::Object(more)) = (&mut arguments, more) else { panic!("no object") };
    arguments_map.extend(more);
    arguments
}

/// What the real `openssl` says; `None` where there is none.
pub fn openssl(arguments: &[&str]) -> Option<String> {
    let output = Command::new("openssl").args(arguments).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "openssl {arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    Some(said)
}
