//! Repositories that are not what they should be: each is refused, with its reason.

use super::repository::{
    AT, Draft, Files, Key, Repository, compact, docs_key, folder, id, ids, keys, online_key, root_key, stranger,
    target, targets_key, verify,
};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::Path,
    process::Command,
};

/// What is forged before it is signed, how, and why it is refused.
type Forged = (&'static str, fn(&mut Repository), &'static str);
/// What is done to the files, and why they are refused.
type Edited = (&'static str, fn(&mut Files), &'static str);
/// What is done to the folder, and why it is refused.
type Moved = (&'static str, fn(&Path), &'static str);

#[track_caller]
fn refused(forged: &[Forged]) {
    for (name, forge, reason) in forged {
        for compact in [false, true] {
            let mut repository = Repository::genuine();
            repository.compact = compact;
            forge(&mut repository);
            verify(folder(&repository.files()).path(), &[AT]).refused(name, reason);
        }
    }
}

#[track_caller]
fn edited(edited: &[Edited]) {
    for (name, edit, reason) in edited {
        let mut repository = Repository::genuine();
        repository.compact = true;
        let mut files = repository.files();
        edit(&mut files);
        verify(folder(&files).path(), &[AT]).refused(name, reason);
    }
}

/// Replaces text in a file, which must be in it.
fn replace(files: &mut Files, file: &str, from: &str, to: &str) {
    let text = String::from_utf8(files[file].clone()).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    files.insert(file.into(), text.replacen(from, to, 1).into_bytes());
}

/// Adds a target to a role.
fn with_target(repository: &mut Repository, role: &str, name: &str) {
    repository.signed(role)["targets"][name] = target("x");
}

/// Has `targets` delegate to a role of another name, as it does to `docs`.
fn with_role(repository: &mut Repository, name: &str) {
    let mut role = repository.delegated("targets")[0].clone();
    role["name"] = name.into();
    repository.delegated("targets").push(role);
    if !["root", "targets"].contains(&name) {
        repository.signed("snapshot")["meta"][format!("{name}.json")] = json!({ "version": 3 });
    }
}

#[test]
fn the_repository_that_is_broken_below_holds() {
    for compact in [false, true] {
        let repository = Repository { compact, ..Repository::genuine() };
        let said = verify(folder(&repository.files()).path(), &[AT]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert_eq!(said.findings(), Vec::<String>::new());
    }
}

#[test]
fn a_threshold_is_reached_by_different_keys_that_are_the_roles_own_and_have_signed_these_bytes() {
    refused(&[
        (
            "one key under two ids",
            |it| {
                let key = targets_key(1);
                let mut twin = key.public();
                twin["x-tuf-on-ci-keyowner"] = "@twin".into();
                for root in ["root1", "root2"] {
                    it.signed(root)["keys"][id(&twin)] = twin.clone();
                    it.signed(root)["roles"]["targets"]["keyids"].as_array_mut().unwrap().push(id(&twin).into());
                }
                it.draft("targets").by = vec![(key.id(), key.clone()), (id(&twin), key)];
            },
            "1 of the 2 keys of the role `targets` that must have signed it have",
        ),
        (
            "only ids that differ",
            |it| {
                let key = targets_key(1);
                let mut twin = key.public();
                twin["x-tuf-on-ci-keyowner"] = "@twin".into();
                for root in ["root1", "root2"] {
                    it.signed(root)["keys"][id(&twin)] = twin.clone();
                    it.signed(root)["roles"]["targets"]["keyids"] = json!([key.id(), id(&twin)]);
                }
            },
            "the role `targets` has a threshold of 2, and only 1 different public keys that can sign",
        ),
        ("a stranger", |it| it.draft("targets").signed_by(&[&targets_key(0), &stranger()]), "it is no key of the role"),
        ("a key of another role", |it| it.draft("docs").signed_by(&[&online_key()]), "it is no key of the role"),
        ("nobody", |it| it.draft("snapshot").signed_by(&[]), "0 of the 1 keys of the role `snapshot`"),
        (
            "under another's id",
            |it| it.draft("docs").by = vec![(docs_key().id(), stranger())],
            "the signature does not verify",
        ),
        ("a timestamp of another root", |it| it.draft("timestamp").signed_by(&[&Key::p256(77)]), "0 of the 1 keys"),
        (
            "a weak key",
            |it| {
                let weak = json!({ "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": format!("01{}", "00".repeat(31)) } });
                it.signed("targets")["delegations"]["keys"] =
                    json!({ id(&weak): weak, online_key().id(): online_key().public() });
                it.delegated("targets")[0]["keyids"] = json!([id(&weak)]);
            },
            "only 0 different public keys that can sign",
        ),
        (
            "a key of another scheme than it says",
            |it| {
                let mut key = docs_key().public();
                key["scheme"] = "ecdsa-sha2-nistp256".into();
                it.signed("targets")["delegations"]["keys"][docs_key().id()] = key;
            },
            "only 0 different public keys that can sign",
        ),
        (
            "a threshold above the keys",
            |it| it.delegated("targets")[0]["threshold"] = 2.into(),
            "has a threshold of 2, and only 1",
        ),
        (
            "no threshold",
            |it| it.delegated("targets")[0]["threshold"] = 0.into(),
            "has a threshold that is no whole number",
        ),
        (
            "a negative threshold",
            |it| it.delegated("targets")[0]["threshold"] = (-1).into(),
            "has a threshold that is no",
        ),
        (
            "a key id twice in a role",
            |it| it.delegated("targets")[0]["keyids"] = json!([docs_key().id(), docs_key().id()]),
            "names a key id twice",
        ),
        (
            "two signatures under one id",
            |it| it.draft("docs").by.push((docs_key().id(), docs_key())),
            "it has two signatures under the key id",
        ),
    ]);
}

