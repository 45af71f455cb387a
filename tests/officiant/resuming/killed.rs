//! The PSF's ceremony, killed after every entry and in the middle of writing one.

use super::death::{Death, Outcome, compare, doomed, entries, lines, resume, said, was_killed};
use crate::support::{CarriedOut, Ceremony};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    env,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

pub const RUNBOOK: &str = "runbooks/psf-tuf/ceremony.yaml";

/// The ceremony, once without a break.
pub fn uninterrupted() -> (CarriedOut, Outcome) {
    let ceremony = Ceremony::rehearse_file(RUNBOOK).carry_out().exits(0);
    let outcome = Outcome::of(&ceremony.folder());
    assert_eq!(outcome.products.len(), 9);
    (ceremony, outcome)
}

/// Kills the ceremony there, lets it go on, and compares.
fn dies_and_goes_on(death: Death, whole: &Outcome) -> Result<(), String> {
    let ceremony = Ceremony::rehearse_file(RUNBOOK);
    let output = doomed(&mut ceremony.command(), death).output().unwrap();
    let folder = ceremony.out();
    if !was_killed(&output) {
        return Err(format!("it was not killed: {}", said(&output)));
    }
    let before = lines(&folder);
    if before.len() != death.lines {
        return Err(format!("it was killed after {} lines", before.len()));
    }
    let output = resume(&folder).output().unwrap();
    if output.status.code() != Some(0) {
        return Err(said(&output));
    }
    if entries(&folder)[before.len()]["kind"] != "resumed" {
        return Err("it does not go on with `resumed`".into());
    }
    compare(&folder, whole, &before)
}

/// The numbers, from 1, of the entries of steps that were given a go-ahead.
fn of_changes(entries: &[Value]) -> BTreeSet<usize> {
    let is_go = |entry: &&Value| entry["body"]["slot"] == "go";
    let steps: BTreeSet<&str> = entries.iter().filter(is_go).filter_map(|entry| entry["step"].as_str()).collect();
    let is_of_one = |entry: &Value| entry["step"].as_str().is_some_and(|step| steps.contains(step));
    (1..).zip(entries).filter(|(_, entry)| is_of_one(entry)).map(|(number, _)| number).collect()
}

/// After every entry; in the middle of the following one where something is changed, and of every eighth elsewhere.
/// `OFFICIANT_EVERY_KILL=1` tears every entry.
fn deaths(ceremony: &CarriedOut) -> Vec<Death> {
    let entries = ceremony.entries();
    let changes = of_changes(&entries);
    let all = env::var_os("OFFICIANT_EVERY_KILL").is_some();
    let mut deaths = Vec::new();
    for lines in 1..entries.len() {
        deaths.push(Death { lines, bytes: 0 });
        if all || changes.contains(&lines) || changes.contains(&(lines + 1)) || lines % 8 == 1 {
            // Here a few bytes, there most of the line, there all of it but the newline.
            deaths.push(Death { lines, bytes: [1, 90, 400, 1_000_000][lines % 4] });
        }
    }
    deaths
}

#[test]
fn the_ceremony_is_killed_after_every_entry_and_in_the_middle_of_one_and_goes_on_each_time() {
    let (ceremony, whole) = uninterrupted();
    let deaths = deaths(&ceremony);
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(death) = deaths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = dies_and_goes_on(*death, &whole) {
                        failures.lock().unwrap().push(format!("{death:?}: {why}"));
                    }
                }
            });
        }
    });
    let torn = deaths.iter().filter(|death| death.bytes > 0).count();
    println!("{} kills of {} entries, {torn} of them in the middle of one", deaths.len(), ceremony.entries().len());
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} kills:\n{}", failures.len(), deaths.len(), failures.join("\n"));
}

#[test]
fn a_ceremony_that_was_killed_after_its_end_is_over() {
    let (whole, _) = uninterrupted();
    let ceremony = Ceremony::rehearse_file(RUNBOOK);
    let death = Death { lines: whole.entries().len(), bytes: 0 };
    assert!(was_killed(&doomed(&mut ceremony.command(), death).output().unwrap()));
    let output = resume(&ceremony.out()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("the ceremony ended as its runbook says, and there is nothing to go on with"));
}
