//! `tuf.status`: how far a signing event is.

use super::{
    handle::Handle,
    kept::{keep, now, recorded},
    practice::Scene,
    progress,
    reported::{Files, Found, State},
    repository::differing,
    signing_event::{Event, same_clone},
};
use officiant_engine::conduct::{Effect, Exhibit, Failure, Objection, Stage, StepHandler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) struct Status;

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The git clone with the event's branch checked out, as an absolute path; `REHEARSAL` for a practice repository.
    pub(super) clone: String,
    /// What is published: a branch or commit that the event goes off from.
    #[serde(default = "super::published")]
    pub(super) published: String,
    /// Who asks.
    #[serde(default)]
    pub(super) user: Option<Handle>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Outputs {
    /// The clone.
    found: Found,
    /// When it was looked at, RFC 3339.
    at: String,
    /// What in `metadata/` is not as it is in the commit that is checked out, by its path there.
    uncommitted: Vec<String>,
    /// The event.
    state: State,
    /// What was compared; what is before and after are the same.
    files: Files,
}

impl StepHandler for Status {
    const NAME: &'static str = "tuf.status";
    const SUMMARY: &'static str =
        "Says how far a signing event of tuf-on-ci is: what changed, who has signed, who is missing.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, arguments: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let user = arguments.user.as_ref().map(Handle::as_str);
        let scene = Scene::Invited(user.unwrap_or("@rehearsal-user"));
        let event = Event::find(stage, &arguments.clone, &arguments.published, Some(scene))?;
        let at = now();
        let state = progress::state(&event.published, &event.before, user, at);
        event.show(stage, &state);
        let uncommitted = differing(&event.repository.committed()?, &event.before.tree);
        let tree = &event.before.tree;
        let files = keep(stage, None, &event.published.tree, tree, tree)?;
        Ok(Outputs { found: event.repository.found(), at: at.to_string(), uncommitted, state, files })
    }

    /// The files that were kept say the same today, at the time of the step.
    fn audit(&self, arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        objections(arguments, outputs, exhibit).unwrap_or_else(|objection| vec![objection])
    }
}

fn objections(arguments: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Result<Vec<Objection>, Objection> {
    let recorded = recorded::<Outputs>(outputs, exhibit, None, false, |it| (&it.files, &it.at))?;
    let mut objections: Vec<Objection> = same_clone(&arguments.clone, &recorded.outputs.found).into_iter().collect();
    let user = arguments.user.as_ref().map(Handle::as_str);
    let state = progress::state(&recorded.published, &recorded.after, user, recorded.at);
    objections.extend(state.objection(&recorded.outputs.state));
    if recorded.before.tree != recorded.after.tree {
        objections.push(Objection::wrong("state", "the event is not as the record says that it was"));
    }
    Ok(objections)
}
