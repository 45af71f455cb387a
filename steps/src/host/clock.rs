//! `host.clock`.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};
use officiant_engine::{
    conduct::{Effect, Exhibit, Failure, Objection, Question, QuestionKind, Stage, StepHandler},
    record::{ClockReading, instant},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

const TOLERANCE: i64 = ClockReading::TOLERANCE;

/// Furthest that a clock's time zone is from UTC, in seconds.
const FURTHEST_ZONE: i64 = 14 * 3_600;

/// All distances of time zones from UTC are multiples of this, in seconds.
const ZONES: i64 = 15 * 60;

/// What is asked for, as a watch or a phone shows it: minutes, perhaps seconds, and local time.
const PATTERN: &str = concat!(
    r"\d{4}-\d\d?-\d\d?( |T|, ?)\d\d?[:.]\d\d([:.]\d\d)?( ?[AaPp]\.?[Mm]\.?)?",
    r"( ?(Z|z|UTC|utc|GMT|gmt))?( ?[+-]\d\d?(:?[0-5]\d)?)?"
);

/// The same in words.
const FORM: &str = "a date and a time with the distance from UTC, such as 2026-11-22 15:05 +1; UTC itself needs none: \
                    2026-11-22 14:05";

/// `host.clock`: what the interpreter performs before the first step.
pub(super) struct Clock;

/// Arguments of `host.clock`: none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {}

impl StepHandler for Clock {
    const NAME: &'static str = "host.clock";
    const SUMMARY: &'static str = "Compares this machine's clock with what a person reads from another one.";
    const EFFECT: Effect = Effect::Observes;
    const ASKS: &'static [&'static str] = &["clock"];
    type Arguments = Arguments;
    type Outputs = ClockReading;

    fn perform(&self, _: Arguments, stage: &mut Stage<'_>) -> Result<ClockReading, Failure> {
        let rehearsed = stage.rehearsal().then(|| shown(Timestamp::now()).into());
        let answer = stage.ask(question().rehearse(rehearsed))?;
        compare(answer.as_str().unwrap_or_default(), Timestamp::now())
    }

    fn audit(&self, _: &Arguments, outputs: &Value, exhibit: &Exhibit<'_>) -> Vec<Objection> {
        let Ok(reading) = serde_json::from_value::<ClockReading>(outputs.clone()) else {
            return vec![Objection::wrong("clock", "the record does not say what the clocks showed")];
        };
        let step = exhibit.this();
        let typed = step.answered.last().and_then(|(_, answer)| self::read(answer.as_str()?));
        let Some((typed, span)) = typed.filter(|(typed, _)| instant(*typed) == reading.read) else {
            let message = "what was read from the other clock is not what the person typed";
            return vec![Objection::wrong("clock", message)];
        };
        // Whether seconds were typed is known here.
        let ahead = |machine| ClockReading::ahead(machine, typed, span);
        if reading.machine.parse().is_ok_and(|machine| ahead(machine) != reading.ahead_seconds) {
            let message = "the clocks are not as far from each other as the record says";
            return vec![Objection::wrong("clock", message)];
        }
        let failed_before = exhibit.earlier().iter().any(|other| other.uses == Self::NAME);
        match reading.fault(step.at) {
            Some(_) if failed_before && reading.machine.parse::<Timestamp>().is_ok_and(|it| it < step.began) => {
                let message = "this machine's clock was set back when it was compared with another one: the entries before \
                               that, and some that follow, have a time that was still to come";
                vec![Objection::unproven("clock", message)]
            }
            Some(fault) => vec![Objection::wrong("clock", fault)],
            None => Vec::new(),
        }
    }
}

/// Asks what another clock shows.
#[must_use]
pub fn question() -> Question {
    Question::new(
        "What are the date and the time on another clock, such as a watch or a phone, not this machine's? Add how far that \
         clock is from UTC: 2026-11-22 15:05 +1 in Berlin, 2026-11-22 09:05 -5 in New York, 2026-11-22 14:05 where it \
         shows UTC",
        QuestionKind::Text { pattern: Some(PATTERN.into()), optional: false },
    )
    .form(FORM)
    .slot("clock")
}

