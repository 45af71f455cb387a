//! One ceremony that is killed again and again, also while it goes on.

use super::{
    death::{Death, Outcome, compare, doomed, entries, lines, resume, said, was_killed},
    killed::{RUNBOOK, uninterrupted},
};
use crate::support::Ceremony;

/// Beyond this the ceremony does not get on.
const MOST: usize = 1_500;

#[test]
fn a_ceremony_that_breaks_off_after_every_entry_comes_to_its_end() {
    let (_, whole) = uninterrupted();
    let ceremony = Ceremony::rehearse_file(RUNBOOK);
    let folder = ceremony.out();
    assert!(was_killed(&doomed(&mut ceremony.command(), Death { lines: 1, bytes: 0 }).output().unwrap()));
    let (mut breaks, mut further) = (1, 1);
    loop {
        let before = lines(&folder);
        let told = Outcome::of(&folder).told.len();
        // `resumed` itself is torn first, or cut off right behind, now and then; then the ceremony gets on.
        let death = match breaks % 7 {
            2 => Death { lines: 0, bytes: 40 },
            5 => Death { lines: 1, bytes: 0 },
            3 => Death { lines: 1 + further, bytes: 25 },
            _ => Death { lines: 1 + further, bytes: 0 },
        };
        let output = doomed(&mut resume(&folder), death).output().unwrap();
        let after = lines(&folder);
        assert_eq!(after.get(..before.len()), Some(before.as_slice()), "entries are lost at break {breaks}");
        if !was_killed(&output) {
            assert_eq!(output.status.code(), Some(0), "after {breaks} breaks, {death:?}: {}", said(&output));
            break;
        }
        breaks += 1;
        if entries(&folder).last().unwrap()["kind"] == "ended" {
            break;
        }
        assert!(breaks < MOST, "it does not get on beyond {:?}", entries(&folder).last());
        if death.lines > 1 {
            // A step that asks for a secret begins anew, and needs more than one entry at a time.
            further = if Outcome::of(&folder).told.len() > told { 1 } else { further + 1 };
        }
    }
    println!("{breaks} breaks in one ceremony, {} entries", lines(&folder).len());
    assert!(breaks > whole.told.len(), "{breaks} breaks");
    compare(&folder, &whole, &[]).unwrap();
}
