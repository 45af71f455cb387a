//! Secrets are nowhere but in the device: canaries are typed, and looked for everywhere.

use crate::{support::Ceremony, terminal::Person};
use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Nothing else looks like one of these, in any form.
const PASSWORD: &str = "zaphod-Kanarienvogel-42";
const REFUSED: [&str; 3] = ["Wellensittich", "Nymphensittich-91", "Graupapagei_singt"];

const RUNBOOK: &str = "
notation: 1
title: A canary
participants:
  administrator: { title: Administrator }
devices:
  hsm: { kind: yubihsm2 }
sections:
  start:
    title: Start
    steps:
      - { do: Insert it., uses: devices.insert, with: { device: hsm } }
      - do: Choose a password.
        id: password
        uses: ask.secret
        with: { prompt: New password, min_length: 16 }
        by: administrator
      - do: Store it.
        uses: yubihsm.put-authentication-key
        with:
          device: hsm
          password: { secret: factory-default }
          object_id: 2
          label: new
          domains: all
          capabilities: all
          delegated: all
          new_password: { secret: password }
      - do: Read it from the paper.
        uses: ask.secret
        with: { prompt: From the paper, matches: { secret: password } }
      - do: Enter another one.
        id: wrong
        uses: ask.secret
        with: { prompt: Another password, min_length: 16 }
      - do: Try that one.
        id: tried
        uses: yubihsm.list-objects
        with: { device: hsm, authentication_key: 2, password: { secret: wrong } }
        level: should
      - do: List what is there.
        id: listed
        uses: yubihsm.list-objects
        with: { device: hsm, authentication_key: 2, password: { secret: password } }
      - do: Export something.
        uses: files.write
        with: { path: listed.txt, text: 'There is {{ listed.objects[1].label }}.' }
      - end: Over, with {{ listed.count }} objects.
";

