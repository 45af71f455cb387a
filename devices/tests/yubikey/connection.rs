//! The connection: a card in a reader as vpcd is one, and in readers as they should not be.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use officiant_devices::{
    AttestationKey, Error,
    yubikey::{CommandCode, Connection, Fault, FaultEffect, RunningConnection, Settings, VirtualYubiKey},
};
use tempfile::TempDir;

const POWER_OFF: &[u8] = &[0];
const POWER_ON: &[u8] = &[1];
const RESET: &[u8] = &[2];
const GET_ATR: &[u8] = &[4];
const SELECT: &[u8] = &[0, 0xa4, 4, 0, 5, 0xa0, 0, 0, 3, 8];
const VERIFY: &[u8] = b"\x00\x20\x00\x80\x08123456\xff\xff";
/// VERIFY without a PIN: whether one has been verified.
const VERIFIED: &[u8] = &[0, 0x20, 0, 0x80];

/// RSA keys take a moment to make, so all cards share one.
static ATTESTATION_KEY: LazyLock<AttestationKey> = LazyLock::new(|| AttestationKey::generate().unwrap());

fn card(folder: &TempDir, serial: u32) -> VirtualYubiKey {
    let file = folder.path().join(format!("{serial}.json"));
    let attestation_key = Some(ATTESTATION_KEY.clone());
    VirtualYubiKey::open(&Settings { attestation_key, ..Settings::new(serial, file) }).unwrap()
}

/// A reader without a card.
fn reader() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A reader, and a card that is to be put into it.
struct Bench {
    listener: TcpListener,
    connection: RunningConnection,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (listener, address) = reader();
        let connection = Connection::start(card(&folder, 28_751_258), address).unwrap();
        Self { listener, connection, folder }
    }

    /// The next time that the card is put in.
    fn insert(&self) -> Slot {
        Slot(accept(&self.listener))
    }

    /// Whether the card waits to be let in.
    fn is_card_waiting(&self) -> bool {
        self.listener.set_nonblocking(true).unwrap();
        let accepted = self.listener.accept();
        self.listener.set_nonblocking(false).unwrap();
        match accepted {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
                false
            }
        }
    }

    fn card(&self) -> &VirtualYubiKey {
        self.connection.card()
    }
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (socket, _) = listener.accept().unwrap();
    // So that a test that fails ends.
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket
}

/// A card in a reader.
struct Slot(TcpStream);

impl Slot {
    fn say(&mut self, message: &[u8]) {
        let length = u16::try_from(message.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&length, message].concat()).unwrap();
    }

    fn answer(&mut self) -> Vec<u8> {
        let mut length = [0; 2];
        self.0.read_exact(&mut length).unwrap();
        let mut answer = vec![0; u16::from_be_bytes(length).into()];
        self.0.read_exact(&mut answer).unwrap();
        answer
    }

    fn ask(&mut self, message: &[u8]) -> Vec<u8> {
        self.say(message);
        self.answer()
    }

    /// The status word of the answer to an APDU.
    fn status(&mut self, apdu: &[u8]) -> u16 {
        let answer = self.ask(apdu);
        u16::from_be_bytes(answer[answer.len() - 2..].try_into().unwrap())
    }

    /// Waits until the card is out, and whether it said nothing more.
    fn ends(mut self) -> bool {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => rest.is_empty(),
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

#[test]
fn the_reader_is_told_the_answer_to_reset_of_a_yubikey_5() {
    let atr = Bench::new().insert().ask(GET_ATR);
    assert_eq!(hex::encode(atr), "3bfd1300008131fe158073c021c057597562694b657940");
}

#[test]
fn an_apdu_is_answered_by_the_card() {
    let bench = Bench::new();
    let mut slot = bench.insert();
    slot.say(POWER_ON);
    assert_eq!(slot.status(SELECT), 0x9000);
    assert_eq!(slot.ask(&[0, 0xf8, 0, 0]), hex::decode("01b6b59a9000").unwrap());
}

#[test]
fn messages_in_pieces_and_several_in_one_are_answered_in_order() {
    let bench = Bench::new();
    let mut slot = bench.insert();
    for byte in [0, 1, 4] {
        slot.0.write_all(&[byte]).unwrap();
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(slot.answer().len(), 23);
    slot.0.write_all(&[&[0, 1, 1, 0, 1, 4, 0, 10], SELECT, &[0, 1, 2, 0, 1, 4]].concat()).unwrap();
    assert_eq!(slot.answer().len(), 23);
    assert!(slot.answer().ends_with(&[0x90, 0]));
    assert_eq!(slot.answer().len(), 23);
}

#[test]
fn the_longest_message_is_answered() {
    let bench = Bench::new();
    let mut slot = bench.insert();
    assert!(slot.ask(&vec![0; 65535]).len() >= 2);
    assert_eq!(slot.status(SELECT), 0x9000);
}

#[test]
fn without_power_and_by_a_reset_the_card_forgets_that_a_pin_was_verified() {
    let bench = Bench::new();
    let mut slot = bench.insert();
    for loss in [POWER_OFF, RESET, POWER_ON] {
        assert_eq!(slot.status(SELECT), 0x9000);
        assert_eq!(slot.status(VERIFY), 0x9000);
        assert_eq!(slot.status(VERIFIED), 0x9000);
        slot.say(loss);
        assert_eq!(slot.status(SELECT), 0x9000);
        assert_eq!(slot.status(VERIFIED), 0x63c3);
    }
    assert_eq!(slot.status(VERIFY), 0x9000);
    drop(slot);
    let mut slot = bench.insert();
    assert_eq!(slot.status(SELECT), 0x9000);
    assert_eq!(slot.status(VERIFIED), 0x63c3);
}

#[test]
fn a_reader_that_is_there_later_gets_the_card_then() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, address) = reader();
    drop(listener);
    let _connection = Connection::start(card(&folder, 1), address).unwrap();
    thread::sleep(Duration::from_millis(60));
    let mut slot = Slot(accept(&TcpListener::bind(address).unwrap()));
    assert_eq!(slot.ask(GET_ATR).len(), 23);
}

