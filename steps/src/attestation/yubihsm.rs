//! What a YubiHSM 2 says of a key (<https://docs.yubico.com/hardware/oid/oid-product-arc.html>); each value is DER inside the
//! extension's own octet string.

use super::version::Version;
use crate::{
    text::plain,
    x509::{self, Unsaid},
};
use x509_cert::{Certificate, der::asn1::ObjectIdentifier};
use yubihsm::{Capability, Domain, object};

pub(crate) const FIRMWARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.1");
pub(crate) const SERIAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.2");
pub(crate) const ORIGIN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.3");
pub(crate) const DOMAINS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.4");
pub(crate) const CAPABILITIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.5");
pub(crate) const OBJECT_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.6");
pub(crate) const LABEL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.9");
/// Of FIPS devices alone.
pub(super) const FIPS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.4.10");

/// What an attestation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HsmClaims {
    pub(super) serial: u32,
    pub(super) firmware: Version,
    pub(super) object_id: u16,
    pub(super) label: String,
    pub(super) origin: object::Origin,
    pub(super) domains: Domain,
    pub(super) capabilities: Capability,
}

impl HsmClaims {
    /// Reads them.
    ///
    /// # Errors
    /// All that is wrong with them, as clauses.
    pub(super) fn read(certificate: &Certificate) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut said = |what: &str, unsaid: Unsaid| faults.push(format!("its extension for the {what} {unsaid}"));
        let firmware = x509::octets(certificate, FIRMWARE)
            .and_then(|bytes| <[u8; 3]>::try_from(bytes).map_err(|_| Unsaid::Malformed))
            .map(Version)
            .map_err(|unsaid| said("firmware version", unsaid));
        let serial = serial(certificate).map_err(|unsaid| said("serial number", unsaid));
        let origin = x509::bits(certificate, ORIGIN)
            .and_then(|bits| origin(bits).ok_or(Unsaid::Malformed))
            .map_err(|unsaid| said("origin", unsaid));
        let domains = x509::bits(certificate, DOMAINS)
            .and_then(|bits| u16::try_from(bits).map_err(|_| Unsaid::Malformed))
            .map(Domain::from_bits_retain)
            .map_err(|unsaid| said("domains", unsaid));
        let capabilities = x509::bits(certificate, CAPABILITIES)
            .map(Capability::from_bits_retain)
            .map_err(|unsaid| said("capabilities", unsaid));
        let object_id = x509::number(certificate, OBJECT_ID)
            .and_then(|id| u16::try_from(id).map_err(|_| Unsaid::Malformed))
            .map_err(|unsaid| said("object ID", unsaid));
        let label = x509::text(certificate, LABEL)
            .and_then(|label| String::from_utf8(label).map_err(|_| Unsaid::Malformed))
            .map(|label| plain(&label))
            .map_err(|unsaid| said("label", unsaid));
        match (serial, firmware, origin, domains, capabilities, object_id, label) {
            (Ok(serial), Ok(firmware), Ok(origin), Ok(domains), Ok(capabilities), Ok(object_id), Ok(label)) => {
                Ok(Self { serial, firmware, object_id, label, origin, domains, capabilities })
            }
            _ => Err(faults),
        }
    }
}

/// The serial number that a certificate says, an attestation or a device's own.
pub(super) fn serial(certificate: &Certificate) -> Result<u32, Unsaid> {
    x509::number(certificate, SERIAL)
}

fn origin(bits: u64) -> Option<object::Origin> {
    object::Origin::from_u8(u8::try_from(bits).ok()?).ok()
}
