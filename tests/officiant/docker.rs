//! Docker's device provisioning, rehearsed: its products, its device, its breaks, and every line of its document.

use crate::{
    cards::has_readers,
    reporting::support::{between, report},
    resuming::death::{Death, doomed, was_killed},
    support::{CarriedOut, Ceremony, now, officiant, pretty},
    terminal::Person,
};
use officiant_engine::notation::{Runbook, Step, StepKind, load};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const RUNBOOK: &str = "runbooks/docker-tuf/device-provisioning.yaml";
const SERIAL: u32 = 25_515_000;
const PIN: &str = "86420975";
const PUK: &str = "97531864";

fn rehearsal() -> Ceremony {
    Ceremony::rehearse_file(RUNBOOK).answer("device-provisioning/pin", PIN).answer("device-provisioning/new_puk", PUK)
}

fn product(ceremony: &CarriedOut, name: &str) -> PathBuf {
    ceremony.folder().join(format!("products/keys/{SERIAL}/{name}"))
}

/// What openssl says, when it is content.
#[track_caller]
fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {}: {said}", arguments.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What failed, in order, by code.
fn failures(ceremony: &CarriedOut) -> Vec<String> {
    let failed = ceremony.entries().into_iter().filter(|entry| entry["kind"] == "failed");
    failed.map(|entry| entry["body"]["failure"]["code"].as_str().unwrap().to_string()).collect()
}

#[test]
fn the_runbook_has_nothing_to_complain_of() {
    let output = officiant().arg("check").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(RUNBOOK)).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("nothing to complain of"), "{said}");
}

#[test]
fn a_device_is_provisioned_to_the_end_and_the_record_holds() {
    if !has_readers() {
        return;
    }
    let ceremony = rehearsal().argument("-vv").carry_out().exits(0);
    assert!(ceremony.canary().has_secrets());
    assert_eq!(failures(&ceremony), [""; 0]);
    let replayed = ceremony.replay().holds();
    assert_eq!(replayed.report["devices"], serde_json::json!({ "YubiKey": SERIAL }));
    let recorded: Vec<&String> = replayed.report["products"].as_object().unwrap().keys().collect();
    let names = [
        "README.md",
        "Slot9CAttestation.pem",
        "Slot9CCertificate.pem",
        "Slot9CPublicKey.pem",
        "SlotF9Intermediate.pem",
    ];
    let expected: Vec<String> = names.iter().map(|name| format!("products/keys/{SERIAL}/{name}")).collect();
    assert_eq!(recorded, expected.iter().collect::<Vec<_>>());
    assert_eq!(fs::read_to_string(product(&ceremony, "README.md")).unwrap(), "held by: @rehearsal\n");
    let entries = ceremony.entries();
    assert_eq!(entries.last().unwrap()["step"], "start/4");
    let verified =
        entries.iter().find(|it| it["kind"] == "finished" && it["body"]["outputs"]["kind"] == "piv").unwrap();
    let device = &verified["body"]["outputs"]["devices"][0];
    assert_eq!((&device["serial"], &device["faults"]), (&SERIAL.into(), &serde_json::json!([])), "{device}");
}

#[test]
fn openssl_follows_the_attestation_to_the_rehearsal_root_and_reads_the_certificate() {
    if !has_readers() {
        return;
    }
    let ceremony = rehearsal().carry_out().exits(0);
    let root = ceremony.folder().join("rehearsal/rehearsal-piv-root.pem");
    let [f9, leaf, public, own] =
        ["SlotF9Intermediate.pem", "Slot9CAttestation.pem", "Slot9CPublicKey.pem", "Slot9CCertificate.pem"]
            .map(|name| product(&ceremony, name));
    let verified = openssl(&["verify", "-CAfile", text(&root), "-untrusted", text(&f9), text(&leaf)]);
    assert_eq!(verified, format!("{}: OK\n", leaf.display()));
    let alone = Command::new("openssl").args(["verify", "-CAfile", text(&root), text(&leaf)]).output().unwrap();
    assert!(!alone.status.success(), "without F9 the attestation leads nowhere");

    let key = fs::read_to_string(&public).unwrap();
    for certificate in [&leaf, &own] {
        pretty(&openssl(&["x509", "-noout", "-pubkey", "-in", text(certificate)]), &key);
    }
    let shown = openssl(&["x509", "-noout", "-text", "-in", text(&own)]);
    assert!(shown.contains("ASN1 OID: secp384r1") && shown.contains("Subject: CN = rehearsal"), "{shown}");
    // Its own issuer, and valid for a year: openssl does not find it expiring in 364 days, and does in 366.
    openssl(&["verify", "-CAfile", text(&own), text(&own)]);
    openssl(&["x509", "-noout", "-checkend", &(364 * 86_400).to_string(), "-in", text(&own)]);
    let later = (366 * 86_400).to_string();
    let expired = Command::new("openssl").args(["x509", "-noout", "-checkend", &later, "-in", text(&own)]).output();
    assert!(!expired.unwrap().status.success());
    for certificate in [&leaf, &f9, &root] {
        let names = openssl(&["x509", "-noout", "-subject", "-issuer", "-in", text(certificate)]);
        assert_eq!(names.matches("REHEARSAL").count(), 2, "{names}");
    }
}

