//! What is found in the arguments of step handlers.

use crate::support::{steps, toml};

#[test]
fn an_unknown_argument_is_named_with_the_nearest_one_and_a_missing_one_is_named() {
    steps(
        r"
- do: Ask.
  uses: ask.text
  with: { promt: Serial }
- do: Ask.
  uses: ask.text
- do: Put it.
  uses: yubihsm.put-key
  with: { device: YubiHSM2-1 }
- do: Read the head.
  uses: checkpoint
  with: { label: x }
",
        r"
error: `ask.text` needs the argument `prompt`
  --> runbook.yaml:18:15
   |
18 |         uses: ask.text
   |               ^^^^^^^^ give it under `with:`

error: `ask.text` has no argument `promt`
  --> runbook.yaml:19:17
   |
19 |         with: { promt: Serial }
   |                 ^^^^^ did you mean `prompt`?

error: `ask.text` needs the argument `prompt`
  --> runbook.yaml:21:15
   |
21 |         uses: ask.text
   |               ^^^^^^^^ give it under `with:`

error: `yubihsm.put-key` needs the arguments `object_id`, `algorithm`, `domains`, `password`
  --> runbook.yaml:23:15
   |
23 |         uses: yubihsm.put-key
   |               ^^^^^^^^^^^^^^^ give it under `with:`

error: `checkpoint` has no argument `label`
  --> runbook.yaml:27:17
   |
27 |         with: { label: x }
   |                 ^^^^^ it has no arguments
",
    );
    toml(
        r#"
notation = 1
title = "A ceremony"

[sections.start]
title = "Start"

[[sections.start.steps]]
do = "Ask."
uses = "ask.text"
with.promt = "Serial"

[[sections.start.steps]]
do = "Ask."
uses = "ask.text"
[sections.start.steps.with]
prompt = 7
optional = "yes"

[[sections.start.steps]]
end = "Done."
"#,
        r#"
error: `ask.text` needs the argument `prompt`
 --> runbook.toml:9:8
  |
9 | uses = "ask.text"
  |        ^^^^^^^^^^ give it under `with:`

error: `ask.text` has no argument `promt`
  --> runbook.toml:10:6
   |
10 | with.promt = "Serial"
   |      ^^^^^ did you mean `prompt`?

error: `prompt` must be text, this is a whole number
  --> runbook.toml:16:10
   |
16 | prompt = 7
   |          ^ put it in quotes

error: `optional` must be true or false, this is text
  --> runbook.toml:17:12
   |
17 | optional = "yes"
   |            ^^^^^
"#,
    );
}

#[test]
fn an_argument_of_the_wrong_type_is_said_in_words() {
    steps(
        r#"
- do: Ask.
  uses: ask.text
  with: { prompt: 7, optional: "yes", pattern: [a] }
- do: Ask.
  id: secret
  uses: ask.secret
  with: { prompt: Password, min_length: "12" }
- do: Run it.
  uses: exec.run
  with: { command: ls, environment: { HOME: 1 }, time_limit: 1.5 }
- do: Run it.
  uses: exec.run
  with: { command: [dd, 7], environment: [x] }
- do: Run it.
  uses: exec.run
  with: { command: [], time_limit: -1, environment: { HOME: } }
"#,
        r#"
error: `prompt` must be text, this is a whole number
  --> runbook.yaml:19:25
   |
19 |         with: { prompt: 7, optional: "yes", pattern: [a] }
   |                         ^ put it in quotes

error: `optional` must be true or false, this is text
  --> runbook.yaml:19:38
   |
19 |         with: { prompt: 7, optional: "yes", pattern: [a] }
   |                                      ^^^^^

error: `pattern` must be text, this is a list
  --> runbook.yaml:19:54
   |
19 |         with: { prompt: 7, optional: "yes", pattern: [a] }
   |                                                      ^^^

error: `min_length` must be a whole number, this is text
  --> runbook.yaml:23:47
   |
23 |         with: { prompt: Password, min_length: "12" }
   |                                               ^^^^ write it without quotes

error: `command` must be a list, this is text
  --> runbook.yaml:26:26
   |
26 |         with: { command: ls, environment: { HOME: 1 }, time_limit: 1.5 }
   |                          ^^ put it in `[ ]`

error: `HOME` must be text, this is a whole number
  --> runbook.yaml:26:51
   |
26 |         with: { command: ls, environment: { HOME: 1 }, time_limit: 1.5 }
   |                                                   ^ put it in quotes

error: `time_limit` must be a whole number, this is a number
  --> runbook.yaml:26:68
   |
26 |         with: { command: ls, environment: { HOME: 1 }, time_limit: 1.5 }
   |                                                                    ^^^

error: an item of `command` must be text, this is a whole number
  --> runbook.yaml:29:31
   |
29 |         with: { command: [dd, 7], environment: [x] }
   |                               ^ put it in quotes

error: `environment` must be a mapping, this is a list
  --> runbook.yaml:29:48
   |
29 |         with: { command: [dd, 7], environment: [x] }
   |                                                ^^^

error: `command` needs at least 1 item, this has 0
  --> runbook.yaml:32:26
   |
32 |         with: { command: [], time_limit: -1, environment: { HOME: } }
   |                          ^^

error: `time_limit` must be from 0 to 4294967295, this is -1
  --> runbook.yaml:32:42
   |
32 |         with: { command: [], time_limit: -1, environment: { HOME: } }
   |                                          ^^

error: `HOME` must be text, this is nothing
  --> runbook.yaml:32:65
   |
32 |         with: { command: [], time_limit: -1, environment: { HOME: } }
   |                                                                 ^
"#,
    );
}

