//! Cards that lie.

use super::support::{Desk, PIN, SERIAL};
use officiant_devices::yubikey::{Reply, Settings, VirtualYubiKey, parsers::Message};
use std::{
    io::{self, Write},
    net::{SocketAddr, TcpStream},
    thread,
};

const ATR: &[u8] = b"\x3b\xfd\x13\x00\x00\x81\x31\xfe\x15\x80\x73\xc0\x21\xc0\x57\x59\x75\x62\x69\x4b\x65\x79\x40";

/// A virtual device whose answers somebody changes on their way: `lie` gets the command and the answer.
fn liar(desk: &Desk, mut lie: impl FnMut(&[u8], &mut Vec<u8>) + Send + 'static) -> VirtualYubiKey {
    let card = VirtualYubiKey::open(&Settings::new(SERIAL, desk.folder().join("liar.json"))).unwrap();
    let (reader, on_its_way) = (desk.first(), card.clone());
    thread::spawn(move || serve(&on_its_way, reader, &mut lie));
    card
}

/// Until the reader is gone.
fn serve(card: &VirtualYubiKey, reader: SocketAddr, lie: &mut dyn FnMut(&[u8], &mut Vec<u8>)) -> io::Result<()> {
    let mut socket = TcpStream::connect(reader)?;
    loop {
        let answer = match Message::receive(&mut socket)? {
            Message::PowerOff | Message::PowerOn | Message::Reset => {
                card.reset();
                continue;
            }
            Message::GetAtr => ATR.to_vec(),
            Message::Apdu(apdu) => {
                let Reply::Answer(mut answer) = card.transmit(&apdu) else { return Ok(()) };
                lie(&apdu, &mut answer);
                answer
            }
        };
        let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
        socket.write_all(&[&length[..], &answer].concat())?;
    }
}

/// A step on the liar, and all that it said.
fn step(desk: &Desk, words: &[&str]) -> (Option<i32>, String) {
    let mut command = desk.step(&[words[0], &format!("device={SERIAL}")]);
    let output = command.args(&words[1..]).output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap()).concat();
    (output.status.code(), said)
}

#[test]
fn a_card_that_does_not_tell_the_tries_where_it_should_is_asked_elsewhere_before_the_last_is_used() {
    let desk = Desk::with(&[]);
    // What it tells of its PIN has no tries in it.
    let card = liar(&desk, |apdu, answer| {
        if apdu.starts_with(&[0, 0xf7, 0, 0x80]) && answer.ends_with(&[0x90, 0]) {
            *answer = vec![1, 1, 0xff, 5, 1, 1, 0x90, 0];
        }
    });
    desk.awaits(SERIAL);
    for _ in 0..2 {
        let _ = card.transmit(b"\x00\xa4\x04\x00\x05\xa0\x00\x00\x03\x08");
        let _ = card.transmit(b"\x00\x20\x00\x80\x0857575757");
    }
    let (code, said) = step(&desk, &["piv.device-info"]);
    assert!(code == Some(0) && said.contains(r#""tries":1"#) || said.contains(r#""tries": 1"#), "{said}");
    let device = format!("device={SERIAL}");
    let mut person = desk.anywhere(&["piv.change-pin", &device, "pin=factory-default", "new_pin=new_pin"]);
    person.confides("new pin", PIN).confides("The same again", PIN);
    person.sees("One try is left for the PIN").answers("y/n", "n");
    let (code, shown) = person.ends();
    assert!(code == Some(1) && shown.contains("and was not used"), "{shown}");
}

#[test]
fn a_card_whose_serial_number_changes_between_two_commands_is_refused() {
    let desk = Desk::with(&[]);
    let mut asked = 0;
    liar(&desk, move |apdu, answer| {
        if apdu.starts_with(&[0, 0xf8, 0, 0]) && answer.len() == 6 {
            asked += 1;
            answer[3] ^= u8::from(asked % 2 == 0);
        }
    });
    let mut refused = 0;
    for _ in 0..4 {
        let (code, said) = step(&desk, &["piv.device-info"]);
        let other = said.contains("the device that answers has the serial number")
            || said.contains("the device that is inserted has the serial number")
            || said.contains("is not inserted");
        assert!(code == Some(1) && other || code == Some(0), "{said}");
        refused += usize::from(code == Some(1));
    }
    assert!(refused > 0);
}

#[test]
fn no_answer_whatever_was_done_to_it_stops_the_program() {
    let desk = Desk::with(&[]);
    let (mut number, mut honest) = (0_usize, 40_usize);
    liar(&desk, move |apdu, answer| {
        // The reader's own look, the choice of an application and the serial number are left alone, so that more is reached.
        if honest > 0 || apdu.get(1).is_some_and(|it| [0xa4, 0xf8, 0xfd].contains(it)) {
            honest = honest.saturating_sub(1);
            return;
        }
        number += 1;
        let at = number * 7 % answer.len().max(1);
        match number % 6 {
            0 => answer.truncate(1),
            1 => answer.truncate(answer.len() / 2),
            2 => drop(answer.splice(..answer.len() - 2, [0x7f; 250])),
            3 => answer.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 0xff),
            4 => *answer = vec![0x90, 0],
            _ => *answer = vec![0x6f, 0x01],
        }
    });
    desk.awaits(SERIAL);
    let words: [&[&str]; 5] = [
        &["piv.device-info"],
        &["piv.read-certificate", "slot=9c", "out=read.pem"],
        &["piv.attest", "slot=9c", "out=a.pem", "certificate_out=b.pem"],
        &["piv.generate-key", "management_key=factory-default", "slot=9c", "algorithm=ECCP256", "out=key.pem"],
        &["piv.reset"],
    ];
    for words in words.iter().cycle().take(20) {
        let (code, said) = step(&desk, words);
        assert!(matches!(code, Some(0 | 1)) && !said.contains("panicked at src"), "{code:?} {said}");
        assert!(!said.chars().any(|it| it.is_control() && it != '\n'), "{said:?}");
    }
}
