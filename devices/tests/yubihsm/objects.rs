//! Objects: IDs, sequence numbers, lists, storage, the factory's state.

use officiant_devices::{
    Firmware,
    yubihsm::{CommandCode, ErrorCode, Fault, FaultEffect},
};
use yubihsm::{Capability, Client, Domain, asymmetric, device::ErrorKind, object};

use crate::{
    host::{Host, answer, error, frame},
    support::{Bench, SERIAL, label, put_key, refusal},
};

fn generate(client: &Client, id: object::Id) -> Result<object::Id, yubihsm::client::Error> {
    let algorithm = asymmetric::Algorithm::EcP256;
    client.generate_asymmetric_key(id, label("k"), Domain::all(), Capability::SIGN_ECDSA, algorithm)
}

fn listed(client: &Client, filters: &[object::Filter]) -> Vec<(object::Id, object::Type, u8)> {
    let entries = client.list_objects(filters).unwrap();
    entries.iter().map(|entry| (entry.object_id, entry.object_type, entry.sequence)).collect()
}

#[test]
fn a_new_device_holds_the_factorys_authentication_key_and_nothing_else() {
    let bench = Bench::new();
    let client = bench.client();
    assert_eq!(listed(&client, &[]), [(1, object::Type::AuthenticationKey, 0)]);
    let info = client.get_object_info(1, object::Type::AuthenticationKey).unwrap();
    assert_eq!(info.label.to_string(), "DEFAULT AUTHKEY CHANGE THIS ASAP");
    // Some bits that the crate calls all are nothing to the device.
    assert_eq!(info.capabilities.bits(), (1 << 56) - 1);
    assert_eq!(info.delegated_capabilities.bits(), (1 << 56) - 1);
    assert_eq!(info.domains, Domain::all());
    assert_eq!(info.origin, object::Origin::Imported);
    assert_eq!(info.length, 40);
}

#[test]
fn device_info_is_the_same_with_and_without_a_session() {
    let bench = Bench::new();
    let info = bench.client().device_info().unwrap();
    assert_eq!(info.serial_number.to_string(), format!("{SERIAL:010}"));
    assert_eq!((info.major_version, info.minor_version, info.build_version), (2, 4, 0));
    let bare = answer(bench.device(), &frame(0x06, &[]));
    let [high, low] = [(SERIAL >> 8).to_le_bytes()[0], SERIAL.to_le_bytes()[0]];
    assert_eq!(bare[..11], [0x86, 0, 9 + 55, 2, 4, 0, 0, 0xc9, high, low, 62]);
    assert_eq!(Host::open(bench.device()).send(0x06, &[]), bare);
}

#[test]
fn the_second_page_of_device_info_came_with_firmware_2_4() {
    let bench = Bench::new();
    assert_eq!(answer(bench.device(), &frame(0x06, &[1]))[0], 0x86);
    assert_eq!(answer(bench.device(), &frame(0x06, &[2])), error(0x02));
    let older = Bench::with(|settings| settings.firmware = Some(Firmware::new(2, 1, 2)));
    assert_eq!(answer(older.device(), &frame(0x06, &[1])), error(0x02));
}

#[test]
fn a_newer_firmware_lists_more_algorithms() {
    for ((major, minor, build), highest) in [((2, 1, 2), 47), ((2, 2, 0), 48), ((2, 3, 1), 54), ((2, 4, 0), 55)] {
        let bench = Bench::with(|settings| settings.firmware = Some(Firmware::new(major, minor, build)));
        assert_eq!(answer(bench.device(), &frame(0x06, &[])).last(), Some(&highest));
        // The crate stops reading at the first that it does not know, and says nothing.
        assert_eq!(bench.client().device_info().unwrap().algorithms.len(), 47);
    }
}

#[test]
fn an_older_firmware_defines_fewer_capabilities() {
    for (firmware, bits) in [((2, 1, 2), 47), ((2, 3, 1), 54), ((2, 4, 0), 56)] {
        let (major, minor, build) = firmware;
        let bench = Bench::with(|settings| settings.firmware = Some(Firmware::new(major, minor, build)));
        let info = bench.client().get_object_info(1, object::Type::AuthenticationKey).unwrap();
        assert_eq!(info.capabilities.bits(), (1 << bits) - 1);
    }
}

