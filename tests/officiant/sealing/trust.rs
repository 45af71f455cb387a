//! What an auditor trusts.

use super::support::{conducted, refused, rehearsed, sealed};
use crate::support::officiant;
use std::{fs, process::Command, process::Stdio};
use tempfile::TempDir;

#[test]
fn a_trust_folder_says_what_is_wrong_with_it() {
    let ceremony = conducted();
    let folder = TempDir::new().unwrap();
    let mut command = officiant();
    command.arg("replay").arg(ceremony.folder()).arg("--trust").arg(folder.path());
    refused(&mut command, 2, "holds nothing to be trusted");
    fs::write(folder.path().join("root.pem"), "no certificate").unwrap();
    refused(&mut command, 2, "root.pem` in the trust folder: it holds no certificate");
    fs::remove_file(folder.path().join("root.pem")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("allowed_signers")).unwrap();
    refused(&mut command, 2, "allowed_signers` in the trust folder: it is no regular file");
    refused(command.arg("--trust-me"), 2, "--trust");
}

#[test]
fn a_record_does_not_vouch_for_itself() {
    let ceremony = conducted();
    sealed(&ceremony, "witness", "ed25519");
    let mut command = officiant();
    command.arg("replay").arg(ceremony.folder()).arg("--trust").arg(ceremony.folder().join("products/../seals"));
    refused(&mut command, 2, "is part of the record, which cannot vouch for itself");
}

#[test]
fn certificates_in_a_trust_folder_are_read_as_pem_and_der() {
    let folder = TempDir::new().unwrap();
    let script = "
        for name in a b; do
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -out $name.pem -subj /CN=$name
        done
        { echo about a; cat a.pem; echo about b; cat b.pem; } > both.crt
        openssl x509 -in a.pem -outform der -out a.der
        rm b.pem
        echo hello > README
    ";
    let made = Command::new("sh").args(["-ec", script]).current_dir(folder.path()).stderr(Stdio::null()).status();
    assert!(made.unwrap().success());
    let ceremony = rehearsed();
    let output = officiant().arg("replay").arg(ceremony.folder()).arg("--trust").arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "note: `README` in the trust folder was not looked at: its name is none of what is trusted\n");
    fs::write(folder.path().join("cut.pem"), fs::read(folder.path().join("a.pem")).unwrap().split_at(300).0).unwrap();
    let output = officiant().arg("replay").arg(ceremony.folder()).arg("--trust").arg(folder.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("cut.pem` in the trust folder"), "{output:?}");
}
