//! The connector: a device behind HTTP, as the vendor's `yubihsm-connector` puts it there.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tracing::{debug, warn};

use super::{
    device::{Reply, VirtualYubiHsm},
    http::{Connection, Failure, Request, Response, Status},
};
use crate::Error;

/// Connections at once. When one more comes, the one that has been idle for longest gives way, or else the new one.
const CONNECTIONS_LIMIT: usize = 64;
/// The vendor's connector takes messages of 3 to 3139 bytes: 3 more than any device handles.
const MESSAGE_LENGTHS: std::ops::RangeInclusive<usize> = 3..=3139;
/// The version of the vendor's connector whose status page this is like.
const VERSION: &str = "3.0.5";

/// Serves a device over HTTP.
///
/// - `GET /connector/status`: `key=value` lines; `status=OK`, or `status=NO_DEVICE` when the device is unplugged.
/// - `POST /connector/api`: a message, and the device's answer; 500 when the device is unplugged, 400 for a body of
///   another length than 3 to 3139 bytes.
///
/// It listens on a loopback address only, and refuses requests whose `Host` names anything else and those that a page in
/// a browser sends, which have an `Origin`.
pub struct Connector;

impl Connector {
    /// Starts to serve a device; port 0 takes any free one.
    ///
    /// # Errors
    /// [`Error::NotLoopback`], [`Error::Listen`].
    pub fn start(device: VirtualYubiHsm, address: SocketAddr) -> Result<RunningConnector, Error> {
        if !address.ip().is_loopback() {
            return Err(Error::NotLoopback { address });
        }
        let listen = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let shared = Arc::new(Shared { device, address, connections: Mutex::default() });
        let accepting = thread::Builder::new()
            .name("yubihsm-connector".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || accept(&shared, &listener)
            })
            .map_err(listen)?;
        Ok(RunningConnector { shared, accepting: Some(accepting) })
    }
}

/// A connector that serves. Dropping it stops it and waits until it has stopped.
#[derive(Debug)]
pub struct RunningConnector {
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl RunningConnector {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// What clients are told, such as `http://127.0.0.1:12345`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// The device: to plug and unplug it, reset it, let it fail.
    #[must_use]
    pub fn device(&self) -> &VirtualYubiHsm {
        &self.shared.device
    }

    /// What stops it from another thread.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        StopHandle(Arc::clone(&self.shared))
    }

    /// Serves until a [`StopHandle`] is used.
    pub fn serve(mut self) {
        self.join();
    }

    fn join(&mut self) {
        if let Some(accepting) = self.accepting.take()
            && accepting.join().is_err()
        {
            warn!("the connector ended in a panic");
        }
    }
}

impl Drop for RunningConnector {
    fn drop(&mut self) {
        self.stop_handle().stop();
        self.join();
    }
}

/// Stops a [`RunningConnector`]; for a signal handler's thread, for example.
#[derive(Clone, Debug)]
pub struct StopHandle(Arc<Shared>);

impl StopHandle {
    /// Stops the connector: no new connections, and the open ones are closed.
    pub fn stop(&self) {
        let mut connections = self.0.connections();
        if !connections.stopped {
            connections.stopped = true;
            connections.close_all();
            drop(connections);
            // Accepting is woken by a connection, which it then finds it need not serve.
            let _ = TcpStream::connect_timeout(&self.0.address, Duration::from_secs(1));
        }
    }
}

/// What the threads of a connector share.
#[derive(Debug)]
struct Shared {
    device: VirtualYubiHsm,
    address: SocketAddr,
    connections: Mutex<Connections>,
}