#[test]
fn a_signature_is_of_these_bytes_and_in_its_one_form() {
    edited(&[
        (
            "other bytes",
            |files| replace(files, "3.docs.json", "docs/b.txt", "docs/c.txt"),
            "the signature does not verify",
        ),
        (
            "signatures of another file",
            |files| {
                let other: Value = serde_json::from_slice(&files["1.bins.json"]).unwrap();
                let mut file: Value = serde_json::from_slice(&files["5.bin-0.json"]).unwrap();
                file["signatures"] = other["signatures"].clone();
                files.insert("5.bin-0.json".into(), compact(&file));
            },
            "the signature does not verify",
        ),
        ("no hex", |files| replace(files, "3.docs.json", "\"sig\":\"", "\"sig\":\"zz"), "the signature is not in hex"),
        (
            "ECDSA that is not DER",
            |files| {
                let mut file: Value = serde_json::from_slice(&files["timestamp.json"]).unwrap();
                file["signatures"][0]["sig"] = "11".repeat(64).into();
                files.insert("timestamp.json".into(), compact(&file));
            },
            "the signature does not verify",
        ),
        (
            "ECDSA with something after it",
            |files| {
                let mut file: Value = serde_json::from_slice(&files["timestamp.json"]).unwrap();
                let longer = format!("{}00", file["signatures"][0]["sig"].as_str().unwrap());
                file["signatures"][0]["sig"] = longer.into();
                files.insert("timestamp.json".into(), compact(&file));
            },
            "the signature does not verify",
        ),
        (
            "an id in place of a signature",
            |files| replace(files, "3.docs.json", "\"sig\":\"", "\"sig\":\"\",\"other\":\""),
            "0 of the 1 keys",
        ),
    ]);
}

