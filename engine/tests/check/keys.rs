//! What is found in the keys of a runbook: unknown, missing, twice, of the wrong type.

use crate::support::{steps, toml, yaml};

#[test]
fn an_unknown_key_is_named_with_the_nearest_one_wherever_it_stands() {
    yaml(
        r"
notation: 1
titel: A ceremony
title: A ceremony
participants:
  witness: { title: Remote witness, nmae: W }
computers:
  ceremony: { title: Offline machine, ofline: true }
devices:
  YubiHSM2-1: { kind: yubihsm2, rehearse: { serail: 7 } }
inputs:
  ceremony_date: { type: date, promt: Today }
deviations: { aproved_by: [witness] }
sections:
  start:
    title: Start
    step: []
    steps:
      - do: Look.
        use: ask.text
        on_failure: { goto: start }
        rehearse: { anser: yes }
        expect: [{ that: 1 == 1, els: No }]
      - if: it rains
        when_: 1 == 1
        then: [{ do: Wait. }]
      - end: Done.
        notes: x
",
        r"
error: unknown key `titel` in a runbook
 --> runbook.yaml:2:1
  |
2 | titel: A ceremony
  | ^^^^^ did you mean `title`?

error: unknown key `nmae` in a participant
 --> runbook.yaml:5:37
  |
5 |   witness: { title: Remote witness, nmae: W }
  |                                     ^^^^ known here: title, seal, note

error: unknown key `ofline` in a computer
 --> runbook.yaml:7:39
  |
7 |   ceremony: { title: Offline machine, ofline: true }
  |                                       ^^^^^^ did you mean `offline`?

error: unknown key `serail` in a virtual device
 --> runbook.yaml:9:45
  |
9 |   YubiHSM2-1: { kind: yubihsm2, rehearse: { serail: 7 } }
  |                                             ^^^^^^ did you mean `serial`?

error: unknown key `promt` in an input
  --> runbook.yaml:11:32
   |
11 |   ceremony_date: { type: date, promt: Today }
   |                                ^^^^^ did you mean `prompt`?

error: `deviations` has no `approved_by`
  --> runbook.yaml:12:13
   |
12 | deviations: { aproved_by: [witness] }
   |             ^^^^^^^^^^^^^^^^^^^^^^^^^

error: unknown key `aproved_by` in `deviations`
  --> runbook.yaml:12:15
   |
12 | deviations: { aproved_by: [witness] }
   |               ^^^^^^^^^^ did you mean `approved_by`?

error: unknown key `step` in a section
  --> runbook.yaml:16:5
   |
16 |     step: []
   |     ^^^^ did you mean `steps`?

error: unknown key `use` in a DO step
  --> runbook.yaml:19:9
   |
19 |         use: ask.text
   |         ^^^ did you mean `uses`?

error: unknown key `goto` in `on_failure`
  --> runbook.yaml:20:23
   |
20 |         on_failure: { goto: start }
   |                       ^^^^ did you mean `go_to`?

error: unknown key `anser` in `rehearse`
  --> runbook.yaml:21:21
   |
21 |         rehearse: { anser: yes }
   |                     ^^^^^ did you mean `answer`?

error: unknown key `els` in an expectation
  --> runbook.yaml:22:34
   |
22 |         expect: [{ that: 1 == 1, els: No }]
   |                                  ^^^ did you mean `else`?

error: unknown key `when_` in an IF step
  --> runbook.yaml:24:9
   |
24 |         when_: 1 == 1
   |         ^^^^^ did you mean `when`?

error: unknown key `notes` in an END step
  --> runbook.yaml:27:9
   |
27 |         notes: x
   |         ^^^^^ did you mean `note`?
",
    );
    toml(
        r#"
notation = 1
titel = "A ceremony"
title = "A ceremony"

[devices.YubiHSM2-1]
kind = "yubihsm2"
rehearse = { serail = 7 }

[sections.start]
title = "Start"

[[sections.start.steps]]
do = "Look."
use = "ask.text"

[[sections.start.steps]]
end = "Done."
notes = "x"
"#,
        r#"
error: unknown key `titel` in a runbook
 --> runbook.toml:2:1
  |
2 | titel = "A ceremony"
  | ^^^^^ did you mean `title`?

error: unknown key `serail` in a virtual device
 --> runbook.toml:7:14
  |
7 | rehearse = { serail = 7 }
  |              ^^^^^^ did you mean `serial`?

error: unknown key `use` in a DO step
  --> runbook.toml:14:1
   |
14 | use = "ask.text"
   | ^^^ did you mean `uses`?

error: unknown key `notes` in an END step
  --> runbook.toml:18:1
   |
18 | notes = "x"
   | ^^^^^ did you mean `note`?
"#,
    );
}

