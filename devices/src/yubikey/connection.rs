//! The connection: a card in a virtual reader.

use std::{
    io::{self, Read},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread::{self, JoinHandle},
    time::Duration,
};

use tracing::{debug, warn};

use super::{
    card::{Reply, VirtualYubiKey},
    vpcd::{self, Message},
};
use crate::Error;

/// The answer to reset of a YubiKey 5; its historical bytes end in `YubiKey`.
const ATR: [u8; 23] = [
    0x3b, 0xfd, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe, 0x15, 0x80, 0x73, 0xc0, 0x21, 0xc0, 0x57, 0x59, 0x75, 0x62, 0x69,
    0x4b, 0x65, 0x79, 0x40,
];
/// How long to wait for a reader that is not there: at first, and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// A reader on this machine takes a connection at once or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Puts a card into a reader of vpcd, the virtual reader of the vsmartcard project, so that pcscd and every client of it
/// sees a YubiKey.
///
/// It connects as often as it takes: when vpcd is not there yet, when it comes back, and when the card is plugged in
/// again. While the card is unplugged or has no power there is no connection, which pcscd sees as a reader without a card.
/// When an answer is lost ([`Reply::Silence`]), the connection is closed and made anew: to the client the card was
/// pulled out for a moment, which pcscd takes up to a second to notice.
pub struct Connection;

impl Connection {
    /// Starts to connect a card to the reader that listens at `reader`.
    ///
    /// # Errors
    /// [`Error::NotLoopback`], [`Error::Thread`]. That nobody listens there yet is none.
    pub fn start(card: VirtualYubiKey, reader: SocketAddr) -> Result<RunningConnection, Error> {
        if !reader.ip().is_loopback() {
            return Err(Error::NotLoopback { address: reader });
        }
        let link = Arc::new(Link::default());
        card.put_into(&link);
        let connecting = thread::Builder::new()
            .name(format!("yubikey-{}", card.serial()))
            .spawn({
                let (card, link) = (card.clone(), Arc::clone(&link));
                move || stay_connected(&card, reader, &link)
            })
            .map_err(|source| Error::Thread { source })?;
        Ok(RunningConnection { card, reader, link, connecting: Some(connecting) })
    }
}

/// A card that is in a reader whenever it can be. Dropping it takes the card out for good, and waits until it is out.
#[derive(Debug)]
pub struct RunningConnection {
    card: VirtualYubiKey,
    reader: SocketAddr,
    link: Arc<Link>,
    connecting: Option<JoinHandle<()>>,
}

impl RunningConnection {
    /// The card: to plug and unplug it, let it fail.
    #[must_use]
    pub fn card(&self) -> &VirtualYubiKey {
        &self.card
    }

    /// Where the reader listens.
    #[must_use]
    pub fn reader(&self) -> SocketAddr {
        self.reader
    }

    /// What stops it from another thread.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        StopHandle(Arc::clone(&self.link))
    }

    /// Serves until a [`StopHandle`] is used.
    pub fn serve(mut self) {
        self.join();
    }

    fn join(&mut self) {
        if let Some(connecting) = self.connecting.take()
            && connecting.join().is_err()
        {
            warn!("the connection ended in a panic");
        }
    }
}

impl Drop for RunningConnection {
    fn drop(&mut self) {
        self.stop_handle().stop();
        self.join();
    }
}

/// Stops a [`RunningConnection`]; for a signal handler's thread, for example.
#[derive(Clone, Debug)]
pub struct StopHandle(Arc<Link>);

impl StopHandle {
    /// Takes the card out of the reader for good. A command that is being carried out comes to its end.
    pub fn stop(&self) {
        self.0.change(|state| state.stopped = true);
    }
}

/// What a connection's thread shares with those who move the card or stop it.
///
/// Its lock is never held while the card is asked anything: the card may be held by whoever moves it.
#[derive(Debug, Default)]
pub(super) struct Link {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    /// How often the card was moved; see [`Link::card_moved`].
    moves: u64,
    /// The open connection.
    socket: Option<TcpStream>,
}

