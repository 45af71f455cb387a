//! What a device remembers without power.

use serde::{Deserialize, Serialize};

use super::{
    algorithm::{Algorithm, PinPolicy, TouchPolicy},
    data_object::{ATTESTATION_CERTIFICATE, CAPACITY, DataObject, ObjectId},
    management_key::ManagementKey,
    private_key::PrivateKey,
    secret_reference::{Reference, SecretReference},
    slot::Slot,
    status_word::StatusWord,
};
use crate::{Firmware, key_material::KeyMaterial, store::Kept};

/// Name and version of the file's layout.
pub(super) const FORMAT: &str = "officiant-virtual-yubikey/1";

/// The bit of the form factor that marks the FIPS Series.
const FIPS_SERIES: u8 = 0x80;
/// The bits of the form factor that mark no series.
const FORM: u8 = 0x3f;

/// The memory of a device; the content of its file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    pub(super) format: String,
    pub(super) serial: u32,
    pub(super) firmware: Firmware,
    pub(super) fips: bool,
    /// Without the bits of the series.
    form_factor: u8,
    /// The RSA key of slot f9, PKCS #8 DER.
    pub(super) attestation_key: KeyMaterial,
    pub(super) pin: SecretReference,
    pub(super) puk: SecretReference,
    pub(super) management_key: ManagementKey,
    pub(super) keys: Vec<Key>,
    pub(super) objects: Vec<DataObject>,
}

/// A key pair in a slot.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    pub(super) slot: Slot,
    pub(super) algorithm: Algorithm,
    pub(super) pin_policy: PinPolicy,
    pub(super) touch_policy: TouchPolicy,
    pub(super) origin: Origin,
    pub(super) private: KeyMaterial,
}

/// Where a key comes from. The numbers are those of GET METADATA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub(super) enum Origin {
    Generated = 1,
    Imported = 2,
}

impl Origin {
    pub(super) const fn code(self) -> u8 {
        self as u8
    }
}

impl Key {
    /// # Errors
    /// [`StatusWord::NoPreciseDiagnosis`], though no key gets into a state that is none.
    pub(super) fn private_key(&self) -> Result<PrivateKey, StatusWord> {
        PrivateKey::from_bytes(self.algorithm, &self.private).ok_or(StatusWord::NoPreciseDiagnosis)
    }
}

impl Kept for State {
    fn problem(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("its format is {:?}, not {FORMAT:?}", self.format));
        }
        if let Some(problem) = self.pin.problem() {
            return Some(format!("its PIN {problem}"));
        }
        if let Some(problem) = self.puk.problem() {
            return Some(format!("its PUK {problem}"));
        }
        if !self.management_key.fits() {
            return Some(format!("its management key does not fit {:?}", self.management_key.algorithm));
        }
        if self.used() > CAPACITY {
            return Some(format!("its objects have {} bytes; a YubiKey holds {CAPACITY}", self.used()));
        }
        let twin = |index: usize, id: ObjectId| self.objects.iter().skip(index + 1).any(|other| other.id == id);
        if let Some((_, object)) = self.objects.iter().enumerate().find(|(index, object)| twin(*index, object.id)) {
            return Some(format!("object {:?} is there twice", object.id));
        }
        self.keys.iter().enumerate().find_map(|(index, key)| {
            if self.keys.iter().skip(index + 1).any(|other| other.slot == key.slot) {
                return Some(format!("slot {} is there twice", key.slot));
            }
            let fits = PrivateKey::from_bytes(key.algorithm, &key.private).is_some();
            (!fits).then(|| format!("slot {} has no key that fits {:?}", key.slot, key.algorithm))
        })
    }
}

impl State {
    /// A device as it comes from the factory.
    pub(super) fn factory_new(
        serial: u32,
        firmware: Firmware,
        fips: bool,
        form_factor: u8,
        attestation_key: KeyMaterial,
        attestation_certificate: &[u8],
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            serial,
            firmware,
            fips,
            form_factor: form_factor & FORM,
            attestation_key,
            pin: SecretReference::factory(Reference::Pin),
            puk: SecretReference::factory(Reference::Puk),
            management_key: ManagementKey::factory(firmware),
            keys: Vec::new(),
            objects: vec![DataObject { id: ATTESTATION_CERTIFICATE, content: attestation_certificate.into() }],
        }
    }

    /// Forgets everything but what makes the device and its attestations (Yubico's *Reset the PIV application*).
    pub(super) fn reset(&mut self) {
        self.pin = SecretReference::factory(Reference::Pin);
        self.puk = SecretReference::factory(Reference::Puk);
        self.management_key = ManagementKey::factory(self.firmware);
        self.keys.clear();
        self.objects.retain(|object| object.id == ATTESTATION_CERTIFICATE);
    }

    pub(super) const fn reference(&self, reference: Reference) -> &SecretReference {
        match reference {
            Reference::Pin => &self.pin,
            Reference::Puk => &self.puk,
        }
    }

    pub(super) const fn reference_mut(&mut self, reference: Reference) -> &mut SecretReference {
        match reference {
            Reference::Pin => &mut self.pin,
            Reference::Puk => &mut self.puk,
        }
    }

    /// The form factor as the device tells it, with the bits of its series.
    pub(super) const fn form_factor(&self) -> u8 {
        if self.fips { self.form_factor | FIPS_SERIES } else { self.form_factor }
    }

    pub(super) fn key(&self, slot: Slot) -> Option<&Key> {
        self.keys.iter().find(|key| key.slot == slot)
    }

    /// Puts a key into its slot, in the place of one that is there.
    pub(super) fn put_key(&mut self, key: Key) {
        self.remove_key(key.slot);
        self.keys.push(key);
    }

    pub(super) fn remove_key(&mut self, slot: Slot) {
        self.keys.retain(|key| key.slot != slot);
    }

    pub(super) fn object(&self, id: ObjectId) -> Option<&[u8]> {
        self.objects.iter().find(|object| object.id == id).map(|object| object.content.expose())
    }

    /// Writes an object, in the place of one that is there; nothing at all deletes it.
    ///
    /// # Errors
    /// [`StatusWord::NotEnoughMemory`]: the card is full.
    pub(super) fn put_object(&mut self, id: ObjectId, content: &[u8]) -> Result<(), StatusWord> {
        let before = self.object(id).map_or(0, <[u8]>::len);
        if self.used() - before + content.len() > CAPACITY {
            return Err(StatusWord::NotEnoughMemory);
        }
        self.objects.retain(|object| object.id != id);
        if !content.is_empty() {
            self.objects.push(DataObject { id, content: content.into() });
        }
        Ok(())
    }

    /// Bytes of all objects.
    fn used(&self) -> usize {
        self.objects.iter().map(|object| object.content.expose().len()).sum()
    }
}
