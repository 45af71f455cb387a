//! What is found in where the ceremony goes.

use crate::support::{toml, yaml};

#[test]
fn a_section_that_nothing_leads_to_is_never_reached() {
    yaml(
        r"
notation: 1
title: A ceremony
sections:
  start:
    title: Start
    steps:
      - if: it is so
        then: [{ go_to: used }]
      - do: Ask.
        uses: ask.text
        with: { prompt: Serial }
        on_failure: { go_to: remedy }
      - end: Done.
  used: { title: Used, steps: [{ do: Look. }] }
  remedy: { title: Remedy, steps: [{ do: Look. }] }
  forgotten: { title: Forgotten, steps: [{ go_to: with-it }] }
  with-it: { title: With it, steps: [{ do: Look. }] }
",
        r"
warning: the section `forgotten` is never reached
  --> runbook.yaml:16:3
   |
16 |   forgotten: { title: Forgotten, steps: [{ go_to: with-it }] }
   |   ^^^^^^^^^ no GO TO and no `on_failure` leads here from the start

warning: the section `with-it` is never reached
  --> runbook.yaml:17:3
   |
17 |   with-it: { title: With it, steps: [{ do: Look. }] }
   |   ^^^^^^^ no GO TO and no `on_failure` leads here from the start
",
    );
    toml(
        r#"
notation = 1
title = "A ceremony"

[sections.forgotten]
title = "Forgotten"
steps = [{ do = "Look." }]

[sections.begin]
title = "Begin"
steps = [{ end = "Done." }]
"#,
        r#"
error: the ceremony can run off the end of its first section `forgotten` without END
 --> runbook.toml:6:17
  |
6 | steps = [{ do = "Look." }]
  |                 ^^^^^^^ put `- end: …` after this step

warning: the section `begin` is never reached
 --> runbook.toml:8:11
  |
8 | [sections.begin]
  |           ^^^^^ no GO TO and no `on_failure` leads here from the start
"#,
    );
    yaml(
        r"
notation: 1
title: A ceremony
start: second
sections:
  first: { title: First, steps: [{ end: Done. }] }
  second: { title: Second, steps: [{ end: Done. }] }
",
        r"
warning: the section `first` is never reached
 --> runbook.yaml:5:3
  |
5 |   first: { title: First, steps: [{ end: Done. }] }
  |   ^^^^^ no GO TO and no `on_failure` leads here from the start
",
    );
}

#[test]
fn a_go_to_that_never_comes_back_is_shown_with_its_path() {
    yaml(
        r"
notation: 1
title: A ceremony
sections:
  start:
    title: Start
    steps:
      - go_to: first
      - do: Never done.
      - end: Done.
  first: { title: First, steps: [{ do: Look. }, { go_to: second }] }
  second: { title: Second, steps: [{ go_to: third }] }
  third: { title: Third, steps: [{ go_to: first }] }
",
        r"
error: this GO TO never comes back: first → second → third → first
  --> runbook.yaml:12:43
   |
12 |   third: { title: Third, steps: [{ go_to: first }] }
   |                                           ^^^^^ every path goes round again; there must be one that does not, behind an IF
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
      - if: it is so
        then: [{ go_to: start }]
        else: [{ go_to: start }]
      - end: Done.
",
        r"
error: this GO TO never comes back: start → start
 --> runbook.yaml:8:25
  |
8 |         then: [{ go_to: start }]
  |                         ^^^^^ every path goes round again; there must be one that does not, behind an IF
",
    );
}

#[test]
fn a_go_to_in_a_circle_is_fine_when_something_is_decided_on_the_way() {
    yaml(
        r"
notation: 1
title: A ceremony
sections:
  start:
    title: Start
    steps:
      - go_to: again
      - do: Look.
        level: may
        go_to: skippable
      - if: it goes on
        then: [{ go_to: until }]
      - end: Done.
  again: { title: Again, steps: [{ if: it failed, then: [{ go_to: again }] }] }
  until: { title: Until, steps: [{ if: it is done, then: [{ end: Done. }] }, { go_to: until }] }
  skippable: { title: Skippable, steps: [{ do: Look., level: may, go_to: skippable }] }
",
        "",
    );
}

#[test]
fn the_first_section_must_not_run_off_its_end() {
    yaml(
        r"
notation: 1
title: A ceremony
sections:
  start:
    title: Start
    steps:
      - do: Look.
",
        r"
error: the ceremony can run off the end of its first section `start` without END
 --> runbook.yaml:7:13
  |
7 |       - do: Look.
  |             ^^^^^ put `- end: …` after this step
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
      - if: it is so
        then: [{ end: Done. }]
",
        r"
error: the ceremony can run off the end of its first section `start` without END
 --> runbook.yaml:7:13
  |
7 |       - if: it is so
  |             ^^^^^^^^ not every branch of this ENDs; put `- end: …` after it
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
      - if: it is so
        then: [{ do: Look. }]
        else: [{ end: Done. }]
",
        r"
error: the ceremony can run off the end of its first section `start` without END
 --> runbook.yaml:7:13
  |
7 |       - if: it is so
  |             ^^^^^^^^ not every branch of this ENDs; put `- end: …` after it
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
  other: { title: Other, steps: [{ if: it is so, then: [{ end: Done. }] }] }
",
        r"
error: the ceremony can run off the end of its first section `start` without END
 --> runbook.yaml:7:16
  |
7 |       - go_to: other
  |                ^^^^^ `other` comes back here, and nothing follows; put `- end: …` after it
",
    );
    toml(
        r#"
notation = 1
title = "A ceremony"

[[sections.start.steps]]
do = "Look."

[sections.start]
title = "Start"
"#,
        r#"
error: the ceremony can run off the end of its first section `start` without END
 --> runbook.toml:5:6
  |
5 | do = "Look."
  |      ^^^^^^^ put `- end: …` after this step
"#,
    );
}

#[test]
fn a_path_ends_in_a_section_or_in_both_branches() {
    yaml(
        r"
notation: 1
title: A ceremony
sections:
  start:
    title: Start
    steps:
      - go_to: other
  other: { title: Other, steps: [{ go_to: last }] }
  last: { title: Last, steps: [{ if: it is so, then: [{ end: Done. }], else: [{ end: Not done. }] }] }
",
        "",
    );
}

#[test]
fn a_step_behind_an_end_is_never_performed() {
    yaml(
        r"
notation: 1
title: A ceremony
sections:
  start:
    title: Start
    steps:
      - if: it is so
        then:
          - end: Done.
          - do: Never.
          - do: Nor this.
      - if: it is so
        then: [{ end: Done. }]
        else: [{ go_to: last }]
      - go_to: last
      - end: Never.
  last: { title: Last, steps: [{ end: Done. }] }
",
        r"
warning: this step is never performed
  --> runbook.yaml:10:17
   |
10 |           - do: Never.
   |                 ^^^^^^ the END at line 9 stands before it

warning: this step is never performed
  --> runbook.yaml:15:16
   |
15 |       - go_to: last
   |                ^^^^ both branches of the IF at line 12 END
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
      - go_to: last
      - if: it is so
        then: [{ do: Never. }]
  last: { title: Last, steps: [{ end: Done. }] }
",
        r"
warning: this step is never performed
 --> runbook.yaml:8:13
  |
8 |       - if: it is so
  |             ^^^^^^^^ `last`, at line 7, always ENDs the ceremony
",
    );
}
