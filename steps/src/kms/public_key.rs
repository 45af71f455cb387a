//! `kms.public-key`.

use super::{
    arn::KeyArn,
    client::{Answer, PATIENCE, ask},
    refused::Refused,
    scheme::Signing,
};
use crate::{
    product::Target,
    recorded::file_of,
    tuf::metadata::{Key, PublicKey},
};
use aws_sdk_kms::types::{KeyUsageType, SigningAlgorithmSpec};
use officiant_engine::conduct::{
    Effect, Exhibit, Failure, Notice, Objection, Question, QuestionKind, Stage, StepHandler,
};
use p256::ecdsa::SigningKey;
use rand_core::OsRng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The key of a rehearsal, which nobody holds.
const REHEARSAL: &str = "REHEARSAL";

/// The scheme of a URI that says that a key is in AWS KMS, as securesystemslib has it.
const URI: &str = "awskms";

/// The slot of the question whether a rehearsal may ask AWS.
const MAY_ASK: &str = "aws";

/// Writes the public key of a key in AWS KMS as PEM, as securesystemslib's `AWSSigner` imports it.
pub(super) struct GetPublicKey;

/// What a runbook passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The key's ARN; no alias, which can be pointed elsewhere. `REHEARSAL` in a rehearsal: a key that nobody holds is made up.
    key: String,
    /// How it signs, by AWS's name.
    #[serde(default)]
    scheme: Signing,
    /// The file to write, among the products.
    out: String,
}

/// What the step's `id` names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// The key's ARN; `REHEARSAL` for the one that was made up.
    arn: String,
    /// Where the key is, as metadata says it: `awskms:` and the ARN.
    uri: String,
    /// Who was asked: scheme, host and port; nobody in a rehearsal that made the key up.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// How it signs, by TUF's name: `ecdsa-sha2-nistp256`.
    scheme: String,
    /// TUF's type of key: `ecdsa`.
    keytype: String,
    /// The id that the key has in metadata by itself.
    keyid: String,
    /// The id that it has with its URI, as tuf-on-ci's metadata has it.
    keyid_with_uri: String,
    /// SHA-256 of the SubjectPublicKeyInfo's DER, hex.
    fingerprint: String,
    /// The file's path in the ceremony folder.
    path: String,
    /// The file's SHA-256, hex.
    sha256: String,
}

impl StepHandler for GetPublicKey {
    const NAME: &'static str = "kms.public-key";
    const SUMMARY: &'static str = "Writes the public key of a key in AWS KMS as PEM, and says its URI.";
    const EFFECT: Effect = Effect::Observes;
    const ASKS: &'static [&'static str] = &[MAY_ASK];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn reaches_out(&self, arguments: &Arguments) -> bool {
        arguments.key != REHEARSAL
    }

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let out = Target::of(stage, &arguments.out)?;
        let (public, endpoint) = if arguments.key == REHEARSAL {
            (made_up(arguments.scheme, stage)?, None)
        } else {
            let arn = KeyArn::parse(&arguments.key).map_err(|why| {
                Failure::new("wrong-argument", format!("`key`: {why}"))
                    .next("name the key by its own ARN, which the AWS console shows")
            })?;
            may_ask(stage)?;
            let answer = ask(&arn, &stage.bindings().kms, PATIENCE)?;
            let public = judged(&answer, &arn, arguments.scheme)?;
            stage.show(Notice::Information(format!("{} has this key: {}", answer.endpoint, public.fingerprint())));
            (public, Some(answer.endpoint))
        };
        let file = out.write(stage, public.pem().as_bytes())?;
        let Named { uri, scheme, keytype, keyid, keyid_with_uri, fingerprint } = Named::of(&public, &arguments.key);
        let (arn, path, sha256) = (arguments.key, file.path, file.sha256);
        Ok(Outputs { arn, uri, endpoint, scheme, keytype, keyid, keyid_with_uri, fingerprint, path, sha256 })
    }

    /// The file holds a public key that signs as the step says, with the ids and the URI that the record has. That KMS holds the
    /// private half is what the step saw; nothing proves it afterwards.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let wrong = |message: String| Objection::wrong("public-key", message);
        if arguments.key == REHEARSAL && !exhibit.rehearsal() {
            return vec![wrong("the key is one that was made up for a rehearsal".to_string())];
        }
        let file = match file_of(outputs, "path", exhibit) {
            Ok(file) => file,
            Err(objection) => return vec![objection],
        };
        let public = PublicKey::from_pem(&file).filter(|key| arguments.scheme.fits(key));
        let Some(public) = public.filter(|key| key.pem().as_bytes() == file) else {
            let name = arguments.scheme.name();
            return vec![wrong(format!("the file is no public key, PEM, of a key that signs by {name}"))];
        };
        let named = serde_json::to_value(Named::of(&public, &arguments.key)).unwrap_or_default();
        let named = named.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value.clone()));
        named
            .chain([("arn", arguments.key.clone().into())])
            .filter(|(name, value)| outputs[*name] != *value)
            .map(|(name, _)| wrong(format!("the public key in the file has another {name} than the record says")))
            .collect()
    }
}

