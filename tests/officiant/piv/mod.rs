//! YubiKeys in virtual readers.

mod attested;
mod certificates;
mod hostile;
mod interoperating;
mod pins;
mod provisioned;
mod resumed;
mod retried;
mod sealing;
mod support;
mod troubled;