#[test]
fn each_root_is_signed_by_the_one_before_and_by_itself_and_none_is_skipped() {
    refused(&[
        (
            "by new keys alone",
            |it| it.draft("root2").signed_by(&[&root_key(2), &root_key(3)]),
            "1 of the 2 keys of version 1 of root (the one before)",
        ),
        (
            "by old keys alone",
            |it| it.draft("root2").signed_by(&[&root_key(0), &root_key(1)]),
            "1 of the 2 keys of version 2 of root (its own)",
        ),
        (
            "the first by too few",
            |it| it.draft("root1").signed_by(&[&root_key(0)]),
            "1 of the 2 keys of version 1 of root",
        ),
        (
            "skipped",
            |it| (it.signed("root2")["version"], it.draft("root2").file) = (3.into(), "3.root.json".into()),
            "version 2 of root is not there",
        ),
        ("not the first", |it| drop(it.drafts.remove("root1")), "version 1 of root is not there"),
        ("replayed", |it| it.signed("root2")["version"] = 1.into(), "`2.root.json`: it is version 1"),
        (
            "another type",
            |it| it.signed("root2")["_type"] = "targets".into(),
            "it is of the type `targets`, not `root`",
        ),
        ("no version", |it| it.signed("root1")["version"] = 0.into(), "its version is no whole number of at least 1"),
        ("a negative version", |it| it.signed("root1")["version"] = (-1).into(), "its version is no whole number"),
        ("a version that is text", |it| it.signed("root1")["version"] = "1".into(), "its version is no whole number"),
        (
            "no such role",
            |it| drop(it.signed("root2")["roles"].as_object_mut().unwrap().remove("snapshot")),
            "it delegates to no role \"snapshot\"",
        ),
        ("keys that are a list", |it| it.signed("root2")["keys"] = json!([]), "its keys are no object"),
        (
            "a specification of another time",
            |it| it.signed("root1")["spec_version"] = "2.0.0".into(),
            "only 1 is known here",
        ),
    ]);
    edited(&[
        (
            "another of the same version",
            |files| drop(files.insert("root_history/2.root.json".into(), files["1.root.json"].clone())),
            "`root_history/2.root.json`: it is version 1",
        ),
        (
            "two that differ",
            |files| {
                let mut other = files["2.root.json"].clone();
                other.push(b'\n');
                files.insert("root.json".into(), other);
            },
            "`root.json` and `2.root.json` are both version 2 of root, and differ",
        ),
        (
            "one too new to be named",
            |files| {
                let mut far = Repository::genuine();
                far.signed("root2")["version"] = u64::MAX.into();
                far.draft("root2").file = format!("{}.root.json", u64::MAX);
                files.extend(far.files().into_iter().filter(|(name, _)| name.starts_with("18446744073709551615")));
            },
            "version 3 of root is not there, and version 18446744073709551615 is",
        ),
    ]);
}

#[test]
fn versions_lengths_and_hashes_are_those_that_are_named() {
    refused(&[
        (
            "an older snapshot",
            |it| (it.signed("snapshot")["version"], it.draft("snapshot").file) = (6.into(), "snapshot.json".into()),
            "it is version 6, and the timestamp names version 7",
        ),
        (
            "an older role",
            |it| it.signed("docs")["version"] = 2.into(),
            "it is version 2, and the snapshot names version 3",
        ),
        (
            "versions of another time",
            |it| it.signed("snapshot")["meta"]["targets.json"]["version"] = 2.into(),
            "neither `2.targets.json` nor `targets.json` is there",
        ),
        (
            "another length",
            |it| it.signed("timestamp")["meta"]["snapshot.json"]["length"] = 1_000_000_000.into(),
            "and the timestamp names 1000000000",
        ),
        (
            "another hash",
            |it| it.signed("snapshot")["meta"]["docs.json"]["hashes"] = json!({ "sha256": "00".repeat(32) }),
            "`3.docs.json`: its `sha256` is ",
        ),
        (
            "a hash that nobody knows",
            |it| it.signed("snapshot")["meta"]["docs.json"]["hashes"] = json!({ "rot13": "00" }),
            "the snapshot names no hash of it that is known here",
        ),
        (
            "no version named",
            |it| it.signed("snapshot")["meta"]["docs.json"] = json!({}),
            "names a version that is no whole number of at least 1",
        ),
        (
            "a role that is not named",
            |it| drop(it.signed("snapshot")["meta"].as_object_mut().unwrap().remove("docs.json")),
            "the snapshot does not name the role `docs`",
        ),
        ("no file of a role", |it| drop(it.drafts.remove("bin-1")), "neither `6.bin-1.json` nor `bin-1.json` is there"),
        ("no snapshot named", |it| it.signed("timestamp")["meta"] = json!({}), "it names no `snapshot.json`"),
        (
            "no targets named",
            |it| drop(it.signed("snapshot")["meta"].as_object_mut().unwrap().remove("targets.json")),
            "it names no `targets.json`",
        ),
        (
            "another root",
            |it| it.signed("snapshot")["meta"]["root.json"] = json!({ "version": 1 }),
            "it names another version of root than 2",
        ),
        (
            "a snapshot as targets",
            |it| (it.signed("docs")["_type"], it.signed("docs")["meta"]) = ("snapshot".into(), json!({})),
            "it is of the type `snapshot`, not `targets`",
        ),
        (
            "no targets",
            |it| drop(it.signed("docs").as_object_mut().unwrap().remove("targets")),
            "its `targets` are no object",
        ),
        ("targets that are a list", |it| it.signed("docs")["targets"] = json!([]), "its `targets` are no object"),
    ]);
}