impl Shared {
    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Connections {
    stopped: bool,
    next: u64,
    open: BTreeMap<u64, Open>,
    /// Threads of connections that are closed: at their end, or past it.
    leaving: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Open {
    socket: TcpStream,
    /// Since when no request has been under way; `None` while one is.
    idle_since: Option<Instant>,
    thread: JoinHandle<()>,
}

impl Connections {
    fn close_all(&self) {
        for open in self.open.values() {
            // Fails if the client was faster.
            let _ = open.socket.shutdown(Shutdown::Both);
        }
    }

    /// Makes room for one more by closing the one that has been idle for longest; `false` if none is idle.
    fn make_room(&mut self) -> bool {
        if self.open.len() < CONNECTIONS_LIMIT {
            return true;
        }
        let idle = self.open.iter().filter_map(|(number, open)| Some((open.idle_since?, *number))).min();
        if let Some((_, number)) = idle {
            self.close(number);
        }
        idle.is_some()
    }

    /// Closes a connection, and remembers its thread: the device must not outlive the connector in it.
    fn close(&mut self, number: u64) {
        self.leaving.retain(|thread| !thread.is_finished());
        if let Some(open) = self.open.remove(&number) {
            // Fails if the client was faster.
            let _ = open.socket.shutdown(Shutdown::Both);
            self.leaving.push(open.thread);
        }
    }
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    loop {
        let accepted = listener.accept();
        let mut connections = shared.connections();
        if connections.stopped {
            break;
        }
        let socket = match accepted {
            Ok((socket, _)) => socket,
            Err(error) => {
                drop(connections);
                warn!(%error, "could not accept a connection");
                // Out of descriptors, most likely; trying again at once would only spin.
                thread::sleep(Duration::from_millis(50));
                continue;
            }
        };
        // A dropped socket is a closed connection.
        if shared.device.is_powered()
            && connections.make_room()
            && let Err(error) = open(shared, &mut connections, socket)
        {
            warn!(%error, "could not serve a connection");
        }
    }
    // Their sockets are closed, so they end; each may still need the lock to do so.
    let mut connections = shared.connections();
    let (open, leaving) = (std::mem::take(&mut connections.open), std::mem::take(&mut connections.leaving));
    drop(connections);
    for thread in open.into_values().map(|open| open.thread).chain(leaving) {
        let _ = thread.join();
    }
}

fn open(shared: &Arc<Shared>, connections: &mut Connections, socket: TcpStream) -> io::Result<()> {
    let number = connections.next;
    connections.next += 1;
    let connection = Connection::new(socket.try_clone()?)?;
    let thread = thread::Builder::new().name(format!("yubihsm-client-{number}")).spawn({
        let shared = Arc::clone(shared);
        move || serve(&shared, number, connection)
    })?;
    connections.open.insert(number, Open { socket, idle_since: Some(Instant::now()), thread });
    Ok(())
}

fn serve(shared: &Shared, number: u64, mut connection: Connection) {
    let idle_since = |since: Option<Instant>| {
        if let Some(open) = shared.connections().open.get_mut(&number) {
            open.idle_since = since;
        }
    };
    loop {
        let request = match connection.receive(*MESSAGE_LENGTHS.end(), || idle_since(None)) {
            Ok(request) => request,
            Err(Failure::Closed) => break,
            Err(Failure::Refused(status)) => {
                debug!(?status, "refused a request");
                // The client may not read it; the connection ends in any case.
                let _ = connection.send(&status.into(), false);
                break;
            }
        };
        let Some(response) = respond(shared, &request) else { break };
        if connection.send(&response, request.keep_alive).is_err() || !request.keep_alive {
            break;
        }
        idle_since(Some(Instant::now()));
    }
    shared.connections().close(number);
}

/// The answer to a request; `None` if the connection is to be closed without one.
fn respond(shared: &Shared, request: &Request) -> Option<Response> {
    if !shared.device.is_powered() {
        return None;
    }
    if !request.from_program {
        return Some(Status::Forbidden.into());
    }
    let response = match (request.path.as_str(), request.method.as_str()) {
        ("/connector/status", "GET") => status_page(shared),
        ("/connector/status", _) => Status::MethodNotAllowed("GET").into(),
        ("/connector/api", "POST") if MESSAGE_LENGTHS.contains(&request.body.len()) => {
            match shared.device.transceive(&request.body) {
                Reply::Answer(body) => Response { status: Status::Ok, content_type: "application/octet-stream", body },
                Reply::NoDevice => Status::InternalServerError.into(),
                Reply::Silence => return None,
            }
        }
        ("/connector/api", "POST") => Status::BadRequest.into(),
        ("/connector/api", _) => Status::MethodNotAllowed("POST").into(),
        _ => Status::NotFound.into(),
    };
    Some(response)
}

/// The vendor's page, line for line.
fn status_page(shared: &Shared) -> Response {
    let status = if shared.device.is_plugged() { "OK" } else { "NO_DEVICE" };
    let mut page = String::new();
    let lines = [
        ("status", status.to_owned()),
        ("serial", "*".to_owned()),
        ("version", VERSION.to_owned()),
        ("pid", std::process::id().to_string()),
        ("address", shared.address.ip().to_string()),
        ("port", shared.address.port().to_string()),
    ];
    for (key, value) in lines {
        // Writing to a string does not fail.
        let _ = writeln!(page, "{key}={value}");
    }
    Response { status: Status::Ok, content_type: "text/plain; charset=utf-8", body: page.into_bytes() }
}
