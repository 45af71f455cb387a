//! What is found in what a GO TO gives.

use crate::support::{toml, yaml};

#[test]
fn a_go_to_gives_what_its_section_takes_and_nothing_else() {
    yaml(
        r"
notation: 1
title: A ceremony
sections:
  start:
    title: Start
    takes: [whatever]
    steps:
      - go_to: provision
      - go_to: provision
        with: { boddy: x, serial: y }
      - do: Ask.
        uses: ask.text
        with: { prompt: Serial }
        on_failure: { go_to: provision, with: { body: x } }
      - do: Ask.
        uses: ask.text
        with: { prompt: Serial }
        on_failure: { with: { body: x } }
      - end: Done.
  provision:
    title: Provision
    takes: [body, serial]
    steps: [{ do: Look. }]
",
        r"
error: the ceremony starts here, and nothing fills in `whatever`
 --> runbook.yaml:6:13
  |
6 |     takes: [whatever]
  |             ^^^^^^^^ ask for it under `inputs:` and use `inputs.…`

error: `provision` takes `body`, which is not given
 --> runbook.yaml:8:16
  |
8 |       - go_to: provision
  |                ^^^^^^^^^ add `body: …` under `with:`

error: `provision` takes `serial`, which is not given
 --> runbook.yaml:8:16
  |
8 |       - go_to: provision
  |                ^^^^^^^^^ add `serial: …` under `with:`

error: `provision` takes `body`, which is not given
 --> runbook.yaml:9:16
  |
9 |       - go_to: provision
  |                ^^^^^^^^^ add `body: …` under `with:`

error: `provision` takes no `boddy`
  --> runbook.yaml:10:17
   |
10 |         with: { boddy: x, serial: y }
   |                 ^^^^^ did you mean `body`?

error: `provision` takes `serial`, which is not given
  --> runbook.yaml:14:30
   |
14 |         on_failure: { go_to: provision, with: { body: x } }
   |                              ^^^^^^^^^ add `serial: …` under `with:`

error: values for no section
  --> runbook.yaml:18:31
   |
18 |         on_failure: { with: { body: x } }
   |                               ^^^^ name the remedy with `go_to:`
",
    );
    toml(
        r#"
notation = 1
title = "A ceremony"

[sections.start]
title = "Start"

[[sections.start.steps]]
go_to = "provision"
with.boddy = "x"

[[sections.start.steps]]
end = "Done."

[sections.provision]
title = "Provision"
takes = ["body"]
steps = [{ do = "Look." }]
"#,
        r#"
error: `provision` takes `body`, which is not given
 --> runbook.toml:8:9
  |
8 | go_to = "provision"
  |         ^^^^^^^^^^^ add `body: …` under `with:`

error: `provision` takes no `boddy`
 --> runbook.toml:9:6
  |
9 | with.boddy = "x"
  |      ^^^^^ did you mean `body`?
"#,
    );
}
