//! A TUF repository of `PyPI`'s size, made and verified, beside python-tuf and beside the bytes themselves.
//!
//! `cargo bench --bench tuf [-- BINS TARGETS]`; 16,384 bins and 1,000,000 targets unless said otherwise. It prints ratios: times are
//! the machine's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signer, SigningKey, Verifier};
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rand_core::OsRng;
use sha2::{Digest, Sha256};
use std::{
    env,
    fs::{self, File},
    io::{BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

fn main() {
    let mut numbers = env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let (bins, targets) = (numbers.next().unwrap_or(16_384), numbers.next().unwrap_or(1_000_000));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!("{bins} bins, {targets} targets, {cores} cores; everything in files of this machine's temporary folder");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    list(&at("targets.jsonl"), targets);
    let online = SigningKey::generate(&mut OsRng);
    private(&at("online.pem"), &pem_of(&online));
    let root = p256::ecdsa::SigningKey::random(&mut OsRng);
    private(&at("root.pem"), &root.to_pkcs8_pem(LineEnding::LF).unwrap());
    fs::write(at("root.pub.pem"), root.verifying_key().to_public_key_pem(LineEnding::LF).unwrap()).unwrap();

    let mut initialize = officiant(folder.path());
    initialize.args(["step", "tuf.initialize", "--yes", "root_threshold=1", "out=repo", "to_sign=unsigned"]);
    for (name, file) in [("root_keys", "root.pub.pem"), ("online_key_file", "online.pem"), ("targets", "targets.jsonl")]
    {
        initialize.arg(format!("{name}={}", at(file).display()));
    }
    let ours = run(initialize.arg(format!("bins={bins}"))).expect("it was not initialised");
    let files = files(&at("repo/metadata"));
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    println!("{} files, {} MB", files.len(), bytes / 1_000_000);
    let floor = initialize_floor(&files, &online, &at("floor"), cores);
    row("initialize", ours, "hashing, signing, writing", floor);

    let Some(python) = python() else {
        println!("python-tuf is not installed: make peers");
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/tuf_bench.py");
    let mut theirs = Command::new(&python);
    theirs.arg(script).arg("initialize").args([at("targets.jsonl"), at("online.pem"), at("theirs")]);
    let theirs = run(theirs.arg(bins.to_string())).expect("python-tuf made no repository");
    row("initialize", ours, "python-tuf", theirs);

    let mut sign = Command::new(&python);
    sign.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/tuf_repository.py")).arg("sign");
    run(sign.args([at("unsigned"), at("repo/metadata"), at("root.pem")])).expect("nobody signed");
    let mut verify = officiant(folder.path());
    verify.args(["step", "tuf.verify"]).arg(format!("metadata={}", at("repo/metadata").display()));
    let Some(ours) = run(&mut verify) else {
        println!("tuf.verify does not take the repository");
        return;
    };
    row("verify", ours, "reading, hashing, verifying", verify_floor(&at("repo/metadata"), &online, cores));
    let mut theirs = Command::new(&python);
    theirs.arg(script).arg("verify").arg(at("repo/metadata"));
    row("verify", ours, "python-tuf", run(&mut theirs).expect("python-tuf does not take the repository"));
}

fn officiant(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_officiant"));
    command.stdin(Stdio::null()).current_dir(folder).env_remove("RUST_LOG");
    command
}

/// How long a command takes; nothing when it fails.
fn run(command: &mut Command) -> Option<Duration> {
    let begun = Instant::now();
    let output = command.output().unwrap();
    let took = begun.elapsed();
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success().then_some(took)
}

fn row(what: &str, took: Duration, beside: &str, other: Duration) {
    let ratio = took.as_secs_f64() / other.as_secs_f64();
    println!(
        "{what:<12} {:>8.2} s   {ratio:>6.3} × {beside} ({:.2} s), {:.1} times as fast",
        took.as_secs_f64(),
        other.as_secs_f64(),
        1.0 / ratio
    );
}

fn list(path: &Path, targets: usize) {
    let mut list = BufWriter::new(File::create(path).unwrap());
    for target in 0..targets {
        let name = format!(
            "packages/{:02x}/{:02x}/package-{target}/package_{target}-1.0.0-py3-none-any.whl",
            target % 97,
            target % 89
        );
        let hash = hex::encode(Sha256::digest(&name));
        writeln!(list, "{{\"path\":\"{name}\",\"length\":{target},\"hashes\":{{\"sha256\":\"{hash}\"}}}}").unwrap();
    }
    list.flush().unwrap();
}

fn private(path: &Path, pem: &str) {
    fs::write(path, pem).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// PKCS#8 of an ed25519 key (RFC 8410, 7).
fn pem_of(key: &SigningKey) -> String {
    let mut der = hex::decode("302e020100300506032b657004220420").unwrap();
    der.extend_from_slice(&key.to_bytes());
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", Base64::encode_string(&der))
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// What is signed in a file of ours: after its key to the brace at the end.
fn signed(file: &[u8]) -> &[u8] {
    let start = memchr::memmem::find(file, b"\"signed\":").unwrap() + 9;
    &file[start..file.len() - 1]
}

/// Hashes, signs and writes the same bytes on all cores, and puts them on the disk.
fn initialize_floor(files: &[(PathBuf, Vec<u8>)], key: &SigningKey, folder: &Path, cores: usize) -> Duration {
    fs::create_dir(folder).unwrap();
    let begun = Instant::now();
    thread::scope(|scope| {
        for part in files.chunks(files.len().div_ceil(cores)) {
            scope.spawn(move || {
                for (path, bytes) in part {
                    std::hint::black_box((Sha256::digest(bytes), key.sign(signed(bytes))));
                    fs::write(folder.join(path.file_name().unwrap()), bytes).unwrap();
                }
            });
        }
    });
    assert!(Command::new("sync").arg("-f").arg(folder).status().unwrap().success());
    begun.elapsed()
}

/// Reads, hashes and verifies the same bytes on all cores.
fn verify_floor(folder: &Path, key: &SigningKey, cores: usize) -> Duration {
    let key = key.verifying_key();
    let paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let begun = Instant::now();
    thread::scope(|scope| {
        for part in paths.chunks(paths.len().div_ceil(cores)) {
            scope.spawn(move || {
                for path in part {
                    let bytes = fs::read(path).unwrap();
                    std::hint::black_box(Sha256::digest(&bytes));
                    // Those that are signed offline have another key, and are four among thousands.
                    let Some(at) = memchr::memmem::find(&bytes, b"\"sig\":\"") else { continue };
                    let Ok(signature) = hex::decode(&bytes[at + 7..at + 7 + 128]) else { continue };
                    if let Ok(signature) = ed25519_dalek::Signature::from_slice(&signature) {
                        let _ = std::hint::black_box(key.verify(signed(&bytes), &signature));
                    }
                }
            });
        }
    });
    begun.elapsed()
}

fn python() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/peers");
    let peers = env::var_os("OFFICIANT_PEERS_VENV").map_or(here, PathBuf::from);
    Some(peers.join("bin/python")).filter(|python| {
        Command::new(python).args(["-c", "import tuf"]).output().is_ok_and(|output| output.status.success())
    })
}
