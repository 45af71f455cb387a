//! What the step handlers say of their own records.

use super::{Finding, Scrutiny};
use crate::{
    conduct::{Exhibit, Performed, Registry},
    record::Folder,
};

/// Has every handler look at what was recorded of it.
pub(super) fn audit(
    folder: &Folder,
    rehearsal: bool,
    steps: &[Performed],
    registry: &Registry,
    scrutiny: &Scrutiny,
) -> Vec<Finding> {
    let anchors = scrutiny.trust.as_ref().map(|trust| trust.anchors.as_slice()).unwrap_or_default();
    let mut findings = Vec::new();
    for (this, step) in steps.iter().enumerate() {
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
