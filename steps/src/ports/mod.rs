//! Where devices are: the edge to what is plugged in.

mod guard;
mod identity;
mod port;
mod reader;
mod seek;
mod status;
mod system;
mod usb;

pub(crate) use guard::guarded;
pub(crate) use identity::part_number;
pub use identity::{Identity, Unidentified};
pub use port::Port;
pub use reader::cards_in_readers;
pub(crate) use reader::open as open_yubikey;
pub use system::{SystemPorts, look_at};

pub(crate) use seek::{Sought, find, list, numbered, numbered_subject, owner, seek};

use officiant_engine::conduct::{Bindings, Failure};
use yubihsm::{Connector, HttpConfig, UsbConfig};

/// A YubiHSM 2, as runbooks declare it.
pub const YUBIHSM2: &str = "yubihsm2";

/// A YubiKey with its PIV application, as runbooks declare it.
pub const YUBIKEY: &str = "yubikey";

/// Where devices are.
pub trait Ports: Send + Sync {
    /// Every device of a kind that is plugged in now.
    ///
    /// A port that cannot be looked at is an empty one, with its reason in [`Present::empty`]: while somebody plugs a device in,
    /// that happens for a moment.
    ///
    /// # Errors
    /// `unknown-kind`; `connector-url` for a binding that names no connector.
    fn present(&self, kind: &str, bindings: &Bindings) -> Result<Present, Failure>;

    /// The port that the bindings tie a device to, by the runbook's name for it: no device at another port is it. Ports that the
    /// bindings do not name, such as those of a rehearsal, tie none.
    ///
    /// # Errors
    /// `connector-url` for a binding that names no connector.
    fn port_of(&self, device: &str, bindings: &Bindings) -> Result<Option<Port>, Failure> {
        let _ = (device, bindings);
        Ok(None)
    }

    /// In a rehearsal: the hand that plugs virtual devices in and out. In a ceremony people do.
    fn hand(&self) -> Option<&dyn Hand> {
        None
    }
}

/// Somebody's hand in a rehearsal.
pub trait Hand: Send + Sync {
    /// Plugs the device of that name in; with `touch_reset` it is reset while it is. One that is in already stays in, and is
    /// reset if that is asked for.
    ///
    /// # Errors
    /// There is no virtual device of that name, or it does not work.
    fn insert(&self, device: &str, touch_reset: bool) -> Result<(), Failure>;

    /// Pulls the device of that name out, if it is in.
    ///
    /// # Errors
    /// There is no virtual device of that name.
    fn remove(&self, device: &str) -> Result<(), Failure>;
}

/// What a look at the ports found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Present {
    /// The devices that are plugged in, each once, however many ports lead to it.
    pub devices: Vec<Plugged>,
    /// For each port without one, what is the matter, as a clause.
    pub empty: Vec<String>,
}

impl Present {
    /// Why nothing was found, as a clause.
    pub(crate) fn nothing(&self) -> String {
        if self.empty.is_empty() { "no port was looked at".to_string() } else { self.empty.join(", and ") }
    }
}

/// A device that is plugged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugged {
    /// The port that leads to it.
    pub port: Port,
    /// Its serial number.
    pub serial: u32,
    /// Its firmware version, for example `2.4.0`.
    pub firmware: String,
}

impl Plugged {
    /// A connector to a YubiHSM 2, which connects when it is first used.
    ///
    /// The `yubihsm` crate 0.42.1 takes no time limit for HTTP and has 20 seconds of its own for each read and write, so a
    /// connector that hangs holds a step up for that long and no longer. Over USB it is 30 seconds. It also reads an answer wrongly
    /// that comes in two pieces, and then fails: those of a connector on this machine come in one, but a long one from another
    /// machine, such as an attestation, need not.
    ///
    /// # Errors
    /// `connector-url`, though a serial number is always one; `wrong-kind` for what is in a smart card reader.
    pub fn connect(&self) -> Result<Connector, Failure> {
        match &self.port {
            Port::Connector { host, port } => Ok(http(host, *port)),
            Port::Usb => {
                let serial = format!("{:010}", self.serial).parse().map_err(|_| {
                    Failure::new("connector-url", format!("{} is no serial number of a YubiHSM 2", self.serial))
                })?;
                Ok(Connector::usb(&UsbConfig { serial: Some(serial), ..UsbConfig::default() }))
            }
            Port::Reader(reader) => {
                let what = format!("what is in the reader `{reader}` is no YubiHSM 2");
                Err(Failure::new("wrong-kind", what).next("name a device of that kind in the runbook"))
            }
        }
    }
}

fn http(host: &str, port: u16) -> Connector {
    Connector::http(&HttpConfig { addr: host.to_string(), port, ..HttpConfig::default() })
}
