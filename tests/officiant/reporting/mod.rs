//! The report: what is on the page, and what can never be.

mod breaks;
mod browser;
mod commands;
mod exceptions;
mod file;
mod hostile;
mod page;
mod pictures;
pub mod support;
mod verdicts;