#[test]
fn whatever_has_expired_is_named() {
    for (role, file) in [
        ("root2", "2.root.json"),
        ("timestamp", "timestamp.json"),
        ("snapshot", "7.snapshot.json"),
        ("targets", "1.targets.json"),
        ("docs", "3.docs.json"),
        ("bin-1", "6.bin-1.json"),
    ] {
        let mut repository = Repository::genuine();
        // The moment itself is too late (specification, 5.3.10).
        repository.signed(role)["expires"] = "2030-01-01T00:00:00Z".into();
        let folder = folder(&repository.files());
        verify(folder.path(), &[AT]).refused(role, &format!("`{file}`: it expired at 2030-01-01T00:00:00Z"));
        verify(folder.path(), &["at=2029-12-31T23:59:59Z"]).holds();
        let said = verify(folder.path(), &[AT, "ignore_expiry=true"]);
        assert!(said.findings()[0].starts_with(&format!("expired: {file}: ")), "{:?}", said.findings());
    }
    // What was before the newest root may have.
    let mut repository = Repository::genuine();
    repository.signed("root1")["expires"] = "2020-01-01T00:00:00Z".into();
    verify(folder(&repository.files()).path(), &[AT]).holds();
    refused(&[
        ("no time", |it| it.signed("docs")["expires"] = "never".into(), "it expires at \"never\", which is no time"),
        ("a number", |it| it.signed("docs")["expires"] = 7.into(), "it has no text `expires`"),
    ]);
}

#[test]
fn names_of_targets_and_of_roles_lead_nowhere_else() {
    refused(&[
        ("up", |it| with_target(it, "targets", "../a"), "`../a` has a part that leads to another folder"),
        ("up in the middle", |it| with_target(it, "targets", "a/../../b"), "has a part that leads to another folder"),
        ("absolute", |it| with_target(it, "targets", "/etc/passwd"), "`/etc/passwd` is absolute"),
        ("an empty part", |it| with_target(it, "targets", "a//b"), "has an empty part"),
        ("a backslash", |it| with_target(it, "targets", "..\\a"), "has a backslash in it"),
        ("empty", |it| with_target(it, "targets", ""), "is empty"),
        ("too long", |it| with_target(it, "targets", &"a".repeat(5_000)), "is longer than 4096 bytes"),
        ("hidden", |it| with_target(it, "targets", "%2e%2e/a"), "hides a dot, a slash or the like behind %"),
        ("an outer terminal", |it| with_target(it, "targets", "a\u{9b}2Jb"), "has control characters in it"),
        ("a role up", |it| with_role(it, "../../etc/x"), "`../../etc/x` leads to another folder"),
        ("a role below", |it| with_role(it, "a/b"), "`a/b` leads to another folder"),
        ("a role as root", |it| with_role(it, "root"), "`root` is that of a role at the top"),
        ("a role as targets", |it| with_role(it, "targets"), "`targets` is that of a role at the top"),
        ("a role as a version", |it| with_role(it, "1.root"), "`1.root` begins as that of a version does"),
        ("a role without a name", |it| with_role(it, ""), "is empty"),
        ("a role twice", |it| with_role(it, "docs"), "it delegates to the role `docs` twice"),
        ("a role with a bell", |it| with_role(it, "a\u{9b}"), "has control characters in it"),
    ]);
    edited(&[
        ("NUL", |files| replace(files, "1.targets.json", "a.txt", "a\\u0000b"), "does not hold: "),
        ("an escape", |files| replace(files, "1.targets.json", "a.txt", "a\\u001b[2J\\u202eb"), "does not hold: "),
    ]);
}

