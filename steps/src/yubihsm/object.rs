//! Objects as the device describes them, and whether they are what was asked for.

use super::argument::{Capabilities, Domains, Label, ObjectType, algorithm_name, capability_names, domain_numbers};
use crate::text::plain;
use officiant_engine::conduct::{Failure, Objection};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use yubihsm::{Capability, object};

/// An object as the device describes it
/// (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-cmd-reference.html#get-object-info-command>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "runbooks name them as the vendor does")]
pub(crate) struct Object {
    /// Its ID.
    pub(crate) object_id: u16,
    /// Its type.
    pub(crate) object_type: ObjectType,
    /// How often there was another of this ID and type before it, modulo 256.
    pub(crate) sequence: u8,
    /// Its label.
    pub(crate) label: String,
    /// Its algorithm, by the vendor's name.
    pub(crate) algorithm: String,
    /// Its domains, by number.
    pub(crate) domains: Vec<u8>,
    /// Its capabilities, by the vendor's names.
    pub(crate) capabilities: Vec<String>,
    /// The capabilities that it may hand on; empty for what is neither an authentication key nor a wrap key.
    pub(crate) delegated_capabilities: Vec<String>,
    /// Where it comes from: `generated`, `imported`, `wrapped-generated`, `wrapped-imported`.
    pub(crate) origin: String,
}

impl Object {
    pub(crate) fn of(info: &object::Info) -> Self {
        Self {
            object_id: info.object_id,
            object_type: ObjectType::of(info.object_type),
            sequence: info.sequence,
            label: plain(&info.label.to_string()),
            algorithm: algorithm_name(info.algorithm.to_u8()),
            domains: domain_numbers(info.domains),
            capabilities: capability_names(info.capabilities),
            delegated_capabilities: capability_names(info.delegated_capabilities),
            origin: origin_name(info.origin).to_string(),
        }
    }
}

pub(crate) fn origin_name(origin: object::Origin) -> &'static str {
    match origin {
        object::Origin::Generated => "generated",
        object::Origin::Imported => "imported",
        object::Origin::WrappedGenerated => "wrapped-generated",
        object::Origin::WrappedImported => "wrapped-imported",
    }
}

/// What an object was to be.
pub(crate) struct Wanted<'a> {
    pub(crate) object_type: ObjectType,
    pub(crate) object_id: u16,
    pub(crate) label: &'a Label,
    pub(crate) domains: Domains,
    pub(crate) capabilities: Capabilities,
    pub(crate) delegated: Capabilities,
    pub(crate) algorithm: u8,
    pub(crate) origin: object::Origin,
    /// What the authentication key that made it may hand on: with `all`, the device keeps at least these.
    pub(crate) at_least: Capability,
}

impl Wanted<'_> {
    /// Compares with what the device says it made.
    ///
    /// # Errors
    /// `read-back`, with every difference.
    pub(crate) fn compare(&self, info: &object::Info) -> Result<(), Failure> {
        let fits = |wanted: Capabilities, found: Capability| match wanted {
            Capabilities::All => found.contains(self.at_least),
            Capabilities::These(bits) => bits == found,
        };
        let compared = [
            ("type", info.object_type == self.object_type.to_device()),
            ("ID", info.object_id == self.object_id),
            ("label", info.label == self.label.to_device()),
            ("domains", info.domains == self.domains.0),
            ("capabilities", fits(self.capabilities, info.capabilities)),
            ("delegated capabilities", fits(self.delegated, info.delegated_capabilities)),
            ("algorithm", info.algorithm.to_u8() == self.algorithm),
            ("origin", info.origin == self.origin),
        ];
        let wrong: Vec<&str> = compared.into_iter().filter(|(_, fits)| !fits).map(|(name, _)| name).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let found = Object::of(info);
        Err(Failure::new(
            "read-back",
            format!(
                "{} {} was made, but the device describes it with another {} than was asked for: label `{}`, algorithm {}, \
                 origin {}, domains {:?}, capabilities {}, delegated {}",
                self.object_type,
                self.object_id,
                wrong.join(", "),
                found.label,
                found.algorithm,
                found.origin,
                found.domains,
                found.capabilities.join(","),
                found.delegated_capabilities.join(","),
            ),
        )
        .next("do not use this object; delete it, and find out who else uses the device"))
    }
}

