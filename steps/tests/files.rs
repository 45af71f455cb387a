//! Files: what is there, what is made, and what is never replaced.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

mod support;

use officiant_engine::record::digest_hex;
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    },
};
use support::Scene;

#[test]
fn files_that_are_there_are_told_with_size_and_digest() {
    let mut scene = Scene::new();
    let stick = tempfile::tempdir().unwrap();
    let outside = stick.path().join("b.pem");
    fs::write(&outside, "outside").unwrap();
    scene.put("products/a.pem", "inside");
    let with = json!({ "paths": ["a.pem", outside], "sha256": { "a.pem": digest_hex(b"inside").to_uppercase() } });
    assert_eq!(
        scene.perform("files.check", with),
        Ok(json!({ "files": [
            { "path": "products/a.pem", "size": 6, "sha256": digest_hex(b"inside") },
            { "path": outside, "size": 7, "sha256": digest_hex(b"outside") }
        ] }))
    );
}

#[test]
fn every_file_that_is_missing_is_named() {
    let mut scene = Scene::new();
    scene.put("products/here", "");
    let with = json!({ "paths": ["one", "here", "sub/two", "here/three", "/nonesuch/four"] });
    let failure = scene.perform("files.check", with).unwrap_err();
    assert_eq!(failure.code, "missing");
    assert_eq!(failure.message, "these files are missing: `one`, `sub/two`, `here/three`, `/nonesuch/four`");
    let failure = scene.perform("files.check", json!({ "paths": ["one"] })).unwrap_err();
    assert_eq!(failure.message, "this file is missing: `one`");
}

#[test]
fn a_file_with_another_digest_is_a_failure() {
    let mut scene = Scene::new();
    scene.put("products/a", "changed");
    let wanted = digest_hex(b"original");
    let failure = scene.perform("files.check", json!({ "paths": ["a"], "sha256": { "a": wanted } })).unwrap_err();
    assert_eq!(failure.code, "digest");
    assert!(failure.message.contains(&wanted) && failure.message.contains(&digest_hex(b"changed")), "{failure}");
}

#[test]
fn a_digest_for_no_file_and_a_digest_that_is_none_are_refused() {
    let mut scene = Scene::new();
    let digest = digest_hex(b"");
    let failure = scene.perform("files.check", json!({ "paths": ["root.json"], "sha256": { "root.jsn": digest } }));
    let message = "`sha256` names `root.jsn`, which `paths` does not; did you mean `root.json`?";
    assert_eq!(failure.unwrap_err().message, message);
    for with in [json!({ "paths": ["a"], "sha256": { "a": "abc" } }), json!({ "paths": [] })] {
        assert_eq!(scene.perform("files.check", with).unwrap_err().code, "wrong-argument");
    }
}

#[test]
fn what_is_no_file_is_not_read() {
    let mut scene = Scene::new();
    fs::create_dir(scene.path("products/folder")).unwrap();
    let _socket = UnixListener::bind(scene.path("products/socket")).unwrap();
    let failure = scene.perform("files.check", json!({ "paths": ["folder", "socket", "/dev/zero"] })).unwrap_err();
    assert_eq!(failure.code, "no-file");
    assert_eq!(
        failure.message,
        "not everything is a file: `folder` is a folder, `socket` is a pipe, socket or device, `/dev/zero` is a pipe, \
         socket or device"
    );
    assert_eq!(scene.perform("files.digest", json!({ "path": "/dev/zero" })).unwrap_err().code, "no-file");
}

#[test]
fn no_relative_path_leads_out_of_products() {
    let mut scene = Scene::new();
    symlink("/etc", scene.path("products/link")).unwrap();
    symlink("/etc/hostname", scene.path("products/name")).unwrap();
    for path in ["../transcript.jsonl", "a/../../x", "..", "link/hostname", "name", "link", "a\nb", ""] {
        for (uses, with) in [
            ("files.check", json!({ "paths": [path] })),
            ("files.digest", json!({ "path": path })),
            ("files.copy", json!({ "from": path, "to": "copy" })),
            ("files.copy", json!({ "from": "/etc/passwd", "to": path })),
            ("files.write", json!({ "path": path, "text": "x" })),
            ("files.mkdir", json!({ "path": path })),
        ] {
            let failure = scene.perform(uses, with).unwrap_err();
            assert_eq!(failure.code, "path", "{uses} {path:?}: {failure}");
        }
    }
    for uses in ["files.write", "files.mkdir"] {
        let with =
            if uses == "files.write" { json!({ "path": "/tmp/x", "text": "" }) } else { json!({ "path": "/tmp/x" }) };
        assert_eq!(scene.perform(uses, with).unwrap_err().code, "path");
    }
}

#[test]
fn a_digest_is_that_of_the_file() {
    let mut scene = Scene::new();
    scene.put("products/a", vec![7; 200_000]);
    let outputs = json!({ "sha256": digest_hex(&vec![7; 200_000]), "size": 200_000 });
    assert_eq!(scene.perform("files.digest", json!({ "path": "a" })), Ok(outputs.clone()));
    assert_eq!(scene.perform("files.digest", json!({ "path": "products/a" })), Ok(outputs), "as the record writes it");
    assert_eq!(scene.perform("files.digest", json!({ "path": "b" })).unwrap_err().code, "missing");
}