#[test]
fn delegations_end_and_targets_are_within_them() {
    refused(&[
        (
            "itself",
            |it| {
                let mut role = it.delegated("bins")[0].clone();
                role["name"] = "bins".into();
                it.delegated("bins").push(role);
            },
            "the role `bins` delegates to itself",
        ),
        (
            "a circle",
            |it| {
                let online = online_key();
                let role = json!({ "name": "bins", "keyids": ids(&[&online]), "threshold": 1, "terminating": true, "paths": ["packages/*"] });
                it.signed("bin-0")["delegations"] = json!({ "keys": keys(&[&online]), "roles": [role] });
            },
            "the delegations go round: `bins` to `bin-0` to `bins`",
        ),
        (
            "a path of others",
            |it| with_target(it, "docs", "packages/x"),
            "the role `docs` has the target `packages/x`, which is delegated to it by nobody",
        ),
        ("a path deeper", |it| with_target(it, "docs", "docs/a/b"), "which is delegated to it by nobody"),
        (
            "a hash of others",
            |it| {
                let stolen = it.signed("bin-0")["targets"].clone();
                it.signed("bin-1")["targets"] = stolen;
            },
            "the role `bin-1` has the target",
        ),
        (
            "an overlap of hashes",
            |it| it.delegated("bins")[0]["path_hash_prefixes"].as_array_mut().unwrap().push("8f".into()),
            "the hash prefix `8f` of `bin-0` is in `8` of `bin-1` as well",
        ),
        (
            "a hole among hashes",
            |it| drop(it.delegated("bins")[0]["path_hash_prefixes"].as_array_mut().unwrap().remove(3)),
            "no role has the targets whose hash is from `3000000000000000` on",
        ),
        (
            "prefixes that are no hex",
            |it| it.delegated("bins")[0]["path_hash_prefixes"][0] = "G".into(),
            "has hash prefixes that are not in hex",
        ),
        (
            "paths and prefixes",
            |it| it.delegated("bins")[0]["paths"] = json!(["*"]),
            "has both paths and hash prefixes",
        ),
        (
            "neither",
            |it| drop(it.delegated("targets")[0].as_object_mut().unwrap().remove("paths")),
            "has neither paths nor hash prefixes",
        ),
        (
            "no word of termination",
            |it| drop(it.delegated("targets")[0].as_object_mut().unwrap().remove("terminating")),
            "does not say whether it is terminating",
        ),
        (
            "succinct roles",
            |it| it.signed("bins")["delegations"] = json!({ "keys": {}, "succinct_roles": { "bit_length": 1 } }),
            "it delegates by `succinct_roles` (TAP 15), which are not known here",
        ),
        (
            "too many in a row",
            |it| {
                let online = online_key();
                let names: Vec<&'static str> = (0..40).map(|at| &*format!("r{at}").leak()).collect();
                let mut last = "bin-0";
                for name in names {
                    let role = json!({ "name": name, "keyids": ids(&[&online]), "threshold": 1, "terminating": true, "paths": ["*"] });
                    it.signed(last)["delegations"] = json!({ "keys": keys(&[&online]), "roles": [role] });
                    it.signed("snapshot")["meta"][format!("{name}.json")] = json!({ "version": 1 });
                    it.drafts.insert(
                        name,
                        Draft::new(&format!("1.{name}.json"), "targets", 1, &json!({ "targets": {} }), &[&online]),
                    );
                    last = name;
                }
            },
            "or 32 one after another",
        ),
    ]);
}

