//! Metadata as it is in files: raw JSON whose unknown fields are kept, for they are signed too.
//!
//! Nothing here trusts anything: a document says what it says, and [`count`] says which keys of a role have signed it.

mod canonical;
mod count;
mod document;
mod json;
mod key;
mod public_key;
mod role;

pub(crate) use canonical::{canonical, quoted};
pub(crate) use count::{Count, Rejected, Signer, count};
pub(crate) use document::{Document, Signature, date};
pub(crate) use json::{read, strict};
pub(crate) use key::Key;
pub(crate) use public_key::{PublicKey, Scheme};
pub(crate) use role::{Paths, Role};