/// A secret in every form that a program might give it by accident.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let reversed: String = secret.chars().rev().collect();
    let mut forms = Vec::new();
    for secret in [secret, &reversed] {
        forms.extend([secret.into(), hex::encode(secret).into_bytes(), hex::encode_upper(secret).into_bytes()]);
        let numbers: Vec<String> = secret.bytes().map(|byte| byte.to_string()).collect();
        forms.extend([numbers.join(",").into_bytes(), numbers.join(", ").into_bytes()]);
        forms.push(secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
        // Wherever it begins in what is encoded; the characters at its ends depend on its neighbours.
        for before in 0..3 {
            let shifted = [&b"xx"[..before], secret.as_bytes()].concat();
            let (first, last) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
            for encoded in [Base64Unpadded::encode_string(&shifted), Base64UrlUnpadded::encode_string(&shifted)] {
                forms.push(encoded[first..last].into());
            }
        }
    }
    forms
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// Requires that a secret is not in some bytes, in no form.
#[track_caller]
fn free_of(place: &str, bytes: &[u8], secrets: &[&str]) {
    for secret in secrets {
        let found = forms(secret).into_iter().find(|form| holds(bytes, form));
        assert!(found.is_none(), "`{secret}` is in {place}, as {:?}", String::from_utf8_lossy(&found.unwrap()));
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        found.extend(if path.is_dir() { files(&path) } else { vec![path] });
    }
    found
}

/// What everybody on the machine may see of a process.
fn visible(process: i32) -> Vec<u8> {
    ["cmdline", "environ", "status", "stat"]
        .iter()
        .flat_map(|name| fs::read(format!("/proc/{process}/{name}")).unwrap())
        .collect()
}

#[test]
fn a_password_is_nowhere_but_in_the_device() {
    let ceremony = Ceremony::rehearse(RUNBOOK).argument("--attended").argument("-vv");
    let mut person = Person::at(ceremony);
    let mut seen = Vec::new();
    person.confides("New password", REFUSED[0]).confides("The same again", REFUSED[0]);
    seen.extend(visible(person.process()));
    person.sees("at least 16 characters").confides("New password", PASSWORD).confides("The same again", REFUSED[1]);
    person.sees("The two are not the same.").confides("New password", PASSWORD).confides("The same again", PASSWORD);
    seen.extend(visible(person.process()));
    person.answers("Carry this out now?", "y").confides("From the paper", REFUSED[2]).sees("2 tries are left");
    person.confides("From the paper", PASSWORD);
    person.confides("Another password", REFUSED[2]).confides("The same again", REFUSED[2]);
    seen.extend(visible(person.process()));
    person.answers("Do it?", "y").sees("failed:").sees("this is not the password of authentication key 2");
    person.sees("abort the ceremony").answers("Number", "2").answers("Why?", "It was a try.");
    seen.extend(visible(person.process()));
    person.answers("Carry this out now?", "y").sees("Over, with 2 objects.");
    let ceremony = person.leaves().exits(0);
    ceremony.replay().holds();

    let secrets = [&[PASSWORD][..], &REFUSED].concat();
    free_of("the process's command line or environment", &seen, &secrets);
    // The log is there; it is the terminal that it goes to.
    assert!(ceremony.stderr().contains("TRACE") || ceremony.stderr().contains("DEBUG"), "{}", ceremony.stderr());
    free_of("what the terminal was sent", ceremony.stderr().as_bytes(), &secrets);
    let files = files(&ceremony.folder());
    let ends = ["transcript.jsonl", "products/listed.txt", "rehearsal/hsm.json", "runbook/runbook.yaml"];
    assert!(ends.iter().all(|end| files.iter().any(|file| file.ends_with(end))), "{files:#?}");
    for file in files {
        free_of(&file.display().to_string(), &fs::read(&file).unwrap(), &secrets);
    }
}

#[test]
fn the_search_finds_a_secret_in_each_of_its_forms() {
    let encoded = |before: &str| Base64Unpadded::encode_string(format!("{before}{PASSWORD}, and more").as_bytes());
    let reversed: String = PASSWORD.chars().rev().collect();
    for text in [
        format!("the password is {PASSWORD}."),
        hex::encode(PASSWORD),
        format!("{:?}", PASSWORD.as_bytes()),
        encoded(""),
        encoded("1"),
        encoded("12"),
        encoded("123"),
        reversed.clone(),
        hex::encode_upper(reversed),
    ] {
        assert!(forms(PASSWORD).iter().any(|form| holds(text.as_bytes(), form)), "{text}");
        assert!(!forms(REFUSED[0]).iter().any(|form| holds(text.as_bytes(), form)), "{text}");
    }
}

#[test]
fn a_ceremony_takes_no_secret_from_a_file_and_does_not_repeat_it() {
    let yaml = "
notation: 1
title: Secrets
sections:
  start:
    title: Start
    steps:
      - { do: Choose a password., id: password, uses: ask.secret, with: { prompt: New password } }
      - end: Over.
";
    let ceremony = Ceremony::run(yaml).answer("start/password", PASSWORD).argument("-vv").carry_out().exits(2);
    free_of("standard error", ceremony.stderr().as_bytes(), &[PASSWORD]);
    free_of("standard output", ceremony.stdout().as_bytes(), &[PASSWORD]);
    for file in files(&ceremony.folder()) {
        free_of(&file.display().to_string(), &fs::read(&file).unwrap(), &[PASSWORD]);
    }
    ceremony.mentions(
        "error: step start/1 asks for a secret, “New password”, which is taken from a terminal and never from a file",
    );
}

#[test]
fn a_secret_that_a_file_holds_without_quotes_is_not_shown_either() {
    let yaml = "
notation: 1
title: T
sections:
  start:
    title: S
    steps:
      - do: Enter it.
        id: password
        uses: ask.secret
        with: { prompt: Password }
      - end: Over.
";
    let ceremony = Ceremony::rehearse(yaml).answer("start/password", 9_071_528_364_i64).carry_out().exits(0);
    assert!(!ceremony.stderr().contains("9071528364"), "{}", ceremony.stderr());
    assert!(!ceremony.lines().join("").contains("9071528364"));
}
