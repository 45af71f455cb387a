//! `yubihsm.attest`.

mod audit;

use super::{
    argument::{AttestationKeyId, FACTORY_DEFAULT, ObjectId, ObjectType, YubiHsm, password},
    attestation::{Attestation, Expected},
    device::Device,
    history::KeyOnDevice,
    public_key::PublicKey,
    session::{Command, Moment, Session},
    trouble::{Trouble, code},
};
use crate::ports::Ports;
use crate::product::Target;
use officiant_engine::conduct::{Effect, Exhibit, Failure, Notice, Objection, SecretName, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use yubihsm::{Capability, object};

/// Has the device certify that a key was generated in it, and writes that certificate and the device's own
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#sign-attestation-certificate-command>).
pub(super) struct Attest(pub(super) Arc<dyn Ports>);

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiHsm,
    /// The authentication key to open the session with.
    #[serde(default = "ObjectId::factory")]
    authentication_key: ObjectId,
    /// Its password.
    password: SecretName,
    /// The ID of the asymmetric key to attest.
    object_id: ObjectId,
    /// The key to attest with; 0 is the device's own. Its certificate is the opaque object of the same ID.
    #[serde(default = "AttestationKeyId::vendor")]
    attestation_key: AttestationKeyId,
    /// The file for the attestation certificate, among the products; PEM or DER by its end, `.pem` or `.der`.
    out: String,
    /// The file for the device's certificate, likewise.
    certificate_out: String,
    /// Whether a device that cannot attest such a key fails the step; it is a finding otherwise.
    #[serde(default = "yes")]
    required: bool,
}

fn yes() -> bool {
    true
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// The ID of the key.
    object_id: u16,
    /// Whether the device attested the key.
    attested: bool,
    /// Why it did not.
    finding: Option<String>,
    /// SHA-256 of the attested SubjectPublicKeyInfo's DER, hex.
    fingerprint: String,
    /// The attestation certificate's path in the ceremony folder.
    path: Option<String>,
    /// The SHA-256 of that file, hex.
    sha256: Option<String>,
    /// The device certificate's path in the ceremony folder.
    certificate_path: String,
    /// The SHA-256 of that file, hex.
    certificate_sha256: String,
    /// The subject of the device's certificate.
    subject: String,
    /// The issuer of the device's certificate.
    issuer: String,
}

impl StepHandler for Attest {
    const NAME: &'static str = "yubihsm.attest";
    const SUMMARY: &'static str = "Has the device certify that a key was generated in it, and checks the certificate.";
    const EFFECT: Effect = Effect::Observes;
    const NOTES: bool = true;
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let (encoding, certificate_encoding) =
            (Encoding::of(&arguments.out)?, Encoding::of(&arguments.certificate_out)?);
        let (out, certificate_out) =
            (Target::of(stage, &arguments.out)?, Target::of(stage, &arguments.certificate_out)?);
        if out == certificate_out {
            return Err(Failure::new("path", "the attestation and the device's certificate cannot go into one file")
                .next("name another file for one of them in the runbook"));
        }
        let password = password(stage, &arguments.password)?;

        let device = Device::find(&*self.0, stage, &arguments.device)?;
        let session = device.open(stage, arguments.authentication_key.0, &password)?;
        let id = arguments.object_id.0;
        let Some(object) = session.object(ObjectType::AsymmetricKey, id, Moment::Before)? else {
            return Err(Failure::new("not-found", format!("{} has no asymmetric-key {id}", device.name()))
                .next("look at what is there with yubihsm.list-objects"));
        };
        let key = PublicKey::read(&session, id)?.info()?;
        let certificate = device_certificate(&session, arguments.attestation_key.0)?;
        let attested = attestation(&session, id, arguments.attestation_key.0, &device)?;
        session.finish(Moment::Before)?;

        not_of_the_other_world(stage, device.name(), &certificate, attested.as_ref().ok())?;
        if arguments.attestation_key == AttestationKeyId::vendor() && certificate.serial() != Some(device.serial()) {
            return Err(untrue(
                device.name(),
                "device certificate",
                &["its serial number is not the device's".to_string()],
            ));
        }
        let finding = match &attested {
            Ok(attestation) => {
                let (serial, firmware) = (device.serial(), device.firmware());
                let expected = Expected { public_key: &key.der, serial, firmware, object: &object };
                let faults = attestation.faults(&certificate, &expected);
                if !faults.is_empty() {
                    return Err(untrue(device.name(), "attestation", &faults));
                }
                None
            }
            Err(finding) if arguments.required => {
                return Err(Failure::new("not-attested", finding.clone())
                    .next("use a key or a device that can be attested, or deviate and say why"));
            }
            Err(finding) => {
                stage.observe(serde_json::json!({ "finding": finding }))?;
                stage.show(Notice::Information(finding.clone()));
                Some(finding.clone())
            }
        };