/// Compares what a person read from another clock with what this machine's said at that moment.
///
/// # Errors
/// It is no time, or the two are more than two minutes apart.
pub fn compare(text: &str, machine: Timestamp) -> Result<ClockReading, Failure> {
    let (read, span) = read(text).ok_or_else(|| {
        Failure::new("no-time", format!("`{text}` is a day or a time that there is not"))
            .next("try again, and read it anew")
    })?;
    let ahead_seconds = ClockReading::ahead(machine, read, span);
    if ahead_seconds.abs() > ClockReading::TOLERANCE {
        return Err(wrong(machine, ahead_seconds));
    }
    Ok(ClockReading { read: instant(read), machine: instant(machine), ahead_seconds })
}

/// A time as a person reads it, UTC.
fn shown(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// That the clocks differ, and what to do about it.
fn wrong(machine: Timestamp, ahead_seconds: i64) -> Failure {
    let (direction, set) = if ahead_seconds > 0 {
        (
            "ahead of",
            "abort, set this machine's clock right and begin anew, because what is recorded has a time that is still to come",
        )
    } else {
        ("behind", "set this machine's clock right and try again")
    };
    let message = format!(
        "this machine's clock says {} UTC and is {} {direction} the other one",
        shown(machine),
        duration(ahead_seconds.abs())
    );
    let from_zone = (ahead_seconds.abs() + ZONES / 2) % ZONES - ZONES / 2;
    let next = if ahead_seconds.abs() <= FURTHEST_ZONE + TOLERANCE && from_zone.abs() <= TOLERANCE {
        format!(
            "the other clock's distance from UTC may be missing or wrong: try again with it, as in 15:05 +1, or +2 in summer; \
             if it is right, {set}"
        )
    } else {
        format!("read the other clock once more and try again; if it is right, {set}")
    };
    Failure::new("clock", message).next(next)
}

/// What a person typed: the instant, and for how many seconds after it a clock shows the same.
fn read(text: &str) -> Option<(Timestamp, i64)> {
    let text = text.trim().to_ascii_uppercase();
    let (day, rest) = text.split_once([' ', 'T', ','])?;
    let rest = rest.trim_start();
    let end = rest.find(|character: char| !character.is_ascii_digit() && !":.".contains(character));
    let (time, rest) = rest.split_at(end.unwrap_or(rest.len()));
    let (half, zone) = half_of_day(rest.trim_start());
    let numbers =
        |text: &str, between: [char; 2]| text.split(between).map(|it| it.parse().ok()).collect::<Option<Vec<i16>>>();
    let [year, month, day] = numbers(day, ['-', '-'])?.try_into().ok()?;
    let time = numbers(time, [':', '.'])?;
    let (hour, minute, second) = (*time.first()?, *time.get(1)?, time.get(2).copied());
    let hour = match half {
        None => hour,
        Some(afternoon) if (1..=12).contains(&hour) => hour % 12 + if afternoon { 12 } else { 0 },
        Some(_) => return None,
    };
    let small = |number: i16| i8::try_from(number).ok();
    let at =
        DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second.unwrap_or(0))?, 0);
    let at = at.ok()?.to_zoned(TimeZone::fixed(offset(zone)?)).ok()?.timestamp();
    Some((at, if second.is_none() { 59 } else { 0 }))
}

/// Which half of the day the time is of, when that is said (`true` is the second), and what follows.
fn half_of_day(text: &str) -> (Option<bool>, &str) {
    for (mark, afternoon) in [("AM", false), ("A.M.", false), ("PM", true), ("P.M.", true)] {
        if let Some(rest) = text.strip_prefix(mark) {
            return (Some(afternoon), rest.trim_start());
        }
    }
    (None, text)
}

