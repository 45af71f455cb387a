//! What vpcd, the virtual reader of the vsmartcard project, says to a card, and how a card answers.
//!
//! Both ways: the length (2 bytes, big-endian), then as many bytes. One byte alone from the reader is a control code;
//! anything longer is a command APDU. A card answers APDUs and the question for its ATR, and nothing else
//! (<https://frankmorgner.github.io/vsmartcard/virtualsmartcard/api.html>).

use std::{
    fmt,
    io::{self, Read, Write},
};

use zeroize::Zeroizing;

/// What the reader says.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    /// The reader takes the power away.
    PowerOff,
    /// The reader gives power.
    PowerOn,
    /// A warm reset.
    Reset,
    /// The reader asks for the card's answer to reset.
    GetAtr,
    /// A command APDU, as the client sent it; at most 65535 bytes. It may have a PIN or a key in it.
    Apdu(Zeroizing<Vec<u8>>),
}

/// Without an APDU's bytes, which may be a PIN.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PowerOff => f.write_str("PowerOff"),
            Self::PowerOn => f.write_str("PowerOn"),
            Self::Reset => f.write_str("Reset"),
            Self::GetAtr => f.write_str("GetAtr"),
            Self::Apdu(apdu) => write!(f, "Apdu({} bytes)", apdu.len()),
        }
    }
}

impl Message {
    /// What the bytes after a length mean; `None` for none at all and for a control code that vpcd does not have.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(Self::PowerOff),
            [1] => Some(Self::PowerOn),
            [2] => Some(Self::Reset),
            [4] => Some(Self::GetAtr),
            [] | [_] => None,
            apdu => Some(Self::Apdu(Zeroizing::new(apdu.to_vec()))),
        }
    }

    /// The next message.
    ///
    /// # Errors
    /// Those of `reader`, [`io::ErrorKind::UnexpectedEof`] at its end, and [`io::ErrorKind::InvalidData`] for a message
    /// that vpcd does not have.
    pub fn receive(reader: &mut impl Read) -> io::Result<Self> {
        let mut length = [0; 2];
        reader.read_exact(&mut length)?;
        let mut bytes = Zeroizing::new(vec![0; u16::from_be_bytes(length).into()]);
        reader.read_exact(&mut bytes)?;
        Self::parse(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no message of vpcd"))
    }
}

/// Sends an answer.
///
/// # Errors
/// Those of `writer`, and [`io::ErrorKind::InvalidInput`] for more than 65535 bytes; nothing is sent then.
pub fn send(writer: &mut impl Write, answer: &[u8]) -> io::Result<()> {
    let length = u16::try_from(answer.len()).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    // In one piece: vpcd waits for what is missing, but a packet less is a packet less.
    writer.write_all(&[&length.to_be_bytes(), answer].concat())
}