#[test]
fn what_was_decided_is_what_the_device_attests() {
    if !has_readers() {
        return;
    }
    for (touch, pin, policies) in
        [("never", "always", "0301"), ("always", "once", "0202"), ("cached", "always", "0303")]
    {
        let ceremony =
            rehearsal().answer("inputs/touch_policy", touch).answer("inputs/pin_policy", pin).carry_out().exits(0);
        let leaf = product(&ceremony, "Slot9CAttestation.pem");
        let shown = openssl(&["asn1parse", "-in", text(&leaf)]);
        let mut lines = shown.lines().skip_while(|line| !line.contains("1.3.6.1.4.1.41482.3.8"));
        let value = lines.nth(1).unwrap();
        assert!(value.ends_with(&format!("[HEX DUMP]:{policies}")), "{value}");
    }
}

#[test]
fn a_management_key_that_is_written_down_is_shown_and_not_recorded() {
    if !has_readers() {
        return;
    }
    let ceremony = rehearsal().answer("inputs/management_key", "written-down").carry_out().exits(0);
    let shown = ceremony.stderr();
    // A terminal of 80 columns does not break a group.
    let is_key = |line: &&str| line.len() == 39 && line.split(' ').all(|group| group.len() == 4);
    let lines: Vec<&str> = shown.lines().map(str::trim).filter(is_key).collect();
    let [key, rest] = lines[..] else { panic!("{lines:?}") };
    let record = ceremony.lines().join("\n");
    for half in [key, rest] {
        assert!(!record.contains(half) && !record.contains(&half.replace(' ', "")));
    }
    ceremony.replay().holds();
}

#[test]
fn a_serial_number_that_is_not_the_devices_stops_before_anything_is_changed() {
    if !has_readers() {
        return;
    }
    let ceremony = rehearsal().answer("device-serial-verification/printed", "25515001").carry_out().exits(1);
    let said = "The device's serial number, 25515000, is not the one on its backside, 25515001.";
    let ceremony = ceremony.mentions(said);
    assert!(
        !ceremony.folder().join("products").exists() || ceremony.replay().report["products"] == serde_json::json!({})
    );
}

#[test]
fn firmware_that_is_too_old_or_another_series_is_found_out() {
    if !has_readers() {
        return;
    }
    let old = rehearsal().answer("inputs/firmware_at_least", "5.7.0").carry_out().exits(1);
    let old = old.mentions("The device's firmware is 5.4.3, older than 5.7.0, and cannot be changed");
    assert!(old.entries().iter().all(|entry| entry["body"]["uses"] != "piv.change-pin"), "before anything is changed");
    let standard = rehearsal().answer("inputs/series", "standard").carry_out().exits(1);
    standard.mentions("The device is not of the series that was decided on, standard.");
}

#[test]
fn one_answer_does_not_try_a_step_again_for_ever() {
    if !has_readers() {
        return;
    }
    let old = rehearsal().answer("inputs/firmware_at_least", "5.7.0");
    let old = old.answer("device-serial-verification/device#what-now", "retry").carry_out().exits(2);
    assert_eq!(failures(&old).len(), 11, "the first try, and ten more");
    old.mentions("device-serial-verification/device#what-now");
}

#[test]
fn a_subject_that_no_certificate_can_have_is_not_taken() {
    for subject in ["ada", "CN=", "CN=ada,,==", "CN=ada, OU=", "CN=ada+O=x", "CN=\"ada"] {
        let ceremony = rehearsal().answer("inputs/subject", subject).carry_out().exits(2);
        ceremony.mentions("does not have the form that is asked for");
    }
}

