//! `tuf.delegate`: who signs for which role, what `tuf-on-ci-delegate` does.

use super::{
    edit::{Config, EXPIRY, Editor, NewKey, OnlineConfig},
    faults::is_role_name,
    handle::{Handle, Handles},
    kept::{now, public_key, recorded, recorded_key},
    practice::Scene,
    progress,
    reported::{Files, Found, State},
    signing_event::{Event, same_clone},
    tree::{ONLINE, TOP_LEVEL, Tree, View},
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
use std::collections::BTreeMap;

pub(super) struct Delegate;

/// What a runbook passes. What is left out of a role that is there already stays as it is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The git clone with the event's branch checked out, as an absolute path; `REHEARSAL` for a practice repository.
    pub(super) clone: String,
    /// What is published: a branch or commit that the event goes off from.
    #[serde(default = "super::published")]
    pub(super) published: String,
    /// Who makes the change.
    pub(super) user: Handle,
    /// The root role.
    #[serde(default)]
    pub(super) root: Option<OfflineRole>,
    /// The targets role.
    #[serde(default)]
    pub(super) targets: Option<OfflineRole>,
    /// The roles that an online key signs: snapshot and timestamp.
    #[serde(default)]
    pub(super) online: Option<OnlineRoles>,
    /// Roles that targets delegates to, by name.
    #[serde(default)]
    pub(super) delegations: BTreeMap<String, OfflineRole>,
    /// Roles that nothing changes in but their version and the day on which they expire.
    #[serde(default)]
    pub(super) renew: Vec<String>,
    /// The user's own key, where the user is among the signers: a public key or a certificate, PEM; a relative path is below
    /// `products/`.
    #[serde(default)]
    pub(super) public_key: Option<String>,
    /// The folder below `products/` for copies of the metadata.
    pub(super) out: String,
}

/// A role that people sign for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfflineRole {
    /// Who signs; those whose keys are not known are invited. The user alone, for a new role that does not say.
    #[serde(default)]
    pub(super) signers: Option<Handles>,
    /// In place of signers, for a delegated role: a key that is online.
    #[serde(default)]
    pub(super) online: Option<OnlineKey>,
    /// How many of them must sign; 1 for a new role that does not say.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(super) threshold: Option<u64>,
    /// In how many days a version expires; 365 for a new role that does not say.
    #[serde(default)]
    #[schemars(range(min = 2, max = 36_500))]
    pub(super) expiry_period: Option<u64>,
    /// How many days before that signing begins again; 60 for a new role that does not say.
    #[serde(default)]
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) signing_period: Option<u64>,
}

/// A key that is online.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OnlineKey {
    /// Its public key, PEM; a relative path is below `products/`.
    pub(super) public_key: String,
    /// Where it is, such as `awskms:arn:aws:kms:…`.
    #[schemars(length(min = 1, max = 2_048))]
    pub(super) uri: String,
}

/// The roles that an online key signs.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OnlineRoles {
    /// The key's public key, PEM; a relative path is below `products/`.
    #[serde(default)]
    pub(super) public_key: Option<String>,
    /// Where the key is, such as `awskms:arn:aws:kms:…`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 2_048))]
    pub(super) uri: Option<String>,
    /// 2 and 1 days for a new repository that does not say.
    #[serde(default)]
    pub(super) timestamp: Option<Periods>,
    /// Those of root for a new repository that does not say.
    #[serde(default)]
    pub(super) snapshot: Option<Periods>,
}

/// When an online role expires.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Periods {
    /// In how many days a version expires.
    #[serde(default)]
    #[schemars(range(min = 2, max = 36_500))]
    pub(super) expiry_period: Option<u64>,
    /// How many days before that signing begins again.
    #[serde(default)]
    #[schemars(range(min = 1, max = 36_500))]
    pub(super) signing_period: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Outputs {
    /// The clone.
    found: Found,
    /// When the change was made, RFC 3339: periods count from it.
    at: String,
    /// The event afterwards.
    state: State,
    /// What was compared and made.
    files: Files,
}

