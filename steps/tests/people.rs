//! What people are asked, and what counts as an answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

mod support;

use officiant_engine::{
    conduct::{Halt, Happenings, Notice, QuestionKind, SecretName},
    record::words,
};
use serde_json::{Value, json};
use std::time::Duration;
use support::Scene;

#[test]
fn a_yes_confirms_and_a_no_leaves_the_choice_to_the_person() {
    let mut scene = Scene::new().answer("yes").answer(false);
    assert_eq!(scene.perform("people.confirm", json!({})), Ok(json!({ "confirmed": true })));
    assert_eq!(scene.script.asked[0].text, "The step's sentence.");

    let with = json!({ "question": "Is the bag whole?", "if_no": "the bag is photographed" });
    let failure = scene.perform("people.confirm", with.clone()).unwrap_err();
    assert_eq!(
        (failure.code.as_str(), failure.message.as_str()),
        ("not-confirmed", "the answer to “Is the bag whole?” was no")
    );
    assert_eq!(scene.script.asked[1].if_no.as_deref(), Some("the bag is photographed"));
    assert_eq!(scene.script.asked[1].by.as_deref(), Some("administrator"));

    let again = scene.replay(&[(None, "people.confirm", json!({})), (None, "people.confirm", with)]);
    assert_eq!(again, [Ok(json!({ "confirmed": true })), Err(failure)]);
}

#[test]
fn an_argument_that_a_handler_does_not_have_is_refused() {
    let failure = Scene::new().perform("people.confirm", json!({ "qestion": "?" })).unwrap_err();
    assert_eq!(failure.code, "wrong-argument");
    assert!(failure.message.contains("unknown field `qestion`"), "{failure}");
}

#[test]
fn a_text_that_does_not_match_is_asked_for_again() {
    let mut scene = Scene::new().answer("12-34").answer("").answer(" 7550054 ");
    let with = json!({ "prompt": "Serial number", "pattern": "[0-9]{7,8}" });
    assert_eq!(scene.perform("ask.text", with.clone()), Ok(json!({ "value": "7550054" })));
    assert_eq!(scene.script.record.len(), 3);
    let refused = scene.script.record[0]["refused"].as_str().unwrap();
    assert!(refused.contains("`12-34`") && refused.contains("[0-9]{7,8}"), "{refused}");
    assert_eq!(scene.replay(&[(None, "ask.text", with)]), [Ok(json!({ "value": "7550054" }))]);
}

#[test]
fn an_empty_line_is_an_answer_only_where_the_runbook_says_so() {
    let mut scene = Scene::new().answer("").answer("").answer("something");
    assert_eq!(scene.perform("ask.text", json!({ "prompt": "Remarks", "optional": true })), Ok(json!({ "value": "" })));
    assert_eq!(scene.perform("ask.text", json!({ "prompt": "Remarks" })), Ok(json!({ "value": "something" })));
    assert_eq!(scene.script.record[1]["refused"], "an answer is needed");
}

#[test]
fn a_pattern_that_is_no_expression_is_a_failure_and_not_an_endless_question() {
    let mut scene = Scene::new().answer("x");
    let failure = scene.perform("ask.text", json!({ "prompt": "Name", "pattern": "[a-" })).unwrap_err();
    assert_eq!(failure.code, "wrong-argument");
    assert!(failure.message.contains("`[a-` is no regular expression"), "{failure}");
    assert!(scene.script.asked.is_empty());
}

#[test]
fn a_choice_is_one_of_its_values() {
    let mut scene = Scene::new().answer("gren").answer("green").answer("b");
    let list = json!({ "prompt": "Colour", "options": ["red", "green"] });
    assert_eq!(scene.perform("ask.choice", list), Ok(json!({ "value": "green" })));
    assert_eq!(scene.script.record[0]["refused"], "`gren` is none of: red, green; did you mean `green`?");

    let mapping = json!({ "prompt": "Colour", "options": { "b": "Blue", "a": "Amber" } });
    assert_eq!(scene.perform("ask.choice", mapping), Ok(json!({ "value": "b" })));
    let shown = [("a", "Amber"), ("b", "Blue")].map(|(value, label)| (value.to_string(), label.to_string()));
    assert_eq!(scene.script.asked[1].kind, QuestionKind::Choice(shown.to_vec()));
}

#[test]
fn a_choice_that_nobody_could_make_is_a_failure() {
    for (options, expected) in [
        (json!([]), "there is nothing to choose from"),
        (json!(["a", "a"]), "the option `a` is there twice"),
        (json!(["a "]), "the option `a ` is empty or has spaces around it"),
        (json!([""]), "the option `` is empty or has spaces around it"),
        (json!(5), "ask.choice: `options` is a list of texts or a mapping of values to texts"),
    ] {
        let failure = Scene::new().perform("ask.choice", json!({ "prompt": "?", "options": options })).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.message.as_str()), ("wrong-argument", expected));
    }
}