#[test]
fn a_key_that_is_there_twice_is_an_error() {
    yaml(
        r"
notation: 1
title: A ceremony
title: Another
sections:
  start: { title: Start, steps: [{ end: Done. }] }
  start: { title: Start again, steps: [{ end: Done. }] }
",
        r"
error: `title` is here twice
 --> runbook.yaml:3:1
  |
3 | title: Another
  | ^^^^^ remove one of the two

error: `start` is here twice
 --> runbook.yaml:6:3
  |
6 |   start: { title: Start again, steps: [{ end: Done. }] }
  |   ^^^^^ remove one of the two
",
    );
    toml(
        r#"
notation = 1
title = "A ceremony"
title = "Another"

[sections.start]
title = "Start"
steps = [{ end = "Done." }]

[sections.start]
title = "Start again"
"#,
        r#"
error: `title` is here twice
 --> runbook.toml:3:1
  |
3 | title = "Another"
  | ^^^^^ remove one of the two

error: `start` is here twice
 --> runbook.toml:9:11
  |
9 | [sections.start]
  |           ^^^^^ remove one of the two

error: `title` is here twice
  --> runbook.toml:10:1
   |
10 | title = "Start again"
   | ^^^^^ remove one of the two
"#,
    );
}

#[test]
fn what_is_missing_is_said_at_the_mapping_that_lacks_it() {
    yaml(
        r"
participants:
  witness: {}
computers:
  ceremony: { offline: true }
devices:
  YubiHSM2-1: {}
inputs:
  ceremony_date: {}
  region: { type: choice }
sections:
  start:
    steps:
      - if: it rains
      - do: Look.
        by: witness
        expect: [{ else: No }]
      - go_to: other
      - end: Done.
  other: { title: Other }
",
        r"
error: a runbook has no `notation`
 --> runbook.yaml:1:1
  |
1 | participants:
  | ^^^^^^^^^^^^^

error: a runbook has no `title`
 --> runbook.yaml:1:1
  |
1 | participants:
  | ^^^^^^^^^^^^^ add `title: …` at the top

error: a participant has no `title`
 --> runbook.yaml:2:12
  |
2 |   witness: {}
  |            ^^

error: a computer has no `title`
 --> runbook.yaml:4:13
  |
4 |   ceremony: { offline: true }
  |             ^^^^^^^^^^^^^^^^^

error: a device has no `kind`
 --> runbook.yaml:6:15
  |
6 |   YubiHSM2-1: {}
  |               ^^

error: an input has no `type`
 --> runbook.yaml:8:18
  |
8 |   ceremony_date: {}
  |                  ^^

error: a choice has no `options`
 --> runbook.yaml:9:11
  |
9 |   region: { type: choice }
  |           ^^^^^^^^^^^^^^^^

error: a section has no `title`
  --> runbook.yaml:12:5
   |
12 |     steps:
   |     ^^^^^^

error: an IF step has no `then`
  --> runbook.yaml:13:9
   |
13 |       - if: it rains
   |         ^^^^^^^^^^^^

error: an expectation has no `that`
  --> runbook.yaml:16:18
   |
16 |         expect: [{ else: No }]
   |                  ^^^^^^^^^^^^

error: a section has no `steps`
  --> runbook.yaml:19:10
   |
19 |   other: { title: Other }
   |          ^^^^^^^^^^^^^^^^
",
    );
    toml(
        r#"
[sections.start]
steps = [{ if = "it rains" }, { end = "Done." }]
"#,
        r#"
error: a runbook has no `notation`
 --> runbook.toml:1:1
  |
1 | [sections.start]
  | ^

error: a runbook has no `title`
 --> runbook.toml:1:1
  |
1 | [sections.start]
  | ^ add `title: …` at the top

error: a section has no `title`
 --> runbook.toml:1:1
  |
1 | [sections.start]
  | ^^^^^^^^^^^^^^^^

error: an IF step has no `then`
 --> runbook.toml:2:10
  |
2 | steps = [{ if = "it rains" }, { end = "Done." }]
  |          ^^^^^^^^^^^^^^^^^^^
"#,
    );
}

