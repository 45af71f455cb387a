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
        whole(command, |command| Ok(Zeroizing::new(card.transmit(command, &mut buffer)?.to_vec())))
    }

    pub(super) fn select(&mut self, application: &[u8]) -> Result<Answer, Trouble> {
        self.send(0xa4, 0x04, 0, application)
    }
}

/// The whole answer to a command: what the card keeps back is fetched with GET RESPONSE (ISO/IEC 7816-4, 5.3.4).
fn whole(
    mut command: Zeroizing<Vec<u8>>,
    mut transmit: impl FnMut(&[u8]) -> Result<Zeroizing<Vec<u8>>, Trouble>,
) -> Result<Answer, Trouble> {
    let mut whole = Zeroizing::new(Vec::new());
    let mut fetched = false;
    loop {
        let answer = transmit(&command)?;
        // A reader whose card has just gone may answer with nothing.
        let nothing = if answer.is_empty() { Trouble::Lost } else { Trouble::Garbled };
        let (data, status) = answer.split_last_chunk::<2>().ok_or(nothing)?;
        let status = u16::from_be_bytes(*status);
        let more = status >> 8 == 0x61;
        // A card that says again and again that there is more, and gives nothing, would never come to an end.
        if more && fetched && data.is_empty() {
            return Err(Trouble::Garbled);
        }
        whole.extend(data);
        if !more || whole.len() > LONGEST {
            return Ok(Answer { data: whole, status });
        }
        command = Zeroizing::new(vec![0, 0xc0, 0, 0, status.to_be_bytes()[1]]);
        fetched = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a command that a card answers so, the last answer for ever.
    fn answered(answers: &[&[u8]]) -> Result<(Vec<u8>, u16), Trouble> {
        let mut answers = answers.iter().peekable();
        let transmit = |_: &[u8]| {
            let answer = if answers.len() > 1 { answers.next() } else { answers.peek().copied() };
            Ok(Zeroizing::new(answer.unwrap().to_vec()))
        };
        whole(Zeroizing::new(vec![0, 0xfd, 0, 0, 0]), transmit).map(|answer| (answer.data.to_vec(), answer.status))
    }

    #[test]
    fn an_answer_in_pieces_is_put_together() {
        assert_eq!(answered(&[&[1, 2, 0x61, 0], &[3, 0x61, 1], &[4, 0x90, 0]]), Ok((vec![1, 2, 3, 4], 0x9000)));
        assert_eq!(answered(&[&[0x61, 1], &[4, 0x90, 0]]), Ok((vec![4], 0x9000)));
    }

    #[test]
    fn a_card_that_never_comes_to_an_end_is_not_waited_for() {
        assert_eq!(answered(&[&[0x61, 0]]), Err(Trouble::Garbled));
        assert_eq!(answered(&[&[7, 0x61, 0]]).map(|(_, status)| status), Ok(0x6100));
        assert_eq!(answered(&[&[]]), Err(Trouble::Lost));
        assert_eq!(answered(&[&[0x90]]), Err(Trouble::Garbled));
    }
}