#[test]
fn a_day_and_a_number_are_asked_for_until_they_are_there() {
    let mut scene = Scene::new().answer("30.10.2020").answer("2020-10-30").answer("three").answer("3");
    assert_eq!(scene.perform("ask.date", json!({ "prompt": "Day" })), Ok(json!({ "value": "2020-10-30" })));
    assert_eq!(scene.perform("ask.number", json!({ "prompt": "How many" })), Ok(json!({ "value": 3 })));
    let refused = scene.script.record.iter().filter(|entry| !entry["refused"].is_null()).count();
    assert_eq!(refused, 2);
}

const PASSWORD: &str = "correct horse battery";

fn kept(scene: &mut Scene, name: &str) -> bool {
    // A later step can take it, which a wrong one shows by not matching.
    let with = json!({ "prompt": "Again", "matches": { "secret": name } });
    !matches!(scene.perform_as(None, "ask.secret", with), Ok(Err(failure)) if failure.code == "no-secret")
}

#[test]
fn a_secret_is_kept_and_nothing_about_it_is_recorded_shown_or_told() {
    let mut scene = Scene::new().secret("short").secret(PASSWORD);
    let outputs = scene.perform_named("password", "ask.secret", json!({ "prompt": "New password" })).unwrap();
    assert_eq!(outputs, json!({}));
    assert_eq!(scene.script.record[0]["refused"], "it must have at least 8 characters");
    assert_eq!(scene.script.record[1], json!({ "answered": "New password", "answer": null, "refused": null }));
    let everything = scene.everything();
    assert!(
        !everything.contains("horse") && !everything.contains("short") && !everything.contains("21"),
        "{everything}"
    );
    assert!(kept(&mut scene, "password"));
    let with = json!({ "prompt": "New password" });
    assert_eq!(scene.replay(&[(Some("password"), "ask.secret", with)]), [Ok(json!({}))]);
}

#[test]
fn a_secret_that_a_device_would_not_take_is_asked_for_again() {
    let mut scene = Scene::new().secret("12345").secret("123456789").secret("12345678");
    let with = json!({ "prompt": "New PIN", "min_length": 6, "max_length": 8 });
    scene.perform_named("pin", "ask.secret", with).unwrap();
    let refused = scene.script.record.iter().filter(|it| it["refused"] == "it must have 6 to 8 characters");
    assert_eq!(refused.count(), 2);
    assert!(kept(&mut scene, "pin"));
    for with in [
        json!({ "prompt": "New PIN", "min_length": 6, "max_length": 5 }),
        json!({ "prompt": "New PIN", "max_length": 1025 }),
        json!({ "prompt": "Rolls", "dice": true, "max_length": 60 }),
    ] {
        assert_eq!(scene.perform_named("pin", "ask.secret", with).unwrap_err().code, "wrong-argument");
    }
}

#[test]
fn a_secret_without_a_name_is_not_even_asked_for() {
    let mut scene = Scene::new().secret(PASSWORD);
    let failure = scene.perform("ask.secret", json!({ "prompt": "Password" })).unwrap_err();
    assert_eq!(failure.code, "no-id");
    assert!(scene.script.asked.is_empty());
    let failure = scene.perform_named("x", "ask.secret", json!({ "prompt": "?", "min_length": 0 })).unwrap_err();
    assert_eq!(failure.code, "wrong-argument");
}

#[test]
fn a_plain_answer_is_no_secret() {
    let mut scene = Scene::new().answer("not hidden").secret(PASSWORD);
    scene.perform_named("password", "ask.secret", json!({ "prompt": "Password" })).unwrap();
    assert_eq!(scene.script.record[0]["refused"], "a secret and a plain answer are not the same");
    assert!(!scene.everything().contains("not hidden"));
}

#[test]
fn a_secret_is_read_back_and_a_replay_comes_to_the_same_without_it() {
    let steps = [
        (Some("password"), "ask.secret", json!({ "prompt": "Password" })),
        (None, "ask.secret", json!({ "prompt": "From paper", "matches": { "secret": "password" } })),
        (Some("copy"), "ask.secret", json!({ "prompt": "Once more", "matches": { "secret": "password" } })),
    ];
    let mut scene =
        Scene::new().secret(PASSWORD).secret("correct hose battery").secret(PASSWORD).secret(PASSWORD).secret("-");
    for (id, uses, with) in &steps {
        assert_eq!(scene.perform_as(*id, uses, with.clone()).unwrap(), Ok(json!({})));
    }
    assert_eq!(scene.script.record[1]["answer"], json!(false));
    assert_eq!(scene.script.record[2]["answer"], json!(true));
    assert!(
        scene
            .script
            .shown
            .contains(&Notice::Information("This is not the secret `password`; 2 tries are left.".into()))
    );
    assert!(!scene.everything().contains("battery"));
    assert_eq!(scene.replay(&steps), [Ok(json!({})), Ok(json!({})), Ok(json!({}))]);
    assert!(kept(&mut scene, "copy"));
}