#[test]
fn text_becomes_a_product_and_is_never_replaced() {
    let mut scene = Scene::new();
    let outputs = scene.perform("files.write", json!({ "path": "notes/a.txt", "text": "é\n" })).unwrap();
    assert_eq!(outputs, json!({ "path": "products/notes/a.txt", "size": 3, "sha256": digest_hex("é\n".as_bytes()) }));
    assert_eq!(json!(scene.made.products), json!([outputs]));
    assert_eq!(scene.read("products/notes/a.txt"), "é\n".as_bytes());
    let mode = |path: &str| fs::metadata(scene.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("products/notes"), mode("products/notes/a.txt")), (0o700, 0o600));

    let failure = scene.perform("files.write", json!({ "path": "notes/a.txt", "text": "other" })).unwrap_err();
    assert_eq!(failure.code, "exists");
    assert_eq!(scene.read("products/notes/a.txt"), "é\n".as_bytes());
    assert!(scene.made.products.is_empty());
}

#[test]
fn a_folder_is_made_once_and_left_as_it_is_afterwards() {
    let mut scene = Scene::new();
    let with = json!({ "path": "a/b" });
    assert_eq!(scene.perform("files.mkdir", with.clone()), Ok(json!({ "path": "products/a/b", "created": true })));
    assert_eq!(fs::metadata(scene.path("products/a/b")).unwrap().permissions().mode() & 0o777, 0o700);
    scene.put("products/a/b/c", "");
    assert_eq!(scene.perform("files.mkdir", with), Ok(json!({ "path": "products/a/b", "created": false })));
    assert!(scene.path("products/a/b/c").exists());
    for path in ["a/b/c", "a/b/c/d"] {
        assert_eq!(scene.perform("files.mkdir", json!({ "path": path })).unwrap_err().code, "exists");
    }
}

#[test]
fn a_file_from_elsewhere_becomes_a_product() {
    let mut scene = Scene::new();
    let stick = tempfile::tempdir().unwrap();
    let from = stick.path().join("root.json");
    fs::write(&from, "{}").unwrap();
    let outputs = scene.perform("files.copy", json!({ "from": from, "to": "metadata/root.json" })).unwrap();
    let file = json!({ "path": "products/metadata/root.json", "size": 2, "sha256": digest_hex(b"{}") });
    assert_eq!(outputs, json!({ "files": [file] }));
    assert_eq!(json!(scene.made.products), json!([file]));
    assert_eq!(scene.read("products/metadata/root.json"), b"{}");
}

#[test]
fn a_folder_is_copied_with_all_that_is_in_it() {
    let mut scene = Scene::new();
    let stick = tempfile::tempdir().unwrap();
    scene.put("products/keys/b/2.pem", "two");
    scene.put("products/keys/1.pem", "one");
    fs::create_dir(scene.path("products/keys/empty")).unwrap();
    let to = stick.path().join("carry/over");
    let outputs = scene.perform("files.copy", json!({ "from": "keys", "to": to })).unwrap();
    let paths: Vec<_> = outputs["files"].as_array().unwrap().iter().map(|file| file["path"].clone()).collect();
    assert_eq!(paths, [json!(to.join("1.pem")), json!(to.join("b/2.pem"))]);
    assert_eq!(fs::read(to.join("b/2.pem")).unwrap(), b"two");
    assert!(scene.made.products.is_empty(), "what is outside is no product");
}

#[test]
fn a_copy_replaces_nothing_and_is_not_begun_when_it_would() {
    let mut scene = Scene::new();
    let stick = tempfile::tempdir().unwrap();
    scene.put("products/keys/1", "one");
    scene.put("products/keys/2", "two");
    fs::write(stick.path().join("2"), "mine").unwrap();
    let failure = scene.perform("files.copy", json!({ "from": "keys", "to": stick.path() })).unwrap_err();
    assert_eq!(failure.code, "exists");
    assert!(failure.message.contains(stick.path().join("2").to_str().unwrap()), "{failure}");
    assert!(!stick.path().join("1").exists());
    assert_eq!(fs::read(stick.path().join("2")).unwrap(), b"mine");

    symlink(stick.path().join("nowhere"), stick.path().join("dangling")).unwrap();
    for to in [stick.path().join("2"), stick.path().join("dangling"), stick.path().to_path_buf()] {
        let failure = scene.perform("files.copy", json!({ "from": "keys/1", "to": to })).unwrap_err();
        assert_eq!(failure.code, "exists", "{failure}");
    }
    assert!(!stick.path().join("nowhere").exists());
    assert_eq!(scene.perform("files.copy", json!({ "from": "keys/1", "to": "keys/2" })).unwrap_err().code, "exists");
}

