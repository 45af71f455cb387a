//! Secrets are nowhere but in the device: canaries are typed, and looked for everywhere.
//!
//! The search itself is in `canary`, and every test that types a secret is searched when it is over.

use crate::{
    canary::{Watch, files, forms},
    devices::{VirtualDevice, client, until},
    support::{CarriedOut, Ceremony, officiant},
    terminal::Person,
};
use base64ct::{Base64Unpadded, Encoding};
use memchr::memmem;
use serde_json::json;
use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

/// Nothing else looks like one of these, in any form; some forms differ only where a character has to be escaped.
const PASSWORD: &str = "zaphod-\"Kanarienvögel\" <\\42> & 'mehr' 100%";
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

/// Types all that the runbook asks for, and what it refuses.
fn typed(ceremony: Ceremony) -> CarriedOut {
    let mut person = Person::at(ceremony.argument("-vv"));
    person.confides("New password", REFUSED[0]).confides("The same again", REFUSED[0]);
    person.sees("at least 16 characters").confides("New password", PASSWORD).confides("The same again", REFUSED[1]);
    person.sees("The two are not the same.").confides("New password", PASSWORD).confides("The same again", PASSWORD);
    person.answers("Carry this out now?", "y").confides("From the paper", REFUSED[2]).sees("2 tries are left");
    person.confides("From the paper", PASSWORD);
    person.confides("Another password", REFUSED[2]).confides("The same again", REFUSED[2]);
    person.answers("Do it?", "y").sees("failed:").sees("this is not the password of authentication key 2");
    person.sees("abort the ceremony").answers("Number", "2").answers("Why?", "It was a try.");
    person.answers("Carry this out now?", "y").sees("Over, with 2 objects.");
    let ceremony = person.leaves().exits(0);
    ceremony.replay().holds();
    // The log is there; it is the terminal that it goes to.
    assert!(ceremony.stderr().contains("TRACE") || ceremony.stderr().contains("DEBUG"), "{}", ceremony.stderr());
    ceremony
}

#[test]
fn a_password_is_nowhere_but_in_the_device() {
    let ceremony = typed(Ceremony::rehearse(RUNBOOK).argument("--attended"));
    let files = files(&ceremony.folder());
    let ends = ["transcript.jsonl", "products/listed.txt", "rehearsal/hsm.json", "runbook/runbook.yaml"];
    assert!(ends.iter().all(|end| files.iter().any(|file| file.ends_with(end))), "{files:#?}");
}

#[test]
fn a_password_is_nowhere_but_in_the_device_of_a_ceremony() {
    let device = VirtualDevice::new(7_550_054);
    let bound = format!("devices.hsm.connector={}", device.url());
    typed(Ceremony::run(RUNBOOK).argument("--bind").argument(bound));
    assert!(client(&device.url(), 2, PASSWORD).is_ok(), "the device has the password");
}

const ENTERED: &str = "
notation: 1
title: Secrets
sections:
  start:
    title: Start
    steps:
      - { do: Choose a password., id: password, uses: ask.secret, with: { prompt: New password } }
      - do: Give it to a program.
        id: given
        uses: exec.run
        with:
          command: [sh, -c, 'touch ../running; while ! test -e ../enough; do sleep 0.02; done; wc -c; echo $0 >&2; env']
          stdin: { secret: password }
          timeout: 60s
        rehearse: { outputs: { exit_code: 0 } }
      - end: Over.
";

#[test]
fn a_secret_reaches_a_program_through_a_pipe_and_is_in_no_list_of_arguments_and_no_environment() {
    let mut person = Person::at(Ceremony::run(ENTERED).argument("-vv"));
    person.confides("New password", PASSWORD).confides("The same again", PASSWORD);
    let beside = person.folder();
    person.answers("Carry this out now?", "y");
    until("the program runs", || beside.join("running").exists());
    // Looked at more than once while the program runs.
    std::thread::sleep(std::time::Duration::from_millis(100));
    fs::write(beside.join("enough"), "").unwrap();
    person.sees("Over.");
    let ceremony = person.leaves().exits(0);
    let finished = ceremony.entries().into_iter().rfind(|entry| entry["kind"] == "finished").unwrap();
    let said = finished["body"]["outputs"]["stdout"].as_str().unwrap().to_string();
    assert!(said.contains(&PASSWORD.len().to_string()), "{said}");
    ceremony.replay().holds();
}

