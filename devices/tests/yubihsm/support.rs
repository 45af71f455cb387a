//! A device, its connector, and clients of it.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use officiant_devices::{
    AttestationKey,
    yubihsm::{Connector, RunningConnector, Settings, VirtualYubiHsm},
};
use tempfile::TempDir;
use yubihsm::{Capability, Client, Credentials, Domain, HttpConfig, authentication, device, object};

/// The device of the Python Software Foundation's ceremony of 2020-10-30.
pub const SERIAL: u32 = 13_200_460;

/// RSA keys take a moment to make, so all devices of the tests share one.
static ATTESTATION_KEY: LazyLock<AttestationKey> = LazyLock::new(|| AttestationKey::generate().unwrap());

/// A device in a folder of its own, behind a connector.
pub struct Bench {
    pub connector: RunningConnector,
    pub settings: Settings,
    pub folder: TempDir,
}

/// Settings of a factory-new device in a folder.
pub fn settings(folder: &Path) -> Settings {
    Settings { attestation_key: Some(ATTESTATION_KEY.clone()), ..Settings::new(SERIAL, folder.join("device.json")) }
}

impl Bench {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        change(&mut settings);
        let connector = start(&settings);
        Self { connector, settings, folder }
    }

    /// The same device in a new process, as far as its file is concerned.
    pub fn restart(self) -> Self {
        let Self { connector, settings, folder } = self;
        drop(connector);
        Self { connector: start(&settings), settings, folder }
    }

    pub fn device(&self) -> &VirtualYubiHsm {
        self.connector.device()
    }

    pub fn state(&self) -> PathBuf {
        self.settings.state.clone()
    }

    /// A client with the factory's authentication key.
    pub fn client(&self) -> Client {
        self.client_with(1, "password")
    }

    pub fn client_with(&self, id: object::Id, password: &str) -> Client {
        self.try_client(id, password).unwrap()
    }

    pub fn try_client(&self, id: object::Id, password: &str) -> Result<Client, yubihsm::client::Error> {
        Client::open(self.http(), Credentials::from_password(id, password.as_bytes()), false)
    }

    pub fn http(&self) -> yubihsm::Connector {
        let address = self.connector.address();
        let config = HttpConfig { addr: address.ip().to_string(), port: address.port(), timeout_ms: 5000 };
        yubihsm::Connector::http(&config)
    }

    /// The body of the answer to one request on a connection of its own, and its status.
    pub fn post(&self, message: &[u8]) -> (u16, Vec<u8>) {
        let head = format!("POST /connector/api HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n", message.len());
        self.exchange(&[head.as_bytes(), b"Connection: close\r\n\r\n", message].concat())
    }

    /// What comes back for bytes on a connection of their own: status (0 if nothing comes) and body.
    pub fn exchange(&self, bytes: &[u8]) -> (u16, Vec<u8>) {
        let mut socket = TcpStream::connect(self.connector.address()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        // The other side may have closed by the time everything is written.
        let _ = socket.write_all(bytes);
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        split(&answer)
    }

    pub fn status_page(&self) -> String {
        let (status, body) =
            self.exchange(b"GET /connector/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(status, 200);
        String::from_utf8(body).unwrap()
    }
}

fn start(settings: &Settings) -> RunningConnector {
    let device = VirtualYubiHsm::open(settings).unwrap();
    Connector::start(device, ([127, 0, 0, 1], 0).into()).unwrap()
}

/// Status and body of an answer that was read to the end of the connection.
pub fn split(answer: &[u8]) -> (u16, Vec<u8>) {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return (0, Vec::new()) };
    let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
    (status, answer[end + 4..].to_vec())
}

pub fn label(text: &str) -> object::Label {
    object::Label::from_bytes(text.as_bytes()).unwrap()
}

/// An authentication key with a password.
pub fn put_key(
    client: &Client,
    id: object::Id,
    password: &str,
    domains: Domain,
    capabilities: Capability,
    delegated: Capability,
) -> Result<object::Id, yubihsm::client::Error> {
    client.put_authentication_key(
        id,
        label("key"),
        domains,
        capabilities,
        delegated,
        authentication::Algorithm::YubicoAes,
        authentication::Key::derive_from_password(password.as_bytes()),
    )
}

/// The code with which the device refused.
#[track_caller]
pub fn refusal<T>(result: Result<T, yubihsm::client::Error>) -> device::ErrorKind {
    let error = result.err().expect("the device should have refused");
    error.device_error().unwrap_or_else(|| panic!("{error:?} holds no code of the device"))
}