#[test]
fn a_pin_of_a_fips_device_has_eight_characters_which_newer_ones_insist_on() {
    if !has_readers() {
        return;
    }
    let long = rehearsal().answer("device-provisioning/pin", "864209753").carry_out();
    long.exits(2).mentions("it must have 8 characters");
}

#[test]
fn the_page_says_that_the_key_was_attested_where_it_is_and_what_it_wants() {
    if !has_readers() {
        return;
    }
    let ceremony = rehearsal().answer("inputs/touch_policy", "cached").carry_out().exits(0);
    let (page, _) = report(&ceremony.folder());
    let key = between(&page, "<div class=\"key\">", "</dl>");
    for part in [
        "ECCP384, slot 9c",
        "the device made one, as the record says; verified up to CN=REHEARSAL Yubico PIV Root CA",
        "<dt>PIN policy</dt><dd>always</dd>",
        "<dt>Touch policy</dt><dd>cached</dd>",
    ] {
        assert!(key.contains(part), "{part}: {key}");
    }
}

#[test]
fn every_branch_is_walked_but_for_what_an_input_decides() {
    if !has_readers() {
        return;
    }
    let every = || rehearsal().argument("--every-branch").argument("--format").argument("json");
    let ceremony = every().carry_out().exits(0);
    let report: serde_json::Value = serde_json::from_str(&ceremony.stdout()).unwrap();
    let missing = |report: &serde_json::Value| {
        let branches = &report["tally"]["branches"];
        branches["of"].as_u64().unwrap() - branches["walked"].as_u64().unwrap()
    };
    assert_eq!(missing(&report), 1, "{report}");
    for row in report["rehearsals"].as_array().unwrap() {
        assert_eq!((&row["record_holds"], &row["ending"]["how"]), (&true.into(), &"end".into()), "{row}");
    }
    let ceremony = every().answer("inputs/management_key", "written-down").carry_out().exits(0);
    let report: serde_json::Value = serde_json::from_str(&ceremony.stdout()).unwrap();
    let steps = &report["tally"]["steps"];
    assert_eq!((missing(&report), &steps["walked"]), (1, &steps["of"]), "{report}");
}

#[test]
fn a_device_that_was_used_before_is_reset_as_the_remedy() {
    if !has_readers() {
        return;
    }
    let provisioned = "      - do: Set PIN.\n        uses: piv.change-pin\n";
    let yaml = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(RUNBOOK)).unwrap();
    let before = format!(
        "      - do: Set it, as an earlier ceremony did.\n        uses: piv.change-pin\n        with: {{ device: YubiKey, pin: {{ secret: factory-default }}, new_pin: {{ secret: pin }} }}\n{provisioned}"
    );
    let spoiled = yaml.replace(provisioned, &before);
    assert_ne!(spoiled, yaml);
    let ceremony = Ceremony::rehearse(&spoiled).carry_out().exits(0);
    assert_eq!(failures(&ceremony), ["not-factory"]);
    let retried = ceremony.entries().into_iter().find(|entry| entry["kind"] == "retried").unwrap();
    assert_eq!(retried["body"]["remedy"], "reset-piv-to-defaults");
    ceremony.replay().holds();
}

#[test]
fn a_card_that_goes_away_in_the_middle_is_put_back_and_the_ceremony_goes_on() {
    if !has_readers() {
        return;
    }
    for (step, fault) in [
        ("device-provisioning/7", "before:change-reference-data:vanish"),
        ("device-provisioning/10", "before:set-management-key:power-off"),
        ("device-provisioning/11", "before:generate-asymmetric-key-pair:vanish"),
        ("generate-attestation-certificates/3", "after:attest:lose-answer"),
    ] {
        let ceremony = rehearsal()
            .argument("--fault")
            .argument(format!("YubiKey:{fault}"))
            .answers(&format!("{step}#what-now"), &["retry", "abort"])
            .carry_out()
            .exits(0);
        assert_eq!(failures(&ceremony).len(), 1, "{fault}");
        ceremony.replay().holds();
    }
}

