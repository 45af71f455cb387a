//! The notation of key-ceremony runbooks, their checks, their interpreter, the signed transcript and its replay.
//!
//! A runbook flows through the modules one way: [`notation`] reads it, [`check`] finds what is wrong with it, [`conduct`]
//! carries it out and writes the [`record`], [`resume`] goes on after a break, people put their [`seal`]s on the record,
//! [`audit`] replays it, [`report`] makes it a page. Nothing here knows a device, a network or a terminal: those come in
//! through the traits of [`conduct`].

pub mod audit;
pub mod check;
pub mod conduct;
pub mod notation;
pub mod record;
pub mod report;
pub mod resume;
pub mod seal;
