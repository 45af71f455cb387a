//! Connectors that are not what they seem.

use crate::bench::{Room, authentication_key};
use officiant_devices::yubihsm::{Reply, VirtualYubiHsm};
use serde_json::json;
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

const DEVICE_INFO: u8 = 0x06;

/// Serves a connector that answers a message with pieces of HTTP, and returns its URL.
fn connector(answer: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || serve(socket, &*answer));
        }
    });
    url
}

fn serve(mut socket: TcpStream, answer: &dyn Fn(&[u8]) -> Vec<Vec<u8>>) -> Option<()> {
    let mut received = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let head = loop {
            if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            let read = socket.read(&mut piece).ok().filter(|read| *read > 0)?;
            received.extend(&piece[..read]);
        };
        let text = String::from_utf8_lossy(&received[..head]).into_owned();
        if text.starts_with("GET ") {
            socket.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nstatus=OK\n").ok()?;
            return None;
        }
        let length: usize = text.lines().find_map(|line| line.strip_prefix("Content-Length: "))?.parse().ok()?;
        while received.len() < head + length {
            let read = socket.read(&mut piece).ok().filter(|read| *read > 0)?;
            received.extend(&piece[..read]);
        }
        let body: Vec<u8> = received.drain(..head + length).skip(head).collect();
        for piece in answer(&body) {
            socket.write_all(&piece).ok()?;
            socket.flush().ok()?;
            thread::sleep(std::time::Duration::from_millis(30));
        }
    }
}

fn ok(body: &[u8]) -> Vec<Vec<u8>> {
    vec![[format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()]
}

fn transceive(device: &VirtualYubiHsm, message: &[u8]) -> Vec<u8> {
    match device.transceive(message) {
        Reply::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

/// A room whose only connector answers DEVICE INFO as `A` for the first `times`, then as `B`; all else is `A`.
fn swapped_after(times: usize) -> Room {
    let mut room = Room::live([("A", 13_200_460), ("B", 13_200_461)]);
    let (a, b) = (room.device("A").clone(), room.device("B").clone());
    let asked = AtomicUsize::new(0);
    let url = connector(move |message| {
        let other = message[0] == DEVICE_INFO && asked.fetch_add(1, Ordering::SeqCst) >= times;
        ok(&transceive(if other { &b } else { &a }, message))
    });
    room.bindings.yubihsm.connectors = vec![url];
    room
}

#[test]
fn a_device_that_was_swapped_before_the_session_is_noticed() {
    let mut room = swapped_after(1);
    let said = room.refuses("yubihsm.put-authentication-key", authentication_key(2), "wrong-device");
    assert_eq!(said, "A is the device with the serial number 13200460; the one that answers has 13200461");
}

#[test]
fn a_device_that_was_swapped_after_the_command_is_noticed() {
    let mut room = swapped_after(2);
    let said = room.refuses("yubihsm.put-authentication-key", authentication_key(2), "wrong-device");
    assert_eq!(
        said,
        "A is the device with the serial number 13200460; the one that answers has 13200461; the authentication key was stored, \
         but that could not be confirmed"
    );
}

#[test]
fn an_answer_that_makes_the_client_library_panic_fails_the_step_alone() {
    let mut room = Room::live([("A", 13_200_460)]);
    let a = room.device("A").clone();
    let url = connector(move |message| {
        if message[0] == DEVICE_INFO {
            return ok(&transceive(&a, message));
        }
        // More than its buffer, in two pieces.
        vec![b"HTTP/1.1 200 OK\r\nContent-Length: 65400\r\n\r\n".to_vec(), vec![0; 65_536]]
    });
    room.bindings.yubihsm.connectors = vec![url];
    let failure = room.attempt("yubihsm.put-authentication-key", authentication_key(2)).unwrap_err();
    assert_eq!(failure.code, "garbled");
    assert!(failure.message.ends_with("nothing was changed"), "{failure}");
}

#[test]
fn an_answer_that_is_nonsense_fails_the_step() {
    let mut room = Room::live([("A", 13_200_460)]);
    let a = room.device("A").clone();
    let url = connector(
        move |message| {
            if message[0] == DEVICE_INFO { ok(&transceive(&a, message)) } else { ok(b"\x83\x00\x02hi") }
        },
    );
    room.bindings.yubihsm.connectors = vec![url];
    let said = room.refuses("yubihsm.put-authentication-key", authentication_key(2), "garbled");
    assert!(said.starts_with("A answered in a way that cannot be understood"), "{said}");
}

#[test]
fn a_connector_whose_device_cannot_be_read_is_an_empty_port() {
    let mut room = Room::live([]);
    let url = connector(|_| ok(b"\x7f\x00\x01\x02"));
    room.bindings.yubihsm.connectors = vec![url.clone()];
    let said = room.refuses("yubihsm.device-info", json!({ "device": "A" }), "no-device");
    assert_eq!(
        said,
        format!("A is not inserted: the device at {url} cannot be used: it refuses DEVICE INFO with error 0x02")
    );
}

#[test]
fn a_connector_that_hangs_does_not_hang_the_ceremony() {
    let mut room = Room::live([]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    room.bindings.yubihsm.connectors = vec![url.clone()];
    let since = Instant::now();
    let said = room.refuses("yubihsm.device-info", json!({ "device": "A" }), "no-device");
    assert_eq!(said, format!("A is not inserted: the connector at {url} takes connections and does not answer"));
    assert!(since.elapsed().as_secs() < 8);
}
