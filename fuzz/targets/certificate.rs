//! The reader of certificates and attestations, PEM and DER: a stranger brings those.

#![no_main]

use libfuzzer_sys::fuzz_target;
use officiant_steps::fuzzing;

fuzz_target!(|input: &[u8]| fuzzing::certificate(input));
