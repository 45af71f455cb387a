//! Rehearsals of everything: every branch, and what goes wrong.

use crate::{
    cards::has_readers,
    support::{CarriedOut, Ceremony, officiant, pretty, replay},
};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

/// A rehearsal of everything in a runbook.
fn every_branch(yaml: &str) -> Ceremony {
    Ceremony::rehearse(yaml).argument("--every-branch")
}

fn sections(sections: &str) -> String {
    format!(
        "notation: 1\ntitle: Test\nparticipants:\n  witness: {{ title: Witness }}\ndevices:\n  HSM: {{ kind: yubihsm2, rehearse: {{ serial: 7550054 }} }}\nsections:\n{sections}"
    )
}

/// The folders of the rehearsals that were held.
fn held(ceremony: &CarriedOut) -> BTreeSet<String> {
    let folders = fs::read_dir(ceremony.folder()).unwrap();
    folders.map(|it| it.unwrap().file_name().into_string().unwrap()).collect()
}

/// The report as a program reads it.
fn report(ceremony: Ceremony, code: i32) -> (CarriedOut, Value) {
    let ceremony = ceremony.argument("--format").argument("json").carry_out().exits(code);
    let report = serde_json::from_str(&ceremony.stdout()).unwrap();
    (ceremony, report)
}

/// Each branch of the report with the rehearsal that walked it, or why none did.
fn branches(report: &Value) -> Vec<String> {
    let steps = report["sections"].as_array().unwrap().iter().flat_map(|it| it["steps"].as_array().unwrap());
    let rows = steps.flat_map(|step| {
        step["branches"].as_array().into_iter().flatten().map(|branch| {
            let folder = branch["walked_in"].as_str().or(branch["because"].as_str()).unwrap();
            format!("{} {}: {folder}", step["step"].as_str().unwrap(), branch["branch"].as_str().unwrap())
        })
    });
    rows.collect()
}

const DECISIONS: &str = "
  start:
    title: Start
    steps:
      - if: the bag is torn
        by: witness
        rehearse: { answer: no }
        then:
          - do: Photograph it.
          - if: the device is missing
            then:
              - end: The ceremony is put off.
            else:
              - go_to: reset
      - do: Close the blinds.
        level: should
      - do: Tell the people where the exits are.
        go_to: exits
        level: may
      - end: The room is ready.
  reset:
    title: Reset
    steps:
      - do: Reset the device.
  exits:
    title: Exits
    steps:
      - do: Point at the exits.
";

#[test]
fn both_sides_of_every_decision_and_of_every_level_are_walked() {
    let ceremony = every_branch(&sections(DECISIONS)).carry_out().exits(0);
    let expected = "\
Test

001  as the runbook answers
002  IF the bag is torn: yes (DIR/runbook.yaml:12:9)
003  IF the device is missing: no (DIR/runbook.yaml:17:13)
004  DO Close the blinds.: skipped (DIR/runbook.yaml:22:9)
005  GO TO Tell the people where the exits are.: skipped (DIR/runbook.yaml:24:9)

Start (start, DIR/runbook.yaml:9:3): 8 of 8 steps, entered in 001
  IF the bag is torn  (DIR/runbook.yaml:12:9)
      yes      002
      no       001
  IF the device is missing  (DIR/runbook.yaml:17:13)
      yes      002
      no       003
  DO Close the blinds.  (DIR/runbook.yaml:22:9)
      done     001
      skipped  004
  GO TO Tell the people where the exits are.  (DIR/runbook.yaml:24:9)
      done     001
      skipped  005

Reset (reset, DIR/runbook.yaml:28:3): 1 of 1 step, entered in 003

Exits (exits, DIR/runbook.yaml:32:3): 1 of 1 step, entered in 001

3 of 3 sections, 10 of 10 steps, 8 of 8 branches walked in 5 rehearsals
";
    pretty(&ceremony.stdout(), expected);
}

#[test]
fn every_rehearsal_has_a_folder_of_its_own_whose_record_holds() {
    let ceremony = every_branch(&sections(DECISIONS)).carry_out().exits(0);
    assert_eq!(held(&ceremony), ["001", "002", "003", "004", "005"].map(String::from).into());
    for folder in held(&ceremony) {
        replay(&ceremony.folder().join(folder), &["--every-signature"]).holds();
    }
}

