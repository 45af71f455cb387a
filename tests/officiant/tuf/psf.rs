//! `runbooks/psf-tuf/initialize-repository.yaml`: what comes after the PSF's ceremony.

use super::initialize_support::python_tuf;
use crate::{
    forger::{Forged, Forger},
    support::{CarriedOut, Ceremony, officiant},
};
use serde_json::{Value, json};

const RUNBOOK: &str = "runbooks/psf-tuf/initialize-repository.yaml";

fn rehearsed() -> CarriedOut {
    Ceremony::rehearse_file(RUNBOOK).carry_out().exits(0)
}

/// The entries of finished steps of a handler, by their places in the record.
fn finished(entries: &[Value], handler: &str) -> Vec<usize> {
    let mut uses = "";
    let mut found = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        match entry["kind"].as_str() {
            Some("began") => uses = entry["body"]["uses"].as_str().unwrap_or_default(),
            Some("finished") if uses == handler => found.push(at),
            _ => {}
        }
    }
    found
}

#[test]
fn its_repository_is_signed_by_all_three_hsms_and_python_tuf_takes_it() {
    let ceremony = rehearsed();
    assert!(!ceremony.kinds().iter().any(|kind| kind == "failed" || kind == "deviated"), "{:?}", ceremony.kinds());
    ceremony.replay().holds();
    let entries = ceremony.entries();
    let [verified] = finished(&entries, "tuf.verify")[..] else { panic!("{entries:#?}") };
    let verified = &entries[verified]["body"]["outputs"];
    assert_eq!((&verified["findings"], &verified["targets"]), (&json!([]), &json!(2)));
    for role in verified["roles"].as_array().unwrap() {
        let offline = ["root", "targets", "bins"].contains(&role["role"].as_str().unwrap());
        let signers = role["signed_by"].as_array().unwrap().len();
        let threshold = role["threshold"].as_u64().unwrap();
        assert_eq!((signers, threshold), if offline { (3, 2) } else { (1, 1) }, "{role}");
    }
    let [client] = finished(&entries, "tuf.client-check")[..] else { panic!("{entries:#?}") };
    assert_eq!(entries[client]["body"]["outputs"]["loaded"], true);
    let repository = ceremony.folder().join("products/repository").display().to_string();
    let Some(said) = python_tuf(&["bins".to_string(), repository]) else { return };
    assert_eq!(said, "2\n");
}

#[test]
fn a_folder_that_is_named_from_where_one_is_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let runbook = std::fs::canonicalize(RUNBOOK).unwrap();
    let mut rehearsal = officiant();
    rehearsal.current_dir(folder.path()).arg("rehearse").arg(runbook).args(["--out", "psf"]);
    let output = rehearsal.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut replay = officiant();
    assert!(replay.current_dir(folder.path()).args(["replay", "psf"]).output().unwrap().status.success());
}

#[test]
fn it_is_walked_whole_but_for_what_a_used_hsm_and_a_live_ceremony_decide() {
    let ceremony = Ceremony::rehearse_file(RUNBOOK).argument("--every-branch").argument("--format").argument("json");
    let report: Value = serde_json::from_str(&ceremony.carry_out().exits(0).stdout()).unwrap();
    let tally = |what: &str, name: &str| report["tally"][what][name].as_u64().unwrap();
    assert_eq!(tally("steps", "walked"), tally("steps", "of"));
    assert_eq!(tally("branches", "walked") + 2, tally("branches", "of"), "{report:#}");
    for row in report["rehearsals"].as_array().unwrap() {
        assert_eq!((&row["record_holds"], &row["ending"]["how"]), (&true.into(), &"end".into()), "{row}");
    }
}

#[test]
fn a_forged_record_of_it_does_not_hold() {
    let ceremony = rehearsed();
    let entries = ceremony.entries();
    let forger = Forger::on(&ceremony.folder());
    assert!(forger.replay(entries.clone().into()).holds);
    let first = |handler: &str| finished(&entries, handler)[0];
    let (made, signed) = (first("tuf.initialize"), first("tuf.sign"));
    let (verified, tried) = (first("tuf.verify"), first("tuf.client-check"));
    let zeros = json!("0".repeat(64));
    let edits = [
        (made, "/roles/0/keys/1", zeros.clone()),
        (made, "/roles/1/threshold", json!(1)),
        (made, "/roles/3/keys/0", zeros.clone()),
        (made, "/roles/2/expires", json!("2099-01-01T00:00:00Z")),
        (made, "/roles", json!([])),
        (made, "/bins", json!(8)),
        (made, "/files", json!(20)),
        (made, "/metadata", json!("products/unsigned/")),
        (made, "/to_sign", json!("products/signed-1/")),
        (made, "/list_size", json!(7)),
        (made, "/list_sha256", zeros.clone()),
        (made, "/targets", json!(3)),
        (signed, "/fingerprint", zeros.clone()),
        (signed, "/serial", json!(7_550_055)),
        (signed, "/signatures/0/signed_sha256", zeros),
        (signed, "/state/signatures/0/signed_by", json!([])),
        (verified, "/targets", json!(3)),
        (verified, "/roles/0/signed_by", json!([])),
        (tried, "/targets", json!(3)),
        (tried, "/loaded", json!(false)),
    ];
    for (at, pointer, value) in edits {
        let mut forged = entries.clone();
        let old = forged[at].pointer_mut(&format!("/body/outputs{pointer}")).unwrap_or_else(|| panic!("{pointer}"));
        assert_ne!(*old, value, "{pointer}");
        *old = value;
        assert!(!forger.replay(forged.into()).holds, "entry {at}: {pointer}");
    }
    // A bin with another target, of which the whole record speaks as if it had been so.
    let is_bin = |name: &&str| {
        let path = format!("products/repository/metadata/1.{name}.json");
        String::from_utf8(forger.file(&path)).unwrap().contains("one-1.0")
    };
    let names: Vec<String> = (0..16).map(|bin| format!("bin-{bin:x}")).collect();
    let name = names.iter().map(String::as_str).find(is_bin).unwrap();
    let path = format!("products/repository/metadata/1.{name}.json");
    let (old, new) = {
        let old = forger.file(&path);
        let new = String::from_utf8(old.clone()).unwrap().replace("one-1.0", "one-1.1").into_bytes();
        assert_eq!(old.len(), new.len());
        (old, new)
    };
    let text = serde_json::to_string(&entries).unwrap();
    let digest = |bytes: &[u8]| officiant_engine::record::digest_hex(bytes);
    assert!(text.contains(&digest(&old)));
    let forged: Vec<Value> = serde_json::from_str(&text.replace(&digest(&old), &digest(&new))).unwrap();
    let files = [(path, Some(new))].into();
    assert!(!forger.replay(Forged { entries: forged, files, ..Forged::default() }).holds);
}
