//! The codes of all commands, also of those that this card does not carry out.

use std::{fmt, str::FromStr};

macro_rules! commands {
    ($($code:literal $variant:ident $name:literal)*) => {
        /// A command of the YubiKey's PIV and management applications (NIST SP 800-73-4, part 2; Yubico's *PIV
        /// commands*).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum CommandCode {
            $(
                #[doc = $name]
                $variant = $code,
            )*
        }

        impl CommandCode {
            /// Every command, by code.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The document's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

commands! {
    0x1d ReadDeviceInfo "READ DEVICE INFO"
    0x20 Verify "VERIFY"
    0x24 ChangeReferenceData "CHANGE REFERENCE DATA"
    0x2c ResetRetryCounter "RESET RETRY COUNTER"
    0x47 GenerateAsymmetricKeyPair "GENERATE ASYMMETRIC KEY PAIR"
    0x87 GeneralAuthenticate "GENERAL AUTHENTICATE"
    0xa4 Select "SELECT"
    0xc0 GetResponse "GET RESPONSE"
    0xcb GetData "GET DATA"
    0xdb PutData "PUT DATA"
    0xf6 MoveKey "MOVE KEY"
    0xf7 GetMetadata "GET METADATA"
    0xf8 GetSerial "GET SERIAL"
    0xf9 Attest "ATTEST"
    0xfa SetPinRetries "SET PIN RETRIES"
    0xfb Reset "RESET"
    0xfd GetVersion "GET VERSION"
    0xfe ImportAsymmetricKey "IMPORT ASYMMETRIC KEY"
    0xff SetManagementKey "SET MANAGEMENT KEY"
}

impl CommandCode {
    /// The instruction byte.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The command that an instruction byte means; `None` for one that means none.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|command| command.code() == code)
    }
}

impl fmt::Display for CommandCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CommandCode {
    type Err = String;

    /// The document's name in any case, with spaces or hyphens: `SET MANAGEMENT KEY`, `set-management-key`.
    ///
    /// # Errors
    /// A sentence for the user, if no command has that name.
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.replace('-', " ");
        Self::ALL.iter().copied().find(|command| command.name().eq_ignore_ascii_case(&wanted)).ok_or_else(|| {
            format!(
                "{text:?} is no command of the YubiKey; write the standard's name, such as generate-asymmetric-key-pair"
            )
        })
    }
}
