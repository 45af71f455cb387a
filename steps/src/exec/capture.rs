//! Reading what a program says while it runs, in bounded memory.

use std::{
    io::{self, ErrorKind, Read},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::Instant,
};

/// How many pieces may wait to be taken: a program that says more than is taken has to wait itself.
const WAITING: usize = 16;

/// One of the two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Output,
    Error,
}

enum Piece {
    Said(Stream, Vec<u8>),
    Closed,
    Failed(io::Error),
}

/// Why reading stopped.
#[derive(Debug)]
pub(super) enum Stopped {
    /// Both streams were closed by every process that held them.
    Closed,
    /// A stream said more than is kept.
    Full(Stream),
    /// The time is up.
    TooLate,
    /// A stream could not be read to its end.
    Failed(io::Error),
}

/// What a program said so far.
pub(super) struct Capture {
    pieces: Receiver<Piece>,
    open: usize,
    most: usize,
    pub(super) output: Vec<u8>,
    pub(super) error: Vec<u8>,
}

impl Capture {
    /// Starts to read both streams; at most `most` bytes of each are kept.
    ///
    /// The threads that read end when the streams do. A process that left its group can hold them open for as long as
    /// it likes: nobody waits for those threads.
    pub(super) fn start(
        output: impl Read + Send + 'static,
        error: impl Read + Send + 'static,
        most: usize,
    ) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(WAITING);
        let other = sender.clone();
        thread::Builder::new().spawn(move || read(Stream::Output, output, &sender))?;
        thread::Builder::new().spawn(move || read(Stream::Error, error, &other))?;
        Ok(Self { pieces, open: 2, most, output: Vec::new(), error: Vec::new() })
    }

    /// Takes what is said until both streams are closed, one is full, or it is too late.
    pub(super) fn until(&mut self, deadline: Instant) -> Stopped {
        while self.open > 0 {
            // A program that never stops talking must not get around the time limit.
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Stopped::TooLate;
            }
            match self.pieces.recv_timeout(left) {
                Ok(Piece::Said(stream, bytes)) => {
                    let kept = if stream == Stream::Output { &mut self.output } else { &mut self.error };
                    let room = self.most - kept.len();
                    kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
                    if bytes.len() > room {
                        return Stopped::Full(stream);
                    }
                }
                Ok(Piece::Closed) => self.open -= 1,
                Err(RecvTimeoutError::Timeout) => return Stopped::TooLate,
                Ok(Piece::Failed(error)) => return Stopped::Failed(error),
                Err(RecvTimeoutError::Disconnected) => {
                    return Stopped::Failed(io::Error::other("the program's output is no longer read"));
                }
            }
        }
        Stopped::Closed
    }

    /// Takes what is still said until then; nothing that does not fit.
    pub(super) fn drain(&mut self, deadline: Instant) {
        while let Stopped::Full(_) = self.until(deadline) {}
    }
}

fn read(stream: Stream, mut from: impl Read, to: &SyncSender<Piece>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(read @ 1..) => {
                if to.send(Piece::Said(stream, buffer[..read].to_vec())).is_err() {
                    return;
                }
            }
            // Nobody listens any more when this cannot be sent.
            Ok(0) => return drop(to.send(Piece::Closed)),
            Err(error) => return drop(to.send(Piece::Failed(error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn stopped(broken: impl Read + Send + 'static) -> Stopped {
        let mut capture = Capture::start(b"said".as_slice(), broken, 100).unwrap();
        capture.until(Instant::now() + Duration::from_secs(10))
    }

    /// Fails, or panics.
    struct Broken {
        panics: bool,
    }

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            assert!(!self.panics, "this panic belongs to the test");
            Err(io::Error::other("broken"))
        }
    }

    #[test]
    fn a_stream_that_cannot_be_read_to_its_end_is_not_taken_for_one_that_ended() {
        assert!(matches!(stopped(Broken { panics: false }), Stopped::Failed(_)));
        assert!(matches!(stopped(Broken { panics: true }), Stopped::Failed(_)));
        assert!(matches!(stopped(b"".as_slice()), Stopped::Closed));
    }
}
