//! The report: what is on the page, and what can never be.

mod breaks;
mod browser;
mod commands;
mod exceptions;
mod file;
mod hostile;
mod page;
mod pictures;
mod support;
mod verdicts;
