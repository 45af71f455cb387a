//! Virtual card readers: a smart card service (pcscd) of this process's own, which sees no real reader.
//!
//! It runs in a mount namespace of its own, where `/run` is empty and no driver of a real reader is installed: the
//! system's service and whatever is plugged into it are neither disturbed nor seen. Its readers are those of vpcd, two of
//! them, each a TCP port to which a virtual card connects. Clients find it through [`SOCKET_VARIABLE`], in any program
//! that uses libpcsclite.
//!
//! vpcd listens at every address of this machine, and cannot be told otherwise: while the readers are there, and a reader is
//! empty, whoever reaches the port from elsewhere can put a card of theirs into it. It is seen by this process's clients alone.
//!
//! The service ends with this process, however that ends, and leaves no file behind: its socket is in the namespace, and
//! is reached as `/proc/PID/root/run/pcscd/pcscd.comm`, by the same user alone.

mod ports;
mod prerequisites;
mod service;

pub use ports::{Claim, Reader};

use service::Service;
use std::{
    env, io,
    net::{Ipv4Addr, SocketAddr},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

/// The environment variable by which libpcsclite finds the service: the path of its socket.
pub const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";
/// The environment variable by which officiant finds the readers: the address of the first.
pub const READERS_VARIABLE: &str = "OFFICIANT_READERS";
/// vpcd's own first port.
pub const USUAL_PORT: u16 = 35963;

/// The two virtual readers of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readers {
    /// The socket of the service.
    pub socket: PathBuf,
    /// Where the first reader waits for a card; the second does so at the next port.
    pub first: SocketAddr,
}

impl Readers {
    fn at(socket: PathBuf, port: u16) -> Self {
        Self { socket, first: (Ipv4Addr::LOCALHOST, port).into() }
    }

    /// Those that this process's environment names.
    pub fn of_environment() -> Option<Self> {
        let first: SocketAddr = env::var(READERS_VARIABLE).ok()?.parse().ok()?;
        Some(Self { socket: env::var_os(SOCKET_VARIABLE)?.into(), first })
    }

    /// The environment of a program that is to use them.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [(SOCKET_VARIABLE, self.socket.display().to_string()), (READERS_VARIABLE, self.first.to_string())]
    }

    /// Whether this very process started them, before it replaced itself.
    fn are_ours(&self) -> bool {
        service::process_of(&self.socket).and_then(service::parent_of) == Some(std::process::id())
    }
}

/// Virtual readers that this process has. Dropping them ends the service.
pub struct RunningReaders {
    readers: Readers,
    service: Service,
}

impl RunningReaders {
    /// Starts them; port 0 takes any two free neighbouring ports.
    ///
    /// The service ends with the *thread* that calls this: let it be the main one.
    ///
    /// # Errors
    /// Says what is missing, or what the service said, and what to do.
    pub fn start(port: u16) -> Result<Self, String> {
        let prerequisites = prerequisites::find()?;
        let start = |port| {
            let service = Service::start(&prerequisites, port)?;
            Ok(Self { readers: Readers::at(service.socket(), port), service })
        };
        let taken = |error: &io::Error| {
            format!(
                "could not listen on ports {port} and {}: {error}; are other virtual readers running, or has the system's \
                 own pcscd vpcd's readers? Name another port, or 0 for any",
                port.saturating_add(1)
            )
        };
        if port != 0 {
            ports::are_free(port).map_err(|error| taken(&error))?;
            return start(port).map_err(|failure| match failure {
                service::Failure::PortsTaken => taken(&io::ErrorKind::AddrInUse.into()),
                service::Failure::Other(message) => message,
            });
        }
        for port in ports::candidates() {
            match start(port) {
                Ok(readers) => return Ok(readers),
                // Somebody else was faster.
                Err(service::Failure::PortsTaken) => {}
                Err(service::Failure::Other(message)) => return Err(message),
            }
        }
        Err("no two neighbouring ports are free for virtual card readers; name one with --port".into())
    }

    /// What they are.
    pub fn readers(&self) -> &Readers {
        &self.readers
    }

    /// Waits until the service ends, which it does not by itself; returns what it said.
    pub fn wait(mut self) -> String {
        self.service.wait()
    }

    /// Becomes another program, which has the readers as long as it runs; returns only when it could not be started.
    pub fn become_program(&self, command: &mut Command) -> io::Error {
        command.envs(self.readers.environment()).exec()
    }
}

/// The readers of this process: starts the service and this program anew with it, the first time; says which they are
/// the second.
///
/// The environment of a process is fixed once it runs, and libpcsclite looks there. So this is called on the main thread
/// before anything was asked or written.
///
/// # Errors
/// Says what is missing, or what the service said, and what to do.
pub fn ensure() -> Result<Readers, String> {
    if let Some(readers) = Readers::of_environment().filter(Readers::are_ours) {
        return Ok(readers);
    }
    let running = RunningReaders::start(0)?;
    // The file that runs, also when another one lies in its place by now.
    let mut again = Command::new(Path::new("/proc/self/exe"));
    let mut arguments = env::args_os();
    again.arg0(arguments.next().unwrap_or_else(|| env!("CARGO_PKG_NAME").into())).args(arguments);
    let error = running.become_program(&mut again);
    Err(format!("officiant could not be started anew with virtual card readers: {error}"))
}