#[test]
fn a_ceremony_that_is_killed_in_the_middle_goes_on_to_the_same_end() {
    if !has_readers() {
        return;
    }
    let whole = rehearsal().carry_out().exits(0).lines().len();
    // Where the device was asked to change something, and where it is merely looked at.
    let stride = if std::env::var_os("OFFICIANT_EVERY_KILL").is_some() { 1 } else { 9 };
    let mut went_on = 0;
    for lines in (12..whole).step_by(stride) {
        let ceremony = rehearsal();
        let output = doomed(&mut ceremony.command(), Death { lines, bytes: lines % 3 * 20 }).output().unwrap();
        assert!(was_killed(&output), "{lines}: {}", String::from_utf8_lossy(&output.stderr));
        let ceremony = ceremony
            .carried_out(output)
            .resume()
            .answer("secret/pin", PIN)
            .answer("secret/new_puk", PUK)
            .answer("device-provisioning/pin", PIN)
            .answer("device-provisioning/new_puk", PUK);
        let answers = ["7", "9", "10", "11", "12", "14"].map(|step| format!("device-provisioning/{step}#secret/pin"));
        let ceremony = answers.iter().fold(ceremony, |ceremony, key| ceremony.answer(key, PIN));
        let ceremony = ceremony.answer("device-provisioning/9#secret/new_puk", PUK).carry_out().exits(0);
        assert_eq!(failures(&ceremony), [""; 0], "after {lines} lines");
        assert!(product(&ceremony, "Slot9CAttestation.pem").is_file());
        ceremony.replay().holds();
        went_on += 1;
    }
    assert!(went_on > 6, "{went_on}");
}

/// The options, given beforehand.
fn bound(anchors: &str) -> Vec<String> {
    [
        "github_user=@ada",
        "chosen_by=@lead",
        "series=fips",
        "firmware_at_least=5.4.3",
        "subject=CN=ada",
        "pin_policy=always",
        "touch_policy=always",
        "management_key=protected",
        &format!("anchors={anchors}"),
    ]
    .iter()
    .flat_map(|input| ["--bind".to_string(), format!("inputs.{input}")])
    .collect()
}

/// Does what the runbook says, up to the attestation.
fn provisions(person: &mut Person, serial: u32) {
    person.answers("Do it?", "n");
    person.sees("tamper-proof").answers("Done?", "y");
    person.answers("Serial number on the backside", &serial.to_string());
    person.answers("Do it?", "n");
    person.sees("Insert device").sees("5.4.3");
    person.answers("Does this hold?", "y").sees("genuine").answers("Done?", "y");
    person.sees("subject").sees("@lead").answers("Done?", "y");
    person.sees("used before").answers("Does this hold?", "n").sees("tries").answers("Does this hold?", "n");
    person.confides("New PIN", PIN).confides("The same again", PIN).sees("Set PIN");
    person.answers("Carry this out now?", "y");
    person.confides("New PUK", PUK).confides("The same again", PUK).sees("Set PUK");
    person.answers("Carry this out now?", "y").sees("AES256").answers("Carry this out now?", "y");
    person.sees("ECCP384").answers("Carry this out now?", "y");
    person.sees("expiration").answers("Carry this out now?", "y").sees("Touch YubiKey when it blinks");
    person.sees("yubico-piv-tool").answers("Do it?", "n").sees("new directory").answers("Carry this out now?", "y");
}

#[test]
fn a_key_holder_rehearses_it_at_a_terminal() {
    if !has_readers() {
        return;
    }
    let ceremony = rehearsal_at_a_terminal();
    let mut person = Person::at(ceremony);
    person.sees("REHEARSAL").sees("touched");
    provisions(&mut person, SERIAL);
    person.sees("held by").answers("Carry this out now?", "y");
    person.sees("Save these files").answers("Done?", "y").sees("is provisioned");
    let ceremony = person.leaves().exits(0);
    assert_eq!(fs::read_to_string(product(&ceremony, "README.md")).unwrap(), "held by: @ada\n");
    for secret in [PIN, PUK] {
        assert!(!ceremony.stderr().contains(secret) && !ceremony.lines().join("").contains(secret));
    }
    ceremony.replay().holds();
}

fn rehearsal_at_a_terminal() -> Ceremony {
    let ceremony = Ceremony::rehearse_file(RUNBOOK).argument("--attended");
    bound("REHEARSAL").into_iter().fold(ceremony, Ceremony::argument)
}

