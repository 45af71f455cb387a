//! What is found in the use of secrets.

use crate::support::{steps, yaml};

#[test]
fn a_secret_is_passed_by_its_name_to_an_argument_that_takes_one() {
    steps(
        r"
- do: Enter it.
  id: password
  uses: ask.secret
  with: { prompt: Password }
- do: Enter it again.
  id: again
  uses: ask.secret
  with: { prompt: Password, matches: { secret: password } }
- do: Put it.
  uses: yubihsm.put-key
  with:
    device: YubiHSM2-1
    object_id: 100
    algorithm: p256
    domains: all
    password: { secret: factory-default }
    new_password: { secret: again }
",
        "",
    );
}

#[test]
fn a_secret_where_none_may_be_is_an_error() {
    steps(
        r"
- do: Enter it.
  id: password
  uses: ask.secret
  with: { prompt: { secret: password } }
- do: Ask.
  uses: ask.text
  with: { prompt: { secret: password } }
  rehearse: { answer: { secret: password } }
- do: Run it.
  uses: exec.run
  with: { command: [echo, { secret: password }] }
  on_failure: { go_to: provision, with: { body: { secret: password } } }
- go_to: provision
  with: { body: { secret: password } }
",
        r"
error: a secret is used where no secret may be
  --> runbook.yaml:20:25
   |
20 |         with: { prompt: { secret: password } }
   |                         ^^^^^^^^^^^^^^^^^^^^ only a step handler's argument for a secret takes one

error: a secret is used where no secret may be
  --> runbook.yaml:23:25
   |
23 |         with: { prompt: { secret: password } }
   |                         ^^^^^^^^^^^^^^^^^^^^ only a step handler's argument for a secret takes one

error: a secret is used where no secret may be
  --> runbook.yaml:24:29
   |
24 |         rehearse: { answer: { secret: password } }
   |                             ^^^^^^^^^^^^^^^^^^^^ only a step handler's argument for a secret takes one

error: a secret is used where no secret may be
  --> runbook.yaml:27:33
   |
27 |         with: { command: [echo, { secret: password }] }
   |                                 ^^^^^^^^^^^^^^^^^^^^ only a step handler's argument for a secret takes one

error: a secret is used where no secret may be
  --> runbook.yaml:28:55
   |
28 |         on_failure: { go_to: provision, with: { body: { secret: password } } }
   |                                                       ^^^^^^^^^^^^^^^^^^^^ only a step handler's argument for a secret takes one

error: a secret is used where no secret may be
  --> runbook.yaml:30:23
   |
30 |         with: { body: { secret: password } }
   |                       ^^^^^^^^^^^^^^^^^^^^ only a step handler's argument for a secret takes one
",
    );
}

