//! Seals: made here and checked by `ssh-keygen`, made by `ssh-keygen` and checked here; and what is no seal.

mod agent;
mod at_terminal;
mod made;
mod passphrase;
mod refused;
mod support;
mod tampered;
mod trust;
mod vouching;
mod yubihsm;
