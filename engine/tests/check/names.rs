//! What is found in names: how they are spelt, what they shadow, what is there twice.

use crate::support::{steps, toml, yaml};

#[test]
fn a_name_is_kebab_case_or_snake_case_and_a_spelling_is_offered() {
    yaml(
        r#"
notation: 1
title: A ceremony
participants:
  Key Holder: { title: Key holder }
devices:
  "": { kind: yubihsm2 }
  " x": { kind: yubihsm2 }
inputs:
  ceremony-date: { type: date }
sections:
  Start Here:
    title: Start
    steps:
      - do: Ask.
        id: newSerial
        uses: ask.text
        with: { prompt: Serial }
      - go_to: other/section
        with: { HSM: x }
      - end: Done.
  other/section:
    title: Other
    takes: [HSM]
    steps: [{ do: Look. }]
"#,
        r#"
error: the participant `Key Holder` is not in snake_case
 --> runbook.yaml:4:3
  |
4 |   Key Holder: { title: Key holder }
  |   ^^^^^^^^^^ call it `key_holder`

error: a device cannot be called ``
 --> runbook.yaml:6:3
  |
6 |   "": { kind: yubihsm2 }
  |   ^^ a letter or digit, then letters, digits, `.`, `_` and `-`; 64 characters at most

error: a device cannot be called ` x`
 --> runbook.yaml:7:3
  |
7 |   " x": { kind: yubihsm2 }
  |   ^^^^ a letter or digit, then letters, digits, `.`, `_` and `-`; 64 characters at most

error: the input `ceremony-date` is not in snake_case
 --> runbook.yaml:9:3
  |
9 |   ceremony-date: { type: date }
  |   ^^^^^^^^^^^^^ call it `ceremony_date`

error: the section `Start Here` is not in kebab-case
  --> runbook.yaml:11:3
   |
11 |   Start Here:
   |   ^^^^^^^^^^ call it `start-here`

error: the id `newSerial` is not in snake_case
  --> runbook.yaml:15:13
   |
15 |         id: newSerial
   |             ^^^^^^^^^ call it `new_serial`

error: the section `other/section` is not in kebab-case
  --> runbook.yaml:21:3
   |
21 |   other/section:
   |   ^^^^^^^^^^^^^ call it `other-section`

error: the take `HSM` is not in snake_case
  --> runbook.yaml:23:13
   |
23 |     takes: [HSM]
   |             ^^^ call it `hsm`
"#,
    );
    toml(
        r#"
notation = 1
title = "A ceremony"

[inputs."ceremony date"]
type = "date"

[sections."Start"]
title = "Start"

[[sections.Start.steps]]
do = "Ask."
id = "new-serial"
uses = "ask.text"
with = { prompt = "Serial" }

[[sections.Start.steps]]
end = "Done."
"#,
        r#"
error: the input `ceremony date` is not in snake_case
 --> runbook.toml:4:9
  |
4 | [inputs."ceremony date"]
  |         ^^^^^^^^^^^^^^^ call it `ceremony_date`

error: the section `Start` is not in kebab-case
 --> runbook.toml:7:11
  |
7 | [sections."Start"]
  |           ^^^^^^^ call it `start`

error: the id `new-serial` is not in snake_case
  --> runbook.toml:12:6
   |
12 | id = "new-serial"
   |      ^^^^^^^^^^^^ call it `new_serial`
"#,
    );
}

#[test]
fn an_id_is_there_once_in_its_section_and_shadows_nothing() {
    yaml(
        r"
notation: 1
title: A ceremony
sections:
  start:
    title: Start
    steps:
      - do: Ask.
        id: serial
        uses: ask.text
        with: { prompt: Serial }
      - if: it is another one
        then:
          - do: Ask again.
            id: serial
            uses: ask.text
            with: { prompt: Serial }
      - do: Ask once more.
        id: inputs
        uses: ask.text
        with: { prompt: Serial }
      - do: Ask once more.
        id: none
        uses: ask.text
        with: { prompt: Serial }
      - go_to: other
        id: devices
        with: { body: x, participants: y }
      - end: Done.
  other:
    title: Other
    takes: [body, body, participants]
    steps:
      - do: Ask.
        id: body
        uses: ask.text
        with: { prompt: Serial }
",
        r"
error: `serial` names two steps of this section
  --> runbook.yaml:14:17
   |
14 |             id: serial
   |                 ^^^^^^ the first is at line 8

error: `inputs` has a meaning of its own and cannot be another value's name
  --> runbook.yaml:18:13
   |
18 |         id: inputs
   |             ^^^^^^

error: `none` has a meaning of its own and cannot be another value's name
  --> runbook.yaml:22:13
   |
22 |         id: none
   |             ^^^^

error: `devices` has a meaning of its own and cannot be another value's name
  --> runbook.yaml:26:13
   |
26 |         id: devices
   |             ^^^^^^^

error: `body` is taken twice
  --> runbook.yaml:31:19
   |
31 |     takes: [body, body, participants]
   |                   ^^^^ remove one of the two

error: `participants` has a meaning of its own and cannot be another value's name
  --> runbook.yaml:31:25
   |
31 |     takes: [body, body, participants]
   |                         ^^^^^^^^^^^^

error: `body` is already what this section takes
  --> runbook.yaml:34:13
   |
34 |         id: body
   |             ^^^^ give the step another `id`
",
    );
}

#[test]
fn the_same_id_in_two_sections_is_two_values() {
    yaml(
        r#"
notation: 1
title: A ceremony
sections:
  start:
    title: Start
    steps:
      - do: Ask.
        id: serial
        uses: ask.text
        with: { prompt: Serial }
      - go_to: other
        id: other
      - end: "{{ serial.value }} and {{ other.serial.value }}"
  other:
    title: Other
    steps:
      - do: Ask.
        id: serial
        uses: ask.text
        with: { prompt: Serial }
"#,
        "",
    );
}

#[test]
fn an_id_that_names_nothing_is_a_warning() {
    steps(
        r"
- do: Look.
  id: looked
- do: Read the head.
  id: head
  uses: checkpoint
- go_to: provision
  id: done
  with: { body: YubiHSM2-1 }
",
        r"
warning: `looked` names nothing: this step has no handler whose outputs it could name
  --> runbook.yaml:18:13
   |
18 |         id: looked
   |             ^^^^^^

warning: `head` names nothing: `checkpoint` puts nothing out
  --> runbook.yaml:20:13
   |
20 |         id: head
   |             ^^^^
",
    );
    yaml(
        r"
notation: 1
title: A ceremony
sections:
  start:
    title: Start
    steps:
      - go_to: other
        id: first
      - end: Done.
  other: { title: Other, steps: [{ do: Look. }] }
",
        r"
warning: `first` names nothing: no step of `other` has an `id`
 --> runbook.yaml:8:13
  |
8 |         id: first
  |             ^^^^^
",
    );
}
