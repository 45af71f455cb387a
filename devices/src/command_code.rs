//! Commands by code and by name, as every device has them.

/// Declares `CommandCode`: the commands of a device, each with its code and the name that its document gives it.
///
/// `$hint` ends the complaint about a name that no command has.
macro_rules! command_codes {
    (
        $(#[$attribute:meta])*
        $device:literal, $hint:literal;
        $($code:literal $variant:ident $name:literal)*
    ) => {
        $(#[$attribute])*
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

            /// The byte that stands for it in messages.
            #[must_use]
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The command that a byte means; `None` for one that means none.
            #[must_use]
            pub fn from_code(code: u8) -> Option<Self> {
                Self::ALL.iter().copied().find(|command| command.code() == code)
            }
        }

        impl std::fmt::Display for CommandCode {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for CommandCode {
            type Err = String;

            /// The document's name in any case, with spaces or hyphens: `GET VERSION`, `get-version`.
            ///
            /// # Errors
            /// A sentence for the user, if no command has that name.
            fn from_str(text: &str) -> Result<Self, String> {
                let wanted = text.replace('-', " ");
                let mut all = Self::ALL.iter().copied();
                all.find(|command| command.name().eq_ignore_ascii_case(&wanted))
                    .ok_or_else(|| format!(concat!("{:?} is no command of the ", $device, "; ", $hint), text))
            }
        }
    };
}

pub(crate) use command_codes;
