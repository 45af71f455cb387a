//! Virtual YubiKeys in virtual readers, as the clients see them that we did not write.

mod opensc;
mod piv_tool;
mod pkcs11;
mod readers;
mod served;
pub mod support;
mod touched;
mod ykman;
