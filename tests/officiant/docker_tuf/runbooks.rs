//! The runbooks by themselves: checked, rehearsed without anything outside, and every line of their document.

use super::support::runbooks;
use crate::{
    cards::has_readers,
    docker,
    support::{Ceremony, officiant, pretty},
};
use officiant_engine::notation::load;
use serde_json::Value;
use std::{fs, path::Path};

const ALL: [&str; 3] = ["initialize.yaml", "sign.yaml", "complete.yaml"];

fn rehearsal(runbook: &str) -> Ceremony {
    Ceremony::rehearse_file(runbooks().join(runbook).to_str().unwrap())
}

#[test]
fn the_runbooks_have_nothing_to_complain_of() {
    for runbook in ALL.iter().chain(&["signing-device.yaml"]) {
        let output = officiant().arg("check").arg(runbooks().join(runbook)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("nothing to complain of"), "{said}");
    }
}

#[test]
fn each_is_rehearsed_by_itself_to_its_end_and_reaches_nothing_outside() {
    if !has_readers() {
        return;
    }
    for runbook in ALL {
        // Where there is no git, and no AWS configuration.
        let ceremony = rehearsal(runbook)
            .in_environment("GIT_DIR", "/nonexistent")
            .in_environment("AWS_CONFIG_FILE", "/nonexistent")
            .carry_out()
            .exits(0);
        assert!(!ceremony.kinds().iter().any(|kind| kind == "failed" || kind == "deviated"), "{runbook}");
        if runbook == "initialize.yaml" {
            let said = "targets: 1 of 2 signatures; missing: @rehearsal-bob (invited).";
            assert!(ceremony.stderr().contains(said), "{}", ceremony.stderr());
        }
        ceremony.replay().holds();
    }
}

#[test]
fn a_ceremony_does_not_take_the_practice_repository() {
    let text = "notation: 1\ntitle: Test\nsections:\n  start:\n    title: Start\n    steps:\n      - do: Look.\n        uses: \
                tuf.status\n        with: { clone: REHEARSAL }\n      - end: Over.\n";
    let ceremony = Ceremony::run(text).answer("start/1#what-now", "abort").answer("start/1#reason", "Practice.");
    let ceremony = ceremony.carry_out().exits(1).mentions("the practice repository is for rehearsals alone");
    assert!(ceremony.kinds().contains(&"failed".to_string()));
}

#[test]
fn the_bindings_of_the_readme_have_nothing_that_their_runbooks_do_not() {
    let readme = fs::read_to_string(runbooks().join("README.md")).unwrap();
    let mut blocks = readme.split("```toml\n").skip(1).map(|it| it.split("```").next().unwrap());
    let [provisioning, more, completing] = [(); 3].map(|()| blocks.next().unwrap());
    assert_eq!(blocks.next(), None);
    let signing = format!("{provisioning}\n{more}");
    for (runbook, text) in
        [("device-provisioning.yaml", provisioning), ("sign.yaml", &signing), ("complete.yaml", completing)]
    {
        let bindings: officiant_engine::conduct::Bindings = toml::from_str(text).unwrap();
        let runbook = load(&runbooks().join(runbook)).unwrap().runbook.unwrap();
        let unknown: Vec<String> =
            bindings.wrong_for(&runbook).into_iter().filter(|it| it.starts_with("the runbook has no")).collect();
        assert_eq!(unknown, Vec::<String>::new());
        // Everything is there that is asked before the first step.
        let asked = runbook.inputs.iter().map(|(name, _)| name.value.as_str());
        let left: Vec<&str> = asked.filter(|name| !bindings.inputs.contains_key(*name)).collect();
        assert_eq!(left, Vec::<&str>::new());
    }
}

/// Requires that so many branches are not walked, each because of what the machine decides.
#[track_caller]
fn walks_all_but(runbook: &str, left: usize) {
    if !has_readers() {
        return;
    }
    let ceremony = rehearsal(runbook).argument("--every-branch").argument("--format").argument("json");
    let report: Value = serde_json::from_str(&ceremony.carry_out().exits(0).stdout()).unwrap();
    for row in report["rehearsals"].as_array().unwrap() {
        assert_eq!((&row["record_holds"], &row["ending"]["how"]), (&true.into(), &"end".into()), "{row}");
    }
    let branches = &report["tally"]["branches"];
    let missing = branches["of"].as_u64().unwrap() - branches["walked"].as_u64().unwrap();
    assert_eq!(missing, left as u64, "{report:#}");
}

