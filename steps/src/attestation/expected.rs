//! What attested keys are to be.

use super::{
    kind::Kind,
    piv::{PinPolicy, PivClaims, TouchPolicy},
    version::Version,
    yubihsm::HsmClaims,
};
use crate::yubihsm::{capability_names, domain_numbers, origin_name};
use yubihsm::{Capability, Domain, object::Origin};

/// What every key, and the whole of them, is to be.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) kind: Kind,
    pub(super) slot: Option<String>,
    pub(super) object_id: Option<u16>,
    pub(super) label: Option<String>,
    /// Whether a key that was brought into the device will do.
    pub(super) any_origin: bool,
    pub(super) capabilities: Option<Capability>,
    pub(super) domains: Option<Domain>,
    /// Whether a key may leave the device under a wrap key.
    pub(super) exportable: bool,
    pub(super) firmware_at_least: Option<Version>,
    pub(super) pin_policy: Option<PinPolicy>,
    pub(super) touch_policy: Option<TouchPolicy>,
    pub(super) fips: Option<bool>,
}

impl Expected {
    /// What a PIV attestation says otherwise, as clauses.
    pub(super) fn piv(&self, claims: &PivClaims) -> Vec<String> {
        let mut faults = self.device(claims.firmware, claims.fips());
        if let Some(slot) = self.slot.as_ref().filter(|slot| **slot != claims.slot) {
            faults.push(format!("it is of slot {}, not {slot}", claims.slot));
        }
        if let Some(policy) = self.pin_policy.filter(|policy| *policy != claims.pin_policy) {
            let (found, policy) = (name(claims.pin_policy), name(policy));
            faults.push(format!("its PIN policy is {found}, not {policy}"));
        }
        if let Some(policy) = self.touch_policy.filter(|policy| *policy != claims.touch_policy) {
            let (found, policy) = (name(claims.touch_policy), name(policy));
            faults.push(format!("its touch policy is {found}, not {policy}"));
        }
        faults
    }

    /// What a YubiHSM 2's attestation says otherwise, as clauses.
    pub(super) fn yubihsm(&self, claims: &HsmClaims, fips: bool) -> Vec<String> {
        let mut faults = self.device(claims.firmware, fips);
        if let Some(id) = self.object_id.filter(|id| *id != claims.object_id) {
            faults.push(format!("it is of object {}, not {id}", claims.object_id));
        }
        if let Some(label) = self.label.as_ref().filter(|label| **label != claims.label) {
            faults.push(format!("its label is `{}`, not `{label}`", claims.label));
        }
        if !self.any_origin && claims.origin != Origin::Generated {
            let origin = origin_name(claims.origin);
            faults.push(format!("its origin is {origin}: the device that attests the key did not generate it"));
        }
        if let Some(domains) = self.domains.filter(|domains| *domains != claims.domains) {
            let [found, wanted] = [claims.domains, domains].map(|it| numbers(&domain_numbers(it)));
            faults.push(format!("its domains are {found}, not {wanted}"));
        }
        if let Some(capabilities) = self.capabilities.filter(|wanted| *wanted != claims.capabilities) {
            let [found, wanted] = [claims.capabilities, capabilities].map(|it| capability_names(it).join(", "));
            faults.push(format!("its capabilities are {found}, not {wanted}"));
        }
        if !self.exportable && claims.capabilities.contains(Capability::EXPORTABLE_UNDER_WRAP) {
            faults.push("it may be exported under a wrap key (exportable-under-wrap)".to_string());
        }
        faults
    }

    fn device(&self, firmware: Version, fips: bool) -> Vec<String> {
        let mut faults = Vec::new();
        if let Some(least) = self.firmware_at_least.filter(|least| firmware < *least) {
            faults.push(format!("its firmware is {firmware}, older than {least}"));
        }
        match self.fips {
            Some(true) if !fips => faults.push("it is not of a FIPS device".to_string()),
            Some(false) if fips => faults.push("it is of a FIPS device".to_string()),
            _ => {}
        }
        faults
    }
}

fn numbers(numbers: &[u8]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The name of a policy, as arguments have it.
pub(super) fn name(policy: impl serde::Serialize) -> String {
    serde_json::to_value(policy).ok().and_then(|it| it.as_str().map(str::to_string)).unwrap_or_default()
}
