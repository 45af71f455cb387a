//! What is found in runbooks of several files.

use crate::support::files;

#[test]
fn an_imported_section_is_checked_where_it_is_written() {
    files(
        &[
            (
                "runbook.yaml",
                r"
notation: 1
title: Main
imports: { provisioning: lib/hsm.yaml }
sections:
  start:
    title: Start
    steps:
      - go_to: provisioning/provision
        id: first
        with: { body: YubiHSM2-1 }
      - do: It is {{ first.device.serial }}, {{ first.device.serail }}.
      - go_to: provisioning/provison
      - go_to: provision
      - end: Done.
",
            ),
            (
                "lib/hsm.yaml",
                r#"
notation: 1
title: Provisioning
devices: { YubiHSM2-1: { kind: yubihsm2 } }
sections:
  provision:
    title: Provision
    takes: [body]
    steps:
      - do: Look.
        id: device
        uses: yubihsm.device-info
        with: { device: "{{ body }}" }
        on_failure: { go_to: resset }
      - go_to: reset
        with: { body: x }
  reset: { title: Reset, steps: [{ do: "{{ wrong }}" }] }
  Unused: { title: Unused, steps: [{ do: Look. }] }
"#,
            ),
        ],
        r#"
error: `first.device` has no `serail`
  --> runbook.yaml:11:62
   |
11 |       - do: It is {{ first.device.serial }}, {{ first.device.serail }}.
   |                                                              ^^^^^^ did you mean `serial`?

error: unknown section `provisioning/provison`
  --> runbook.yaml:12:16
   |
12 |       - go_to: provisioning/provison
   |                ^^^^^^^^^^^^^^^^^^^^^ did you mean `provisioning/provision`?

error: unknown section `provision`
  --> runbook.yaml:13:16
   |
13 |       - go_to: provision
   |                ^^^^^^^^^ did you mean `provisioning/provision`?

error: unknown section `resset`
  --> lib/hsm.yaml:13:30
   |
13 |         on_failure: { go_to: resset }
   |                              ^^^^^^ did you mean `reset`?

error: `provisioning/reset` takes no `body`
  --> lib/hsm.yaml:15:17
   |
15 |         with: { body: x }
   |                 ^^^^

error: there is no value `wrong` here
  --> lib/hsm.yaml:16:44
   |
16 |   reset: { title: Reset, steps: [{ do: "{{ wrong }}" }] }
   |                                            ^^^^^ known here: inputs, devices, participants

error: the section `Unused` is not in kebab-case
  --> lib/hsm.yaml:17:3
   |
17 |   Unused: { title: Unused, steps: [{ do: Look. }] }
   |   ^^^^^^ call it `unused`
"#,
    );
}

#[test]
fn an_import_that_is_not_used_is_a_warning_and_its_other_sections_are_not() {
    files(
        &[
            (
                "runbook.yaml",
                r"
notation: 1
title: Main
imports: { hsm: hsm.toml, other: other.yaml }
sections:
  start: { title: Start, steps: [{ go_to: hsm/used }, { end: Done. }] }
",
            ),
            (
                "hsm.toml",
                r#"
notation = 1
title = "HSM"
[sections.used]
title = "Used"
steps = [{ do = "Look." }]
[sections.unused]
title = "Unused"
steps = [{ do = "Look." }]
"#,
            ),
            (
                "other.yaml",
                r"
notation: 1
title: Other
sections: { a: { title: A, steps: [{ do: Look. }] } }
",
            ),
        ],
        r"
warning: no section of the import `other` is ever reached
 --> runbook.yaml:3:27
  |
3 | imports: { hsm: hsm.toml, other: other.yaml }
  |                           ^^^^^
",
    );
}

