//! What the step handlers say of their own records.

use super::{Finding, Scrutiny};
use crate::{
    conduct::{Exhibit, Performed, Registry},
    record::Folder,
};
use std::collections::BTreeMap;

/// Most steps that handlers look at: what one proves may depend on each one before it, and no ceremony comes near this.
const MOST: usize = 10_000;

/// Has every handler look at what was recorded of it.
pub(super) fn audit(
    folder: &Folder,
    rehearsal: bool,
    steps: &[Performed],
    registry: &Registry,
    scrutiny: &Scrutiny,
) -> Vec<Finding> {
    let anchors = scrutiny.trust.as_ref().map(|trust| trust.anchors.as_slice()).unwrap_or_default();
    let mut findings = firmware(steps);
    if let Some(step) = steps.get(MOST) {
        let message =
            format!("more than {MOST} steps were carried out by handlers; from here on they are not looked at");
        findings.push(Finding::error("more", message).at_line(step.line));
    }
    for (this, step) in steps.iter().enumerate().take(MOST) {
        let Some(handler) = registry.get(&step.uses) else { continue };
        let Some(outputs) = step.outputs.as_ref().filter(|_| step.finished) else { continue };
        let exhibit = Exhibit { folder, rehearsal, anchors, steps, this };
        for objection in handler.audit(step.with.clone().into(), outputs, &exhibit) {
            let finding = if objection.grave { Finding::error } else { Finding::warning };
            findings.push(finding(objection.code, objection.message).at_line(step.line));
        }
    }
    findings
}

/// Devices whose firmware is another than an earlier step saw: that of a serial number does not change.
fn firmware(steps: &[Performed]) -> Vec<Finding> {
    let mut seen = BTreeMap::new();
    let mut findings = Vec::new();
    for step in steps.iter().filter(|step| step.finished) {
        let Some(outputs) = &step.outputs else { continue };
        let (Some(serial), Some(firmware)) = (outputs["serial"].as_u64(), outputs["firmware"].as_str()) else {
            continue;
        };
        let (before, line) = *seen.entry(serial).or_insert((firmware, step.line));
        if before != firmware {
            let message = format!("the device {serial} has the firmware {firmware} here and {before} in line {line}");
            findings.push(Finding::error("firmware", message).at_line(step.line));
        }
    }
    findings
}
