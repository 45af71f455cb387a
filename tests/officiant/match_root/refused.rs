//! Each side against the other: what is missing is named.

use super::scene::{ANN, BOB, EVE, by, genuine, id, matches, root, signed, targets};
use crate::attesting::room::Files;
use serde_json::{Value, json};

/// What is done to the files, and what is said of it.
type Edited = (&'static str, fn(&mut Files), &'static str);

fn put(files: &mut Files, path: &str, bytes: Vec<u8>) {
    files.insert(path.into(), bytes);
}

fn put_root(files: &mut Files, signed_part: &Value, signers: &[(String, u8)]) {
    put(files, "metadata/root.json", signed(signed_part, signers));
}

#[track_caller]
fn refused(edited: &[Edited]) {
    for (name, edit, reason) in edited {
        let mut files = genuine();
        edit(&mut files);
        matches(&files, &[]).refused(name, reason);
    }
}

#[test]
fn keys_and_devices_that_are_each_others_match() {
    let outputs = matches(&genuine(), &[]).holds();
    let roles =
        json!([{ "name": "root", "threshold": 2, "keys": 2 }, { "name": "targets", "threshold": 2, "keys": 2 }]);
    assert_eq!((&outputs["roles"], &outputs["findings"]), (&roles, &json!([])));
    for (holder, held) in [ANN, BOB].iter().zip(outputs["holders"].as_array().unwrap()) {
        assert_eq!((&held["who"], &held["held_by"]), (&json!(holder.handle), &json!(holder.handle)));
        assert_eq!((&held["devices"], &held["keyids"]), (&json!([holder.serial]), &json!([holder.id()])));
        assert_eq!(held["roles"], json!(["root", "targets"]));
    }
}

#[test]
fn what_is_missing_on_either_side_is_named() {
    refused(&[
        (
            "no device",
            |files| files.retain(|path, _| !path.starts_with("keys/25000022/")),
            "the key of @bob in root, targets has no verified device",
        ),
        (
            "no role",
            |files| files.extend(EVE.files()),
            "the device 25000033, held by @eve, has a key that is in no role: ",
        ),
        (
            "exchanged folders",
            |files| {
                let of_ann = files["keys/25000011/Slot9CAttestation.pem"].clone();
                let of_bob = files.insert("keys/25000022/Slot9CAttestation.pem".into(), of_ann).unwrap();
                put(files, "keys/25000011/Slot9CAttestation.pem", of_bob);
            },
            "the key of @ann in root, targets has no verified device; that of 25000022 does not hold",
        ),
        (
            "a forged attestation",
            |files| files.extend(ANN.forged()),
            "25000011: `Slot9CAttestation.pem`: the key of the device's certificate did not sign it",
        ),
        (
            "a forged attestation of the right key",
            |files| files.extend(ANN.forged()),
            "the key of @ann in root, targets has no verified device; that of 25000011 does not hold",
        ),
        (
            "another's key under a holder's name",
            |files| {
                let mut eve = EVE;
                eve.handle = "@bob";
                put_root(files, &root(&[ANN, eve.clone()], &[ANN], 1), &by(&[ANN]));
            },
            "the device 25000022, held by @bob, has a key that is in no role",
        ),
        (
            "no devices",
            |files| files.retain(|path, _| !path.starts_with("keys/") || path.ends_with("25000011/README.md")),
            "there is no attestation",
        ),
    ]);
}

#[test]
fn a_device_with_several_keys_of_one_role_is_not_several_people() {
    let mut files = ANN.files();
    files.extend(BOB.files_in(&ANN));
    let holders = [ANN, BOB];
    put_root(&mut files, &root(&holders, &holders, 2), &by(&holders));
    let said = matches(&files, &[]);
    said.refused("both keys in one", "the device 25000011 has 2 keys of root, those of @ann and @bob");
    // A key for each role may be in one.
    put_root(&mut files, &root(&[ANN], &[BOB], 1), &by(&[ANN]));
    matches(&files, &[]).holds();
}

#[test]
fn no_role_at_all_is_no_question() {
    matches(&genuine(), &["roles=[]"]).refused("no role", "`roles` names no role");
}

#[test]
fn a_root_that_its_threshold_did_not_sign_matches_nothing() {
    refused(&[
        (
            "nobody signed",
            |files| put_root(files, &root(&[ANN, BOB], &[ANN, BOB], 2), &[]),
            "root is signed by 0 of its 2 keys, and must be by 2",
        ),
        (
            "too few signed",
            |files| put_root(files, &root(&[ANN, BOB], &[ANN, BOB], 2), &by(&[ANN])),
            "root is signed by 1 of its 2 keys, and must be by 2",
        ),
        (
            "somebody else signed",
            |files| put_root(files, &root(&[ANN, BOB], &[ANN, BOB], 2), &by(&[ANN, EVE])),
            "it is no key of the role \"root\"",
        ),
        (
            "signatures over other bytes",
            |files| {
                let mut before = root(&[ANN, BOB], &[ANN, BOB], 2);
                let file = signed(&before, &by(&[ANN, BOB]));
                let mut file: Value = serde_json::from_slice(&file).unwrap();
                before["version"] = 2.into();
                file["signed"] = before;
                put(files, "metadata/root.json", serde_json::to_vec(&file).unwrap());
            },
            "root is signed by 0 of its 2 keys",
        ),
        (
            "one key under two ids",
            |files| {
                let mut part = root(&[ANN, BOB], &[ANN, BOB], 2);
                let mut twin = ANN.key();
                twin["x-tuf-on-ci-keyowner"] = "@twin".into();
                part["keys"][id(&twin)] = twin.clone();
                part["roles"]["root"]["keyids"].as_array_mut().unwrap().push(id(&twin).into());
                put_root(files, &part, &[(ANN.id(), ANN.seed), (id(&twin), ANN.seed)]);
            },
            "root is signed by 1 of its 2 keys, and must be by 2",
        ),
    ]);
}