#[test]
fn what_the_machine_decides_counts_on_the_sides_that_came_up_and_says_what_it_read() {
    let steps = "
  start:
    title: Start
    steps:
      - do: Count.
        id: count
        uses: ask.number
        with: { prompt: How many? }
        rehearse: { answer: 3 }
      - if: there are too few
        when: count.value < 3
        then:
          - do: Fetch more.
          - if: there are none in the safe
            then:
              - do: Order more.
      - end: Over.
";
    let (ceremony, report) = report(every_branch(&sections(steps)), 0);
    let why = "the machine decides it, and `count.value < 3` was always no; in 001, count.value = 3";
    let inside = "was never yes";
    let found = branches(&report);
    assert_eq!(found[0], format!("start/2 yes: {why}"));
    assert_eq!(found[1], "start/2 no: 001");
    assert!(found[2].contains(inside) && found[3].contains(inside), "{found:?}");
    assert_eq!(report["tally"]["branches"]["walked"], 1);
    drop(ceremony);
    // With another answer it goes the other way.
    let (_, report) = self::report(every_branch(&sections(steps)).answer("start/count", "2"), 0);
    assert_eq!(branches(&report)[2..], ["start/4 yes: 001", "start/4 no: 002"]);
}

#[test]
fn a_runbook_that_can_go_round_is_gone_round_once() {
    let steps = "
  start:
    title: Start
    steps:
      - go_to: round
      - end: Over.
  round:
    title: Round
    steps:
      - do: Count.
      - if: the count is wrong
        rehearse: { answer: no }
        then:
          - go_to: round
";
    let (ceremony, report) = report(every_branch(&sections(steps)), 0);
    assert_eq!(branches(&report), ["round/2 yes: 002", "round/2 no: 001"]);
    assert_eq!(report["tally"]["steps"]["walked"], report["tally"]["steps"]["of"]);
    assert_eq!(held(&ceremony).len(), 2);
}

#[test]
fn a_section_that_several_steps_lead_to_is_told_apart_by_its_place() {
    let steps = "
  start:
    title: Start
    steps:
      - if: it rains
        then:
          - go_to: indoors
        else:
          - go_to: indoors
      - go_to: indoors
      - end: Over.
  indoors:
    title: Indoors
    steps:
      - do: Sit down.
";
    let (_, report) = report(every_branch(&sections(steps)), 0);
    let walked: Vec<&str> = report["sections"][0]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["walked_in"].as_str().unwrap())
        .collect();
    assert_eq!(walked, ["001", "001", "002", "001", "001"]);
}

const REMEDIES: &str = "
  start:
    title: Start
    steps:
      - do: Insert it.
        uses: devices.insert
        with: { device: HSM, alone: true }
      - do: Generate the key.
        uses: yubihsm.generate-asymmetric-key
        with: { device: HSM, password: { secret: factory-default }, object_id: 7, label: x, domains: '1', capabilities: sign-ecdsa, algorithm: ecp256 }
        on_failure: { go_to: insert-again }
      - do: Write the serial number on the bag.
        on_failure: { go_to: new-bag }
      - do: Look for the form.
        uses: files.check
        with: { paths: [form.txt] }
        rehearse: { outputs: { files: [] } }
        on_failure: { go_to: new-bag }
      - end: Over.
  insert-again:
    title: Insert it again
    steps:
      - do: Insert it again.
        uses: devices.insert
        with: { device: HSM }
  new-bag:
    title: A new bag
    steps:
      - if: there is a bag
        then:
          - do: Take a new bag.
";

#[test]
fn a_remedy_is_walked_by_letting_its_step_fail_and_so_is_what_is_in_it() {
    let (ceremony, report) = report(every_branch(&sections(REMEDIES)), 0);
    let found = branches(&report);
    assert_eq!(found[..2], ["start/2 remedy: 002", "start/3 remedy: 003"]);
    let why = "the step did not fail; let it fail, with an answer in the file of --answers or a fault of --fault";
    assert_eq!(found[2], format!("start/4 remedy: {why}"));
    assert_eq!(found[3..], ["new-bag/1 yes: 003", "new-bag/1 no: 004"]);
    let text = fs::read_to_string(ceremony.folder().join("002/transcript.jsonl")).unwrap();
    assert!(text.contains("\"code\":\"storage-full\"") && text.contains("\"remedy\":\"insert-again\""), "{text}");
}

