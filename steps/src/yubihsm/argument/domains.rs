//! Domains: sixteen, a bit each
//! (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-core-concepts.html#domains>).

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;
use yubihsm::Domain;

/// A set of domains: `all`, a number, a list of numbers, or such a list as text (`1,2,3`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct Domains(pub(crate) Domain);

#[derive(Deserialize)]
#[serde(untagged, expecting = "domains are `all`, a number from 1 to 16, or several")]
enum Written {
    Number(u16),
    Numbers(Vec<u16>),
    Text(String),
}

impl TryFrom<Written> for Domains {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let numbers = match written {
            Written::Number(number) => vec![number],
            Written::Numbers(numbers) => numbers,
            Written::Text(text) if text.trim() == "all" => return Ok(Self(Domain::all())),
            Written::Text(text) => {
                let number = |part: &str| part.trim().parse().map_err(|_| format!("`{}` is no domain", part.trim()));
                text.split(',').map(number).collect::<Result<_, _>>()?
            }
        };
        let mut domains = Domain::empty();
        for number in numbers {
            domains |= Domain::at(usize::from(number))
                .map_err(|_| format!("there is no domain {number}; they go from 1 to 16"))?;
        }
        if domains.is_empty() { Err("an object is in one domain at least".to_string()) } else { Ok(Self(domains)) }
    }
}

impl JsonSchema for Domains {
    fn schema_name() -> Cow<'static, str> {
        "Domains".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Domains: `all`, or numbers from 1 to 16 as a list or as text (`1,2,3`)",
            "anyOf": [
                {
                    "type": "string",
                    "pattern": "^ *(all|([1-9]|1[0-6])( *, *([1-9]|1[0-6]))*) *$",
                    "x-list-of": (1..=16).map(|number: u8| number.to_string()).collect::<Vec<_>>(),
                    "x-or": ["all"]
                },
                { "type": "integer", "minimum": 1, "maximum": 16 },
                { "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 16 }, "minItems": 1 }
            ]
        })
    }

    fn inline_schema() -> bool {
        true
    }
}

/// The numbers of domains.
pub(crate) fn domain_numbers(domains: Domain) -> Vec<u8> {
    (1..=16).filter(|number| domains.bits() & (1 << (number - 1)) != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn read(value: Value) -> Result<Vec<u8>, String> {
        from_value::<Domains>(value).map(|domains| domain_numbers(domains.0)).map_err(|error| error.to_string())
    }

    #[test]
    fn domains_are_written_in_several_ways() {
        assert_eq!(read(json!("all")).unwrap(), (1..=16).collect::<Vec<_>>());
        for written in [json!("1,2,3"), json!("3, 1,2"), json!([1, 2, 3])] {
            assert_eq!(read(written).unwrap(), [1, 2, 3]);
        }
        assert_eq!(read(json!(16)).unwrap(), [16]);
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        assert_eq!(read(json!("1,17")).unwrap_err(), "there is no domain 17; they go from 1 to 16");
        assert_eq!(read(json!([0])).unwrap_err(), "there is no domain 0; they go from 1 to 16");
        assert_eq!(read(json!("one")).unwrap_err(), "`one` is no domain");
        assert_eq!(read(json!([])).unwrap_err(), "an object is in one domain at least");
        assert_eq!(read(json!(true)).unwrap_err(), "domains are `all`, a number from 1 to 16, or several");
    }
}