impl StepHandler for Delegate {
    const NAME: &'static str = "tuf.delegate";
    const SUMMARY: &'static str =
        "Changes who signs for the roles of a TUF repository, in a signing event of tuf-on-ci.";
    const EFFECT: Effect = Effect::Changes;
    const NOTES: bool = true;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn reaches_out(&self, arguments: &Arguments) -> bool {
        super::reaches_out(&arguments.clone)
    }

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let out = vacant_folder(stage, &arguments.out)?;
        // A change to what is there already is practised on something that is there.
        let is_new =
            arguments.online.as_ref().is_some_and(|online| online.public_key.is_some()) && arguments.root.is_some();
        let scene = (!is_new).then(|| Scene::Published(arguments.user.as_str()));
        let event = Event::find(stage, &arguments.clone, &arguments.published, scene)?;
        event.repository.is_clean(stage, &event.before.tree)?;
        let at = now();
        let key = |path: &str| public_key(stage, path);
        let after = changed(&arguments, &event.published, &event.before, at, key)?.map_err(|why| {
            Failure::new("not-so", format!("the roles cannot be changed so: {why}"))
                .next("correct the step in the runbook")
        })?;
        if after == event.before.tree {
            return Err(Failure::new("nothing-to-do", "all of it is so already; nothing was changed")
                .next("go on without this step, or say what is to change in the runbook"));
        }
        let state = event.write(stage, &after, Some(arguments.user.as_str()), at, Value::Null)?;
        let files = event.keep(stage, Some(&out), &after)?;
        Ok(Outputs { found: event.repository.found(), at: at.to_string(), state, files })
    }

    /// It was done when the clone holds exactly what was about to be written.
    fn probe(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Probed<Outputs>, Failure> {
        let clone = (arguments.clone.as_str(), arguments.published.as_str());
        Event::probe(stage, clone, (arguments.user.as_str(), &arguments.out), |event, _, done| {
            Ok(Outputs { found: event.repository.found(), at: done.at, state: done.state, files: done.files })
        })
    }

    /// The change is made once more from what was there, what is published, and the keys: what comes of it is what was made.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        objections(arguments, outputs, exhibit).unwrap_or_else(|objection| vec![objection])
    }
}

fn objections(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Result<Vec<Objection>, Objection> {
    let out = Some(arguments.out.as_str());
    let recorded = recorded::<Outputs>(outputs, exhibit, out, false, |it| (&it.files, &it.at))?;
    let mut objections: Vec<Objection> = recorded.writing(exhibit).into_iter().collect();
    objections.extend(same_clone(&arguments.clone, &recorded.outputs.found));
    let state = progress::state(&recorded.published, &recorded.after, Some(arguments.user.as_str()), recorded.at);
    objections.extend(state.objection(&recorded.outputs.state));
    let key = |path: &str| recorded_key(exhibit, path);
    match changed(arguments, &recorded.published, &recorded.before, recorded.at, key)? {
        Ok(after) if after == recorded.after.tree => {}
        Ok(_) => objections.push(Objection::wrong("change", "what was written is not what comes of the change")),
        Err(why) => objections.push(Objection::wrong("change", format!("the change cannot be made: {}", plain(&why)))),
    }
    Ok(objections)
}

/// The files after the change; why it cannot be, as a clause. Whoever reads the keys has errors of their own.
fn changed<E>(
    arguments: &Arguments,
    published: &View,
    before: &View,
    at: Timestamp,
    read: impl Fn(&str) -> Result<PublicKey, E>,
) -> Result<Result<Tree, String>, E> {
    let own = arguments.public_key.as_deref().map(&read).transpose()?;
    let online = |path: &Option<String>| path.as_deref().map(&read).transpose();
    let online_key = match &arguments.online {
        Some(roles) => online(&roles.public_key)?,
        None => None,
    };
    let mut keys = BTreeMap::new();
    for (name, role) in &arguments.delegations {
        if let Some(key) = &role.online {
            keys.insert(name.as_str(), NewKey::Online(read(&key.public_key)?, key.uri.clone()));
        }
    }
    Ok(make(arguments, published, before, at, &Keys { own, online_key, delegated: keys }))
}

/// The keys that a change brings.
struct Keys<'a> {
    own: Option<PublicKey>,
    online_key: Option<PublicKey>,
    delegated: BTreeMap<&'a str, NewKey>,
}

fn make(
    arguments: &Arguments,
    published: &View,
    before: &View,
    at: Timestamp,
    keys: &Keys<'_>,
) -> Result<Tree, String> {
    let user = arguments.user.as_str();
    let is_new = before.document("root").is_none();
    let mut editor = Editor::new(published, before.clone(), user, at);
    let own = keys.own.clone().map(NewKey::Own);
    if is_new && (arguments.root.is_none() || keys.online_key.is_none()) {
        return Err("the repository is new: it needs `root`, and `online` with `public_key` and `uri`".to_string());
    }
    for role in ["root", "targets"] {
        let given = if role == "root" { &arguments.root } else { &arguments.targets };
        if given.as_ref().is_some_and(|given| given.online.is_some()) {
            return Err(format!("{role} is signed by people: a key that is online is for other roles"));
        }
        let default = match role {
            "targets" if is_new => editor.config("root"),
            _ => None,
        };
        match given {
            Some(given) => set(&mut editor, role, given, default, own.as_ref(), user)?,
            None if is_new => set(&mut editor, role, &OfflineRole::default(), default, own.as_ref(), user)?,
            None => {}
        }
    }
    if let Some(online) = &arguments.online {
        set_online(&mut editor, online, keys.online_key.as_ref())?;
    }
    for (name, given) in &arguments.delegations {
        if TOP_LEVEL.contains(&name.as_str()) || !is_role_name(name) {
            return Err(format!("{name:?} is no name of a delegated role: letters, digits, `-`, `_` and `.`"));
        }
        if given.online.is_some() && given.signers.is_some() {
            return Err(format!("{name} is signed by people or by a key that is online, not by both"));
        }
        let key = keys.delegated.get(name.as_str()).or(own.as_ref());
        set(&mut editor, name, given, None, key, user)?;
    }
    for role in &arguments.renew {
        if ONLINE.contains(&role.as_str()) {
            return Err(format!("{role} is renewed online"));
        }
        editor.renew(role)?;
    }
    Ok(editor.finish())
}