#[test]
fn a_program_that_says_its_secret_is_a_failure_that_does_not() {
    let yaml = ENTERED.replace("wc -c;", "cat; ");
    let mut person = Person::at(Ceremony::run(&yaml).argument("-vv"));
    person.confides("New password", PASSWORD).confides("The same again", PASSWORD);
    fs::write(person.folder().join("enough"), "").unwrap();
    person.answers("Carry this out now?", "y").sees("failed:").sees("abort the ceremony").answers("Number", "3");
    person.answers("Why?", "It talks.");
    let ceremony = person.leaves().exits(1);
    let failed = ceremony.entries().into_iter().find(|entry| entry["kind"] == "failed").unwrap();
    assert_eq!(failed["body"]["failure"]["code"], "secret-in-output");
}

#[test]
fn a_secret_that_was_lost_when_the_ceremony_broke_off_is_asked_for_again_and_nowhere_to_be_found() {
    let mut person = Person::at(Ceremony::rehearse(RUNBOOK).argument("--attended").argument("-vv"));
    person.confides("New password", PASSWORD).confides("The same again", PASSWORD);
    person.answers("Carry this out now?", "y").sees("From the paper");
    let ceremony = person.kills();
    let mut person = Person::at(ceremony.resume().argument("--attended").argument("-vv"));
    person.sees("`password` is lost, and asked for again").answers("want to go", "y");
    person.sees("was lost when the ceremony broke off").confides("not shown", PASSWORD);
    person.confides("The same again", PASSWORD).confides("From the paper", PASSWORD);
    person.confides("Another password", REFUSED[2]).confides("The same again", REFUSED[2]);
    person.answers("Do it?", "n").answers("Why?", "It was a try.");
    person.answers("Carry this out now?", "y").sees("Over, with 2 objects.");
    person.leaves().exits(0).replay().holds();
}

#[test]
fn a_ceremony_takes_no_secret_from_a_file_and_does_not_repeat_it() {
    let ceremony = Ceremony::run(ENTERED).answer("start/password", PASSWORD).argument("-vv").carry_out().exits(2);
    assert!(ceremony.canary().has_secrets());
    ceremony.mentions(
        "error: step start/1 asks for a secret, “New password”, which is taken from a terminal and never from a file",
    );
}

#[test]
fn a_secret_that_a_file_holds_is_not_shown_either_with_quotes_or_without() {
    for secret in [toml::Value::from(9_071_528_364_i64), PASSWORD.into()] {
        let ceremony =
            Ceremony::rehearse(ENTERED).answer("start/password", secret).argument("-vv").carry_out().exits(0);
        assert!(ceremony.canary().has_secrets());
        ceremony.replay().holds();
    }
}

#[test]
fn the_search_finds_a_secret_in_each_of_its_forms() {
    let encoded = |before: &str| Base64Unpadded::encode_string(format!("{before}{PASSWORD}, and more").as_bytes());
    let backwards: String = PASSWORD.chars().rev().collect();
    let in_json = serde_json::to_string(PASSWORD).unwrap();
    let utf_16: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for text in [
        format!("the password is {PASSWORD}."),
        PASSWORD.replace(' ', "\r\n   "),
        hex::encode(PASSWORD),
        hex::encode(PASSWORD).replace("20", "20\n"),
        format!("{:?}", PASSWORD.as_bytes()),
        format!("{PASSWORD:?}"),
        in_json.clone(),
        in_json.replace('ö', "\\u00f6"),
        "zaphod-%22Kanarienv%C3%B6gel%22%20%3C%5C42%3E%20%26%20%27mehr%27%20100%25".into(),
        "zaphod-&quot;Kanarienvögel&quot; &lt;\\42&gt; &amp; &#39;mehr&#39; 100%".into(),
        encoded(""),
        encoded("1"),
        encoded("12"),
        encoded("123"),
        encoded("123").replace('+', "-").replace('/', "_"),
        backwards.clone(),
        hex::encode_upper(backwards),
        String::from_utf8_lossy(&utf_16).into_owned(),
    ] {
        let place = |secret: &str| {
            let ceremony = Ceremony::run(ENTERED);
            ceremony.canary().confide(secret);
            ceremony.canary().wrote("a place", text.as_bytes());
            ceremony.canary().sings()
        };
        let lossy = text.contains('\u{fffd}');
        assert!(lossy || place(PASSWORD).iter().any(|leak| leak.contains("is in a place, as")), "{text}");
        assert!(place(REFUSED[0]).is_empty(), "{text}");
    }
    assert!(forms(PASSWORD).iter().any(|form| memmem::find(&utf_16, &form[..8]).is_some()));
}