#[test]
fn an_import_that_cannot_be_read_is_said_at_the_import() {
    files(
        &[
            (
                "runbook.yaml",
                r"
notation: 1
title: Main
imports: { Missing: missing.yaml, outside: ../x.yaml, own: runbook.yaml, text: notes.txt, bad: bad.yaml, folder: lib.yaml }
sections:
  start: { title: Start, steps: [{ end: Done. }] }
",
            ),
            (
                "notes.txt",
                r"
hello
",
            ),
            (
                "bad.yaml", r"
a: [
",
            ),
            ("lib.yaml/x.yaml", ""),
        ],
        r"
error: the import `Missing` is not in kebab-case
 --> runbook.yaml:3:12
  |
3 | imports: { Missing: missing.yaml, outside: ../x.yaml, own: runbook.yaml, text: notes.txt, bad: bad.yaml, folder: lib.yaml }
  |            ^^^^^^^ call it `missing`

error: `missing.yaml` cannot be read: No such file or directory (os error 2)
 --> runbook.yaml:3:21
  |
3 | imports: { Missing: missing.yaml, outside: ../x.yaml, own: runbook.yaml, text: notes.txt, bad: bad.yaml, folder: lib.yaml }
  |                     ^^^^^^^^^^^^

error: `../x.yaml` must lie beside or below the runbook that imports it
 --> runbook.yaml:3:44
  |
3 | imports: { Missing: missing.yaml, outside: ../x.yaml, own: runbook.yaml, text: notes.txt, bad: bad.yaml, folder: lib.yaml }
  |                                            ^^^^^^^^^

error: `runbook.yaml` imports itself: runbook.yaml → runbook.yaml
 --> runbook.yaml:3:60
  |
3 | imports: { Missing: missing.yaml, outside: ../x.yaml, own: runbook.yaml, text: notes.txt, bad: bad.yaml, folder: lib.yaml }
  |                                                            ^^^^^^^^^^^^

error: `notes.txt` is neither YAML (.yaml) nor TOML (.toml)
 --> runbook.yaml:3:80
  |
3 | imports: { Missing: missing.yaml, outside: ../x.yaml, own: runbook.yaml, text: notes.txt, bad: bad.yaml, folder: lib.yaml }
  |                                                                                ^^^^^^^^^

error: `lib.yaml` is not a file
 --> runbook.yaml:3:114
  |
3 | imports: { Missing: missing.yaml, outside: ../x.yaml, own: runbook.yaml, text: notes.txt, bad: bad.yaml, folder: lib.yaml }
  |                                                                                                                  ^^^^^^^^

error: this is not YAML: unclosed bracket '['
 --> bad.yaml:1:4
  |
1 | a: [
  |    ^
",
    );
}

#[test]
fn a_chain_of_imports_that_doubles_is_cut_off() {
    files(
        &[
            (
                "f0.yaml",
                r"
notation: 1
title: Main
imports: { a: f1.yaml, b: f1.yaml }
sections: { start: { title: Start, steps: [{ end: Done. }] } }
",
            ),
            (
                "f1.yaml",
                r"
notation: 1
title: F1
imports: { a: f2.yaml, b: f2.yaml }
sections: { s: { title: S, steps: [{ do: x }] } }
",
            ),
            (
                "f2.yaml",
                r"
notation: 1
title: F2
imports: { a: f3.yaml, b: f3.yaml }
sections: { s: { title: S, steps: [{ do: x }] } }
",
            ),
            (
                "f3.yaml",
                r"
notation: 1
title: F3
imports: { a: f4.yaml, b: f4.yaml }
sections: { s: { title: S, steps: [{ do: x }] } }
",
            ),
            (
                "f4.yaml",
                r"
notation: 1
title: F4
imports: { a: f5.yaml, b: f5.yaml }
sections: { s: { title: S, steps: [{ do: x }] } }
",
            ),
            (
                "f5.yaml",
                r"
notation: 1
title: F5
imports: { a: f6.yaml, b: f6.yaml }
sections: { s: { title: S, steps: [{ do: x }] } }
",
            ),
            (
                "f6.yaml",
                r"
notation: 1
title: F6
imports: { a: f7.yaml, b: f7.yaml }
sections: { s: { title: S, steps: [{ do: x }] } }
",
            ),
            (
                "f7.yaml",
                r"
notation: 1
title: Last
sections: { s: { title: S, steps: [{ do: x }] } }
",
            ),
        ],
        r"
warning: no section of the import `a` is ever reached
 --> f0.yaml:3:12
  |
3 | imports: { a: f1.yaml, b: f1.yaml }
  |            ^

error: a runbook consists of at most 64 files
 --> f0.yaml:3:27
  |
3 | imports: { a: f1.yaml, b: f1.yaml }
  |                           ^^^^^^^

error: a runbook consists of at most 64 files
 --> f1.yaml:3:27
  |
3 | imports: { a: f2.yaml, b: f2.yaml }
  |                           ^^^^^^^

error: a runbook consists of at most 64 files
 --> f6.yaml:3:27
  |
3 | imports: { a: f7.yaml, b: f7.yaml }
  |                           ^^^^^^^
",
    );
}

#[test]
fn a_device_is_of_one_kind_in_all_files() {
    files(
        &[
            (
                "runbook.yaml",
                r"
notation: 1
title: Main
imports: { other: other.yaml }
devices: { HSM: { kind: yubihsm2 } }
sections: { start: { title: Start, steps: [{ go_to: other/a }, { end: Done. }] } }
",
            ),
            (
                "other.yaml",
                r"
notation: 1
title: Other
devices: { HSM: { kind: yubikey } }
sections: { a: { title: A, steps: [{ do: Look. }] } }
",
            ),
        ],
        r"
error: `HSM` is a yubikey here and a yubihsm2 in the runbook that imports this
 --> other.yaml:3:25
  |
3 | devices: { HSM: { kind: yubikey } }
  |                         ^^^^^^^
",
    );
}
