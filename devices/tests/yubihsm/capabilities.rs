//! What sessions and objects may do, and where.

use yubihsm::{Capability, Client, Domain, asymmetric, authentication, device::ErrorKind, object};

use crate::{
    host::{Host, error, frame},
    support::{Bench, label, put_key, refusal},
};

fn generate(
    client: &Client,
    id: object::Id,
    domains: Domain,
    capabilities: Capability,
) -> Result<object::Id, yubihsm::client::Error> {
    client.generate_asymmetric_key(id, label("k"), domains, capabilities, asymmetric::Algorithm::Ed25519)
}

#[test]
fn each_command_needs_its_capability_in_the_session() {
    let bench = Bench::new();
    let admin = bench.client();
    generate(&admin, 100, Domain::all(), Capability::all()).unwrap();
    put_key(&admin, 2, "none", Domain::all(), Capability::empty(), Capability::all()).unwrap();
    let nobody = bench.client_with(2, "none");
    let put = put_key(&nobody, 3, "x", Domain::all(), Capability::empty(), Capability::empty());
    let import = nobody.put_asymmetric_key(
        5,
        label("i"),
        Domain::all(),
        Capability::empty(),
        asymmetric::Algorithm::Ed25519,
        [7; 32],
    );
    let refused = ErrorKind::InsufficientPermissions;
    assert_eq!(refusal(put), refused);
    assert_eq!(refusal(import), refused);
    assert_eq!(refusal(generate(&nobody, 4, Domain::all(), Capability::empty())), refused);
    assert_eq!(refusal(nobody.delete_object(100, object::Type::AsymmetricKey)), refused);
    assert_eq!(refusal(nobody.delete_object(1, object::Type::AuthenticationKey)), refused);
    assert_eq!(refusal(nobody.sign_ed25519(100, b"x".to_vec())), refused);
    assert_eq!(refusal(nobody.sign_ecdsa_prehash_raw(100, vec![0; 32])), refused);
    assert_eq!(refusal(nobody.sign_attestation_certificate(100, None)), refused);
    assert_eq!(refusal(nobody.get_opaque(0)), refused);
    assert_eq!(refusal(nobody.get_pseudo_random(8)), refused);
    // What needs none:
    nobody.list_objects(&[]).unwrap();
    nobody.get_object_info(100, object::Type::AsymmetricKey).unwrap();
    nobody.get_public_key(100).unwrap();
    nobody.get_storage_info().unwrap();
    nobody.device_info().unwrap();
    nobody.blink_device(1).unwrap();
    nobody.echo(b"x".to_vec()).unwrap();
}

#[test]
fn resetting_needs_its_capability() {
    let bench = Bench::new();
    put_key(&bench.client(), 2, "none", Domain::all(), Capability::empty(), Capability::empty()).unwrap();
    // The client swallows the refusal.
    bench.client_with(2, "none").reset_device().unwrap();
    bench.client_with(2, "none");
}

#[test]
fn a_key_signs_only_what_it_may_whatever_the_session_may() {
    let bench = Bench::new();
    let client = bench.client();
    generate(&client, 100, Domain::all(), Capability::SIGN_ECDSA).unwrap();
    assert_eq!(refusal(client.sign_ed25519(100, b"x".to_vec())), ErrorKind::InsufficientPermissions);
}

#[test]
fn an_object_gets_no_capability_beyond_the_delegated_ones() {
    let bench = Bench::new();
    let may = Capability::PUT_AUTHENTICATION_KEY | Capability::GENERATE_ASYMMETRIC_KEY | Capability::SIGN_ECDSA;
    put_key(&bench.client(), 2, "two", Domain::all(), may, Capability::SIGN_EDDSA).unwrap();
    let client = bench.client_with(2, "two");
    let refused = ErrorKind::InsufficientPermissions;
    // That the session may sign with ECDSA itself does not let it pass that on.
    assert_eq!(refusal(generate(&client, 100, Domain::all(), Capability::SIGN_ECDSA)), refused);
    generate(&client, 100, Domain::all(), Capability::SIGN_EDDSA).unwrap();
    let with = |capabilities, delegated| put_key(&client, 9, "nine", Domain::all(), capabilities, delegated);
    assert_eq!(refusal(with(may, Capability::empty())), refused);
    assert_eq!(refusal(with(Capability::empty(), may)), refused);
    with(Capability::SIGN_EDDSA, Capability::SIGN_EDDSA).unwrap();
}

