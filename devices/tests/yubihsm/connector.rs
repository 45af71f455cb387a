//! The connector: HTTP as clients speak it, and as they should not.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use officiant_devices::{
    Error,
    yubihsm::{Connector, VirtualYubiHsm},
};

use crate::{
    host::frame,
    support::{Bench, settings, split},
};

#[test]
fn the_status_page_is_lines_of_keys_and_values_like_the_vendors() {
    let bench = Bench::new();
    let port = bench.connector.address().port();
    let pid = std::process::id();
    let expected = format!("status=OK\nserial=*\nversion=3.0.5\npid={pid}\naddress=127.0.0.1\nport={port}\n");
    assert_eq!(bench.status_page(), expected);
}

#[test]
fn it_listens_on_loopback_addresses_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let device = VirtualYubiHsm::open(&settings(folder.path())).unwrap();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[2001:db8::1]:0", "[::ffff:127.0.0.1]:0"] {
        let address: SocketAddr = address.parse().unwrap();
        let error = Connector::start(device.clone(), address).unwrap_err();
        assert!(matches!(error, Error::NotLoopback { address: refused } if refused == address), "{error}");
        assert!(error.to_string().contains("is not a loopback address"));
    }
    Connector::start(device, "127.0.0.2:0".parse().unwrap()).unwrap();
}

#[test]
fn a_port_that_is_taken_is_an_error_that_says_so() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let device = VirtualYubiHsm::open(&settings(folder.path())).unwrap();
    let error = Connector::start(device, address).unwrap_err().to_string();
    assert!(error.starts_with(&format!("could not listen on {address}: ")), "{error}");
    assert!(error.ends_with("is another connector running? Name another port, or 0 for any"), "{error}");
}

#[test]
fn a_dropped_connector_has_stopped_and_freed_its_port_and_its_device() {
    let bench = Bench::new();
    let client = bench.client();
    let address = bench.connector.address();
    let idle = TcpStream::connect(address).unwrap();
    let started = Instant::now();
    let bench = bench.restart();
    assert!(started.elapsed() < Duration::from_secs(3), "it waits for nobody");
    assert!(TcpStream::connect(address).is_err() || address == bench.connector.address());
    assert!(client.echo(b"?".to_vec()).is_err());
    drop(idle);
}

#[test]
fn it_serves_until_it_is_told_to_stop() {
    let bench = Bench::new();
    let stop = bench.connector.stop_handle();
    let device = bench.device().clone();
    let serving = thread::spawn(move || bench.connector.serve());
    thread::sleep(Duration::from_millis(50));
    assert!(!serving.is_finished());
    stop.stop();
    serving.join().unwrap();
    stop.stop();
    assert!(device.is_plugged());
}

#[test]
fn other_paths_and_methods_are_answered_with_their_statuses() {
    let bench = Bench::new();
    let request = |line: &str| {
        bench.exchange(format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes()).0
    };
    assert_eq!(request("GET /"), 404);
    assert_eq!(request("GET /connector/status/"), 404);
    assert_eq!(request("GET /connector/api"), 405);
    assert_eq!(request("POST /connector/status"), 405);
    assert_eq!(request("DELETE /connector/api"), 405);
    assert_eq!(request("POST /connector/api"), 400);
}

#[test]
fn what_is_no_http_is_a_bad_request() {
    let bench = Bench::new();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /connector/api HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /connector/api HTTP/1.1\r\nContent-Length: +3\r\n\r\n",
        b"POST /connector/api HTTP/1.1\r\nContent-Length:\r\n\r\n",
        b"POST /connector/api HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST /connector/api HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\nabc",
    ] {
        assert_eq!(bench.exchange(bytes).0, 400, "{:?}", String::from_utf8_lossy(bytes));
    }
    let chunked = b"POST /connector/api HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(bench.exchange(chunked).0, 411);
}

