//! Commands and answers that are too long for one APDU (ISO/IEC 7816-4, 5.4.1 and 11.8.1).

use zeroize::{Zeroize, Zeroizing};

use super::{apdu::Apdu, status_word::StatusWord};

/// The longest command data field, all parts of a chain together. Yubico's own library takes this to be the size of the
/// card's buffer; with it, an object has at most 3,063 bytes.
pub(super) const LONGEST_COMMAND: usize = 3072;
/// What an answer may have when the command says nothing of it.
const SHORT_ANSWER: usize = 256;

/// A command that is complete.
pub(super) struct Command {
    pub(super) instruction: u8,
    pub(super) p1: u8,
    pub(super) p2: u8,
    /// It may be a PIN or a key.
    pub(super) data: Zeroizing<Vec<u8>>,
}

/// The parts of a command that has not come to its end.
#[derive(Default)]
pub(super) struct Incoming(Option<Command>);

impl Incoming {
    /// Takes a part of a command, and returns the command when this was the last. A part that does not continue the
    /// others, because it is of another command or has other parameters, begins a new command.
    ///
    /// # Errors
    /// [`StatusWord::WrongLength`]: the command is too long; all of it is forgotten.
    pub(super) fn take(&mut self, part: &Apdu<'_>) -> Result<Option<Command>, StatusWord> {
        let (instruction, p1, p2) = (part.instruction, part.p1, part.p2);
        let begun = self.0.take().filter(|begun| (begun.instruction, begun.p1, begun.p2) == (instruction, p1, p2));
        let mut command = begun.unwrap_or_else(|| Command {
            instruction,
            p1,
            p2,
            // Room for all of it, so that growing leaves no copy of a key behind.
            data: Zeroizing::new(Vec::with_capacity(LONGEST_COMMAND)),
        });
        if command.data.len() + part.data.len() > LONGEST_COMMAND {
            return Err(StatusWord::WrongLength);
        }
        command.data.extend_from_slice(part.data);
        if part.chained {
            self.0 = Some(command);
            return Ok(None);
        }
        Ok(Some(command))
    }

    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

/// What is left of an answer that was too long.
#[derive(Default)]
pub(super) struct Outgoing(Zeroizing<Vec<u8>>);

impl Outgoing {
    /// The next part of an answer: as much as the command expects, then `9000`, or `61xx` and how much is left.
    pub(super) fn begin(&mut self, answer: Vec<u8>, expected: Option<usize>) -> Vec<u8> {
        self.0 = Zeroizing::new(answer);
        self.part(expected)
    }

    /// GET RESPONSE.
    ///
    /// # Errors
    /// [`StatusWord::ConditionsOfUseNotSatisfied`]: nothing is left.
    pub(super) fn next(&mut self, expected: Option<usize>) -> Result<Vec<u8>, StatusWord> {
        if self.0.is_empty() { Err(StatusWord::ConditionsOfUseNotSatisfied) } else { Ok(self.part(expected)) }
    }

    fn part(&mut self, expected: Option<usize>) -> Vec<u8> {
        let length = expected.unwrap_or(SHORT_ANSWER).min(self.0.len());
        let mut part: Vec<u8> = self.0.drain(..length).collect();
        match u8::try_from(self.0.len()) {
            Ok(0) => part.extend([0x90, 0]),
            Ok(left) => part.extend([0x61, left]),
            Err(_) => part.extend([0x61, 0]),
        }
        part
    }

    pub(super) fn forget(&mut self) {
        self.0.zeroize();
    }
}
