//! A stage in memory: what people answer is scripted, what is recorded and shown can be looked at.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use officiant_engine::{
    conduct::{
        Bindings, Ceremony, Doubt, Effect, Failure, Halt, Handler, Happenings, Made, Notice, Outcome, Position, Probed,
        Question, Registry, Reply, Secret, Stage, StepHandler, Task,
    },
    record::{Draft, Event},
};
use officiant_steps::ports::{Ports, Present};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// A ceremony of single steps, in a folder of its own.
pub struct Scene {
    pub folder: TempDir,
    pub ceremony: Ceremony,
    pub script: Script,
    /// What the last step made.
    pub made: Made,
    pub registry: Registry,
    rehearsal: bool,
}

/// What people answer, and what came of it.
#[derive(Default)]
pub struct Script {
    replies: VecDeque<Reply>,
    /// What was recorded: `answered`, `observed` and `checkpoint`, without chain and signatures.
    pub record: Vec<Value>,
    /// What was shown.
    pub shown: Vec<Notice>,
    /// What was asked.
    pub asked: Vec<Question>,
    /// What was waited for.
    pub waits: Vec<(Duration, String)>,
    /// The next entry to replay, when this is a replay.
    replayed: Option<usize>,
}

/// Asks handlers whether they were done, on a stage as they perform on.
pub struct Prober(pub Registry);

impl StepHandler for Prober {
    const NAME: &'static str = "test.probe";
    const SUMMARY: &'static str = "Probes.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Value;
    type Outputs = Value;

    fn perform(&self, arguments: Value, stage: &mut Stage<'_>) -> Result<Value, Failure> {
        let handler = self.0.get(arguments["uses"].as_str().unwrap()).unwrap();
        Ok(match handler.probe(arguments["with"].clone(), stage)? {
            Probed::Done(outputs) => json!({ "done": outputs }),
            Probed::NotDone => json!("not-done"),
            Probed::Unknown(why) => json!({ "unknown": why }),
        })
    }
}

struct NoPorts;

impl Ports for NoPorts {
    fn present(&self, _: &str, _: &Bindings) -> Result<Present, Failure> {
        Ok(Present::default())
    }
}

impl Script {
    /// What the steps so far saw.
    pub fn observed(&self) -> Vec<Value> {
        self.record.iter().filter_map(|entry| entry.get("observed").cloned()).collect()
    }
}

impl Scene {
    /// A ceremony.
    pub fn new() -> Self {
        Self::with(false)
    }

    /// A rehearsal.
    pub fn rehearsal() -> Self {
        Self::with(true)
    }

    fn with(rehearsal: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["products", "evidence"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let ceremony = Ceremony::new(folder.path().to_path_buf(), Bindings::default(), rehearsal, BTreeMap::new());
        let ports: Arc<dyn Ports> = Arc::new(NoPorts);
        let registry = officiant_steps::registry(&ports);
        Self { folder, ceremony, script: Script::default(), made: Made::default(), registry, rehearsal }
    }

    /// The next answer.
    pub fn answer(mut self, answer: impl Into<Value>) -> Self {
        self.script.replies.push_back(Reply::Value(answer.into()));
        self
    }

    /// The next answer, a secret.
    pub fn secret(mut self, secret: &str) -> Self {
        self.script.replies.push_back(Reply::Secret(Secret::new(secret.to_string())));
        self
    }

    /// Performs a step without an `id`.
    pub fn perform(&mut self, uses: &str, with: Value) -> Result<Value, Failure> {
        self.perform_as(None, uses, with).expect("the step halted the ceremony")
    }

    /// Performs a step with an `id`.
    pub fn perform_named(&mut self, id: &str, uses: &str, with: Value) -> Result<Value, Failure> {
        self.perform_as(Some(id), uses, with).expect("the step halted the ceremony")
    }

    /// Performs a step.
    pub fn perform_as(&mut self, id: Option<&str>, uses: &str, with: Value) -> Result<Result<Value, Failure>, Halt> {
        let position = Position { section: "start".into(), number: 1, id: id.map(Into::into), ..Position::default() };
        let handler = self.registry.get(uses).unwrap_or_else(|| panic!("there is no handler {uses}"));
        let mut task = Task {
            ceremony: &mut self.ceremony,
            position: &position,
            id,
            by: Some("administrator"),
            text: "The step's sentence.",
            answer: None,
            outputs: None,
            doubt: (uses == Prober::NAME).then(|| Doubt { seen: self.script.observed(), failed: false }),
            noted: Vec::new(),
        };
        let (result, made) = task.perform(handler, with, &mut self.script)?;
        self.made = made;
        Ok(result)
    }

    /// Whether a step that was in flight was done.
    #[allow(clippy::needless_pass_by_value, reason = "as steps are performed")]
    pub fn probe(&mut self, uses: &str, with: Value) -> Result<Value, Failure> {
        let ports: Arc<dyn Ports> = Arc::new(NoPorts);
        let registry = Registry::default().with(Prober(officiant_steps::registry(&ports)));
        let own = std::mem::replace(&mut self.registry, registry);
        let found = self.perform(Prober::NAME, json!({ "uses": uses, "with": with }));
        self.registry = own;
        found
    }

    /// Performs steps in a new ceremony from what was recorded here, as a replay does; secrets are empty then.
    pub fn replay(&self, steps: &[(Option<&str>, &str, Value)]) -> Vec<Result<Value, Failure>> {
        let mut again = Self::with(self.rehearsal);
        again.script.record.clone_from(&self.script.record);
        again.script.replayed = Some(0);
        let results = steps
            .iter()
            .map(|(id, uses, with)| {
                assert_eq!(
                    again.registry.get(uses).unwrap().effect,
                    Effect::None,
                    "{uses} is not performed in a replay"
                );
                again.perform_as(*id, uses, with.clone()).expect("the replay diverged")
            })
            .collect();
        assert_eq!(again.script.replayed, Some(self.script.record.len()), "the replay did not call for every entry");
        results
    }

    /// A path in the ceremony folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// What is in a file of the ceremony folder.
    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).unwrap()
    }

    /// Puts a file into the ceremony folder.
    pub fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// All that was shown, recorded and asked, as text.
    pub fn everything(&self) -> String {
        format!("{:?} {:?} {:?}", self.script.shown, self.script.record, self.script.asked)
    }
}

