//! YubiKeys in virtual readers.

mod certificates;
mod hostile;
mod interoperating;
mod pins;
mod provisioned;
mod resumed;
mod sealing;
mod support;