#[test]
fn targets_have_a_length_and_hashes() {
    fn of(it: &mut Repository) -> &mut Value {
        &mut it.signed("docs")["targets"]["docs/b.txt"]
    }
    refused(&[
        ("no length", |it| of(it)["length"] = Value::Null, "has a length that is no whole number"),
        ("less than nothing", |it| of(it)["length"] = (-1).into(), "has a length that is no whole number"),
        (
            "more than is exact",
            |it| of(it)["length"] = ((1_u64 << 53) + 1).into(),
            "has a length that is no whole number",
        ),
        ("no hashes", |it| of(it)["hashes"] = json!({}), "has no hashes"),
        ("a short hash", |it| of(it)["hashes"]["sha256"] = "00".into(), "not in small hex of its length"),
        (
            "a hash in capitals",
            |it| of(it)["hashes"]["sha256"] = "AB".repeat(32).into(),
            "not in small hex of its length",
        ),
        ("a hash that is a number", |it| of(it)["hashes"]["sha256"] = 7.into(), "not in small hex of its length"),
        ("a list", |it| *of(it) = json!([]), "is no object"),
    ]);
}

#[test]
fn json_that_two_readers_could_take_for_different_things_is_refused() {
    edited(&[
        (
            "a key twice",
            |files| replace(files, "3.docs.json", "\"version\":3", "\"version\":3,\"version\":3"),
            "is there twice",
        ),
        (
            "a key twice at the top",
            |files| replace(files, "3.docs.json", "\"signed\":", "\"signatures\":[],\"signed\":"),
            "is there twice",
        ),
        (
            "a key twice by an escape",
            |files| replace(files, "3.docs.json", "\"version\":3", "\"\\u0076ersion\":3,\"version\":3"),
            "is there twice",
        ),
        (
            "a fraction",
            |files| replace(files, "3.docs.json", "\"version\":3", "\"version\":3.0"),
            "a number that is not whole",
        ),
        (
            "an exponent",
            |files| replace(files, "3.docs.json", "\"version\":3", "\"version\":3e0"),
            "a number that is not whole",
        ),
        (
            "minus nothing",
            |files| replace(files, "3.docs.json", "\"version\":3", "\"version\":-0"),
            "a number that is not whole",
        ),
        (
            "a huge number",
            |files| replace(files, "3.docs.json", "\"version\":3", "\"version\":18446744073709551617"),
            "has more than 64 bits",
        ),
        (
            "a number out of this world",
            |files| replace(files, "3.docs.json", "\"version\":3", "\"version\":1e999"),
            "out of range",
        ),
        (
            "deep nesting",
            |files| {
                let deep = format!("\"custom\":{}{},\"version\":3", "[".repeat(50_000), "]".repeat(50_000));
                replace(files, "3.docs.json", "\"version\":3", &deep);
            },
            "recursion limit exceeded",
        ),
        ("something after it", |files| files.get_mut("3.docs.json").unwrap().extend(b"{}"), "trailing characters"),
        ("half of it", |files| files.get_mut("3.docs.json").unwrap().truncate(200), "EOF while parsing"),
        (
            "no UTF-8",
            |files| drop(files.insert("3.docs.json".into(), b"{\"signed\":\"\xff\"}".to_vec())),
            "invalid unicode",
        ),
        ("UTF-16", |files| drop(files.insert("3.docs.json".into(), b"\xff\xfe{\0}\0".to_vec())), "expected value"),
        (
            "a byte order mark",
            |files| drop(files.insert("3.docs.json".into(), b"\xef\xbb\xbf{}".to_vec())),
            "expected value",
        ),
        ("empty", |files| drop(files.insert("3.docs.json".into(), Vec::new())), "`3.docs.json`: it is empty"),
        ("a list", |files| drop(files.insert("3.docs.json".into(), b"[]".to_vec())), "it is no JSON object"),
        (
            "nothing signed",
            |files| drop(files.insert("3.docs.json".into(), b"{\"signatures\":[]}".to_vec())),
            "nothing that is `signed`",
        ),
        (
            "no signatures",
            |files| drop(files.insert("3.docs.json".into(), b"{\"signed\":{}}".to_vec())),
            "it has no `signatures`",
        ),
        (
            "a signature that is text",
            |files| drop(files.insert("3.docs.json".into(), b"{\"signatures\":[\"a\"],\"signed\":{}}".to_vec())),
            "a signature is no object",
        ),
        ("a lone surrogate", |files| replace(files, "3.docs.json", "docs/b.txt", "docs/\\ud800"), "escape"),
    ]);
}

