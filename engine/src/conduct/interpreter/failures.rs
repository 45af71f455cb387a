//! What the people do when a step fails, is skipped, or is not signed off.

use super::{Act, Interpreter};
use crate::{
    conduct::{Effect, Failure, Halt, Notice, Position, Question, QuestionKind},
    notation::{Level, Text},
    record::{Aborted, Approval, Deviated, Draft, Event, Failed, Retried, Skipped},
};
use serde_json::Value;

/// What the people chose after a failure.
pub(super) enum Choice {
    Retry,
    Remedy(Text),
    Deviate,
}

impl Interpreter<'_> {
    /// Whether a step that need not be done is skipped.
    pub(super) fn skipped(&mut self, act: &Act<'_>, position: &Position) -> Result<bool, Halt> {
        let by = act.by.map(ToString::to_string);
        let level = act.level.word();
        let question = Question::new(format!("This step {level} be done. Do it?"), QuestionKind::Decision)
            .slot("skip")
            .by(by.clone())
            .if_no(if act.level == Level::Should { "you are asked for the reason" } else { "the step is skipped" })
            .rehearse(Some(true.into()));
        if self.ask(position, &question)? == Value::Bool(true) {
            return Ok(false);
        }
        let reason = if act.level == Level::Should { Some(self.reason(position, by.as_deref())?) } else { None };
        let event = Event::Skipped(Skipped { level: level.into(), reason });
        self.happenings.note(Draft { event, step: Some(position.step()), by })?;
        Ok(true)
    }

    pub(super) fn reason(&mut self, position: &Position, by: Option<&str>) -> Result<String, Halt> {
        let question =
            Question::new("Why? The reason is recorded.", QuestionKind::Text { pattern: None, optional: false })
                .slot("reason")
                .by(by)
                .rehearse(Some("rehearsed".into()));
        let reason = self.ask(position, &question)?;
        Ok(reason.as_str().unwrap_or_default().to_string())
    }

    /// Every sign-off that the step asks for; false when the step is done again because one was refused.
    ///
    /// A step that changes something or made a file is not done twice for that: the sign-off alone is asked for again.
    pub(super) fn signed_off(
        &mut self,
        act: &Act<'_>,
        position: &Position,
        made: bool,
        attempt: &mut u32,
    ) -> Result<bool, Halt> {
        let handler = act.uses.and_then(|uses| self.registry.get(uses));
        let repeatable = !made && handler.is_none_or(|handler| handler.effect != Effect::Changes);
        for role in act.sign_off {
            let title = self.participant_title(Some(role)).unwrap_or_default();
            loop {
                let question = Question::new(format!("{title}: do you sign this step off?"), QuestionKind::Confirm)
                    .slot(format!("sign-off/{role}"))
                    .by(Some(role.to_string()))
                    .if_no("you choose what to do: try again, deviate with a reason, or abort")
                    .rehearse(Some(true.into()));
                if self.ask(position, &question)? == Value::Bool(true) {
                    break;
                }
                let next = if repeatable {
                    "try again: the step is done once more, then they are asked again"
                } else {
                    "look at it again together, then try again: they are asked again, and what was made stays as it is"
                };
                let failure = Failure::new("sign-off-refused", format!("{title} did not sign the step off")).next(next);
                self.fail(position, Failed::of(failure))?;
                match self.choose(act, position, None, false)? {
                    Choice::Deviate => break,
                    Choice::Retry | Choice::Remedy(_) => {
                        *attempt += 1;
                        let event = Event::Retried(Retried { attempt: *attempt, remedy: None });
                        let by = act.by.map(ToString::to_string);
                        self.happenings.note(Draft { event, step: Some(position.step()), by })?;
                        if repeatable {
                            return Ok(false);
                        }
                    }
                }
            }
        }
        Ok(true)
    }

    pub(super) fn fail(&mut self, position: &Position, failed: Failed) -> Result<(), Halt> {
        let failure = failed.failure.clone();
        let event = Event::Failed(failed);
        self.happenings.note(Draft { event, step: Some(position.step()), by: None })?;
        self.happenings.settle()?;
        self.happenings.show(&Notice::Failed(failure));
        Ok(())
    }

    /// What the people do after a failure; an abort stops the ceremony here.
    pub(super) fn choose(
        &mut self,
        act: &Act<'_>,
        position: &Position,
        remedy: Option<&Text>,
        first: bool,
    ) -> Result<Choice, Halt> {
        let by = act.by.map(ToString::to_string);
        loop {
            let mut options = vec![("retry".to_string(), "try again".to_string())];
            if let Some(remedy) = remedy {
                let title = self.runbook.sections.get(remedy.as_str()).map_or("", |section| section.title.as_str());
                options.push(("remedy".into(), format!("go to the remedy, {title}, then try again")));
            }
            let approvers: Vec<String> =
                self.approvers(act).iter().filter_map(|role| self.participant_title(Some(role))).collect();
            let approval = if approvers.is_empty() {
                "the runbook names nobody who must approve".to_string()
            } else {
                format!("approved by: {}", approvers.join(", "))
            };
            options.push(("deviate".into(), format!("deviate: go on without it, with a reason; {approval}")));
            options.push(("abort".into(), "abort the ceremony".into()));
            let rehearsed = if remedy.is_some() && first { "remedy" } else { "abort" };
            let question = Question::new("What now?", QuestionKind::Choice(options))
                .slot("what-now")
                .by(by.clone())
                .rehearse(Some(rehearsed.into()));
            let answer = self.ask(position, &question)?;
            match (answer.as_str().unwrap_or_default(), remedy) {
                ("retry", _) => return Ok(Choice::Retry),
                ("remedy", Some(remedy)) => return Ok(Choice::Remedy(remedy.clone())),
                ("abort", _) => {
                    let reason = self.reason(position, by.as_deref())?;
                    let event = Event::Aborted(Aborted { reason: reason.clone() });
                    self.happenings.note(Draft { event, step: Some(position.step()), by })?;
                    self.happenings.settle()?;
                    return Err(Halt::Aborted(reason));
                }
                _ => {
                    let reason = self.reason(position, by.as_deref())?;
                    if let Some(approved_by) = self.approved(act, position, &reason)? {
                        let event = Event::Deviated(Deviated { reason, approved_by });
                        self.happenings.note(Draft { event, step: Some(position.step()), by })?;
                        self.ceremony.deviations += 1;
                        return Ok(Choice::Deviate);
                    }
                }
            }
        }
    }

    /// Who must approve a deviation from a step: whom the step names, else whom the runbook names.
    fn approvers(&self, act: &Act<'_>) -> Vec<Text> {
        let of_step = act.on_failure.map(|on_failure| on_failure.approved_by.as_slice()).unwrap_or_default();
        let of_runbook = self.runbook.deviations.as_ref().map(|it| it.approved_by.as_slice()).unwrap_or_default();
        if of_step.is_empty() { of_runbook.to_vec() } else { of_step.to_vec() }
    }

    /// The approvals of a deviation, or nothing when one is refused.
    pub(super) fn approved(
        &mut self,
        act: &Act<'_>,
        position: &Position,
        reason: &str,
    ) -> Result<Option<Vec<Approval>>, Halt> {
        let roles = self.approvers(act);
        let mut approvals = Vec::new();
        for role in &roles {
            let title = self.participant_title(Some(role)).unwrap_or_default();
            let question = Question::new(
                format!("{title}: do you approve going on without this step? Reason given: {reason}"),
                QuestionKind::Decision,
            )
            .slot(format!("approval/{role}"))
            .by(Some(role.to_string()))
            .rehearse(Some(true.into()));
            if self.ask(position, &question)? != Value::Bool(true) {
                return Ok(None);
            }
            approvals.push(Approval { role: role.value.clone() });
        }
        Ok(Some(approvals))
    }
}
