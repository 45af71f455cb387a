//! Whether what is in a device's folder holds.

use super::{
    anchors::pin,
    expected::Expected,
    folder::{DeviceFolder, Layout},
    key::{Device, Key},
    kind::Kind,
    pattern::{Captured, Pattern},
    piv::PivClaims,
    public_key,
    yubihsm::{self, HsmClaims},
};
use crate::{
    text::plain,
    x509::{self, Anchors, Unverified},
};
use jiff::Timestamp;
use x509_cert::Certificate;

/// What devices are judged by.
pub(super) struct Judge<'a> {
    pub(super) layout: &'a Layout,
    pub(super) expected: &'a Expected,
    /// Nothing where nobody brought any, and chains are left out.
    pub(super) anchors: Option<&'a Anchors>,
    /// Whether virtual devices will do.
    pub(super) rehearsal: bool,
    /// When everything must have been valid.
    pub(super) at: Timestamp,
}

impl Judge<'_> {
    /// Judges a device.
    pub(super) fn judge(&self, folder: &DeviceFolder) -> Device {
        let mut device = Device {
            serial: folder.serial,
            folder: folder.path.clone(),
            subject: String::new(),
            chain: Vec::new(),
            root: None,
            rehearsal: false,
            held_by: folder.held_by(),
            keys: Vec::new(),
            files: folder.seen(),
            faults: folder.faults.clone(),
        };
        let certificate = self.certificate(folder, &mut device);
        let mut attested = Vec::new();
        for (captured, file, bytes) in folder.matching(&self.layout.attestation) {
            match x509::certificate(bytes) {
                Ok(attestation) => {
                    self.key(folder, &captured, (file, &attestation), certificate.as_ref(), &mut device);
                }
                Err(fault) => device.faults.push(format!("`{file}`: {fault}")),
            }
            attested.push(captured);
        }
        if attested.is_empty() {
            let name = self.layout.attestation.text();
            device.faults.push(format!("there is no attestation: no file is called `{name}`"));
        }
        for (_, file, _) in self.public_keys(folder, |captured| !attested.contains(captured)) {
            device.faults.push(format!("`{file}` is a public key that nothing attests"));
        }
        device.faults.extend(two_keys(&device.keys));
        device
    }

    /// The device's own certificate, and where it leads.
    fn certificate(&self, folder: &DeviceFolder, device: &mut Device) -> Option<Certificate> {
        let Some((_, file, bytes)) = folder.matching(&self.layout.certificate).next() else {
            let name = self.layout.certificate.text();
            device.faults.push(format!("the device's certificate `{name}` is missing"));
            return None;
        };
        let certificate = match x509::certificate(bytes) {
            Ok(certificate) => certificate,
            Err(fault) => {
                device.faults.push(format!("`{file}`: {fault}"));
                return None;
            }
        };
        let name = |certificate: &Certificate| plain(&certificate.tbs_certificate.subject.to_string());
        device.subject = name(&certificate);
        device.rehearsal = x509::is_rehearsal(&certificate);
        if device.rehearsal && !self.rehearsal {
            device.faults.push(format!("`{file}` is the certificate of a virtual device for REHEARSALs"));
        }
        if self.expected.kind == Kind::Yubihsm {
            match yubihsm::serial(&certificate) {
                Ok(serial) if serial == folder.serial => {}
                Ok(serial) => device.faults.push(format!("`{file}` is of the device {serial}")),
                Err(unsaid) => device.faults.push(format!("`{file}`: its extension for the serial number {unsaid}")),
            }
        }
        match self.anchors.map(|anchors| x509::leads_to(&certificate, anchors, self.at)) {
            None => {}
            Some(Ok(above)) => {
                device.chain = above.iter().map(|it| name(it)).collect();
                device.root = above.last().map(|root| pin(root));
                if above.iter().any(|it| x509::is_rehearsal(it) != device.rehearsal) {
                    device.faults.push(format!("`{file}` mixes what is for REHEARSALs with what is not"));
                }
            }
            Some(Err(astray)) => device.faults.push(format!("`{file}` leads to no trusted root: {}", plain(&astray))),
        }
        Some(certificate)
    }

    /// An attested key.
    fn key(
        &self,
        folder: &DeviceFolder,
        captured: &Captured,
        (file, attestation): (&str, &Certificate),
        certificate: Option<&Certificate>,
        device: &mut Device,
    ) {
        let mut faults = certificate.map(|certificate| self.signature(attestation, certificate)).unwrap_or_default();
        let rehearsal = x509::is_rehearsal(attestation);
        if rehearsal && !self.rehearsal {
            faults.push("it is the attestation of a virtual device for REHEARSALs".to_string());
        }
        let key = match self.claims(file, attestation, certificate) {
            Ok((key, others)) => {
                if key.serial != folder.serial {
                    faults.push(format!("it is of the device {}", key.serial));
                }
                if let (Captured::Slot(slot), Some(found)) = (captured, &key.slot)
                    && slot != found
                {
                    faults.push(format!("it is of slot {found}, and its name says {slot}"));
                }
                faults.extend(others);
                Some(key)
            }
            Err(others) => {
                faults.extend(others);
                None
            }
        };
        let mut same = Vec::new();
        let mut compared = false;
        for (_, name, bytes) in self.public_keys(folder, |other| other == captured) {
            compared = true;
            match public_key::compare(bytes, &attestation.tbs_certificate.subject_public_key_info) {
                Ok(()) => same.push(name.to_string()),
                Err(fault) => device.faults.push(format!("`{name}`: {fault}")),
            }
        }
        if self.layout.public_key_needed && !compared {
            let names: Vec<&str> = self.layout.public_keys.iter().map(Pattern::text).collect();
            faults.push(format!("its public key `{}` is missing", names.join("`, `")));
        }
        device.faults.extend(faults.iter().map(|fault| format!("`{file}`: {}", plain(fault))));
        device.keys.extend(key.map(|key| Key { public_keys: same, ..key }));
    }

    /// What is wrong with an attestation beside the device's certificate, as clauses.
    fn signature(&self, attestation: &Certificate, device: &Certificate) -> Vec<String> {
        let mut faults = Vec::new();
        if attestation.tbs_certificate.issuer != device.tbs_certificate.subject {
            let issuer = &attestation.tbs_certificate.issuer;
            faults.push(format!("it was issued by `{issuer}`, not by the device's certificate"));
        }
        match x509::verify(attestation, device) {
            Ok(()) => {}
            Err(Unverified::OtherKey) => faults.push("the key of the device's certificate did not sign it".to_string()),
            Err(other) => faults.push(other.to_string()),
        }
        faults.extend(x509::critical_extensions(attestation).err());
        if x509::is_authority(attestation) {
            faults.push("it is the certificate of an authority, not of a key".to_string());
        }
        if !x509::valid(attestation, self.at) {
            let validity = &attestation.tbs_certificate.validity;
            let (from, to) = (validity.not_before, validity.not_after);
            faults.push(format!("it was not valid at that time, but from {from} to {to}"));
        }
        faults
    }

    /// What an attestation says, and what of that is not as it is to be.
    fn claims(
        &self,
        file: &str,
        attestation: &Certificate,
        device: Option<&Certificate>,
    ) -> Result<(Key, Vec<String>), Vec<String>> {
        match self.expected.kind {
            Kind::Piv => {
                let claims = PivClaims::read(attestation)?;
                Ok((Key::piv(file, attestation, &claims), self.expected.piv(&claims)))
            }
            Kind::Yubihsm => {
                let claims = HsmClaims::read(attestation)?;
                let mut both = [Some(attestation), device].into_iter().flatten();
                let fips = both.any(|it| x509::only(it, yubihsm::FIPS).is_ok());
                Ok((Key::yubihsm(file, attestation, &claims, fips), self.expected.yubihsm(&claims, fips)))
            }
        }
    }

    /// The files with public keys, of those keys alone.
    fn public_keys<'a>(
        &'a self,
        folder: &'a DeviceFolder,
        of: impl Fn(&Captured) -> bool + 'a,
    ) -> impl Iterator<Item = (Captured, &'a str, &'a [u8])> + 'a {
        let patterns = self.layout.public_keys.iter();
        patterns.flat_map(|pattern| folder.matching(pattern)).filter(move |(captured, _, _)| of(captured))
    }
}

/// Two keys in one place, as a clause: a slot or an object ID has one, and who reads the folder would not know which.
fn two_keys(keys: &[Key]) -> Option<String> {
    let place = |key: &Key| (key.slot.clone(), key.object_id);
    keys.iter().enumerate().find_map(|(at, key)| {
        let is_other = |other: &&Key| place(other) == place(key) && other.fingerprint != key.fingerprint;
        let other = keys[..at].iter().find(is_other)?;
        Some(format!("`{}` and `{}` attest two keys in one place", other.attestation, key.attestation))
    })
}