        let certificate_bytes = certificate_encoding.bytes(&certificate)?;
        let attestation_bytes = match &attested {
            Ok(attestation) => Some(encoding.bytes(attestation)?),
            Err(_) => None,
        };
        // Both before the first is written.
        certificate_out.free(&certificate_bytes)?;
        out.free(attestation_bytes.as_deref().unwrap_or_default())?;
        let certificate_file = certificate_out.write(stage, &certificate_bytes)?;
        let file = attestation_bytes.map(|bytes| out.write(stage, &bytes)).transpose()?;
        Ok(Outputs {
            serial: device.serial(),
            object_id: id,
            attested: file.is_some(),
            finding,
            fingerprint: key.fingerprint,
            path: file.as_ref().map(|file| file.path.clone()),
            sha256: file.map(|file| file.sha256),
            certificate_path: certificate_file.path,
            certificate_sha256: certificate_file.sha256,
            subject: certificate.subject(),
            issuer: certificate.issuer(),
        })
    }

    /// The certificates in the folder hold, as far as that can be told from there: see [`audit`].
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let key = match KeyOnDevice::of(outputs, arguments.object_id.0, exhibit) {
            Ok(key) => key,
            Err(objection) => return vec![objection],
        };
        let has = |name: &str| outputs[name].is_string();
        let noted = || exhibit.this().seen.contains(&serde_json::json!({ "finding": outputs["finding"] }));
        let is_one = if outputs["attested"] == true {
            has("path") && has("sha256") && !has("finding")
        } else {
            !arguments.required && !has("path") && !has("sha256") && has("finding") && noted()
        };
        if !is_one {
            let message = "the record does not say one thing of whether the device attested the key";
            return vec![Objection::wrong("attestation", message)];
        }
        audit::objections(key, arguments.attestation_key == AttestationKeyId::vendor(), outputs, exhibit)
    }
}

/// The certificate of the attesting key: the opaque object of its ID.
fn device_certificate(session: &Session<'_>, id: u16) -> Result<Attestation, Failure> {
    let command = Command::looks("get-opaque").needs(Capability::GET_OPAQUE).about(ObjectType::Opaque, id);
    let der = session.run(command, |client| client.get_opaque(id))?;
    Attestation::read(der).map_err(|fault| {
        Failure::new("untrue-certificate", format!("the certificate in opaque object {id} is unreadable: {fault}"))
    })
}

/// The attestation, or the finding that the device does not attest such a key.
///
/// With which error a device refuses a type of key is written nowhere, so every refusal counts that is of the command as such.
fn attestation(
    session: &Session<'_>,
    id: u16,
    with: u16,
    device: &Device,
) -> Result<Result<Attestation, String>, Failure> {
    let command = Command::looks("sign-attestation-certificate")
        .needs(Capability::SIGN_ATTESTATION_CERTIFICATE)
        .about(ObjectType::AsymmetricKey, if with == 0 { id } else { with });
    match session.attempt(|client| client.sign_attestation_certificate(id, (with != 0).then_some(with as object::Id))) {
        Ok(certificate) => Attestation::read(certificate.into_vec())
            .map(Ok)
            .map_err(|fault| untrue(device.name(), "attestation", &[fault])),
        Err(Trouble::Refused(refusal)) if of_the_key(session, command, refusal) => Ok(Err(format!(
            "{}, firmware {}, does not attest this key: it refuses with {}",
            device.name(),
            device.firmware(),
            code::name(refusal)
        ))),
        Err(trouble) => Err(session.failure(command, &trouble)),
    }
}

fn of_the_key(session: &Session<'_>, command: Command, refusal: u8) -> bool {
    match refusal {
        code::INVALID_SESSION
        | code::AUTHENTICATION_FAILED
        | code::SESSIONS_FULL
        | code::STORAGE_FAILED
        | code::LOG_FULL
        | code::OBJECT_NOT_FOUND => false,
        code::INSUFFICIENT_PERMISSIONS => session.lacking(command).is_none(),
        _ => true,
    }
}

/// A rehearsal's certificate must not get into a ceremony, nor a real device into a rehearsal.
fn not_of_the_other_world(
    stage: &Stage<'_>,
    name: &str,
    certificate: &Attestation,
    attestation: Option<&Attestation>,
) -> Result<(), Failure> {
    let mut certificates = [Some(certificate), attestation].into_iter().flatten();
    if stage.rehearsal() {
        if certificates.all(Attestation::is_rehearsal) {
            return Ok(());
        }
        return Err(Failure::new("real-device", format!("{name} is a real device: {}", certificate.subject()))
            .next("take it out; a rehearsal is for virtual devices"));
    }
    match certificates.find(|certificate| certificate.is_rehearsal()) {
        None => Ok(()),
        Some(found) => Err(Failure::new(
            "rehearsal-device",
            format!("{name} is a virtual device for rehearsals: {}", found.subject()),
        )
        .next("see that the bindings name the real device's connector")),
    }
}

fn untrue(name: &str, what: &str, faults: &[String]) -> Failure {
    Failure::new("untrue-certificate", format!("the {what} from {name} does not hold: {}", faults.join("; ")))
        .next("do not use this device; keep it as it is, and find out what it is")
}

/// How a certificate is written.
#[derive(Debug, Clone, Copy)]
enum Encoding {
    Pem,
    Der,
}

impl Encoding {
    fn of(path: &str) -> Result<Self, Failure> {
        match path.rsplit_once('.') {
            Some((_, "pem")) => Ok(Self::Pem),
            Some((_, "der")) => Ok(Self::Der),
            _ => Err(Failure::new("path", format!("`{path}` says neither PEM nor DER"))
                .next("let the file's name end in `.pem` or `.der` in the runbook")),
        }
    }

    fn bytes(self, certificate: &Attestation) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Der => Ok(certificate.der().to_vec()),
            Self::Pem => certificate
                .pem()
                .map(String::into_bytes)
                .map_err(|error| Failure::new("encoding", format!("the certificate cannot be written: {error}"))),
        }
    }
}
