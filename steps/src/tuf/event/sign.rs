//! `tuf.sign`: what `tuf-on-ci-sign` does once the key is known; and the same in a plain folder of metadata.

use super::{
    diff,
    handle::Handle,
    kept::{Recorded, keep, now, recorded},
    practice::Scene,
    progress,
    reported::{Change, Files, Found, State, WORDING, without_lines},
    repository::plain_folder,
    signing::{self, Made, SigningPlace},
    signing_event::{Event, same_clone},
    tree::{Tree, View},
};
use crate::{
    devices::DeviceName,
    files::{Place, folder_mark},
    piv::{FACTORY_DEFAULT, LAST_TRY, PIN_AGAIN, Slot},
    ports::Ports,
    product::{vacant, vacant_folder},
    tuf::signing_key::{self, KeyName, SigningKey},
    yubihsm::ObjectId,
};
use officiant_engine::{
    conduct::{
        Effect, Exhibit, Failure, Notice, Objection, Probed, Question, QuestionKind, SecretName, Stage, StepHandler,
    },
    record::digest_hex,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{fmt::Write, sync::Arc};

pub(super) struct Sign(pub(super) Arc<dyn Ports>);

/// What a runbook passes: `clone` and `user`, or `metadata`; `device` with what it wants, or `key_file`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The git clone with the event's branch checked out, as an absolute path; `REHEARSAL` for a practice repository.
    #[serde(default)]
    pub(super) clone: Option<String>,
    /// What is published: a branch or commit that the event goes off from.
    #[serde(default = "super::published")]
    pub(super) published: String,
    /// Who signs, in a clone.
    #[serde(default)]
    pub(super) user: Option<Handle>,
    /// In place of a clone: a folder with metadata; a relative path is below `products/`.
    #[serde(default)]
    #[schemars(transform = folder_mark)]
    pub(super) metadata: Option<String>,
    /// The folder below `products/` for the metadata with the signatures: a new one where `metadata` is signed.
    pub(super) out: String,
    /// The roles to sign, all of them that the key is to sign and has not.
    #[serde(default)]
    pub(super) roles: Vec<String>,
    /// The device that holds the key: a YubiKey or a YubiHSM 2.
    #[serde(default)]
    pub(super) device: Option<DeviceName>,
    /// Of a YubiKey: the slot; 9c when it is left out.
    #[serde(default)]
    pub(super) slot: Option<Slot>,
    /// Of a YubiKey: the PIN.
    #[serde(default)]
    pub(super) pin: Option<SecretName>,
    /// Of a YubiHSM 2: the ID of the key.
    #[serde(default)]
    pub(super) object_id: Option<ObjectId>,
    /// Of a YubiHSM 2: the authentication key to open the session with; the factory's when it is left out.
    #[serde(default)]
    pub(super) authentication_key: Option<ObjectId>,
    /// Of a YubiHSM 2: the password of that.
    #[serde(default)]
    pub(super) password: Option<SecretName>,
    /// In place of a device, for tests and rehearsals: a private key, PKCS #8, PEM; a relative path is below `products/`.
    #[serde(default)]
    pub(super) key_file: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Outputs {
    /// The clone; nothing where a plain folder was signed.
    found: Option<Found>,
    /// When it was signed, RFC 3339.
    at: String,
    /// The device's serial number; nothing for a key in a file.
    serial: Option<u32>,
    /// SHA-256 of the SubjectPublicKeyInfo's DER of the key, hex.
    fingerprint: String,
    /// The signatures that were made.
    signatures: Vec<Made>,
    /// The event afterwards.
    state: State,
    /// What was compared and made.
    files: Files,
}

impl Arguments {
    fn key(&self) -> KeyName<'_> {
        KeyName {
            device: self.device.as_ref(),
            slot: self.slot,
            pin: self.pin.as_ref(),
            object_id: self.object_id,
            authentication_key: self.authentication_key,
            password: self.password.as_ref(),
            key_file: self.key_file.as_deref(),
        }
    }
}

/// The slot of the question whether what was shown is to be signed.
const GO: &str = "sign";

/// From how many lines on what is shown does not fit on every screen.
const A_SCREEN: usize = 20;

/// What the changes are recorded under that were shown.
const SHOWN: &str = "shown";

