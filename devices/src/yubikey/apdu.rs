//! Command APDUs (ISO/IEC 7816-4, 5.3).

use super::status_word::StatusWord;

/// Set in the class byte of a command that is continued by the next one (ISO/IEC 7816-4, 5.4.1).
const CHAINED: u8 = 0x10;
/// The class byte of a command of the card's own, without secure messaging, on the one logical channel.
const INTERINDUSTRY: u8 = 0x00;
/// The bits of the class byte that say that there is secure messaging.
const SECURE_MESSAGING: u8 = 0x0c;

/// A command as it came from the reader.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Apdu<'a> {
    /// Whether the next command continues this one.
    pub chained: bool,
    /// INS.
    pub instruction: u8,
    /// P1.
    pub p1: u8,
    /// P2.
    pub p2: u8,
    /// The command data field; empty if there is none.
    pub data: &'a [u8],
    /// Le: how many bytes the answer may have; `None` if the command does not say.
    pub expected: Option<usize>,
}

impl<'a> Apdu<'a> {
    /// Reads a command of any of the four cases, short or extended.
    ///
    /// # Errors
    /// - [`StatusWord::WrongLength`]: the header is cut short, or the lengths are not those of what is there.
    /// - [`StatusWord::SecureMessagingNotSupported`], [`StatusWord::ClassNotSupported`]: by the class byte.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, StatusWord> {
        let ([class, instruction, p1, p2], body) = bytes.split_first_chunk().ok_or(StatusWord::WrongLength)?;
        let (data, expected) = fields(body).ok_or(StatusWord::WrongLength)?;
        match class & !CHAINED {
            INTERINDUSTRY => {}
            class if class & SECURE_MESSAGING != 0 && class & 0xe0 == 0 => {
                return Err(StatusWord::SecureMessagingNotSupported);
            }
            _ => return Err(StatusWord::ClassNotSupported),
        }
        Ok(Self { chained: class & CHAINED != 0, instruction: *instruction, p1: *p1, p2: *p2, data, expected })
    }
}

/// Without its data, which may be a PIN.
impl std::fmt::Debug for Apdu<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Apdu({:02x} {:02x} {:02x}, {} bytes)", self.instruction, self.p1, self.p2, self.data.len())
    }
}

/// Data and Le of what follows the header.
fn fields(body: &[u8]) -> Option<(&[u8], Option<usize>)> {
    match body {
        [] => Some((&[], None)),
        [le] => Some((&[], Some(short(*le)))),
        [0, high, low] => Some((&[], Some(extended(*high, *low)))),
        [0, high, low, rest @ ..] => {
            let (data, le) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
            match le {
                _ if data.is_empty() => None,
                [] => Some((data, None)),
                [high, low] => Some((data, Some(extended(*high, *low)))),
                _ => None,
            }
        }
        [0, ..] => None,
        [length, rest @ ..] => {
            let (data, le) = rest.split_at_checked(usize::from(*length))?;
            match le {
                [] => Some((data, None)),
                [le] => Some((data, Some(short(*le)))),
                _ => None,
            }
        }
    }
}

/// Le of one byte; zero is 256.
fn short(le: u8) -> usize {
    if le == 0 { 256 } else { usize::from(le) }
}

/// Le of two bytes; zero is 65,536.
fn extended(high: u8, low: u8) -> usize {
    match u16::from_be_bytes([high, low]) {
        0 => 65_536,
        le => usize::from(le),
    }
}
