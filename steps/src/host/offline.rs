//! `host.offline`.

use officiant_engine::{
    conduct::{Effect, Exhibit, Failure, Objection, Stage, StepHandler},
    record::HostFacts,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `host.offline`: what the interpreter performs at the start of a section on an `offline: true` computer.
pub(super) struct Offline;

/// Arguments of `host.offline`: none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {}

/// Outputs of `host.offline`.
#[derive(Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// Every network interface with its operational state, as the kernel names it (RFC 2863); `unreadable` where it does not tell.
    interfaces: BTreeMap<String, String>,
}

impl StepHandler for Offline {
    const NAME: &'static str = "host.offline";
    const SUMMARY: &'static str = "Checks that no network interface of this machine is up.";
    const EFFECT: Effect = Effect::Observes;
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, _: Arguments, _: &mut Stage<'_>) -> Result<Outputs, Failure> {
        judge(super::facts())
    }

    /// None of the interfaces that were recorded was up.
    fn audit(&self, _: &Arguments, outputs: &Value, _: &Exhibit<'_>) -> Vec<Objection> {
        match serde_json::from_value(outputs["interfaces"].clone()) {
            Ok(interfaces) => judge(HostFacts { interfaces: Some(interfaces), ..HostFacts::default() })
                .err()
                .map(|failure| Objection::wrong("online", failure.message)),
            Err(_) => Some(Objection::wrong("online", "the record does not say which interfaces there were")),
        }
        .into_iter()
        .collect()
    }
}

fn judge(facts: HostFacts) -> Result<Outputs, Failure> {
    let Some(online) = facts.online() else {
        return Err(Failure::new("unknown-interfaces", "this system does not tell its network interfaces")
            .next("look yourself, and deviate with what you saw as the reason"));
    };
    if !online.is_empty() {
        let message =
            format!("this computer must be offline, and these network interfaces are up: {}", online.join(", "));
        return Err(Failure::new("online", message).next("pull the cable or take them down, then try again"));
    }
    Ok(Outputs { interfaces: facts.interfaces.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(interfaces: &[(&str, &str)]) -> Result<Outputs, Failure> {
        let interfaces = interfaces.iter().map(|(name, state)| (name.to_string(), state.to_string())).collect();
        judge(HostFacts { interfaces: Some(interfaces), ..HostFacts::default() })
    }

    #[test]
    fn an_interface_that_is_up_is_named() {
        let failure = found(&[("eth0", "up"), ("lo", "unknown"), ("wlan0", "down")]).err().unwrap();
        assert_eq!(failure.code, "online");
        assert!(failure.message.ends_with("are up: eth0"));
    }

    #[test]
    fn the_loopback_interface_alone_is_offline() {
        let states = [("lo", "unknown"), ("eth0", "down"), ("wlan0", "notpresent"), ("vlan0", "lowerlayerdown")];
        assert!(found(&states).is_ok());
    }

    #[test]
    fn an_interface_that_is_not_known_to_be_down_is_up() {
        for state in ["unknown", "dormant", "testing", "unreadable", "", "a state of tomorrow's kernel"] {
            let failure = found(&[("eth0", state)]).err().unwrap();
            assert_eq!(failure.code, "online", "{state}");
        }
    }
}
