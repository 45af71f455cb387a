//! The officiant command.
fn main() {}
