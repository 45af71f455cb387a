//! What is found in references to what is declared elsewhere.

use crate::support::{steps, toml, yaml};

#[test]
fn an_unknown_participant_computer_section_handler_or_device_is_named_with_the_nearest_one() {
    yaml(
        r"
notation: 1
title: A ceremony
participants:
  administrator: { title: Ceremony administrator }
  witness: { title: Remote witness }
computers:
  ceremony: { title: Offline machine }
devices:
  YubiHSM2-1: { kind: yubihsm2 }
  YubiHSM2-2: { kind: yubihms2 }
deviations: { approved_by: [witnes] }
start: strat
sections:
  start:
    title: Start
    on: cermony
    steps:
      - do: Look.
        by: adminstrator
        sign_off: [witness, wittness]
      - if: it is so
        by: nobody
        then:
          - go_to: provisoin
            by: administrator
      - do: Ask.
        uses: ask.txt
        on_failure: { go_to: rest, approved_by: [witnness] }
      - do: Ask.
        uses: banana
      - do: Insert it.
        uses: devices.insert
        with: { device: YubiHSM2-3 }
      - end: Done.
  provision: { title: Provision, steps: [{ do: Look. }] }
  reset: { title: Reset, steps: [{ do: Look. }] }
",
        r"
warning: no step handler works with a `yubihms2`
  --> runbook.yaml:10:23
   |
10 |   YubiHSM2-2: { kind: yubihms2 }
   |                       ^^^^^^^^ did you mean `yubihsm2`?

error: unknown participant `witnes`
  --> runbook.yaml:11:29
   |
11 | deviations: { approved_by: [witnes] }
   |                             ^^^^^^ did you mean `witness`?

error: unknown section `strat`
  --> runbook.yaml:12:8
   |
12 | start: strat
   |        ^^^^^ did you mean `start`?

error: unknown computer `cermony`
  --> runbook.yaml:16:9
   |
16 |     on: cermony
   |         ^^^^^^^ did you mean `ceremony`?

error: unknown participant `adminstrator`
  --> runbook.yaml:19:13
   |
19 |         by: adminstrator
   |             ^^^^^^^^^^^^ did you mean `administrator`?

error: unknown participant `wittness`
  --> runbook.yaml:20:29
   |
20 |         sign_off: [witness, wittness]
   |                             ^^^^^^^^ did you mean `witness`?

error: unknown participant `nobody`
  --> runbook.yaml:22:13
   |
22 |         by: nobody
   |             ^^^^^^ known here: administrator, witness

error: unknown section `provisoin`
  --> runbook.yaml:24:20
   |
24 |           - go_to: provisoin
   |                    ^^^^^^^^^ did you mean `provision`?

error: unknown step handler `ask.txt`
  --> runbook.yaml:27:15
   |
27 |         uses: ask.txt
   |               ^^^^^^^ did you mean `ask.text`?

error: unknown section `rest`
  --> runbook.yaml:28:30
   |
28 |         on_failure: { go_to: rest, approved_by: [witnness] }
   |                              ^^^^ did you mean `reset`?

error: unknown participant `witnness`
  --> runbook.yaml:28:50
   |
28 |         on_failure: { go_to: rest, approved_by: [witnness] }
   |                                                  ^^^^^^^^ did you mean `witness`?

error: unknown step handler `banana`
  --> runbook.yaml:30:15
   |
30 |         uses: banana
   |               ^^^^^^ known here: ask.secret, ask.text, checkpoint, devices.insert, exec.run, files.copy, piv.device-info, yubihsm.device-info, yubihsm.import, yubihsm.put-key

error: unknown device `YubiHSM2-3`
  --> runbook.yaml:33:25
   |
33 |         with: { device: YubiHSM2-3 }
   |                         ^^^^^^^^^^ did you mean `YubiHSM2-1`?
",
    );
    toml(
        r#"
notation = 1
title = "A ceremony"
start = "strat"

[devices.YubiHSM2-1]
kind = "yubihsm2"

[sections.start]
title = "Start"
on = "ceremony"

[[sections.start.steps]]
do = "Insert it."
by = "witness"
uses = "devices.insrt"

[[sections.start.steps]]
do = "Insert it."
uses = "devices.insert"
with = { device = """YubiHSM2-2""" }

[[sections.start.steps]]
end = "Done."
"#,
        r#"
error: unknown section `strat`
 --> runbook.toml:3:9
  |
3 | start = "strat"
  |         ^^^^^^^ did you mean `start`?

error: unknown computer `ceremony`
  --> runbook.toml:10:6
   |
10 | on = "ceremony"
   |      ^^^^^^^^^^ declare it under `computers:`

error: unknown participant `witness`
  --> runbook.toml:14:6
   |
14 | by = "witness"
   |      ^^^^^^^^^ declare it under `participants:`

error: unknown step handler `devices.insrt`
  --> runbook.toml:15:8
   |
15 | uses = "devices.insrt"
   |        ^^^^^^^^^^^^^^^ did you mean `devices.insert`?

error: unknown device `YubiHSM2-2`
  --> runbook.toml:20:19
   |
20 | with = { device = """YubiHSM2-2""" }
   |                   ^^^^^^^^^^^^^^^^ did you mean `YubiHSM2-1`?
"#,
    );
}