/// A secret that is typed in a rehearsal, which does not know how to keep it.
fn planted(plant: impl FnOnce(&CarriedOut)) -> Vec<String> {
    let ceremony = Ceremony::rehearse(RUNBOOK).answer("start/password", PASSWORD).answer("start/wrong", REFUSED[1]);
    let ceremony = ceremony
        .answer("start/tried#what-now", "deviate")
        .answer("start/tried#reason", "Not now.")
        .carry_out()
        .exits(0);
    assert_eq!(ceremony.canary().leaks(), [""; 0]);
    plant(&ceremony);
    ceremony.canary().sings()
}

#[test]
fn the_canary_sings_wherever_a_leak_is_planted() {
    let reversed: String = PASSWORD.chars().rev().collect();
    for (path, text) in [
        ("ceremony/products/listed.txt", PASSWORD.to_string()),
        ("ceremony/evidence/0001-stdout", hex::encode(PASSWORD)),
        ("ceremony/seals/witness.sig", Base64Unpadded::encode_string(PASSWORD.as_bytes())),
        ("ceremony/rehearsal/hsm.json", reversed),
        ("ceremony/runbook/runbook.yaml", PASSWORD.to_string()),
        ("beside.log", PASSWORD.to_string()),
    ] {
        let found = planted(|ceremony| {
            let path = ceremony.canary().path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        });
        assert!(found.iter().any(|leak| leak.contains(&format!("is in {path}, as"))), "{path}: {found:#?}");
    }
    let found = planted(|ceremony| {
        fs::write(ceremony.folder().join(format!("evidence/{}", hex::encode(PASSWORD))), "").unwrap();
    });
    assert!(!found.is_empty(), "the name of a file");
}

#[test]
fn the_canary_sings_of_what_is_made_of_a_record_too() {
    let found = planted(|ceremony| {
        let mut entries = ceremony.entries();
        entries[0]["body"]["title"] = json!(PASSWORD);
        ceremony.rewrite(&crate::forging::forge(&mut entries));
    });
    for place in ["transcript.jsonl", "the report's page", "the standard output of replay"] {
        assert!(found.iter().any(|leak| leak.contains(place)), "{place}: {found:#?}");
    }
}

#[test]
fn the_canary_sings_of_what_is_shown_and_of_what_the_machine_shows_of_processes() {
    let ceremony = Ceremony::rehearse(ENTERED);
    ceremony.canary().confide(PASSWORD);
    let mut command = officiant();
    let output = command.args(["steps", PASSWORD]).output().unwrap();
    let ceremony = ceremony.carried_out(output);
    let found = ceremony.canary().sings();
    assert!(found.iter().any(|leak| leak.contains("standard error or the terminal")), "{found:#?}");

    for (variable, place) in [(false, "(cmdline)"), (true, "(environ)")] {
        let ceremony = Ceremony::rehearse(ENTERED);
        ceremony.canary().confide(PASSWORD);
        let mut shell = Command::new("sh");
        shell.args(["-c", "sh -c 'read line' \"$0\"; true"]).stdin(Stdio::piped());
        if variable {
            shell.env("CANARY", PASSWORD)
        } else {
            shell.arg(PASSWORD)
        };
        let mut child = shell.spawn().unwrap();
        let watch = Watch::on(child.id());
        until("the process is seen", || watch.has_seen());
        drop(child.stdin.take());
        child.wait().unwrap();
        ceremony.canary().saw(watch);
        let found = ceremony.canary().sings();
        assert!(found.iter().any(|leak| leak.contains(place)), "{place}: {found:#?}");
    }
}
