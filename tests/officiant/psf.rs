//! The PSF's ceremony, rehearsed: its products, its devices, and every sentence of its document.

use crate::{
    devices::{VirtualDevice, client},
    support::{CarriedOut, Ceremony, pretty},
};
use officiant_engine::notation::{Runbook, Step, StepKind, load};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use yubihsm::object::{self, Filter};

const RUNBOOK: &str = "runbooks/psf-tuf/ceremony.yaml";
const SERIALS: [u32; 3] = [7_550_054, 7_550_055, 7_550_056];
const PASSWORD: &str = "folded paper, sealed bag";

fn rehearsal() -> Ceremony {
    Ceremony::rehearse_file(RUNBOOK).answer("provisioning-the-yubihsm-2/new_password", PASSWORD)
}

fn runbook_text() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(RUNBOOK)).unwrap()
}

/// A product of a device, by the end of its name.
fn product(ceremony: &CarriedOut, serial: u32, end: &str) -> PathBuf {
    ceremony.folder().join(format!("products/ceremony-products/{serial:010}/{serial:010}_{end}"))
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

#[test]
fn the_ceremony_is_rehearsed_to_its_end_and_its_record_holds() {
    let ceremony = rehearsal().argument("-vv").carry_out().exits(0);
    assert!(ceremony.canary().has_secrets());
    let replayed = ceremony.replay().holds();
    assert_eq!(
        replayed.report["devices"],
        serde_json::json!({ "YubiHSM2-1": SERIALS[0], "YubiHSM2-2": SERIALS[1], "YubiHSM2-3": SERIALS[2] })
    );
    let recorded: Vec<&String> = replayed.report["products"].as_object().unwrap().keys().collect();
    let mut expected: Vec<String> = Vec::new();
    for serial in SERIALS {
        for end in ["cert.der", "root_attestation.der", "root_pubkey.pub.pem"] {
            assert!(product(&ceremony, serial, end).is_file(), "{serial}: {end}");
            expected.push(format!("products/ceremony-products/{serial:010}/{serial:010}_{end}"));
        }
    }
    assert_eq!(recorded, expected.iter().collect::<Vec<_>>());
    let entries = ceremony.entries();
    assert_eq!(entries[0]["body"]["rehearsal"], true);
    let last = entries.last().unwrap();
    assert_eq!((&last["kind"], &last["step"]), (&"ended".into(), &"start/13".into()));
    assert!(!ceremony.kinds().iter().any(|kind| kind == "failed" || kind == "deviated" || kind == "skipped"));
}

#[test]
fn openssl_reads_the_keys_and_follows_each_attestation_to_the_rehearsal_root() {
    let ceremony = rehearsal().carry_out().exits(0);
    let folder = ceremony.folder();
    let root = folder.join("rehearsal/rehearsal-root.pem");
    let sub_ca = fs::read_to_string(folder.join("rehearsal/rehearsal-sub-ca.pem")).unwrap();
    let mut keys = Vec::new();
    for serial in SERIALS {
        let pem = product(&ceremony, serial, "root_pubkey.pub.pem");
        let shown = openssl(&["pkey", "-pubin", "-noout", "-text", "-in", text(&pem)]);
        assert!(shown.starts_with("ED25519 Public-Key:"), "{shown}");

        let [device, attestation] = ["cert.der", "root_attestation.der"].map(|end| {
            let der = product(&ceremony, serial, end);
            openssl(&["x509", "-inform", "der", "-in", text(&der)])
        });
        let untrusted = folder.join(format!("evidence/{serial}-chain.pem"));
        fs::write(&untrusted, format!("{sub_ca}{device}")).unwrap();
        let leaf = folder.join(format!("evidence/{serial}-attestation.pem"));
        fs::write(&leaf, &attestation).unwrap();
        let verified = openssl(&["verify", "-CAfile", text(&root), "-untrusted", text(&untrusted), text(&leaf)]);
        assert_eq!(verified, format!("{}: OK\n", leaf.display()));

        let attested = openssl(&["x509", "-noout", "-pubkey", "-in", text(&leaf)]);
        pretty(&attested, &fs::read_to_string(&pem).unwrap());
        let names = openssl(&["x509", "-noout", "-subject", "-issuer", "-in", text(&leaf)]);
        assert!(names.contains("REHEARSAL"), "{names}");
        keys.push(attested);
    }
    keys.dedup();
    assert_eq!(keys.len(), 3, "every device has a key of its own");
}

#[test]
fn without_the_device_certificate_openssl_does_not_follow_the_attestation() {
    let ceremony = rehearsal().carry_out().exits(0);
    let leaf = product(&ceremony, SERIALS[0], "root_attestation.der");
    let root = ceremony.folder().join("rehearsal/rehearsal-root.pem");
    let output = Command::new("openssl").args(["verify", "-CAfile", text(&root), text(&leaf)]).output().unwrap();
    assert!(!output.status.success());
}

#[test]
fn the_devices_are_as_the_document_wants_them_afterwards() {
    let ceremony = rehearsal().carry_out().exits(0);
    for (number, serial) in (1..).zip(SERIALS) {
        let device = VirtualDevice::at(serial, &ceremony.folder().join(format!("rehearsal/YubiHSM2-{number}.json")));
        let factory = client(&device.url(), 1, "password");
        assert!(factory.is_err(), "the factory's authentication key is still there");

        let client = client(&device.url(), 2, PASSWORD).unwrap();
        let mut found = client.list_objects(&[]).unwrap();
        found.sort_by_key(|entry| entry.object_id);
        let found: Vec<_> = found.iter().map(|entry| (entry.object_id, entry.object_type)).collect();
        assert_eq!(found, [(2, object::Type::AuthenticationKey), (100, object::Type::AsymmetricKey)]);
        assert!(client.list_objects(&[Filter::Id(1)]).unwrap().is_empty());

        let own = client.get_object_info(2, object::Type::AuthenticationKey).unwrap();
        assert_eq!(own.label.to_string(), "new_authentication_key");
        assert_eq!(own.domains, yubihsm::Domain::all());
        assert_eq!(own.capabilities, own.delegated_capabilities);
        assert!(own.capabilities.contains(yubihsm::Capability::RESET_DEVICE | yubihsm::Capability::SIGN_EDDSA));

        let key = client.get_object_info(100, object::Type::AsymmetricKey).unwrap();
        assert_eq!(key.label.to_string(), "label_ecdsa_sign");
        assert_eq!(key.domains, yubihsm::Domain::DOM1 | yubihsm::Domain::DOM2 | yubihsm::Domain::DOM3);
        assert_eq!(key.capabilities, yubihsm::Capability::EXPORTABLE_UNDER_WRAP | yubihsm::Capability::SIGN_EDDSA);
        assert_eq!(key.algorithm, yubihsm::asymmetric::Algorithm::Ed25519.into());
        assert_eq!(key.origin, object::Origin::Generated);
    }
}

#[test]
fn a_device_that_attests_no_ed25519_key_is_a_finding_and_not_the_end() {
    let refusing = runbook_text().replace(
        "YubiHSM2-2: { kind: yubihsm2, rehearse: { serial: 7550055 } }",
        "YubiHSM2-2: { kind: yubihsm2, rehearse: { serial: 7550055, attests_ed25519: false } }",
    );
    assert_ne!(refusing, runbook_text());
    let ceremony = Ceremony::rehearse(&refusing).carry_out().exits(0);
    ceremony.replay().holds();

    let entries = ceremony.entries();
    let found = |entry: &&serde_json::Value| entry["kind"] == "observed" && !entry["body"]["seen"]["finding"].is_null();
    let observed: Vec<_> = entries.iter().filter(found).collect();
    let finding = "YubiHSM2-2, firmware 2.4.0, does not attest this key: it refuses with INVALID DATA (0x02)";
    assert_eq!(observed.len(), 1);
    assert_eq!(observed[0]["body"]["seen"]["finding"], finding);

    let attested: Vec<_> = entries
        .iter()
        .filter(|entry| entry["kind"] == "decided" && entry["body"]["when"] == "attestation.attested")
        .map(|entry| entry["body"]["holds"].as_bool().unwrap())
        .collect();
    assert_eq!(attested, [true, false, true]);
    for (serial, attests) in SERIALS.into_iter().zip(attested) {
        assert_eq!(product(&ceremony, serial, "root_attestation.der").exists(), attests);
        assert!(product(&ceremony, serial, "cert.der").exists());
        assert!(product(&ceremony, serial, "root_pubkey.pub.pem").exists());
    }
}

#[test]
fn a_device_that_is_reprovisioned_is_reset_by_hand_first() {
    let ceremony = rehearsal()
        .answers("provisioning-the-yubihsm-2/2", &["no", "yes", "no"])
        .answers("provisioning-the-yubihsm-2/4", &["yes", "no", "yes"])
        .carry_out()
        .exits(0);
    ceremony.replay().holds();
    let entries = ceremony.entries();
    let resets: Vec<_> =
        entries.iter().filter(|it| it["kind"] == "entered" && it["body"]["section"] == "physical-reset").collect();
    assert_eq!(resets.len(), 1);
    assert_eq!(resets[0]["body"]["takes"], serde_json::json!({ "body": "YubiHSM2-2", "serial": "7550055" }));
    let reset = entries.iter().find(|it| it["kind"] == "finished" && it["step"] == "physical-reset/2").unwrap();
    assert_eq!(reset["body"]["outputs"]["serial"], SERIALS[1]);
    let inserted = entries.iter().filter(|it| it["kind"] == "began" && it["step"] == "provisioning-the-yubihsm-2/5");
    assert_eq!(inserted.count(), 2, "a device that stays in after its reset is not inserted again");
}

#[test]
fn a_device_that_was_provisioned_before_is_reset_as_the_remedy() {
    let before = "      - do: Enter the new authentication key password.\n        id: new_password";
    let provisioned = format!(
        "
      - do: Enter the password of an earlier ceremony.
        id: old_password
        uses: ask.secret
        with: {{ prompt: Old password }}
      - do: Provision it, as that ceremony did.
        uses: yubihsm.put-authentication-key
        with:
          device: '{{{{ body }}}}'
          password: {{ secret: factory-default }}
          object_id: 2
          label: old
          domains: all
          capabilities: all
          delegated: all
          new_password: {{ secret: old_password }}
{before}"
    );
    let spoiled = runbook_text().replace(before, &provisioned);
    assert_ne!(spoiled, runbook_text());
    let ceremony = Ceremony::rehearse(&spoiled).carry_out().exits(0);
    ceremony.replay().holds();
    let entries = ceremony.entries();
    let failed: Vec<_> = entries.iter().filter(|entry| entry["kind"] == "failed").collect();
    assert_eq!(failed.len(), 3, "one a device");
    assert_eq!(failed[0]["body"]["failure"]["code"], "exists");
    let retried: Vec<_> = entries.iter().filter(|entry| entry["kind"] == "retried").collect();
    assert_eq!(retried.len(), 3);
    assert_eq!(retried[0]["body"]["remedy"], "physical-reset");
}

/// A sentence of the document or of the runbook: its word, and its text in a form that both share.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sentence(&'static str, String);

/// Lines of the document that are no part of a sentence, by how they start.
const NO_SENTENCE: [(&str, &str); 14] = [
    ("$ ", "a shell command: a step handler, or in the sentence of the runbook"),
    ("--", "goes on with a shell command"),
    ("git ", "a shell command"),
    ("mkdir ", "a shell command"),
    ("Found 0 object(s)", "what a shell command prints: `expect:` of the runbook"),
    ("Ref: ", "a link to the vendor's manual"),
    ("** TODO", "a TODO of the document: resolved in a `note:`"),
    ("**", "the end of a TODO"),
    ("ceremony-products/", "the name of a file to check for: `paths:` of the runbook"),
    ("Where XXXXXXXXXX", "what a placeholder stands for: a template in the runbook"),
    ("is the 0-prefixed serial number", "goes on with that"),
    ("Where YYYY-MM-DD", "what a placeholder stands for: an input of the runbook"),
    ("is the current date", "goes on with that"),
    ("Time estimate", "`estimate:` of the section that follows"),
];

/// Parts of the document's sentences that the runbook leaves out, or has in other words.
const OTHER_WORDS: [(&str, &str, &str); 8] = [
    ("’", "'", "the typewriter's apostrophe"),
    (" by running the following command", "", "a step handler runs it"),
    (" refer to the picture below", "\n", "there is no picture; its caption, which follows, is the `note:`"),
    (" todo: update this", "", "a TODO of the document: resolved in a `note:`"),
    (" the following ", " the ", "what follows is named by the step itself"),
    ("do perform the pre-ceremony", "go to pre-ceremony", "a section of its own"),
    ("do perform the post-ceremony steps", "go to post-ceremony", "a section of its own"),
    ("do you must perform a physical reset", "go to physical reset", "a section of its own"),
];

/// What the runbook has beyond the document; README.md beside it says why.
const ADDED: [&str; 8] = [
    "DO confirm that the pre-ceremony was performed, as the psf's own instructions for it say",
    "DO confirm that the credentials of the trusted offline machine were provided",
    "DO enter the new authentication key password",
    "DO export the attestation of the keypair and the certificate of the yubihsm2",
    "IF the device attested the keypair",
    "DO check for the attestation and the certificate beside it",
    "DO remove every yubihsm 2 from the trusted offline computer",
    "DO find the yubihsm 2 by its printed serial number. press its metal rim (the touch sensor) while you insert it into the \
     trusted offline computer, and continue to press it for at least 10 seconds",
];

/// Sentences in the form that document and runbook share.
fn sentence(word: &'static str, text: &str) -> Sentence {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    for (from, to) in [(" )", ")"), (" .", "."), (" ,", ",")] {
        text = text.replace(from, to);
    }
    let mut whole = format!("{} {text}", word.to_lowercase());
    for (from, to, _) in OTHER_WORDS {
        whole = whole.replace(from, to);
    }
    let whole = whole.lines().next().unwrap_or_default().trim_end_matches(['.', ':', ',', ' ']).to_string();
    let (word, rest) = ["go to", "do", "if", "end"]
        .into_iter()
        .zip(["GO TO", "DO", "IF", "END"])
        .find_map(|(start, word)| Some((word, whole.strip_prefix(start)?)))
        .unwrap();
    Sentence(word, rest.trim().to_string())
}

