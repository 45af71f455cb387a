//! The breaks of a ceremony: each goes on from the entry before it, with a session key of its own.

use super::{Finding, findings::Findings};
use crate::{
    conduct::LOST_SECRET,
    record::{Answered, Event, Line, words},
};
use std::collections::BTreeSet;

/// Finds what is wrong with the entries that go on after a break.
pub(super) fn check(lines: &[Line], findings: &mut Findings) {
    let (mut keys, mut rehearsal) = (BTreeSet::new(), false);
    for (index, line) in lines.iter().enumerate() {
        let Ok(entry) = &line.entry else { continue };
        if let Some(key) = entry.event.session_key()
            && !keys.insert(key)
        {
            let message = "a session has the key of one before it, which lived in memory only".to_string();
            findings.push(Finding::error("session-key", message).at_line(line.number));
        }
        if let Event::Opened(opened) = &entry.event {
            rehearsal = opened.rehearsal;
        }
        if let Event::Answered(Answered { slot: Some(slot), refused: None, .. }) = &entry.event
            && let Some(name) = slot.strip_prefix(LOST_SECRET)
        {
            let message = format!(
                "the secret `{name}` was lost in a break and entered again: nothing shows that it is the one of before"
            );
            findings.push(Finding::warning("secret-again", message).at_line(line.number));
        }
        let Event::Resumed(resumed) = &entry.event else { continue };
        let fault = match &resumed.clock {
            Some(clock) => clock.fault(entry.at.parse().unwrap_or_default()),
            None if rehearsal => None,
            None => Some("nobody compared this machine's clock with another one"),
        };
        if let Some(fault) = fault {
            findings.push(Finding::error("clock", format!("as the ceremony went on, {fault}")).at_line(line.number));
        }
        let before = index.checked_sub(1).and_then(|before| lines.get(before));
        let head = before.map(|line| line.digest).unwrap_or_default();
        if resumed.head != hex::encode(head) || resumed.words != words(&head) {
            let message = "the ceremony goes on from another entry than the one before";
            findings.push(Finding::error("resumed", message).at_line(line.number));
        }
        let is_digest = |text: &str| text.len() == 64 && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        if resumed.program.sha256.as_deref().is_some_and(|sha256| !is_digest(sha256)) {
            let message = "the program's SHA-256 is none in lowercase hex";
            findings.push(Finding::error("program", message).at_line(line.number));
        }
        if resumed.torn.as_ref().is_some_and(|torn| torn.size == 0 || !is_digest(&torn.sha256)) {
            let message = "what is left of a torn line has no size, or a SHA-256 that is none in lowercase hex";
            findings.push(Finding::error("resumed", message).at_line(line.number));
        }
        if entry.step.is_some() || entry.by.is_some() {
            let message = "`resumed` is of no step and by nobody";
            findings.push(Finding::error("resumed", message).at_line(line.number));
        }
    }
}
