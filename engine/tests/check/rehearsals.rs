//! What is found in the answers of a rehearsal.

use crate::support::{steps, toml, yaml};

#[test]
fn a_decision_or_confirmation_is_answered_with_yes_or_no() {
    steps(
        r#"
- if: it is so
  rehearse: { answer: maybe }
  then: [{ do: Look., rehearse: { answer: 1 } }]
- if: it is so
  rehearse: { answer: no }
  then: [{ do: Look., rehearse: { answer: true } }]
- if: it is so
  rehearse: { answer: "{{ inputs.copies > 1 }}" }
  then: [{ do: Look., rehearse: { answer: "{{ inputs.copy }}" } }]
- do: Go.
  go_to: provision
  with: { body: YubiHSM2-1 }
  rehearse: { answer: sure }
"#,
        r#"
error: the answer is yes or no, this is `maybe`
  --> runbook.yaml:18:29
   |
18 |         rehearse: { answer: maybe }
   |                             ^^^^^ write `yes` or `no`

error: the answer is yes or no, this is a whole number
  --> runbook.yaml:19:49
   |
19 |         then: [{ do: Look., rehearse: { answer: 1 } }]
   |                                                 ^ write `yes` or `no`

error: unknown input `copy`
  --> runbook.yaml:25:60
   |
25 |         then: [{ do: Look., rehearse: { answer: "{{ inputs.copy }}" } }]
   |                                                            ^^^^ known here: ceremony_date, copies

error: the answer is yes or no, this is `sure`
  --> runbook.yaml:29:29
   |
29 |         rehearse: { answer: sure }
   |                             ^^^^ write `yes` or `no`
"#,
    );
}

#[test]
fn outputs_stand_for_those_of_the_handler() {
    steps(
        r#"
- do: Look.
  uses: yubihsm.device-info
  with: { device: YubiHSM2-1 }
  rehearse: { outputs: { serial: "7", versoin: "2.3", objects: [{ id: 1, name: x }] } }
- do: Look.
  rehearse: { outputs: { serial: 7 } }
- if: it is so
  rehearse: { outputs: { serial: 7 } }
  then: [{ do: Look. }]
- go_to: provision
  with: { body: YubiHSM2-1 }
  rehearse: { outputs: { serial: 7 } }
- do: Read the head.
  uses: checkpoint
  rehearse: { outputs: { serial: 7 } }
- do: Look.
  uses: yubihsm.device-info
  with: { device: YubiHSM2-1 }
  rehearse: { outputs: 7 }
"#,
        r#"
error: `serial` must be a whole number, this is text
  --> runbook.yaml:20:40
   |
20 |         rehearse: { outputs: { serial: "7", versoin: "2.3", objects: [{ id: 1, name: x }] } }
   |                                        ^^^ write it without quotes

error: `yubihsm.device-info` has no output `versoin`
  --> runbook.yaml:20:45
   |
20 |         rehearse: { outputs: { serial: "7", versoin: "2.3", objects: [{ id: 1, name: x }] } }
   |                                             ^^^^^^^ did you mean `version`?

error: an item of `objects` has no key `name`
  --> runbook.yaml:20:80
   |
20 |         rehearse: { outputs: { serial: "7", versoin: "2.3", objects: [{ id: 1, name: x }] } }
   |                                                                                ^^^^ known here: id, label

error: `outputs` stand for a step handler's, and this step has none
  --> runbook.yaml:22:30
   |
22 |         rehearse: { outputs: { serial: 7 } }
   |                              ^^^^^^^^^^^^^

error: `outputs` stand for a step handler's, and this step has none
  --> runbook.yaml:24:30
   |
24 |         rehearse: { outputs: { serial: 7 } }
   |                              ^^^^^^^^^^^^^

error: `outputs` stand for a step handler's, and this step has none
  --> runbook.yaml:28:30
   |
28 |         rehearse: { outputs: { serial: 7 } }
   |                              ^^^^^^^^^^^^^

error: `checkpoint` puts nothing out
  --> runbook.yaml:31:30
   |
31 |         rehearse: { outputs: { serial: 7 } }
   |                              ^^^^^^^^^^^^^

error: `outputs` must be a mapping, this is a whole number
  --> runbook.yaml:35:30
   |
35 |         rehearse: { outputs: 7 }
   |                              ^
"#,
    );
}

