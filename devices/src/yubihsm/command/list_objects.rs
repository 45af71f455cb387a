//! LIST OBJECTS: filters, each a tag (1 byte) and a value. Answer: ID (2 bytes), type (1), sequence (1) for each object
//! that fits all filters and is in a domain of the session.

use super::super::{
    capability::Capabilities,
    device::Device,
    domain::Domains,
    error_code::ErrorCode,
    fields::Fields,
    label::Label,
    object::{Object, ObjectId},
    session::Caller,
};

/// A filter. An object fits [`Filter::Domains`] and [`Filter::Capabilities`] if it has one of those named: the vendor's
/// PKCS #11 module asks for what can sign with the capabilities of every kind of signature at once.
enum Filter {
    Id(ObjectId),
    Type(u8),
    Domains(Domains),
    Capabilities(Capabilities),
    Algorithm(u8),
    Label(Label),
}

impl Filter {
    fn read(fields: &mut Fields<'_>) -> Result<Self, ErrorCode> {
        match fields.byte()? {
            1 => Ok(Self::Id(fields.two_bytes()?)),
            2 => Ok(Self::Type(fields.byte()?)),
            3 => Ok(Self::Domains(fields.domains()?)),
            4 => Ok(Self::Capabilities(fields.capabilities()?)),
            5 => Ok(Self::Algorithm(fields.byte()?)),
            6 => Ok(Self::Label(fields.label()?)),
            _ => Err(ErrorCode::InvalidData),
        }
    }

    fn fits(&self, object: &Object) -> bool {
        match self {
            Self::Id(id) => object.id == *id,
            Self::Type(code) => object.object_type.code() == *code,
            Self::Domains(domains) => object.domains.meet(*domains),
            Self::Capabilities(capabilities) => object.capabilities.intersects(*capabilities),
            Self::Algorithm(code) => object.algorithm.code() == *code,
            Self::Label(label) => object.label == *label,
        }
    }
}

pub(super) fn execute(device: &Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let mut filters = Vec::new();
    while !fields.is_empty() {
        filters.push(Filter::read(&mut fields)?);
    }
    let mut found: Vec<&Object> = device
        .state
        .objects
        .iter()
        .filter(|object| object.domains.meet(caller.domains) && filters.iter().all(|filter| filter.fits(object)))
        .collect();
    found.sort_by_key(|object| (object.id, object.object_type));
    Ok(found
        .into_iter()
        .flat_map(|object| {
            let [high, low] = object.id.to_be_bytes();
            [high, low, object.object_type.code(), object.sequence]
        })
        .collect())
}