#[test]
fn a_rehearsal_that_does_not_come_to_an_end_is_named_with_what_went_wrong() {
    let steps = "
  start:
    title: Start
    steps:
      - if: the device is on the table
        then:
          - do: Insert it.
            uses: devices.insert
            with: { device: HSM, alone: true }
      - do: Look at it.
        uses: yubihsm.device-info
        with: { device: HSM }
      - end: Over.
";
    let ceremony = every_branch(&sections(steps)).carry_out().exits(1);
    let found = ceremony.stdout();
    let aborted = "\
002  IF the device is on the table: no (DIR/runbook.yaml:12:9)
     ABORTED at DIR/runbook.yaml:17:9: HSM is not";
    assert!(found.contains(aborted), "{found}");
    assert!(found.ends_with("4 of 4 steps, 2 of 2 branches walked in 2 rehearsals\n"), "{found}");
}

#[test]
fn a_step_that_reaches_outside_stops_the_rehearsals_and_says_what_to_do() {
    let steps = "
  start:
    title: Start
    steps:
      - do: Say the day.
        uses: exec.run
        with: { command: ['true'] }
      - end: Over.
";
    let ceremony = every_branch(&sections(steps)).carry_out().exits(1);
    let found = ceremony.stdout();
    assert!(found.contains("     STOPPED at DIR/runbook.yaml:12:9: ") && found.contains("--outside"), "{found}");
    every_branch(&sections(steps)).argument("--outside").carry_out().exits(0);
}

#[test]
fn the_folder_of_a_rehearsal_of_everything_is_never_written_over() {
    let ceremony = every_branch(&sections(DECISIONS));
    fs::create_dir(ceremony.out()).unwrap();
    ceremony.carry_out().exits(2).mentions("error: `DIR/ceremony`: File exists");
}

#[test]
fn the_ceremony_of_the_psf_is_walked_whole_but_for_what_its_devices_decide() {
    let ceremony = Ceremony::rehearse_file("runbooks/psf-tuf/ceremony.yaml").argument("--every-branch");
    let (ceremony, report) = report(ceremony, 0);
    let steps = &report["tally"]["steps"];
    assert_eq!(steps["walked"], steps["of"]);
    let missing: Vec<String> = branches(&report).into_iter().filter(|it| it.contains("the machine decides")).collect();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].contains("`attestation.attested` was always yes"), "{missing:?}");
    let branches = &report["tally"]["branches"];
    assert_eq!(branches["walked"].as_u64().unwrap() + 1, branches["of"].as_u64().unwrap());
    for row in report["rehearsals"].as_array().unwrap() {
        assert_eq!((&row["record_holds"], &row["ending"]["how"]), (&true.into(), &"end".into()), "{row}");
    }
    // The reset that a used device needs is walked as a branch and as a remedy.
    let resets = held(&ceremony).into_iter().filter(|folder| {
        let record = ceremony.folder().join(folder).join("transcript.jsonl");
        fs::read_to_string(record).unwrap().contains("\"section\":\"physical-reset\"")
    });
    assert_eq!(resets.count(), 2);
}

#[test]
fn every_example_can_be_rehearsed_in_every_branch() {
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let path = format!("examples/{}", path.file_name().unwrap().to_str().unwrap());
            Ceremony::rehearse_file(&path).argument("--every-branch").carry_out().exits(0);
        }
    }
}

#[test]
fn every_runbook_has_nothing_to_complain_of_and_its_rehearsal_holds() {
    let files = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let runbooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    let mut rehearsed = 0;
    for path in files(&runbooks).iter().flat_map(|folder| files(folder)) {
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let output = officiant().arg("check").arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("nothing to complain of"), "{said}");
        // Docker's have YubiKeys.
        if path.parent().is_some_and(|folder| folder.ends_with("docker-tuf")) && !has_readers() {
            continue;
        }
        let ceremony = Ceremony::rehearse_file(path.to_str().unwrap()).carry_out().exits(0);
        ceremony.replay().holds();
        rehearsed += 1;
    }
    assert!(rehearsed >= 2, "{rehearsed}");
}

/// Insert, generate a key, end; with a fault.
fn generating(fault: &str, on_failure: &str) -> Ceremony {
    let steps = format!(
        "
  start:
    title: Start
    steps:
      - do: Insert it.
        uses: devices.insert
        with: {{ device: HSM, alone: true }}
      - do: Generate the key.
        uses: yubihsm.generate-asymmetric-key
        with: {{ device: HSM, password: {{ secret: factory-default }}, object_id: 7, label: x, domains: '1', capabilities: sign-ecdsa, algorithm: ecp256 }}
{on_failure}
      - do: Go on.
        go_to: mend
      - end: Over.
  mend:
    title: Mending
    steps:
      - do: Look at it.
  insert:
    title: Insert it again
    steps:
      - do: Insert it again.
        uses: devices.insert
        with: {{ device: HSM }}
      - if: it is late
        rehearse: {{ answer: no }}
        then:
          - go_to: insert
"
    );
    Ceremony::rehearse(&sections(&steps)).argument("--fault").argument(fault)
}

