//! Whether a recorded verification holds.
//!
//! The files are judged once more from the ceremony folder, as of the recorded time. A root is one whose SHA-256 is in the
//! program, or that the auditor brought; files outside the folder, and a root that the runbook alone vouches for, prove nothing.

use super::{
    anchors::{Brought, is_pinned, of_rehearsal, pin},
    device::Judge,
    folder::{DeviceFolder, Layout, is_serial, serial},
    verify::Arguments,
};
use crate::{
    files::Place,
    text::plain,
    x509::{self, Anchors},
};
use jiff::Timestamp;
use officiant_engine::{
    conduct::{Exhibit, Failure, Objection},
    record::digest_hex,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// What is wrong with a recorded verification, or not proved by it.
pub(super) fn objections(
    arguments: &Arguments,
    outputs: &Value,
    exhibit: &Exhibit<'_>,
) -> Result<Vec<Objection>, Objection> {
    let refused = |failure: Failure| Objection::wrong("arguments", failure.message);
    let (layout, expected) = (arguments.layout().map_err(refused)?, arguments.expected().map_err(refused)?);
    let at = time(arguments, outputs, exhibit)?;
    if outputs["kind"] != serde_json::to_value(arguments.kind).unwrap_or_default() {
        return Err(Objection::wrong("attestation", "what came of the step is about another kind of device"));
    }
    let Place::Product(folder) = Place::of(&arguments.folder).map_err(refused)? else {
        let message = "the attestations are outside the ceremony folder, and cannot be verified again from it";
        return Err(Objection::unproven("outside", message));
    };
    let mut objections: Vec<_> = of_other_anchors(arguments, outputs).map_err(refused)?.into_iter().collect();
    let (anchors, by_runbook) = anchors(arguments, outputs, exhibit);
    if !anchors.has_root() {
        let message =
            "that the devices are the vendor's is not proved: no root was brought to lead their certificates to";
        objections.push(Objection::unproven("anchors", message));
    }
    let anchors = anchors.has_root().then_some(&anchors);
    let judge = Judge { layout: &layout, expected: &expected, anchors, rehearsal: exhibit.rehearsal(), at };
    let mut serials = Vec::new();
    for recorded in outputs["devices"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let (device, missing) = device_folder(&folder, recorded, exhibit)?;
        serials.push(device.serial);
        if let Some(missing) = missing {
            objections.push(missing);
            continue;
        }
        let judged = judge.judge(&device);
        let wrong = |fault: &String| Objection::wrong("attestation", format!("{}: {fault}", judged.serial));
        objections.extend(judged.faults.iter().map(wrong));
        if judged.root.as_ref().is_some_and(|root| by_runbook.contains(root)) {
            let message =
                format!("{}: the root that it leads to is one that the runbook alone vouches for", judged.serial);
            objections.push(Objection::unproven("pins", message));
        }
        let (mut now, mut then) = (serde_json::to_value(&judged).unwrap_or_default(), recorded.clone());
        let led = [now["chain"].take(), now["root"].take()] == [then["chain"].take(), then["root"].take()];
        if now != then {
            let message = format!("what the record says of the device {} is not what its files say", judged.serial);
            objections.push(Objection::wrong("attestation", message));
        }
        if judged.root.is_some() && !led {
            let message = format!("the device {} leads to another root than the record says", judged.serial);
            objections.push(Objection::wrong("attestation", message));
        }
    }
    objections.extend(left_out(&folder, &layout, outputs, exhibit));
    if serials.is_empty() {
        objections.push(Objection::wrong("attestation", "there is no device among what came of the step"));
    }
    let faults = arguments.serial_faults(&serials, exhibit.this().serial);
    objections.extend(faults.into_iter().map(|fault| Objection::wrong("attestation", fault)));
    Ok(objections)
}

/// Files that earlier steps had put into the devices' folders, and that the step would have looked at: all of them are among
/// those that the record says it looked at. Otherwise whoever writes the record anew would choose what is judged.
fn left_out(folder: &str, layout: &Layout, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
    let devices = outputs["devices"].as_array().into_iter().flatten();
    let files = devices.flat_map(|device| device["files"].as_array().into_iter().flatten());
    let looked_at: BTreeSet<&str> = files.filter_map(|file| file["path"].as_str()).collect();
    let mut there = BTreeSet::new();
    for step in exhibit.earlier().iter().filter(|step| step.finished) {
        texts(step.outputs.as_ref().unwrap_or_default(), &mut there);
    }
    let is_meant = |path: &&str| {
        let Some((device, file)) = path.rsplit_once('/') else { return false };
        let name = device.rsplit_once('/').map_or(device, |(_, name)| name);
        serial(name).is_some()
            && device == device_path(folder, name)
            && layout.knows(name, file)
            && !looked_at.contains(path)
            && exhibit.small_file(path).is_ok()
    };
    let wrong = |path| {
        let message = format!("`{}` was there, and is not among the files that the step looked at", plain(path));
        Objection::wrong("left-out", message)
    };
    there.into_iter().filter(is_meant).map(wrong).collect()
}

/// All texts in a value, which the paths of what a step made are among.
fn texts<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => drop(found.insert(text)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}

/// The folder of a device: the one that was named, when its name is a serial number, else one in it.
fn device_path(folder: &str, name: &str) -> String {
    match folder.rsplit_once('/') {
        Some((_, last)) if is_serial(last) => folder.to_string(),
        _ => format!("{folder}/{name}"),
    }
}

/// When everything was valid: as the runbook says, or while the step was performed.
fn time(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Result<Timestamp, Objection> {
    let recorded: Option<Timestamp> = outputs["at"].as_str().and_then(|at| at.parse().ok());
    let said = arguments.said_at().map_err(|failure| Objection::wrong("arguments", failure.message))?;
    let this = exhibit.this();
    match (said, recorded) {
        (Some(said), Some(recorded)) if said == recorded => Ok(said),
        (None, Some(recorded)) if (this.began..=this.at).contains(&recorded) => Ok(recorded),
        _ => Err(Objection::wrong("time", "the time as of which the step verified is not that of the step")),
    }
}

/// Objects to a file of anchors that is not in the folder of anchors.
fn of_other_anchors(arguments: &Arguments, outputs: &Value) -> Result<Option<Objection>, Failure> {
    let folder = arguments.anchors.as_deref().map(Place::of).transpose()?.map(|place| place.name());
    let is_below = |path: &str| {
        let below = folder.as_ref().and_then(|folder| path.strip_prefix(folder.as_str()));
        below.is_some_and(|below| folder.as_deref() == Some("/") || below.starts_with('/'))
    };
    let mut files = outputs["anchors"].as_array().into_iter().flatten();
    let other = files.find(|file| !file["path"].as_str().is_some_and(is_below));
    Ok(other
        .map(|_| Objection::wrong("anchors", "the record has anchors that are not in the step's folder of anchors")))
}

/// The anchors that are at hand, and the roots among them, by SHA-256, that only the runbook vouches for.
fn anchors(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> (Anchors, Vec<String>) {
    let auditors: Vec<_> = exhibit.anchors().iter().filter_map(|der| x509::from_der(der).ok()).collect();
    let mut brought = Brought::default();
    let files = outputs["anchors"].as_array().map(Vec::as_slice).unwrap_or_default();
    for path in files.iter().filter_map(|file| file["path"].as_str()) {
        if let Ok(Place::Product(path)) = Place::of(path)
            && let Ok(bytes) = exhibit.file(&path)
        {
            // What is not what it was is of no use; that it is, is looked at where it was made.
            let _ = brought.add(path, &bytes);
        }
    }
    let vouched = |root: &_| auditors.contains(root) || is_pinned(arguments.kind, root);
    let by_runbook: Vec<String> =
        brought.certificates.iter().filter(|it| !vouched(it)).map(pin).filter(|root| arguments.pins(root)).collect();
    let all: Vec<_> = auditors.iter().chain(&brought.certificates).cloned().collect();
    let mut anchors = Anchors::new(all, |root| vouched(root) || by_runbook.contains(&pin(root)));
    if exhibit.rehearsal() {
        anchors = anchors.and(of_rehearsal(|path| exhibit.small_file(path).ok()));
    }
    (anchors, by_runbook)
}

/// A device's folder as the record has it, read once more; an objection when files of it are gone.
///
/// # Errors
/// The record is not about the folder that the step is about, or a file is not what it was.
fn device_folder(
    folder: &str,
    recorded: &Value,
    exhibit: &Exhibit<'_>,
) -> Result<(DeviceFolder, Option<Objection>), Objection> {
    let elsewhere = || Objection::wrong("path", "what came of the step is about another folder than the step");
    let path = recorded["folder"].as_str().ok_or_else(elsewhere)?;
    let (_, name) = path.rsplit_once('/').ok_or_else(elsewhere)?;
    if path != device_path(folder, name) {
        return Err(elsewhere());
    }
    let serial = serial(name).ok_or_else(elsewhere)?;
    let (name, path) = (name.to_string(), path.to_string());
    let mut device = DeviceFolder { name, serial, path, files: Vec::new(), faults: Vec::new() };
    let mut missing = None;
    for file in recorded["files"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let full = file["path"].as_str().ok_or_else(elsewhere)?;
        let name = full.strip_prefix(&device.path).and_then(|rest| rest.strip_prefix('/')).ok_or_else(elsewhere)?;
        if name.contains('/') {
            return Err(elsewhere());
        }
        match exhibit.small_file(full) {
            Ok(bytes) if file["sha256"].as_str() == Some(&digest_hex(&bytes)) => {
                device.files.push((name.to_string(), bytes));
            }
            Ok(_) => {
                return Err(Objection::wrong("digest", format!("`{}` is not what the step saw there", plain(full))));
            }
            Err(error) => {
                let message = format!("what the step saw is not there any more: {error}");
                missing = Some(Objection::unproven("file", message));
            }
        }
    }
    Ok((device, missing))
}
