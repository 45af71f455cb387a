//! What a device remembers without power.

use rand_core::{OsRng, RngCore};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{
    algorithm::Algorithm,
    asymmetric_key::AsymmetricKey,
    audit_log::{AuditLog, CAPACITY},
    capability::Capabilities,
    domain::Domains,
    error_code::ErrorCode,
    label::Label,
    object::{Object, ObjectId, ObjectType, Origin},
    session::Caller,
};
use crate::{Firmware, key_material::KeyMaterial, store::Kept};

/// Objects that a device can hold (*Core Concepts*, *Objects*).
pub(super) const RECORDS: u16 = 256;
/// Pages of storage; each object takes whole ones (*Command Reference*, GET STORAGE INFO).
pub(super) const PAGES: u16 = 1024;
/// Bytes of a page.
pub(super) const PAGE_LENGTH: u16 = 126;

/// Bytes of an authentication key: an encryption key and a MAC key.
pub(super) const AUTHENTICATION_KEY_LENGTH: usize = 32;

/// Name and version of the file's layout.
pub(super) const FORMAT: &str = "officiant-virtual-yubihsm/1";

/// The memory of a device; the content of its file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    pub(super) format: String,
    pub(super) serial: u32,
    pub(super) firmware: Firmware,
    /// The RSA key behind object 0, PKCS #8 DER.
    pub(super) attestation_key: KeyMaterial,
    /// Object 0, X.509 DER, in hex.
    #[serde(with = "hex")]
    pub(super) attestation_certificate: Vec<u8>,
    pub(super) objects: Vec<Object>,
    /// Which objects were ever written, with the sequence number of the last time; also those that are deleted by now.
    pub(super) written: Vec<Written>,
    /// Files from before there was a log have none.
    #[serde(default)]
    pub(super) log: AuditLog,
}

/// How often an object of this type and ID was written, less one, modulo 256 (*Core Concepts*, *Sequence*).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(rename = "type")]
    object_type: ObjectType,
    id: ObjectId,
    sequence: u8,
}

/// What a client gives to make an object.
#[derive(Debug)]
pub(super) struct NewObject {
    /// 0: the device picks one.
    pub(super) id: ObjectId,
    pub(super) label: Label,
    pub(super) domains: Domains,
    pub(super) capabilities: Capabilities,
    pub(super) algorithm: Algorithm,
}

impl Kept for State {
    fn problem(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("its format is {:?}, not {FORMAT:?}", self.format));
        }
        if self.objects.len() > usize::from(RECORDS) {
            return Some(format!("it holds {} objects; a YubiHSM 2 holds at most {RECORDS}", self.objects.len()));
        }
        if self.log.entries.len() > usize::from(CAPACITY) {
            return Some(format!(
                "its log has {} entries; that of a YubiHSM 2 has at most {CAPACITY}",
                self.log.entries.len()
            ));
        }
        self.objects.iter().enumerate().find_map(|(index, object)| {
            let place = format!("object {:#06x} ({:?})", object.id, object.object_type);
            let twin = |other: &Object| other.object_type == object.object_type && other.id == object.id;
            if self.objects.iter().skip(index + 1).any(twin) {
                return Some(format!("{place} is there twice"));
            }
            let key = object.key.expose();
            let fits = match object.object_type {
                ObjectType::AuthenticationKey => {
                    object.algorithm == Algorithm::Aes128YubicoAuthentication && key.len() == AUTHENTICATION_KEY_LENGTH
                }
                ObjectType::AsymmetricKey => AsymmetricKey::from_bytes(object.algorithm, key).is_ok(),
                _ => false,
            };
            (!fits).then(|| format!("{place} has no key that fits {:?}", object.algorithm))
        })
    }
}

impl State {
    /// Forgets every object, sequence number, option and log entry, and puts back the factory's authentication key (*Core Concepts*,
    /// *Session*): ID 1, password `password`, all capabilities and domains.
    pub(super) fn restore_factory_objects(&mut self) {
        let all = Capabilities::defined_by(self.firmware);
        self.written.clear();
        self.objects.clear();
        self.log = AuditLog::after_reset();
        let sequence = self.next_sequence(ObjectType::AuthenticationKey, 1);
        self.objects.push(Object {
            object_type: ObjectType::AuthenticationKey,
            id: 1,
            algorithm: Algorithm::Aes128YubicoAuthentication,
            label: Label::from_text("DEFAULT AUTHKEY CHANGE THIS ASAP"),
            domains: Domains::ALL,
            capabilities: all,
            delegated_capabilities: all,
            origin: Origin::Imported,
            sequence,
            key: keys_from_password(b"password"),
        });
    }

    /// The object that a session sees under an ID.
    ///
    /// # Errors
    /// [`ErrorCode::ObjectNotFound`], also for an object that is in none of the session's domains.
    pub(super) fn find(&self, object_type: ObjectType, id: ObjectId, domains: Domains) -> Result<&Object, ErrorCode> {
        self.get(object_type, id).filter(|object| object.domains.meet(domains)).ok_or(ErrorCode::ObjectNotFound)
    }

