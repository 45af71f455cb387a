//! Commands that the `yubikey` crate 0.9.0-rc.0 lacks, or after which it does not tell what the card answered.

use super::trouble::Trouble;
use std::ffi::CString;
use zeroize::Zeroizing;

/// PIV (NIST SP 800-73-4, part 1, 2.2).
pub(super) const PIV: &[u8] = &[0xa0, 0x00, 0x00, 0x03, 0x08];
/// The management application.
pub(super) const MANAGEMENT: &[u8] = &[0xa0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17];

/// Longest answer to one command.
const LONGEST: usize = 65_538;

/// A connection of its own to a card, which knows what other connections to it have verified.
pub(super) struct Raw(pcsc::Card);

/// An answer.
pub(super) struct Answer {
    pub(super) data: Zeroizing<Vec<u8>>,
    /// The status word.
    pub(super) status: u16,
}

impl Raw {
    pub(super) fn connect(reader: &str) -> Result<Self, pcsc::Error> {
        let context = pcsc::Context::establish(pcsc::Scope::System)?;
        let name = CString::new(reader).map_err(|_| pcsc::Error::UnknownReader)?;
        context.connect(&name, pcsc::ShareMode::Shared, pcsc::Protocols::T1).map(Self)
    }

    /// Sends a command of at most 255 bytes of data, and fetches the whole answer.
    pub(super) fn send(&mut self, instruction: u8, p1: u8, p2: u8, data: &[u8]) -> Result<Answer, Trouble> {
        let card = self.0.transaction()?;
        // Room for all of it, so that growing leaves no copy of a PIN behind.
        let mut command = Zeroizing::new(Vec::with_capacity(data.len() + 6));
        command.extend([0, instruction, p1, p2]);
        if !data.is_empty() {
            command.push(u8::try_from(data.len()).map_err(|_| Trouble::Garbled)?);
            command.extend(data);
        }
        command.push(0);
        let mut buffer = Zeroizing::new(vec![0; LONGEST]);
        let mut whole = Zeroizing::new(Vec::new());
        loop {
            let answer = card.transmit(&command, &mut buffer)?;
            // A reader whose card has just gone may answer with nothing.
            let nothing = if answer.is_empty() { Trouble::Lost } else { Trouble::Garbled };
            let (data, status) = answer.split_last_chunk::<2>().ok_or(nothing)?;
            whole.extend(data);
            let status = u16::from_be_bytes(*status);
            if status >> 8 != 0x61 || whole.len() > LONGEST {
                return Ok(Answer { data: whole, status });
            }
            command = Zeroizing::new(vec![0, 0xc0, 0, 0, status.to_be_bytes()[1]]);
        }
    }

    pub(super) fn select(&mut self, application: &[u8]) -> Result<Answer, Trouble> {
        self.send(0xa4, 0x04, 0, application)
    }
}