#[test]
fn a_wrong_type_is_said_in_words_and_all_else_is_still_checked() {
    yaml(
        r#"
notation: 2
title: 7
participants: [witness]
computers: { ceremony: { title: Machine, offline: "yes" } }
devices: { YubiHSM2-1: { kind: yubihsm2, rehearse: { serial: -1 } } }
inputs: { day: { type: day } }
start: 1
sections:
  start:
    title: true
    takes: body
    steps:
      - just words
      - do: [Look]
        level: shall
        sign_off: witness
        uses: ask.txet
      - end: 1.5
  other: Other
"#,
        r#"
error: this is not a version of the notation that officiant knows
 --> runbook.yaml:1:11
  |
1 | notation: 2
  |           ^ write `notation: 1`

error: `title` must be text, this is a whole number
 --> runbook.yaml:2:8
  |
2 | title: 7
  |        ^ put it in quotes

error: `participants` must be a mapping, this is a list
 --> runbook.yaml:3:15
  |
3 | participants: [witness]
  |               ^^^^^^^^^

error: `offline` must be true or false, this is text
 --> runbook.yaml:4:51
  |
4 | computers: { ceremony: { title: Machine, offline: "yes" } }
  |                                                   ^^^^^

error: `serial` must be from 0 to 4294967295, this is -1
 --> runbook.yaml:5:62
  |
5 | devices: { YubiHSM2-1: { kind: yubihsm2, rehearse: { serial: -1 } } }
  |                                                              ^^

error: `day` is no `type`
 --> runbook.yaml:6:24
  |
6 | inputs: { day: { type: day } }
  |                        ^^^ known here: text, date, number, choice

error: `start` must be text, this is a whole number
 --> runbook.yaml:7:8
  |
7 | start: 1
  |        ^ put it in quotes

error: `title` must be text, this is true or false
  --> runbook.yaml:10:12
   |
10 |     title: true
   |            ^^^^ put it in quotes

error: `takes` must be a list, this is text
  --> runbook.yaml:11:12
   |
11 |     takes: body
   |            ^^^^

error: a step must be a mapping, this is text
  --> runbook.yaml:13:9
   |
13 |       - just words
   |         ^^^^^^^^^^

error: `do` must be text, this is a list
  --> runbook.yaml:14:13
   |
14 |       - do: [Look]
   |             ^^^^^^

error: `shall` is no `level`
  --> runbook.yaml:15:16
   |
15 |         level: shall
   |                ^^^^^ known here: must, should, may

error: `sign_off` must be a list, this is text
  --> runbook.yaml:16:19
   |
16 |         sign_off: witness
   |                   ^^^^^^^

error: unknown step handler `ask.txet`
  --> runbook.yaml:17:15
   |
17 |         uses: ask.txet
   |               ^^^^^^^^ did you mean `ask.text`?

error: `end` must be text, this is a number
  --> runbook.yaml:18:14
   |
18 |       - end: 1.5
   |              ^^^ put it in quotes

warning: the section `other` is never reached
  --> runbook.yaml:19:3
   |
19 |   other: Other
   |   ^^^^^ no GO TO and no `on_failure` leads here from the start

error: a section must be a mapping, this is text
  --> runbook.yaml:19:10
   |
19 |   other: Other
   |          ^^^^^
"#,
    );
    toml(
        r#"
notation = "1"
title = 7
sections.start.title = true
sections.start.steps = [{ do = 2020-10-30 }, { end = 1.5 }, { do = "x", level = "shall" }, { do = "x", with = "y" }]
"#,
        r#"
error: this is not a version of the notation that officiant knows
 --> runbook.toml:1:12
  |
1 | notation = "1"
  |            ^^^ write `notation: 1`

error: `title` must be text, this is a whole number
 --> runbook.toml:2:9
  |
2 | title = 7
  |         ^ put it in quotes

error: `title` must be text, this is true or false
 --> runbook.toml:3:24
  |
3 | sections.start.title = true
  |                        ^^^^ put it in quotes

error: `end` must be text, this is a number
 --> runbook.toml:4:54
  |
4 | sections.start.steps = [{ do = 2020-10-30 }, { end = 1.5 }, { do = "x", level = "shall" }, { do = "x", with = "y" }]
  |                                                      ^^^ put it in quotes

warning: this step is never performed
 --> runbook.toml:4:68
  |
4 | sections.start.steps = [{ do = 2020-10-30 }, { end = 1.5 }, { do = "x", level = "shall" }, { do = "x", with = "y" }]
  |                                                                    ^^^ the END at line 4 stands before it

error: `shall` is no `level`
 --> runbook.toml:4:81
  |
4 | sections.start.steps = [{ do = 2020-10-30 }, { end = 1.5 }, { do = "x", level = "shall" }, { do = "x", with = "y" }]
  |                                                                                 ^^^^^^^ known here: must, should, may

error: `with` must be a mapping, this is text
 --> runbook.toml:4:111
  |
4 | sections.start.steps = [{ do = 2020-10-30 }, { end = 1.5 }, { do = "x", level = "shall" }, { do = "x", with = "y" }]
  |                                                                                                               ^^^
"#,
    );
}