#[test]
fn a_ceremony_refuses_what_a_virtual_device_attests() {
    if !has_readers() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (out, state) = (folder.path().join("ceremony"), folder.path().join("card.json"));
    let script = r#"
        officiant=$1 state=$2; shift 2
        "$officiant" device yubikey --serial 25515003 --fips --state "$state" --touch automatic --port "${OFFICIANT_READERS##*:}" >/dev/null 2>&1 &
        card=$!
        "$officiant" run "$@"; code=$?
        kill $card
        exit $code
    "#;
    let mut command = officiant();
    command.args(["device", "readers", "--port", "0", "--", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_officiant")]);
    command.arg(&state).arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(RUNBOOK)).arg("--out").arg(&out);
    command.args(bound("/nonexistent"));
    let mut person = Person::of(&command);
    person.answers("on another clock", &now());
    provisions(&mut person, 25_515_003);
    person.sees("failed:").sees("REHEARSAL").sees("abort the ceremony").answers("Number", "3");
    person.answers("Why?", "It is a virtual device.");
    let (code, shown) = person.ends();
    assert_eq!(code, Some(1), "{shown}");
    let attestation = out.join("products/keys/25515003/Slot9CAttestation.pem");
    assert!(!attestation.exists(), "nothing of it is kept");
}

/// Lines of the document's two sections that are no sentence.
const NO_SENTENCE: [(&str, &str); 4] = [
    ("mkdir -p ./keys/<serial_num>/ cd !$", "a shell command: `files.mkdir`"),
    ("yubico-piv-tool --action=read-certificate --slot=f9 > SlotF9Intermediate.pem", "a shell command: `piv.attest`"),
    ("yubico-piv-tool --action=attest --slot=9c > Slot9CAttestation.pem", "a shell command: `piv.attest`"),
    ("For", "what it is for is the next line, or cut off"),
];

/// Words of the document that the runbook has otherwise.
const OTHER_WORDS: [(&str, &str, &str); 4] = [
    ("’", "'", "the typewriter's apostrophe"),
    ("each key holder will confirm the serial number of the device(s) they receive according to", "", "a GO TO"),
    ("device serial verification instructions", "device serial verification", "the section's title"),
    ("insert device and record", "insert device. record", "two steps"),
];

/// The words alone.
fn plain(text: &str) -> String {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    for (from, to, _) in OTHER_WORDS {
        text = text.replace(from, to);
    }
    let mark = |character: char| !matches!(character, '`' | '<' | '>' | ',' | '.' | ':');
    text.chars().filter(|character| mark(*character)).collect::<String>().trim().to_string()
}

/// Everything that a person reads in the runbook, in the order in which it comes up.
pub fn read(runbook: &Runbook, section: &str, texts: &mut String) {
    fn walk(runbook: &Runbook, steps: &[Step], texts: &mut String) {
        for step in steps {
            match &step.kind {
                StepKind::Do(act) => texts.extend([" ", act.text.as_str()]),
                StepKind::GoTo(go_to) => {
                    texts.extend(go_to.text.iter().map(|text| format!(" {text}")));
                    read(runbook, &go_to.section, texts);
                }
                StepKind::If(condition) => {
                    walk(runbook, &condition.then, texts);
                    walk(runbook, &condition.otherwise, texts);
                }
                StepKind::End(_) => {}
            }
        }
    }
    let section = &runbook.sections[section];
    texts.extend([" ", section.title.as_str()]);
    texts.extend(section.note.iter().map(|note| format!(" {note}")));
    walk(runbook, &section.steps, texts);
}

#[test]
fn every_line_of_the_document_is_in_the_runbook_in_its_order_and_words() {
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
    let lines = lines.skip_while(|line| !line.starts_with("Each key holder will confirm"));
    let lines: Vec<&str> = lines.take_while(|line| !line.starts_with("Before performing")).collect();
    assert_eq!(lines.len(), 32, "counted by hand");
    for (exempt, why) in NO_SENTENCE {
        assert!(lines.contains(&exempt), "nothing is exempt as {why}: `{exempt}`");
    }
    // One line has the mark of the next one in it, and the last is the beginning of another.
    let (last, lines) = lines.split_last().unwrap();
    assert_eq!(*last, "Download and install");
    let is_exempt = |line: &&str| NO_SENTENCE.iter().any(|(exempt, _)| exempt == line);
    let parts = lines.iter().flat_map(|line| line.split(" - ")).filter(|line| !is_exempt(line));
    let runbook = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(RUNBOOK)).unwrap().runbook.unwrap();
    let mut texts = String::new();
    read(&runbook, "start", &mut texts);
    let texts = plain(&texts);
    let (mut at, mut missing) = (0, Vec::new());
    for part in parts.map(plain) {
        match texts[at..].find(&part) {
            Some(found) => at += found + part.len(),
            None => missing.push(part),
        }
    }
    pretty(&missing.join("\n"), "");
}
