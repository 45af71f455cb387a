//! The ports of this machine, and those of connectors.

use super::{
    Identity, Plugged, Port, Ports, Present, YUBIHSM2, YUBIKEY, http, reader::Readers, status, status::Status, usb::Usb,
};
use officiant_engine::conduct::{Bindings, Failure};
use officiant_engine::notation::nearest;

/// The ports that the bindings name, USB when they name none; and the smart card readers.
#[derive(Debug, Default)]
pub struct SystemPorts {
    usb: Usb,
    readers: Readers,
}

impl SystemPorts {
    /// The ports, before the first look.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Ports for SystemPorts {
    fn present(&self, kind: &str, bindings: &Bindings) -> Result<Present, Failure> {
        let ports = || Port::bound(bindings);
        look(kind, ports, &self.usb, &self.readers)
    }

    fn port_of(&self, device: &str, bindings: &Bindings) -> Result<Option<Port>, Failure> {
        let connector = bindings.devices.get(device).and_then(|binding| binding.connector.as_ref());
        connector.map(|connector| connector.parse()).transpose()
    }
}

/// The `YubiHSM` 2 devices behind some ports, or each YubiKey in a smart card reader: for other implementations of [`Ports`].
///
/// # Errors
/// `unknown-kind`.
pub fn look_at(kind: &str, ports: &[Port]) -> Result<Present, Failure> {
    look(kind, || Ok(ports.to_vec()), &Usb::default(), &Readers::default())
}

/// Looks where devices of a kind are. No kind is any kind, for a step that is carried out without a runbook.
fn look(
    kind: &str,
    ports: impl FnOnce() -> Result<Vec<Port>, Failure>,
    usb: &Usb,
    readers: &Readers,
) -> Result<Present, Failure> {
    match kind {
        YUBIHSM2 => Ok(hsms(&ports()?, usb)),
        YUBIKEY => Ok(readers.look()),
        "" => {
            let mut present = hsms(&ports()?, usb);
            present.devices.extend(readers.look().devices);
            Ok(present)
        }
        _ => {
            let near = nearest(kind, [YUBIHSM2, YUBIKEY]);
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            Err(Failure::new("unknown-kind", format!("there are no steps for devices of the kind `{kind}`{near}")))
        }
    }
}

fn hsms(ports: &[Port], usb: &Usb) -> Present {
    let mut present = Present::default();
    for port in ports {
        match port {
            Port::Usb => usb.look(&mut present),
            Port::Connector { host, port: number } => match connector(port, host, *number) {
                Ok(device) => present.devices.push(device),
                Err(why) => present.empty.push(why),
            },
            // No YubiHSM 2 is a smart card.
            Port::Reader(_) => {}
        }
    }
    let mut seen = Vec::new();
    present.devices.retain(|device| {
        let new = !seen.contains(&device.serial);
        seen.push(device.serial);
        new
    });
    present
}

fn connector(port: &Port, host: &str, number: u16) -> Result<Plugged, String> {
    match status::of(host, number) {
        Status::Device => {}
        Status::NoDevice => return Err(format!("the connector at {port} has no device")),
        Status::Silent => return Err(format!("no connector answers at {port}")),
        Status::Hangs => return Err(format!("the connector at {port} takes connections and does not answer")),
        Status::Stranger => return Err(format!("what answers at {port} is no yubihsm-connector")),
    }
    let identity =
        Identity::read(&http(host, number)).map_err(|why| format!("the device at {port} cannot be used: {why}"))?;
    Ok(Plugged { port: port.clone(), serial: identity.serial, firmware: identity.firmware })
}