#[test]
fn what_is_no_file_is_not_read() {
    let moved: &[Moved] = &[
        (
            "a symbolic link",
            |metadata| {
                fs::rename(metadata.join("3.docs.json"), metadata.join("other")).unwrap();
                symlink("other", metadata.join("3.docs.json")).unwrap();
            },
            "`3.docs.json`: it is a symbolic link",
        ),
        (
            "a link to nothing",
            |metadata| {
                fs::remove_file(metadata.join("timestamp.json")).unwrap();
                symlink("/nowhere", metadata.join("timestamp.json")).unwrap();
            },
            "`timestamp.json`: it is a symbolic link",
        ),
        (
            "a folder",
            |metadata| {
                fs::remove_file(metadata.join("timestamp.json")).unwrap();
                fs::create_dir(metadata.join("timestamp.json")).unwrap();
            },
            "`timestamp.json`: it is no file",
        ),
        (
            "a pipe",
            |metadata| {
                fs::remove_file(metadata.join("timestamp.json")).unwrap();
                assert!(Command::new("mkfifo").arg(metadata.join("timestamp.json")).status().unwrap().success());
            },
            "`timestamp.json`: it is no file",
        ),
        (
            "a gigabyte",
            |metadata| {
                File::options().write(true).open(metadata.join("3.docs.json")).unwrap().set_len(1 << 30).unwrap();
            },
            "`3.docs.json`: it is larger than",
        ),
        (
            "no timestamp",
            |metadata| fs::remove_file(metadata.join("timestamp.json")).unwrap(),
            "`timestamp.json`: it is not there",
        ),
        (
            "no root",
            |metadata| {
                fs::remove_file(metadata.join("1.root.json")).unwrap();
                fs::remove_file(metadata.join("2.root.json")).unwrap();
            },
            "there is no root",
        ),
        (
            "a history elsewhere",
            |metadata| {
                let history = metadata.parent().unwrap().join("history");
                fs::create_dir(&history).unwrap();
                for name in ["1.root.json", "2.root.json"] {
                    fs::rename(metadata.join(name), history.join(name)).unwrap();
                }
                symlink(history, metadata.join("root_history")).unwrap();
            },
            "there is no root",
        ),
    ];
    for (name, change, reason) in moved {
        let folder = folder(&Repository::genuine().files());
        change(&folder.path().join("metadata"));
        verify(folder.path(), &[AT]).refused(name, reason);
    }
    let folder = folder(&Repository::genuine().files());
    verify(folder.path(), &[AT, "metadata=metadata/timestamp.json"]).refused("a file", "is no folder");
}

#[test]
fn every_byte_that_is_changed_is_found_or_changes_nothing_that_is_signed() {
    let files = Repository { compact: true, ..Repository::genuine() }.files();
    for name in ["timestamp.json", "3.docs.json"] {
        for at in (0..files[name].len()).step_by(17) {
            let mut files = files.clone();
            files.get_mut(name).unwrap()[at] ^= 2;
            let said = verify(folder(&files).path(), &[AT]);
            assert_eq!(said.code, Some(1), "{name}, byte {at}: {}", said.stderr);
        }
    }
}
