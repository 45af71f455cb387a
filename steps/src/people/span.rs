//! A span of time, as a runbook writes it.

use jiff::{
    SignedDuration,
    fmt::friendly::{Designator, SpanPrinter},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::{borrow::Cow, fmt, time::Duration};

/// The longest span: a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A span of time: whole seconds (`90`), or numbers with their units (`90s`, `10 minutes`, `1h 30m`), hours at most;
/// more than nothing and no more than 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct Span(Duration);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a span of time is a number of seconds, or text such as `90s` or `10 minutes`")]
enum Written {
    Seconds(u64),
    Text(String),
}

impl Span {
    /// A number of minutes.
    pub(crate) const fn minutes(minutes: u64) -> Self {
        Self(Duration::from_secs(60 * minutes))
    }

    pub(crate) const fn duration(self) -> Duration {
        self.0
    }
}

impl fmt::Display for Span {
    /// As a person reads it: `1m 30s`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let printer = SpanPrinter::new().designator(Designator::Compact);
        formatter.write_str(&printer.unsigned_duration_to_string(&self.0))
    }
}

impl TryFrom<Written> for Span {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let (duration, text) = match written {
            Written::Seconds(seconds) => (Duration::from_secs(seconds), seconds.to_string()),
            Written::Text(text) => (parse(text.trim())?, text),
        };
        if duration.is_zero() || duration > LONGEST {
            return Err(format!("`{text}` is not between nothing and 24 hours"));
        }
        Ok(Self(duration))
    }
}

fn parse(text: &str) -> Result<Duration, String> {
    // A template gives text, also where a runbook's author thinks of a number.
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let span: SignedDuration =
        text.parse().map_err(|error| format!("`{text}` is no span of time such as `90s` or `10 minutes`: {error}"))?;
    Duration::try_from(span).map_err(|_| format!("`{text}` lies in the past"))
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A span of time, at most 24 hours: whole seconds, or text such as `90s` or `10 minutes`",
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": LONGEST.as_secs() },
                { "type": "string" }
            ]
        })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Span};
    use serde_json::{Value, json};

    fn seconds(written: Value) -> Result<Duration, String> {
        serde_json::from_value::<Span>(written).map(Span::duration).map_err(|error| error.to_string())
    }

    #[test]
    fn a_span_is_written_as_seconds_or_with_its_units() {
        for (written, expected) in [
            (json!(90), 90),
            (json!("90"), 90),
            (json!("90s"), 90),
            (json!("90 seconds"), 90),
            (json!("10 minutes"), 600),
            (json!("1h 30m"), 5_400),
            (json!("1 hour, 30 minutes"), 5_400),
            (json!("PT10M"), 600),
            (json!(" 24h "), 86_400),
        ] {
            assert_eq!(seconds(written.clone()), Ok(Duration::from_secs(expected)), "{written}");
        }
        assert_eq!(seconds(json!("250ms")), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn a_span_of_nothing_of_more_than_a_day_or_into_the_past_is_refused() {
        for (written, expected) in [
            (json!(0), "`0` is not between nothing and 24 hours"),
            (json!("0s"), "`0s` is not between nothing and 24 hours"),
            (json!("25 hours"), "`25 hours` is not between nothing and 24 hours"),
            (json!(86_401), "`86401` is not between nothing and 24 hours"),
            (json!("10 minutes ago"), "`10 minutes ago` lies in the past"),
        ] {
            assert_eq!(seconds(written), Err(expected.to_string()));
        }
        for written in [json!("soon"), json!(""), json!("1 fortnight"), json!("99999999999999999999")] {
            assert!(seconds(written.clone()).is_err_and(|error| error.contains("is no span of time")), "{written}");
        }
        for written in [json!(-5), json!(1.5), json!([90]), json!(null)] {
            assert!(seconds(written.clone()).is_err_and(|error| error.contains("a number of seconds")), "{written}");
        }
    }
}
