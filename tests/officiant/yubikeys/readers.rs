//! `officiant device readers`.

use super::support::{VirtualReaders, installed};
use crate::{
    devices::{Running, refused, until},
    support::officiant,
};
use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

fn readers(arguments: &[&str]) -> Command {
    let mut command = officiant();
    command.args(["device", "readers", "--port", "0"]).args(arguments);
    command
}

/// Whether both ports are free again.
fn are_free(port: u16) -> bool {
    [port, port + 1].iter().all(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_command_has_two_empty_readers_and_its_exit_code_is_kept() {
    if !installed(&["pcscd", "opensc-tool"]) {
        return;
    }
    let command = "opensc-tool --list-readers; echo $OFFICIANT_READERS; exit 7";
    let output = readers(&["--", "sh", "-c", command]).output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("0    No              Yubico YubiKey CCID 00 00\n"), "{said}");
    assert!(said.contains("1    No              Yubico YubiKey CCID 00 01\n"), "{said}");
    let port = said.trim_end().rsplit_once("127.0.0.1:").unwrap().1.parse().unwrap();
    until("the readers are gone", || are_free(port));
}

#[test]
fn a_command_that_is_not_there_is_named() {
    if installed(&["pcscd"]) {
        let message = "error: /nowhere/at-all: No such file or directory (os error 2)";
        refused(&mut readers(&["--", "/nowhere/at-all"]), 2, message);
    }
}

#[test]
fn nothing_is_left_behind_when_the_program_is_killed() {
    if !installed(&["pcscd"]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut command = readers(&[]);
    command.env("TMPDIR", folder.path());
    let mut process = Running::start(command);
    let mut said = BufReader::new(process.0.as_mut().unwrap().stdout.take().unwrap());
    let mut line = || {
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        line
    };
    let (socket, first) = (line(), line());
    let socket = socket.trim_end().strip_prefix("PCSCLITE_CSOCK_NAME=").unwrap().to_string();
    let port: u16 = first.trim_end().strip_prefix("OFFICIANT_READERS=127.0.0.1:").unwrap().parse().unwrap();
    assert!(fs::exists(&socket).unwrap());
    assert!(!are_free(port), "nothing waits for a card at {port}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "there are files in TMPDIR");
    process.kill();
    until("the service is gone", || !Path::new(&socket).exists() && are_free(port));
}

#[test]
fn the_service_finds_no_driver_of_a_real_reader() {
    let Some(readers) = VirtualReaders::start(&[]) else { return };
    let root = readers.socket().strip_suffix("/run/pcscd/pcscd.comm").unwrap();
    let drivers = Path::new(root).join("usr/lib/pcsc/drivers");
    assert_eq!(fs::read_dir(drivers).unwrap().count(), 0);
    assert!(fs::read_dir("/usr/lib/pcsc/drivers").unwrap().count() > 0, "they are hidden from everybody");
}

#[test]
fn whoever_is_not_root_has_virtual_readers_too() {
    if !installed(&["pcscd", "opensc-tool"]) {
        return;
    }
    // The program may lie where others may not look.
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (program, here) = (folder.path().join("officiant"), env!("CARGO_BIN_EXE_officiant"));
    fs::hard_link(here, &program).or_else(|_| fs::copy(here, &program).map(drop)).unwrap();
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut command = Command::new(if is_root { "setpriv".as_ref() } else { program.as_os_str() });
    if is_root {
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&program);
    }
    command.args(["device", "readers", "--port", "0", "--", "opensc-tool", "--list-readers"]).current_dir("/");
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = said(&output);
    if said.contains("let users make one") {
        // A container may forbid it; then this is what they are told.
        assert_eq!(output.status.code(), Some(2), "{said}");
        eprintln!("skipped: {said}");
        return;
    }
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Yubico YubiKey CCID 00 01"), "{said}");
}

/// pcscd from 2.0 on, as far as its options go.
const NEWER_PCSCD: &str = r#"#!/bin/sh
for option; do
    shift
    case "$option" in
        --help) echo '  --disable-polkit	disable polkit support'; exit ;;
        --disable-polkit) touch "${0%/*}/told" ;;
        *) set -- "$@" "$option" ;;
    esac
done
PATH=/usr/sbin:/usr/bin:/sbin:/bin exec pcscd "$@"
"#;

#[test]
fn a_service_that_would_ask_polkit_is_told_not_to() {
    if !installed(&["pcscd", "opensc-tool"]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let pcscd = folder.path().join("pcscd");
    fs::write(&pcscd, NEWER_PCSCD).unwrap();
    fs::set_permissions(&pcscd, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let output = readers(&["--", "opensc-tool", "--list-readers"]).env("PATH", path).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(folder.path().join("told").exists());
}

#[test]
fn ports_that_are_taken_are_refused_with_what_to_do() {
    let Some(others) = VirtualReaders::start(&[]) else { return };
    let port = others.port();
    let message = format!(
        "error: could not listen on ports {port} and {}: Address already in use (os error 98); are other virtual readers \
         running, or has the system's own pcscd vpcd's readers? Name another port, or 0 for any",
        port + 1
    );
    refused(officiant().args(["device", "readers", "--port", &port.to_string()]), 2, &message);
}

#[test]
fn what_is_missing_is_named_with_its_package() {
    if !installed(&["pcscd"]) {
        return;
    }
    let message = "error: virtual YubiKeys need virtual card readers, and for those there is no unshare and no setpriv; install \
                   it: apt-get install util-linux, or what your system calls that";
    refused(readers(&[]).env("PATH", "/nowhere"), 2, message);
}