#[test]
fn a_value_that_an_argument_cannot_have_is_said_with_those_that_it_can() {
    steps(
        r"
- do: Put it.
  uses: yubihsm.put-key
  with:
    device: YubiHSM2-1
    object_id: 65536
    algorithm: ed25591
    domains: al
    password: { secret: factory-default }
- do: Put it.
  uses: yubihsm.put-key
  with:
    device: YubiHSM2-1
    object_id: 0x0064
    algorithm: rsa
    domains: [1, 256, two]
    password: { secret: factory-default }
- do: Put it.
  uses: yubihsm.put-key
  with:
    device: YubiHSM2-1
    object_id: 100
    algorithm: 7
    domains: 1
    password: { secret: factory-default }
",
        r"
error: `object_id` must be from 0 to 65535, this is 65536
  --> runbook.yaml:21:22
   |
21 |           object_id: 65536
   |                      ^^^^^

error: `algorithm` cannot be `ed25591`
  --> runbook.yaml:22:22
   |
22 |           algorithm: ed25591
   |                      ^^^^^^^ did you mean `ed25519`?

error: `domains` cannot be `al`
  --> runbook.yaml:23:20
   |
23 |           domains: al
   |                    ^^ did you mean `all`?

error: `algorithm` cannot be `rsa`
  --> runbook.yaml:30:22
   |
30 |           algorithm: rsa
   |                      ^^^ known here: p384, ed25519, p256

error: an item of `domains` must be from 0 to 255, this is 256
  --> runbook.yaml:31:24
   |
31 |           domains: [1, 256, two]
   |                        ^^^

error: an item of `domains` must be a whole number, this is text
  --> runbook.yaml:31:29
   |
31 |           domains: [1, 256, two]
   |                             ^^^

error: `algorithm` must be `p384`, `ed25519` or `p256`, this is a whole number
  --> runbook.yaml:38:22
   |
38 |           algorithm: 7
   |                      ^

error: `domains` must be `all` or a list, this is a whole number
  --> runbook.yaml:39:20
   |
39 |           domains: 1
   |                    ^ put it in `[ ]`
",
    );
}

#[test]
fn arguments_that_go_together_are_checked_together() {
    steps(
        r"
- do: Copy it.
  uses: files.copy
  with: { kind: file, from: a, to: b }
- do: Copy it.
  uses: files.copy
  with: { kind: text, form: a, to: b }
- do: Copy it.
  uses: files.copy
  with: { kind: fiel, from: a, to: b }
",
        r"
error: `files.copy` needs the argument `text`
  --> runbook.yaml:21:15
   |
21 |         uses: files.copy
   |               ^^^^^^^^^^ give it under `with:`

error: `files.copy` has no argument `form`
  --> runbook.yaml:22:29
   |
22 |         with: { kind: text, form: a, to: b }
   |                             ^^^^ known here: kind, text, to

error: `kind` cannot be `fiel`
  --> runbook.yaml:25:23
   |
25 |         with: { kind: fiel, from: a, to: b }
   |                       ^^^^ did you mean `file`?
",
    );
}

