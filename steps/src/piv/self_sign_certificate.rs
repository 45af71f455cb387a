//! `piv.self-sign-certificate`.

use super::{
    argument::{FACTORY_DEFAULT, Slot, YubiKeyName},
    before::{self, Seen},
    card::{Card, Key, Moment},
    certificate::Held,
    history::{KeyInSlot, certificate_of},
    management::{PROTECTED, authenticate},
    public_key::PublicKey,
    reference::{LAST_TRY, PIN_AGAIN},
    reset::random,
    signing::sign,
};
use crate::{ports::Ports, product::Target, x509};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use officiant_engine::{
    conduct::{Effect, Exhibit, Failure, Objection, Probed, SecretName, Stage, StepHandler},
    record::digest_hex,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use x509_cert::{
    TbsCertificate, Version,
    der::{
        Any, Decode, Encode,
        asn1::{BitString, GeneralizedTime, Null, ObjectIdentifier, UtcTime},
    },
    name::Name,
    serial_number::SerialNumber,
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
    time::{Time, Validity},
};

/// Makes a certificate of the key in a slot that is signed by that key, and puts it into the slot; PKCS#11 shows only keys that
/// have one (<https://docs.yubico.com/yesdk/users-manual/application-piv/cert-request.html>).
pub(super) struct SelfSignCertificate(pub(super) Arc<dyn Ports>);

/// What a runbook passes: `days` or `until`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The device.
    device: YubiKeyName,
    /// The management key: `factory-default`, `protected` for the one that the device keeps under its PIN, or one in hex.
    management_key: SecretName,
    /// The PIN, unless neither the key nor the management key wants it.
    #[serde(default)]
    pin: Option<SecretName>,
    /// The slot.
    slot: Slot,
    /// The subject, which is the issuer as well (RFC 4514), for example `CN=TUF key`.
    subject: String,
    /// For how many days it is valid, from now on.
    #[serde(default)]
    #[schemars(range(min = 1, max = 36_500))]
    days: Option<u32>,
    /// The last day on which it is valid, in UTC.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    until: Option<String>,
    /// The file for the certificate, PEM, among the products; none when it is left out.
    #[serde(default)]
    out: Option<String>,
    /// Whether a certificate that is in the slot may be lost.
    #[serde(default)]
    replace: bool,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The device's serial number.
    serial: u32,
    /// The slot, two hex digits.
    slot: String,
    /// The subject (RFC 4514).
    subject: String,
    /// From when it is valid, RFC 3339 in UTC.
    not_before: String,
    /// Until when it is valid, RFC 3339 in UTC.
    not_after: String,
    /// SHA-256 of the certificate's DER, hex.
    certificate_sha256: String,
    /// SHA-256 of the SubjectPublicKeyInfo's DER, hex.
    fingerprint: String,
    /// The file's path in the ceremony folder.
    path: Option<String>,
    /// The file's SHA-256, hex.
    sha256: Option<String>,
}

const MADE: &str = "the certificate was stored";

const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

