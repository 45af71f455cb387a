//! The history of root: each version is signed by its own keys and by those of the version before.

use super::{
    super::metadata::{Document, count},
    file::{Judge, is_signed_once, lacking, of_file, signatures, verified},
    files::{Files, HISTORY, quoted},
    report::{Finding, Report},
};
use std::collections::{BTreeMap, BTreeSet};

/// The most versions of root that are looked at.
const MOST: usize = 10_000;

/// The most bytes in all of them, which are in memory at once.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// How many versions python-tuf's client goes on by at most (`tuf.ngclient.config`).
const CLIENT_ROTATIONS: usize = 256;

/// A root that is trusted to begin with.
pub(crate) struct Trusted {
    /// What its file is called for people.
    pub(crate) shown: String,
    pub(crate) bytes: Vec<u8>,
}

/// A version of root.
struct Version {
    file: String,
    bytes: Vec<u8>,
    document: Document,
}

impl Version {
    fn read(file: &str, bytes: Vec<u8>) -> Result<Self, String> {
        let of = |fault: String| format!("{}: {fault}", quoted(file));
        let document = Document::read(&bytes).map_err(of)?;
        is_signed_once(&document).map_err(of)?;
        if document.kind() != "root" {
            return Err(of(format!("it is of the type {}, not `root`", quoted(document.kind()))));
        }
        Ok(Self { file: file.to_string(), bytes, document })
    }
}

/// The newest root, after all those before it; `newest`: versions after this one are not looked at.
///
/// # Errors
/// Why one does not hold, with the file's name.
pub(super) fn verify(
    judge: &Judge<'_>,
    trusted: Option<&Trusted>,
    newest: Option<u64>,
    report: &mut Report,
) -> Result<Document, String> {
    let mut versions = versions(judge.files, newest, report)?;
    let first = match trusted {
        Some(trusted) => {
            let root = Version::read(&trusted.shown, trusted.bytes.clone())?;
            let number = root.document.version()?;
            if let Some(other) = versions.get(&number).filter(|other| other.document.signed != root.document.signed) {
                let (file, shown) = (quoted(&other.file), quoted(&root.file));
                return Err(format!("{file} is another version {number} of root than {shown}, which is trusted"));
            }
            versions.insert(number, root);
            number
        }
        None => 1,
    };
    let Some(last) = versions.keys().next_back().copied() else {
        return Err("there is no root: neither `root.json` nor `1.root.json`".to_string());
    };
    let mut previous: Option<Version> = None;
    for number in first..=last {
        let Some(version) = versions.remove(&number) else {
            let from =
                if number == first && trusted.is_none() { "; name a `root` that is trusted instead" } else { "" };
            return Err(format!("version {number} of root is not there, and version {last} is{from}"));
        };
        is_signed(&version, previous.as_ref(), judge.event && number == last, number == last, report)?;
        report.root_versions.push(number);
        previous = Some(version);
    }
    if report.root_versions.len() > CLIENT_ROTATIONS {
        let message = format!("python-tuf's client goes on by {CLIENT_ROTATIONS} versions at most");
        report.found(Finding::new("client-limit", "root", message));
    }
    let Some(root) = previous else {
        return Err(format!("the trusted root is version {first}, which is newer than any that is there"));
    };
    let mut findings = Vec::new();
    let mut faults = Vec::new();
    judge.look_at_expiry(&root.file, &root.document, &mut faults, &mut findings)?;
    findings.extend(of_file(&root.file, "root", &root.bytes, &root.document.canonical(), &root.document));
    report.found_all(findings);
    for fault in &faults {
        report.fault(fault);
    }
    Ok(root.document)
}

/// The versions that are there, by their numbers.
fn versions(files: &Files, newest: Option<u64>, report: &mut Report) -> Result<BTreeMap<u64, Version>, String> {
    let mut versions = BTreeMap::<u64, Version>::new();
    let within = |number: u64| newest.is_none_or(|newest| number <= newest);
    let mut size = 0;
    if files.roots().len() > MOST {
        return Err(format!("there are more than {MOST} versions of root"));
    }
    for (number, names) in files.roots().iter().filter(|(number, _)| within(**number)) {
        for name in names {
            report.files += 1;
            let bytes = files.read(name).map_err(|fault| format!("{}: {fault}", quoted(name)))?;
            size += bytes.len();
            if size > MOST_BYTES {
                return Err(format!("the versions of root have more than {MOST_BYTES} bytes"));
            }
            let version = Version::read(name, bytes)?;
            let own = version.document.version()?;
            if own != *number {
                return Err(format!("{}: it is version {own}", quoted(name)));
            }
            add(&mut versions, version, own)?;
        }
    }
    if files.has("root.json") {
        report.files += 1;
        let bytes = files.read("root.json").map_err(|fault| format!("`root.json`: {fault}"))?;
        let version = Version::read("root.json", bytes)?;
        let own = version.document.version()?;
        let last = versions.keys().next_back().copied();
        if last.is_some_and(|last| own < last) {
            let message = format!("it is version {own}, and there is version {}", last.unwrap_or_default());
            report.found(Finding::new("older-root", "root.json", message));
        }
        if within(own) {
            add(&mut versions, version, own)?;
        }
    }
    let places: BTreeSet<_> = files.roots().values().flatten().map(|name| name.starts_with(HISTORY)).collect();
    for history in places {
        report.layout.push(if history { format!("{HISTORY}/N.root.json") } else { "N.root.json".to_string() });
    }
    Ok(versions)
}

fn add(versions: &mut BTreeMap<u64, Version>, version: Version, number: u64) -> Result<(), String> {
    match versions.get(&number) {
        Some(other) if other.bytes != version.bytes => {
            let [file, other] = [&version.file, &other.file].map(|name| quoted(name));
            Err(format!("{file} and {other} are both version {number} of root, and differ"))
        }
        Some(_) => Ok(()),
        None => {
            versions.insert(number, version);
            Ok(())
        }
    }
}

/// That the keys of the version before have signed it, and its own.
fn is_signed(
    version: &Version,
    previous: Option<&Version>,
    may_lack: bool,
    is_last: bool,
    report: &mut Report,
) -> Result<(), String> {
    let file = &version.file;
    let of = |fault: String| format!("{}: {fault}", quoted(file));
    let counted = |by: &Document| Ok(count(&version.document, &by.role("root")?, &by.keys()?));
    let own = counted(&version.document).map_err(of)?;
    let before = previous.map(|previous| counted(&previous.document)).transpose().map_err(of)?;
    let number = version.document.version().map_err(of)?;
    let mut judged = vec![(&own, format!("version {number} of root (its own)"))];
    judged.extend(before.as_ref().map(|before| (before, format!("version {} of root (the one before)", number - 1))));
    for (count, whose) in judged.iter().filter(|(count, _)| !count.is_reached()) {
        let lacking = lacking(count, whose);
        if !may_lack {
            return Err(of(lacking));
        }
        report.found(Finding::new("missing-signatures", file, lacking));
    }
    // The keys of the version before sign a version of which they are not.
    let counts_before = |id: &str| {
        let mut signed = before.iter().flat_map(|before| &before.signed);
        signed.any(|signer| signer.ids.iter().any(|it| it == id))
    };
    report.found_all(signatures(file, &own, counts_before));
    if is_last {
        report.roles.push(verified("root", file, &version.document, &own, 0).map_err(of)?);
    }
    Ok(())
}
