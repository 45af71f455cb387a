//! The file that a device lives in.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use officiant_devices::{
    Error, Firmware,
    yubihsm::{Connector, Settings, VirtualYubiHsm},
};
use yubihsm::{Capability, Client, Credentials, Domain, HttpConfig, asymmetric, device::ErrorKind, object};

use crate::{
    host::Host,
    support::{Bench, SERIAL, label, put_key, refusal, settings},
};

fn generate(client: &Client, id: object::Id) -> Result<object::Id, yubihsm::client::Error> {
    let algorithm = asymmetric::Algorithm::EcP384;
    client.generate_asymmetric_key(id, label("k"), Domain::DOM1, Capability::SIGN_ECDSA, algorithm)
}

#[test]
fn what_was_answered_is_there_after_a_restart() {
    let bench = Bench::new();
    let client = bench.client();
    put_key(&client, 2, "two", Domain::all(), Capability::all(), Capability::all()).unwrap();
    client.delete_object(1, object::Type::AuthenticationKey).unwrap();
    generate(&client, 100).unwrap();
    let public = client.get_public_key(100).unwrap();
    let certificate = client.get_opaque(0).unwrap();
    let bench = bench.restart();
    let client = bench.client_with(2, "two");
    assert_eq!(client.get_public_key(100).unwrap(), public);
    assert_eq!(client.get_opaque(0).unwrap(), certificate);
    assert!(bench.try_client(1, "password").is_err());
}

#[test]
fn only_its_owner_may_read_it() {
    let bench = Bench::new();
    generate(&bench.client(), 100).unwrap();
    for entry in fs::read_dir(bench.folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn files_that_others_may_read_are_closed_to_them() {
    let bench = Bench::new();
    let Bench { connector, settings, folder } = bench;
    drop(connector);
    let paths: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(paths.len(), 2, "the state and its lock");
    for path in &paths {
        fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
    }
    let _device = VirtualYubiHsm::open(&settings).unwrap();
    for path in &paths {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn two_do_not_open_the_same_device() {
    let bench = Bench::new();
    let error = VirtualYubiHsm::open(&bench.settings).unwrap_err();
    assert!(matches!(error, Error::InUse { .. }));
    let path = bench.state();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: another process has this virtual device open; stop it first, or name another file",
            path.display()
        )
    );
    bench.restart();
}

#[test]
fn a_file_of_another_device_is_refused() {
    let bench = Bench::new();
    let mut settings = bench.settings.clone();
    drop(bench.connector);
    settings.serial = 1;
    let message = VirtualYubiHsm::open(&settings).unwrap_err().to_string();
    assert!(message.contains(&format!("this is the virtual device {SERIAL}, not 1;")), "{message}");
    settings.serial = SERIAL;
    settings.firmware = Some(Firmware::new(2, 1, 2));
    let message = VirtualYubiHsm::open(&settings).unwrap_err().to_string();
    assert!(message.contains("is 2.4.0, not 2.1.2;"), "{message}");
    settings.firmware = None;
    assert_eq!(VirtualYubiHsm::open(&settings).unwrap().firmware(), Firmware::new(2, 4, 0));
}

#[test]
fn a_damaged_file_is_named_and_left_as_it_is() {
    let bench = Bench::new();
    generate(&bench.client(), 100).unwrap();
    let (settings, path, folder) = (bench.settings.clone(), bench.state(), bench.folder);
    drop(bench.connector);
    let whole = fs::read_to_string(&path).unwrap();
    let key = whole.split("\"key\": \"").nth(2).unwrap().split('"').next().unwrap();
    let damages = [
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        whole[..whole.len() / 2].to_owned(),
        whole.clone() + "x",
        whole.replace("virtual-yubihsm/1", "virtual-yubihsm/2"),
        whole.replace("\"serial\": ", "\"cereal\": "),
        whole.replace("\"ecp384\"", "\"ecp256\""),
        whole.replace("\"ecp384\"", "\"rsa2048\""),
        whole.replace(key, &key[2..]),
        whole.replace(key, &"00".repeat(48)),
        whole.replace("\"id\": 100,", "\"id\": 65536,"),
        whole.replace("\"attestation_certificate\": \"3082", "\"attestation_certificate\": \"3083"),
        whole.replace("\"attestation_key\": \"3082", "\"attestation_key\": \"3083"),
    ];
    for (number, damaged) in damages.iter().enumerate() {
        assert_ne!(*damaged, whole, "damage {number} is none");
        fs::write(&path, damaged).unwrap();
        let error = VirtualYubiHsm::open(&settings).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "damage {number}: {error}");
        assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
        assert!(!error.to_string().contains(&key[2..]), "no key in a message");
        assert_eq!(fs::read_to_string(&path).unwrap(), *damaged);
    }
    fs::write(&path, &whole).unwrap();
    VirtualYubiHsm::open(&settings).unwrap();
    drop(folder);
}

#[test]
fn an_object_that_is_there_twice_is_damage() {
    let bench = Bench::new();
    let (settings, path) = (bench.settings.clone(), bench.state());
    drop(bench.connector);
    let mut state: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let object = state["objects"][0].clone();
    state["objects"].as_array_mut().unwrap().push(object);
    fs::write(&path, state.to_string()).unwrap();
    let message = VirtualYubiHsm::open(&settings).unwrap_err().to_string();
    assert!(message.contains("(object 0x0001 (AuthenticationKey) is there twice)"), "{message}");
}

#[test]
fn a_folder_that_is_not_there_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path());
    settings.state = folder.path().join("none/device.json");
    let message = VirtualYubiHsm::open(&settings).unwrap_err().to_string();
    let none = folder.path().join("none");
    assert!(message.starts_with(&format!("{}: could not open the folder for the state", none.display())), "{message}");
    assert!(
        message.ends_with("; see that its folder is there and may be written to, and that the disk is not full"),
        "{message}"
    );
}

