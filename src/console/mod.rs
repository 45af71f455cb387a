//! The people at the ceremony: a terminal, or a list of answers.

mod answers;
mod interrupt;
mod markdown;
mod scripted;
mod terminal;

pub use answers::Answers;
pub use interrupt::GoingOn;
pub use markdown::safe;
pub use scripted::Scripted;
pub use terminal::Terminal;

use officiant_engine::conduct::{Console, Question, Reply, Unanswered};
use std::io::IsTerminal;

/// Whether there is a person to ask.
pub fn attended() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// The answer to a question, which is asked again while what is said is none.
///
/// # Errors
/// There is nobody and nothing to answer.
pub fn settled(console: &mut dyn Console, question: &Question) -> Result<Reply, Unanswered> {
    let mut complaint: Option<String> = None;
    loop {
        match question.settle(console.ask(question, complaint.as_deref())?) {
            Ok(reply) => return Ok(reply),
            Err(why) => complaint = Some(why),
        }
    }
}