#[test]
fn metadata_that_cannot_be_matched_is_refused() {
    refused(&[
        (
            "no JSON",
            |files| put(files, "metadata/root.json", b"root".to_vec()),
            "/metadata/root.json` is no metadata: ",
        ),
        (
            "a key of the object twice",
            |files| put(files, "metadata/root.json", br#"{"signatures":[],"signatures":[],"signed":{}}"#.to_vec()),
            "twice",
        ),
        (
            "targets in root's place",
            |files| put(files, "metadata/root.json", signed(&targets("a", &[ANN]), &[])),
            "is metadata of \"targets\", not of root",
        ),
        (
            "an id without a key",
            |files| {
                let mut part = root(&[ANN, BOB], &[ANN, BOB], 2);
                part["roles"]["targets"]["keyids"].as_array_mut().unwrap().push("00".into());
                put_root(files, &part, &by(&[ANN, BOB]));
            },
            "targets has no key under the id \"00\"",
        ),
        (
            "a key of no known scheme",
            |files| {
                let mut part = root(&[ANN, BOB], &[ANN, BOB], 2);
                part["keys"][BOB.id()]["scheme"] = "rsa-pkcs1v15-sha256".into();
                put_root(files, &part, &by(&[ANN, BOB]));
            },
            "root has a key that cannot be matched, that of @bob",
        ),
        (
            "a threshold that nobody can reach",
            |files| {
                let mut part = root(&[ANN, BOB], &[ANN, BOB], 2);
                part["roles"]["targets"]["threshold"] = 3.into();
                put_root(files, &part, &by(&[ANN, BOB]));
            },
            "targets has 2 keys, and 3 must sign",
        ),
        (
            "targets that nobody signed",
            |files| put(files, "metadata/targets.json", signed(&targets("a", &[ANN]), &by(&[ANN]))),
            "targets is signed by 1 of its 2 keys, and must be by 2",
        ),
        (
            "a delegated role with a top-level one's name",
            |files| put(files, "metadata/targets.json", signed(&targets("root", &[ANN]), &by(&[ANN, BOB]))),
            "there are two roles \"root\"",
        ),
        (
            "a name that moves the cursor",
            |files| {
                let mut part = root(&[ANN, BOB, EVE], &[ANN, BOB], 2);
                part["keys"][EVE.id()]["x-tuf-on-ci-keyowner"] = "@\u{1b}[2Jeve".into();
                put_root(files, &part, &by(&[ANN, BOB]));
            },
            "the key of @\u{fffd}[2Jeve in root has no verified device",
        ),
    ]);
    matches(&genuine(), &["roles=root,doi"]).refused("a role that is not there", "there is no role \"doi\"");
    matches(&genuine(), &["slot=9a"]).refused("another slot", "it is of slot 9c, not 9a");
    matches(&genuine(), &["targets=metadata"]).refused("a folder", "cannot be read");
}

#[test]
fn a_device_may_have_a_key_of_a_delegated_role() {
    let mut files = genuine();
    files.extend(EVE.files());
    let file = signed(&targets("a", &[EVE]), &by(&[ANN, BOB]));
    files.insert("elsewhere.json".into(), file.clone());
    let said = matches(&files, &[]);
    said.refused("not named", "the device 25000033, held by @eve, has a key that is in no role");
    assert!(said.stderr.contains("name `targets` if a key is in a delegated role"), "{}", said.stderr);
    let outputs = matches(&files, &["targets=elsewhere.json"]).holds();
    assert_eq!(outputs["holders"][2]["roles"], json!(["a"]));
    // Beside root it need not be named.
    files.insert("metadata/targets.json".into(), file);
    assert_eq!(matches(&files, &[]).holds()["holders"], outputs["holders"]);
    // That a delegated role's keys have devices is looked at where it is asked for.
    files.retain(|path, _| !path.starts_with("keys/25000033/"));
    matches(&files, &[]).holds();
    matches(&files, &["roles=root,a"]).refused("asked for", "the key of @eve in a has no verified device");
}

#[test]
fn who_holds_a_device_is_compared_and_differences_are_findings() {
    let mut files = genuine();
    files.insert("keys/25000011/README.md".into(), b"held by: @ann (@annie)\n".to_vec());
    files.insert("keys/25000022/README.md".into(), b"held by: @eve\n".to_vec());
    let outputs = matches(&files, &[]).holds();
    let message = |at: usize| outputs["findings"][at]["message"].as_str().unwrap();
    assert_eq!(message(0), "25000011: `README.md` says @ann (@annie), which is more than @ann in metadata");
    assert_eq!(message(1), "25000022: `README.md` says @eve; metadata says @bob");
    assert_eq!(outputs["findings"].as_array().unwrap().len(), 2);
}