#[test]
fn an_id_that_is_taken_is_refused_and_one_of_another_type_is_not() {
    let bench = Bench::new();
    let client = bench.client();
    assert_eq!(generate(&client, 1).unwrap(), 1);
    assert_eq!(refusal(generate(&client, 1)), ErrorKind::ObjectExists);
    let again = put_key(&client, 1, "x", Domain::all(), Capability::empty(), Capability::empty());
    assert_eq!(refusal(again), ErrorKind::ObjectExists);
}

#[test]
fn id_0_lets_the_device_pick_one_that_is_free() {
    let bench = Bench::new();
    let client = bench.client();
    let mut picked: Vec<_> = (0..20).map(|_| generate(&client, 0).unwrap()).collect();
    picked.sort_unstable();
    picked.dedup();
    assert_eq!(picked.len(), 20);
    assert!(picked.iter().all(|id| (1..0xffff).contains(id)));
}

#[test]
fn id_ffff_is_the_devices_own() {
    let bench = Bench::new();
    assert_eq!(refusal(generate(&bench.client(), 0xffff)), ErrorKind::InvalidId);
}

#[test]
fn the_sequence_number_counts_how_often_an_id_was_written() {
    let bench = Bench::new();
    let client = bench.client();
    for expected in 0..3 {
        generate(&client, 100).unwrap();
        assert_eq!(listed(&client, &[object::Filter::Id(100)]), [(100, object::Type::AsymmetricKey, expected)]);
        client.delete_object(100, object::Type::AsymmetricKey).unwrap();
    }
    let bench = bench.restart();
    generate(&bench.client(), 100).unwrap();
    assert_eq!(listed(&bench.client(), &[object::Filter::Id(100)])[0].2, 3, "also over a restart");
    // Types are counted apart.
    put_key(&bench.client(), 100, "x", Domain::all(), Capability::empty(), Capability::empty()).unwrap();
    let info = bench.client().get_object_info(100, object::Type::AuthenticationKey).unwrap();
    assert_eq!(info.sequence, 0);
}

#[test]
fn objects_are_listed_by_every_filter_and_by_several_at_once() {
    let bench = Bench::new();
    let client = bench.client();
    let make = |id, text: &str, domains, capabilities, algorithm| {
        client.generate_asymmetric_key(id, label(text), domains, capabilities, algorithm).unwrap();
    };
    make(3, "tuf-root", Domain::DOM1, Capability::SIGN_ECDSA, asymmetric::Algorithm::EcP384);
    make(4, "tuf-targets", Domain::DOM2, Capability::SIGN_ECDSA, asymmetric::Algorithm::EcP384);
    make(5, "other", Domain::DOM1 | Domain::DOM2, Capability::SIGN_EDDSA, asymmetric::Algorithm::Ed25519);
    let ids = |filters: &[object::Filter]| listed(&client, filters).iter().map(|entry| entry.0).collect::<Vec<_>>();
    let algorithm = |algorithm| object::Filter::Algorithm(yubihsm::algorithm::Algorithm::Asymmetric(algorithm));
    assert_eq!(ids(&[]), [1, 3, 4, 5]);
    assert_eq!(ids(&[object::Filter::Id(4)]), [4]);
    assert_eq!(ids(&[object::Filter::Type(object::Type::AsymmetricKey)]), [3, 4, 5]);
    assert_eq!(ids(&[object::Filter::Type(object::Type::WrapKey)]), [] as [u16; 0]);
    assert_eq!(ids(&[object::Filter::Domains(Domain::DOM2)]), [1, 4, 5]);
    assert_eq!(ids(&[object::Filter::Capabilities(Capability::SIGN_EDDSA)]), [1, 5]);
    let any = Capability::SIGN_EDDSA | Capability::SIGN_ECDSA;
    assert_eq!(ids(&[object::Filter::Capabilities(any)]), [1, 3, 4, 5]);
    assert_eq!(ids(&[algorithm(asymmetric::Algorithm::EcP384)]), [3, 4]);
    assert_eq!(ids(&[object::Filter::Label(label("tuf-root"))]), [3]);
    assert_eq!(ids(&[object::Filter::Label(label("tuf"))]), [] as [u16; 0], "a label is compared whole");
    assert_eq!(ids(&[algorithm(asymmetric::Algorithm::EcP384), object::Filter::Domains(Domain::DOM2)]), [4]);
}