#[test]
fn a_body_too_long_is_refused_before_it_is_read() {
    let bench = Bench::new();
    for length in ["3140", "1000000000000", "99999999999999999999999999999999"] {
        let head = format!("POST /connector/api HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        assert_eq!(bench.exchange(head.as_bytes()).0, 413, "{length}");
    }
    assert_eq!(bench.post(&[1, 0]).0, 400, "and one too short is refused too");
    let (status, answer) = bench.post(&[0; 3139]);
    assert_eq!((status, answer), (200, vec![0x7f, 0, 1, 8]), "the vendor's connector leaves these to the device");
}

#[test]
fn a_head_without_end_is_refused() {
    let bench = Bench::new();
    assert_eq!(bench.exchange(&[b"GET / HTTP/1.1\r\nX: ".as_slice(), &vec![b'a'; 20_000]].concat()).0, 431);
    let many = "X: y\r\n".repeat(100);
    assert_eq!(bench.exchange(format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes()).0, 431);
}

#[test]
fn a_page_in_a_browser_does_not_reach_the_device_under_a_name_of_its_own() {
    let bench = Bench::new();
    let status = |host: &str| {
        let head = format!("GET /connector/status HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        bench.exchange(head.as_bytes()).0
    };
    for host in ["localhost", "localhost:12345", "LOCALHOST", "127.0.0.1:1", "127.0.0.1", "[::1]:80", "[::1]"] {
        assert_eq!(status(host), 200, "{host}");
    }
    for host in ["example.org", "example.org:12345", "127.0.0.1.example.org", "192.0.2.1", "", "[::2]"] {
        assert_eq!(status(host), 403, "{host}");
    }
}

#[test]
fn a_page_in_a_browser_is_refused_by_its_origin() {
    let bench = Bench::new();
    // CREATE SESSION with authentication key 1: the device has 16 sessions.
    let message = frame(0x03, &[0, 1, 1, 2, 3, 4, 5, 6, 7, 8]);
    for origin in ["http://evil.example", "null", "http://127.0.0.1:12345", ""] {
        let length = message.len();
        let head = format!(
            "POST /connector/api HTTP/1.1\r\nHost: localhost\r\norigin: {origin}\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n"
        );
        for _ in 0..17 {
            assert_eq!(bench.exchange(&[head.as_bytes(), &message].concat()).0, 403, "{origin}");
        }
    }
    bench.client().echo(b"x".to_vec()).unwrap();
}

#[test]
fn a_request_names_one_host() {
    let bench = Bench::new();
    let status = |line: &str, hosts: &[u8]| {
        bench
            .exchange(
                &[format!("GET /connector/status {line}\r\n").as_bytes(), hosts, b"Connection: close\r\n\r\n"].concat(),
            )
            .0
    };
    assert_eq!(status("HTTP/1.1", b""), 400);
    assert_eq!(status("HTTP/1.1", b"Host: localhost\r\nHost: localhost\r\n"), 400);
    assert_eq!(status("HTTP/1.1", b"Host: evil.example\r\nhost: localhost\r\n"), 400);
    assert_eq!(status("HTTP/1.0", b"Host: localhost\r\nHost: localhost\r\n"), 400);
    assert_eq!(status("HTTP/1.1", b"Host: \xff\r\n"), 403);
    assert_eq!(status("HTTP/1.0", b""), 200, "where there need not be one");
}

#[test]
fn a_client_that_waits_for_leave_to_send_its_body_gets_it() {
    let bench = Bench::new();
    let mut socket = TcpStream::connect(bench.connector.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let head = b"POST /connector/api HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    socket.write_all(head).unwrap();
    let mut leave = [0; 25];
    socket.read_exact(&mut leave).unwrap();
    assert_eq!(&leave, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(&frame(0x01, b"x")).unwrap();
    let mut answer = [0; 1024];
    let length = socket.read(&mut answer).unwrap();
    assert_eq!(split(&answer[..length]), (200, frame(0x81, b"x")));
}

#[test]
fn every_answer_comes_in_one_piece() {
    let bench = Bench::new();
    let mut socket = TcpStream::connect(bench.connector.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    for length in [1, 800, 1024, 2000, 3000] {
        let message = frame(0x01, &vec![7; length]);
        let head =
            format!("POST /connector/api HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", message.len());
        socket.write_all(&[head.as_bytes(), &message].concat()).unwrap();
        let mut answer = vec![0; 65536];
        let received = socket.read(&mut answer).unwrap();
        assert_eq!(split(&answer[..received]), (200, frame(0x81, &vec![7; length])));
    }
}

#[test]
fn requests_that_come_together_are_answered_one_after_another() {
    let bench = Bench::new();
    let one = b"GET /connector/status HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3);
    let last = b"GET /nowhere HTTP/1.0\r\nHost: localhost\r\n\r\n";
    let mut socket = TcpStream::connect(bench.connector.address()).unwrap();
    socket.write_all(&[one.as_slice(), last].concat()).unwrap();
    let mut answers = String::new();
    socket.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3);
    assert_eq!(answers.matches("HTTP/1.1 404 Not Found").count(), 1);
}

#[test]
fn a_client_that_sends_byte_by_byte_keeps_nobody_waiting() {
    let bench = Bench::new();
    let mut slow = TcpStream::connect(bench.connector.address()).unwrap();
    for byte in b"POST /connector/api HTTP/1.1\r\nHost: loc" {
        slow.write_all(&[*byte]).unwrap();
    }
    let started = Instant::now();
    bench.client().echo(b"x".to_vec()).unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_request_that_takes_too_long_is_ended() {
    let bench = Bench::new();
    let mut slow = TcpStream::connect(bench.connector.address()).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    slow.write_all(b"POST /connector/api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n\x06").unwrap();
    let started = Instant::now();
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).unwrap();
    assert_eq!(split(&answer).0, 408);
    assert!((4..12).contains(&started.elapsed().as_secs()));
}

#[test]
fn idle_clients_in_crowds_give_way_to_new_ones() {
    let bench = Bench::new();
    let crowd: Vec<_> = (0..200).map(|_| TcpStream::connect(bench.connector.address()).unwrap()).collect();
    for _ in 0..3 {
        bench.client().echo(b"x".to_vec()).unwrap();
    }
    drop(crowd);
    bench.client().echo(b"x".to_vec()).unwrap();
}

#[test]
fn a_client_that_leaves_in_the_middle_does_no_harm() {
    let bench = Bench::new();
    for cut in [1, 20, 60, 80] {
        let bytes = b"POST /connector/api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300\r\n\r\n\x01\x01\x29x";
        let mut socket = TcpStream::connect(bench.connector.address()).unwrap();
        socket.write_all(&bytes[..cut.min(bytes.len())]).unwrap();
    }
    bench.client().echo(b"x".to_vec()).unwrap();
}

#[test]
fn a_device_is_free_as_soon_as_its_connector_has_stopped() {
    let mut bench = Bench::new();
    for _ in 0..50 {
        let sockets: Vec<_> = (0..4).map(|_| TcpStream::connect(bench.connector.address()).unwrap()).collect();
        bench.client().echo(b"x".to_vec()).unwrap();
        // Their threads are on their way out when the connector is stopped.
        drop(sockets);
        bench = bench.restart();
    }
}