/// A distance from UTC: nothing, `Z`, `UTC`, `+1`, `+0530`, `UTC-03:30`.
fn offset(text: &str) -> Option<Offset> {
    let text = ["UTC", "GMT", "Z"].iter().find_map(|name| text.strip_prefix(name)).unwrap_or(text).trim();
    if text.is_empty() {
        return Some(Offset::UTC);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    let (hours, minutes) = digits.split_at_checked(if digits.len() > 2 { digits.len() - 2 } else { digits.len() })?;
    let hours: i32 = hours.parse::<u8>().ok()?.into();
    let minutes: i32 = if minutes.is_empty() { 0 } else { minutes.parse::<u8>().ok()?.into() };
    let seconds = hours * 3_600 + minutes * 60;
    if i64::from(seconds) > FURTHEST_ZONE {
        return None;
    }
    Offset::from_seconds(sign * seconds).ok()
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
    use jiff::SignedDuration;
    use officiant_engine::notation::Pattern;

    #[test]
    fn a_time_is_read_as_a_watch_or_a_phone_shows_it() {
        let at = "2026-11-22T14:05:00Z".parse::<Timestamp>().unwrap();
        let pattern = Pattern::new(PATTERN).unwrap();
        for text in [
            "2026-11-22 14:05",
            "2026-11-22 14.05",
            "2026-11-22, 14:05",
            "2026-11-22T14:05Z",
            "2026-11-22 14:05 UTC",
            "2026-11-22 14:05 utc",
            "2026-11-22 2:05 PM",
            "2026-11-22 9:05am -5",
            "2026-11-22 09:05 a.m. -05:00",
            "2026-11-22 15:05 +1",
            "2026-11-22 15:05+01:00",
            "2026-11-22 15:05 UTC+1",
            "2026-11-22 15:05 GMT +0100",
            "2026-11-22 19:35 +530",
            "2026-11-23 4:05 +14",
            "2026-11-22 02:05 -12",
        ] {
            assert!(pattern.matches(text), "{text}");
            assert_eq!(read(text), Some((at, 59)), "{text}");
        }
        assert_eq!(read("2026-11-22 14:05:00"), Some((at, 0)));
        assert_eq!(read("2026-11-22 12:05 am +1").unwrap().0, "2026-11-21T23:05:00Z".parse().unwrap());
    }

    #[test]
    fn what_is_no_time_is_not_read() {
        for text in
            ["2026-11-31 14:05", "2026-11-22 25:05", "2026-11-22 14:05 +99", "2026-11-22 14:05 pm", "2026-13-01 1:00"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        let pattern = Pattern::new(PATTERN).unwrap();
        for text in ["", "now", "14:05", "2026-11-22", "22.11.2026 14:05", "2026-11-22 14:05 CET", "2026-11-22 14:05 +"]
        {
            assert!(!pattern.matches(text) && read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_difference_as_of_a_time_zone_is_said_to_be_one_perhaps() {
        let machine = "2026-11-22T14:05:00Z".parse::<Timestamp>().unwrap();
        let next = |ahead| wrong(machine, ahead).next.unwrap();
        for ahead in [-3_600, 3_610, -7_100, 5 * 3_600, 20_700] {
            assert!(next(ahead).starts_with("the other clock's distance from UTC may be missing"), "{ahead}");
        }
        for ahead in [180, -180, 400, -86_400, 3_600 + 300] {
            assert!(next(ahead).starts_with("read the other clock once more"), "{ahead}");
        }
        assert!(next(180).ends_with("has a time that is still to come"));
        assert!(next(-180).ends_with("set this machine's clock right and try again"));
    }

    #[test]
    fn seconds_that_were_not_typed_do_not_count() {
        let read = "2026-11-22T14:05:00Z".parse::<Timestamp>().unwrap();
        let after = |seconds| read + SignedDuration::from_secs(seconds);
        assert_eq!(ClockReading::ahead(after(59), read, 59), 0);
        assert_eq!(ClockReading::ahead(after(200), read, 59), 141);
        assert_eq!(ClockReading::ahead(after(-30), read, 59), -30);
        assert_eq!(ClockReading::ahead(after(30), read, 0), 30);
    }
}