#[test]
fn an_answer_to_what_is_not_asked_is_a_warning() {
    steps(
        r"
- if: it is so
  when: inputs.copies > 1
  rehearse: { answer: yes }
  then: [{ do: Look. }]
- go_to: provision
  with: { body: YubiHSM2-1 }
  rehearse: { answer: yes }
- do: Ask.
  uses: ask.text
  with: { prompt: Serial }
  rehearse: { answer: x, outputs: { value: x } }
- go_to: provision
  with: { body: YubiHSM2-1 }
  level: may
  by: witness
  sign_off: [witness]
",
        r"
warning: nothing is asked, `when` decides
  --> runbook.yaml:19:29
   |
19 |         rehearse: { answer: yes }
   |                             ^^^

warning: a GO TO without `do` asks nothing
  --> runbook.yaml:23:29
   |
23 |         rehearse: { answer: yes }
   |                             ^^^

warning: nothing is asked when `outputs` stand for the step handler's
  --> runbook.yaml:27:29
   |
27 |         rehearse: { answer: x, outputs: { value: x } }
   |                             ^

warning: `level: may` means nothing for a GO TO without `do`
  --> runbook.yaml:28:16
   |
28 |       - go_to: provision
   |                ^^^^^^^^^ say in a `do:` what may be skipped

warning: `by` means nothing for a GO TO without `do`
  --> runbook.yaml:31:13
   |
31 |         by: witness
   |             ^^^^^^^

warning: `sign_off` means nothing for a GO TO without `do`
  --> runbook.yaml:32:20
   |
32 |         sign_off: [witness]
   |                    ^^^^^^^
",
    );
}

#[test]
fn an_input_is_answered_as_it_would_be_asked() {
    yaml(
        r#"
notation: 1
title: A ceremony
devices:
  YubiHSM2-1: { kind: yubihsm2 }
inputs:
  day: { type: date, rehearse: { answer: 30.10.2020 } }
  copies: { type: number, rehearse: { answer: three } }
  region: { type: choice, options: [north, south, north], rehearse: { answer: nroth } }
  serial: { type: text, pattern: '[0-9]+', rehearse: { answer: x } }
  other: { type: text, rehearse: { answer: "{{ devices['YubiHSM2-1'].serial }}" } }
  after: { type: text, rehearse: { answer: "{{ inputs.day }}", outputs: { value: x } } }
  wrong: { type: text, pattern: '[0-9' }
  useless: { type: number, pattern: '[0-9]+', options: [a, b] }
sections:
  start: { title: Start, steps: [{ end: Done. }] }
"#,
        r#"
error: a rehearsal cannot give this answer: `30.10.2020` is no day; write it as YYYY-MM-DD
 --> runbook.yaml:6:42
  |
6 |   day: { type: date, rehearse: { answer: 30.10.2020 } }
  |                                          ^^^^^^^^^^

error: a rehearsal cannot give this answer: `three` is no whole number
 --> runbook.yaml:7:47
  |
7 |   copies: { type: number, rehearse: { answer: three } }
  |                                               ^^^^^

error: `north` is an option twice
 --> runbook.yaml:8:51
  |
8 |   region: { type: choice, options: [north, south, north], rehearse: { answer: nroth } }
  |                                                   ^^^^^

error: a rehearsal cannot give this answer: `nroth` is none of: north, south, north; did you mean `north`?
 --> runbook.yaml:8:79
  |
8 |   region: { type: choice, options: [north, south, north], rehearse: { answer: nroth } }
  |                                                                               ^^^^^

error: a rehearsal cannot give this answer: `x` does not have the form that is asked for ([0-9]+)
 --> runbook.yaml:9:64
  |
9 |   serial: { type: text, pattern: '[0-9]+', rehearse: { answer: x } }
  |                                                                ^

error: there is no value `inputs` here
  --> runbook.yaml:11:48
   |
11 |   after: { type: text, rehearse: { answer: "{{ inputs.day }}", outputs: { value: x } } }
   |                                                ^^^^^^ known here: devices

error: an input has no outputs, only an `answer`
  --> runbook.yaml:11:73
   |
11 |   after: { type: text, rehearse: { answer: "{{ inputs.day }}", outputs: { value: x } } }
   |                                                                         ^^^^^^^^^^^^

error: this is not a regular expression: found unclosed character class
  --> runbook.yaml:12:33
   |
12 |   wrong: { type: text, pattern: '[0-9' }
   |                                 ^^^^^^ close the `[` with `]`; for the character itself write `\[`

warning: a `pattern` means nothing for a number
  --> runbook.yaml:13:37
   |
13 |   useless: { type: number, pattern: '[0-9]+', options: [a, b] }
   |                                     ^^^^^^^^

warning: `options` mean nothing for a number
  --> runbook.yaml:13:57
   |
13 |   useless: { type: number, pattern: '[0-9]+', options: [a, b] }
   |                                                         ^ write `type: choice`
"#,
    );
    toml(
        r#"
notation = 1
title = "A ceremony"
[inputs.day]
type = "date"
rehearse.answer = 2020-10-30
[inputs.copies]
type = "number"
rehearse.answer = true
[sections.start]
title = "Start"
steps = [{ end = "Done." }]
"#,
        r"
error: a rehearsal cannot give this answer: the answer must be text
 --> runbook.toml:8:19
  |
8 | rehearse.answer = true
  |                   ^^^^
",
    );
}