impl Link {
    /// The card was plugged in or pulled out, or its power came or went. The connection ends at once; whether there is to
    /// be another one, its thread asks the card.
    pub(super) fn card_moved(&self) {
        self.change(|state| state.moves += 1);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        if let Some(socket) = state.socket.take() {
            // Fails if the reader was faster.
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.changed.notify_all();
    }

    /// How often the card was moved; `None` when it is time to stop.
    fn moves(&self) -> Option<u64> {
        let state = self.state();
        (!state.stopped).then_some(state.moves)
    }

    /// Waits until the card is moved again or it is time to stop, but not for longer than `limit`.
    fn wait(&self, moves: u64, limit: Option<Duration>) {
        let unchanged = |state: &mut State| !state.stopped && state.moves == moves;
        let state = self.state();
        match limit {
            Some(limit) => drop(self.changed.wait_timeout_while(state, limit, unchanged)),
            None => drop(self.changed.wait_while(state, unchanged)),
        }
    }

    /// Makes this the open connection; `false` if the card was moved meanwhile.
    fn opened(&self, moves: u64, socket: TcpStream) -> bool {
        let mut state = self.state();
        let still = !state.stopped && state.moves == moves;
        state.socket = still.then_some(socket);
        still
    }

    fn closed(&self) {
        self.state().socket = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those to tell when a card is moved: the connections that it is in.
#[derive(Debug, Default)]
pub(super) struct Links(Vec<Weak<Link>>);

impl Links {
    pub(super) fn add(&mut self, link: &Arc<Link>) {
        self.0.retain(|link| link.strong_count() > 0);
        self.0.push(Arc::downgrade(link));
    }

    pub(super) fn card_moved(&self) {
        self.0.iter().filter_map(Weak::upgrade).for_each(|link| link.card_moved());
    }
}

fn stay_connected(card: &VirtualYubiKey, reader: SocketAddr, link: &Link) {
    let mut pause = RETRY.0;
    let mut absence = Absence::Seen;
    while let Some(moves) = link.moves() {
        if !card.is_plugged() {
            link.wait(moves, None);
            pause = RETRY.0;
            continue;
        }
        match connect(reader, link, moves) {
            Ok(Some(socket)) => {
                debug!(%reader, serial = card.serial(), "the card is in the reader");
                // However the last connection ended, the card had no power since.
                card.reset();
                let end = answer_all(card, &socket, &mut absence);
                // Not left to the drop: the other handle of this socket may live on for a moment.
                let _ = socket.shutdown(Shutdown::Both);
                link.closed();
                debug!(%reader, serial = card.serial(), ?end, "the card is out of the reader");
                pause = RETRY.0;
            }
            // The card was moved, or it is time to stop.
            Ok(None) => continue,
            Err(error) => debug!(%reader, %error, "no reader yet"),
        }
        link.wait(moves, Some(pause));
        pause = (pause * 2).min(RETRY.1);
    }
}

fn connect(reader: SocketAddr, link: &Link, moves: u64) -> io::Result<Option<TcpStream>> {
    let socket = TcpStream::connect_timeout(&reader, CONNECT_TIMEOUT)?;
    if is_itself(&socket)? {
        return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "nobody listens there"));
    }
    socket.set_nodelay(true)?;
    Ok(link.opened(moves, socket.try_clone()?).then_some(socket))
}

/// Whether both ends of a connection are one: where nobody listens, at a port that the system hands out to clients as it
/// does vpcd's, one try in many thousand meets itself (RFC 9293, 3.5, *simultaneous connection*). It would keep the port from
/// the reader.
fn is_itself(socket: &TcpStream) -> io::Result<bool> {
    Ok(socket.local_addr()? == socket.peer_addr()?)
}

/// Whether pcscd has seen that the card was out.
///
/// Every 400 ms it has vpcd look whether a card is there, which vpcd does by asking for the ATR. A card that left a command
/// without an answer, pcscd gives up, and takes it back only after a look has found none: one that is in again before
/// would be given up for good. So the next look finds none, however long it takes to come, and if the card is looked at
/// again and again after that but not powered, so does another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absence {
    /// It has, or there was none to see.
    Seen,
    /// The next look is to find no card.
    Unseen,
    /// A look found no card; whether pcscd takes it back is to be seen.
    Shown,
    /// A look found it since.
    ShownAndLookedAt,
}

/// Answers the reader until the connection is to end.
fn answer_all(card: &VirtualYubiKey, socket: &TcpStream, absence: &mut Absence) -> io::Result<()> {
    // Without a buffer, which would keep a PIN.
    let mut reading = Prompt(socket);
    loop {
        let message = Message::receive(&mut reading)?;
        let answer = match message {
            Message::PowerOff => {
                card.reset();
                continue;
            }
            Message::PowerOn | Message::Reset => {
                card.reset();
                *absence = Absence::Seen;
                continue;
            }
            Message::GetAtr => match *absence {
                Absence::Seen => ATR.to_vec(),
                Absence::Shown => {
                    *absence = Absence::ShownAndLookedAt;
                    ATR.to_vec()
                }
                Absence::Unseen | Absence::ShownAndLookedAt => {
                    *absence = Absence::Shown;
                    return Ok(());
                }
            },
            Message::Apdu(apdu) => {
                // Until its answer is under way.
                *absence = Absence::Unseen;
                match card.transmit(&apdu) {
                    Reply::Answer(answer) => answer,
                    Reply::NoDevice | Reply::Silence => return Ok(()),
                }
            }
        };
        vpcd::send(&mut &*socket, &answer)?;
        if *absence == Absence::Unseen {
            *absence = Absence::Seen;
        }
    }
}

/// A socket that acknowledges what was read before it reads on.
///
/// vpcd sends a length and then its message; the system it runs on keeps the message back until the length is
/// acknowledged (Nagle's algorithm), which ours puts off for 40 ms unless it is told not to, each time anew (tcp(7),
/// `TCP_QUICKACK`).
struct Prompt<'a>(&'a TcpStream);

impl Read for Prompt<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(target_os = "linux")]
        // Without it everything takes longer, and that is all.
        let _ = rustix::net::sockopt::set_tcp_quickack(self.0, true);
        self.0.read(buffer)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;

    use rustix::net::{AddressFamily, SocketType, bind, connect, getsockname, socket};

    use super::*;

    #[test]
    fn a_connection_that_met_itself_is_told_from_one_to_a_reader() {
        let alone = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&alone, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        connect(&alone, &getsockname(&alone).unwrap()).unwrap();
        assert!(is_itself(&alone.into()).unwrap());

        let reader = TcpListener::bind("127.0.0.1:0").unwrap();
        let connection = TcpStream::connect(reader.local_addr().unwrap()).unwrap();
        assert!(!is_itself(&connection).unwrap());
    }
}
