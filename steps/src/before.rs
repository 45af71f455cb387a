//! What a step that was in flight had seen before the ceremony broke off.

use officiant_engine::{
    conduct::Stage,
    record::{Event, read},
};
use serde_json::Value;

/// What the step recorded with [`Stage::observe`] in the try that was in flight as the ceremony broke off, in order; nothing when
/// there is no record to read.
pub(crate) fn seen_before(stage: &Stage<'_>) -> Vec<Value> {
    let Ok((lines, _)) = read(stage.folder()) else { return Vec::new() };
    let step = Some(stage.position().step());
    let mut seen = Vec::new();
    for entry in lines.into_iter().rev().filter_map(|line| line.entry.ok()).filter(|entry| entry.step == step) {
        match entry.event {
            Event::Began(_) | Event::Retried(_) => break,
            Event::Observed(observed) if observed.probe.is_none() => seen.push(observed.seen),
            _ => {}
        }
    }
    seen.reverse();
    seen
}