/// The document's sentences: DO, IF with its THEN, GO TO and END, in order.
fn of_the_document(document: &str) -> Vec<Sentence> {
    let mut blocks: Vec<(&'static str, String)> = Vec::new();
    let mut goes_on = false;
    for line in document.lines().map(str::trim) {
        let in_command = std::mem::replace(&mut goes_on, line.ends_with('\\'));
        let start = [("DO ", "DO"), ("IF ", "IF"), ("END", "END")]
            .into_iter()
            .find_map(|(start, word)| Some((word, line.strip_prefix(start)?.to_string())));
        match start {
            Some(block) => blocks.push(block),
            None if in_command || NO_SENTENCE.iter().any(|(start, _)| line.starts_with(start)) => {}
            None => {
                if let Some((_, text)) = blocks.last_mut() {
                    *text = format!("{text} {line}");
                }
            }
        }
    }
    let mut sentences = Vec::new();
    for (word, text) in blocks {
        let text = text.split(" ** TODO").next().unwrap_or_default();
        match (word, text.split_once(", THEN "), text.split_once(" and GO TO ")) {
            ("IF", Some((condition, then)), _) => {
                sentences.extend([sentence("IF", condition), sentence("DO", then)]);
            }
            (_, _, Some((first, section))) => sentences.extend([sentence(word, first), sentence("GO TO", section)]),
            _ => sentences.push(sentence(word, text)),
        }
    }
    sentences
}

/// A sentence of the runbook without what the machine fills in.
fn without_values(text: &str) -> String {
    let text = text.replace("{{ body }}", "the YubiHSM 2").replace('\n', " ");
    // Set off by commas, a value only says which one is meant.
    let text = text.replace(", the YubiHSM 2,", "");
    let mut kept = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(", {{") {
        kept.push_str(before);
        rest = after.split_once("}}").map_or("", |(_, after)| after.trim_start_matches(','));
    }
    kept.push_str(rest);
    // A command after a colon, or a path after a comma, is the machine's form of what the sentence says.
    let kept = kept.split(": `").next().unwrap_or_default();
    let kept = kept.split(", `ceremony/").next().unwrap_or_default();
    kept.replace('`', "")
}

fn of_the_runbook(runbook: &Runbook) -> Vec<Sentence> {
    fn walk(runbook: &Runbook, steps: &[Step], sentences: &mut Vec<Sentence>) {
        for step in steps {
            match &step.kind {
                StepKind::Do(act) => sentences.push(sentence("DO", &without_values(&act.text))),
                StepKind::GoTo(go_to) => {
                    sentences.extend(go_to.text.iter().map(|text| sentence("DO", &without_values(text))));
                    let (_, section) = runbook.sections.get_key_value(go_to.section.as_str()).unwrap();
                    sentences.push(sentence("GO TO", &section.title));
                }
                StepKind::If(condition) => {
                    sentences.push(sentence("IF", &without_values(&condition.text)));
                    walk(runbook, &condition.then, sentences);
                    walk(runbook, &condition.otherwise, sentences);
                }
                StepKind::End(end) => sentences.push(sentence("END", &without_values(&end.text))),
            }
        }
    }
    let mut sentences = Vec::new();
    for (_, section) in &runbook.sections {
        walk(runbook, &section.steps, &mut sentences);
    }
    sentences
}

/// The seed document, where the project's real data is at hand; CI has it.
fn document() -> Option<String> {
    let seeds = match std::env::var_os("OFFICIANT_REAL_DATA") {
        Some(data) => Path::new(&data).parent().unwrap_or(Path::new("")).join("seeds"),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seeds"),
    };
    let path = seeds.join("psf-tuf-runbook.txt");
    match fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "`{}`: {error}", path.display());
            eprintln!("skipped: `{}`: {error}", path.display());
            None
        }
    }
}