impl Script {
    fn ask(&mut self, question: &Question) -> Result<Reply, Halt> {
        self.asked.push(question.clone());
        if self.replayed.is_some() {
            return self.replay(question);
        }
        loop {
            let reply = self.replies.pop_front();
            let reply = reply.or_else(|| question.rehearse.clone().map(Reply::Value));
            let reply = reply.ok_or_else(|| Halt::Unanswered(question.text.clone()))?;
            let said = match &reply {
                Reply::Value(value) if !question.kind.is_secret() => Some(value.clone()),
                _ => None,
            };
            match question.settle(reply) {
                Ok(settled) => {
                    let answer = if let Reply::Value(value) = &settled { Some(value.clone()) } else { None };
                    self.record.push(json!({ "answered": question.text, "answer": answer, "refused": null }));
                    return Ok(settled);
                }
                Err(why) => {
                    self.record.push(json!({ "answered": question.text, "answer": said, "refused": why }));
                }
            }
        }
    }

    fn replay(&mut self, question: &Question) -> Result<Reply, Halt> {
        loop {
            let entry = self.next()?;
            assert_eq!(entry["answered"], json!(question.text));
            if !entry["refused"].is_null() {
                continue;
            }
            return match entry["answer"].clone() {
                Value::Null => Ok(Reply::Secret(Secret::new(String::new()))),
                answer if question.kind.is_secret() => Ok(Reply::Value(answer)),
                answer => question.settle(Reply::Value(answer)).map_err(Halt::Impossible),
            };
        }
    }

    fn next(&mut self) -> Result<Value, Halt> {
        let next = self.replayed.as_mut().expect("this is a replay");
        let entry = self.record.get(*next).ok_or_else(|| Halt::Impossible("the record stops here".into()))?;
        *next += 1;
        Ok(entry.clone())
    }

    fn record(&mut self, entry: Value) -> Result<(), Halt> {
        if self.replayed.is_none() {
            self.record.push(entry);
            return Ok(());
        }
        let held = self.next()?;
        if held == entry { Ok(()) } else { Err(Halt::Impossible(format!("{entry} is not {held}"))) }
    }
}

impl Happenings for Script {
    fn note(&mut self, draft: Draft) -> Result<(), Halt> {
        match draft.event {
            Event::Checkpoint(checkpoint) => self.record(json!({ "checkpoint": checkpoint.head })),
            other => panic!("a step handler does not note {other:?}"),
        }
    }

    fn answer(&mut self, _: &Position, question: &Question) -> Result<Value, Halt> {
        match self.ask(question)? {
            Reply::Value(value) => Ok(value),
            Reply::Secret(_) => panic!("a secret was given where none was asked for"),
        }
    }

    fn secret(&mut self, _: &Position, question: &Question) -> Result<Secret, Halt> {
        match self.ask(question)? {
            Reply::Secret(secret) => Ok(secret),
            Reply::Value(_) => panic!("no secret was given where one was asked for"),
        }
    }

    fn observe(&mut self, _: &Position, seen: Value) -> Result<(), Halt> {
        self.record(json!({ "observed": seen }))
    }

    fn carry_out(&mut self, _: &Handler, _: Value, _: Task<'_>) -> Result<Outcome, Halt> {
        panic!("only the interpreter carries steps out")
    }

    fn settle(&mut self) -> Result<(), Halt> {
        Ok(())
    }

    fn head(&self) -> [u8; 32] {
        let last = self.replayed.unwrap_or(self.record.len());
        Sha256::digest(json!(self.record[..last]).to_string()).into()
    }

    fn at(&mut self, _: &Position) {}

    fn show(&mut self, notice: &Notice) {
        self.shown.push(notice.clone());
    }

    fn wait(&mut self, duration: Duration, what: &str) {
        self.waits.push((duration, what.to_string()));
    }
}
