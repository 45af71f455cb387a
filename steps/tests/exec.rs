//! Programs: what reaches them, what comes back, and how they end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

mod support;

use officiant_engine::conduct::{Announcement, Failure};
use serde_json::{Value, json};
use std::{
    fs,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};
use support::Scene;

fn shell(script: &str) -> Value {
    json!(["sh", "-c", script])
}

fn run(scene: &mut Scene, command: Value) -> Result<Value, Failure> {
    scene.perform("exec.run", json!({ "command": command }))
}

fn failure(with: Value) -> (Scene, Failure) {
    let mut scene = Scene::new();
    let failure = scene.perform("exec.run", with).unwrap_err();
    (scene, failure)
}

/// What people read before the go-ahead.
fn announced(with: Value) -> String {
    let scene = Scene::new();
    match scene.registry.get("exec.run").unwrap().announce(with.as_object().unwrap()) {
        Announcement::Words(words) => words,
        Announcement::Arguments(_) => panic!("no words"),
    }
}

#[test]
fn what_a_program_says_is_recorded_as_text() {
    let mut scene = Scene::new();
    let mut outputs = run(&mut scene, shell("echo out; echo err >&2")).unwrap();
    let program = outputs.as_object_mut().unwrap().remove("program").unwrap();
    assert!(program["path"].as_str().unwrap().ends_with("/sh"));
    assert_eq!(
        outputs,
        json!({ "exit_code": 0, "stdout": "out\n", "stderr": "err\n", "stdout_file": null, "stderr_file": null })
    );
    assert!(scene.made.evidence.is_empty());
    assert_eq!(
        announced(json!({ "command": shell("echo out; echo err >&2") })),
        r#"Runs sh -c "echo out; echo err >&2""#
    );
}

#[test]
fn arguments_reach_the_program_as_they_stand() {
    let arguments = ["a b", "", "x\ny", "$(id)", "`id`", "-n", "--", "*", "'\"\\", ";", "é\u{202e}", "{{ x }}"];
    let mut command = vec![json!("printf"), json!("<%s>")];
    command.extend(arguments.map(Value::from));
    let outputs = run(&mut Scene::new(), json!(command)).unwrap();
    assert_eq!(outputs["stdout"], format!("<{}>", arguments.join("><")));
}

#[test]
fn what_is_shown_before_a_program_runs_does_nothing_to_the_terminal() {
    let announced = announced(
        json!({ "command": ["true", "\u{1b}[2J", "a b"], "stdin": "x\n\u{7}", "environment": { "A": "b c" } }),
    );
    assert_eq!(announced, "Runs true \"\\u{1b}[2J\" \"a b\"\nwith \"A=b c\"\nreading \"x\\n\\u{7}\"");
}

#[test]
fn a_program_that_is_given_nothing_reads_the_end() {
    assert_eq!(run(&mut Scene::new(), json!(["cat"])).unwrap()["stdout"], "");
}

#[test]
fn text_reaches_a_program_through_the_pipe_whole() {
    let text = "line\n".repeat(100_000);
    let with = json!({ "command": ["wc", "-c"], "stdin": text });
    assert_eq!(Scene::new().perform("exec.run", with).unwrap()["stdout"].as_str().unwrap().trim(), "500000");
    // More than a pipe holds, to a program that does not read it.
    let with = json!({ "command": ["true"], "stdin": text });
    assert_eq!(Scene::new().perform("exec.run", with).unwrap()["exit_code"], 0);
}

#[test]
fn a_program_runs_in_the_ceremony_folder_or_where_it_is_told() {
    let mut scene = Scene::new();
    fs::create_dir(scene.path("products/sub")).unwrap();
    let folder = scene.folder.path().canonicalize().unwrap();
    let mut pwd = |directory: Value| {
        let with = json!({ "command": ["pwd", "-P"], "directory": directory });
        scene.perform("exec.run", with).unwrap()["stdout"].as_str().unwrap().trim_end().to_string()
    };
    assert_eq!(pwd(Value::Null), folder.to_str().unwrap());
    assert_eq!(pwd(json!("sub")), folder.join("products/sub").to_str().unwrap());
    assert_eq!(pwd(json!("/")), "/");
}