#[test]
fn a_deleted_object_is_gone() {
    let bench = Bench::new();
    let client = bench.client();
    generate(&client, 100).unwrap();
    client.delete_object(100, object::Type::AsymmetricKey).unwrap();
    assert_eq!(refusal(client.get_public_key(100)), ErrorKind::ObjectNotFound);
    assert_eq!(refusal(client.delete_object(100, object::Type::AsymmetricKey)), ErrorKind::ObjectNotFound);
}

#[test]
fn the_device_holds_256_objects_and_no_more() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    let storage = |host: &mut Host<'_>| {
        let answer = host.send(0x41, &[]);
        let numbers = answer[3..].chunks(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
        <[u16; 5]>::try_from(numbers.collect::<Vec<_>>()).unwrap()
    };
    // As the vendor shows it of a device with the factory's key.
    assert_eq!(storage(&mut host), [256, 255, 1024, 1023, 126]);
    let mut new = vec![0; 43];
    new.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 12]);
    for _ in 0..255 {
        assert_eq!(host.send(0x46, &new)[0], 0xc6);
    }
    assert_eq!(storage(&mut host), [256, 0, 1024, 1024 - 256, 126]);
    assert_eq!(host.send(0x46, &new), error(0x07));
    assert_eq!(host.send(0x48, &[]).len(), 3 + 4 * 256);
    let bench = bench.restart();
    assert_eq!(bench.client().list_objects(&[]).unwrap().len(), 256);
}

#[test]
fn a_reset_leaves_serial_number_and_certificate_and_nothing_else() {
    let bench = Bench::new();
    let client = bench.client();
    put_key(&client, 2, "two", Domain::all(), Capability::all(), Capability::all()).unwrap();
    client.delete_object(1, object::Type::AuthenticationKey).unwrap();
    let client = bench.client_with(2, "two");
    generate(&client, 100).unwrap();
    let certificate = client.get_opaque(0).unwrap();
    client.reset_device().unwrap();
    let bench = bench.restart();
    let client = bench.client();
    assert_eq!(listed(&client, &[]), [(1, object::Type::AuthenticationKey, 0)]);
    assert_eq!(client.get_opaque(0).unwrap(), certificate);
    assert_eq!(client.device_info().unwrap().serial_number.to_string(), format!("{SERIAL:010}"));
}

#[test]
fn a_reset_ends_every_session_after_its_own_answer() {
    let bench = Bench::new();
    let (mut one, mut other) = (Host::open(bench.device()), Host::open(bench.device()));
    assert_eq!(one.send(0x08, &[]), frame(0x88, &[]));
    for host in [&mut one, &mut other] {
        let late = host.message(&frame(0x01, b"late"));
        assert_eq!(answer(bench.device(), &late), error(0x03));
    }
    assert_eq!(Host::open(bench.device()).session, 0);
}

#[test]
fn a_touch_reset_needs_no_password() {
    let bench = Bench::new();
    let client = bench.client();
    put_key(&client, 2, "forgotten", Domain::all(), Capability::all(), Capability::all()).unwrap();
    client.delete_object(1, object::Type::AuthenticationKey).unwrap();
    let certificate = bench.device().attestation_certificate();
    bench.device().touch_reset().unwrap();
    assert!(bench.device().is_plugged());
    assert_eq!(bench.device().attestation_certificate(), certificate);
    assert!(client.echo(b"?".to_vec()).is_err(), "sessions are lost");
    assert_eq!(listed(&bench.client(), &[]), [(1, object::Type::AuthenticationKey, 0)]);
}

#[test]
fn commands_are_known_by_the_vendors_names() {
    for command in CommandCode::ALL {
        assert_eq!(command.name().parse(), Ok(*command));
        assert_eq!(command.name().to_lowercase().replace(' ', "-").parse(), Ok(*command));
        assert_eq!(CommandCode::from_code(command.code()), Some(*command));
    }
    assert_eq!(
        "make-tea".parse::<CommandCode>().unwrap_err(),
        "\"make-tea\" is no command of the YubiHSM 2; write the vendor's name, such as generate-asymmetric-key"
    );
}

#[test]
fn a_refused_command_changes_nothing() {
    let bench = Bench::new();
    let before = std::fs::read(bench.state()).unwrap();
    bench
        .device()
        .inject(Fault::before(CommandCode::GenerateAsymmetricKey, FaultEffect::Answer(ErrorCode::StorageFailed)));
    assert_eq!(refusal(generate(&bench.client(), 100)), ErrorKind::StorageFailed);
    assert_eq!(std::fs::read(bench.state()).unwrap(), before);
}
