//! What is about to be made, in words.

use super::arguments::{Arguments, Expiry, Signers};

/// What a person reads before the go-ahead.
pub(super) fn announcement(arguments: &Arguments) -> String {
    let Arguments { bins, out, to_sign, targets, expiry, .. } = arguments;
    let Expiry { root, targets: of_targets, bins: of_bins, bin_n, snapshot, timestamp } = expiry;
    let roles = arguments.signers();
    let [of_root, of_bins_role] = [root, of_bins].map(|days| days_of(*days));
    let signed = |Signers { name, files, threshold }: &Signers<'_>| {
        format!("{name}: {threshold} of {} keys must sign: {}", files.len(), files.join(", "))
    };
    let lines = [
        format!(
            "a TUF repository of PEP 458's layout in `{out}/metadata`, with the targets of `{targets}` in {bins} bins"
        ),
        roles.iter().map(signed).collect::<Vec<_>>().join("\n"),
        format!("bins, snapshot and timestamp are signed now with {}", arguments.online()),
        format!(
            "they expire: root in {of_root}, targets in {}, bins in {of_bins_role}; each bin in {}, snapshot in {}, timestamp in {}",
            days_of(*of_targets),
            days_of(*bin_n),
            days_of(*snapshot),
            days_of(*timestamp)
        ),
        format!("root, targets and bins are put into `{to_sign}`, where nobody has signed them yet"),
    ];
    lines.join("\n")
}

fn days_of(days: u32) -> String {
    if days == 1 { "1 day".to_string() } else { format!("{days} days") }
}
