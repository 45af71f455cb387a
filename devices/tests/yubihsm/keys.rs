//! Key pairs: generated, put, used.

use ed25519_dalek::Verifier;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use sha2::{Digest, Sha256, Sha384, Sha512};
use signature::hazmat::PrehashVerifier;
use yubihsm::{Capability, Client, Domain, asymmetric, device::ErrorKind, object};

use crate::{
    host::{Host, error},
    support::{Bench, label, refusal},
};

fn generate(client: &Client, id: object::Id, algorithm: asymmetric::Algorithm) {
    client.generate_asymmetric_key(id, label("k"), Domain::all(), Capability::all(), algorithm).unwrap();
}

fn put(
    client: &Client,
    id: object::Id,
    algorithm: asymmetric::Algorithm,
    key: Vec<u8>,
) -> Result<object::Id, yubihsm::client::Error> {
    client.put_asymmetric_key(id, label("k"), Domain::all(), Capability::all(), algorithm, key)
}

#[test]
fn an_ed25519_signature_verifies() {
    let bench = Bench::new();
    let client = bench.client();
    generate(&client, 100, asymmetric::Algorithm::Ed25519);
    let public: [u8; 32] = client.get_public_key(100).unwrap().bytes.try_into().unwrap();
    let key = ed25519_dalek::VerifyingKey::from_bytes(&public).unwrap();
    for length in [0, 1, 128, 129, 2019] {
        let message = vec![0x5a; length];
        let signature = client.sign_ed25519(100, message.clone()).unwrap();
        key.verify(&message, &ed25519_dalek::Signature::from_bytes(&signature.to_bytes())).unwrap();
    }
}

#[test]
fn a_p256_signature_verifies() {
    let bench = Bench::new();
    let client = bench.client();
    generate(&client, 100, asymmetric::Algorithm::EcP256);
    let point = [&[4], client.get_public_key(100).unwrap().bytes.as_slice()].concat();
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).unwrap();
    for digest in
        [vec![0x5a; 20], Sha256::digest(b"x").to_vec(), Sha384::digest(b"x").to_vec(), Sha512::digest(b"x").to_vec()]
    {
        let signature = client.sign_ecdsa_prehash_raw(100, digest.clone()).unwrap();
        let padded = [vec![0; 32_usize.saturating_sub(digest.len())], digest.clone()].concat();
        key.verify_prehash(&padded, &p256::ecdsa::Signature::from_der(&signature).unwrap()).unwrap();
        assert_ne!(client.sign_ecdsa_prehash_raw(100, digest).unwrap(), signature, "no two are the same");
    }
}

#[test]
fn a_p384_signature_verifies() {
    let bench = Bench::new();
    let client = bench.client();
    generate(&client, 100, asymmetric::Algorithm::EcP384);
    let point = [&[4], client.get_public_key(100).unwrap().bytes.as_slice()].concat();
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(&point).unwrap();
    for digest in
        [vec![0x5a; 20], Sha256::digest(b"x").to_vec(), Sha384::digest(b"x").to_vec(), Sha512::digest(b"x").to_vec()]
    {
        let signature = client.sign_ecdsa_prehash_raw(100, digest.clone()).unwrap();
        let digest = [vec![0; 48_usize.saturating_sub(digest.len())], digest].concat();
        key.verify_prehash(&digest, &p384::ecdsa::Signature::from_der(&signature).unwrap()).unwrap();
    }
}

#[test]
fn a_key_that_was_put_is_the_same_key_and_says_that_it_was_imported() {
    let bench = Bench::new();
    let client = bench.client();
    let p256 = p256::SecretKey::from_slice(&[0x11; 32]).unwrap();
    let p384 = p384::SecretKey::from_slice(&[0x22; 48]).unwrap();
    let ed25519 = ed25519_dalek::SigningKey::from_bytes(&[0x33; 32]);
    put(&client, 1, asymmetric::Algorithm::EcP256, vec![0x11; 32]).unwrap();
    put(&client, 2, asymmetric::Algorithm::EcP384, vec![0x22; 48]).unwrap();
    put(&client, 3, asymmetric::Algorithm::Ed25519, vec![0x33; 32]).unwrap();
    let public = |id| client.get_public_key(id).unwrap().bytes;
    assert_eq!(public(1), p256.public_key().to_encoded_point(false).as_bytes()[1..]);
    assert_eq!(public(2), p384.public_key().to_encoded_point(false).as_bytes()[1..]);
    assert_eq!(public(3), ed25519.verifying_key().as_bytes());
    generate(&client, 4, asymmetric::Algorithm::Ed25519);
    let origin = |id| client.get_object_info(id, object::Type::AsymmetricKey).unwrap().origin;
    assert_eq!(origin(3), object::Origin::Imported);
    assert_eq!(origin(4), object::Origin::Generated);
}

#[test]
fn numbers_that_are_no_private_keys_are_refused() {
    let bench = Bench::new();
    let client = bench.client();
    let order = hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    for number in [vec![0; 32], vec![0xff; 32], order] {
        assert_eq!(refusal(put(&client, 9, asymmetric::Algorithm::EcP256, number)), ErrorKind::InvalidData);
    }
    assert_eq!(refusal(put(&client, 9, asymmetric::Algorithm::EcP384, vec![0; 48])), ErrorKind::InvalidData);
}

#[test]
fn a_private_key_of_another_length_is_refused() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    for (algorithm, length) in [(12, 31), (12, 33), (13, 32), (46, 64), (46, 0)] {
        let mut data = vec![0, 9];
        data.extend([0; 40]);
        data.extend([0xff; 10]);
        data.push(algorithm);
        data.extend(vec![1; length]);
        assert_eq!(host.send(0x45, &data), error(0x08), "algorithm {algorithm}, {length} bytes");
    }
}

#[test]
fn algorithms_that_the_device_has_no_keys_of_are_refused() {
    let bench = Bench::new();
    let client = bench.client();
    for algorithm in [asymmetric::Algorithm::Rsa2048, asymmetric::Algorithm::EcK256, asymmetric::Algorithm::EcP521] {
        let made = client.generate_asymmetric_key(9, label("k"), Domain::all(), Capability::all(), algorithm);
        assert_eq!(refusal(made), ErrorKind::InvalidData);
    }
}

#[test]
fn a_key_signs_with_its_own_algorithm_only() {
    let bench = Bench::new();
    let client = bench.client();
    generate(&client, 1, asymmetric::Algorithm::Ed25519);
    generate(&client, 2, asymmetric::Algorithm::EcP256);
    assert_eq!(refusal(client.sign_ecdsa_prehash_raw(1, vec![1; 32])), ErrorKind::InvalidData);
    assert_eq!(refusal(client.sign_ed25519(2, b"x".to_vec())), ErrorKind::InvalidData);
}

#[test]
fn what_is_no_digest_is_not_signed() {
    let bench = Bench::new();
    let client = bench.client();
    generate(&client, 2, asymmetric::Algorithm::EcP256);
    for length in [0, 1, 19, 31, 33, 65, 1000] {
        assert_eq!(refusal(client.sign_ecdsa_prehash_raw(2, vec![1; length])), ErrorKind::WrongLength);
    }
}

#[test]
fn random_bytes_are_as_many_as_asked_for_and_not_the_same_twice() {
    let bench = Bench::new();
    let client = bench.client();
    assert!(client.get_pseudo_random(0).unwrap().is_empty());
    let (one, other) = (client.get_pseudo_random(64).unwrap(), client.get_pseudo_random(64).unwrap());
    assert_eq!((one.len(), other.len()), (64, 64));
    assert_ne!(one, other);
}