#[test]
fn a_name_in_an_expression_is_pointed_at_inside_it() {
    steps(
        r"
- do: On {{ inputs.ceremony_dat }} with {{ participants.withness.title }}, {{ participants.witness.name }}.
- do: Take {{ devices['YubiHSM2-3'].serial }} and {{ devices['YubiHSM2-1'].serail }}.
- do: Take {{ devices.YubiHSM2-1.serial }}.
",
        r"
error: unknown input `ceremony_dat`
  --> runbook.yaml:17:26
   |
17 |       - do: On {{ inputs.ceremony_dat }} with {{ participants.withness.title }}, {{ participants.witness.name }}.
   |                          ^^^^^^^^^^^^ did you mean `ceremony_date`?

error: unknown participant `withness`
  --> runbook.yaml:17:63
   |
17 |       - do: On {{ inputs.ceremony_dat }} with {{ participants.withness.title }}, {{ participants.witness.name }}.
   |                                                               ^^^^^^^^ did you mean `witness`?

error: `participants.witness` has no `name`
  --> runbook.yaml:17:106
   |
17 |       - do: On {{ inputs.ceremony_dat }} with {{ participants.withness.title }}, {{ participants.witness.name }}.
   |                                                                                                          ^^^^ known here: title

error: unknown device `YubiHSM2-3`
  --> runbook.yaml:18:30
   |
18 |       - do: Take {{ devices['YubiHSM2-3'].serial }} and {{ devices['YubiHSM2-1'].serail }}.
   |                              ^^^^^^^^^^ did you mean `YubiHSM2-1`?

error: `devices['YubiHSM2-1']` has no `serail`
  --> runbook.yaml:18:82
   |
18 |       - do: Take {{ devices['YubiHSM2-3'].serial }} and {{ devices['YubiHSM2-1'].serail }}.
   |                                                                                  ^^^^^^ did you mean `serial`?

error: unknown device `YubiHSM2`
  --> runbook.yaml:19:29
   |
19 |       - do: Take {{ devices.YubiHSM2-1.serial }}.
   |                             ^^^^^^^^ write `devices['YubiHSM2-1']`: a `-` subtracts
",
    );
}