#[test]
fn a_template_keeps_the_type_of_a_single_expression_and_is_text_otherwise() {
    steps(
        r#"
- do: Ask.
  id: printed
  uses: ask.text
  with: { prompt: "Serial number {{ inputs.copies }}" }
- do: Insert it.
  id: device
  uses: yubihsm.device-info
  with: { device: YubiHSM2-1 }
- do: Put it.
  uses: yubihsm.put-key
  with:
    device: YubiHSM2-1
    object_id: "{{ device.serial }}"
    algorithm: "{{ printed.value }}"
    domains: "{{ printed.value | lower }}"
    password: { secret: factory-default }
- do: Put it.
  uses: yubihsm.put-key
  with:
    device: "{{ printed.value }}"
    object_id: "{{ printed.value }}"
    algorithm: "{{ device.objects }}"
    domains: "1,{{ inputs.copies }}"
    password: "{{ printed.value }}"
- do: Ask.
  uses: ask.text
  with: { prompt: "{{ inputs.copies }}", optional: "{{ inputs.copies }}!" }
"#,
        r#"
error: `object_id` must be a whole number, this is text
  --> runbook.yaml:37:22
   |
37 |           object_id: "{{ printed.value }}"
   |                      ^^^^^^^^^^^^^^^^^^^^^ write `{{ … | int }}`

error: `algorithm` must be `p384`, `ed25519` or `p256`, this is a list
  --> runbook.yaml:38:22
   |
38 |           algorithm: "{{ device.objects }}"
   |                      ^^^^^^^^^^^^^^^^^^^^^^

error: `password` takes the name of a secret
  --> runbook.yaml:40:21
   |
40 |           password: "{{ printed.value }}"
   |                     ^^^^^^^^^^^^^^^^^^^^^ write `{ secret: NAME }`

error: `prompt` must be text, this is a whole number
  --> runbook.yaml:43:25
   |
43 |         with: { prompt: "{{ inputs.copies }}", optional: "{{ inputs.copies }}!" }
   |                         ^^^^^^^^^^^^^^^^^^^^^ write `{{ … | string }}`

error: `optional` must be true or false, this is text
  --> runbook.yaml:43:58
   |
43 |         with: { prompt: "{{ inputs.copies }}", optional: "{{ inputs.copies }}!" }
   |                                                          ^^^^^^^^^^^^^^^^^^^^^^ only a single `{{ … }}` by itself keeps its type
"#,
    );
}

#[test]
fn a_pattern_must_be_a_regular_expression() {
    steps(
        r"
- do: Ask.
  uses: ask.text
  with: { prompt: Serial, pattern: '[0-9{7' }
- do: Ask.
  uses: ask.text
  with: { prompt: Serial, pattern: '[0-9]{7,8}' }
- do: Ask.
  uses: ask.text
  with: { prompt: Serial, pattern: '(?=x)' }
",
        r"
error: this is not a regular expression: non-empty character class has no closing bracket
  --> runbook.yaml:19:42
   |
19 |         with: { prompt: Serial, pattern: '[0-9{7' }
   |                                          ^^^^^^^^ close the `[` with `]`; for the character itself write `\[`

error: this is not a regular expression: look-around is not supported
  --> runbook.yaml:25:42
   |
25 |         with: { prompt: Serial, pattern: '(?=x)' }
   |                                          ^^^^^^^ write it without `(?=…)`, `(?!…)`, `(?<=…)` and `(?<!…)`
",
    );
}

#[test]
fn arguments_without_a_handler_are_an_error() {
    steps(
        r"
- do: Ask.
  with: { prompt: Serial }
- do: Ask.
  uses: ask.txt
  with: { prompt: Serial, password: { secret: factory-default } }
- do: Ask.
  expect: [{ that: inputs.copies > 1 }]
",
        r"
error: arguments for no step handler
  --> runbook.yaml:18:17
   |
18 |         with: { prompt: Serial }
   |                 ^^^^^^ name the handler with `uses:`

error: unknown step handler `ask.txt`
  --> runbook.yaml:20:15
   |
20 |         uses: ask.txt
   |               ^^^^^^^ did you mean `ask.text`?
",
    );
}