#[test]
fn a_file_in_the_way_of_a_copy_is_said_to_be_identical_when_it_is() {
    let mut scene = Scene::new();
    scene.put("products/keys/1", "one");
    let with = json!({ "from": "keys", "to": "copy" });
    scene.perform("files.copy", with.clone()).unwrap();
    let failure = scene.perform("files.copy", with.clone()).unwrap_err();
    assert_eq!(failure.code, "exists");
    assert_eq!(failure.message, "`products/copy/1` exists already, and is identical; nothing is ever replaced");
    scene.put("products/copy/1", "One");
    let failure = scene.perform("files.copy", with).unwrap_err();
    assert_eq!(failure.message, "`products/copy/1` exists already, and nothing is ever replaced");
    symlink(scene.path("products/keys/1"), scene.path("link")).unwrap();
    let with = json!({ "from": "keys/1", "to": scene.path("link") });
    let failure = scene.perform("files.copy", with).unwrap_err();
    assert!(!failure.message.contains("identical"), "{failure}");
}

#[test]
fn a_copy_from_or_to_elsewhere_reaches_outside_the_ceremony_folder_and_a_look_does_not() {
    let scene = Scene::new();
    let reaches = |uses: &str, with: Value| scene.registry.get(uses).unwrap().reaches_out(with.as_object().unwrap());
    assert!(reaches("files.copy", json!({ "from": "a", "to": "/media/stick/a" })));
    assert!(reaches("files.copy", json!({ "from": "/media/stick/a", "to": "a" })));
    assert!(!reaches("files.copy", json!({ "from": "a", "to": "b" })));
    assert!(!reaches("files.check", json!({ "paths": ["/media/stick/a"] })));
    assert!(!reaches("files.digest", json!({ "path": "/media/stick/a" })));
    assert!(!reaches("files.write", json!({ "path": "a", "text": "" })));
}

#[test]
fn a_copy_that_could_not_be_whole_is_refused() {
    let mut scene = Scene::new();
    scene.put("products/keys/1", "one");
    symlink("1", scene.path("products/keys/link")).unwrap();
    let failure = scene.perform("files.copy", json!({ "from": "keys", "to": "copy" })).unwrap_err();
    assert_eq!(failure.message, "`link` is a symbolic link, which cannot be copied");
    fs::create_dir(scene.path("products/empty")).unwrap();
    assert_eq!(scene.perform("files.copy", json!({ "from": "empty", "to": "copy" })).unwrap_err().code, "empty");
    assert_eq!(scene.perform("files.copy", json!({ "from": "none", "to": "copy" })).unwrap_err().code, "missing");
    assert_eq!(scene.perform("files.copy", json!({ "from": "/dev/zero", "to": "copy" })).unwrap_err().code, "no-file");
    assert!(!scene.path("products/copy").exists());
}

#[test]
fn a_copy_into_the_ceremony_folder_goes_through_the_record() {
    let mut scene = Scene::new();
    scene.put("products/a", "x");
    for to in ["evidence/a", "seals/a", "products/b", "a"] {
        let failure = scene.perform("files.copy", json!({ "from": "a", "to": scene.path(to) })).unwrap_err();
        assert_eq!(failure.code, "path", "{to}: {failure}");
    }
}

#[test]
fn a_copy_that_was_in_flight_is_done_when_it_is_there_and_the_same() {
    let mut scene = Scene::new();
    let stick = tempfile::tempdir().unwrap();
    scene.put("products/keys/a", "a");
    scene.put("products/keys/b", "b");
    let copy = json!({ "from": "keys", "to": stick.path().join("keys").to_str().unwrap() });
    assert_eq!(scene.probe("files.copy", copy.clone()).unwrap(), "not-done");
    let outputs = scene.perform("files.copy", copy.clone()).unwrap();
    assert_eq!(scene.probe("files.copy", copy.clone()).unwrap(), json!({ "done": outputs }));

    fs::write(stick.path().join("keys/b"), "").unwrap();
    let failure = scene.probe("files.copy", copy.clone()).unwrap_err();
    assert_eq!(failure.code, "exists");
    assert!(failure.message.ends_with("is not the same as `products/keys/b`"), "{failure}");
    fs::remove_file(stick.path().join("keys/b")).unwrap();
    let failure = scene.probe("files.copy", copy.clone()).unwrap_err();
    assert_eq!(failure.code, "half-copied");
    fs::remove_file(stick.path().join("keys/a")).unwrap();
    assert_eq!(scene.probe("files.copy", copy).unwrap(), "not-done");
}

#[test]
fn what_was_to_be_a_product_was_set_aside_and_is_made_again() {
    let mut scene = Scene::new();
    scene.put("products/a", "a");
    for (uses, with) in [
        ("files.write", json!({ "path": "x", "text": "x" })),
        ("files.mkdir", json!({ "path": "x" })),
        ("files.copy", json!({ "from": "a", "to": "b" })),
    ] {
        assert_eq!(scene.probe(uses, with).unwrap(), "not-done", "{uses}");
    }
}