#[test]
fn a_folder_that_is_not_there_is_a_failure_before_anything_runs() {
    let (scene, error) = failure(json!({ "command": ["true"], "directory": "absent" }));
    assert_eq!(error.code, "no-directory");
    assert!(scene.script.shown.is_empty());
    assert_eq!(failure(json!({ "command": ["true"], "directory": "../.." })).1.code, "path");
    let mut scene = Scene::new();
    scene.put("products/file", "");
    let error = scene.perform("exec.run", json!({ "command": ["true"], "directory": "file" })).unwrap_err();
    assert_eq!(error.message, "the folder `file` that the program should run in is not a folder");
}

#[test]
fn variables_are_added_to_the_environment() {
    let with = json!({ "command": shell("echo $GREETING $HOME"), "environment": { "GREETING": "hello" } });
    let outputs = Scene::new().perform("exec.run", with).unwrap();
    assert_eq!(outputs["stdout"], format!("hello {}\n", std::env::var("HOME").unwrap_or_default()));
}

#[test]
fn an_exit_code_that_is_not_good_is_a_failure_with_the_last_lines() {
    let command = shell("printf 'noise\\n\\033[31mno key\\033[0m\\n' >&2; exit 3");
    let (scene, error) = failure(json!({ "command": command }));
    assert_eq!(error.code, "exit-code");
    let expected = "`sh` ended with exit code 3, not 0; it said: noise | \\u{1b}[31mno key\\u{1b}[0m";
    assert_eq!(error.message, expected);
    assert_eq!(scene.made.evidence.len(), 1);
    assert_eq!(scene.read(&scene.made.evidence[0].path), b"noise\n\x1b[31mno key\x1b[0m\n");

    let with = json!({ "command": shell("exit 3"), "exit_codes": [0, 3] });
    assert_eq!(Scene::new().perform("exec.run", with).unwrap()["exit_code"], 3);
    let (_, error) = failure(json!({ "command": ["true"], "exit_codes": [1, 2] }));
    assert_eq!(error.message, "`true` ended with exit code 0, not 1 or 2");
}

#[test]
fn a_program_that_is_not_there_is_a_failure_with_the_nearest_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("openssl"), "").unwrap();
    let path = folder.path().to_str().unwrap();
    let (_, error) = failure(json!({ "command": ["opensll"], "environment": { "PATH": path } }));
    assert_eq!((error.code.as_str(), error.message.as_str()), ("no-program", "there is no program `opensll`"));
    assert!(error.next.unwrap().starts_with("did you mean `openssl`?"));
    let (_, error) = failure(json!({ "command": [format!("{path}/opensll")] }));
    assert!(error.next.unwrap().starts_with("did you mean `openssl`?"));
    let (_, error) = failure(json!({ "command": [format!("{path}/openssl")] }));
    assert!(error.message.contains("may not be run"), "{error}");
    let (_, error) = failure(json!({ "command": ["\u{1b}[2Jnonesuch"] }));
    assert_eq!(error.message, "there is no program `\\u{1b}[2Jnonesuch`");
}

/// Puts a script among the products, by another program: a file that this one wrote may be held open by what the other tests start
/// at the same time.
fn put_script(scene: &Scene, path: &str, text: &str) -> PathBuf {
    scene.put("products/text", text);
    let (from, to) = (scene.path("products/text"), scene.path(path));
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    assert!(Command::new("install").args(["-m", "700"]).arg(from).arg(&to).status().unwrap().success());
    to
}

#[test]
fn the_program_that_ran_is_recorded_with_its_digest() {
    let mut scene = Scene::new();
    let text = "#!/bin/sh\necho \"${0##*/} $@\"\n";
    let tool = put_script(&scene, "products/bin/tool", text);
    let digest = officiant_engine::record::digest_hex(text.as_bytes());
    let folder = tool.parent().unwrap();
    // By the search path that it is given, by a path, and by one that starts where it runs.
    let path = format!("{}:/bin:/usr/bin", folder.display());
    for with in [
        json!({ "command": ["tool", "x"], "environment": { "PATH": path } }),
        json!({ "command": [tool, "x"] }),
        json!({ "command": ["./tool", "x"], "directory": "bin" }),
        json!({ "command": ["bin/tool", "x"], "directory": "products" }),
        json!({ "command": ["tool", "x"], "directory": "bin", "environment": { "PATH": ".:/bin" } }),
    ] {
        let outputs = scene.perform("exec.run", with.clone()).unwrap();
        assert_eq!(outputs["stdout"], "tool x\n", "{with}");
        let found = &outputs["program"];
        assert_eq!(found["sha256"], digest, "{with}");
        let found = PathBuf::from(found["path"].as_str().unwrap());
        assert!(found.is_absolute() && found.canonicalize().unwrap() == tool.canonicalize().unwrap(), "{with}");
    }
}

