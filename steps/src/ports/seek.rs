//! Which of the devices that are plugged in is the one that a step names.

use super::{Plugged, Ports, Present};
use officiant_engine::conduct::{Failure, NamedDevice, Stage};

/// What became of a search.
#[derive(Debug)]
pub(crate) enum Sought {
    /// It is there.
    Here(Plugged),
    /// It is not, and nothing that could be taken for it is.
    Nowhere,
    /// Another is there, or it cannot be told which of several it is.
    Other(Failure),
}

/// Finds the device that a step names among those that are plugged in, and binds its name to its serial number.
///
/// # Errors
/// `no-device`, `wrong-device`, `which-device`, `wrong-kind`.
pub(crate) fn find(
    ports: &dyn Ports,
    stage: &mut Stage<'_>,
    name: &str,
    kind: &str,
) -> Result<(String, Plugged), Failure> {
    let named = stage.device(name)?;
    // A step that is performed by itself does not always know the kind.
    if !named.kind.is_empty() && named.kind != kind {
        let said = format!("{} is a {}, not a {kind}", named.name, named.kind);
        return Err(Failure::new("wrong-kind", said).next("name a device of that kind in the runbook"));
    }
    let present = ports.present(kind, stage.bindings())?;
    match seek(ports, &named, &present, stage)? {
        Sought::Here(plugged) => {
            stage.bind(&named.name, plugged.serial)?;
            Ok((named.name, plugged))
        }
        Sought::Other(failure) => Err(failure),
        Sought::Nowhere => {
            let said = format!("{} is not inserted: {}", named.name, present.nothing());
            Err(Failure::new("no-device", said).next(format!("insert {}", named.name)))
        }
    }
}

/// Looks for a device by its name: by its serial number when it is bound to one, else it must be the only one that is not bound
/// to another name. Where the ports are tied to devices, those of others leave none to choose from.
pub(crate) fn seek(
    ports: &dyn Ports,
    device: &NamedDevice,
    present: &Present,
    stage: &Stage<'_>,
) -> Result<Sought, Failure> {
    let port = ports.port_of(&device.name, stage.bindings())?;
    let (strangers, others): (Vec<&Plugged>, Vec<&Plugged>) = present
        .devices
        .iter()
        .filter(|plugged| port.as_ref().is_none_or(|port| *port == plugged.port))
        .partition(|plugged| owner(plugged, stage).is_none_or(|name| name == device.name));
    if let Some(serial) = device.serial {
        if let Some(found) = strangers.iter().find(|plugged| plugged.serial == serial) {
            return Ok(Sought::Here((*found).clone()));
        }
        return Ok(match strangers.first() {
            Some(stranger) => Sought::Other(
                Failure::new(
                    "wrong-device",
                    if device.name == serial.to_string() {
                        format!("the device that is inserted has the serial number {}, not {serial}", stranger.serial)
                    } else {
                        format!(
                            "the device that is inserted has the serial number {}; {} is the one with {serial}",
                            stranger.serial, device.name
                        )
                    },
                )
                .next(format!("take it out and insert {}", numbered(&device.name, device.serial))),
            ),
            None => other(device, &others, stage),
        });
    }
    Ok(match strangers.as_slice() {
        [only] => Sought::Here((*only).clone()),
        [] => other(device, &others, stage),
        several => Sought::Other(
            Failure::new(
                "which-device",
                format!("any of these could be {}: {}", device.name, list(several.iter().copied(), stage)),
            )
            .next(format!("take out all but {}, or give its serial number in the bindings", device.name)),
        ),
    })
}

fn other(device: &NamedDevice, others: &[&Plugged], stage: &Stage<'_>) -> Sought {
    if others.is_empty() {
        return Sought::Nowhere;
    }
    let which = numbered_subject(&device.name, device.serial);
    let failure = Failure::new(
        "wrong-device",
        format!("{which} is not inserted; what is: {}", list(others.iter().copied(), stage)),
    );
    Sought::Other(failure.next(format!("insert {}", device.name)))
}

/// A device by its name and the serial number that it is bound to; a name that is the number itself is said once.
pub(crate) fn numbered(name: &str, serial: Option<u32>) -> String {
    match serial {
        Some(serial) if name == serial.to_string() => format!("the device with the serial number {serial}"),
        Some(serial) => format!("{name}, serial number {serial}"),
        None => name.to_string(),
    }
}

/// The same before a verb.
pub(crate) fn numbered_subject(name: &str, serial: Option<u32>) -> String {
    let subject = numbered(name, serial);
    if subject.contains(", ") { subject + "," } else { subject }
}

/// The name that a device goes by: the one it was bound to, or that the bindings give its serial number to.
pub(crate) fn owner(plugged: &Plugged, stage: &Stage<'_>) -> Option<String> {
    stage.device_with_serial(plugged.serial).or_else(|| {
        let mut bound = stage.bindings().devices.iter();
        bound.find(|(_, binding)| binding.serial == Some(plugged.serial)).map(|(name, _)| name.clone())
    })
}

/// Devices by serial number and name, for a message.
pub(crate) fn list<'a>(devices: impl IntoIterator<Item = &'a Plugged>, stage: &Stage<'_>) -> String {
    let one = |plugged: &Plugged| match owner(plugged, stage) {
        Some(name) => format!("{} ({name})", plugged.serial),
        None => plugged.serial.to_string(),
    };
    devices.into_iter().map(one).collect::<Vec<_>>().join(", ")
}