#[test]
fn every_branch_of_the_leads_part_is_walked_but_for_what_metadata_and_inputs_decide() {
    walks_all_but("initialize.yaml", 2);
}

#[test]
fn every_branch_of_a_key_holders_part_is_walked_but_for_what_metadata_and_inputs_decide() {
    walks_all_but("sign.yaml", 6);
}

#[test]
fn all_of_the_last_part_is_walked() {
    walks_all_but("complete.yaml", 0);
}

/// Lines of the document that are no sentence of a runbook, and why, by how they begin.
const NO_SENTENCE: [(&str, &str); 12] = [
    ("Tip", "a note"),
    ("When installing the TUF-on-CI CLI", "a note: officiant does it"),
    ("$ mkdir ~/.venv", "a shell command, for those who sign with tuf-on-ci-sign"),
    ("You would need to source the", "about that command"),
    ("activate", "about that command"),
    ("script in any shell where you want to run the", "about that command"),
    ("tuf-on-ci-sign", "its name, and the command, which has the event as an input"),
    ("command.", "about that command"),
    ("tuf-on-ci-delegate sign/init", "the command, which has the event as an input"),
    ("arn:aws:kms:", "an input"),
    ("mkdir ./ceremony", "a shell command: `files.copy`"),
    ("README.md", "its name, which is in the sentence, where it stands before"),
];

/// How what the document's commands show begins, or a shell command, up to the end of its line.
const SHOWN: [&str; 9] = [
    "Signing event sign/init (commit",
    "Please choose an option or press enter to continue: 1",
    "1. Configure signers:",
    "Configuring role targets",
    "Configuring signing key",
    "1. Configure online key:",
    "./ceremony/YYYY",
    "mkdir ./ceremony",
    "echo \"held by:",
];

/// Words of the document that the runbooks have otherwise.
const OTHER_WORDS: [(&str, &str, &str); 7] = [
    ("’", "'", "the typewriter's apostrophe"),
    ("https://wxl.best/docker", "https://github.com/docker", "a link that was rewritten on the way"),
    (
        "for yubikey, insert yubikey if not already inserted and enter pin to sign",
        "for yubikey.",
        "the steps that follow",
    ),
    ("{{ inputs.event }}", "sign/init", "an input"),
    ("foraws kms", "for aws kms", "a space that was lost on the way"),
    ("forecdsa_sha_256", "for ecdsa_sha_256", "a space that was lost on the way"),
    ("inroot.json", "in root.json", "a space that was lost on the way"),
];

/// The words alone.
fn plain(text: &str) -> String {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    for (from, to, _) in OTHER_WORDS {
        text = text.replace(from, to);
    }
    let mark = |character: char| matches!(character, '`' | '<' | '>' | ',' | '.' | ':');
    text.replace(mark, " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_line_of_the_document_is_in_the_runbooks_in_its_order_and_words() {
    let seeds = match std::env::var_os("OFFICIANT_REAL_DATA") {
        Some(data) => Path::new(&data).parent().unwrap_or(Path::new("")).join("seeds"),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seeds"),
    };
    let path = seeds.join("docker-tuf-ceremony.txt");
    let Ok(document) = fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "`{}` is not there", path.display());
        eprintln!("skipped: `{}` is not there", path.display());
        return;
    };
    let lines = document.lines().map(|line| line.trim().trim_start_matches("- "));
    let lines: Vec<&str> = lines.skip_while(|line| !line.starts_with("Before performing")).collect();
    let begins = ["Before performing", "This section is to be completed by all", "Once every keyholder"];
    let starts = begins.map(|begin| lines.iter().position(|line| line.starts_with(begin)).unwrap());
    let ends = [starts[1], starts[2], lines.len()];
    let mut missing = Vec::new();
    for ((runbook, from), to) in ALL.iter().zip(starts).zip(ends) {
        let runbook = load(&runbooks().join(runbook)).unwrap().runbook.unwrap();
        let mut texts = String::new();
        docker::read(&runbook, "start", &mut texts);
        let texts = plain(&texts);
        let mut at = 0;
        for line in &lines[from..to] {
            if NO_SENTENCE.iter().any(|(begin, _)| line.starts_with(begin)) {
                continue;
            }
            let end = SHOWN.iter().filter_map(|shown| line.find(shown)).min().unwrap_or(line.len());
            for part in line[..end].split(" - ").map(plain).filter(|part| !part.is_empty()) {
                match texts[at..].find(&part) {
                    Some(found) => at += found + part.len(),
                    None => missing.push(part),
                }
            }
        }
    }
    pretty(&missing.join("\n"), "");
}
