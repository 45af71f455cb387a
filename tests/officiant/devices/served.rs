//! `officiant device yubihsm`: a virtual device for other programs.

use super::support::{Running, client, refused, serve};
use crate::support::officiant;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{ChildStdout, Command},
};
use tempfile::TempDir;
use yubihsm::asymmetric;

/// `officiant device yubihsm`, in a process of its own.
struct Served {
    process: Running,
    said: BufReader<ChildStdout>,
    url: String,
}

impl Served {
    fn start(state: &Path) -> Self {
        let mut process = Running::start(device(state, &[]));
        let mut said = BufReader::new(process.0.as_mut().unwrap().stdout.take().unwrap());
        let mut lines = String::new();
        said.read_line(&mut lines).unwrap();
        said.read_line(&mut lines).unwrap();
        let url = lines.strip_prefix("REHEARSAL YubiHSM 2, serial number 7550054\nconnector  ").unwrap();
        Self { url: url.trim_end().to_string(), process, said }
    }

    fn stop(mut self) {
        self.process.kill();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.said, &mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

fn device(state: &Path, arguments: &[&str]) -> Command {
    let mut command = officiant();
    command.args(["device", "yubihsm", "--serial", "7550054", "--state"]).arg(state);
    if arguments.is_empty() {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.args(arguments);
    command
}

#[test]
fn a_virtual_device_is_reached_by_the_yubihsm_crate_and_survives_a_restart() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("device.json");
    let served = Served::start(&state);
    let (capability, domain) = (yubihsm::Capability::SIGN_EDDSA, yubihsm::Domain::DOM1);
    let session = client(&served.url, 1, "password").unwrap();
    session.generate_asymmetric_key(7, "kept".into(), domain, capability, asymmetric::Algorithm::Ed25519).unwrap();
    let before = session.get_public_key(7).unwrap();
    assert_eq!(session.device_info().unwrap().serial_number.to_string(), "0007550054");
    served.stop();

    let served = Served::start(&state);
    let session = client(&served.url, 1, "password").unwrap();
    assert_eq!(session.get_public_key(7).unwrap().as_ref(), before.as_ref());
    assert_eq!(session.sign_ed25519(7, b"message".as_slice()).unwrap().to_bytes().len(), 64);
    served.stop();
}

#[test]
fn a_virtual_device_is_served_on_this_machine_only() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("device.json");
    let message = "error: 0.0.0.0:0 is not a loopback address; a virtual device is served on this machine only: \
                   use 127.0.0.1:PORT or [::1]:PORT";
    refused(&mut device(&state, &["--listen", "0.0.0.0:0"]), 2, message);
    assert!(!state.exists(), "a device was made for nothing");
}

#[test]
fn a_virtual_device_is_opened_by_one_process_at_a_time() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("device.json");
    let served = Served::start(&state);
    let message = format!(
        "error: {}: another process has this virtual device open; stop it first, or name another file",
        state.display()
    );
    refused(&mut device(&state, &[]), 2, &message);
    served.stop();
    Served::start(&state).stop();
}

#[test]
fn a_damaged_state_is_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("device.json");
    fs::write(&state, "{").unwrap();
    let message = format!(
        "error: {}: this is not the intact state of a virtual device (EOF while parsing an object at line 1 column 1); it was \
         left as it is: put back a copy of it, or name another file to start with a factory-new device",
        state.display()
    );
    refused(&mut device(&state, &[]), 2, &message);
    assert_eq!(fs::read_to_string(&state).unwrap(), "{");
}

#[test]
fn the_state_of_one_device_is_not_served_as_another() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("device.json");
    serve(7_550_099, &state);
    let message = format!(
        "error: {}: this is the virtual device 7550099, not 7550054; ask for 7550099, or name another file for 7550054",
        state.display()
    );
    refused(&mut device(&state, &[]), 2, &message);
}