/// Sentences of the document that the runbook lacks, and sentences that it has beyond the document; each in order.
fn compare(document: &[Sentence], runbook: &[Sentence]) -> (Vec<String>, Vec<String>) {
    let show = |Sentence(word, text): &Sentence| format!("{word} {text}");
    let (mut missing, mut added, mut at) = (Vec::new(), Vec::new(), 0);
    for sentence in document {
        match runbook[at..].iter().position(|it| it == sentence) {
            Some(found) => {
                added.extend(runbook[at..at + found].iter().map(show));
                at += found + 1;
            }
            None => missing.push(show(sentence)),
        }
    }
    added.extend(runbook[at..].iter().map(show));
    (missing, added)
}

#[test]
fn every_sentence_of_the_document_is_in_the_runbook_in_its_order_and_words() {
    let Some(document) = document() else { return };
    for (start, why) in NO_SENTENCE {
        assert!(document.lines().any(|line| line.trim().starts_with(start)), "nothing is exempt as {why}: `{start}`");
    }
    let document = of_the_document(&document);
    let count = |word: &str| document.iter().filter(|sentence| sentence.0 == word).count();
    // Counted by hand: of 36 DO two are a GO TO, and three have one besides; of three THEN two are a DO, and one is a GO TO.
    assert_eq!((count("DO"), count("IF"), count("GO TO"), count("END")), (36, 3, 6, 1));
    let runbook = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(RUNBOOK)).unwrap().runbook.unwrap();
    let sentences = of_the_runbook(&runbook);
    let (missing, added) = compare(&document, &sentences);
    pretty(&missing.join("\n"), "");
    pretty(&added.join("\n"), &ADDED.join("\n"));

    // Each sentence that the document has would be missed, and so would its place.
    let shared: Vec<Sentence> = sentences.into_iter().filter(|sentence| document.contains(sentence)).collect();
    for (at, sentence) in shared.iter().enumerate() {
        let mut without = shared.clone();
        without.remove(at);
        assert!(!compare(&document, &without).0.is_empty(), "{sentence:?} is not missed");
        let mut moved = shared.clone();
        if at + 1 < moved.len() && moved[at] != moved[at + 1] {
            moved.swap(at, at + 1);
            assert!(!compare(&document, &moved).0.is_empty(), "{sentence:?} may come later");
        }
    }
}
