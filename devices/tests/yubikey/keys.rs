//! Key pairs: making, taking and using them.

use std::process::Command;

use crate::support::{
    ATTEST, AUTHENTICATE, Bench, GENERATE, IMPORT, METADATA, MOVE_KEY, NO_INSTRUCTION, NO_REFERENCE, NO_SLOT, OK, P256,
    P384, PARAMETERS, PIV, RSA2048, SECURITY, VERIFY, WRONG, find, generate_data, sign_data, tlv,
};
use officiant_devices::Firmware;
use p256::{
    elliptic_curve::sec1::ToEncodedPoint,
    pkcs8::{EncodePublicKey, LineEnding},
};
use rsa::{BigUint, RsaPrivateKey, traits::PrivateKeyParts};

/// Whether OpenSSL takes a signature over a digest.
fn openssl_verifies(bench: &Bench, public_key: &str, digest: &[u8], signature: &[u8], options: &[&str]) -> bool {
    let folder = bench.folder.path();
    for (name, content) in [("key.pem", public_key.as_bytes()), ("digest", digest), ("signature", signature)] {
        std::fs::write(folder.join(name), content).unwrap();
    }
    let output = Command::new("openssl")
        .args(["pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-in", "digest", "-sigfile", "signature"])
        .args(options)
        .current_dir(folder)
        .output()
        .unwrap();
    output.status.success()
}

/// The signature in an answer.
fn signature(answer: &[u8]) -> Vec<u8> {
    find(&find(answer, 0x7c).unwrap(), 0x82).unwrap()
}

/// The point in an answer of GENERATE ASYMMETRIC KEY PAIR.
fn point(answer: &[u8]) -> Vec<u8> {
    assert_eq!(answer[..2], [0x7f, 0x49]);
    find(&answer[3..], 0x86).unwrap()
}

#[test]
fn openssl_verifies_what_a_generated_key_on_a_curve_signs() {
    let bench = Bench::new();
    bench.manage();
    let p256 = point(&bench.generate(0x9a, P256, [0, 0]));
    let p384 = point(&bench.generate(0x9d, P384, [0, 0]));
    let p256 = p256::PublicKey::from_sec1_bytes(&p256).unwrap().to_public_key_pem(LineEnding::LF).unwrap();
    let p384 = p384::PublicKey::from_sec1_bytes(&p384).unwrap().to_public_key_pem(LineEnding::LF).unwrap();
    bench.verify();
    let signed = signature(&bench.data(AUTHENTICATE, P256, 0x9a, &sign_data(&[9; 32])));
    assert!(openssl_verifies(&bench, &p256, &[9; 32], &signed, &[]));
    assert!(!openssl_verifies(&bench, &p256, &[8; 32], &signed, &[]));
    let signed = signature(&bench.data(AUTHENTICATE, P384, 0x9d, &sign_data(&[9; 48])));
    assert!(openssl_verifies(&bench, &p384, &[9; 48], &signed, &[]));
}

#[test]
fn openssl_verifies_what_a_generated_rsa_key_signs() {
    let bench = Bench::new();
    bench.manage();
    let answer = bench.generate(0x9a, RSA2048, [0, 0]);
    let (n, e) = (find(&answer[5..], 0x81).unwrap(), find(&answer[5..], 0x82).unwrap());
    assert_eq!(e, [1, 0, 1]);
    let key = rsa::RsaPublicKey::new(BigUint::from_bytes_be(&n), BigUint::from_bytes_be(&e)).unwrap();
    // RSASSA-PKCS1-v1_5 without a hash: the client pads.
    let mut padded = vec![0, 1];
    padded.extend([0xff; 221]);
    padded.push(0);
    padded.extend([9; 32]);
    bench.verify();
    let signed = signature(&bench.data(AUTHENTICATE, RSA2048, 0x9a, &sign_data(&padded)));
    let pem = key.to_public_key_pem(LineEnding::LF).unwrap();
    assert!(openssl_verifies(&bench, &pem, &[9; 32], &signed, &["-pkeyopt", "rsa_padding_mode:pkcs1"]));
    for wrong in [&padded[1..], &[&[0], &*padded].concat(), &[0xff; 256]] {
        assert_eq!(bench.word(AUTHENTICATE, RSA2048, 0x9a, &sign_data(wrong)), PARAMETERS);
    }
}

#[test]
fn a_digest_may_be_shorter_than_the_order_of_the_curve_but_not_longer() {
    let bench = Bench::new();
    bench.manage();
    let public = point(&bench.generate(0x9a, P384, [1, 0]));
    let pem = p384::PublicKey::from_sec1_bytes(&public).unwrap().to_public_key_pem(LineEnding::LF).unwrap();
    for length in [20, 32] {
        let digest = vec![9; length];
        let signed = signature(&bench.data(AUTHENTICATE, P384, 0x9a, &sign_data(&digest)));
        assert!(openssl_verifies(&bench, &pem, &digest, &signed, &[]), "{length}");
    }
    assert_eq!(bench.word(AUTHENTICATE, P384, 0x9a, &sign_data(&[9; 49])), PARAMETERS);
}

