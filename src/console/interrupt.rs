//! Ctrl-C at a terminal: a ceremony is stopped where a person is asked, and the terminal is left as it was.

use console::Term;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::{consts::SIGINT, iterator::Signals};
use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    thread,
    time::Duration,
};

/// How long a prompt may take to notice Ctrl-C by itself; one that had not begun to read never does.
const NOTICED: Duration = Duration::from_millis(500);

/// What the program is about when Ctrl-C is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Doing {
    /// A step is performed: it is not broken off, unless Ctrl-C is pressed once more.
    Step = 0,
    /// A prompt reads key by key, and notices Ctrl-C by itself, but for a moment between two keys.
    Keys = 1,
    /// A prompt reads a line that is not shown, and goes on reading after a signal; everything is recorded by then.
    Hidden = 2,
}

/// How what was stopped is gone on with.
pub struct GoingOn {
    /// The record, without which there is nothing to go on with.
    pub record: PathBuf,
    /// What is typed then.
    pub command: String,
}

/// What listens for Ctrl-C.
pub struct Interrupt {
    doing: Arc<AtomicU8>,
    pressed: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on; where that is not possible, Ctrl-C ends the program as it ends any other.
    pub fn listen(going_on: Option<GoingOn>) -> Self {
        let interrupt = Self { doing: Arc::default(), pressed: Arc::default() };
        let before = tcgetattr(io::stdin()).ok();
        if let Ok(mut signals) = Signals::new([SIGINT]) {
            let (doing, pressed) = (interrupt.doing.clone(), interrupt.pressed.clone());
            thread::spawn(move || {
                for _ in signals.forever() {
                    match doing.load(Ordering::SeqCst) {
                        keys if keys == Doing::Keys as u8 => {
                            pressed.store(true, Ordering::SeqCst);
                            thread::sleep(NOTICED);
                            if doing.load(Ordering::SeqCst) == Doing::Keys as u8 {
                                stop(before.as_ref(), going_on.as_ref());
                            }
                        }
                        step if step == Doing::Step as u8 && !pressed.swap(true, Ordering::SeqCst) => {
                            eprintln!(
                                "\nStops at the next question. Ctrl-C once more stops in the middle of the step."
                            );
                        }
                        _ => stop(before.as_ref(), going_on.as_ref()),
                    }
                }
            });
        }
        interrupt
    }

    /// Says what the program is about.
    pub fn during(&self, doing: Doing) {
        self.doing.store(doing as u8, Ordering::SeqCst);
    }

    /// Whether Ctrl-C was pressed while a step was performed.
    pub fn pressed(&self) -> bool {
        self.pressed.load(Ordering::SeqCst)
    }
}

fn stop(before: Option<&Termios>, going_on: Option<&GoingOn>) -> ! {
    if let Some(before) = before {
        // A terminal that is gone needs no restoring.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, before);
    }
    let _ = Term::stderr().show_cursor();
    eprintln!("\nerror: stopped by the keyboard; nothing that was recorded is lost");
    if let Some(going_on) = going_on.filter(|it| it.record.is_file()) {
        eprintln!("go on   {}", going_on.command);
    }
    std::process::exit(2);
}