#[test]
fn a_misspelt_first_word_of_a_step_is_suggested() {
    steps(
        r"
- doo: Look.
- goto: provision
- note: Nothing.
",
        r"
error: a step is none of `do`, `go_to`, `if`, `end`
  --> runbook.yaml:17:9
   |
17 |       - doo: Look.
   |         ^^^ did you mean `do`?

error: a step is none of `do`, `go_to`, `if`, `end`
  --> runbook.yaml:18:9
   |
18 |       - goto: provision
   |         ^^^^ did you mean `go_to`?

error: a step is none of `do`, `go_to`, `if`, `end`
  --> runbook.yaml:19:9
   |
19 |       - note: Nothing.
   |         ^^^^^^^^^^^^^^
",
    );
}

#[test]
fn a_runbook_without_sections_or_steps_has_nothing_to_conduct() {
    yaml(
        r"
notation: 1
title: A ceremony
sections: {}
",
        r"
error: a runbook needs at least one section
 --> runbook.yaml:3:11
  |
3 | sections: {}
  |           ^^
",
    );
    yaml(
        r"
notation: 1
title: A ceremony
",
        r"
error: a runbook has no `sections`
 --> runbook.yaml:1:1
  |
1 | notation: 1
  | ^^^^^^^^^^^
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
      - if: it rains
        then: []
        else: [{ do: Go on. }]
      - go_to: other
      - end: Done.
  other:
    title: Other
    steps: []
",
        r"
warning: this branch has no steps
 --> runbook.yaml:8:15
  |
8 |         then: []
  |               ^^

warning: this section has no steps
  --> runbook.yaml:14:12
   |
14 |     steps: []
   |            ^^
",
    );
    yaml(
        r"
- do: Look.
",
        r"
error: a runbook must be a mapping, this is a list
 --> runbook.yaml:1:1
  |
1 | - do: Look.
  | ^^^^^^^^^^^
",
    );
    yaml(
        "",
        r"
error: the file is empty
 --> runbook.yaml:1:1
  |
1 |
  | ^
",
    );
}

#[test]
fn a_go_to_has_no_handler_of_its_own() {
    steps(
        r"
- go_to: provision
  with: { body: YubiHSM2-1 }
  uses: ask.text
",
        r"
error: a GO TO step has no `uses`
  --> runbook.yaml:19:15
   |
19 |         uses: ask.text
   |               ^^^^^^^^ make it a step of its own
",
    );
}
