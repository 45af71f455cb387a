//! `tuf.accept`: somebody who is invited gives their key, the first half of what `tuf-on-ci-sign` does.

use super::{
    edit::{Editor, NewKey},
    handle::Handle,
    kept::{now, public_key, recorded, recorded_key},
    practice::Scene,
    progress,
    reported::{Files, Found, State},
    signing_event::{Event, same_clone},
    tree::{Tree, View},
};
use crate::{
    product::vacant_folder,
    text::plain,
    tuf::metadata::{Key, PublicKey},
};
use jiff::Timestamp;
use officiant_engine::conduct::{Effect, Exhibit, Failure, Objection, Probed, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) struct Accept;

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The git clone with the event's branch checked out, as an absolute path; `REHEARSAL` for a practice repository.
    pub(super) clone: String,
    /// What is published: a branch or commit that the event goes off from.
    #[serde(default = "super::published")]
    pub(super) published: String,
    /// Who is invited.
    pub(super) user: Handle,
    /// Their key: a public key or a certificate, PEM; a relative path is below `products/`.
    pub(super) public_key: String,
    /// The folder below `products/` for copies of the metadata.
    pub(super) out: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Outputs {
    /// The clone.
    found: Found,
    /// When the key was added, RFC 3339: periods count from it.
    at: String,
    /// The roles that the user signs for from now on.
    roles: Vec<String>,
    /// The id that metadata has the key under.
    keyid: String,
    /// SHA-256 of the SubjectPublicKeyInfo's DER, hex.
    fingerprint: String,
    /// The event afterwards.
    state: State,
    /// What was compared and made.
    files: Files,
}

impl StepHandler for Accept {
    const NAME: &'static str = "tuf.accept";
    const SUMMARY: &'static str =
        "Adds a key to every role of a TUF repository that its holder is invited to, in a signing event of tuf-on-ci.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn reaches_out(&self, arguments: &Arguments) -> bool {
        super::reaches_out(&arguments.clone)
    }

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let out = vacant_folder(stage, &arguments.out)?;
        let key = public_key(stage, &arguments.public_key)?;
        let user = arguments.user.as_str();
        let event = Event::find(stage, &arguments.clone, &arguments.published, Some(Scene::Invited(user)))?;
        let roles = event.before.invitations.of(user).to_vec();
        if roles.is_empty() {
            return Err(not_invited(&event, user));
        }
        event.repository.is_clean(stage, &event.before.tree)?;
        let at = now();
        let after = accepted(&event.published, &event.before, user, &key, at).map_err(|why| {
            Failure::new("not-so", format!("the key cannot be added: {why}")).next("tell whoever leads the event")
        })?;
        let state = event.write(stage, &after, Some(user), at, Value::Null)?;
        let files = event.keep(stage, Some(&out), &after)?;
        Ok(Outputs::new(&event, &arguments, &key, at.to_string(), state, files))
    }

    /// It was done when the clone holds exactly what was about to be written.
    fn probe(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let clone = (arguments.clone.as_str(), arguments.published.as_str());
        Event::probe(stage, clone, (arguments.user.as_str(), &arguments.out), |event, stage, done| {
            let key = public_key(stage, &arguments.public_key)?;
            Ok(Outputs::new(event, &arguments, &key, done.at, done.state, done.files))
        })
    }

    /// The key is added once more to what was there: what comes of it is what was made, so exactly that key came in.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        objections(arguments, outputs, exhibit).unwrap_or_else(|objection| vec![objection])
    }
}

impl Outputs {
    fn new(event: &Event, arguments: &Arguments, key: &PublicKey, at: String, state: State, files: Files) -> Self {
        let user = arguments.user.as_str();
        Self {
            found: event.repository.found(),
            at,
            roles: event.before.invitations.of(user).to_vec(),
            keyid: Key::of_owner(key, user).id,
            fingerprint: key.fingerprint(),
            state,
            files,
        }
    }
}

/// The files once somebody has given their key.
fn accepted(published: &View, before: &View, user: &str, key: &PublicKey, at: Timestamp) -> Result<Tree, String> {
    let mut editor = Editor::new(published, before.clone(), user, at);
    for role in before.invitations.of(user) {
        let taken = before.keys_of(role).into_iter().find(|held| held.public.as_ref() == Ok(key));
        if let Some(taken) = taken {
            return Err(format!("{} has this very key in the role {role}", taken.called()));
        }
        let config = editor.config(role).ok_or_else(|| format!("there is no role {role:?}"))?;
        editor.set(role, &config, Some(&NewKey::Own(key.clone())))?;
    }
    Ok(editor.finish())
}

fn not_invited(event: &Event, user: &str) -> Failure {
    let has_key = event
        .before
        .documents
        .keys()
        .any(|role| event.before.keys_of(role).iter().any(|key| key.owner() == Some(user)));
    if has_key {
        return Failure::new("not-invited", format!("{user} is invited to nothing, and has a key in it already"))
            .next("go on without this step: sign with tuf.sign");
    }
    let invited: Vec<&str> = event.before.invitations.0.iter().map(|(handle, _)| handle.as_str()).collect();
    let invited = if invited.is_empty() { "nobody".to_string() } else { invited.join(", ") };
    Failure::new("not-invited", plain(&format!("{user} is not invited in this event; invited: {invited}")))
        .next("see that the handle is yours and the event's newest commit is checked out (`git pull`), or ask its lead")
}

fn objections(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Result<Vec<Objection>, Objection> {
    let out = Some(arguments.out.as_str());
    let recorded = recorded::<Outputs>(outputs, exhibit, out, false, |it| (&it.files, &it.at))?;
    let user = arguments.user.as_str();
    let mut objections: Vec<Objection> = recorded.writing(exhibit).into_iter().collect();
    objections.extend(same_clone(&arguments.clone, &recorded.outputs.found));
    let state = progress::state(&recorded.published, &recorded.after, Some(user), recorded.at);
    objections.extend(state.objection(&recorded.outputs.state));
    if recorded.outputs.roles != recorded.before.invitations.of(user) {
        objections.push(Objection::wrong("roles", format!("{user} was invited to other roles than the record says")));
    }
    let key = recorded_key(exhibit, &arguments.public_key)?;
    if recorded.outputs.fingerprint != key.fingerprint() || recorded.outputs.keyid != Key::of_owner(&key, user).id {
        objections.push(Objection::wrong("key", "the key is not the one that the record says"));
    }
    match accepted(&recorded.published, &recorded.before, user, &key, recorded.at) {
        Ok(after) if after == recorded.after.tree => {}
        Ok(_) => objections.push(Objection::wrong("change", "what was written is not what comes of adding that key")),
        Err(why) => objections.push(Objection::wrong("change", format!("the key cannot be added: {}", plain(&why)))),
    }
    Ok(objections)
}
