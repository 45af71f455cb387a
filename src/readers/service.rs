//! The smart card service of virtual readers: a process, its namespace, and its end.

use super::{ports, prerequisites::Prerequisites};
use rand_core::{OsRng, RngCore};
use std::{
    env, fs,
    fs::{File, OpenOptions},
    io,
    io::{Read, Seek},
    os::unix::{fs::OpenOptionsExt, net::UnixStream, process::CommandExt},
    path::{Component, Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long the service may take to start, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the namespace is made of, before the service runs in it. `$1` is the process that must still be there, since the
/// kernel tells of its end only what happens from now on.
const SCRIPT: &str = r#"set -e
[ "$PPID" = "$1" ]
pcscd=$2 without_polkit=$3 driver=$4 readers=$5
shift 5
mount -t tmpfs -o mode=0700,size=1m tmpfs /run
mkdir /run/pcscd /run/none
: > /run/libifdvpcd.so
mount --bind "$driver" /run/libifdvpcd.so
for drivers; do mount --bind /run/none "$drivers"; done
printf %s "$readers" > /run/reader.conf
exec "$pcscd" --foreground --config /run/reader.conf $without_polkit
"#;

/// A service that runs.
pub struct Service {
    child: Child,
    log: Log,
}

/// Why it does not.
pub enum Failure {
    /// Somebody listens at one of its ports.
    PortsTaken,
    /// Anything else, for people.
    Other(String),
}

impl Service {
    /// Starts one whose readers wait at a port and at the next one, and waits until they do.
    pub fn start(prerequisites: &Prerequisites, port: u16) -> Result<Self, Failure> {
        let mut service = Self::spawn(prerequisites, port)
            .map_err(|error| Failure::Other(format!("the smart card service of virtual readers: {error}")))?;
        let since = Instant::now();
        loop {
            if service.is_pcscd() && service.answers() {
                // It makes its readers before its socket.
                return if ports::are_listened_at(port, service.child.id()) {
                    Ok(service)
                } else {
                    Err(Failure::PortsTaken)
                };
            }
            if !matches!(service.child.try_wait(), Ok(None)) {
                return Err(Failure::Other(service.refused()));
            }
            if since.elapsed() > PATIENCE {
                return Err(Failure::Other(format!(
                    "the smart card service of virtual readers did not answer within {} seconds; try again: {}",
                    PATIENCE.as_secs(),
                    service.log.read()
                )));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn spawn(prerequisites: &Prerequisites, port: u16) -> io::Result<Self> {
        let log = Log::new()?;
        // One entry: two readers. A second one makes clients hang.
        let readers = format!(
            "FRIENDLYNAME \"Yubico YubiKey CCID\"\nDEVICENAME /dev/null:{port}\nLIBPATH /run/libifdvpcd.so\nCHANNELID {port}\n"
        );
        let child = Command::new(&prerequisites.unshare)
            // Who is not root becomes it in a namespace of users, where nobody else is.
            .arg(if rustix::process::geteuid().is_root() { "-m" } else { "-rm" })
            // After unshare: with other rights, the kernel forgets.
            .arg(&prerequisites.setpriv)
            .args(["--pdeathsig", "KILL", "sh", "-c", SCRIPT, "readers"])
            .arg(std::process::id().to_string())
            .arg(&prerequisites.pcscd)
            .arg(prerequisites.without_polkit)
            .arg(&prerequisites.driver)
            .arg(readers)
            .args(&prerequisites.hidden)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.file.try_clone()?)
            .stderr(log.file.try_clone()?)
            // Ctrl-C at the terminal is for this program, which may have to end things well.
            .process_group(0)
            .spawn()?;
        Ok(Self { child, log })
    }

    /// Its socket, as others reach it.
    pub fn socket(&self) -> PathBuf {
        socket_of(self.child.id())
    }

    /// Whether the process is the service already, and so in its namespace.
    fn is_pcscd(&self) -> bool {
        fs::read_to_string(format!("/proc/{}/comm", self.child.id())).is_ok_and(|name| name.trim_end() == "pcscd")
    }

    fn answers(&self) -> bool {
        UnixStream::connect(self.socket()).is_ok()
    }

    /// Waits until it ends; returns what it said.
    pub fn wait(&mut self) -> String {
        // What matters is what it said.
        let _ = self.child.wait();
        self.log.read()
    }

    fn refused(&mut self) -> String {
        let said = self.log.read();
        let next = if !said.contains("unshare: ") && !said.contains("mount: ") {
            "see what it said"
        } else if rustix::process::geteuid().is_root() {
            "it needs the right to mount (CAP_SYS_ADMIN), which a container may have to be given"
        } else {
            "it needs a namespace of its own: let users make one (sysctl kernel.unprivileged_userns_clone=1, or \
             kernel.apparmor_restrict_unprivileged_userns=0), or do this as root"
        };
        format!("the smart card service of virtual readers did not start; {next}: {said}")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It fails if the service is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The socket of a service that is that process.
fn socket_of(process: u32) -> PathBuf {
    format!("/proc/{process}/root/run/pcscd/pcscd.comm").into()
}

/// The process whose socket that is.
pub fn process_of(socket: &Path) -> Option<u32> {
    let Component::Normal(process) = socket.components().nth(2)? else { return None };
    let process = process.to_str()?.parse().ok()?;
    (socket == socket_of(process)).then_some(process)
}

/// The parent of a process.
pub fn parent_of(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// What the service says, in a file that has no name.
struct Log {
    file: File,
}

impl Log {
    fn new() -> io::Result<Self> {
        let path = env::temp_dir().join(format!("officiant-readers-{:016x}", OsRng.next_u64()));
        // The service has the same place in the file as who reads it: what it says goes to the end wherever that is.
        let file = OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(&path)?;
        fs::remove_file(&path)?;
        Ok(Self { file })
    }

    fn read(&mut self) -> String {
        let mut said = Vec::new();
        // A log that cannot be read says nothing.
        let _ = self.file.rewind().and_then(|()| self.file.read_to_end(&mut said));
        String::from_utf8_lossy(&said).trim().to_owned()
    }
}