#[test]
fn what_an_interrupted_save_left_is_no_obstacle() {
    let bench = Bench::new();
    let left = bench.folder.path().join("device.json.new");
    fs::write(&left, "half").unwrap();
    generate(&bench.client(), 100).unwrap();
    assert!(!left.exists());
    bench.restart();
}

#[test]
fn when_the_state_cannot_be_written_the_command_fails_and_nothing_has_changed() {
    let bench = Bench::new();
    let client = bench.client();
    // A folder in the way of the new file fails like a full disk, also for root.
    let obstacle = bench.folder.path().join("device.json.new");
    fs::create_dir(&obstacle).unwrap();
    let before = fs::read(bench.state()).unwrap();
    assert_eq!(refusal(generate(&client, 100)), ErrorKind::StorageFailed);
    assert_eq!(refusal(client.get_public_key(100)), ErrorKind::ObjectNotFound);
    assert_eq!(fs::read(bench.state()).unwrap(), before);
    assert!(bench.device().touch_reset().is_err());
    fs::remove_dir(&obstacle).unwrap();
    bench.device().plug();
    generate(&bench.client(), 100).unwrap();
}

#[test]
fn the_state_is_on_the_disk_before_the_answer_is_out() {
    let bench = Bench::new();
    let mut host = Host::open(bench.device());
    let mut new = vec![0; 43];
    new.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 12]);
    for expected in 2..10 {
        assert_eq!(host.send(0x46, &new)[0], 0xc6);
        let state: serde_json::Value = serde_json::from_slice(&fs::read(bench.state()).unwrap()).unwrap();
        assert_eq!(state["objects"].as_array().unwrap().len(), expected);
    }
}

const VICTIM: &str = "OFFICIANT_TEST_VICTIM";

/// Not a test of its own: the process that [`a_device_that_is_killed_has_every_key_that_it_answered`] kills.
#[test]
fn victim() {
    let Some(folder) = std::env::var_os(VICTIM) else { return };
    let folder = Path::new(&folder);
    let device = VirtualYubiHsm::open(&Settings::new(SERIAL, folder.join("device.json"))).unwrap();
    let connector = Connector::start(device, ([127, 0, 0, 1], 0).into()).unwrap();
    fs::write(folder.join("port.part"), connector.address().port().to_string()).unwrap();
    fs::rename(folder.join("port.part"), folder.join("port")).unwrap();
    connector.serve();
}

#[test]
fn a_device_that_is_killed_has_every_key_that_it_answered() {
    let bench = Bench::new();
    let (settings, folder) = (bench.settings.clone(), bench.folder);
    drop(bench.connector);
    let mut answered = Vec::new();
    for round in 0..8_u16 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "state_file::victim"])
            .env(VICTIM, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let port = folder.path().join("port");
        let started = Instant::now();
        while !port.exists() {
            assert!(started.elapsed() < Duration::from_secs(20));
            thread::sleep(Duration::from_millis(5));
        }
        let number = fs::read_to_string(&port).unwrap().parse().unwrap();
        fs::remove_file(&port).unwrap();
        let config = HttpConfig { addr: "127.0.0.1".to_owned(), port: number, timeout_ms: 5000 };
        let credentials = Credentials::from_password(1, b"password");
        let client = Client::open(yubihsm::Connector::http(&config), credentials, false).unwrap();
        let killer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(u64::from(20 + 7 * round)));
            victim.kill().unwrap();
            victim.wait().unwrap();
        });
        for id in (100 + 20 * round)..(120 + 20 * round) {
            match generate(&client, id) {
                Ok(id) => answered.push(id),
                Err(_) => break,
            }
        }
        killer.join().unwrap();
        let device = VirtualYubiHsm::open(&settings).unwrap();
        let connector = Connector::start(device, ([127, 0, 0, 1], 0).into()).unwrap();
        let bench = Bench { connector, settings: settings.clone(), folder: tempfile::tempdir().unwrap() };
        let client = bench.client();
        for id in &answered {
            client.get_public_key(*id).unwrap();
        }
        let stored = client.list_objects(&[object::Filter::Type(object::Type::AsymmetricKey)]).unwrap().len();
        // Of each round, at most the last one was stored and not answered.
        assert!((answered.len()..=answered.len() + usize::from(round) + 1).contains(&stored));
    }
}

#[test]
fn a_link_to_a_device_is_that_device() {
    let bench = Bench::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.json");
    std::os::unix::fs::symlink(bench.state(), &link).unwrap();
    let settings = Settings { state: link.clone(), ..bench.settings.clone() };
    assert!(matches!(VirtualYubiHsm::open(&settings), Err(Error::InUse { .. })));
    let Bench { connector, folder, .. } = bench;
    drop(connector);
    VirtualYubiHsm::open(&settings).unwrap().touch_reset().unwrap();
    assert!(link.is_symlink());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1, "nothing was left beside the link");
    drop(folder);
}

#[test]
fn the_lock_ends_with_the_process_and_not_with_the_file() {
    let bench = Bench::new();
    let lock = bench.folder.path().join("device.json.lock");
    assert!(lock.exists());
    let Bench { connector, settings, folder } = bench;
    drop(connector);
    assert!(File::open(&lock).is_ok(), "it stays, and is no obstacle");
    VirtualYubiHsm::open(&settings).unwrap();
    drop(folder);
}