    /// The object with an ID, whoever asks.
    pub(super) fn get(&self, object_type: ObjectType, id: ObjectId) -> Option<&Object> {
        self.objects.iter().find(|object| object.object_type == object_type && object.id == id)
    }

    /// Stores an object, if the session may give it what it is to have, and returns its ID.
    ///
    /// # Errors
    /// - [`ErrorCode::InvalidId`]: ID `0xffff`.
    /// - [`ErrorCode::InvalidData`]: no domain at all. The guide does not say; such an object could never be reached
    ///   again.
    /// - [`ErrorCode::InsufficientPermissions`]: capabilities or delegated capabilities beyond the session's delegated
    ///   ones, or domains beyond its domains.
    /// - [`ErrorCode::ObjectExists`]: the ID is taken.
    /// - [`ErrorCode::StorageFailed`]: the storage is full.
    pub(super) fn add(
        &mut self,
        caller: &Caller,
        object_type: ObjectType,
        new: &NewObject,
        delegated_capabilities: Capabilities,
        origin: Origin,
        key: KeyMaterial,
    ) -> Result<ObjectId, ErrorCode> {
        // Clients that are asked for "all" set bits that no firmware defines.
        let defined = Capabilities::defined_by(self.firmware);
        let capabilities = new.capabilities & defined;
        let delegated_capabilities = delegated_capabilities & defined;
        if new.id == ObjectId::MAX {
            return Err(ErrorCode::InvalidId);
        }
        if new.domains.is_empty() {
            return Err(ErrorCode::InvalidData);
        }
        if !caller.delegated_capabilities.cover(capabilities | delegated_capabilities)
            || !caller.domains.cover(new.domains)
        {
            return Err(ErrorCode::InsufficientPermissions);
        }
        if self.get(object_type, new.id).is_some() {
            return Err(ErrorCode::ObjectExists);
        }
        if self.free_records() == 0 || self.free_pages() < pages(new.algorithm) {
            return Err(ErrorCode::StorageFailed);
        }
        let id = if new.id == 0 { self.free_id(object_type) } else { new.id };
        let sequence = self.next_sequence(object_type, id);
        self.objects.push(Object {
            object_type,
            id,
            algorithm: new.algorithm,
            label: new.label,
            domains: new.domains,
            capabilities,
            delegated_capabilities,
            origin,
            sequence,
            key,
        });
        Ok(id)
    }

    /// Replaces the keys of an authentication key, which counts as writing it.
    ///
    /// # Errors
    /// [`ErrorCode::ObjectNotFound`] if there is none with that ID.
    pub(super) fn replace_key(
        &mut self,
        id: ObjectId,
        algorithm: Algorithm,
        key: &KeyMaterial,
    ) -> Result<(), ErrorCode> {
        let object_type = ObjectType::AuthenticationKey;
        self.get(object_type, id).ok_or(ErrorCode::ObjectNotFound)?;
        let sequence = self.next_sequence(object_type, id);
        for object in self.objects.iter_mut().filter(|object| object.object_type == object_type && object.id == id) {
            object.algorithm = algorithm;
            object.key = key.clone();
            object.sequence = sequence;
        }
        Ok(())
    }

    /// Deletes an object; its sequence number stays known.
    pub(super) fn remove(&mut self, object_type: ObjectType, id: ObjectId) {
        self.objects.retain(|object| object.object_type != object_type || object.id != id);
    }

    pub(super) fn free_records(&self) -> u16 {
        RECORDS.saturating_sub(u16::try_from(self.objects.len()).unwrap_or(u16::MAX))
    }

    pub(super) fn free_pages(&self) -> u16 {
        let used = self.objects.iter().map(|object| pages(object.algorithm)).fold(0, u16::saturating_add);
        PAGES.saturating_sub(used)
    }

    /// An ID that is not taken, at random as the device does it.
    fn free_id(&self, object_type: ObjectType) -> ObjectId {
        loop {
            let mut bytes = [0; 2];
            OsRng.fill_bytes(&mut bytes);
            let id = ObjectId::from_be_bytes(bytes);
            if id != 0 && id != ObjectId::MAX && self.get(object_type, id).is_none() {
                return id;
            }
        }
    }

    fn next_sequence(&mut self, object_type: ObjectType, id: ObjectId) -> u8 {
        let known = self.written.iter_mut().find(|written| written.object_type == object_type && written.id == id);
        if let Some(written) = known {
            written.sequence = written.sequence.wrapping_add(1);
            written.sequence
        } else {
            self.written.push(Written { object_type, id, sequence: 0 });
            0
        }
    }
}

/// The two keys of an authentication key made from a password: PBKDF2-HMAC-SHA256, salt `Yubico`, 10,000 iterations, 32
/// bytes (*Core Concepts*, *Session*).
pub(super) fn keys_from_password(password: &[u8]) -> KeyMaterial {
    let mut keys = Zeroizing::new([0; AUTHENTICATION_KEY_LENGTH]);
    pbkdf2::pbkdf2_hmac::<Sha256>(password, b"Yubico", 10_000, keys.as_mut());
    keys.as_slice().into()
}

/// Pages that an object takes.
fn pages(algorithm: Algorithm) -> u16 {
    algorithm.object_length().div_ceil(PAGE_LENGTH)
}
