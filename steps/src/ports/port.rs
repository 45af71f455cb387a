//! A place where a device can be plugged in.

use officiant_engine::conduct::{Bindings, Failure};
use std::{fmt, net::IpAddr, str::FromStr};

/// A place where a device can be plugged in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Port {
    /// Any USB port of this machine.
    Usb,
    /// A `yubihsm-connector`.
    Connector {
        /// Its host: a name, an IPv4 address, or an IPv6 address in brackets.
        host: String,
        /// Its TCP port.
        port: u16,
    },
    /// A smart card reader of PC/SC, by its name; a YubiKey is one itself. Bindings name none.
    Reader(String),
}

impl Port {
    /// The ports that bindings name, each once, those of single devices first; USB alone when they name none.
    ///
    /// # Errors
    /// `connector-url` when one is neither `usb` nor a connector's URL.
    pub fn bound(bindings: &Bindings) -> Result<Vec<Self>, Failure> {
        let devices = bindings.devices.values().filter_map(|device| device.connector.as_ref());
        let mut ports: Vec<Self> = Vec::new();
        for name in devices.chain(&bindings.yubihsm.connectors) {
            let port = name.parse()?;
            if !ports.contains(&port) {
                ports.push(port);
            }
        }
        if ports.is_empty() {
            ports.push(Self::Usb);
        }
        Ok(ports)
    }

    /// Whether it is on this machine, as far as its name tells.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Usb | Self::Reader(_) => true,
            Self::Connector { host, .. } => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

impl FromStr for Port {
    type Err = Failure;

    /// `usb`, or `http://HOST:PORT`; nothing after the port, no user, no other scheme.
    fn from_str(text: &str) -> Result<Self, Failure> {
        if text == "usb" {
            return Ok(Self::Usb);
        }
        connector(text).ok_or_else(|| {
            Failure::new("connector-url", format!("`{text}` is neither `usb` nor the URL of a yubihsm-connector"))
                .next("write `usb` or `http://HOST:PORT` in the bindings, for example `http://127.0.0.1:12345`")
        })
    }
}

fn connector(text: &str) -> Option<Port> {
    let authority = text.strip_prefix("http://")?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let (host, port) = authority.rsplit_once(':')?;
    let fine = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok()),
        None => !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')),
    };
    // `u16::from_str` takes a plus sign.
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|port| digits && *port != 0)?;
    fine.then(|| Port::Connector { host: host.to_ascii_lowercase(), port })
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usb => formatter.write_str("usb"),
            Self::Connector { host, port } => write!(formatter, "http://{host}:{port}"),
            Self::Reader(name) => write!(formatter, "the reader `{name}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use officiant_engine::conduct::DeviceBinding;

    #[test]
    fn a_connector_is_named_by_host_and_port_and_nothing_else() {
        for (text, shown) in [
            ("http://127.0.0.1:12345", "http://127.0.0.1:12345"),
            ("http://HSM-Room.example:80/", "http://hsm-room.example:80"),
            ("http://[::1]:12345", "http://[::1]:12345"),
            ("usb", "usb"),
        ] {
            assert_eq!(text.parse::<Port>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "USB",
            "127.0.0.1:12345",
            "https://127.0.0.1:12345",
            "http://127.0.0.1",
            "http://127.0.0.1:",
            "http://127.0.0.1:0",
            "http://127.0.0.1:+80",
            "http://127.0.0.1:65536",
            "http://:80",
            "http://user@host:80",
            "http://host:80/connector",
            "http://host:80?x",
            "http://ho st:80",
            "http://::1:80",
            "http://[::1:80",
            "http://host\r\nX: y:80",
        ] {
            assert_eq!(text.parse::<Port>().unwrap_err().code, "connector-url", "{text}");
        }
    }

    #[test]
    fn a_port_that_is_named_twice_is_looked_at_once_and_usb_is_for_when_none_is() {
        let mut bindings = Bindings::default();
        assert_eq!(Port::bound(&bindings).unwrap(), [Port::Usb]);
        let connector = Some("http://localhost:2".to_string());
        bindings.devices.insert("a".into(), DeviceBinding { connector: connector.clone(), serial: None });
        bindings.devices.insert("b".into(), DeviceBinding { connector, serial: None });
        bindings.yubihsm.connectors = vec!["http://localhost:1".into(), "http://localhost:2/".into()];
        let ports: Vec<_> = Port::bound(&bindings).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(ports, ["http://localhost:2", "http://localhost:1"]);
    }

    #[test]
    fn only_the_loopback_interface_is_this_machine() {
        let local = |text: &str| text.parse::<Port>().unwrap().is_local();
        assert!(local("usb") && local("http://127.0.0.1:1") && local("http://[::1]:1") && local("http://localhost:1"));
        assert!(!local("http://192.0.2.1:1") && !local("http://hsm.example:1"));
    }
}