/// What failed, in order.
fn failures(ceremony: &CarriedOut) -> Vec<String> {
    let failed = ceremony.entries().into_iter().filter(|entry| entry["kind"] == "failed");
    failed.map(|entry| entry["body"]["failure"]["message"].as_str().unwrap().to_string()).collect()
}

const WENT_AWAY: &str = "HSM went away during generate-asymmetric-key; whether the key was generated is not known";

#[test]
fn a_device_that_vanished_is_plugged_in_again_before_the_step_is_tried_again() {
    for effect in ["vanish", "power-off", "lose-answer"] {
        let fault = format!("HSM:before:generate-asymmetric-key:{effect}");
        let ceremony = generating(&fault, "").answer("start/2#what-now", "retry").carry_out().exits(0);
        let [failure] = &failures(&ceremony)[..] else { panic!("{effect}") };
        assert!(failure.ends_with("whether the key was generated is not known"), "{effect}: {failure}");
        let plugged = ceremony.stderr().contains("In this rehearsal a hand plugs HSM in again.");
        assert_eq!(plugged, effect != "lose-answer");
        ceremony.replay().holds();
    }
}

#[test]
fn a_key_whose_answer_never_arrived_is_there_when_the_step_is_tried_again() {
    for effect in ["vanish", "power-off", "lose-answer"] {
        let fault = format!("HSM:after:generate-asymmetric-key:{effect}");
        let ceremony = generating(&fault, "").answer("start/2#what-now", "retry").carry_out().exits(0);
        let ceremony = ceremony.mentions("it was done at the try before");
        assert_eq!(failures(&ceremony).len(), 1, "{effect}: {:?}", failures(&ceremony));
        ceremony.replay().holds();
    }
    // The device says that it did not do what it did: the second try finds the key in its place.
    let ceremony = generating("HSM:after:generate-asymmetric-key:error=storage-failed", "");
    let ceremony = ceremony.answers("start/2#what-now", &["retry", "abort"]).carry_out().exits(1);
    let failures = failures(&ceremony);
    assert!(failures.len() == 2 && failures[1].contains('7'), "{failures:?}");
}

#[test]
fn a_remedy_that_inserts_the_device_again_mends_what_a_fault_did() {
    let remedy = "        on_failure: { go_to: insert }";
    let ceremony = generating("HSM:before:generate-asymmetric-key:vanish", remedy).carry_out().exits(0);
    assert_eq!(failures(&ceremony), [WENT_AWAY]);
    ceremony.replay().holds();
}

#[test]
fn a_remedy_that_forgets_to_insert_the_device_again_is_found_out() {
    let remedy = "        on_failure: { go_to: mend }";
    let ceremony = generating("HSM:before:generate-asymmetric-key:vanish", remedy).carry_out().exits(1);
    let failures = failures(&ceremony);
    assert!(failures.len() == 2 && failures[1].contains("HSM is not"), "{failures:?}");
}

#[test]
fn an_error_is_answered_at_the_command_and_by_the_name_that_were_asked_for() {
    let ceremony = generating("HSM:before:generate-asymmetric-key:error=log-full", "")
        .answer("start/2#what-now", "retry")
        .carry_out()
        .exits(0);
    let failures = failures(&ceremony);
    assert!(failures.len() == 1 && failures[0].contains("log"), "{failures:?}");
}

#[test]
fn a_fault_that_did_not_happen_is_said_to_have_not() {
    let ceremony = generating("HSM:before:sign-ecdsa#2:vanish", "").carry_out().exits(0);
    ceremony.mentions("warning: the fault HSM:before:sign-ecdsa#2:vanish did not happen");
}

#[test]
fn what_is_wrong_with_a_fault_is_said_with_the_nearest_right_word() {
    for (fault, said) in [
        ("HMS:before:echo:vanish", "the runbook declares no device `HMS`; did you mean `HSM`?"),
        ("HSM:befor:echo:vanish", "`befor` is no moment; did you mean `before`?"),
        ("HSM:before:generate-asymetric-key:vanish", "did you mean `generate-asymmetric-key`?"),
        ("HSM", "it is written DEVICE:before:COMMAND:EFFECT"),
    ] {
        let ceremony = generating(fault, "");
        let out = ceremony.out();
        ceremony.carry_out().exits(2).mentions(said).mentions("error: --fault");
        assert!(!out.exists(), "nothing is made");
    }
}

