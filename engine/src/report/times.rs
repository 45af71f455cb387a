//! Instants and durations as a person reads them.

use jiff::Timestamp;

/// An instant of the record, when it is one.
pub(super) fn parse(at: &str) -> Option<Timestamp> {
    at.parse().ok()
}

/// Day and time of an instant, UTC, without its decimals.
pub(super) fn day_and_time(at: &str) -> String {
    parse(at).map_or_else(|| super::shown::clip(at, 40), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// The time of an instant, UTC, without its decimals.
pub(super) fn time(at: &str) -> String {
    parse(at).map_or_else(|| super::shown::clip(at, 40), |at| at.strftime("%H:%M:%S").to_string())
}

/// How long it was from one instant to another; nothing when they are none, or in the wrong order.
pub(super) fn between(from: &str, to: &str) -> Option<String> {
    let milliseconds = parse(to)?.as_millisecond().checked_sub(parse(from)?.as_millisecond())?;
    u64::try_from(milliseconds).ok().map(duration)
}

fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_units_that_people_use() {
        let from = "2026-11-22T07:00:00.000Z";
        let after = |to| between(from, to);
        assert_eq!(after("2026-11-22T07:00:00.340Z").as_deref(), Some("340 ms"));
        assert_eq!(after("2026-11-22T07:00:12.900Z").as_deref(), Some("12 s"));
        assert_eq!(after("2026-11-22T07:04:10.000Z").as_deref(), Some("4 min 10 s"));
        assert_eq!(after("2026-11-23T09:03:59.000Z").as_deref(), Some("26 h 3 min"));
        assert_eq!(after("2026-11-22T06:59:59.000Z"), None);
        assert_eq!(after("<script>"), None);
    }
}
