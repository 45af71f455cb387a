//! What a rehearsal answers: to questions that are asked, with answers that can be given.

use super::{
    book::{Book, each},
    reading::is_template,
};
use crate::{
    conduct::{Question, QuestionKind, Reply},
    notation::{Complaint, Complaints, Node, Rehearsal, StepKind},
};

/// Complains of answers to what is not asked, and of outputs that stand for no handler's.
pub(super) fn check(book: &Book<'_>, complaints: &mut Complaints) {
    for chapter in &book.chapters {
        each(&chapter.section.steps, &mut |step| match &step.kind {
            StepKind::Do(act) => {
                let Some(rehearsal) = &act.rehearse else { return };
                if act.uses.is_none() {
                    no_outputs(rehearsal, complaints);
                    yes_or_no(rehearsal, complaints);
                } else if let (Some(answer), Some(_)) = (&rehearsal.answer, &rehearsal.outputs) {
                    let message = "nothing is asked when `outputs` stand for the step handler's";
                    complaints.push(Complaint::warning("no-effect", answer.at, message));
                }
            }
            StepKind::GoTo(go_to) => {
                let Some(rehearsal) = &go_to.rehearse else { return };
                no_outputs(rehearsal, complaints);
                if go_to.text.is_some() {
                    yes_or_no(rehearsal, complaints);
                } else if let Some(answer) = &rehearsal.answer {
                    let message = "a GO TO without `do` asks nothing";
                    complaints.push(Complaint::warning("no-effect", answer.at, message));
                }
            }
            StepKind::If(condition) => {
                let Some(rehearsal) = &condition.rehearse else { return };
                no_outputs(rehearsal, complaints);
                yes_or_no(rehearsal, complaints);
                if let (Some(answer), Some(_)) = (&rehearsal.answer, &condition.when) {
                    let message = "nothing is asked, `when` decides";
                    complaints.push(Complaint::warning("no-effect", answer.at, message));
                }
            }
            StepKind::End(_) => {}
        });
    }
}

fn no_outputs(rehearsal: &Rehearsal, complaints: &mut Complaints) {
    if let Some(outputs) = &rehearsal.outputs {
        let message = "`outputs` stand for a step handler's, and this step has none";
        complaints.push(Complaint::error("rehearse", outputs.at, message));
    }
}

fn yes_or_no(rehearsal: &Rehearsal, complaints: &mut Complaints) {
    let Some(answer) = rehearsal.answer.as_ref().filter(|answer| !answer.text().is_some_and(is_template)) else {
        return;
    };
    if Question::new("", QuestionKind::Decision).settle(Reply::Value(answer.to_json())).is_err() {
        let message = format!("the answer is yes or no, this is {}", said(answer));
        complaints.push(Complaint::error("rehearse", answer.at, message).help("write `yes` or `no`"));
    }
}

fn said(answer: &Node) -> String {
    answer.text().map_or_else(|| answer.noun().to_string(), |text| format!("`{text}`"))
}