#[test]
fn an_object_gets_no_domain_beyond_the_sessions() {
    let bench = Bench::new();
    put_key(&bench.client(), 2, "two", Domain::DOM1 | Domain::DOM2, Capability::all(), Capability::all()).unwrap();
    let client = bench.client_with(2, "two");
    assert_eq!(
        refusal(generate(&client, 100, Domain::DOM2 | Domain::DOM3, Capability::empty())),
        ErrorKind::InsufficientPermissions
    );
    generate(&client, 100, Domain::DOM2, Capability::empty()).unwrap();
}

#[test]
fn objects_of_other_domains_are_not_found() {
    let bench = Bench::new();
    let admin = bench.client();
    generate(&admin, 100, Domain::DOM3, Capability::all()).unwrap();
    put_key(&admin, 2, "two", Domain::DOM1 | Domain::DOM2, Capability::all(), Capability::all()).unwrap();
    let client = bench.client_with(2, "two");
    let not_found = ErrorKind::ObjectNotFound;
    assert_eq!(refusal(client.get_object_info(100, object::Type::AsymmetricKey)), not_found);
    assert_eq!(refusal(client.get_public_key(100)), not_found);
    assert_eq!(refusal(client.sign_ed25519(100, b"x".to_vec())), not_found);
    assert_eq!(refusal(client.sign_attestation_certificate(100, None)), not_found);
    assert_eq!(refusal(client.delete_object(100, object::Type::AsymmetricKey)), not_found);
    let listed: Vec<_> = client.list_objects(&[]).unwrap().iter().map(|entry| entry.object_id).collect();
    assert_eq!(listed, [1, 2], "but the factory's key is in every domain, so in a shared one");
    // The ID is taken all the same.
    assert_eq!(refusal(generate(&client, 100, Domain::DOM1, Capability::empty())), ErrorKind::ObjectExists);
}

#[test]
fn an_object_in_no_domain_cannot_be_made() {
    let bench = Bench::new();
    assert_eq!(refusal(generate(&bench.client(), 100, Domain::empty(), Capability::empty())), ErrorKind::InvalidData);
}

#[test]
fn a_session_keeps_what_it_may_when_its_key_is_deleted() {
    let bench = Bench::new();
    let client = bench.client();
    client.delete_object(1, object::Type::AuthenticationKey).unwrap();
    generate(&client, 100, Domain::all(), Capability::empty()).unwrap();
    assert!(bench.try_client(1, "password").is_err());
}

#[test]
fn a_session_changes_the_password_of_its_own_key_and_of_no_other() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    let new = authentication::Key::derive_from_password(b"new");
    let change = |id: u16| [id.to_be_bytes().as_slice(), &[38], new.as_secret_slice()].concat();
    assert_eq!(host.send(0x6c, &change(2)), error(0x0c));
    assert_eq!(host.send(0x6c, &change(1)), frame(0xec, &[0, 1]));
    assert!(bench.try_client(1, "password").is_err());
    let entries = bench.client_with(1, "new").list_objects(&[]).unwrap();
    assert_eq!(entries[0].sequence, 1, "it was written a second time");
}

#[test]
fn a_session_without_the_capability_does_not_change_its_own_password() {
    let bench = Bench::new();
    put_key(&bench.client(), 2, "old", Domain::all(), Capability::empty(), Capability::empty()).unwrap();
    let mut host = Host::open_with(bench.device(), 2, "old");
    assert_eq!(host.send(0x6c, &[[0, 2, 38].as_slice(), &[7; 32]].concat()), error(0x09));
    bench.client_with(2, "old");
}