#[test]
fn a_reader_that_comes_back_gets_the_card_again() {
    let Bench { listener, connection, folder: _folder } = Bench::new();
    let address = connection.reader();
    let slot = Slot(accept(&listener));
    drop(listener);
    drop(slot);
    thread::sleep(Duration::from_millis(30));
    let mut slot = Slot(accept(&TcpListener::bind(address).unwrap()));
    assert_eq!(slot.ask(GET_ATR).len(), 23);
}

#[test]
fn a_card_that_is_pulled_out_is_out_until_it_is_put_in() {
    for pull in [VirtualYubiKey::unplug, VirtualYubiKey::power_off] {
        let bench = Bench::new();
        let slot = bench.insert();
        pull(bench.card());
        assert!(slot.ends());
        thread::sleep(Duration::from_millis(60));
        assert!(!bench.is_card_waiting());
        bench.card().plug();
        assert_eq!(bench.insert().ask(GET_ATR).len(), 23);
    }
}

#[test]
fn a_card_that_is_pulled_out_and_put_in_at_once_was_out() {
    let bench = Bench::new();
    for _ in 0..20 {
        let slot = bench.insert();
        bench.card().unplug();
        bench.card().plug();
        assert!(slot.ends());
    }
    assert_eq!(bench.insert().ask(GET_ATR).len(), 23);
}

#[test]
fn a_card_that_is_in_is_not_moved_by_being_put_in() {
    let bench = Bench::new();
    let mut slot = bench.insert();
    bench.card().plug();
    assert_eq!(slot.ask(GET_ATR).len(), 23);
    assert!(!bench.is_card_waiting());
}

#[test]
fn a_lost_answer_looks_as_if_the_card_had_been_out_for_a_moment() {
    let bench = Bench::new();
    let mut slot = bench.insert();
    bench.card().inject(Fault::after(CommandCode::Select, FaultEffect::LoseAnswer));
    slot.say(SELECT);
    assert!(slot.ends());
    assert_eq!(bench.insert().status(SELECT), 0x9000);
}

#[test]
fn after_a_lost_answer_a_reader_that_looks_finds_no_card_until_it_gives_power() {
    let bench = Bench::new();
    let mut slot = bench.insert();
    bench.card().inject(Fault::before(CommandCode::Select, FaultEffect::LoseAnswer));
    slot.say(SELECT);
    assert!(slot.ends());
    for looks in 0..3 {
        let mut slot = bench.insert();
        if looks > 0 {
            assert_eq!(slot.ask(GET_ATR).len(), 23);
        }
        slot.say(GET_ATR);
        assert!(slot.ends());
    }
    let mut slot = bench.insert();
    assert_eq!(slot.ask(GET_ATR).len(), 23);
    slot.say(POWER_ON);
    for _ in 0..3 {
        assert_eq!(slot.ask(GET_ATR).len(), 23);
    }
    assert_eq!(slot.status(SELECT), 0x9000);
}

