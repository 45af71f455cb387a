//! The commands: a file each, named as the documents name them.

mod code;

pub use code::CommandCode;
