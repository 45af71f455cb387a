//! Metadata as it is in files: raw JSON whose unknown fields are kept, for they are signed too.
//!
//! Nothing here trusts anything: a document says what it says, and [`count`] says which keys of a role have signed it.

mod canonical;
mod count;
mod document;
mod json;
mod key;
mod opened;
mod public_key;
mod role;
mod scan;

pub(crate) use canonical::canonical;
use canonical::canonical_object;
pub(crate) use count::{Count, Rejected, Signer, count, count_over};
pub(crate) use document::{Document, Signature, date};
pub(crate) use json::read;
pub(crate) use key::Key;
pub(crate) use opened::{Entry, HASHES, LARGEST_NUMBER, Opened, is_hash};
pub(crate) use public_key::{PublicKey, Scheme};
pub(crate) use role::{Paths, Role};
