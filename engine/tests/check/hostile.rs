//! Files that mean harm: each is refused or reported in under a second, without taking the memory of the machine.

use crate::{
    handlers::registry,
    support::{around, same, shown},
};
use officiant_engine::{
    check::everything,
    notation::{Loaded, load, load_text},
};
use std::{
    fs::File,
    path::Path,
    time::{Duration, Instant},
};

/// Debug builds are several times slower than what ceremonies run with, and tests share the machine.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 1 });

/// Loads and checks within the time allowed; returns the first complaint, or nothing, and how many there are.
#[track_caller]
fn first(name: &str, text: &str) -> (String, usize) {
    let began = Instant::now();
    let loaded = load_text(name, text);
    let found = everything(&loaded, &registry());
    let rendered: Vec<String> = found.0.iter().map(|it| it.render(&loaded.sources, false)).collect();
    let took = began.elapsed();
    assert!(took < PATIENCE, "{name} took {took:?}");
    assert!(rendered.iter().map(String::len).sum::<usize>() < 200_000, "{name} floods the screen");
    let message = found.0.first().map_or_else(String::new, |it| it.message.clone());
    (message, found.0.len())
}

#[track_caller]
fn says(name: &str, text: &str, message: &str) {
    assert_eq!(first(name, text).0, message, "{name}");
}

#[test]
fn an_alias_a_tag_a_merge_key_or_a_second_document_is_refused() {
    for (text, expected) in [
        (
            "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
            r"
error: aliases are not part of the notation
 --> runbook.yaml:2:8
  |
2 | b: &b [*a, *a]
  |        ^^ write the value out
",
        ),
        (
            "notation: 1\ntitle: !!str x\n",
            r"
error: YAML tags are not part of the notation
 --> runbook.yaml:2:14
  |
2 | title: !!str x
  |              ^ write the value without its tag
",
        ),
        (
            "notation: 1\ntitle: x\n<<: { note: y }\nsections: { start: { title: S, steps: [{ end: Done. }] } }\n",
            r"
error: unknown key `<<` in a runbook
 --> runbook.yaml:3:1
  |
3 | <<: { note: y }
  | ^^ known here: notation, title, note, participants, computers, devices, inputs, imports, deviations, start, sections
",
        ),
        (
            "notation: 1\n---\ntitle: x\n",
            r"
error: a runbook file holds one YAML document
 --> runbook.yaml:2:1
  |
2 | ---
  | ^^^
",
        ),
    ] {
        same(&shown(&load_text("runbook.yaml", text)), expected);
    }
}

