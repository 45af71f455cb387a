//! Docker's ceremony of 2024-06-04: twelve devices, five keys of root, four of targets, three of delegated roles.

use super::scene::performed;
use crate::attesting::room::{Files, Room, Said, real_data};
use serde_json::{Value, json};
use std::{fs, path::Path};

const CEREMONY: &str = "docker-2024-06-04";

fn real(data: &Path) -> Files {
    let mut files = Files::new();
    for folder in fs::read_dir(data.join(CEREMONY).join("keys")).unwrap().map(Result::unwrap) {
        for file in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            let (folder, name) = (folder.file_name(), file.file_name());
            let path = format!("keys/{}/{}", folder.to_str().unwrap(), name.to_str().unwrap());
            files.insert(path, fs::read(file.path()).unwrap());
        }
    }
    for name in ["root.json", "targets.json"] {
        let path = data.join(CEREMONY).join("metadata").join(name);
        files.insert(format!("metadata/{name}"), fs::read(path).unwrap());
    }
    files
}

fn matches(data: &Path, files: &Files, arguments: &[&str]) -> Said {
    let anchors = format!("anchors={}", data.join("anchors").display());
    let usual = ["root=metadata/root.json", "keys=keys", &anchors];
    performed(Room::with(files).0.path(), &[&usual[..], arguments].concat())
}

#[test]
fn dockers_ceremony_holds_for_root_and_targets() {
    let Some(data) = real_data() else { return };
    let outputs = matches(&data, &real(&data), &["fips=true", "slot=9c"]).holds();
    assert_eq!(
        outputs["roles"],
        json!([{ "name": "root", "threshold": 3, "keys": 5 }, { "name": "targets", "threshold": 2, "keys": 4 }])
    );
    let holders = outputs["holders"].as_array().unwrap();
    assert_eq!(holders.len(), 12);
    let of = |role: &str| -> Vec<(&str, u64)> {
        let in_role = holders.iter().filter(|it| it["roles"].as_array().unwrap().contains(&json!(role)));
        in_role.map(|it| (it["who"].as_str().unwrap(), it["devices"][0].as_u64().unwrap())).collect()
    };
    assert_eq!(
        of("root"),
        [
            ("@jeanlaurent", 28_751_288),
            ("@ingshtrom", 25_515_142),
            ("@rachel-taylor-docker", 25_515_264),
            ("@binman-docker", 25_515_991),
            ("@cdupuis", 25_599_865),
        ]
    );
    assert_eq!(
        of("targets"),
        [("@mrjoelkamp", 25_515_139), ("@kipz", 28_751_259), ("@jonnystoten", 28_751_258), ("@whalelines", 25_515_003)]
    );
    let codes: Vec<&Value> = outputs["findings"].as_array().unwrap().iter().map(|it| &it["code"]).collect();
    assert_eq!(codes, ["holder", "two-ids"]);
    let message = outputs["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("@tianon-sso (@tianon)"), "{message}");
    matches(&data, &real(&data), &["roles=root,targets,doi,testing,rekor"]).holds();
}

#[test]
fn without_the_delegated_roles_three_devices_have_no_role() {
    let Some(data) = real_data() else { return };
    let mut files = real(&data);
    files.remove("metadata/targets.json");
    let said = matches(&data, &files, &[]);
    for (serial, who) in
        [(25_515_137, "@tianon-sso (@tianon)"), (25_515_267, "@yosifkit"), (25_515_985, "@LaurentGoderre")]
    {
        said.refused(who, &format!("the device {serial}, held by {who}, has a key that is in no role"));
    }
}

#[test]
fn a_folder_of_dockers_that_is_taken_away_exchanged_or_forged_is_found_out_by_name() {
    let Some(data) = real_data() else { return };
    let mut files = real(&data);
    files.retain(|path, _| !path.starts_with("keys/25599865/"));
    matches(&data, &files, &[]).refused("taken away", "the key of @cdupuis in root has no verified device\n");

    let mut files = real(&data);
    let swapped = [("25515142", "25515264"), ("25515264", "25515142")];
    for (path, bytes) in real(&data) {
        for (from, to) in swapped {
            if path.starts_with(&format!("keys/{from}/")) {
                files.insert(path.replace(from, to), bytes.clone());
            }
        }
    }
    let said = matches(&data, &files, &[]);
    for (who, serial, other) in
        [("@ingshtrom", 25_515_264, 25_515_142), ("@rachel-taylor-docker", 25_515_142, 25_515_264)]
    {
        said.refused(who, &format!("the key of {who} in root has no verified device; that of {serial} does not hold"));
        said.refused(who, &format!("{serial}: `Slot9CAttestation.pem`: it is of the device {other}"));
    }

    // One byte of the attested key, and of what signs it.
    for at in [200, 600] {
        let mut files = real(&data);
        let path = "keys/25515991/Slot9CAttestation.pem";
        let mut der = der::pem::decode_vec(&files[path]).unwrap().1;
        der[at] ^= 1;
        files.insert(path.into(), crate::attesting::authority::certificate_pem(&der));
        let said = matches(&data, &files, &[]);
        said.refused("forged", "the key of @binman-docker in ");
        said.refused("forged", "25515991: `Slot9CAttestation.pem`: ");
    }
}