/// Sets one role; what is not said stays as it is, or is as for a new role.
fn set(
    editor: &mut Editor<'_>,
    role: &str,
    given: &OfflineRole,
    default: Option<Config>,
    key: Option<&NewKey>,
    user: &str,
) -> Result<(), String> {
    let current =
        editor.config(role).filter(|_| editor.event().document(role).is_some_and(|it| it.signed.contains_key(EXPIRY)));
    let fresh = || Config { signers: vec![user.to_string()], threshold: 1, expiry: 365, signing: 60 };
    let mut config = current.clone().or(default).unwrap_or_else(fresh);
    if let Some(Handles(signers)) = &given.signers {
        config.signers = signers.iter().map(|handle| handle.as_str().to_string()).collect();
    }
    if let Some(online) = &given.online {
        config.signers = vec![online.uri.clone()];
    }
    config.threshold = given.threshold.unwrap_or(if given.online.is_some() { 1 } else { config.threshold });
    config.expiry = given.expiry_period.unwrap_or(config.expiry);
    config.signing = given.signing_period.unwrap_or(config.signing);
    if usize::try_from(config.threshold).is_ok_and(|threshold| threshold > config.signers.len()) || config.threshold < 1
    {
        let (there, needed) = (config.signers.len(), config.threshold);
        return Err(format!(
            "{needed} must sign {role}, and it has {}",
            if there == 1 { "1 signer".to_string() } else { format!("{there} signers") }
        ));
    }
    days(role, config.expiry, config.signing)?;
    if let Some(NewKey::Own(public)) = key
        && config.signers.iter().any(|signer| signer == user)
    {
        let theirs = editor.event().keys_of(role).into_iter().filter(|it| it.owner() == Some(user));
        let other = theirs.into_iter().any(|held| held.public.as_ref() != Ok(public));
        if other && config.signers.len() > 1 {
            // Another key takes the place of the one that the user has.
            let without = config.signers.iter().filter(|signer| *signer != user).cloned().collect();
            editor.set(role, &Config { signers: without, ..config.clone() }, None)?;
        } else if other {
            return Err(format!(
                "{user} is the only signer of {role}: let somebody else sign before the key is changed"
            ));
        }
    }
    if current.as_ref().is_none_or(|current| *current != config)
        || editor.config(role) != current
        || key_is_missing(editor, role, key, user)
    {
        editor.set(role, &config, key)?;
    }
    Ok(())
}

/// Whether the user is invited and brings the key.
fn key_is_missing(editor: &Editor<'_>, role: &str, key: Option<&NewKey>, user: &str) -> bool {
    matches!(key, Some(NewKey::Own(_))) && editor.event().invitations.of(user).iter().any(|it| it == role)
}

fn set_online(editor: &mut Editor<'_>, given: &OnlineRoles, key: Option<&PublicKey>) -> Result<(), String> {
    let current = editor.online();
    let key = match (key, &given.uri, &current) {
        (Some(public), Some(uri), _) => Key::online(public, uri).value,
        (None, None, Some(current)) => current.key.clone(),
        _ => return Err("`online` has `public_key` and `uri` together".to_string()),
    };
    let root = editor.config("root").map_or([365, 60], |root| [root.expiry, root.signing]);
    let of = |given: &Option<Periods>, default: [u64; 2]| match given {
        Some(given) => [given.expiry_period.unwrap_or(default[0]), given.signing_period.unwrap_or(default[1])],
        None => default,
    };
    let timestamp = of(&given.timestamp, current.as_ref().map_or([2, 1], |it| it.timestamp));
    let snapshot = of(&given.snapshot, current.as_ref().map_or(root, |it| it.snapshot));
    for (role, [expiry, signing]) in [("timestamp", timestamp), ("snapshot", snapshot)] {
        days(role, expiry, signing)?;
    }
    let id = match &current {
        // A key that is published under an id keeps it.
        Some(current) if current.key == key => {
            editor.event().keys_of("timestamp").first().map_or_else(|| Key::id_of(&key), |key| key.id.clone())
        }
        _ => Key::id_of(&key),
    };
    let config = OnlineConfig { key, timestamp, snapshot };
    if current.as_ref() == Some(&config) { Ok(()) } else { editor.set_online(&config, &id) }
}

fn days(role: &str, expiry: u64, signing: u64) -> Result<(), String> {
    if (1..expiry).contains(&signing) && expiry <= 36_500 {
        return Ok(());
    }
    Err(format!("{role} would expire after {expiry} days, and signing begin again {signing} days before that"))
}