#[test]
fn a_secret_cannot_be_named_in_an_expression() {
    steps(
        r#"
- do: Enter it.
  id: password
  uses: ask.secret
  with: { prompt: Password }
  expect: [{ that: password is defined }]
- do: Write down {{ password }}.
- if: it is long
  when: (password | length) > 12
  then: [{ do: Go on. }]
- do: Run it.
  uses: exec.run
  with: { command: [echo, "{{ password.value }}"] }
  rehearse: { answer: "{{ password }}" }
- do: Put it.
  uses: yubihsm.put-key
  with:
    device: YubiHSM2-1
    object_id: 100
    algorithm: p256
    domains: all
    password: "{{ password }}"
    new_password: password
"#,
        r#"
error: `password` is a secret and cannot be shown, compared or passed on
  --> runbook.yaml:21:26
   |
21 |         expect: [{ that: password is defined }]
   |                          ^^^^^^^^ a secret is only named as `{ secret: NAME }`, for an argument that takes one

error: `password` is a secret and cannot be shown, compared or passed on
  --> runbook.yaml:22:27
   |
22 |       - do: Write down {{ password }}.
   |                           ^^^^^^^^ a secret is only named as `{ secret: NAME }`, for an argument that takes one

error: `password` is a secret and cannot be shown, compared or passed on
  --> runbook.yaml:24:16
   |
24 |         when: (password | length) > 12
   |                ^^^^^^^^ a secret is only named as `{ secret: NAME }`, for an argument that takes one

error: `password` is a secret and cannot be shown, compared or passed on
  --> runbook.yaml:28:37
   |
28 |         with: { command: [echo, "{{ password.value }}"] }
   |                                     ^^^^^^^^^^^^^^ a secret is only named as `{ secret: NAME }`, for an argument that takes one

error: `password` is a secret and cannot be shown, compared or passed on
  --> runbook.yaml:29:33
   |
29 |         rehearse: { answer: "{{ password }}" }
   |                                 ^^^^^^^^ a secret is only named as `{ secret: NAME }`, for an argument that takes one

error: `password` takes the name of a secret
  --> runbook.yaml:37:21
   |
37 |           password: "{{ password }}"
   |                     ^^^^^^^^^^^^^^^^ write `{ secret: password }`

error: `new_password` takes the name of a secret
  --> runbook.yaml:38:25
   |
38 |           new_password: password
   |                         ^^^^^^^^ write `{ secret: password }`
"#,
    );
    yaml(
        r"
notation: 1
title: A ceremony
sections:
  start:
    title: Start
    steps:
      - go_to: ask
        id: asked
      - end: It was {{ asked.password }}.
  ask:
    title: Ask
    steps:
      - do: Enter it.
        id: password
        uses: ask.secret
        with: { prompt: Password }
",
        r"
error: `asked.password` is a secret and cannot be shown, compared or passed on
 --> runbook.yaml:9:24
  |
9 |       - end: It was {{ asked.password }}.
  |                        ^^^^^^^^^^^^^^ a secret is only named as `{ secret: NAME }`, for an argument that takes one
",
    );
}

#[test]
fn a_secret_must_have_been_asked_for_before_in_the_same_section() {
    steps(
        r"
- do: Enter it.
  uses: ask.secret
  with: { prompt: Password }
- do: Enter it.
  id: first
  uses: ask.secret
  with: { prompt: Password, matches: { secret: second } }
- do: Enter it.
  id: second
  uses: ask.secret
  with: { prompt: Password, matches: { secret: frist } }
- do: Ask.
  id: answer
  uses: ask.text
  with: { prompt: Name }
- if: it is so
  then:
    - do: Enter it.
      id: third
      uses: ask.secret
      with: { prompt: Password, matches: { secret: answer } }
  else:
    - do: Enter it.
      id: fourth
      uses: ask.secret
      with: { prompt: Password, matches: { secret: third } }
- do: Enter it.
  id: fifth
  uses: ask.secret
  with: { prompt: Password, matches: { secret: third } }
",
        r"
error: `ask.secret` keeps a secret, and this step has no `id` to name it by
  --> runbook.yaml:18:15
   |
18 |         uses: ask.secret
   |               ^^^^^^^^^^ add `id: …` to the step

error: there is no secret `second` yet
  --> runbook.yaml:23:54
   |
23 |         with: { prompt: Password, matches: { secret: second } }
   |                                                      ^^^^^^ only a later step sets it, at line 25

error: there is no secret `frist` here
  --> runbook.yaml:27:54
   |
27 |         with: { prompt: Password, matches: { secret: frist } }
   |                                                      ^^^^^ did you mean `first`?

error: `answer` is not a secret
  --> runbook.yaml:37:58
   |
37 |             with: { prompt: Password, matches: { secret: answer } }
   |                                                          ^^^^^^ name a step that asks for a secret, by its `id`

error: there is no secret `third` yet
  --> runbook.yaml:42:58
   |
42 |             with: { prompt: Password, matches: { secret: third } }
   |                                                          ^^^^^ only another branch sets it, at line 35
",
    );
}
