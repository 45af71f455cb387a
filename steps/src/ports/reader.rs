//! Each YubiKey in a smart card reader, through PC/SC; on USB it is a reader itself.

use super::{Plugged, Port, Present, guarded};
use pcsc::{Disposition, ReaderState, Scope, State};
use std::{
    collections::BTreeMap,
    ffi::CString,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A reader, and how many cards came and went there: a card that is put in again has another number, but not a YubiKey on USB,
/// which takes its reader with it.
type Place = (CString, u32);

/// For how long a card is taken for the one that was in its place: nobody changes one for another in less.
const KNOWN: Duration = Duration::from_secs(1);

/// What was in the readers when they were looked at.
///
/// To learn a serial number, a card has to be opened, and its PIV application selected, which makes it forget a PIN that another
/// program has verified. Who waits for a device looks several times a second, so cards that are still in their place are not opened
/// again each time.
#[derive(Debug, Default)]
pub(super) struct Readers(Mutex<Known>);

/// The YubiKeys that were opened, and when.
#[derive(Debug, Default)]
struct Known(BTreeMap<Place, (Instant, Plugged)>);

impl Known {
    /// Forgets what may be in its place no more.
    fn keep(&mut self, cards: &[Place], now: Instant) {
        self.0.retain(|place, (opened, _)| now.duration_since(*opened) < KNOWN && cards.contains(place));
    }
}

impl Readers {
    pub(super) fn look(&self) -> Present {
        let mut present = Present::default();
        let cards = match cards() {
            Ok(cards) => cards,
            Err(why) => {
                present.empty.push(why);
                return present;
            }
        };
        if cards.is_empty() {
            present.empty.push("no YubiKey is in a smart card reader".to_string());
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.keep(&cards, Instant::now());
        for place in cards {
            if let Some((_, plugged)) = known.0.get(&place) {
                present.devices.push(plugged.clone());
                continue;
            }
            match identify(&place) {
                Ok(plugged) => {
                    known.0.insert(place, (Instant::now(), plugged.clone()));
                    present.devices.push(plugged);
                }
                Err(why) => present.empty.push(why),
            }
        }
        present
    }
}

/// The readers with a card, without opening any.
fn cards() -> Result<Vec<Place>, String> {
    let context = pcsc::Context::establish(Scope::System).map_err(unusable)?;
    let names = match context.list_readers_owned() {
        Ok(names) => names,
        Err(pcsc::Error::NoReadersAvailable) => Vec::new(),
        Err(error) => return Err(unusable(error)),
    };
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut states: Vec<_> = names.into_iter().map(|name| ReaderState::new(name, State::UNAWARE)).collect();
    context.get_status_change(Duration::ZERO, &mut states).map_err(unusable)?;
    let with_card = states.iter().filter(|state| state.event_state().contains(State::PRESENT));
    Ok(with_card.map(|state| (state.name().to_owned(), state.event_count())).collect())
}

/// How many readers the smart card service takes for ones with a card, whether or not the card can be used.
///
/// # Errors
/// Why it cannot be asked, as a clause.
pub fn cards_in_readers() -> Result<usize, String> {
    Ok(cards()?.len())
}

fn unusable(error: pcsc::Error) -> String {
    match error {
        pcsc::Error::NoService | pcsc::Error::ServiceStopped => {
            "no smart card service (pcscd) answers: install it, or start it (`systemctl start pcscd.socket`)"
                .to_string()
        }
        error => format!("the smart card service (pcscd) cannot be used: {error}"),
    }
}

fn identify((name, _): &Place) -> Result<Plugged, String> {
    let reader = name.to_string_lossy().into_owned();
    let opened = guarded(|| open(&reader)).unwrap_or(Err(yubikey::Error::GenericError));
    let key = opened.map_err(|error| match error {
        yubikey::Error::PcscError { inner: Some(pcsc::Error::SharingViolation) } => {
            format!("another program has the card in the reader `{reader}` to itself: end it")
        }
        yubikey::Error::AppletNotFound { .. } => format!("the card in the reader `{reader}` has no PIV application"),
        yubikey::Error::NotSupported => {
            format!("the card in the reader `{reader}` is none of the YubiKeys that are known here")
        }
        error => format!("the card in the reader `{reader}` cannot be used: {error}"),
    })?;
    let plugged = Plugged { port: Port::Reader(reader), serial: key.serial().0, firmware: key.version().to_string() };
    // Whoever looks must not end what another program is doing.
    let _ = key.disconnect(Disposition::LeaveCard);
    Ok(plugged)
}

/// Opens the YubiKey in the reader of that name.
///
/// # Errors
/// `NotFound` when there is no such reader any more, or as the crate has them.
pub(crate) fn open(reader: &str) -> yubikey::Result<yubikey::YubiKey> {
    let mut context = yubikey::Context::open()?;
    let mut readers = context.iter()?;
    readers.find(|found| found.name() == reader).ok_or(yubikey::Error::NotFound)?.open()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_a_smart_card_service_is_told_to_start_it() {
        assert_eq!(
            unusable(pcsc::Error::NoService),
            "no smart card service (pcscd) answers: install it, or start it (`systemctl start pcscd.socket`)"
        );
        let present = Readers::default().look();
        assert!(!present.devices.is_empty() || !present.empty.is_empty(), "{present:?}");
    }

    #[test]
    fn a_card_that_may_have_been_changed_for_another_is_opened_again() {
        let place: Place = (c"Yubico YubiKey CCID 00 00".to_owned(), 0);
        let plugged = Plugged { port: Port::Reader("reader".into()), serial: 1, firmware: "5.4.3".into() };
        let opened = Instant::now();
        let known = || Known(BTreeMap::from([(place.clone(), (opened, plugged.clone()))]));
        let kept = |cards: &[Place], now: Instant| {
            let mut known = known();
            known.keep(cards, now);
            known.0.len()
        };
        let here = std::slice::from_ref(&place);
        assert_eq!(kept(here, opened), 1);
        assert_eq!(kept(here, opened + KNOWN), 0, "another may be in a reader of that name and number by now");
        assert_eq!(kept(&[], opened), 0);
        assert_eq!(kept(&[(place.0.clone(), 1)], opened), 0);
    }
}
