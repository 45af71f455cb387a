//! What the certificates of virtual devices lead to, as files.

use super::create_anew;
use officiant_devices::{yubihsm, yubikey};
use std::{io::Write, path::Path};

/// Writes the certificates that every virtual YubiHSM's attestations lead to, as PEM.
pub fn write_anchors(folder: &Path) -> Result<(), String> {
    let anchors = yubihsm::rehearsal_anchors().map_err(|error| error.to_string())?;
    write(folder, "rehearsal-root.pem", &anchors.root_pem)?;
    write(folder, "rehearsal-sub-ca.pem", &anchors.sub_ca_pem)
}

/// Writes the certificate that every virtual YubiKey's attestations lead to, as PEM.
pub fn write_piv_anchors(folder: &Path) -> Result<(), String> {
    let anchors = yubikey::rehearsal_anchors().map_err(|error| error.to_string())?;
    write(folder, "rehearsal-piv-root.pem", &anchors.root_pem)
}

/// Writes one, unless it is there.
fn write(folder: &Path, name: &str, pem: &str) -> Result<(), String> {
    let path = folder.join(name);
    if std::fs::read(&path).is_ok_and(|there| there == pem.as_bytes()) {
        return Ok(());
    }
    let new = folder.join(format!("{name}.new"));
    let written = create_anew(&new)
        .and_then(|mut file| file.write_all(pem.as_bytes()))
        .and_then(|()| std::fs::rename(&new, &path));
    written.map_err(|error| format!("`{}`: {error}", path.display()))
}
