//! A TUF repository of `PyPI`'s size, made and verified, beside python-tuf and beside the bytes themselves.
//!
//! `cargo bench --bench tuf [-- BINS TARGETS]`; 16,384 bins and 1,000,000 targets unless said otherwise. It prints ratios: times are
//! the machine's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signer, SigningKey};
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
    time::Instant,
};

/// How often what takes seconds is done; the fastest counts.
const TIMES: usize = 3;

fn main() {
    let mut numbers = env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let (bins, targets) = (numbers.next().unwrap_or(16_384), numbers.next().unwrap_or(1_000_000));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{bins} bins, {targets} targets; {}; everything in files of this machine's temporary folder",
        machine(cores)
    );
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    list(&at("targets.jsonl"), targets);
    let online = SigningKey::generate(&mut OsRng);
    private(&at("online.pem"), &pem_of(&online));
    let root = p256::ecdsa::SigningKey::random(&mut OsRng);
    private(&at("root.pem"), &root.to_pkcs8_pem(LineEnding::LF).unwrap());
    fs::write(at("root.pub.pem"), root.verifying_key().to_public_key_pem(LineEnding::LF).unwrap()).unwrap();

    let ours = fastest(|| {
        empty(&at("products"));
        let mut initialize = officiant(&at("products"));
        initialize.args(["step", "tuf.initialize", "--yes", "root_threshold=1", "out=repo", "to_sign=unsigned"]);
        for (name, file) in
            [("root_keys", "root.pub.pem"), ("online_key_file", "online.pem"), ("targets", "targets.jsonl")]
        {
            initialize.arg(format!("{name}={}", at(file).display()));
        }
        run(initialize.arg(format!("bins={bins}"))).expect("it was not initialised")
    });
    let metadata = at("products/repo/metadata");
    let files = files(&metadata);
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    println!("{} files, {} MB", files.len(), bytes / 1_000_000);
    let floor = fastest(|| {
        empty(&at("floor"));
        initialize_floor(&files, &online, &at("floor"), cores)
    });
    row("initialize", ours, "hashing, signing and writing", floor);
    drop(files);

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
    run(sign.args([at("products/unsigned"), metadata.clone(), at("root.pem")])).expect("nobody signed");
    let ours = fastest(|| {
        let mut verify = officiant(folder.path());
        verify.args(["step", "tuf.verify"]).arg(format!("metadata={}", metadata.display()));
        run(&mut verify).expect("tuf.verify does not take the repository")
    });
    row("verify", ours, "reading, hashing and verifying", fastest(|| verify_floor(&metadata, &online, cores)));
    let mut theirs = Command::new(&python);
    theirs.arg(script).arg("verify").arg(&metadata);
    row("verify", ours, "python-tuf", run(&mut theirs).expect("python-tuf does not take the repository"));
}

/// What something took, in seconds.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    /// On all cores together.
    cpu: f64,
}

/// Seconds on a core that this process and those that it waited for have had so far (`times(2)` in ticks of 1/100 s, which is
/// what `proc_pid_stat(5)` counts in); 0 where there is no `/proc`.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(4).filter_map(|ticks| ticks.parse::<u32>().ok());
    f64::from(ticks.sum::<u32>()) / 100.0
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Took) {
    let (begun, before) = (Instant::now(), cpu());
    let done = work();
    (done, Took { wall: begun.elapsed().as_secs_f64(), cpu: cpu() - before })
}

fn fastest(mut work: impl FnMut() -> Took) -> Took {
    let all = (0..TIMES).map(|_| work());
    all.min_by(|one, other| one.wall.total_cmp(&other.wall)).expect("it is done more than once")
}

/// The cores, and what else they have to do.
fn machine(cores: usize) -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().map(|load| format!(", load {load} before")).unwrap_or_default();
    format!("{cores} cores{load}")
}

fn empty(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir(folder).unwrap();
}

fn officiant(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_officiant"));
    command.stdin(Stdio::null()).current_dir(folder).env_remove("RUST_LOG");
    command
}

/// What a command takes; nothing when it fails.
fn run(command: &mut Command) -> Option<Took> {
    let (output, took) = timed(|| command.output().unwrap());
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success().then_some(took)
}

fn row(what: &str, ours: Took, beside: &str, other: Took) {
    println!("{what} beside {beside}");
    for (name, ours, other) in [("wall", ours.wall, other.wall), ("CPU", ours.cpu, other.cpu)] {
        let (ratio, times) = (ours / other, other / ours);
        println!("  {name:<5}{ours:>7.2} s to {other:>6.2} s: {ratio:>6.3} of it, {times:>5.1} times as fast");
    }
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
fn initialize_floor(files: &[(PathBuf, Vec<u8>)], key: &SigningKey, folder: &Path, cores: usize) -> Took {
    let work = || {
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
    };
    timed(work).1
}

/// Reads, hashes and verifies the same bytes on all cores.
fn verify_floor(folder: &Path, key: &SigningKey, cores: usize) -> Took {
    let key = key.verifying_key();
    let paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let work = || {
        thread::scope(|scope| {
            for part in paths.chunks(paths.len().div_ceil(cores)) {
                scope.spawn(move || {
                    for path in part {
                        let bytes = fs::read(path).unwrap();
                        std::hint::black_box(Sha256::digest(&bytes));
                        // Those that are signed offline have another key, and are three among thousands.
                        let Some(at) = memchr::memmem::find(&bytes, b"\"sig\":\"") else { continue };
                        let Ok(signature) = hex::decode(&bytes[at + 7..at + 7 + 128]) else { continue };
                        if let Ok(signature) = ed25519_dalek::Signature::from_slice(&signature) {
                            let _ = std::hint::black_box(key.verify_strict(signed(&bytes), &signature));
                        }
                    }
                });
            }
        });
    };
    timed(work).1
}

fn python() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/peers");
    let peers = env::var_os("OFFICIANT_PEERS_VENV").map_or(here, PathBuf::from);
    Some(peers.join("bin/python")).filter(|python| {
        Command::new(python).args(["-c", "import tuf"]).output().is_ok_and(|output| output.status.success())
    })
}
