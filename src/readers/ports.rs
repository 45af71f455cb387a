//! The TCP ports at which virtual readers wait for cards, looked at without connecting: whoever connects is a card.

use rand_core::{OsRng, RngCore};
use std::{
    collections::BTreeSet,
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
};

/// What the kernel tells of TCP over IPv4 (proc(5)).
const TABLE: &str = "/proc/net/tcp";
const ESTABLISHED: &str = "01";
const LISTENING: &str = "0A";

/// A line of the kernel's table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Port {
    number: u16,
    state: String,
    inode: u64,
}

impl Port {
    /// `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …`
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let (_, number) = fields.nth(1)?.rsplit_once(':')?;
        let state = fields.nth(1)?.to_owned();
        Some(Self { number: u16::from_str_radix(number, 16).ok()?, state, inode: fields.nth(5)?.parse().ok()? })
    }
}

/// All of them; `None` where the kernel does not tell.
fn table() -> Option<Vec<Port>> {
    Some(fs::read_to_string(TABLE).ok()?.lines().filter_map(Port::parse).collect())
}

/// What is at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A reader without a card, or at least something that listens.
    Empty,
    /// A reader with a card in it.
    Occupied,
    /// Nothing.
    Missing,
    /// The kernel does not tell.
    Unknown,
}

impl Reader {
    /// Looks at a port.
    pub fn at(port: u16) -> Self {
        let Some(table) = table() else { return Self::Unknown };
        let any = |state: &str| table.iter().any(|it| it.number == port && it.state == state);
        match (any(LISTENING), any(ESTABLISHED)) {
            (false, _) => Self::Missing,
            (true, true) => Self::Occupied,
            (true, false) => Self::Empty,
        }
    }
}

/// A reader that one process alone puts a card into, as long as this lives: two that start at once see the same reader empty.
/// The claim is the UDP port of the same number, which nobody else has a use for and the kernel gives to one.
pub struct Claim {
    _claimed: UdpSocket,
}

impl Claim {
    /// Claims the reader at a port; `None` if another process did.
    pub fn on(port: u16) -> Option<Self> {
        UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).ok().map(|claimed| Self { _claimed: claimed })
    }
}

/// Whether a process listens at a port and at the next one.
pub fn are_listened_at(port: u16, process: u32) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    let inodes: BTreeSet<u64> = descriptors
        .filter_map(|descriptor| {
            let target = fs::read_link(descriptor.ok()?.path()).ok()?;
            target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
        })
        .collect();
    let table = table().unwrap_or_default();
    let listens =
        |number: u16| table.iter().any(|it| it.number == number && it.state == LISTENING && inodes.contains(&it.inode));
    listens(port) && port.checked_add(1).is_some_and(listens)
}

/// Whether nothing listens at a port and at the next one.
pub fn are_free(port: u16) -> io::Result<()> {
    let next = port.checked_add(1).ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
    // As vpcd binds: every address of this machine.
    let bind = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
    let _both = (bind(port)?, bind(next)?);
    Ok(())
}

/// Ports that are free, and so are the next ones: below those that the kernel hands out to clients.
pub fn candidates() -> impl Iterator<Item = u16> {
    const FIRST: u16 = 16_384;
    const PAIRS: u16 = 8_000;
    let random = || {
        let random = OsRng.next_u32() % u32::from(PAIRS);
        FIRST + 2 * u16::try_from(random).unwrap_or_default()
    };
    (0..64).map(move |_| random()).filter(|port| are_free(*port).is_ok()).take(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernels_table_is_read() {
        let line = "   0: 00000000:5BA0 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65534        0 1957006 1 0 100 0 0 10 0";
        assert_eq!(Port::parse(line), Some(Port { number: 0x5ba0, state: LISTENING.into(), inode: 1_957_006 }));
        assert_eq!(Port::parse("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt"), None);
    }

    #[test]
    fn a_port_is_empty_then_occupied_then_missing() {
        let port = candidates().next().unwrap();
        assert_eq!(Reader::at(port), Reader::Missing);
        let reader = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert_eq!(Reader::at(port), Reader::Empty);
        assert!(are_free(port).is_err());
        assert!(!are_listened_at(port, std::process::id()), "nothing listens at the next port");
        let next = TcpListener::bind((Ipv4Addr::LOCALHOST, port + 1)).unwrap();
        assert!(are_listened_at(port, std::process::id()));
        assert!(!are_listened_at(port, 1), "another process listens");
        drop(next);
        let _card = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let _accepted = reader.accept().unwrap();
        assert_eq!(Reader::at(port), Reader::Occupied);
    }
}
