//! Reading the fields of a command one after another.

use super::{
    algorithm::Algorithm, capability::Capabilities, domain::Domains, error_code::ErrorCode, label::Label,
    state::NewObject,
};

/// The rest of a command's data. Every reader answers [`ErrorCode::WrongLength`] when there is too little left.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn of(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<&'a [u8; N], ErrorCode> {
        let (field, rest) = self.0.split_first_chunk().ok_or(ErrorCode::WrongLength)?;
        self.0 = rest;
        Ok(field)
    }

    pub(super) fn byte(&mut self) -> Result<u8, ErrorCode> {
        Ok(u8::from_be_bytes(*self.bytes()?))
    }

    pub(super) fn two_bytes(&mut self) -> Result<u16, ErrorCode> {
        Ok(u16::from_be_bytes(*self.bytes()?))
    }

    pub(super) fn label(&mut self) -> Result<Label, ErrorCode> {
        Ok(Label(*self.bytes()?))
    }

    pub(super) fn domains(&mut self) -> Result<Domains, ErrorCode> {
        Ok(Domains(self.two_bytes()?))
    }

    pub(super) fn capabilities(&mut self) -> Result<Capabilities, ErrorCode> {
        Ok(Capabilities::from_bits_retain(u64::from_be_bytes(*self.bytes()?)))
    }

    /// ID, label, domains, capabilities, algorithm: how every command that makes an object begins.
    pub(super) fn new_object(&mut self) -> Result<NewObject, ErrorCode> {
        Ok(NewObject {
            id: self.two_bytes()?,
            label: self.label()?,
            domains: self.domains()?,
            capabilities: self.capabilities()?,
            algorithm: Algorithm::try_from(self.byte()?)?,
        })
    }

    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), ErrorCode> {
        if self.is_empty() { Ok(()) } else { Err(ErrorCode::WrongLength) }
    }
}
