//! `officiant rehearse --every-branch`.

use super::{Format, ceremony::Prepared, print_json, print_line};
use crate::{
    bench::{
        Bench, Retrying, SEED,
        fault::{self, Fault},
    },
    console::{Answers, Scripted, safe},
    coverage::{Chart, Director, Ending, Goal, Journey, Plan, Rehearsed, Report, Walked, describe, next},
    outcome::Outcome,
};
use officiant_devices::AttestationKey;
use officiant_engine::{
    audit::{Depth, Scrutiny, Weight, replay},
    conduct::{Bindings, Ceremony, Halt, Live, conduct},
    notation::{Loaded, Place, Runbook},
    record,
};
use officiant_steps::ports::Ports;
use std::{
    collections::BTreeSet,
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A rehearsal of everything.
pub struct EveryBranch<'a> {
    pub loaded: &'a Loaded,
    pub runbook: &'a Runbook,
    pub bindings: Bindings,
    /// The folder to make; each rehearsal has one of its own in it.
    pub out: &'a Path,
    pub answers: Option<&'a PathBuf>,
    /// Whether steps may reach outside the ceremony folder.
    pub outside: bool,
    /// The faults of the command line, by device.
    pub faults: Vec<(String, Fault)>,
    pub format: Format,
}

impl EveryBranch<'_> {
    /// Rehearses until nothing new can be walked.
    pub fn carry_out(mut self) -> Result<Outcome, Outcome> {
        // A product of the second rehearsal would be in the way of the first one's.
        self.bindings.products = None;
        let chart = Chart::of(self.runbook);
        let bench = Bench::default();
        bench.lay_out(self.runbook, &self.bindings).map_err(Outcome::not_tried)?;
        for (device, fault) in std::mem::take(&mut self.faults) {
            bench.inject(&device, fault);
        }
        let faults = bench.take_faults();
        let named: Vec<String> = faults.iter().map(|(name, it)| format!("{name}:{}", fault::spell(*it))).collect();
        let failed = |error: std::io::Error| Outcome::not_tried(format!("`{}`: {error}", self.out.display()));
        DirBuilder::new().mode(0o700).create(self.out).map_err(failed)?;
        let has_devices = !self.runbook.devices.is_empty();
        let key = has_devices.then(AttestationKey::generate).transpose().map_err(Outcome::not_tried)?;
        let (mut held, mut journeys): (Vec<Rehearsed>, Vec<Journey>) = (Vec::new(), Vec::new());
        let (mut walked, mut tried) = (BTreeSet::new(), BTreeSet::new());
        while let Some(plan) = next(&chart, &walked, &journeys, &tried, faults.len()) {
            let folder = format!("{:03}", held.len() + 1);
            eprintln!("{folder}  {}", safe(&describe(&plan.goal, &chart, &self.loaded.sources, &named)));
            if let Goal::Branch(branch) = &plan.goal {
                tried.insert(branch.clone());
            }
            let (rehearsed, journey) = self.rehearse(folder, plan, &chart, &faults, key.as_ref())?;
            walked.extend(rehearsed.walked.branches.iter().cloned());
            held.push(rehearsed);
            journeys.push(journey);
        }
        let report = Report::new(&self.runbook.title, &chart, &self.loaded.sources, &named, &held, &tried);
        match self.format {
            Format::Json => print_json(&report)?,
            Format::Text => print_line(safe(&report.text()).trim_end())?,
        }
        Ok(if report.holds { Outcome::Holds } else { Outcome::DoesNotHold })
    }

    /// Holds one rehearsal.
    fn rehearse(
        &self,
        name: String,
        plan: Plan,
        chart: &Chart<'_>,
        faults: &[(String, Fault)],
        attestation_key: Option<&AttestationKey>,
    ) -> Result<(Rehearsed, Journey), Outcome> {
        let folder = self.out.join(&name);
        let bench = Arc::new(Bench::default());
        let ports: Arc<dyn Ports> = bench.clone();
        let registry = officiant_steps::registry(&ports);
        bench.fetch_readers(self.runbook).map_err(Outcome::not_tried)?;
        let serials = bench.lay_out(self.runbook, &self.bindings).map_err(Outcome::not_tried)?;
        if let Some(key) = attestation_key {
            bench.share(key);
        }
        bench.take_faults();
        if let Some((device, fault)) = plan.fault.and_then(|fault| faults.get(fault)) {
            bench.inject(device, *fault);
        }
        let answers = match self.answers {
            Some(path) => Answers::read(path).map_err(Outcome::not_tried)?,
            None => Answers::default(),
        };
        let mut scripted =
            Scripted::new(answers, true).reaching_out(self.outside).quietly().making_up_from(folder.join(SEED));
        let prepared = Prepared {
            loaded: self.loaded,
            runbook: self.runbook,
            registry: &registry,
            bindings: self.bindings.clone(),
            folder: &folder,
            rehearsal: true,
            attended: false,
        };
        let writer = prepared.open()?;
        bench.power(&folder.join("rehearsal")).map_err(Outcome::not_tried)?;
        let ceremony = Ceremony::of(self.runbook, folder.clone(), prepared.bindings, true);
        let mut ceremony = ceremony.with_virtual_devices(serials);
        let mut retrying = Retrying::new(&mut scripted, &bench);
        let mut director = Director::new(&mut retrying, &bench, &plan, chart);
        let mut live = Live::new(writer, &mut director, true);
        let ended = conduct(self.runbook, &registry, &mut ceremony, &mut live);
        drop(live);
        let journey = Journey { plan: plan.clone(), steps: director.into_steps() };
        let fault_happened = plan.fault.is_some() && bench.faults_left().is_empty();
        drop(ceremony);
        let (lines, _) = record::read(&folder).map_err(Outcome::not_tried)?;
        let scrutiny = Scrutiny { depth: Depth::EverySignature, trust: None };
        let replayed = replay(&folder, &super::system_registry(), &scrutiny).map_err(Outcome::not_tried)?;
        let errors = replayed.findings.iter().filter(|finding| finding.severity == Weight::Error);
        let walked = Walked::of(&lines, chart);
        let rehearsed = Rehearsed {
            folder: name,
            plan,
            ending: self.ending(ended, &walked),
            walked,
            verdict: replayed.verdict,
            findings: errors.map(|finding| finding.message.clone()).collect(),
            fault_happened,
        };
        Ok((rehearsed, journey))
    }

    fn ending(&self, ended: Result<(), (Halt, Place)>, walked: &Walked) -> Ending {
        match ended {
            Ok(()) => Ending::End,
            Err((halt, place)) => {
                let (place, why) = (self.loaded.sources.describe(place), halt.to_string());
                match halt {
                    // What was answered when somebody asked for the reason says less than what went wrong.
                    Halt::Aborted(_) => Ending::Aborted { place, why: walked.last_failure.clone().unwrap_or(why) },
                    _ => Ending::Stopped { place, why },
                }
            }
        }
    }
}
