//! Docker's signing ceremony: its runbooks by themselves, and all of it with five key holders, of whom one has other software.

mod runbooks;
mod support;
mod whole;
