//! The touch of a virtual YubiKey: a key that is pressed in its terminal.

use officiant_devices::yubikey::{StopHandle, Toucher};
use rustix::{
    process::getpgrp,
    termios::{
        LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcgetpgrp, tcsetattr,
    },
};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How long a device waits to be touched.
const PATIENCE: Duration = Duration::from_secs(15);

/// The terminal of a virtual YubiKey, on standard input.
#[derive(Default)]
pub struct Terminal {
    stopped: Arc<AtomicBool>,
}

impl Terminal {
    /// Pulls the device out when the program is stopped, and leaves the terminal as it was.
    pub fn stop_at_signals(&self, device: StopHandle) {
        let stopped = Arc::clone(&self.stopped);
        // Without them, a signal ends the program as it ends any other.
        if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) {
            thread::spawn(move || {
                if signals.forever().next().is_some() {
                    stopped.store(true, Ordering::SeqCst);
                    device.stop();
                }
            });
        }
    }

    /// Whether a key is pressed in time.
    ///
    /// # Errors
    /// The terminal is gone, or another program's now.
    fn key(&self) -> io::Result<bool> {
        let stdin = io::stdin();
        // Whoever asks a terminal of others for keys is stopped, and its reader would wait for ever.
        if tcgetpgrp(&stdin)? != getpgrp() {
            return Err(io::Error::other(
                "another program has it; bring this one to the foreground (fg), or start it with --touch automatic",
            ));
        }
        let _modes = KeyByKey::set()?;
        // What was typed before is no touch.
        tcflush(&stdin, QueueSelector::IFlush)?;
        let since = Instant::now();
        while since.elapsed() < PATIENCE && !self.stopped.load(Ordering::SeqCst) {
            if rustix::io::read(&stdin, &mut [0; 16])? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Toucher for Terminal {
    fn touch(&self, what: &str) -> bool {
        eprintln!("The YubiKey blinks: press any key here, which touches it, {what}.");
        let touched = self.key().unwrap_or_else(|error| {
            eprintln!("The terminal: {error}");
            false
        });
        eprintln!("{}", if touched { "Touched." } else { "It was not touched in time." });
        touched
    }
}

/// A terminal that gives each key as it is pressed, does not show it, and waits for a tenth of a second; dropping this
/// makes it as it was.
struct KeyByKey(Termios);

impl KeyByKey {
    fn set() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut modes = before.clone();
        modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        modes.special_codes[SpecialCodeIndex::VMIN] = 0;
        modes.special_codes[SpecialCodeIndex::VTIME] = 1;
        tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
        Ok(Self(before))
    }
}

impl Drop for KeyByKey {
    fn drop(&mut self) {
        // It fails if the terminal is gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
