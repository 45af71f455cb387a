//! Who has signed: counted by public key, for one key can stand under two ids.

use super::{Document, Key, Role, Signature};
use std::collections::{BTreeMap, BTreeSet};

/// Which of a role's keys have signed a document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Count {
    /// Those that have, each public key once, in the order of the signatures.
    pub(crate) signed: Vec<Signer>,
    /// Those that have not, each public key once, in the role's order.
    pub(crate) missing: Vec<Signer>,
    /// Signatures that do not count.
    pub(crate) rejected: Vec<Rejected>,
    /// How many must have.
    pub(crate) threshold: u64,
}

/// A public key that may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signer {
    /// Every id that the role has it under.
    pub(crate) ids: Vec<String>,
    /// What people call it.
    pub(crate) called: String,
    /// SHA-256 of its `SubjectPublicKeyInfo`, hex.
    pub(crate) fingerprint: String,
}

/// A signature that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) keyid: String,
    /// Why, as a clause.
    pub(crate) why: String,
}

impl Count {
    /// Whether enough have signed.
    pub(crate) fn is_reached(&self) -> bool {
        self.signed.len() as u64 >= self.threshold
    }

    /// How many public keys may sign.
    pub(crate) fn keys(&self) -> usize {
        self.signed.len() + self.missing.len()
    }
}

/// Counts the public keys of `role` that have signed `document`; `keys` are those of whoever delegates to it, by id. Places that
/// are kept for a signature, which are empty, are no signatures.
pub(crate) fn count(document: &Document, role: &Role, keys: &BTreeMap<String, Key>) -> Count {
    count_over(&document.canonical(), &document.signatures, role, keys)
}

/// The same over bytes that are at hand.
pub(crate) fn count_over(message: &[u8], signatures: &[Signature], role: &Role, keys: &BTreeMap<String, Key>) -> Count {
    let mut count = Count { threshold: role.threshold, ..Count::default() };
    let mut signers: Vec<Signer> = Vec::new();
    let mut places = BTreeMap::<String, usize>::new();
    for key in role.keyids.iter().filter_map(|id| keys.get(id)) {
        let Ok(public) = &key.public else { continue };
        let fingerprint = public.fingerprint();
        if let Some(place) = places.get(&fingerprint) {
            signers[*place].ids.push(key.id.clone());
        } else {
            places.insert(fingerprint.clone(), signers.len());
            signers.push(Signer { ids: vec![key.id.clone()], called: key.called(), fingerprint });
        }
    }
    let own: BTreeSet<&str> = role.keyids.iter().map(String::as_str).collect();
    let mut under = BTreeMap::<&str, usize>::new();
    for signature in signatures.iter().filter(|signature| !signature.sig.is_empty()) {
        *under.entry(&signature.keyid).or_default() += 1;
    }
    let mut have_signed = BTreeSet::new();
    for signature in signatures.iter().filter(|signature| !signature.sig.is_empty()) {
        let reject = |why: String| Rejected { keyid: signature.keyid.clone(), why };
        let judged = (|| {
            if under.get(signature.keyid.as_str()).is_some_and(|count| *count > 1) {
                return Err("several signatures are under this id".to_string());
            }
            if !own.contains(signature.keyid.as_str()) {
                return Err(format!("it is no key of the role {:?}", role.name));
            }
            let key = keys.get(&signature.keyid).ok_or("there is no key under this id")?;
            let public = key.public.as_ref().map_err(|why| format!("the key cannot be used: {why}"))?;
            let bytes = hex::decode(&signature.sig).map_err(|_| "the signature is not in hex".to_string())?;
            if public.verifies(message, &bytes) {
                Ok(public.fingerprint())
            } else {
                Err("the signature does not verify".to_string())
            }
        })();
        match judged {
            Ok(fingerprint) => {
                if let Some(place) = places.get(&fingerprint)
                    && have_signed.insert(*place)
                {
                    count.signed.push(signers[*place].clone());
                } else {
                    count.rejected.push(reject("the same public key has signed under another id".to_string()));
                }
            }
            Err(why) => count.rejected.push(reject(why)),
        }
    }
    let missing = signers.into_iter().enumerate().filter(|(place, _)| !have_signed.contains(place));
    count.missing = missing.map(|(_, signer)| signer).collect();
    count
}
