//! How often the record is put on the disk.

use crate::support::Ceremony;

#[test]
fn a_confirmation_costs_one_flush_and_never_more_than_two() {
    let steps: String = (0..100).map(|step| format!("      - do: Confirm number {step}.\n")).collect();
    let yaml =
        format!("notation: 1\ntitle: T\nsections:\n  start:\n    title: S\n    steps:\n{steps}      - end: Over.\n");
    let ceremony = Ceremony::rehearse(&yaml).argument("--verbose").carry_out().exits(0);
    let log = ceremony.stderr();
    let plain: String = log.lines().filter(|line| line.contains("the record is closed")).collect();
    let flushes = plain.rsplit(|character: char| !character.is_ascii_digit()).find(|part| !part.is_empty()).unwrap();
    // One for `opened`, one before each question, one at the end.
    assert_eq!(flushes, "102", "{plain}");
}
