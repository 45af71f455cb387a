//! `host.clock`.

use jiff::{SignedDuration, Timestamp, civil::DateTime, fmt::strtime, tz::TimeZone};
use officiant_engine::{
    conduct::{Effect, Exhibit, Failure, Objection, Question, QuestionKind, Stage, StepHandler},
    record::instant,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How far this machine's clock may be from another one, in seconds.
const TOLERANCE: i64 = 120;

/// What is asked for: a person reads minutes, and perhaps seconds.
const PATTERN: &str = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?( ?(Z|[+-]\d\d:\d\d))?";

/// `host.clock`: what the interpreter performs before the first step.
pub(super) struct Clock;

/// Arguments of `host.clock`: none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {}

/// Outputs of `host.clock`.
#[derive(Serialize, JsonSchema)]
pub(super) struct Outputs {
    /// What the person read from another clock, RFC 3339, UTC.
    read: String,
    /// What this machine's clock said at that moment, RFC 3339, UTC.
    machine: String,
    /// How far this machine's clock is ahead of the other one, in seconds; what a person cannot have read, such as seconds that
    /// were not typed, does not count.
    ahead_seconds: i64,
}

impl StepHandler for Clock {
    const NAME: &'static str = "host.clock";
    const SUMMARY: &'static str = "Compares this machine's clock with what a person reads from another one.";
    const EFFECT: Effect = Effect::Observes;
    const ASKS: &'static [&'static str] = &["clock"];
    type Arguments = Arguments;
    type Outputs = Outputs;

    fn perform(&self, _: Arguments, stage: &mut Stage<'_>) -> Result<Outputs, Failure> {
        let rehearsed = stage.rehearsal().then(|| shown(Timestamp::now()).into());
        let question = Question::new(
            "What are the date and the time on another clock, not this machine's? In UTC, as 2026-11-22 14:05, or with the \
             offset from UTC, as 2026-11-22 16:05 +02:00",
            QuestionKind::Text { pattern: Some(PATTERN.into()), optional: false },
        )
        .slot("clock")
        .rehearse(rehearsed);
        let answer = stage.ask(question)?;
        let machine = Timestamp::now();
        let (read, span) = read(answer.as_str().unwrap_or_default())
            .ok_or_else(|| Failure::new("no-time", format!("{answer} is no date and time")).next("read it again"))?;
        let ahead_seconds = ahead(machine, read, span);
        if ahead_seconds.abs() > TOLERANCE {
            let direction = if ahead_seconds > 0 { "ahead of" } else { "behind" };
            let message = format!(
                "this machine's clock says {} and is {} {direction} the other one",
                shown(machine),
                duration(ahead_seconds.abs())
            );
            return Err(Failure::new("clock", message).next(
                "set this machine's clock right and try again; where it was ahead, abort and begin anew, so that no entry has \
                 a time that was not yet",
            ));
        }
        Ok(Outputs { read: instant(read), machine: instant(machine), ahead_seconds })
    }

    fn audit(&self, _: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let time = |name: &str| outputs.get(name).and_then(Value::as_str)?.parse::<Timestamp>().ok();
        let (Some(read), Some(machine)) = (time("read"), time("machine")) else {
            return vec![Objection::wrong("clock", "the clocks' times are no instants")];
        };
        let step = exhibit.this();
        let mut objections = Vec::new();
        let margin = SignedDuration::from_secs(1);
        if machine < step.began - margin || machine > step.at + margin {
            let message = format!("this machine's clock said {}, which is not when the step was", instant(machine));
            objections.push(Objection::wrong("clock", message));
        }
        let typed = step.answered.last().and_then(|(_, answer)| self::read(answer.as_str()?));
        let Some((typed, span)) = typed.filter(|(typed, _)| *typed == read) else {
            objections
                .push(Objection::wrong("clock", "what was read from the other clock is not what the person typed"));
            return objections;
        };
        let said = outputs.get("ahead_seconds").and_then(Value::as_i64);
        if said != Some(ahead(machine, typed, span)) || said.is_none_or(|said| said.abs() > TOLERANCE) {
            objections.push(Objection::wrong("clock", "the clocks are not as far from each other as the record says"));
        }
        objections
    }
}

/// A time as a person reads it, UTC.
fn shown(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// What a person typed: the instant, and for how many seconds after it a clock shows the same.
fn read(text: &str) -> Option<(Timestamp, i64)> {
    let text = text.trim().replacen('T', " ", 1);
    let (time, offset) = match text.strip_suffix('Z') {
        Some(time) => (time.trim_end().to_string(), None),
        None => match text.get(16..).and_then(|rest| rest.find(['+', '-'])) {
            Some(at) => (text[..16 + at].trim_end().to_string(), Some(text[16 + at..].to_string())),
            None => (text.trim_end().to_string(), None),
        },
    };
    let (format, span) = if time.len() == 16 { ("%Y-%m-%d %H:%M", 59) } else { ("%Y-%m-%d %H:%M:%S", 0) };
    let at = DateTime::strptime(format, &time).ok()?;
    let zone = match offset {
        Some(offset) => TimeZone::fixed(strtime::parse("%:z", offset).ok()?.offset()?),
        None => TimeZone::UTC,
    };
    Some((at.to_zoned(zone).ok()?.timestamp(), span))
}

/// How far one clock is ahead of what was read, in seconds.
fn ahead(machine: Timestamp, read: Timestamp, span: i64) -> i64 {
    let seconds = machine.as_second() - read.as_second();
    if seconds > span { seconds - span } else { seconds.min(0) }
}

fn duration(seconds: i64) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_utc_or_with_its_offset() {
        let at = "2026-11-22T14:05:00Z".parse::<Timestamp>().unwrap();
        for text in [
            "2026-11-22 14:05",
            "2026-11-22T14:05Z",
            "2026-11-22 16:05 +02:00",
            "2026-11-22 16:05+02:00",
            "2026-11-22 09:05 -05:00",
        ] {
            assert_eq!(read(text), Some((at, 59)), "{text}");
        }
        assert_eq!(read("2026-11-22 14:05:00"), Some((at, 0)));
        for text in ["2026-11-31 14:05", "2026-11-22 25:05", "2026-11-22", "", "2026-11-22 14:05 +99:00"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn seconds_that_were_not_typed_do_not_count() {
        let read = "2026-11-22T14:05:00Z".parse::<Timestamp>().unwrap();
        let after = |seconds| read + SignedDuration::from_secs(seconds);
        assert_eq!(ahead(after(59), read, 59), 0);
        assert_eq!(ahead(after(200), read, 59), 141);
        assert_eq!(ahead(after(-30), read, 59), -30);
        assert_eq!(ahead(after(30), read, 0), 30);
    }
}
