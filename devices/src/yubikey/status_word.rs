//! The status words with which a card refuses a command.

use std::{fmt, str::FromStr};

macro_rules! status_words {
    ($($code:literal $variant:ident $name:literal)*) => {
        /// Why a card refuses a command: the two bytes that end its answer (ISO/IEC 7816-4, 5.6; NIST SP 800-73-4,
        /// part 2, table 3). Yubico's documents use the same.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum StatusWord {
            /// `63CX`: a wrong PIN or PUK, with how many tries are left; more than 15 are told as 15.
            VerificationFailed(u8),
            $(
                #[doc = concat!("`", stringify!($code), "`: ", $name)]
                $variant,
            )*
        }

        impl StatusWord {
            /// Every status word but [`VerificationFailed`](Self::VerificationFailed), which has to know the tries that
            /// are left.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The two bytes.
            #[must_use]
            pub const fn code(self) -> u16 {
                match self {
                    // Widening; `From` is not const.
                    Self::VerificationFailed(tries) => 0x63c0 | if tries < 15 { tries as u16 } else { 15 },
                    $(Self::$variant => $code,)*
                }
            }

            /// The standard's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    Self::VerificationFailed(_) => "VERIFICATION FAILED",
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

status_words! {
    0x6581 MemoryFailure "MEMORY FAILURE"
    0x6700 WrongLength "WRONG LENGTH"
    0x6882 SecureMessagingNotSupported "SECURE MESSAGING NOT SUPPORTED"
    0x6982 SecurityStatusNotSatisfied "SECURITY STATUS NOT SATISFIED"
    0x6983 AuthenticationMethodBlocked "AUTHENTICATION METHOD BLOCKED"
    0x6985 ConditionsOfUseNotSatisfied "CONDITIONS OF USE NOT SATISFIED"
    0x6a80 IncorrectParameters "INCORRECT PARAMETERS"
    0x6a81 FunctionNotSupported "FUNCTION NOT SUPPORTED"
    0x6a82 FileNotFound "FILE NOT FOUND"
    0x6a84 NotEnoughMemory "NOT ENOUGH MEMORY"
    0x6a86 IncorrectP1P2 "INCORRECT P1 P2"
    0x6a88 ReferenceNotFound "REFERENCE NOT FOUND"
    0x6b00 WrongP1P2 "WRONG P1 P2"
    0x6d00 InstructionNotSupported "INSTRUCTION NOT SUPPORTED"
    0x6e00 ClassNotSupported "CLASS NOT SUPPORTED"
    0x6f00 NoPreciseDiagnosis "NO PRECISE DIAGNOSIS"
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for StatusWord {
    type Err = String;

    /// The standard's name in any case, with spaces or hyphens: `NOT ENOUGH MEMORY`, `not-enough-memory`.
    ///
    /// # Errors
    /// A sentence for the user, if no status word has that name.
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.replace('-', " ");
        Self::ALL.iter().copied().find(|word| word.name().eq_ignore_ascii_case(&wanted)).ok_or_else(|| {
            format!("{text:?} is no error of the YubiKey; write the standard's name, such as not-enough-memory")
        })
    }
}
