//! Steps that wait until a device is plugged in, or no longer is.

mod device_name;
mod insert;
mod patience;
mod remove;
mod touch_reset;

pub(crate) use device_name::DeviceName;

use crate::ports::Ports;
use officiant_engine::conduct::Registry;
use std::sync::Arc;

pub(crate) fn register(registry: Registry, ports: &Arc<dyn Ports>) -> Registry {
    registry
        .with(insert::Insert(Arc::clone(ports)))
        .with(remove::Remove(Arc::clone(ports)))
        .with(touch_reset::TouchReset(Arc::clone(ports)))
}
