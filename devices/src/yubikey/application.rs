//! The applications on a card.

/// An application that can be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Application {
    /// PIV (NIST SP 800-73-4).
    Piv,
    /// The vendor's: what the device is.
    Management,
    /// The vendor's for one-time passwords, of which there are none here: some clients ask it for the serial number.
    Otp,
}

/// The PIV application with its version; a client may leave off the end (NIST SP 800-73-4, part 1, 2.2).
const PIV: &[u8] = &[0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00];
/// What must be there of it: who registered it.
const PIV_SHORTEST: usize = 5;
const MANAGEMENT: &[u8] = &[0xa0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17];
const OTP: &[u8] = &[0xa0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01];

impl Application {
    /// The application with an identifier (AID).
    pub(super) fn with_identifier(identifier: &[u8]) -> Option<Self> {
        if identifier.len() >= PIV_SHORTEST && PIV.starts_with(identifier) {
            Some(Self::Piv)
        } else if identifier == MANAGEMENT {
            Some(Self::Management)
        } else if identifier.starts_with(OTP) {
            Some(Self::Otp)
        } else {
            None
        }
    }
}
