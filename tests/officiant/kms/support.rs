//! An AWS KMS of a test's own, and the step that asks it.

use crate::support::officiant;
use base64ct::{Base64, Encoding};
use p256::pkcs8::EncodePublicKey;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use tempfile::TempDir;

pub const ARN: &str = "arn:aws:kms:eu-west-1:123456789012:key/751429f1-0aea-4bd8-b450-bb1bce6b058f";

/// What is asked, as the service sees it: the head of the request, and its body.
pub struct Request {
    pub head: String,
    pub body: Value,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find_map(|(header, value)| header.eq_ignore_ascii_case(name).then(|| value.trim()))
    }
}

/// A service that answers every request in one way.
pub struct Service {
    pub url: String,
    asked: Arc<AtomicUsize>,
}

impl Service {
    pub fn start(answer: impl Fn(Request) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, answer) = (asked.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                let answer = answer.clone();
                thread::spawn(move || serve(stream.unwrap(), &*answer));
            }
        });
        Self { url, asked }
    }

    /// How often somebody has connected.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, answer: &dyn Fn(Request) -> Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let mut request = Request { head, body: Value::Null };
    let length = request.header("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    request.body = serde_json::from_slice(&body).unwrap_or_default();
    // Whoever hangs up has heard enough.
    let _ = reader.get_mut().write_all(&answer(request));
}

/// An answer with that status.
pub fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.1\r\n{headers}content-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A public key on P-256, the same for the same byte: `SubjectPublicKeyInfo`, DER.
pub fn p256(seed: u8) -> Vec<u8> {
    let key = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap();
    key.verifying_key().to_public_key_der().unwrap().into_vec()
}

/// What KMS says of a key, with its public half.
pub fn said(der: &[u8]) -> Value {
    json!({
        "KeyId": ARN, "KeySpec": "ECC_NIST_P256", "CustomerMasterKeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY",
        "SigningAlgorithms": ["ECDSA_SHA_256"], "PublicKey": Base64::encode_string(der),
    })
}

/// A service that has the key.
pub fn genuine() -> Service {
    Service::start(|_| http("200 OK", "", &serde_json::to_vec(&said(&p256(7))).unwrap()))
}

/// Somebody's AWS configuration, and a folder to work in.
pub struct Desk {
    pub folder: TempDir,
    configuration: TempDir,
}

pub const ID: &str = "AKIACANARYCANARY4711";
pub const SECRET: &str = "canary/Secret+key/that/nobody/may/see/01";
pub const TOKEN: &str = "canaryTokenThatIsSentAlongAndComesBack02";

impl Desk {
    pub fn new() -> Self {
        let configuration = TempDir::new().unwrap();
        let credentials = |profile: &str, id: &str| {
            let keys =
                format!("aws_access_key_id = {id}\naws_secret_access_key = {SECRET}\naws_session_token = {TOKEN}\n");
            format!("[{profile}]\n{keys}")
        };
        let text = [credentials("default", ID), credentials("ceremony", "AKIACEREMONY")].join("\n");
        fs::write(configuration.path().join("credentials"), text).unwrap();
        let process = configuration.path().join("process.json");
        let said =
            json!({ "Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": SECRET, "SessionToken": TOKEN });
        fs::write(&process, said.to_string()).unwrap();
        let process = format!("[profile process]\ncredential_process = cat {}\n", process.display());
        fs::write(configuration.path().join("config"), format!("[default]\nregion = us-west-2\n{process}")).unwrap();
        Self { folder: TempDir::new().unwrap(), configuration }
    }

    /// Where the configuration is.
    pub fn configuration(&self) -> &Path {
        self.configuration.path()
    }

    /// The variables by which programs find it.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("AWS_SHARED_CREDENTIALS_FILE", self.configuration().join("credentials")),
            ("AWS_CONFIG_FILE", self.configuration().join("config")),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ]
    }

    /// The step by itself.
    pub fn step(&self, words: &[&str]) -> Command {
        let mut command = officiant();
        command.current_dir(self.folder.path()).envs(self.environment());
        command.args(["step", "kms.public-key", "out=key.pem"]).args(words);
        command
    }

    /// The step at a service: its outputs, or what it says.
    pub fn asks(&self, url: &str, words: &[&str]) -> Result<Value, String> {
        let endpoint = format!("kms.endpoint={url}");
        let key = format!("key={ARN}");
        let output = self.step(&[&[&*key, "--bind", &endpoint][..], words].concat()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        match output.status.code() {
            Some(0) => Ok(serde_json::from_slice(&output.stdout).unwrap()),
            Some(1) => Err(stderr),
            code => panic!("exit {code:?}: {stderr}"),
        }
    }
}
