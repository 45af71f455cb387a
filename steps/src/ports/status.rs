//! The status page of a `yubihsm-connector`: `GET /connector/status`, lines of `key=value`.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

/// How long a connector has to take a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// How long it has to answer; it does so from memory.
const ANSWER: Duration = Duration::from_secs(4);
/// The page is of a few hundred bytes.
const LONGEST: usize = 16 * 1024;

/// What a connector says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It has a device.
    Device,
    /// It has none.
    NoDevice,
    /// Nothing takes a connection there.
    Silent,
    /// A connection was taken, and no answer came in time.
    Hangs,
    /// What answers is no connector.
    Stranger,
}

/// Asks a connector for its status.
pub(super) fn of(host: &str, port: u16) -> Status {
    let Some(mut socket) = connect(host, port) else { return Status::Silent };
    match ask(&mut socket, host, port) {
        Ok(page) => read(&page),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Status::Hangs,
        Err(_) => Status::Silent,
    }
}

fn connect(host: &str, port: u16) -> Option<TcpStream> {
    let addresses = format!("{host}:{port}").to_socket_addrs().ok()?;
    addresses.into_iter().find_map(|address| TcpStream::connect_timeout(&address, CONNECT).ok())
}

fn ask(socket: &mut TcpStream, host: &str, port: u16) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + ANSWER;
    socket.set_write_timeout(Some(ANSWER))?;
    // In one piece: who answers after the first of several, and closes, takes its answer back with that.
    let request = format!("GET /connector/status HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes())?;
    let mut page = Vec::new();
    let mut piece = [0; 2048];
    loop {
        // A connector that sends a byte now and then must not hold the ceremony up either.
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let read = match socket.read(&mut piece) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        page.extend(piece.iter().take(read));
        if read == 0 || page.len() > LONGEST {
            return if page.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(page) };
        }
    }
}

fn read(page: &[u8]) -> Status {
    let page = String::from_utf8_lossy(page);
    let mut lines = page.lines();
    let fine = lines.next().is_some_and(|first| first.starts_with("HTTP/1.") && first.contains(" 200"));
    match lines.find_map(|line| line.trim().strip_prefix("status=")) {
        Some("OK") if fine => Status::Device,
        Some("NO_DEVICE") if fine => Status::NoDevice,
        _ => Status::Stranger,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{net::TcpListener, thread};

    fn answers(answer: &'static [u8]) -> Status {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = socket.read(&mut request).unwrap();
            for byte in answer.chunks(7) {
                let _ = socket.write_all(byte);
            }
        });
        let status = of("127.0.0.1", port);
        server.join().unwrap();
        status
    }

    #[test]
    fn a_status_page_is_understood_however_it_arrives() {
        assert_eq!(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nstatus=OK"), Status::Device);
        assert_eq!(answers(b"HTTP/1.1 200 OK\r\n\r\nstatus=NO_DEVICE\nserial=*\n"), Status::NoDevice);
    }

    #[test]
    fn what_is_no_connector_is_not_taken_for_one() {
        assert_eq!(answers(b"HTTP/1.1 200 OK\r\n\r\n<html>printer</html>"), Status::Stranger);
        assert_eq!(answers(b"HTTP/1.1 404 Not Found\r\n\r\nstatus=OK"), Status::Stranger);
        assert_eq!(answers(b"SSH-2.0-OpenSSH\r\n"), Status::Stranger);
        assert_eq!(answers(b""), Status::Silent);
    }

    #[test]
    fn nobody_there_is_silence() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(of("127.0.0.1", port), Status::Silent);
    }
}
