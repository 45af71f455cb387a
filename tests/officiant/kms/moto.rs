//! Beside what we did not write: `moto` in the place of AWS, and securesystemslib's `AWSSigner`, through which tuf-on-ci imports.

use super::support::Desk;
use crate::yubikeys::support::{installed, path_of};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, ChildStderr, Command, Stdio},
};

/// A loopback AWS; it ends with the test.
pub struct Moto {
    server: Child,
    _log: BufReader<ChildStderr>,
    pub url: String,
}

impl Moto {
    pub fn start() -> Self {
        let mut command = Command::new(path_of("moto_server").unwrap());
        command.args(["-H", "127.0.0.1", "-p", "0"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let mut log = BufReader::new(server.stderr.take().unwrap());
        let mut url = None;
        let mut said = String::new();
        while url.is_none() {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "moto_server did not start:\n{said}");
            url = line.split_once("Running on ").map(|(_, url)| url.trim().to_string());
            said.push_str(&line);
        }
        Self { server, _log: log, url: url.unwrap() }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

pub fn peer(desk: &Desk, url: &str, words: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/kms_key.py");
    let mut python = Command::new(path_of("python").unwrap());
    python.arg(script).args(words).envs(desk.environment());
    let output = python.env("AWS_ENDPOINT_URL", url).env("AWS_DEFAULT_REGION", "eu-west-1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_string()
}

#[test]
fn a_key_is_the_same_as_securesystemslib_and_tuf_on_ci_import_it() {
    if !installed(&["python", "moto_server"]) {
        return;
    }
    let (desk, moto) = (Desk::new(), Moto::start());
    for (spec, scheme, theirs) in [
        ("ECC_NIST_P256", None, "ecdsa-sha2-nistp256"),
        ("ECC_NIST_P384", Some("ECDSA_SHA_384"), "ecdsa-sha2-nistp384"),
        ("RSA_2048", Some("RSASSA_PSS_SHA_256"), "rsassa-pss-sha256"),
    ] {
        let arn = peer(&desk, &moto.url, &["make", spec]);
        let imported: Value = serde_json::from_str(&peer(&desk, &moto.url, &["import", &arn, theirs])).unwrap();
        let (key, out) = (format!("key={arn}"), format!("out={spec}.pem"));
        let scheme = scheme.map(|scheme| format!("scheme={scheme}"));
        let words = [Some(key.as_str()), Some(&out), scheme.as_deref()];
        // The endpoint as the aws command is told it; the region is the ARN's, not that of the configuration.
        let mut step = desk.step(&words.into_iter().flatten().collect::<Vec<_>>());
        let output = step.env("AWS_ENDPOINT_URL", &moto.url).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let outputs: Value = serde_json::from_slice(&output.stdout).unwrap();
        for name in ["uri", "keyid", "keyid_with_uri", "scheme", "keytype"] {
            assert_eq!(outputs[name], imported[name], "{name}");
        }
        let pem = fs::read_to_string(desk.folder.path().join(format!("{spec}.pem"))).unwrap();
        assert_eq!(pem, imported["pem"].as_str().unwrap());
        assert_eq!((&outputs["arn"], &outputs["endpoint"]), (&arn.into(), &moto.url.clone().into()));
    }
    let nobodys = super::support::ARN;
    let said = desk.asks(&moto.url, &[&format!("key={nobodys}")]).unwrap_err();
    assert!(said.contains("KMS has no such key") && said.contains("compare the ARN"), "{said}");
}
