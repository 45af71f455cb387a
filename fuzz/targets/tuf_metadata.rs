//! The reader of TUF metadata: a stranger brings that.

#![no_main]

use libfuzzer_sys::fuzz_target;
use officiant_steps::fuzzing;

fuzz_target!(|input: &[u8]| fuzzing::tuf_metadata(input));
