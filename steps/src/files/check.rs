//! `files.check`: files are there, and are what they should be.

use super::{
    Place,
    audit::{all_as_measured, at_its_place},
    measure::{Measured, Unmeasured, measure},
};
use officiant_engine::{
    conduct::{Effect, Exhibit, Failure, Objection, Stage, StepHandler},
    notation::nearest,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) struct Check;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The files; relative paths are below the ceremony folder's `products/`, absolute ones are anywhere.
    #[schemars(length(min = 1))]
    paths: Vec<String>,
    /// The SHA-256 (hex) that files must have, by their path as it stands in `paths`.
    #[serde(default)]
    sha256: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The files as they are now, in the order of `paths`.
    files: Vec<Measured>,
}

impl StepHandler for Check {
    const NAME: &'static str = "files.check";
    const SUMMARY: &'static str = "Checks that files are there, and that they have the digests they should have.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let Arguments { paths, sha256 } = arguments;
        if paths.is_empty() {
            return Err(wrong("there is no file to check".to_string(), "`paths`"));
        }
        for (path, digest) in &sha256 {
            if !paths.contains(path) {
                let near = nearest(path, paths.iter().map(String::as_str));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                return Err(wrong(format!("`sha256` names `{path}`, which `paths` does not{near}"), "`sha256`"));
            }
            if digest.len() != 64 || !digest.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(wrong(format!("`{digest}` is no SHA-256: 64 hexadecimal digits"), "`sha256`"));
            }
        }
        let (mut files, mut missing, mut others, mut differing) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for path in &paths {
            match measure(&Place::of(path)?, stage) {
                Ok(file) => {
                    let wanted = sha256.get(path).filter(|wanted| !wanted.eq_ignore_ascii_case(&file.sha256));
                    if let Some(wanted) = wanted {
                        differing.push(format!("`{}` has {}, not {}", file.path, file.sha256, wanted.to_lowercase()));
                    }
                    files.push(file);
                }
                Err(Unmeasured::Missing) => missing.push(format!("`{path}`")),
                Err(Unmeasured::NoFile(what)) => others.push(format!("`{path}` is {what}")),
                Err(Unmeasured::Failed(failure)) => return Err(failure),
            }
        }
        if !missing.is_empty() {
            let message = match missing.as_slice() {
                [one] => format!("this file is missing: {one}"),
                all => format!("these files are missing: {}", all.join(", ")),
            };
            return Err(Failure::new("missing", message).next("put what is missing in its place and try again"));
        }
        if !others.is_empty() {
            let message = format!("not everything is a file: {}", others.join(", "));
            return Err(Failure::new("no-file", message).next("name the files themselves"));
        }
        if !differing.is_empty() {
            let message = format!("not every SHA-256 is the one expected: {}", differing.join("; "));
            return Err(Failure::new("digest", message).next("find out where the file comes from before you go on"));
        }
        Ok(Outputs { files })
    }

    /// The files are there, and have the digests that they should have.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let mut objections = all_as_measured(&outputs["files"], exhibit);
        let files = outputs["files"].as_array().map(Vec::as_slice).unwrap_or_default();
        if files.len() != arguments.paths.len() {
            objections.push(Objection::wrong("path", "the step is about another number of files than came of it"));
        }
        for (path, file) in arguments.paths.iter().zip(files) {
            objections.extend(at_its_place(path, file));
            let wanted = arguments.sha256.get(path).map(|digest| digest.to_lowercase());
            if wanted.is_some_and(|wanted| file["sha256"] != wanted) {
                objections
                    .push(Objection::wrong("digest", format!("`{path}` has another SHA-256 than it was to have")));
            }
        }
        objections
    }
}

fn wrong(message: String, which: &str) -> Failure {
    Failure::new("wrong-argument", message).next(format!("correct {which} in the runbook"))
}
