//! The people at the ceremony: a terminal, or a list of answers.

mod answers;
mod interrupt;
mod markdown;
mod scripted;
mod terminal;

pub use answers::Answers;
pub use markdown::safe;
pub use scripted::Scripted;
pub use terminal::Terminal;

use std::io::IsTerminal;

/// Whether there is a person to ask.
pub fn attended() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}