#[test]
fn a_value_is_looked_for_where_it_is_declared() {
    steps(
        r"
- do: On {{ ceremony_date }} the {{ witness }} takes the key.
- go_to: provision
  id: first
  with: { body: YubiHSM2-1 }
- do: Its version is {{ device.version }}, {{ fisrt.device.version }}.
",
        r"
error: there is no value `ceremony_date` here
  --> runbook.yaml:17:19
   |
17 |       - do: On {{ ceremony_date }} the {{ witness }} takes the key.
   |                   ^^^^^^^^^^^^^ did you mean `inputs.ceremony_date`?

error: there is no value `witness` here
  --> runbook.yaml:17:43
   |
17 |       - do: On {{ ceremony_date }} the {{ witness }} takes the key.
   |                                           ^^^^^^^ did you mean `participants.witness.title`?

error: there is no value `device` here
  --> runbook.yaml:21:31
   |
21 |       - do: Its version is {{ device.version }}, {{ fisrt.device.version }}.
   |                               ^^^^^^ did you mean `first.device`?

error: there is no value `fisrt` here
  --> runbook.yaml:21:53
   |
21 |       - do: Its version is {{ device.version }}, {{ fisrt.device.version }}.
   |                                                     ^^^^^ did you mean `first`?
",
    );
}

#[test]
fn a_device_is_of_the_kind_that_its_step_works_with() {
    steps(
        r"
- do: Read it.
  uses: piv.device-info
  with: { device: YubiHSM2-1 }
- do: Insert it.
  uses: devices.insert
  with: { device: YubiKey-1 }
",
        r"
error: `YubiHSM2-1` is a `yubihsm2`; this takes a `yubikey`
  --> runbook.yaml:19:25
   |
19 |         with: { device: YubiHSM2-1 }
   |                         ^^^^^^^^^^ of that kind: YubiKey-1
",
    );
}

#[test]
fn what_a_section_takes_as_a_device_must_be_one_in_each_go_to() {
    yaml(
        r#"
notation: 1
title: A ceremony
devices:
  YubiHSM2-1: { kind: yubihsm2 }
  YubiKey-1: { kind: yubikey }
sections:
  start:
    title: Start
    steps:
      - go_to: provision
        with: { body: YubiHSM2-1 }
      - go_to: provision
        with: { body: YubiHSM2-2 }
      - go_to: provision
        with: { body: YubiKey-1 }
      - go_to: provision
        with: { body: 1 }
      - end: Done.
  provision:
    title: Provision
    takes: [body]
    steps:
      - go_to: read
        with: { device: "{{ body }}" }
  read:
    title: Read
    takes: [device]
    steps:
      - do: Read it.
        uses: yubihsm.device-info
        with: { device: "{{ device }}" }
"#,
        r"
error: unknown device `YubiHSM2-2`
  --> runbook.yaml:13:23
   |
13 |         with: { body: YubiHSM2-2 }
   |                       ^^^^^^^^^^ did you mean `YubiHSM2-1`?

error: `YubiKey-1` is a `yubikey`; it is used as a `yubihsm2` at runbook.yaml:31:25
  --> runbook.yaml:15:23
   |
15 |         with: { body: YubiKey-1 }
   |                       ^^^^^^^^^ of that kind: YubiHSM2-1

error: `body` must name a device, this is a whole number
  --> runbook.yaml:17:23
   |
17 |         with: { body: 1 }
   |                       ^
",
    );
    yaml(
        r"
notation: 1
title: A ceremony
devices:
  YubiHSM2-1: { kind: yubihsm2 }
sections:
  start:
    title: Start
    steps:
      - go_to: provision
        with: { body: HSM-1 }
      - end: Done.
  provision:
    title: Provision
    takes: [body]
    steps:
      - do: The serial number of {{ body }} is {{ devices[body].serial }}, {{ body.serial }}.
",
        r"
error: unknown device `HSM-1`
  --> runbook.yaml:10:23
   |
10 |         with: { body: HSM-1 }
   |                       ^^^^^ known here: YubiHSM2-1

error: `body` is text and has no `serial`
  --> runbook.yaml:16:84
   |
16 |       - do: The serial number of {{ body }} is {{ devices[body].serial }}, {{ body.serial }}.
   |                                                                                    ^^^^^^ for a device of that name write `devices[body].serial`
",
    );
}
