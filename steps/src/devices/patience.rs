//! How long a step waits for a hand.

use officiant_engine::conduct::Stage;
use std::time::{Duration, Instant};

/// How often the ports are looked at.
const PAUSE: Duration = Duration::from_millis(250);

/// Seconds, unless the runbook says otherwise.
pub(super) fn default_timeout() -> u32 {
    120
}

/// Waits between two looks, and knows when to give up.
pub(super) struct Patience {
    until: Instant,
    looks: u64,
}

impl Patience {
    pub(super) fn new(seconds: u32) -> Self {
        let looks = u64::from(seconds) * 1_000 / 250;
        Self { until: Instant::now() + Duration::from_secs(seconds.into()), looks }
    }

    /// Waits for the next look; `false` when it has been long enough.
    ///
    /// By the clock, for a look may take its time; and by the number of looks, for a rehearsal does not take the time to wait.
    pub(super) fn wait(&mut self, stage: &mut Stage<'_>, what: &str) -> bool {
        if self.looks == 0 || Instant::now() >= self.until {
            return false;
        }
        self.looks -= 1;
        stage.wait(PAUSE, what);
        true
    }
}

/// "1 second", "120 seconds".
pub(super) fn seconds(count: u32) -> String {
    if count == 1 { "1 second".into() } else { format!("{count} seconds") }
}