impl StepHandler for SelfSignCertificate {
    const NAME: &'static str = "piv.self-sign-certificate";
    const SUMMARY: &'static str =
        "Makes a certificate of the key in a slot of a YubiKey, signed by that key, and puts it into the slot.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    const ASKS: &'static [&'static str] = &[PIN_AGAIN, LAST_TRY];
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT, PROTECTED];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let out = arguments.out.as_deref().map(|out| Target::of(stage, out)).transpose()?;
        let subject = arguments.name()?;
        let validity = arguments.validity(Timestamp::now())?;
        let mut card = Card::find(&*self.0, stage, &arguments.device)?;
        let slot = arguments.slot;
        let key = card.held(slot)?;
        let before = Held::read(&mut card, slot.certificate())?;
        if before.is_some() && !arguments.replace {
            let message = format!("a certificate is in slot {slot} of {} already", card.name());
            return Err(Failure::new("exists", message)
                .next("look at it with piv.read-certificate; say `replace: true` in the runbook if it may be lost"));
        }
        card.own_references(true)?;
        authenticate(&mut card, stage, &arguments.management_key, arguments.pin.as_ref())?;
        let body = body(&key, subject, validity)?;
        let signature = sign(&mut card, stage, slot, &key, arguments.pin.as_ref(), &encoded(&body)?)?;
        let certificate = x509_cert::Certificate {
            signature_algorithm: body.signature.clone(),
            tbs_certificate: body,
            signature: BitString::from_bytes(&signature).map_err(|error| unwritten(&error))?,
        };
        let made = Held::from_der(&encoded(&certificate)?).map_err(|fault| unwritten(&fault))?;
        if let Some(out) = &out {
            out.free(&made.pem()?)?;
        }
        let sha256 = before.map(|before| digest_hex(before.der()));
        Seen::Certificate { slot, sha256 }.record(stage, &card)?;
        made.write(&mut card, slot.certificate(), Moment::Changing(MADE))?;
        card.changed(MADE);
        let held = Held::read(&mut card, slot.certificate())?;
        if held.is_none_or(|held| held.der() != made.der()) {
            let message = format!("{} does not give back the certificate that was put into slot {slot}", card.name());
            return Err(Failure::new("untrue-certificate", message)
                .next("do not use this device; keep it as it is, and find out what it is"));
        }
        outputs(&card, slot, &made, out.as_ref(), stage)
    }

    /// The file holds the certificate that the record has, of the recorded key, and signed by it; it is as it was asked for.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let key = match KeyInSlot::of(outputs, arguments.slot, exhibit) {
            Ok(key) => key,
            Err(objection) => return vec![objection],
        };
        let fingerprint = outputs["fingerprint"].as_str().unwrap_or_default();
        let mut objections = key.same_key(fingerprint, exhibit);
        let replace = arguments.replace;
        let fits = |seen: &Seen| matches!(seen, Seen::Certificate { slot, sha256 } if *slot == arguments.slot && (replace || sha256.is_none()));
        objections.extend(before::objections(outputs, exhibit, fits));
        if arguments.out.is_none() {
            return objections;
        }
        match certificate_of(outputs, "path", exhibit) {
            Ok(held) => {
                objections.extend(certificate_objections(arguments, &held, outputs));
                objections.extend(arguments.validity_objection(&held, exhibit));
            }
            Err(objection) => objections.push(objection),
        }
        objections
    }

    /// A certificate that is there is this step's when another or none was seen before, and it is one of this key, signed by it, for
    /// the subject.
    fn probe(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let out = arguments.out.as_deref().map(|out| Target::of(stage, out)).transpose()?;
        let subject = arguments.name()?;
        let mut card = Card::find(&*self.0, stage, &arguments.device)?;
        let slot = arguments.slot;
        let Some(Seen::Certificate { slot: seen, sha256 }) = Seen::recorded(stage, &card)? else {
            return Ok(Probed::NotDone);
        };
        let Some(held) = Held::read(&mut card, slot.certificate())? else { return Ok(Probed::NotDone) };
        let key = card.held(slot)?.public.info()?;
        if seen != slot || sha256 == Some(digest_hex(held.der())) {
            return Ok(Probed::NotDone);
        }
        let of_this_step = held.public_key() == key.der
            && held.certificate().tbs_certificate.subject == subject
            && x509::verify(held.certificate(), held.certificate()).is_ok();
        if !of_this_step {
            let message = format!("another certificate is in slot {slot} of {} than this step makes", card.name());
            return Err(Failure::new("exists", message).next("look at it with piv.read-certificate"));
        }
        Ok(Probed::Done(outputs(&card, slot, &held, out.as_ref(), stage)?))
    }
}

impl Arguments {
    fn name(&self) -> Result<Name, Failure> {
        let subject = &self.subject;
        let wrong = |why: &dyn std::fmt::Display| {
            Failure::new("wrong-argument", format!("`{subject}` is no subject of a certificate: {why}"))
                .next("write it as in `CN=TUF key,O=Example` in the runbook")
        };
        let name: Name = subject.parse().map_err(|error: x509_cert::der::Error| wrong(&error))?;
        if name.0.is_empty() { Err(wrong(&"it is empty")) } else { Ok(name) }
    }

    /// From now on, until then.
    fn validity(&self, now: Timestamp) -> Result<Validity, Failure> {
        let end = match (self.days, &self.until) {
            (Some(days), None) => now.checked_add(Duration::from_secs(u64::from(days) * 86_400)).ok(),
            (None, Some(until)) => {
                let day: Date = until.parse().map_err(|_| {
                    Failure::new("wrong-argument", format!("`{until}` is no day"))
                        .next("write it as YYYY-MM-DD in the runbook")
                })?;
                day.at(23, 59, 59, 0).to_zoned(TimeZone::UTC).ok().map(|last| last.timestamp())
            }
            _ => {
                return Err(Failure::new("wrong-argument", "a certificate is valid for `days` or `until` a day")
                    .next("give one of the two in the runbook"));
            }
        };
        let times = end.filter(|end| *end > now).and_then(|end| Some((time(now)?, time(end)?)));
        let Some((not_before, not_after)) = times else {
            return Err(Failure::new("wrong-argument", "the certificate would not be valid any more when it is made")
                .next("give a later day in the runbook, and see that the clock is right"));
        };
        Ok(Validity { not_before, not_after })
    }
}