#[test]
fn a_secret_that_is_read_back_wrongly_three_times_is_a_failure_also_in_a_replay() {
    let steps = [
        (Some("password"), "ask.secret", json!({ "prompt": "Password" })),
        (Some("copy"), "ask.secret", json!({ "prompt": "From paper", "matches": { "secret": "password" } })),
    ];
    let mut scene = Scene::new().secret(PASSWORD).secret("a").secret("b").secret("").secret(PASSWORD);
    scene.perform_as(steps[0].0, steps[0].1, steps[0].2.clone()).unwrap().unwrap();
    let failure = scene.perform_as(steps[1].0, steps[1].1, steps[1].2.clone()).unwrap().unwrap_err();
    assert_eq!(failure.code, "no-match");
    assert_eq!(scene.replay(&steps), [Ok(json!({})), Err(failure)]);
    assert!(!kept(&mut scene, "copy"));
    assert!(kept(&mut scene, "password"));
}

#[test]
fn a_console_cannot_say_by_itself_that_a_secret_matches() {
    let mut scene = Scene::new().secret(PASSWORD).answer(true).answer("true");
    scene.perform_named("password", "ask.secret", json!({ "prompt": "Password" })).unwrap();
    let halt = scene.perform_as(None, "ask.secret", json!({ "prompt": "Again", "matches": { "secret": "password" } }));
    assert!(matches!(halt, Err(Halt::Unanswered(_))), "{halt:?}");
}

#[test]
fn a_secret_to_match_that_was_never_entered_is_a_failure() {
    let failure = Scene::new()
        .perform("ask.secret", json!({ "prompt": "Again", "matches": { "secret": "password" } }))
        .unwrap_err();
    assert_eq!(failure.code, "no-secret");
}

#[test]
fn rolls_of_a_die_are_a_secret_with_known_entropy() {
    let mut scene = Scene::new()
        .secret("1234567")
        .secret("66666 66666 66666")
        .secret("12345")
        .secret("16253 41624 35162 4")
        .secret("16253-41624")
        .secret("1625 3416 2435 1624");
    let with = json!({ "prompt": "Rolls", "dice": true, "min_length": 10 });
    assert_eq!(scene.perform_named("rolls", "ask.secret", with.clone()), Ok(json!({ "entropy_bits": 25 })));
    let refused: Vec<_> = scene.script.record.iter().map(|entry| entry["refused"].as_str().unwrap_or("")).collect();
    assert_eq!(
        refused,
        [
            "rolls are written as the digits 1 to 6, with or without spaces",
            "every roll is the same, which a fair die does not do; roll again",
            "at least 10 rolls are needed",
            ""
        ]
    );
    let Notice::Information(told) = &scene.script.shown[0] else { panic!("{:?}", scene.script.shown) };
    assert!(told.contains("at least 10 times") && told.contains("25 bits"), "{told}");
    assert_eq!(scene.replay(&[(Some("rolls"), "ask.secret", with)]), [Ok(json!({ "entropy_bits": 25 }))]);

    let again = json!({ "prompt": "Rolls again", "dice": true, "matches": { "secret": "rolls" } });
    assert_eq!(scene.perform("ask.secret", again), Ok(json!({})));
    assert_eq!(scene.script.record[4]["answer"], json!(false));
}

#[test]
fn fifty_rolls_are_asked_for_when_the_runbook_does_not_say() {
    let mut scene = Scene::new().secret(&"123456".repeat(10));
    let with = json!({ "prompt": "Rolls", "dice": true });
    assert_eq!(scene.perform_named("rolls", "ask.secret", with), Ok(json!({ "entropy_bits": 129 })));
}

#[test]
fn a_checkpoint_shows_the_head_and_a_replay_has_the_same() {
    let mut scene = Scene::new().answer("x").answer("y");
    scene.perform("ask.text", json!({ "prompt": "Anything" })).unwrap();
    let head = scene.script.head();
    let outputs = scene.perform("people.checkpoint", json!({})).unwrap();
    assert_eq!(outputs, json!({ "head": hex::encode(head), "words": words(&head) }));
    let Notice::Banner(banner) = &scene.script.shown[0] else { panic!("{:?}", scene.script.shown) };
    assert!(banner.contains(&hex::encode(head)) && banner.contains(" 32 ") && banner.contains('█'), "{banner}");
    let again =
        scene.replay(&[(None, "ask.text", json!({ "prompt": "Anything" })), (None, "people.checkpoint", json!({}))]);
    assert_eq!(again[1], Ok(outputs));
}

