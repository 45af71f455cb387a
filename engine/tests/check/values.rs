//! What is found in the values that steps use.

use crate::support::{steps, toml, yaml};

#[test]
fn a_value_is_used_after_a_path_that_sets_it() {
    steps(
        r#"
- do: Its number is {{ printed.value }}.
- if: it is printed
  when: printed is defined
  then:
    - do: Ask for {{ printed.value }}.
      id: printed
      uses: ask.text
      with: { prompt: "{{ printed.value }}" }
  else:
    - do: Its number is {{ printed.value }}.
    - if: it is printed
      when: printed is defined
      then: [{ do: Look. }]
- do: Its number is {{ printed.value }}.
"#,
        r#"
error: `printed` has no value yet
  --> runbook.yaml:17:30
   |
17 |       - do: Its number is {{ printed.value }}.
   |                              ^^^^^^^ only a later step sets it, at line 22

warning: `printed` is never defined here
  --> runbook.yaml:19:15
   |
19 |         when: printed is defined
   |               ^^^^^^^ only a later step sets it, at line 22

error: `printed` has no value yet
  --> runbook.yaml:21:28
   |
21 |           - do: Ask for {{ printed.value }}.
   |                            ^^^^^^^ this very step sets it

error: `printed` has no value yet
  --> runbook.yaml:24:33
   |
24 |             with: { prompt: "{{ printed.value }}" }
   |                                 ^^^^^^^ this very step sets it

error: `printed` has no value here
  --> runbook.yaml:26:34
   |
26 |           - do: Its number is {{ printed.value }}.
   |                                  ^^^^^^^ only another branch sets it, at line 22
"#,
    );
    toml(
        r#"
notation = 1
title = "A ceremony"

[sections.start]
title = "Start"

[[sections.start.steps]]
do = "Its number is {{ printed.value }}, {{ prnted.value }}."

[[sections.start.steps]]
do = "Ask."
id = "printed"
uses = "ask.text"
with = { prompt = "Serial" }

[[sections.start.steps]]
do = """
Its number is {{ printed.vlaue }},
or {{ printed.number }}."""

[[sections.start.steps]]
end = 'It was {{ printed.valeu }}'
"#,
        r#"
error: `printed` has no value yet
 --> runbook.toml:8:24
  |
8 | do = "Its number is {{ printed.value }}, {{ prnted.value }}."
  |                        ^^^^^^^ only a later step sets it, at line 12

error: there is no value `prnted` here
 --> runbook.toml:8:45
  |
8 | do = "Its number is {{ printed.value }}, {{ prnted.value }}."
  |                                             ^^^^^^ known here: inputs, devices, participants

error: `printed` has no `vlaue`
  --> runbook.toml:18:26
   |
18 | Its number is {{ printed.vlaue }},
   |                          ^^^^^ did you mean `value`?

error: `printed` has no `number`
  --> runbook.toml:19:15
   |
19 | or {{ printed.number }}."""
   |               ^^^^^^ known here: value

error: `printed` has no `valeu`
  --> runbook.toml:22:26
   |
22 | end = 'It was {{ printed.valeu }}'
   |                          ^^^^^ did you mean `value`?
"#,
    );
}

#[test]
fn a_step_sees_its_own_outputs_in_its_expectations_and_nowhere_else() {
    steps(
        r#"
- do: Look at {{ device.serial }}.
  id: device
  uses: yubihsm.device-info
  with: { device: YubiHSM2-1 }
  expect:
    - that: device.serial == 7
      else: "{{ device.serial }} is not it."
  on_failure: { go_to: provision, with: { body: "{{ device.serial }}" } }
  rehearse: { answer: "{{ device.serial }}" }
"#,
        r#"
error: `device` has no value yet
  --> runbook.yaml:17:24
   |
17 |       - do: Look at {{ device.serial }}.
   |                        ^^^^^^ this very step sets it

error: `device` has no value yet
  --> runbook.yaml:24:59
   |
24 |         on_failure: { go_to: provision, with: { body: "{{ device.serial }}" } }
   |                                                           ^^^^^^ this very step sets it

error: `device` has no value yet
  --> runbook.yaml:25:33
   |
25 |         rehearse: { answer: "{{ device.serial }}" }
   |                                 ^^^^^^ this very step sets it
"#,
    );
}

#[test]
fn an_output_that_the_handler_does_not_have_is_named_with_the_nearest_one() {
    steps(
        r#"
- do: Look.
  id: device
  uses: yubihsm.device-info
  with: { device: YubiHSM2-1 }
- do: See {{ device.serail }}, {{ device.objects[0].lable }}, {{ device.certificate.isuer }}, {{ device['vrsion'] }}.
- do: See {{ device.serial.value }}, {{ device.objects.label }}, {{ device.version[0] }}.
- if: it has none
  when: device.atested is defined
  then: [{ do: "See {{ device.objects[0].id }} and {{ device.certificate.issuer }}." }]
"#,
        r"
error: `device` has no `serail`
  --> runbook.yaml:21:27
   |
21 |       - do: See {{ device.serail }}, {{ device.objects[0].lable }}, {{ device.certificate.isuer }}, {{ device['vrsion'] }}.
   |                           ^^^^^^ did you mean `serial`?

error: `device.objects[…]` has no `lable`
  --> runbook.yaml:21:59
   |
21 |       - do: See {{ device.serail }}, {{ device.objects[0].lable }}, {{ device.certificate.isuer }}, {{ device['vrsion'] }}.
   |                                                           ^^^^^ did you mean `label`?

error: `device.certificate` has no `isuer`
  --> runbook.yaml:21:91
   |
21 |       - do: See {{ device.serail }}, {{ device.objects[0].lable }}, {{ device.certificate.isuer }}, {{ device['vrsion'] }}.
   |                                                                                           ^^^^^ did you mean `issuer`?

error: `device` has no `vrsion`
  --> runbook.yaml:21:112
   |
21 |       - do: See {{ device.serail }}, {{ device.objects[0].lable }}, {{ device.certificate.isuer }}, {{ device['vrsion'] }}.
   |                                                                                                                ^^^^^^ did you mean `version`?

error: `device.serial` is a whole number and has no `value`
  --> runbook.yaml:22:34
   |
22 |       - do: See {{ device.serial.value }}, {{ device.objects.label }}, {{ device.version[0] }}.
   |                                  ^^^^^

error: `device.objects` is a list and has no `label`
  --> runbook.yaml:22:62
   |
22 |       - do: See {{ device.serial.value }}, {{ device.objects.label }}, {{ device.version[0] }}.
   |                                                              ^^^^^

error: `device.version` is text and has no items
  --> runbook.yaml:22:75
   |
22 |       - do: See {{ device.serial.value }}, {{ device.objects.label }}, {{ device.version[0] }}.
   |                                                                           ^^^^^^

error: `device` has no `atested`
  --> runbook.yaml:24:22
   |
24 |         when: device.atested is defined
   |                      ^^^^^^^ known here: certificate, locked, objects, serial, version
",
    );
}

#[test]
fn a_go_to_names_all_that_its_section_named() {
    steps(
        r"
- go_to: provision
  id: first
  with: { body: YubiHSM2-1 }
- do: It is {{ first.device.serial }}, {{ first.device.serail }}, {{ first.devise.serial }}, {{ first.device.objects[0].name }}.
",
        r"
error: `first.device` has no `serail`
  --> runbook.yaml:20:62
   |
20 |       - do: It is {{ first.device.serial }}, {{ first.device.serail }}, {{ first.devise.serial }}, {{ first.device.objects[0].name }}.
   |                                                              ^^^^^^ did you mean `serial`?

error: `first` has no `devise`
  --> runbook.yaml:20:82
   |
20 |       - do: It is {{ first.device.serial }}, {{ first.device.serail }}, {{ first.devise.serial }}, {{ first.device.objects[0].name }}.
   |                                                                                  ^^^^^^ did you mean `device`?

error: `first.device.objects[…]` has no `name`
  --> runbook.yaml:20:127
   |
20 |       - do: It is {{ first.device.serial }}, {{ first.device.serail }}, {{ first.devise.serial }}, {{ first.device.objects[0].name }}.
   |                                                                                                                               ^^^^ known here: id, label
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
      - go_to: middle
        id: middle
      - end: It is {{ middle.inner.printed.value }}, {{ middle.inner.printed.vlaue }}, {{ middle.innr.printed }}.
  middle:
    title: Middle
    steps: [{ go_to: inner, id: inner }]
  inner:
    title: Inner
    steps:
      - do: Ask.
        id: printed
        uses: ask.text
        with: { prompt: Serial }
",
        r"
error: `middle.inner.printed` has no `vlaue`
 --> runbook.yaml:9:78
  |
9 |       - end: It is {{ middle.inner.printed.value }}, {{ middle.inner.printed.vlaue }}, {{ middle.innr.printed }}.
  |                                                                              ^^^^^ did you mean `value`?

error: `middle` has no `innr`
 --> runbook.yaml:9:98
  |
9 |       - end: It is {{ middle.inner.printed.value }}, {{ middle.inner.printed.vlaue }}, {{ middle.innr.printed }}.
  |                                                                                                  ^^^^ did you mean `inner`?
",
    );
}

#[test]
fn a_value_that_is_several_is_not_shown_in_a_sentence() {
    steps(
        r#"
- do: Look.
  id: device
  uses: yubihsm.device-info
  with: { device: YubiHSM2-1 }
- do: See {{ device }}, {{ device.objects }}, {{ device.certificate }}, {{ inputs }}.
- do: See {{ device.objects | length }}, {{ device.locked }}.
- do: Ask.
  uses: ask.text
  with: { prompt: "Is it {{ device }}?" }
"#,
        r#"
error: `device` has several values
  --> runbook.yaml:21:20
   |
21 |       - do: See {{ device }}, {{ device.objects }}, {{ device.certificate }}, {{ inputs }}.
   |                    ^^^^^^ name one: `device.certificate`, `device.locked`, `device.objects`, `device.serial`, `device.version`

error: `device.objects` is a list and cannot be shown in a sentence
  --> runbook.yaml:21:34
   |
21 |       - do: See {{ device }}, {{ device.objects }}, {{ device.certificate }}, {{ inputs }}.
   |                                  ^^^^^^^^^^^^^^ write `{{ device.objects | join(', ') }}`

error: `device.certificate` has several values
  --> runbook.yaml:21:56
   |
21 |       - do: See {{ device }}, {{ device.objects }}, {{ device.certificate }}, {{ inputs }}.
   |                                                        ^^^^^^^^^^^^^^^^^^ name one: `device.certificate.issuer`

error: `inputs` has several values
  --> runbook.yaml:21:82
   |
21 |       - do: See {{ device }}, {{ device.objects }}, {{ device.certificate }}, {{ inputs }}.
   |                                                                                  ^^^^^^ name one: `inputs.ceremony_date`, `inputs.copies`

error: `device` has several values
  --> runbook.yaml:25:35
   |
25 |         with: { prompt: "Is it {{ device }}?" }
   |                                   ^^^^^^ name one: `device.certificate`, `device.locked`, `device.objects`, `device.serial`, `device.version`
"#,
    );
}

#[test]
fn a_condition_is_true_or_false() {
    steps(
        r"
- do: Look.
  id: device
  uses: yubihsm.device-info
  with: { device: YubiHSM2-1 }
  expect: [{ that: device.serial }, { that: device.locked }]
- if: it is so
  when: inputs.ceremony_date
  then: [{ do: Look. }]
",
        r"
error: a condition must be true or false, `device.serial` is a whole number
  --> runbook.yaml:21:26
   |
21 |         expect: [{ that: device.serial }, { that: device.locked }]
   |                          ^^^^^^^^^^^^^ compare it with something: `… == …`

error: a condition must be true or false, `inputs.ceremony_date` is text
  --> runbook.yaml:23:15
   |
23 |         when: inputs.ceremony_date
   |               ^^^^^^^^^^^^^^^^^^^^ compare it with something: `… == …`
",
    );
}

#[test]
fn what_a_step_without_outputs_is_called_has_no_value() {
    steps(
        r"
- do: Look.
  id: looked
- do: See {{ looked }} and {{ looked.value }}.
",
        r"
warning: `looked` names nothing: this step has no handler whose outputs it could name
  --> runbook.yaml:18:13
   |
18 |         id: looked
   |             ^^^^^^

error: `looked` has no value: its step puts nothing out
  --> runbook.yaml:19:20
   |
19 |       - do: See {{ looked }} and {{ looked.value }}.
   |                    ^^^^^^

error: `looked` has no value: its step puts nothing out
  --> runbook.yaml:19:37
   |
19 |       - do: See {{ looked }} and {{ looked.value }}.
   |                                     ^^^^^^
",
    );
}

#[test]
fn only_what_is_done_is_rendered() {
    yaml(
        r#"
notation: 1
title: A ceremony on {{ inputs.day }}
inputs:
  day: { type: date, prompt: "Which {{ day }}?" }
sections:
  start:
    title: Start of {{ inputs.day }}
    note: See {{ inputs.day }}.
    steps:
      - do: Look.
        note: >-
          A long note that is folded
          over lines, {{ inputs.day }}.
      - end: Done.
"#,
        r#"
warning: a `title` is shown as it is written, braces and all
 --> runbook.yaml:2:22
  |
2 | title: A ceremony on {{ inputs.day }}
  |                      ^^^^^^^^^^^^^^^^ write it without `{{ }}`

warning: a `prompt` is shown as it is written, braces and all
 --> runbook.yaml:4:37
  |
4 |   day: { type: date, prompt: "Which {{ day }}?" }
  |                                     ^^^^^^^^^ write it without `{{ }}`

warning: a `title` is shown as it is written, braces and all
 --> runbook.yaml:7:21
  |
7 |     title: Start of {{ inputs.day }}
  |                     ^^^^^^^^^^^^^^^^ write it without `{{ }}`

warning: a `note` is shown as it is written, braces and all
 --> runbook.yaml:8:15
  |
8 |     note: See {{ inputs.day }}.
  |               ^^^^^^^^^^^^^^^^ write it without `{{ }}`

warning: a `note` is shown as it is written, braces and all
  --> runbook.yaml:13:23
   |
13 |           over lines, {{ inputs.day }}.
   |                       ^^^^^^^^^^^^^^^^ write it without `{{ }}`
"#,
    );
}
