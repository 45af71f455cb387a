//! Whoever answers in the place of KMS.

use super::support::{ARN, Desk, ID, SECRET, Service, TOKEN, genuine, http, p256, said};
use p384::pkcs8::EncodePublicKey;
use serde_json::{Value, json};
use std::fs;

#[track_caller]
fn refused(answer: impl Fn(super::support::Request) -> Vec<u8> + Send + Sync + 'static, name: &str, reason: &str) {
    let (desk, service) = (Desk::new(), Service::start(answer));
    let said = desk.asks(&service.url, &[]).unwrap_err();
    assert!(said.contains(reason), "{name}: `{reason}` is not in:\n{said}");
    assert!(!said.contains('\u{1b}') && service.asked() > 0, "{name}: {said:?}");
    assert!(!desk.folder.path().join("key.pem").exists(), "{name}");
}

/// What is said otherwise, and why it is refused.
type Said = (&'static str, fn(&mut Value), &'static str);

#[test]
fn an_answer_about_another_key_or_none_is_refused() {
    let cases: [Said; 14] = [
        ("no DER", |it| it["PublicKey"] = "Z2FyYmFnZQ==".into(), "its public key cannot be read"),
        ("no base64", |it| it["PublicKey"] = "!".into(), "it cannot be read"),
        ("no public key", |it| drop(it.as_object_mut().unwrap().remove("PublicKey")), "it has no public key"),
        ("bytes after it", |it| *it = said(&[p256(7), vec![0]].concat()), "its public key cannot be read"),
        ("half of it", |it| *it = said(&p256(7)[..60]), "its public key cannot be read"),
        (
            "another curve",
            |it| {
                let key = p384::ecdsa::SigningKey::from_slice(&[7; 48]).unwrap();
                *it = said(key.verifying_key().to_public_key_der().unwrap().as_bytes());
            },
            "its public key is one for ecdsa-sha2-nistp384, and it says that the key signs by ECDSA_SHA_256",
        ),
        (
            "another key",
            |it| it["KeyId"] = ARN.replace("751429f1", "00000000").into(),
            "it is about the key arn:aws:kms:eu-west-1:123456789012:key/00000000-0aea-4bd8-b450-bb1bce6b058f, not arn:",
        ),
        (
            "another account's",
            |it| it["KeyId"] = ARN.replace("123456789012", "210987654321").into(),
            "it is about the key arn:aws:kms:eu-west-1:210987654321:key/",
        ),
        ("an alias", |it| it["KeyId"] = "alias/online".into(), "it is about another key than arn:"),
        ("what moves the cursor", |it| it["KeyId"] = "\u{1b}[2J".into(), "it is about another key than arn:"),
        ("no name", |it| drop(it.as_object_mut().unwrap().remove("KeyId")), "it does not say which key it is about"),
        (
            "a key for encryption",
            |it| it["KeyUsage"] = "ENCRYPT_DECRYPT".into(),
            "the key is not for signing (SIGN_VERIFY)",
        ),
        (
            "a key that signs otherwise",
            |it| it["SigningAlgorithms"] = json!(["ECDSA_SHA_384", "\u{1b}[2J"]),
            "the key does not sign by ECDSA_SHA_256",
        ),
        ("nothing", |it| *it = json!({}), "it does not say which key it is about"),
    ];
    for (name, change, reason) in cases {
        let mut body = said(&p256(7));
        change(&mut body);
        let body = serde_json::to_vec(&body).unwrap();
        refused(move |_| http("200 OK", "", &body), name, reason);
    }
}

#[test]
fn an_answer_that_is_none_is_refused() {
    refused(|_| http("200 OK", "", b"<html>"), "no JSON", "KMS gave an answer that does not count: it cannot be read");
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(30_000), "]".repeat(30_000));
    refused(move |_| http("200 OK", "", deep.as_bytes()), "nested deeply", "it cannot be read");
    refused(|_| http("200 OK", "", &vec![b' '; 1 << 27]), "huge", "it is larger than 65536 bytes");
    refused(
        |_| b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n".to_vec(),
        "of any length",
        "it does not say how long it is",
    );
    refused(
        |_| http("418 No tea", "", "{\"__type\":\"\u{1b}[2J\",\"message\":\"\u{1b}[2J\"}".as_bytes()),
        "an error that nobody knows",
        "KMS answered with HTTP 418",
    );
    refused(
        |_| http("400 Bad Request", "", br#"{"__type":"AccessDeniedException","message":"go to http://evil.example"}"#),
        "an error that is known",
        "these credentials may not get the public key",
    );
}

#[test]
fn nobody_follows_where_an_answer_leads() {
    let elsewhere = genuine();
    let location = format!("location: {}/\r\n", elsewhere.url);
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let headers = location.clone();
        refused(move |_| http(status, &headers, b""), status, "KMS says that it is elsewhere (HTTP 30");
    }
    assert_eq!(elsewhere.asked(), 0);
}

