//! The Update Framework.

mod client_check;
mod initialize;
mod initialize_support;