#[test]
fn a_control_character_or_change_of_direction_is_refused_however_it_is_written() {
    let title = |title: &str| format!("notation: 1\ntitle: {title}\n");
    says("a.yaml", &title("a\u{1b}[2Jb"), "the character U+001B does not belong in a runbook");
    says("a.yaml", &title("a\u{202e}b"), "the character U+202E does not belong in a runbook");
    says("a.yaml", &title("a\u{200b}b"), "the character U+200B does not belong in a runbook");
    says("a.yaml", &title("a\u{0}b"), "the character U+0000 does not belong in a runbook");
    says("a.yaml", &title("a\u{85}b"), "the character U+0085 does not belong in a runbook");
    says("a.yaml", "notation: 1\rtitle: x\n", "the character U+000D does not belong in a runbook");
    says("a.yaml", &title(r#""a\x1b[2J""#), "the character U+001B does not belong in a runbook");
    says("a.yaml", "notation: 1\n\"a\\u202e\": 1\n", "the character U+202E does not belong in a runbook");
    says("a.toml", "title = \"a\\u001b[2J\"\n", "the character U+001B does not belong in a runbook");
    says("a.toml", "\"a\\u202e\" = 1\n", "the character U+202E does not belong in a runbook");
    same(
        &shown(&load_text("runbook.yaml", "title: \"a\\x1b[2J\"\nnote: a\\x\n")),
        r#"
error: the character U+001B does not belong in a runbook
 --> runbook.yaml:1:8
  |
1 | title: "a\x1b[2J"
  |        ^^^^^^^^^^ a control character or a change of writing direction can make the text look like another
"#,
    );
    same(
        &shown(&load_text("runbook.yaml", "title: a\u{1b}[2J\n")),
        r"
error: the character U+001B does not belong in a runbook
 --> runbook.yaml:1:9
  |
1 | title: a␛[2J
  |         ^ a control character or a change of writing direction can make the text look like another
",
    );
}

#[test]
fn other_scripts_carriage_returns_and_a_byte_order_mark_are_no_harm() {
    let steps = around("- do: Übergabe 鍵 🔑 “so”, non\u{a0}breaking.");
    for text in [steps.clone(), steps.replace('\n', "\r\n"), format!("\u{feff}{steps}")] {
        assert_eq!(first("a.yaml", &text), (String::new(), 0));
    }
}

#[test]
fn ten_thousand_levels_are_refused() {
    let deep = "nested deeper than 64 levels";
    says("a.yaml", &around(&format!("- do: {}{}", "[".repeat(10_000), "]".repeat(10_000))), deep);
    says("a.yaml", &"[".repeat(2_000_000), deep);
    says("a.yaml", &"{a: ".repeat(500_000), deep);
    says("a.yaml", &"- ".repeat(1_000_000), deep);
    says("a.yaml", &(0..2_000).map(|level| " ".repeat(level) + "a:\n").collect::<String>(), deep);
    says("a.yaml", &"? ".repeat(1_000_000), "a key must be a plain word");
    says("a.toml", &format!("a = {}{}", "[".repeat(10_000), "]".repeat(10_000)), deep);
    says("a.toml", &format!("a = {}", "[".repeat(2_000_000)), deep);
    says("a.toml", &format!("a = {}1{}", "{a = ".repeat(10_000), "}".repeat(10_000)), deep);
    says("a.toml", &format!("{}a = 1", "a.".repeat(10_000)), deep);
    says("a.toml", &format!("[{}a]", "a.".repeat(10_000)), deep);
    says("a.toml", &format!("[{0}a]\n{0}a = {1}{2}", "a.".repeat(70), "[".repeat(70), "]".repeat(70)), deep);
}

#[test]
fn a_deep_or_long_expression_is_refused() {
    let long = |piece: &str| format!("- do: '{{{{ {}a }}}}'", piece.repeat(15_000 / piece.len()));
    for piece in ["1+", "a|", "a.", "not ", "(", "[", "a if b else ", "-", "a<", "a(", "a[", "{a:", "a is ", "a and "] {
        let (message, count) = first("a.yaml", &around(&long(piece)));
        let why = if piece == "-" { "too many `-` in a row" } else { "an expression is at most 2048 bytes long" };
        assert_eq!(message, format!("this text does not compile: {why}"), "{piece}");
        assert_eq!(count, 1, "{piece}");
        let (_, count) = first("a.yaml", &around(&format!("- do: '{{{{ {}a }}}}'", piece.repeat(2_000 / piece.len()))));
        assert!(count > 0, "{piece}");
    }
    assert_eq!(first("a.yaml", &around(&vec![long("a|"); 200].join("\n"))).1, 200);
}

#[test]
fn a_long_line_or_name_is_shown_in_part() {
    let x = "x".repeat(3_000_000);
    assert_eq!(first("a.yaml", &around(&format!("- do: {x}"))).1, 0);
    says("a.yaml", &around(&format!("- do: \"{x} {{{{ y }}}}\"")), &{
        let length = x.len() + 8;
        format!("this text does not compile: text with expressions is at most 16384 bytes long, this has {length}")
    });
    let name = format!("unknown key `{}…", &x[..387]);
    says(
        "a.toml",
        &format!(
            "notation = 1\ntitle = \"x\"\nsections.start = {{ title = \"x\", steps = [{{ end = \"x\" }}] }}\n{x} = 1"
        ),
        &name,
    );
    let steps = format!("- {{ do: Look{}. }}\n- {{ note: {x}, do: \"{{{{ wrong }}}}\" }}", " again".repeat(400));
    let loaded = load_text("runbook.yaml", &around(&steps));
    let shown = shown(&loaded);
    assert!(shown.starts_with("error: there is no value `wrong` here\n  --> runbook.yaml:18:3000027\n"), "{shown}");
}

#[test]
fn two_hundred_thousand_keys_are_counted_and_not_shown() {
    let keys = |separator| (0..200_000).map(|key| format!("k{key}{separator}1\n")).collect::<String>();
    assert_eq!(first("a.yaml", &keys(": ")).1, 201);
    assert_eq!(first("a.toml", &keys(" = ")).1, 201);
    assert_eq!(first("a.yaml", &format!("{{{}}}", keys(": ").replace('\n', ", "))).1, 201);
    assert_eq!(first("a.yaml", &"a: 1\n".repeat(200_000)).1, 201);
    let loaded = load_text("runbook.yaml", &around(&"- do: \"{{ wrong }}\"\n".repeat(1_000)));
    let found = everything(&loaded, &registry());
    assert_eq!(found.0[200].render(&loaded.sources, false), "error: more than 200 more complaints are not shown");
}

#[test]
fn errors_are_shown_before_warnings_when_there_are_too_many() {
    let looked = |it| format!("- {{ do: Look., id: looked_{it} }}\n");
    let steps = (0..150).map(looked).collect::<String>() + &"- do: \"{{ wrong }}\"\n".repeat(150);
    let loaded = load_text("runbook.yaml", &around(&steps));
    let found = everything(&loaded, &registry());
    let errors = found.0.iter().filter(|it| it.message.contains("wrong")).count();
    assert_eq!((errors, found.0.len()), (150, 201));
}

#[test]
fn a_huge_number_or_many_mistakes_of_one_sort_are_reported() {
    says("a.yaml", "notation: 99999999999999999999999\n", "a runbook has no `sections`");
    says("a.toml", "notation = 99999999999999999999999\n", "this number is too large");
    says("a.toml", "notation = 1e999\n", "this number is not finite");
    says(
        "a.toml",
        &"= \n".repeat(1_000_000),
        "this is not TOML: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`",
    );
    says("a.yaml", "a: &x 1\nb: &x 2\n", "unknown key `a` in a runbook");
}

#[test]
fn sections_by_the_ten_thousand_are_no_harm() {
    let before = "notation: 1\ntitle: x\nsections:\n  start: { title: S, steps: [{ go_to: s0 }, { end: Done. }] }\n";
    let sections = |to: &dyn Fn(usize) -> String| {
        let section = |it: usize| format!("  s{it}: {{ title: S, steps: [{{ {} }}] }}\n", to(it));
        before.to_string() + &(0..10_000).map(section).collect::<String>()
    };
    let chain = sections(&|it| if it == 9_999 { "do: Look.".into() } else { format!("go_to: s{}", it + 1) });
    says(
        "a.yaml",
        &chain,
        "GO TO is nested deeper than 100 sections here: start → s0 → s1 → s2 → s3 → s4 → … → s94 → s95 → s96 → s97 → s98 → s99",
    );
    let circle = sections(&|it| format!("go_to: s{}", (it + 1) % 10_000));
    says(
        "a.yaml",
        &circle,
        "this GO TO never comes back: s0 → s1 → s2 → s3 → s4 → s5 → … → s9995 → s9996 → s9997 → s9998 → s9999 → s0",
    );
    let unknown = sections(&|it| format!("go_to: section-{it}"));
    assert_eq!(first("a.yaml", &unknown).1, 201);
}

#[test]
fn what_is_not_a_file_of_text_is_refused_without_reading_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    File::create(path("large.yaml")).unwrap().set_len(100 * 1024 * 1024).unwrap();
    std::fs::write(path("latin.yaml"), b"title: \xe9\n").unwrap();
    std::fs::create_dir(path("folder.yaml")).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(path("fifo.yaml")).status().unwrap();
    assert!(fifo.success());
    for (path, expected) in [
        (path("large.yaml"), "error: `large.yaml` is larger than 4 MiB"),
        (path("latin.yaml"), "error: `latin.yaml` is not UTF-8: byte 7 is wrong"),
        (path("folder.yaml"), "error: `folder.yaml` is not a file"),
        (path("fifo.yaml"), "error: `fifo.yaml` is not a file"),
        ("/dev/zero".into(), "error: `/dev/zero` is not a file"),
    ] {
        let began = Instant::now();
        let loaded: Loaded = load(&path).unwrap();
        let shown = shown(&loaded).replace(&format!("{}/", folder.path().display()), "");
        assert!(began.elapsed() < Duration::from_secs(1));
        assert_eq!(shown, expected);
    }
    assert!(load(Path::new("/nowhere/runbook.yaml")).is_err());
}