#[test]
fn who_is_asked_must_be_on_this_machine_or_use_https() {
    let desk = Desk::new();
    for (endpoint, reason) in [
        ("http://kms.example", "the endpoint of KMS is http://kms.example: without https"),
        ("http://user:canary@127.0.0.1:1", "the endpoint of KMS has a name or a password in it"),
        ("kms.example", "the endpoint of KMS is no URL"),
    ] {
        let said = desk.asks(endpoint, &[]).unwrap_err();
        assert!(said.contains(reason) && !said.contains("canary@"), "{endpoint}: {said}");
        // The same where the AWS configuration says it.
        let mut step = desk.step(&[&format!("key={ARN}")]);
        let output = step.env("AWS_ENDPOINT_URL_KMS", endpoint).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains("endpoint") && !said.contains("canary@"), "{said}");
    }
}

#[test]
fn what_cannot_be_asked_is_said_with_what_to_do() {
    let (desk, service) = (Desk::new(), genuine());
    for (key, reason) in [
        ("alias/online", "`key`: it is no ARN of a KMS key"),
        (
            "arn:aws:kms:eu-west-1:123456789012:alias/online",
            "`key`: it is an alias, which can be pointed to another key",
        ),
        ("REHEARSAL", "`key` is REHEARSAL, and this is no rehearsal"),
    ] {
        let said = desk.asks(&service.url, &[&format!("key={key}")]).unwrap_err();
        assert!(said.contains(reason) && said.contains("next: name the"), "{key}: {said}");
    }
    assert_eq!(service.asked(), 0);
    // Where nobody is.
    let said = desk.asks("http://127.0.0.1:1", &[]).unwrap_err();
    assert!(said.contains("KMS cannot be reached at http://127.0.0.1:1"), "{said}");
    assert!(said.contains("see that this machine has a network"), "{said}");
    // Nobody has logged in.
    let said = desk.asks(&service.url, &["--bind", "kms.profile=nobody"]).unwrap_err();
    assert!(said.contains("gives no credentials") && said.contains("aws sso login"), "{said}");
    fs::remove_file(desk.configuration().join("credentials")).unwrap();
    let said = desk.asks(&service.url, &[]).unwrap_err();
    assert!(said.contains("gives no credentials") && said.contains("`[kms] profile`"), "{said}");
    assert_eq!(service.asked(), 0);
}

#[test]
fn the_profile_and_the_region_are_those_of_the_bindings() {
    let seen = |request: &super::support::Request| request.header("authorization").unwrap().to_string();
    for (words, expected) in [
        (&[][..], format!("Credential={ID}/")),
        (&["--bind", "kms.profile=ceremony"], "Credential=AKIACEREMONY/".to_string()),
        (&["--bind", "kms.profile=process"], "Credential=AKIAPROCESS/".to_string()),
        (&[], "/eu-west-1/kms/aws4_request".to_string()),
        (&["--bind", "kms.region=eu-north-1"], "/eu-north-1/kms/aws4_request".to_string()),
    ] {
        let service = Service::start(move |request| {
            assert_eq!(request.body, json!({ "KeyId": ARN }));
            let is_so = seen(&request).contains(&expected);
            http("200 OK", "", &serde_json::to_vec(&said(&p256(if is_so { 7 } else { 8 }))).unwrap())
        });
        let outputs = Desk::new().asks(&service.url, words).unwrap();
        let public = p256(7);
        assert_eq!(outputs["fingerprint"], crate::attesting::room::digest(&public), "{words:?}");
    }
}

#[test]
fn a_service_that_says_credentials_back_tells_nobody() {
    let echo = |request: super::support::Request| {
        let sent = request.header("authorization").unwrap().to_string();
        let token = request.header("x-amz-security-token").unwrap().to_string();
        assert!(sent.contains(ID) && token == TOKEN && !request.head.contains(SECRET));
        let body = json!({ "__type": token, "message": format!("{sent} {token}"), "KeyId": token });
        http(
            "400 Bad Request",
            &format!("x-amzn-errortype: {token}\r\nx-amzn-requestid: {token}\r\n"),
            body.to_string().as_bytes(),
        )
    };
    let answers: [fn(super::support::Request) -> Vec<u8>; 2] = [echo, |request| {
        let token = request.header("x-amz-security-token").unwrap();
        let mut body = said(&p256(7));
        body["KeyId"] = token.into();
        http("200 OK", &format!("x-amzn-requestid: {token}\r\n"), body.to_string().as_bytes())
    }];
    for answer in answers {
        let (desk, service) = (Desk::new(), Service::start(answer));
        let endpoint = format!("kms.endpoint={}", service.url);
        let output = desk.step(&["-vv", &format!("key={ARN}"), "--bind", &endpoint]).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(output.status.code() == Some(1) && service.asked() > 0, "{said}");
        for secret in [ID, SECRET, TOKEN] {
            assert!(!said.contains(secret), "{secret}: {said}");
        }
    }
}