#[test]
fn a_card_that_vanishes_at_a_command_is_out_until_it_is_put_in() {
    for effect in [FaultEffect::Vanish, FaultEffect::PowerOff] {
        let bench = Bench::new();
        let mut slot = bench.insert();
        bench.card().inject(Fault::before(CommandCode::Select, effect));
        slot.say(SELECT);
        assert!(slot.ends());
        thread::sleep(Duration::from_millis(60));
        assert!(!bench.is_card_waiting());
        bench.card().plug();
        assert_eq!(bench.insert().status(SELECT), 0x9000);
    }
}

#[test]
fn a_watcher_knows_of_a_card_that_vanishes_before_its_reader_does() {
    for effect in [FaultEffect::Vanish, FaultEffect::PowerOff] {
        let bench = Bench::new();
        let mut slot = bench.insert();
        let known = Arc::new(AtomicBool::new(false));
        let knows = Arc::clone(&known);
        bench.card().watch(move |_, plugged| {
            // As long as writing it down takes.
            thread::sleep(Duration::from_millis(60));
            knows.store(!plugged, Ordering::SeqCst);
        });
        bench.card().inject(Fault::before(CommandCode::Select, effect));
        slot.say(SELECT);
        assert!(slot.ends());
        assert!(known.load(Ordering::SeqCst));
    }
}

#[test]
fn a_message_that_vpcd_does_not_have_ends_the_connection_and_not_the_card() {
    let bench = Bench::new();
    for message in [&[][..], &[3], &[5], &[255]] {
        let mut slot = bench.insert();
        slot.say(message);
        assert!(slot.ends(), "{message:?}");
    }
    assert_eq!(bench.insert().ask(GET_ATR).len(), 23);
}

#[test]
fn a_message_that_breaks_off_is_not_carried_out() {
    let bench = Bench::new();
    let mut slot = bench.insert();
    bench.card().inject(Fault::before(CommandCode::Select, FaultEffect::Vanish));
    slot.0.write_all(&[&[0, 11], SELECT].concat()).unwrap();
    drop(slot);
    assert_eq!(bench.insert().ask(GET_ATR).len(), 23);
    assert_eq!(bench.card().pending_faults().len(), 1);
}

#[test]
fn two_cards_are_in_two_readers() {
    let folder = tempfile::tempdir().unwrap();
    let serial = |slot: &mut Slot| (slot.status(SELECT), slot.ask(&[0, 0xf8, 0, 0]));
    let readers = [reader(), reader()];
    let connections = [1, 2].map(|serial| {
        let (_, address) = readers[serial as usize - 1];
        Connection::start(card(&folder, serial), address).unwrap()
    });
    let mut slots = readers.map(|(listener, _)| Slot(accept(&listener)));
    assert_eq!(serial(&mut slots[0]), (0x9000, vec![0, 0, 0, 1, 0x90, 0]));
    assert_eq!(serial(&mut slots[1]), (0x9000, vec![0, 0, 0, 2, 0x90, 0]));
    connections[0].card().unplug();
    assert_eq!(serial(&mut slots[1]), (0x9000, vec![0, 0, 0, 2, 0x90, 0]));
}

#[test]
fn a_dropped_connection_has_left_the_reader_and_freed_its_card() {
    let Bench { listener, connection, folder } = Bench::new();
    let slot = Slot(accept(&listener));
    drop(connection);
    assert!(slot.ends());
    assert!(card(&folder, 28_751_258).is_plugged());
}

#[test]
fn a_connection_that_has_no_reader_or_no_card_can_be_dropped_too() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, address) = reader();
    drop(listener);
    drop(Connection::start(card(&folder, 1), address).unwrap());
    let card = card(&folder, 1);
    card.unplug();
    drop(Connection::start(card, address).unwrap());
}

#[test]
fn it_serves_until_it_is_told_to_stop() {
    let Bench { listener, connection, folder: _folder } = Bench::new();
    let stop = connection.stop_handle();
    let card = connection.card().clone();
    let mut slot = Slot(accept(&listener));
    let serving = thread::spawn(move || connection.serve());
    assert_eq!(slot.ask(GET_ATR).len(), 23);
    assert!(!serving.is_finished());
    stop.stop();
    serving.join().unwrap();
    stop.stop();
    assert!(slot.ends());
    card.unplug();
    card.plug();
    assert!(card.is_plugged());
}

#[test]
fn a_reader_is_looked_for_on_loopback_addresses_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let card = card(&folder, 1);
    for address in ["0.0.0.0:35963", "[::]:35963", "192.0.2.1:35963", "[::ffff:127.0.0.1]:35963"] {
        let address: SocketAddr = address.parse().unwrap();
        let error = Connection::start(card.clone(), address).unwrap_err();
        assert!(matches!(error, Error::NotLoopback { address: refused } if refused == address), "{error}");
    }
}