/// What follows from a public key and from where the private half is.
#[derive(Serialize)]
struct Named {
    uri: String,
    scheme: String,
    keytype: String,
    keyid: String,
    keyid_with_uri: String,
    fingerprint: String,
}

impl Named {
    fn of(public: &PublicKey, arn: &str) -> Self {
        let (uri, scheme) = (format!("{URI}:{arn}"), public.scheme());
        Self {
            scheme: scheme.name().to_string(),
            keytype: scheme.keytype().to_string(),
            keyid: Key::named(public.to_tuf()).id,
            keyid_with_uri: Key::online(public, &uri).id,
            fingerprint: public.fingerprint(),
            uri,
        }
    }
}

/// A public key whose private half is forgotten at once.
fn made_up(signing: Signing, stage: &mut Stage<'_>) -> Result<PublicKey, Failure> {
    if !stage.rehearsal() {
        return Err(Failure::new("rehearsal", "`key` is REHEARSAL, and this is no rehearsal")
            .next("name the ARN of the key in KMS; in the bindings, where it is an input of the runbook"));
    }
    let public = match signing {
        Signing::EcdsaSha256 => PublicKey::P256(*SigningKey::random(&mut OsRng).verifying_key()),
        Signing::EcdsaSha384 => PublicKey::P384(*p384::ecdsa::SigningKey::random(&mut OsRng).verifying_key()),
        Signing::RsassaPssSha256 => {
            return Err(Failure::new("wrong-argument", "a rehearsal makes up keys for ECDSA alone")
                .next("leave `scheme` out, or name the ARN of a real key"));
        }
    };
    stage.show(Notice::Information(
        "In this rehearsal AWS is not asked: the key is made up, and nobody holds it.".into(),
    ));
    Ok(public)
}

/// Whether a rehearsal may ask AWS; a ceremony does.
fn may_ask(stage: &mut Stage<'_>) -> Result<(), Failure> {
    if !stage.rehearsal() {
        return Ok(());
    }
    let question = Question::new("This asks AWS for a real key. May it, in this rehearsal?", QuestionKind::Confirm)
        .slot(MAY_ASK)
        .if_no("nobody is asked, and you choose what to do")
        .reaching_out(true)
        .rehearse(Some(true.into()));
    match stage.ask(question)? {
        Value::Bool(true) => Ok(()),
        _ => Err(Failure::new("not-asked", "AWS was not asked").next("give REHEARSAL as the key in a rehearsal")),
    }
}

/// The public key of an answer; why it does not count.
fn judged(answer: &Answer, arn: &KeyArn, signing: Signing) -> Result<PublicKey, Refused> {
    let output = &answer.output;
    let wrong = |why: String| Err(Refused::Answer(why));
    match output.key_id() {
        None => return wrong("it does not say which key it is about".to_string()),
        Some(named) if arn.is(named) => {}
        Some(named) => {
            return wrong(match KeyArn::parse(named) {
                Ok(other) => format!("it is about the key {}, not {}", other.text(), arn.text()),
                Err(_) => format!("it is about another key than {}", arn.text()),
            });
        }
    }
    if output.key_usage() != Some(&KeyUsageType::SignVerify) {
        return Err(Refused::Unfit("the key is not for signing (SIGN_VERIFY)".to_string()));
    }
    if !output.signing_algorithms().contains(&SigningAlgorithmSpec::from(signing.name())) {
        return Err(Refused::Unfit(format!("the key does not sign by {}", signing.name())));
    }
    let Some(der) = output.public_key().map(AsRef::as_ref) else {
        return wrong("it has no public key".to_string());
    };
    match PublicKey::from_der(der) {
        None => wrong("its public key cannot be read".to_string()),
        Some(public) if public.der() != der => wrong("its public key is not written as DER must be".to_string()),
        Some(public) if !signing.fits(&public) => {
            let (scheme, name) = (public.scheme().name(), signing.name());
            wrong(format!("its public key is one for {scheme}, and it says that the key signs by {name}"))
        }
        Some(public) => Ok(public),
    }
}