/// Objects to a recorded object that is not as it was asked for.
pub(crate) fn not_as_asked(
    outputs: &Value,
    label: &Label,
    domains: Domains,
    capabilities: Capabilities,
    delegated: Capabilities,
) -> Vec<Objection> {
    let fits = |wanted: Capabilities, found: &Value| match wanted {
        Capabilities::All => {
            let known = capability_names(wanted.bits());
            let names = found.as_array().map(Vec::as_slice).unwrap_or_default();
            names.iter().all(|name| known.iter().any(|known| name == known.as_str()))
        }
        Capabilities::These(bits) => *found == Value::from(capability_names(bits)),
    };
    let compared = [
        ("label", outputs["label"] == plain(&label.to_device().to_string())),
        ("domains", outputs["domains"] == Value::from(domain_numbers(domains.0))),
        ("capabilities", fits(capabilities, &outputs["capabilities"])),
        ("delegated capabilities", fits(delegated, &outputs["delegated_capabilities"])),
    ];
    let wrong = compared.into_iter().filter(|(_, fits)| !fits);
    wrong
        .map(|(name, _)| Objection::wrong("not-as-asked", format!("the object has another {name} than was asked for")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use yubihsm::{Domain, asymmetric::Algorithm};

    fn made() -> object::Info {
        object::Info {
            capabilities: Capability::SIGN_EDDSA,
            object_id: 100,
            length: 96,
            domains: Domain::DOM1 | Domain::DOM2,
            object_type: object::Type::AsymmetricKey,
            algorithm: Algorithm::Ed25519.into(),
            sequence: 0,
            origin: object::Origin::Generated,
            label: object::Label::from_bytes(b"root").unwrap(),
            delegated_capabilities: Capability::empty(),
        }
    }

    fn compared(capabilities: Capabilities, change: fn(&mut object::Info)) -> Result<(), Failure> {
        let label = Label::try_from("root".to_string()).unwrap();
        let wanted = Wanted {
            object_type: ObjectType::AsymmetricKey,
            object_id: 100,
            label: &label,
            domains: Domains(Domain::DOM1 | Domain::DOM2),
            capabilities,
            delegated: Capabilities::These(Capability::empty()),
            algorithm: Algorithm::Ed25519.to_u8(),
            origin: object::Origin::Generated,
            at_least: Capability::SIGN_EDDSA | Capability::SIGN_ECDSA,
        };
        let mut info = made();
        change(&mut info);
        wanted.compare(&info)
    }

    #[test]
    fn an_object_that_is_not_as_it_was_asked_for_is_a_failure() {
        let asked = Capabilities::These(Capability::SIGN_EDDSA);
        assert_eq!(compared(asked, |_| {}), Ok(()));
        for (change, says) in [
            (
                (|info| info.label = object::Label::from_bytes(b"rooT").unwrap()) as fn(&mut object::Info),
                "another label than",
            ),
            (|info| info.domains = Domain::DOM1, "another domains than"),
            (
                |info| info.capabilities = Capability::SIGN_EDDSA | Capability::EXPORTABLE_UNDER_WRAP,
                "another capabilities than",
            ),
            (|info| info.delegated_capabilities = Capability::SIGN_EDDSA, "another delegated capabilities than"),
            (|info| info.origin = object::Origin::Imported, "another origin than"),
            (|info| (info.object_id, info.algorithm) = (101, Algorithm::EcP256.into()), "another ID, algorithm than"),
        ] {
            let failure = compared(asked, change).unwrap_err();
            assert_eq!(failure.code, "read-back");
            assert!(failure.message.contains(says), "{failure}");
        }
    }

    #[test]
    fn with_all_capabilities_the_device_keeps_what_could_be_handed_on() {
        let both = |info: &mut object::Info| info.capabilities = Capability::SIGN_EDDSA | Capability::SIGN_ECDSA;
        assert_eq!(compared(Capabilities::All, both), Ok(()));
        assert_eq!(compared(Capabilities::All, |info| info.capabilities = Capability::all()), Ok(()));
        assert!(compared(Capabilities::All, |_| {}).is_err());
    }

    #[test]
    fn a_label_that_would_move_the_cursor_is_shown_without_that() {
        let mut info = made();
        info.label = object::Label::from_bytes(b"\x1b[2Jroot").unwrap();
        assert_eq!(Object::of(&info).label, "\u{fffd}[2Jroot");
    }
}