impl StepHandler for Sign {
    const NAME: &'static str = "tuf.sign";
    const SUMMARY: &'static str =
        "Shows what changed in TUF metadata, signs it when that is what was meant, and verifies the signatures.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    const IRREVERSIBLE: Option<&'static str> =
        Some("Whoever gets a signature can use it: it cannot be taken back before what is signed expires.");
    const ASKS: &'static [&'static str] = &[GO, PIN_AGAIN, LAST_TRY];
    const KNOWN_SECRETS: &'static [&'static str] = &[FACTORY_DEFAULT];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn reaches_out(&self, arguments: &Arguments) -> bool {
        arguments.clone.as_deref().is_some_and(super::reaches_out)
    }

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        match (&arguments.clone, &arguments.user, &arguments.metadata) {
            (Some(clone), Some(user), None) => in_clone(&*self.0, &arguments, clone, user.as_str(), stage),
            (None, None, Some(folder)) => in_folder(&*self.0, &arguments, folder, stage),
            _ => Err(Failure::new(
                "wrong-argument",
                "what is signed is in a `clone`, for a `user`, or in a folder `metadata`",
            )
            .next("give `clone` and `user`, or `metadata`, in the runbook")),
        }
    }

    /// It was done when the clone holds exactly what was about to be written. A plain folder of products that is in no entry was
    /// set aside, and is signed once more.
    fn probe(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let (Some(clone), Some(user)) = (&arguments.clone, &arguments.user) else { return Ok(Probed::NotDone) };
        let clone = (clone.as_str(), arguments.published.as_str());
        Event::probe(stage, clone, (user.as_str(), &arguments.out), |event, _, done| {
            let with: With = serde_json::from_value(done.with).map_err(|error| {
                Failure::new("record", format!("the record does not say what was signed: {error}"))
                    .next("replay the record: somebody changed it")
            })?;
            Ok(with.outputs(Some(event.repository.found()), done.at, done.state, done.files))
        })
    }

    /// The signatures verify with the keys that the metadata has, they are all that changed, nothing was against signing, and a
    /// person said yes to the changes that the files show today.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        objections(arguments, outputs, exhibit).unwrap_or_else(|objection| vec![objection])
    }
}

/// What a break must not make forgotten.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct With {
    serial: Option<u32>,
    fingerprint: String,
    signatures: Vec<Made>,
}

impl With {
    fn outputs(self, found: Option<Found>, at: String, state: State, files: Files) -> Outputs {
        let Self { serial, fingerprint, signatures } = self;
        Outputs { found, at, serial, fingerprint, signatures, state, files }
    }
}

fn in_clone(
    ports: &dyn Ports,
    arguments: &Arguments,
    clone: &str,
    user: &str,
    stage: &mut Stage<'_>,
) -> Result<Outputs, Failure> {
    let out = vacant_folder(stage, &arguments.out)?;
    let mut key = signing_key::open(ports, stage, arguments.key())?;
    let scene = Scene::ToSign(user, key.public());
    let event = Event::find(stage, clone, &arguments.published, Some(scene))?;
    event.repository.is_clean(stage, &event.before.tree)?;
    event.repository.is_current(&event.published.tree, &event.before.tree)?;
    let at = now();
    let state = progress::state(&event.published, &event.before, Some(user), at);
    may_be_signed(&state)?;
    let places = signing::places(&event.published, &event.before, user, &state, &arguments.roles, key.public())
        .map_err(|refusal| refusal.failure(user, &key.place()))?;
    event.show(stage, &state);
    let signatures = make(stage, key.as_mut(), &event.before, &places, &state)?;
    let after = signing::with_signatures(&event.before, &signatures).map_err(|why| unwritable(&why))?;
    let with = With { serial: key.serial(), fingerprint: key.public().fingerprint(), signatures };
    let value = serde_json::to_value(&with).map_err(|error| Failure::new("encoding", error.to_string()))?;
    let state = event.state(&after, Some(user), at)?;
    event.put(stage, &after, at, value)?;
    say_counts(stage, &state);
    let files = event.keep(stage, Some(&out), &after)?;
    Ok(with.outputs(Some(event.repository.found()), at.to_string(), state, files))
}

