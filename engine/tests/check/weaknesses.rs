//! What an attacker and a ceremony administrator found, each with what is said about it now.

use crate::support::{around, files, same, shown, steps, yaml};
use officiant_engine::{
    conduct::{Question, QuestionKind, Reply},
    notation::load_text,
};
use std::time::{Duration, Instant};

/// The messages alone.
#[track_caller]
fn messages(runbook: &str, expected: &[&str]) {
    let loaded = load_text("runbook.yaml", runbook);
    let found = officiant_engine::check::everything(&loaded, &crate::handlers::registry());
    let messages: Vec<&str> = found.0.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(messages, expected, "{}", shown(&loaded));
}

#[test]
fn a_device_has_a_name_that_no_program_or_person_takes_for_something_else() {
    let named = |name: &str| around("").replace("YubiKey-1:", &format!("{name}:"));
    for name in ["'--flag'", "'a/b'", "'a b'", "''", "'ä'", "'.x'", &"x".repeat(65)] {
        let message = format!("a device cannot be called `{}`", name.trim_matches('\''));
        messages(&named(name), &[message.as_str()]);
    }
    for name in ["9", "YubiHSM2-1.b_c", &"x".repeat(64)] {
        messages(&named(name), &[]);
    }
}

#[test]
fn a_title_is_one_line() {
    let title = "a title is one line, this has several";
    let runbook = around("");
    messages(&runbook.replace("title: A ceremony", "title: \"A\\nB\""), &[title]);
    messages(&runbook.replace("title: Remote witness", "title: \"A\\nB\""), &[title]);
    messages(&runbook.replace("kind: yubikey", "kind: yubikey, title: \"A\\nB\""), &[title]);
    messages(&runbook.replace("title: Start", "title: \"A\\nB\""), &[title]);
    messages(&format!("computers: {{ c: {{ title: \"A\\nB\" }} }}\n{runbook}"), &[title]);
}

#[test]
fn a_pattern_that_takes_too_long_is_refused() {
    let pattern = |pattern: &str| {
        around(&format!("- do: Look.\n  uses: ask.text\n  with: {{ prompt: x, pattern: '{pattern}' }}"))
    };
    let large = "this pattern is too large: it repeats or nests too much";
    messages(&pattern("(?:(?:[a-d]?){20000})*"), &[large]);
    messages(&pattern(&"a".repeat(513)), &["a pattern is at most 512 bytes long, this has 513"]);
    messages(&around("").replace("type: number", "type: text, pattern: '(?:(?:[a-d]?){20000})*'"), &[large]);
    messages(&pattern("[0-9]{7,8}"), &[]);
}

#[test]
fn an_answer_that_is_long_or_looks_like_another_is_refused() {
    let settle = |kind: QuestionKind, answer: String| {
        Question::new("", kind).settle(Reply::Value(answer.into())).map(|_| ()).unwrap_err()
    };
    let text = || QuestionKind::Text { pattern: None, optional: false };
    assert_eq!(settle(text(), "a".repeat(4097)), "an answer has at most 4096 bytes, this has 4097");
    for (character, code) in
        [('\u{ad}', "00AD"), ('\u{61c}', "061C"), ('\u{200d}', "200D"), ('\u{3164}', "3164"), ('\u{e0041}', "E0041")]
    {
        let expected = format!("the character U+{code} cannot be part of it");
        assert_eq!(settle(text(), format!("a{character}b")), expected);
        assert_eq!(settle(QuestionKind::Number, format!("1{character}")), expected);
        assert_eq!(settle(QuestionKind::Confirm, format!("y{character}")), expected);
        let runbook = format!("notation: 1\ntitle: a{character}b\n");
        messages(&runbook, &[&format!("the character U+{code} does not belong in a runbook")]);
    }
    messages("title: \"\\ufeffa\"\n", &["the character U+FEFF does not belong in a runbook"]);
}

