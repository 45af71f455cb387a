//! SIGN ATTESTATION CERTIFICATE: ID of the key to attest (2 bytes), ID of the attesting key (2), 0 for the device's
//! own. Answer: X.509 certificate, DER.

use super::super::{
    algorithm::Algorithm, asymmetric_key::AsymmetricKey, attestation, capability::Capabilities, device::Device,
    error_code::ErrorCode, fields::Fields, object::ObjectType, session::Caller, settings::Ed25519Attestation,
};

pub(super) fn execute(device: &Device, caller: &Caller, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let id = fields.two_bytes()?;
    let attesting = fields.two_bytes()?;
    fields.end()?;

    caller.needs(Capabilities::SIGN_ATTESTATION_CERTIFICATE)?;
    let state = &device.state;
    let object = state.find(ObjectType::AsymmetricKey, id, caller.domains)?;
    if attesting != 0 {
        // Another key attests with the certificate in the opaque object of the same ID, and none can be put here yet.
        return Err(ErrorCode::ObjectNotFound);
    }
    if let (Algorithm::Ed25519, Ed25519Attestation::Refused(code)) = (object.algorithm, device.ed25519_attestation) {
        return Err(code);
    }
    let public_key = AsymmetricKey::from_bytes(object.algorithm, object.key.expose())?
        .public_key_info()
        .map_err(|_| ErrorCode::InvalidData)?;
    attestation::key_attestation(
        object,
        public_key,
        state.firmware,
        state.serial,
        &state.attestation_certificate,
        &device.attestation_key,
    )
    .map_err(|error| {
        tracing::error!(%error, "the attestation is answered with INVALID DATA");
        ErrorCode::InvalidData
    })
}