fn in_folder(
    ports: &dyn Ports,
    arguments: &Arguments,
    folder: &str,
    stage: &mut Stage<'_>,
) -> Result<Outputs, Failure> {
    let out = Place::product(&arguments.out)?;
    let tree = plain_folder(&Place::of(folder)?, stage)?;
    for path in tree.keys() {
        vacant(stage, &format!("{out}/{path}"))?;
    }
    let unusable = |why: String| {
        Failure::new("metadata", crate::text::plain(&format!("in `{folder}`, {why}")))
            .next("see that this is the right folder")
    };
    let before = View::plain(tree).map_err(unusable)?;
    let mut key = signing_key::open(ports, stage, arguments.key())?;
    let at = now();
    let state = progress::of_folder(&before, at);
    may_be_signed(&state)?;
    let places = signing::plain_places(&before, &arguments.roles, key.public())
        .map_err(|refusal| refusal.failure("whoever holds it", &key.place()))?;
    stage.show(Notice::Banner(diff::in_words(&state.changes)));
    let signatures = make(stage, key.as_mut(), &before, &places, &state)?;
    let after = signing::with_signatures(&before, &signatures).map_err(|why| unwritable(&why))?;
    let state = progress::of_folder(&View::plain(after.clone()).map_err(unusable)?, at);
    let with = With { serial: key.serial(), fingerprint: key.public().fingerprint(), signatures };
    say_counts(stage, &state);
    let files = keep(stage, Some(&out), &Tree::new(), &before.tree, &after)?;
    Ok(with.outputs(None, at.to_string(), state, files))
}

fn unwritable(why: &str) -> Failure {
    Failure::new("metadata", format!("the signature cannot be put into the metadata: {why}"))
        .next("nothing was written; find out what is wrong with the metadata, and sign again")
}

/// Refuses before anybody signs.
fn may_be_signed(state: &State) -> Result<(), Failure> {
    if state.faults.is_empty() {
        return Ok(());
    }
    Err(Failure::new("not-signable", format!("this must not be signed: {}", state.faults.join("; ")))
        .next("sign nothing; tell whoever leads the event"))
}

/// Asks whether what was shown is to be signed, signs it, and verifies each signature with the key as metadata has it.
fn make(
    stage: &mut Stage<'_>,
    key: &mut dyn SigningKey,
    before: &View,
    places: &[SigningPlace],
    state: &State,
) -> Result<Vec<Made>, Failure> {
    let mut roles: Vec<&str> = places.iter().map(|place| place.role.as_str()).collect();
    roles.dedup();
    for role in &roles {
        let length = before.document(role).map_or(0, |document| document.canonical().len());
        if let Some(most) = key.longest().filter(|most| length > *most) {
            return Err(Failure::new(
                "too-long",
                format!(
                    "{} signs at most {most} bytes with ed25519, and {role} has {length}; nothing was signed",
                    key.place()
                ),
            )
            .next("use a key on P-256 or P-384 for this role, or let fewer keys and paths stand in its metadata"));
        }
    }
    let showing = serde_json::to_value(&state.changes).map_err(|error| Failure::new("encoding", error.to_string()))?;
    stage.observe(json!({ SHOWN: showing, "wording": WORDING }))?;
    let mut question = format!("Is this what is to be signed: {}?", signing::versions(before, &roles));
    let long = diff::in_words(&state.changes).lines().count();
    if long > A_SCREEN {
        // What is at the beginning, such as new keys, has left the screen.
        let _ = write!(question, " What changed is {long} lines long: read it from its first line on.");
    }
    let question = Question::new(question, QuestionKind::Confirm)
        .if_no("nothing is signed, and you choose what to do")
        .rehearse(Some(true.into()));
    if stage.ask(question.slot(GO))? != Value::Bool(true) {
        return Err(Failure::new("not-confirmed", "what was shown is not what is to be signed; nothing was signed")
            .next("find out who changed what, and try again"));
    }
    let mut made: Vec<Made> = Vec::new();
    for place in places {
        let Some(document) = before.document(&place.role) else { continue };
        let message = document.canonical();
        // A key that stands under two ids signs once.
        let held = made.iter().find(|it| it.role == place.role).and_then(|it| hex::decode(&it.signature).ok());
        let signature = match held {
            Some(signature) => signature,
            None => key.sign(stage, &message)?,
        };
        if !place.key.public.as_ref().is_ok_and(|public| public.verifies(&message, &signature)) {
            return Err(Failure::new(
                "untrue-signature",
                format!(
                    "the signature from {} does not verify with the key that the metadata has; it was not kept",
                    key.place()
                ),
            )
            .next("do not use this device; keep it as it is, and find out what it is"));
        }
        made.push(Made {
            role: place.role.clone(),
            version: before.version(&place.role),
            keyid: place.key.id.clone(),
            signed_sha256: digest_hex(&message),
            signature: hex::encode(signature),
        });
    }
    Ok(made)
}