#[test]
fn files_that_are_too_large_together_are_refused_before_they_are_read() {
    let imports: String = (0..62).map(|it| format!("  i{it}: large.yaml\n")).collect();
    let main = format!(
        "notation: 1\ntitle: x\nimports:\n{imports}sections: {{ start: {{ title: S, steps: [{{ go_to: i0/s }}] }} }}\n"
    );
    let large = format!("notation: 1\ntitle: x\nnote: {}\n", "x".repeat(4_000_000));
    let began = Instant::now();
    files(
        &[("main.yaml", main.as_str()), ("large.yaml", large.as_str())],
        r"
error: all files of a runbook together have at most 16 MiB
 --> main.yaml:8:7
  |
8 |   i4: large.yaml
  |       ^^^^^^^^^^ a file that is imported twice counts twice
",
    );
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[test]
fn sections_that_double_are_counted() {
    let doubling = |last: &str| {
        let section =
            |it: usize| format!("  s{it}: {{ title: S, steps: [{{ go_to: s{0} }}, {{ go_to: s{0} }}] }}\n", it + 1);
        let sections: String = (0..40).map(section).collect();
        format!(
            "notation: 1\ntitle: x\nsections:\n  start: {{ title: S, steps: [{{ go_to: s0 }}, {{ end: Done. }}] }}\n{sections}  s40: {{ title: S, steps: [{last}] }}\n"
        )
    };
    let message = "`s21` performs more than 1000000 steps, with all that it goes to";
    messages(&doubling("{ do: Look. }"), &[message]);
    let circle = "{ if: again, then: [{ go_to: s0 }] }";
    messages(&doubling(circle), &[&message.replace("s21", "s22")]);
    let two = |it: usize| format!("{{ go_to: s{it} }}, {{ go_to: s{it} }}");
    let remedy = |it: usize| format!("{{ do: Look., on_failure: {{ go_to: s{it} }} }}");
    let remedies = (1..=40)
        .fold(doubling("{ do: Look. }"), |runbook, it| runbook.replace(&two(it), &format!("{0}, {0}", remedy(it))));
    messages(&remedies, &[]);
}

#[test]
fn a_misspelt_name_in_a_list_as_text_is_found() {
    steps(
        "- do: Look.\n  uses: yubihsm.import\n  with: { capabilities: \"sign-eddsa, sign-ecsda,exportable\" }",
        r#"
error: `capabilities` cannot be `sign-ecsda`
  --> runbook.yaml:19:44
   |
19 |         with: { capabilities: "sign-eddsa, sign-ecsda,exportable" }
   |                                            ^^^^^^^^^^ did you mean `sign-ecdsa`?

error: `capabilities` cannot be `exportable`
  --> runbook.yaml:19:55
   |
19 |         with: { capabilities: "sign-eddsa, sign-ecsda,exportable" }
   |                                                       ^^^^^^^^^^ known here: sign-ecdsa, sign-eddsa, exportable-under-wrap, all, none
"#,
    );
    let with =
        |value: &str| around(&format!("- do: Look.\n  uses: yubihsm.import\n  with: {{ capabilities: {value} }}"));
    messages(&with("all"), &[]);
    messages(&with("none"), &[]);
    messages(&with("'sign-ecdsa , sign-eddsa'"), &[]);
    messages(&with("'all,sign-ecdsa'"), &["`all` stands alone or not at all"]);
    messages(&with("17"), &["`capabilities` must be from 1 to 16, this is 17"]);
    messages(&with("[sign-ecsda]"), &["an item of `capabilities` cannot be `sign-ecsda`"]);
}

#[test]
fn what_two_files_declare_differently_is_an_error_and_no_approval_is_lost() {
    files(
        &[
            (
                "main.yaml",
                r"
notation: 1
title: Main
imports: { other: other.yaml }
participants: { witness: { title: Witness } }
computers: { c: { title: C } }
inputs: { n: { type: number } }
deviations: { approved_by: [witness] }
sections: { start: { title: S, steps: [{ go_to: other/a }, { end: Done. }] } }
",
            ),
            (
                "other.yaml",
                r"
notation: 1
title: Other
participants: { witness: { title: Auditor } }
computers: { c: { title: C, offline: true } }
inputs: { n: { type: text } }
deviations: { approved_by: [witness, nobody] }
sections: { a: { title: A, steps: [{ do: Look. }] } }
",
            ),
        ],
        r"
error: `witness` is the “Auditor” here and the “Witness” in the runbook that imports this
 --> other.yaml:3:35
  |
3 | participants: { witness: { title: Auditor } }
  |                                   ^^^^^^^

error: `c` is offline here and not offline in the runbook that imports this
 --> other.yaml:4:14
  |
4 | computers: { c: { title: C, offline: true } }
  |              ^

error: `n` is text here and a number in the runbook that imports this
 --> other.yaml:5:11
  |
5 | inputs: { n: { type: text } }
  |           ^

error: unknown participant `nobody`
 --> other.yaml:6:38
  |
6 | deviations: { approved_by: [witness, nobody] }
  |                                      ^^^^^^ known here: witness
",
    );
}

#[test]
fn mistakes_in_yaml_are_said_in_words() {
    for (text, line, message, help) in [
        ("a: 1\nb:\n\tc: 1\n", 3, "a tab stands in the indentation of this line", "indent with spaces"),
        ("a:\n  b: x\n\tc: y\n", 3, "a tab stands in the indentation of this line", "indent with spaces"),
        ("a: Note: x\n", 1, "a colon and a space stand inside text without quotes", "put the whole text in quotes"),
        ("a: {{ x }} y\n", 1, "a text without quotes cannot begin with `{{`", "put it in quotes: `\"{{ … }}\"`"),
        ("c: 1\na x\nb: 1\n", 2, "this line has no colon", "write `key: value`"),
        (
            "a: 'it's'\n",
            1,
            "text stands after the closing quote",
            "put the whole of it in quotes; inside `'…'` a `'` is written twice",
        ),
        ("a: @x\n", 1, "a text without quotes cannot begin with `@`", "put it in quotes"),
        (
            "a:\n  - b: x\n   c: y\n",
            3,
            "this line is indented less or more than the list it belongs to",
            "indent it, with spaces, exactly as far as the lines that it stands beside",
        ),
    ] {
        let loaded = load_text("runbook.yaml", text);
        let found = &loaded.complaints.0;
        assert_eq!(found.len(), 1, "{text}");
        let said = (loaded.sources.line(found[0].place), found[0].message.as_str(), found[0].help.as_deref());
        assert_eq!(said, (line, message, Some(help)), "{text}");
    }
}

#[test]
fn a_misspelt_handler_has_no_follow_ups() {
    steps(
        r"
- do: Ask.
  id: password
  uses: ask.secrt
  with: { prompt: x }
- do: Put.
  uses: yubihsm.put-key
  with:
    { device: YubiHSM2-1, object_id: 1, algorithm: p256, domains: all, password: { secret: password } }
",
        r"
error: unknown step handler `ask.secrt`
  --> runbook.yaml:19:15
   |
19 |         uses: ask.secrt
   |               ^^^^^^^^^ did you mean `ask.secret`?
",
    );
}

#[test]
fn a_whole_number_that_the_record_could_not_hold_is_an_error() {
    let with = |number: &str| {
        around(&format!(
            "- do: Look.\n  uses: exec.run\n  with: {{ command: [x], time_limit: {number} }}\n  rehearse: {{ answer: {number} }}"
        ))
    };
    let loaded = load_text("runbook.yaml", &with("9007199254740992"));
    let exact = "`9007199254740992` is beyond 9007199254740991; the record could not hold it exactly";
    assert_eq!(loaded.complaints.0.iter().filter(|it| it.message == exact).count(), 2);
    let loaded = load_text("runbook.yaml", &with("99999999999999999999999"));
    assert_eq!(loaded.complaints.0.len(), 2);
    assert!(load_text("runbook.yaml", &with("-9007199254740991")).complaints.0.is_empty());
}

#[test]
fn a_runbook_without_a_title_is_told_where_to_put_one() {
    let loaded = load_text("runbook.yaml", "notation: 1\nsections: { s: { title: S, steps: [{ end: x }] } }\n");
    same(
        &shown(&loaded),
        r"
error: a runbook has no `title`
 --> runbook.yaml:1:1
  |
1 | notation: 1
  | ^^^^^^^^^^^ add `title: …` at the top
",
    );
    yaml(&around(""), "");
}
