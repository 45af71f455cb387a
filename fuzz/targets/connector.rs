//! The YubiHSM's connector: heads of HTTP requests, and messages to the device, in a session and outside one.
//!
//! The first byte says which; then follow messages, each with its length (2 bytes, big-endian) before it.

#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use officiant_devices::yubihsm::{Reply, Settings, VirtualYubiHsm, parsers};
use tempfile::TempDir;

#[path = "../../devices/tests/yubihsm/host.rs"]
#[allow(dead_code)]
mod host;

/// More in one session would find nothing new.
const MESSAGES: usize = 24;

/// A factory-new device, of which each run gets a copy: what one run leaves must not matter to the next.
static FACTORY: LazyLock<(TempDir, PathBuf, String)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("device.json");
    drop(VirtualYubiHsm::open(&Settings::new(1, &file)).unwrap());
    let state = fs::read_to_string(&file).unwrap();
    (folder, file, state)
});

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    if kind % 4 == 0 {
        head(rest);
    } else {
        messages(kind % 4 == 1, rest);
    }
});

/// However much of a request has come, its head ends where it ends.
fn head(bytes: &[u8]) {
    let whole = parsers::head_length(bytes);
    if let Some(length) = whole {
        assert!(length <= bytes.len());
        assert_eq!(parsers::head_length(&bytes[..length]), whole);
    }
}

fn messages(bare: bool, mut bytes: &[u8]) {
    let (_, file, state) = &*FACTORY;
    fs::write(file, state).unwrap();
    let device = VirtualYubiHsm::open(&Settings::new(1, file)).unwrap();
    let mut session = (!bare).then(|| host::Host::open(&device));
    for _ in 0..MESSAGES {
        let Some((length, rest)) = bytes.split_first_chunk() else { return };
        let message = rest.get(..u16::from_be_bytes(*length).into()).unwrap_or(rest);
        bytes = &rest[message.len()..];
        let sent = session.as_mut().map_or_else(|| message.to_vec(), |session| session.message(message));
        let Reply::Answer(answer) = device.transceive(&sent) else { panic!("a device answers") };
        // An answer is a frame; so is what is encrypted in it. What ends the session or is too long is refused outside it.
        assert_frame(&answer);
        match &mut session {
            Some(session) if answer[0] == 0x85 => assert_frame(&session.read(&answer)),
            Some(_) => return,
            None => {}
        }
    }
}

fn assert_frame(message: &[u8]) {
    let length = u16::from_be_bytes([message[1], message[2]]);
    assert_eq!(message.len(), 3 + usize::from(length));
    assert!(message[0] & 0x80 != 0 || (message[0] == 0x7f && length == 1), "{message:02x?}");
}