/// Says how many are still missing, and whose.
fn say_counts(stage: &mut Stage<'_>, state: &State) {
    for role in &state.signatures {
        let missing = if role.reached {
            "that is enough".to_string()
        } else {
            format!("missing: {}", state.awaited(role).join(", "))
        };
        let said = format!("{}: {} of {} signatures; {missing}.", role.role, role.signed_by.len(), role.threshold);
        stage.show(Notice::Information(said));
    }
}

fn objections(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Result<Vec<Objection>, Objection> {
    let is_plain = arguments.metadata.is_some();
    let recorded = recorded::<Outputs>(outputs, exhibit, Some(&arguments.out), is_plain, |it| (&it.files, &it.at))?;
    let Recorded { outputs, published, before, after, at } = &recorded;
    let user = arguments.user.as_ref().map(Handle::as_str);
    let mut objections = Vec::new();
    let mut wrong = |code, message: String| objections.push(Objection::wrong(code, crate::text::plain(&message)));
    let (state_before, state_after) = if is_plain {
        (progress::of_folder(before, *at), progress::of_folder(after, *at))
    } else {
        (progress::state(published, before, user, *at), progress::state(published, after, user, *at))
    };
    for fault in &state_before.faults {
        wrong("not-signable", format!("it must not have been signed: {fault}"));
    }
    if outputs.found.is_some() == is_plain {
        wrong("clone", "the record does not say where it was signed".to_string());
    }
    if let (Some(clone), Some(found)) = (&arguments.clone, &outputs.found)
        && let Some(objection) = same_clone(clone, found)
    {
        wrong(objection.code, objection.message);
    }
    if !was_shown(&state_before, exhibit) {
        wrong("diff", "what was shown before signing is not what changed".to_string());
    }
    let answered = exhibit.this().answered.iter().rev().find(|(slot, _)| slot == GO);
    if answered.is_none_or(|(_, answer)| *answer != Value::Bool(true)) {
        wrong("not-confirmed", "nobody said that this is what is to be signed".to_string());
    }
    if outputs.serial.is_some() != arguments.device.is_some() {
        wrong("serial", "the record does not say which device signed".to_string());
    }
    if let (Some(serial), Some(bound)) = (outputs.serial, exhibit.this().serial)
        && serial != bound
    {
        wrong(
            "serial",
            format!("the step names the device with the serial number {bound}, what came of it is of {serial}"),
        );
    }
    for message in signing::faults(published, before, user, &outputs.fingerprint, &outputs.signatures) {
        wrong("signature", message);
    }
    if signing::with_signatures(before, &outputs.signatures).as_ref() != Ok(&after.tree) {
        wrong("change", "the signatures are not all that changed".to_string());
    }
    objections.extend(state_after.objection(&outputs.state));
    if !is_plain {
        objections.extend(recorded.writing(exhibit));
    }
    Ok(objections)
}

/// Whether what changed was shown, word by word where the words are still the same.
fn was_shown(state: &State, exhibit: &Exhibit<'_>) -> bool {
    let Some(seen) = exhibit.this().seen.iter().rev().find(|seen| seen.get(SHOWN).is_some()) else { return false };
    if seen["wording"] == WORDING {
        return serde_json::to_value(&state.changes).is_ok_and(|changes| seen[SHOWN] == changes);
    }
    let wording = seen["wording"].as_u64().and_then(|wording| u32::try_from(wording).ok());
    let shown = serde_json::from_value::<Vec<Change>>(seen[SHOWN].clone());
    wording.is_some_and(|wording| state.knows_wording(wording))
        && shown.is_ok_and(|shown| without_lines(&shown) == without_lines(&state.changes))
}
