//! The Update Framework.

mod verify;