#[test]
fn a_program_that_was_started_and_then_lost_may_have_done_its_work() {
    const NAME: &str = "a_program_that_was_started_and_then_lost_may_have_done_its_work";
    if std::env::var_os("OFFICIANT_TEST_LOSES").is_some() {
        let (scene, error) = failure(json!({ "command": shell("echo done > products/work") }));
        assert_eq!(error.code, "lost");
        let said = "it may have done its work, or a part of it";
        assert!(
            error.message.starts_with("`sh` was started and then lost (") && error.message.ends_with(said),
            "{error}"
        );
        assert_eq!(scene.read("products/work"), b"done\n");
        assert_eq!(failure(json!({ "command": ["nonesuch"] })).1.code, "no-program", "nothing ran");
        return;
    }
    // Who ignores SIGCHLD cannot learn how a child ended (POSIX.1-2024, *wait*).
    let mut itself = Command::new("env");
    itself.arg("--ignore-signal=CHLD").arg(std::env::current_exe().unwrap()).args(["--exact", NAME]);
    let output = itself.env("OFFICIANT_TEST_LOSES", "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_program_reaches_outside_the_ceremony_folder() {
    let scene = Scene::new();
    let with = json!({ "command": ["true"] });
    assert!(scene.registry.get("exec.run").unwrap().reaches_out(with.as_object().unwrap()));
}

#[test]
fn a_script_without_its_interpreter_says_so() {
    let scene = Scene::new();
    let tool = put_script(&scene, "products/tool", "#!/nonesuch/interpreter\n");
    let path = tool.parent().unwrap();
    for with in [json!({ "command": [tool] }), json!({ "command": ["tool"], "environment": { "PATH": path } })] {
        let (_, error) = failure(with);
        let next = "the file is there: see that the interpreter its first line names is, too";
        assert_eq!((error.code.as_str(), error.next.as_deref()), ("no-program", Some(next)));
    }
}

#[test]
fn a_program_ended_by_a_signal_is_a_failure() {
    let (_, error) = failure(json!({ "command": shell("kill -9 $$") }));
    assert_eq!((error.code.as_str(), error.message.as_str()), ("signal", "`sh` was ended by signal 9"));
}

#[test]
fn a_program_is_ended_at_its_time_limit_with_all_that_it_started() {
    let marker = format!("31{}", std::process::id());
    let command = shell(&format!("echo before; sleep {marker} & sleep {marker}"));
    let started = Instant::now();
    let (scene, error) = failure(json!({ "command": command, "timeout": "1s" }));
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(error.code, "timeout");
    assert_eq!(error.message, "`sh` was not done after 1s and was ended; it said: before");
    assert_eq!(scene.read(&scene.made.evidence[0].path), b"before\n");
    assert!(!running(&marker), "something that it started runs still");
}

#[test]
fn a_program_that_ignores_sigterm_is_killed() {
    let marker = format!("32{}", std::process::id());
    let command = shell(&format!("trap '' TERM; echo ready; while :; do sleep {marker}; done"));
    let started = Instant::now();
    let (_, error) = failure(json!({ "command": command, "timeout": "1s" }));
    assert_eq!(error.code, "timeout");
    let elapsed = started.elapsed();
    assert!(elapsed > Duration::from_secs(2) && elapsed < Duration::from_secs(6), "{elapsed:?}");
    assert!(!running(&marker));
}

#[test]
fn what_a_program_says_when_it_is_told_to_end_is_kept() {
    let command = shell("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done");
    let (scene, error) = failure(json!({ "command": command, "timeout": "1s" }));
    assert_eq!(error.code, "timeout", "a good exit code after the time limit is no good end");
    assert_eq!(scene.read(&scene.made.evidence[0].path), b"ready\nbye\n");
}

#[test]
fn what_a_grandchild_says_after_its_parent_ended_is_waited_for() {
    let outputs = run(&mut Scene::new(), shell("(sleep 0.3; echo late) & echo early")).unwrap();
    assert_eq!(outputs["stdout"], "early\nlate\n");
}

#[test]
fn a_grandchild_that_holds_the_pipe_is_ended_at_the_time_limit() {
    let marker = format!("33{}", std::process::id());
    let started = Instant::now();
    let (scene, error) = failure(json!({ "command": shell(&format!("sleep {marker} & echo done")), "timeout": "1s" }));
    assert_eq!(error.code, "timeout");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(scene.read(&scene.made.evidence[0].path), b"done\n");
    assert!(!running(&marker));
}

#[test]
fn a_grandchild_that_leaves_the_group_cannot_hold_the_ceremony_up() {
    let started = Instant::now();
    let (_, error) = failure(json!({ "command": shell("setsid sleep 8 & echo done"), "timeout": "1s" }));
    assert_eq!(error.code, "timeout");
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
}

#[test]
fn a_program_that_closed_its_output_is_waited_for_and_limited() {
    let started = Instant::now();
    let outputs = run(&mut Scene::new(), shell("exec >&- 2>&-; sleep 0.4")).unwrap();
    assert!(started.elapsed() >= Duration::from_millis(400));
    assert_eq!(outputs["exit_code"], 0);
    let (_, error) = failure(json!({ "command": shell("exec >&- 2>&-; sleep 60"), "timeout": "1s" }));
    assert_eq!(error.code, "timeout");
}

#[test]
fn a_program_that_says_too_much_is_ended_and_what_was_kept_is_evidence() {
    for (command, stream) in [
        (shell("head -c 100000000 /dev/zero | tr '\\0' 'x'"), "standard output"),
        (shell("head -c 100000000 /dev/zero >&2"), "standard error"),
    ] {
        let (scene, error) = failure(json!({ "command": command }));
        assert_eq!(error.code, "too-much-output");
        assert!(
            error.message.starts_with(&format!("`sh` wrote more than 16 MiB to {stream} and was ended")),
            "{error}"
        );
        assert_eq!(scene.made.evidence[0].size, 16 * 1024 * 1024);
    }
}

#[test]
fn output_of_more_than_four_kib_becomes_a_file_and_the_first_four_are_told() {
    let mut scene = Scene::new();
    // The cut goes through a character of two bytes.
    let outputs = run(&mut scene, shell("printf x; for i in 1 2 3; do printf 'é%.0s' $(seq 1000); done; printf z >&2"));
    let outputs = outputs.unwrap();
    let whole = format!("x{}", "é".repeat(3_000));
    assert_eq!(outputs["stdout"].as_str(), whole.get(..4_095));
    assert_eq!(outputs["stderr"], "z");
    assert_eq!(outputs["stdout_file"], json!(scene.made.evidence[0]));
    assert_eq!(outputs["stdout_file"]["path"], "evidence/0001-stdout.txt");
    assert_eq!(outputs["stdout_file"]["size"], 6_001);
    assert_eq!(scene.read("evidence/0001-stdout.txt"), whole.as_bytes());

    let outputs = run(&mut scene, shell("head -c 4096 /dev/zero | tr '\\0' x")).unwrap();
    assert_eq!((outputs["stdout"].as_str().unwrap().len(), &outputs["stdout_file"]), (4_096, &Value::Null));
}

#[test]
fn output_that_is_no_text_becomes_a_file() {
    let mut scene = Scene::new();
    let outputs =
        run(&mut scene, shell("printf '\\377\\000\\001'; head -c 5000 /dev/zero | tr '\\0' x >&2; printf '\\377' >&2"));
    let outputs = outputs.unwrap();
    assert_eq!(outputs["stdout"], Value::Null);
    assert_eq!(outputs["stdout_file"]["path"], "evidence/0001-stdout.bin");
    assert_eq!(scene.read("evidence/0001-stdout.bin"), b"\xff\x00\x01");
    assert_eq!(outputs["stderr"].as_str().unwrap().len(), 4_096, "its beginning is text");
    assert_eq!(outputs["stderr_file"]["path"], "evidence/0001-stderr.bin");
}

const SECRET: &str = "correct horse battery";

fn with_secret(script: &str) -> (Scene, Result<Value, Failure>) {
    let mut scene = Scene::new().secret(SECRET);
    scene.perform_named("password", "ask.secret", json!({ "prompt": "Password" })).unwrap();
    let with = json!({ "command": shell(script), "stdin": { "secret": "password" } });
    let result = scene.perform("exec.run", with);
    (scene, result)
}

#[test]
fn a_secret_reaches_a_program_through_the_pipe_and_nowhere_else() {
    let (scene, result) = with_secret("sha256sum; env; tr '\\0' ' ' < /proc/$$/cmdline");
    // SHA-256 of the secret, without a newline: it is passed as it was entered.
    let digest = officiant_engine::record::digest_hex(SECRET.as_bytes());
    let said = result.unwrap()["stdout"].to_string();
    assert!(said.contains(&format!("{digest}  -")) && said.contains("sha256sum; env"), "{said}");
    assert!(!said.contains("horse") && !scene.everything().contains("horse"));
    let announced = announced(json!({ "command": ["cat"], "stdin": { "secret": "password" } }));
    assert_eq!(announced, "Runs cat\nreading the secret `password`");
}

#[test]
fn a_secret_that_shows_up_in_the_output_is_not_recorded() {
    for script in [
        "cat",
        "cat >&2",
        "cat; exit 1",
        "base64 -w 10",
        "(printf 'user:'; cat) | base64",
        "od -An -tx1",
        "head -c 5000 /dev/zero; cat",
        "cat; kill -9 $$",
    ] {
        let (scene, result) = with_secret(script);
        let error = result.unwrap_err();
        assert_eq!(error.code, "secret-in-output", "{script}");
        assert!(!error.to_string().contains("horse"));
        assert!(scene.made.evidence.is_empty() && scene.made.products.is_empty());
        assert_eq!(fs::read_dir(scene.path("evidence")).unwrap().count(), 0, "{script}");
        assert!(!scene.everything().contains("horse"));
    }
}

#[test]
fn a_secret_that_shows_up_before_the_time_limit_is_not_recorded() {
    let mut scene = Scene::new().secret(SECRET);
    scene.perform_named("password", "ask.secret", json!({ "prompt": "Password" })).unwrap();
    let with = json!({ "command": shell("cat; sleep 60"), "stdin": { "secret": "password" }, "timeout": "1s" });
    assert_eq!(scene.perform("exec.run", with).unwrap_err().code, "secret-in-output");
    assert_eq!(fs::read_dir(scene.path("evidence")).unwrap().count(), 0);
}

#[test]
fn a_secret_that_nobody_entered_is_a_failure_before_anything_runs() {
    let (scene, error) = failure(json!({ "command": ["cat"], "stdin": { "secret": "password" } }));
    assert_eq!(error.code, "no-secret");
    assert!(scene.script.shown.is_empty());
}

#[test]
fn arguments_that_no_program_can_be_given_are_refused() {
    for with in [
        json!({ "command": [] }),
        json!({ "command": [""] }),
        json!({ "command": ["true", "a\0b"] }),
        json!({ "command": ["true"], "exit_codes": [] }),
        json!({ "command": ["true"], "environment": { "A=B": "c" } }),
        json!({ "command": ["true"], "environment": { "": "c" } }),
        json!({ "command": ["true"], "timeout": "2 days" }),
        json!({ "command": "true" }),
        json!({ "command": ["true", { "secret": "password" }] }),
        json!({ "command": ["true"], "environment": { "P": { "secret": "password" } } }),
        json!({ "command": ["true"], "shell": true }),
    ] {
        let (scene, error) = failure(with.clone());
        assert_eq!(error.code, "wrong-argument", "{with}");
        assert!(scene.script.shown.is_empty());
    }
}

/// Whether a `sleep` with that marker runs, after the moment that the kernel takes to end what was killed.
fn running(marker: &str) -> bool {
    let process = |process: fs::DirEntry| {
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).eq([b"sleep".as_slice(), marker.as_bytes(), b""])
    };
    (0..20).all(|_| {
        thread::sleep(Duration::from_millis(50));
        fs::read_dir("/proc").unwrap().flatten().any(process)
    })
}

#[test]
fn whether_a_program_ran_that_was_in_flight_is_for_people_to_say() {
    let mut scene = Scene::new();
    let found = scene.probe("exec.run", json!({ "command": ["true"] })).unwrap();
    assert_eq!(found, json!({ "unknown": "whether `true` ran, and to its end, cannot be told from here" }));
}
