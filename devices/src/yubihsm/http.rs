//! As much of HTTP/1.1 (RFC 9112) as a connector needs, with a bound on everything.
//!
//! `httparse` reads the heads. The rest is here rather than in a server library because the connector needs its hand on
//! the socket: to close it without a word when a fault says so, to send every answer in one piece (the `yubihsm` crate
//! 0.42.1 reads an answer that comes in two wrongly), and to bound the head, the body, and the time that a request
//! takes.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, TcpStream},
    time::{Duration, Instant},
};

/// Bytes of a head, at most.
const HEAD_LIMIT: usize = 8 * 1024;
/// Lines of a head, at most.
const HEADERS_LIMIT: usize = 48;
/// How long a request may take from its first byte to its last, and an answer to be taken: as with the vendor's
/// connector.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Vec<u8>,
    /// Whether the client wants another on the same connection.
    pub(super) keep_alive: bool,
    /// Whether it is from no page in a browser: such a page tells its origin (RFC 6454, 7), and the host that it means
    /// is not the loopback interface when it has a name of its own resolve to that.
    pub(super) from_program: bool,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: Status,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
}

/// The statuses that a connector answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    BadRequest,
    Forbidden,
    NotFound,
    MethodNotAllowed(&'static str),
    RequestTimeout,
    LengthRequired,
    ContentTooLarge,
    HeadTooLarge,
    InternalServerError,
}

impl Status {
    const fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::BadRequest => "400 Bad Request",
            Self::Forbidden => "403 Forbidden",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed(_) => "405 Method Not Allowed",
            Self::RequestTimeout => "408 Request Timeout",
            Self::LengthRequired => "411 Length Required",
            Self::ContentTooLarge => "413 Content Too Large",
            Self::HeadTooLarge => "431 Request Header Fields Too Large",
            Self::InternalServerError => "500 Internal Server Error",
        }
    }
}

impl From<Status> for Response {
    fn from(status: Status) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: format!("{}\n", status.line()).into() }
    }
}

/// Why no request came.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection ended, as connections do.
    Closed,
    /// What came is no request that can be answered otherwise.
    Refused(Status),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Refused(Status::RequestTimeout),
            _ => Self::Closed,
        }
    }
}

/// A client's connection.
pub(super) struct Connection {
    socket: TcpStream,
    /// What was read beyond the last request.
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) fn new(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(TIME_LIMIT))?;
        Ok(Self { socket, buffer: Vec::new() })
    }

    /// The next request. Waits for its first byte for as long as it takes: a ceremony pauses, and its client keeps the
    /// connection. `begun` is called when it is there.
    pub(super) fn receive(&mut self, body_limit: usize, begun: impl FnOnce()) -> Result<Request, Failure> {
        if self.buffer.is_empty() {
            self.read_more(None)?;
        }
        begun();
        let deadline = Instant::now() + TIME_LIMIT;
        let head = loop {
            if let Some(head) = Head::parse(&self.buffer)? {
                break head;
            }
            if self.buffer.len() >= HEAD_LIMIT {
                return Err(Failure::Refused(Status::HeadTooLarge));
            }
            self.read_more(Some(deadline))?;
        };
        self.buffer.drain(..head.length);
        if head.content_length > body_limit {
            return Err(Failure::Refused(Status::ContentTooLarge));
        }
        if head.expects_continue && self.buffer.len() < head.content_length {
            self.socket.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        while self.buffer.len() < head.content_length {
            self.read_more(Some(deadline))?;
        }
        let body = self.buffer.drain(..head.content_length).collect();
        Ok(Request {
            method: head.method,
            path: head.path,
            body,
            keep_alive: head.keep_alive,
            from_program: head.from_program,
        })
    }

    /// Sends an answer, in one piece.
    pub(super) fn send(&mut self, response: &Response, keep_alive: bool) -> io::Result<()> {
        let allow = match response.status {
            Status::MethodNotAllowed(method) => format!("Allow: {method}\r\n"),
            _ => String::new(),
        };
        let mut bytes = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{allow}Connection: {}\r\n\r\n",
            response.status.line(),
            response.content_type,
            response.body.len(),
            if keep_alive { "keep-alive" } else { "close" },
        )
        .into_bytes();
        bytes.extend(&response.body);
        self.socket.write_all(&bytes)
    }

    fn read_more(&mut self, deadline: Option<Instant>) -> Result<(), Failure> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Err(Failure::Refused(Status::RequestTimeout));
        }
        self.socket.set_read_timeout(left)?;
        let mut chunk = [0; 4096];
        let length = match self.socket.read(&mut chunk) {
            Ok(0) => return Err(Failure::Closed),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            other => other?,
        };
        self.buffer.extend(chunk.iter().take(length));
        Ok(())
    }
}

/// The length of the head of a request; `None` if it is none or not all of it.
#[must_use]
pub fn head_length(bytes: &[u8]) -> Option<usize> {
    Head::parse(bytes).ok().flatten().map(|head| head.length)
}

/// The head of a request, as far as it matters here.
struct Head {
    /// Bytes up to and with the empty line.
    length: usize,
    method: String,
    path: String,
    content_length: usize,
    expects_continue: bool,
    keep_alive: bool,
    from_program: bool,
}

impl Head {
    /// `None` if there is more to come.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, Failure> {
        let refused = |status| Err(Failure::Refused(status));
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_LIMIT];
        let mut request = httparse::Request::new(&mut headers);
        let length = match request.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return refused(Status::HeadTooLarge),
            Err(_) => return refused(Status::BadRequest),
        };
        let (Some(method), Some(path), Some(version)) = (request.method, request.path, request.version) else {
            return refused(Status::BadRequest);
        };
        let mut head = Self {
            length,
            method: method.to_owned(),
            path: path.to_owned(),
            content_length: 0,
            expects_continue: false,
            keep_alive: version == 1,
            from_program: true,
        };
        let (mut lengths, mut hosts) = (0, 0);
        for header in request.headers.iter() {
            // What is not UTF-8 is no length, no host and no option.
            let value = str::from_utf8(header.value).unwrap_or("\u{fffd}").trim();
            match header.name.to_ascii_lowercase().as_str() {
                // One length, in digits only: where two readers could disagree, one of them can be fooled (RFC 9112,
                // 6.3).
                "content-length" => {
                    lengths += 1;
                    if lengths > 1 || value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
                        return refused(Status::BadRequest);
                    }
                    // A number too long for a `usize` is certainly too large.
                    head.content_length = value.parse().unwrap_or(usize::MAX);
                }
                "transfer-encoding" => return refused(Status::LengthRequired),
                "expect" => head.expects_continue = value.eq_ignore_ascii_case("100-continue"),
                "connection" => {
                    for option in value.split(',').map(str::trim) {
                        if option.eq_ignore_ascii_case("close") {
                            head.keep_alive = false;
                        } else if option.eq_ignore_ascii_case("keep-alive") {
                            head.keep_alive = true;
                        }
                    }
                }
                "host" => {
                    hosts += 1;
                    head.from_program &= is_loopback(value);
                }
                "origin" => head.from_program = false,
                _ => {}
            }
        }
        // Exactly one, or in HTTP/1.0 none (RFC 9112, 3.2).
        if hosts > 1 || (hosts == 0 && version == 1) {
            return refused(Status::BadRequest);
        }
        Ok(Some(head))
    }
}

/// Whether a Host header (RFC 9110, 7.2) names the loopback interface.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _port)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
