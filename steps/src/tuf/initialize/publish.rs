//! Bins, snapshot and timestamp, signed and written on all cores.

use super::{
    bins::Bins,
    documents::{around_targets, file},
    online_key::Signer,
    shelf::{Held, Shelf},
};
use crate::tuf::metadata::{Key, canonical, quoted};
use officiant_engine::{
    conduct::{Failure, Stage},
    record::{Batch, FolderError},
};
use rayon::prelude::*;
use serde_json::{Map, Value};

/// Whoever signs and writes.
pub(super) struct Publisher<'a, 's> {
    pub(super) online: &'a Signer<'s>,
    /// Its public key, as metadata has it.
    pub(super) key: &'a Key,
    pub(super) batch: &'a Batch,
}

impl Publisher<'_, '_> {
    /// Signs and writes every bin.
    ///
    /// # Errors
    /// `file`.
    pub(super) fn bins(
        &self,
        bins: Bins,
        shelf: &Shelf,
        expires: &Value,
        stage: &mut Stage<'_>,
    ) -> Result<(), Failure> {
        let around = around_targets(expires).ok_or_else(|| Failure::new("internal", "a bin has no canonical form"))?;
        let parts: Vec<usize> = (0..shelf.parts()).collect();
        if self.online.longest().is_some() {
            let can_sign = |name: &str, signed: &[u8]| self.online.can_sign(name, signed.len());
            parts.par_iter().try_for_each(|part| each(bins, shelf, *part, &around, can_sign))?;
        }
        let at_a_time = self.online.at_a_time();
        for (at, some) in parts.chunks(at_a_time).enumerate() {
            let put = |name: &str, signed: &[u8]| self.put(&format!("1.{name}.json"), signed);
            some.par_iter().try_for_each(|part| each(bins, shelf, *part, &around, put))?;
            let done = shelf.bins_of((at * at_a_time + some.len()).saturating_sub(1)).end;
            stage.progress("bins signed and written", done.into(), bins.count().into());
        }
        Ok(())
    }

    /// Signs and writes a role.
    ///
    /// # Errors
    /// `file`.
    pub(super) fn role(&self, name: &str, signed: Map<String, Value>) -> Result<(), Failure> {
        self.put(name, &canonical(&signed.into()))
    }

    fn put(&self, name: &str, signed: &[u8]) -> Result<(), Failure> {
        let file = file(signed, &self.key.id, &self.online.sign(signed)?);
        self.batch.create(name, &file).map(drop).map_err(|error| match error {
            FolderError::Exists(_) => Failure::new("exists", error.to_string()).next("look where it came from"),
            error => Failure::new("file", error.to_string()).next("see that the disk is writable and not full"),
        })
    }
}

/// Does something with the name of each bin of a part, and with what is signed of it.
fn each(
    bins: Bins,
    shelf: &Shelf,
    part: usize,
    around: &[String; 2],
    with: impl Fn(&str, &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let bytes = shelf
        .bytes(part)
        .map_err(|error| Failure::new("file", format!("what did not fit into memory cannot be read again: {error}")))?;
    let held = shelf.targets(part, &bytes);
    let mut rest = held.as_slice();
    let mut signed = String::new();
    for bin in shelf.bins_of(part) {
        let (mine, after) = rest.split_at(rest.partition_point(|held| held.bin <= bin));
        rest = after;
        signed.clear();
        write(&mut signed, mine, around);
        with(&bins.name(bin), signed.as_bytes())?;
    }
    Ok(())
}

fn write(signed: &mut String, targets: &[Held<'_>], around: &[String; 2]) {
    signed.push_str(&around[0]);
    for (at, target) in targets.iter().enumerate() {
        if at > 0 {
            signed.push(',');
        }
        quoted(signed, target.path);
        signed.push(':');
        signed.push_str(target.value);
    }
    signed.push_str(&around[1]);
}
