//! `officiant check`, finding by finding, each with the text that its author reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]
#![allow(clippy::too_many_lines, clippy::format_collect, reason = "tables are long, and tests need not be quick")]

mod arguments;
mod drift;
mod expressions;
mod flow;
mod handlers;
mod hostile;
mod imports;
mod keys;
mod names;
mod references;
mod rehearsals;
mod secrets;
mod speed;
mod support;
mod takes;
mod values;
mod weaknesses;
