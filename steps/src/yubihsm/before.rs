//! What a step sees of a device right before it changes it.

pub(super) use crate::before::objections;

use super::{argument::ObjectType, device::Device};
use crate::before;
use officiant_engine::conduct::{Failure, Stage};
use serde::{Deserialize, Serialize};

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Seen {
    /// There was no such object.
    Vacant { object_type: ObjectType, object_id: u16 },
    /// The object was there.
    Held { object_type: ObjectType, object_id: u16, sequence: u8, label: String },
    /// Whether the device was as it left the factory.
    Device { factory_new: bool },
}

impl Seen {
    /// Puts it on the disk.
    pub(super) fn record(self, stage: &mut Stage<'_>, device: &Device) -> Result<(), Failure> {
        before::record(self, device.serial(), stage)
    }

    /// What the step had seen of this device as the ceremony broke off; nothing when it had not come to that, and then has
    /// changed nothing.
    ///
    /// # Errors
    /// `wrong-device` when it was another device.
    pub(super) fn recorded(stage: &Stage<'_>, device: &Device) -> Result<Option<Self>, Failure> {
        before::recorded(stage, device.serial())
    }
}
