//! What the device says of itself in its management application
//! (<https://docs.yubico.com/yesdk/users-manual/application-management/apdu/get-device-info.html>).

use super::tlv::{fields, value};

/// What the device says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Info {
    /// The vendor's number of its form.
    pub(super) form_factor: u8,
    /// Whether it is a FIPS device.
    pub(super) fips: bool,
    /// Whether its PIV application is in the FIPS mode now; firmware before 5.7 does not tell.
    pub(super) fips_approved: Option<bool>,
}

/// PIV's bit in the sets of applications that are capable of the FIPS mode, and in it; in those of applications that are there or
/// enabled it is another.
const PIV: u8 = 0x02;

impl Info {
    /// Reads an answer: its length in one byte, then fields.
    pub(super) fn parse(answer: &[u8]) -> Option<Self> {
        let (length, rest) = answer.split_first()?;
        let fields = fields(rest.get(..usize::from(*length))?)?;
        let form = value(&fields, 0x04).and_then(|form| form.first().copied()).unwrap_or_default();
        let piv = |tag| Some(value(&fields, tag)?.last()? & PIV != 0);
        Some(Self {
            form_factor: form & 0x7f,
            fips: form & 0x80 != 0 || piv(0x14) == Some(true),
            fips_approved: piv(0x15),
        })
    }

    /// Its form, in words.
    pub(super) fn form(self) -> &'static str {
        match self.form_factor {
            1 => "USB-A keychain",
            2 => "USB-A nano",
            3 => "USB-C keychain",
            4 => "USB-C nano",
            5 => "USB-C and Lightning keychain",
            6 => "USB-A keychain with a fingerprint reader",
            7 => "USB-C keychain with a fingerprint reader",
            _ => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_says_fips_and_so_do_the_applications() {
        let of_4 = Info::parse(&[6, 4, 1, 0x83, 5, 1, 5]).unwrap();
        assert_eq!((of_4.form(), of_4.fips, of_4.fips_approved), ("USB-C keychain", true, None));
        let of_7 = Info::parse(&[11, 4, 1, 1, 0x14, 2, 0, 0x02, 0x15, 2, 0, 0x10]).unwrap();
        assert_eq!((of_7.form(), of_7.fips, of_7.fips_approved), ("USB-A keychain", true, Some(false)));
        let approved = Info::parse(&[11, 4, 1, 1, 0x14, 2, 0, 0x1f, 0x15, 2, 0, 0x02]).unwrap();
        assert_eq!(approved.fips_approved, Some(true));
        assert_eq!(Info::parse(&[5, 4, 1]), None);
    }
}
