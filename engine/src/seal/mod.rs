//! Seals: signatures over the transcript by people who were there, each with a key of their own.
//!
//! A seal is an SSHSIG (OpenSSH, PROTOCOL.sshsig) in the namespace [`NAMESPACE`]: what `ssh-keygen -Y sign` makes and
//! `ssh-keygen -Y verify` checks.

mod allowed_signers;
mod digests;
mod key;
mod signature;
mod store;

pub use allowed_signers::{AllowedSigner, allowed_signers};
pub use digests::{Digest, Digests};
pub use key::{Key, UnfitKey};
pub use signature::{NotMade, Seal, Unreadable};
pub(crate) use store::NEXT;
pub use store::{NotKept, keep};

use crate::record::TRANSCRIPT;

/// The namespace of a seal: a signature that was made for something else is none.
pub const NAMESPACE: &str = "officiant-transcript";

/// The folder of the seals in the ceremony folder.
pub const FOLDER: &str = "seals";

/// In that folder: the keys of the seals, one line a seal, for `ssh-keygen -Y verify`. No trust comes from it.
pub const ALLOWED_SIGNERS: &str = "allowed_signers";

/// The path of a role's seal in the ceremony folder.
#[must_use]
pub fn path(role: &str) -> String {
    format!("{FOLDER}/{role}.sig")
}

/// The line of `allowed_signers` that lets a role's key seal a transcript, and nothing else.
#[must_use]
pub fn signer_line(role: &str, key: &Key) -> String {
    format!("{role} namespaces=\"{NAMESPACE}\" {}", key.openssh())
}

/// The command by which a role seals without this program; `KEY` stands for the key's file. `folder` is the ceremony folder as a
/// shell reads it.
#[must_use]
pub fn sign_command(folder: &str, role: &str) -> String {
    format!("ssh-keygen -Y sign -f KEY -n {NAMESPACE} < {folder}/{TRANSCRIPT} > {folder}/{}", path(role))
}

/// The command by which anybody checks what a role's seal is over; that the key is the role's own, it takes from the folder
/// itself. `folder` is the ceremony folder as a shell reads it.
#[must_use]
pub fn verify_command(folder: &str, role: &str) -> String {
    format!(
        "ssh-keygen -Y verify -f {folder}/{FOLDER}/{ALLOWED_SIGNERS} -I {role} -n {NAMESPACE} -s {folder}/{} < {folder}/{TRANSCRIPT}",
        path(role)
    )
}