#[test]
fn a_checkpoint_that_nobody_filmed_is_not_confirmed() {
    let failure = Scene::new().answer("no").perform("people.checkpoint", json!({})).unwrap_err();
    assert_eq!(failure.code, "not-confirmed");
}

/// The answers that a scene would want: the words it asks for.
fn read_back(with: &Value, of: &[u8], mut scene: Scene, spoil: usize) -> Scene {
    // A rehearsal from the same head tells which words are asked for: the head decides, not the answer.
    let words: Vec<_> = words(of).split(' ').map(str::to_string).collect();
    let mut probe = Scene::rehearsal();
    probe.script.record.clone_from(&scene.script.record);
    let positions = probe.perform("people.read-back", with.clone()).unwrap();
    for position in positions["positions"].as_array().unwrap() {
        let word = &words[usize::try_from(position.as_u64().unwrap()).unwrap() - 1];
        for _ in 0..spoil {
            scene = scene.answer("aardvark-not");
        }
        scene = scene.answer(word.to_uppercase());
    }
    scene
}

#[test]
fn the_words_that_the_record_chooses_are_typed_and_a_wrong_one_is_asked_for_again() {
    let of = [0x5f; 32];
    let with = json!({ "of": hex::encode(of) });
    let mut scene = read_back(&with, &of, Scene::new(), 2);
    let outputs = scene.perform("people.read-back", with.clone()).unwrap();
    assert_eq!(outputs["positions"].as_array().unwrap().len(), 3);
    assert_eq!(scene.script.record.len(), 9);
    assert!(scene.script.shown.iter().all(|notice| !matches!(notice, Notice::Banner(_))), "a given hash is not shown");
    assert_eq!(scene.replay(&[(None, "people.read-back", with)]), [Ok(outputs)]);
}

#[test]
fn a_word_that_is_wrong_three_times_is_a_failure() {
    let mut scene = Scene::new().answer("a").answer("b").answer("c");
    let failure = scene.perform("people.read-back", json!({ "of": "e58294f2e9a2", "words": 1 })).unwrap_err();
    assert_eq!(failure.code, "wrong-word");
    assert!(!format!("{:?}", scene.script.shown).contains("topmost"), "the right word is not told");
}

#[test]
fn without_a_hash_it_is_the_head_that_is_shown_and_read_back() {
    let mut scene = Scene::rehearsal();
    let head = scene.script.head();
    let outputs = scene.perform("people.read-back", json!({ "words": 5 })).unwrap();
    assert_eq!(outputs["positions"].as_array().unwrap().len(), 5);
    assert_eq!(scene.script.record[0], json!({ "checkpoint": hex::encode(head) }));
    assert!(matches!(&scene.script.shown[0], Notice::Information(text) if text.contains("not those of an earlier")));
    assert!(matches!(&scene.script.shown[1], Notice::Banner(banner) if banner.contains(&hex::encode(head))));
    assert_eq!(scene.replay(&[(None, "people.read-back", json!({ "words": 5 }))]), [Ok(outputs)]);
}

#[test]
fn words_of_something_that_is_no_hash_cannot_be_read_back() {
    for with in [
        json!({ "of": "not a hash" }),
        json!({ "of": "" }),
        json!({ "of": "e582", "words": 3 }),
        json!({ "of": "e582", "words": 0 }),
    ] {
        assert_eq!(
            Scene::new().perform("people.read-back", with.clone()).unwrap_err().code,
            "wrong-argument",
            "{with}"
        );
    }
}

#[test]
fn a_rehearsal_says_how_long_the_wait_would_have_been() {
    let mut scene = Scene::rehearsal();
    let with = json!({ "duration": "10 minutes", "what": "the device cools down" });
    assert_eq!(scene.perform("people.wait", with), Ok(json!({ "waited_seconds": 600 })));
    assert_eq!(scene.script.waits, [(Duration::from_secs(600), "the device cools down".to_string())]);

    let mut scene = Scene::new();
    assert_eq!(scene.perform("people.wait", json!({ "duration": 90 })), Ok(json!({ "waited_seconds": 0 })));
    assert_eq!(scene.script.waits, [(Duration::from_secs(90), "The step's sentence.".to_string())]);
}

#[test]
fn a_wait_that_is_no_span_of_time_is_refused() {
    for duration in [json!("soon"), json!("25h"), json!(0), json!(-1), json!("-5s")] {
        let failure = Scene::new().perform("people.wait", json!({ "duration": duration })).unwrap_err();
        assert_eq!(failure.code, "wrong-argument", "{duration}");
    }
}

#[test]
fn a_secret_name_is_not_a_text() {
    let name = SecretName { secret: "x".into() };
    let failure = Scene::new().perform("ask.text", json!({ "prompt": name })).unwrap_err();
    assert_eq!(failure.code, "wrong-argument");
}