impl Arguments {
    /// Objects to a certificate that is valid from another time than that of the step, or for longer or shorter than was asked for.
    fn validity_objection(&self, held: &Held, exhibit: &Exhibit<'_>) -> Option<Objection> {
        let validity = &held.certificate().tbs_certificate.validity;
        let made = i64::try_from(validity.not_before.to_unix_duration().as_secs()).ok();
        let made = made.and_then(|seconds| Timestamp::from_second(seconds).ok())?;
        let this = exhibit.this();
        if !(this.began.as_second()..=this.at.as_second()).contains(&made.as_second()) {
            let message = format!("the certificate is valid from {made} on, which is not when the step made it");
            return Some(Objection::wrong("certificate", message));
        }
        let wanted = self.validity(made).map(|wanted| wanted.not_after.to_unix_duration());
        (wanted.ok() != Some(validity.not_after.to_unix_duration()))
            .then(|| Objection::wrong("certificate", "the certificate is valid until another time than was asked for"))
    }
}

/// A whole second; until 2049 in the short form, from then on in the long one (RFC 5280, 4.1.2.5).
fn time(at: Timestamp) -> Option<Time> {
    let since = Duration::from_secs(u64::try_from(at.as_second()).ok()?);
    UtcTime::from_unix_duration(since)
        .map(Time::UtcTime)
        .or_else(|_| GeneralizedTime::from_unix_duration(since).map(Time::GeneralTime))
        .ok()
}

/// What is signed; no extensions, as the vendor's tools have it.
fn body(key: &Key, subject: Name, validity: Validity) -> Result<TbsCertificate, Failure> {
    let mut serial = [0; 16];
    random(&mut serial)?;
    // Positive, and of 16 bytes.
    serial[0] = serial[0] & 0x7f | 0x40;
    let (oid, parameters) = match &key.public {
        PublicKey::P256(_) => (ECDSA_WITH_SHA256, None),
        PublicKey::P384(_) => (ECDSA_WITH_SHA384, None),
        PublicKey::Rsa2048(_) => (SHA256_WITH_RSA, Some(Any::from(Null))),
    };
    let info = key.public.info()?;
    Ok(TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&serial).map_err(|error| unwritten(&error))?,
        signature: AlgorithmIdentifierOwned { oid, parameters },
        issuer: subject.clone(),
        validity,
        subject,
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(&info.der).map_err(|error| unwritten(&error))?,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: None,
    })
}

fn encoded(what: &impl Encode) -> Result<Vec<u8>, Failure> {
    what.to_der().map_err(|error| unwritten(&error))
}

fn unwritten(error: &dyn std::fmt::Display) -> Failure {
    Failure::new("encoding", format!("the certificate cannot be written: {error}"))
}

fn outputs(
    card: &Card,
    slot: Slot,
    held: &Held,
    out: Option<&Target>,
    stage: &mut Stage<'_>,
) -> Result<Outputs, Failure> {
    let pem = held.pem()?;
    let file = out.map(|out| out.write(stage, &pem)).transpose()?;
    let (not_before, not_after) = held.validity();
    Ok(Outputs {
        serial: card.serial(),
        slot: slot.to_string(),
        subject: held.subject(),
        not_before,
        not_after,
        certificate_sha256: digest_hex(held.der()),
        fingerprint: digest_hex(&held.public_key()),
        path: file.as_ref().map(|file| file.path.clone()),
        sha256: file.map(|file| file.sha256),
    })
}

fn certificate_objections(arguments: &Arguments, held: &Held, outputs: &Value) -> Vec<Objection> {
    let mut objections = Vec::new();
    let mut wrong = |message: String| objections.push(Objection::wrong("certificate", message));
    let (not_before, not_after) = held.validity();
    for (name, found) in [
        ("subject", held.subject()),
        ("not_before", not_before),
        ("not_after", not_after),
        ("certificate_sha256", digest_hex(held.der())),
        ("fingerprint", digest_hex(&held.public_key())),
    ] {
        if outputs[name].as_str() != Some(&found) {
            wrong(format!("the certificate in the file has another {name} than the record says"));
        }
    }
    if arguments.name().is_ok_and(|name| name != held.certificate().tbs_certificate.subject) {
        wrong("the certificate has another subject than was asked for".to_string());
    }
    if x509::verify(held.certificate(), held.certificate()).is_err() {
        wrong("the certificate is not signed by the key that it is of".to_string());
    }
    objections
}