#[test]
fn two_parties_agree_on_the_same_secret() {
    let bench = Bench::new();
    bench.manage();
    let ours = point(&bench.generate(0x9d, P256, [1, 0]));
    let theirs = p256::SecretKey::from_slice(&[7; 32]).unwrap();
    let template = tlv(0x7c, &tlv(0x85, theirs.public_key().to_encoded_point(false).as_bytes()));
    let shared = signature(&bench.data(AUTHENTICATE, P256, 0x9d, &template));
    // The other party's side of it, by OpenSSL.
    let folder = bench.folder.path();
    let pem = p256::PublicKey::from_sec1_bytes(&ours).unwrap().to_public_key_pem(LineEnding::LF).unwrap();
    std::fs::write(folder.join("ours.pem"), pem).unwrap();
    let theirs = p256::pkcs8::EncodePrivateKey::to_pkcs8_pem(&theirs, LineEnding::LF).unwrap();
    std::fs::write(folder.join("theirs.pem"), theirs.as_bytes()).unwrap();
    let output = Command::new("openssl")
        .args(["pkeyutl", "-derive", "-inkey", "theirs.pem", "-peerkey", "ours.pem"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, shared);
}

#[test]
fn what_is_no_point_on_the_curve_is_agreed_on_with_nobody() {
    let bench = Bench::new();
    bench.manage();
    bench.generate(0x9d, P384, [1, 0]);
    let mut off = vec![4];
    off.extend([7; 96]);
    for point in [&off[..], &[0], &[2; 49], &[]] {
        assert_eq!(bench.word(AUTHENTICATE, P384, 0x9d, &tlv(0x7c, &tlv(0x85, point))), PARAMETERS);
    }
}

#[test]
fn slot_9c_wants_the_pin_before_every_signature() {
    let bench = Bench::new();
    bench.manage();
    bench.generate(0x9c, P384, [0, 0]);
    assert_eq!(bench.sign(0x9c, P384), SECURITY);
    bench.verify();
    assert_eq!(bench.sign(0x9c, P384), OK);
    assert_eq!(bench.sign(0x9c, P384), SECURITY);
    bench.verify();
    bench.manage();
    assert_eq!(bench.get([0x5f, 0xc1, 0x02]).1, 0x6a82);
    assert_eq!(bench.sign(0x9c, P384), OK, "what does not use a key may come between");
}

#[test]
fn slot_9e_never_wants_the_pin_and_the_others_want_it_once() {
    let bench = Bench::new();
    bench.manage();
    bench.generate(0x9e, P256, [0, 0]);
    assert_eq!(bench.sign(0x9e, P256), OK);
    for slot in [0x9a, 0x9d, 0x82, 0x95] {
        bench.generate(slot, P256, [0, 0]);
        assert_eq!(bench.sign(slot, P256), SECURITY);
    }
    bench.verify();
    for slot in [0x9a, 0x9d, 0x82, 0x95, 0x9a] {
        assert_eq!(bench.sign(slot, P256), OK);
    }
    assert_eq!(bench.word(VERIFY, 0, 0x80, WRONG), 0x63c2);
    assert_eq!(bench.sign(0x9a, P256), SECURITY);
}

#[test]
fn a_policy_that_is_asked_for_goes_before_that_of_the_slot() {
    let bench = Bench::new();
    bench.manage();
    bench.generate(0x9c, P256, [1, 0]);
    assert_eq!(bench.sign(0x9c, P256), OK);
    bench.generate(0x9e, P256, [3, 0]);
    bench.verify();
    assert_eq!(bench.sign(0x9e, P256), OK);
    assert_eq!(bench.sign(0x9e, P256), SECURITY);
    for policies in [[4, 0], [0, 4], [0xff, 0]] {
        assert_eq!(bench.word(GENERATE, 0, 0x9a, &generate_data(P256, policies)), PARAMETERS);
    }
}

#[test]
fn another_selected_application_and_a_reset_by_the_reader_forget_what_was_proved() {
    let bench = Bench::new();
    bench.manage();
    bench.generate(0x9a, P256, [0, 0]);
    bench.verify();
    bench.select(PIV);
    assert_eq!(bench.sign(0x9a, P256), OK, "it was PIV before");
    bench.select(crate::support::MANAGEMENT);
    bench.select(PIV);
    assert_eq!(bench.sign(0x9a, P256), SECURITY);
    assert_eq!(bench.word(GENERATE, 0, 0x9a, &generate_data(P256, [0, 0])), SECURITY);
    bench.verify();
    bench.card.reset();
    assert_eq!(bench.word(VERIFY, 0, 0x80, &[]), NO_INSTRUCTION, "no application is selected");
    bench.select(PIV);
    assert_eq!(bench.sign(0x9a, P256), SECURITY);
}

#[test]
fn an_empty_slot_another_algorithm_and_no_slot_sign_nothing() {
    let bench = Bench::new();
    assert_eq!(bench.sign(0x9a, P256), PARAMETERS);
    bench.manage();
    bench.generate(0x9a, P256, [1, 0]);
    assert_eq!(bench.word(AUTHENTICATE, P384, 0x9a, &sign_data(&[7; 32])), PARAMETERS);
    assert_eq!(bench.word(AUTHENTICATE, P256, 0x9a, &tlv(0x7c, &[0x82, 0])), PARAMETERS);
    for slot in [0xf9, 0x00, 0x80, 0x96, 0xff] {
        assert_eq!(bench.word(AUTHENTICATE, P256, slot, &sign_data(&[7; 32])), NO_SLOT, "{slot:02x}");
        assert_eq!(bench.word(GENERATE, 0, slot, &generate_data(P256, [0, 0])), NO_SLOT, "{slot:02x}");
    }
}

#[test]
fn keys_need_the_management_key_to_be_made_or_taken() {
    let bench = Bench::new();
    bench.verify();
    assert_eq!(bench.word(GENERATE, 0, 0x9a, &generate_data(P256, [0, 0])), SECURITY);
    assert_eq!(bench.word(IMPORT, P256, 0x9a, &tlv(6, &[7; 32])), SECURITY);
}

#[test]
fn algorithms_that_the_card_does_not_have_are_refused() {
    let bench = Bench::new();
    bench.manage();
    for algorithm in [0x00, 0x05, 0x06, 0x16, 0xe0, 0xff] {
        assert_eq!(bench.word(GENERATE, 0, 0x9a, &generate_data(algorithm, [0, 0])), PARAMETERS);
    }
    assert_eq!(bench.word(GENERATE, 0, 0x9a, &[0xac, 0]), PARAMETERS);
    assert_eq!(bench.word(GENERATE, 0, 0x9a, &[]), PARAMETERS);
}

#[test]
fn an_imported_key_is_used_like_any_other_but_not_attested() {
    let bench = Bench::new();
    bench.manage();
    let key = p256::SecretKey::from_slice(&[7; 32]).unwrap();
    assert_eq!(bench.word(IMPORT, P256, 0x9c, &[&*tlv(6, &[7; 32]), &[0xaa, 1, 1]].concat()), OK);
    let metadata = bench.data(METADATA, 0, 0x9c, &[]);
    assert_eq!(metadata[..10], [1, 1, P256, 2, 2, 1, 1, 3, 1, 2]);
    let public = find(&find(&metadata, 4).unwrap(), 0x86).unwrap();
    assert_eq!(public, key.public_key().to_encoded_point(false).as_bytes());
    let signed = signature(&bench.data(AUTHENTICATE, P256, 0x9c, &sign_data(&[9; 32])));
    let pem = key.public_key().to_public_key_pem(LineEnding::LF).unwrap();
    assert!(openssl_verifies(&bench, &pem, &[9; 32], &signed, &[]));
    assert_eq!(bench.word(ATTEST, 0x9c, 0, &[]), PARAMETERS);
    assert_eq!(bench.word(ATTEST, 0x9a, 0, &[]), PARAMETERS, "an empty slot");
    assert_eq!(bench.word(ATTEST, 0xf9, 0, &[]), NO_SLOT);
}

#[test]
fn an_rsa_key_is_imported_by_its_primes() {
    let bench = Bench::new();
    bench.manage();
    let key = RsaPrivateKey::new(&mut rand_core::OsRng, 2048).unwrap();
    let [p, q] = [0, 1].map(|prime| key.primes()[prime].to_bytes_be());
    let data = [tlv(1, &p), tlv(2, &q), tlv(3, &[1; 128]), tlv(4, &[1; 128]), tlv(5, &[1; 128])].concat();
    assert_eq!(bench.word(IMPORT, RSA2048, 0x9a, &data), OK);
    for wrong in [[tlv(1, &p), tlv(2, &q[1..])], [tlv(1, &p), tlv(2, &[])], [tlv(1, &p), tlv(3, &q)]] {
        assert_eq!(bench.word(IMPORT, RSA2048, 0x82, &wrong.concat()), PARAMETERS);
    }
    assert_eq!(bench.word(IMPORT, RSA2048, 0x82, &[tlv(1, &[0xff; 200]), tlv(2, &q)].concat()), PARAMETERS);
    assert_eq!(bench.word(METADATA, 0, 0x82, &[]), NO_REFERENCE);
}

#[test]
fn numbers_that_are_no_keys_are_not_imported() {
    let bench = Bench::new();
    bench.manage();
    for wrong in [&[0; 32][..], &[0xff; 32], &[7; 31], &[7; 33], &[]] {
        assert_eq!(bench.word(IMPORT, P256, 0x9a, &tlv(6, wrong)), PARAMETERS, "{wrong:02x?}");
    }
    assert_eq!(bench.word(IMPORT, P384, 0x9a, &tlv(6, &[7; 40])), PARAMETERS);
    assert_eq!(bench.word(IMPORT, P256, 0xf9, &tlv(6, &[7; 32])), NO_SLOT);
    assert_eq!(bench.word(METADATA, 0, 0x9a, &[]), NO_REFERENCE);
}

#[test]
fn a_key_is_replaced_by_the_next_one_in_its_slot() {
    let bench = Bench::new();
    bench.manage();
    let first = bench.generate(0x9a, P256, [0, 0]);
    let second = bench.generate(0x9a, P256, [0, 0]);
    assert_ne!(first, second);
    let metadata = bench.data(METADATA, 0, 0x9a, &[]);
    assert_eq!(metadata[..10], [1, 1, P256, 2, 2, 2, 1, 3, 1, 1]);
    assert_eq!(find(&find(&metadata, 4).unwrap(), 0x86).unwrap(), point(&second));
}

#[test]
fn keys_are_moved_and_deleted_from_firmware_5_7_on() {
    let bench = Bench::with(|settings| settings.firmware = Some(Firmware::new(5, 7, 1)));
    assert_eq!(bench.word(MOVE_KEY, 0x82, 0x9a, &[]), SECURITY);
    bench.manage();
    assert_eq!(bench.word(MOVE_KEY, 0x82, 0x9a, &[]), NO_REFERENCE);
    bench.generate(0x9a, P256, [1, 0]);
    bench.generate(0x9c, P256, [1, 0]);
    assert_eq!(bench.word(MOVE_KEY, 0x9c, 0x9a, &[]), PARAMETERS);
    assert_eq!(bench.word(MOVE_KEY, 0x82, 0x9a, &[]), OK);
    assert_eq!(bench.word(METADATA, 0, 0x9a, &[]), NO_REFERENCE);
    assert_eq!(bench.sign(0x82, P256), OK);
    assert_eq!(bench.word(MOVE_KEY, 0xff, 0x82, &[]), OK);
    assert_eq!(bench.word(METADATA, 0, 0x82, &[]), NO_REFERENCE);
    let old = Bench::new();
    old.manage();
    assert_eq!(old.word(MOVE_KEY, 0xff, 0x82, &[]), NO_INSTRUCTION);
}

#[test]
fn a_device_whose_attestation_certificate_was_overwritten_with_something_else_attests_nothing() {
    let bench = Bench::new();
    bench.manage();
    bench.generate(0x9c, P256, [0, 0]);
    let intact = find(&bench.get([0x5f, 0xff, 0x01]).0, 0x53).unwrap();
    for wrong in [&b""[..], b"x", &tlv(0x70, b"x"), &tlv(0x71, &[0]), &tlv(0x70, &intact)] {
        bench.put([0x5f, 0xff, 0x01], wrong);
        assert_eq!(bench.word(ATTEST, 0x9c, 0, &[]), PARAMETERS, "{wrong:02x?}");
    }
    bench.put([0x5f, 0xff, 0x01], &intact);
    bench.data(ATTEST, 0x9c, 0, &[]);
}

#[test]
fn a_reset_deletes_keys_and_leaves_the_attestation_key() {
    let bench = Bench::new();
    bench.manage();
    bench.generate(0x9c, P384, [0, 0]);
    let (certificate, attestation_key) = (bench.get([0x5f, 0xff, 0x01]), bench.data(METADATA, 0, 0xf9, &[]));
    bench.factory_reset();
    assert_eq!(bench.word(METADATA, 0, 0x9c, &[]), NO_REFERENCE);
    assert_eq!(bench.get([0x5f, 0xff, 0x01]), certificate);
    assert_eq!(bench.data(METADATA, 0, 0xf9, &[]), attestation_key);
    assert_eq!(bench.word(GENERATE, 0, 0x9c, &generate_data(P384, [0, 0])), SECURITY);
    bench.manage();
    bench.generate(0x9c, P384, [0, 0]);
    bench.data(ATTEST, 0x9c, 0, &[]);
}

#[test]
fn metadata_are_there_from_firmware_5_3_on() {
    let bench = Bench::with(|settings| settings.firmware = Some(Firmware::new(5, 2, 7)));
    assert_eq!(bench.word(METADATA, 0, 0x80, &[]), NO_INSTRUCTION);
}