#[test]
fn a_fault_of_the_runbook_is_checked_and_happens_in_every_rehearsal() {
    let runbook = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/faults.yaml")).unwrap();
    let ceremony = Ceremony::rehearse(&runbook).carry_out().exits(0);
    assert_eq!(ceremony.kinds().iter().filter(|kind| *kind == "retried").count(), 1);
    ceremony.replay().holds();
    let misspelt = runbook.replace("command: generate-asymmetric-key", "command: generate-asymetric-key");
    Ceremony::rehearse(&misspelt)
        .carry_out()
        .exits(1)
        .mentions("`generate-asymetric-key` is no command of a YubiHSM 2; did you mean `generate-asymmetric-key`?");
}

#[test]
fn each_fault_has_a_rehearsal_of_its_own_in_a_rehearsal_of_everything() {
    let ceremony = Ceremony::rehearse_file("examples/faults.yaml").argument("--every-branch");
    let (_, report) = report(ceremony.argument("--fault").argument("practice:before:sign-ecdsa:vanish"), 1);
    let faults: Vec<&Value> = report["faults"].as_array().unwrap().iter().map(|fault| &fault["walked_in"]).collect();
    assert_eq!(faults, [&Value::from("003"), &Value::Null]);
    let why = report["faults"][1]["because"].as_str().unwrap();
    assert_eq!(why, "the device was sent no such command in 004, or not so many");
    assert_eq!(branches(&report)[1..], ["start-the-key-over/3 yes: 003", "start-the-key-over/3 no: 002"]);
}

const GENERATE: &str = "
      - do: Enter a password.
        id: password
        uses: ask.secret
        with: { prompt: Password }
      - do: Generate the key.
        uses: yubihsm.generate-asymmetric-key
        with:
          device: HSM
          password: { secret: factory-default }
          object_id: 7
          label: key
          domains: all
          capabilities: sign-eddsa
          algorithm: ed25519
      - do: Make an authentication key of the password.
        uses: yubihsm.put-authentication-key
        with:
          device: HSM
          password: { secret: factory-default }
          object_id: 2
          label: new
          domains: all
          capabilities: all
          delegated: all
          new_password: { secret: password }
";

const EXPORT: &str = "
      - do: Enter the password.
        id: password
        uses: ask.secret
        with: { prompt: Password }
      - do: Export the key.
        uses: yubihsm.get-public-key
        with: { device: HSM, authentication_key: 2, password: { secret: password }, object_id: 7, out: key.pem }
";

fn with_steps(steps: &str) -> String {
    let insert = "      - { do: Insert it., uses: devices.insert, with: { device: HSM } }";
    sections(&format!("  start:\n    title: Start\n    steps:\n{insert}{steps}      - end: Over.\n"))
}

#[test]
fn devices_are_taken_up_as_an_earlier_rehearsal_left_them_and_so_are_its_made_up_secrets() {
    let first = Ceremony::rehearse(&with_steps(GENERATE)).carry_out().exits(0);
    let left = fs::read(first.folder().join("rehearsal/HSM.json")).unwrap();
    let taking_up = || Ceremony::rehearse(&with_steps(EXPORT)).argument("--devices");
    let second = taking_up().argument(first.folder().display().to_string()).carry_out().exits(0);
    assert!(second.folder().join("products/key.pem").is_file());
    second.replay().holds();
    assert_eq!(fs::read(first.folder().join("rehearsal/HSM.json")).unwrap(), left, "the earlier one is left as it is");
    Ceremony::rehearse(&with_steps(EXPORT)).carry_out().exits(1);
    let other = "HSM had the serial number 7550054 then, and the bindings say 7550055";
    for (folder, said) in [("/nonexistent".into(), "has none of the devices"), (first.folder(), other)] {
        let ceremony = taking_up().argument(folder.display().to_string());
        let ceremony = ceremony.argument("--bind").argument("devices.HSM.serial=7550055");
        let out = ceremony.out();
        ceremony.carry_out().exits(2).mentions(said).mentions("error: --devices");
        assert!(!out.exists(), "nothing is made");
    }
}
