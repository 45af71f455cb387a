//! Devices that are absent, the wrong ones, provisioned before, or that die; and what else fails under a ceremony.

mod dying;
mod inserting;
mod killed;
mod provisioned;
mod retried;
mod served;
mod single_step;
mod support;

pub use support::{PATIENCE, Running, VirtualDevice, client, refused, until};
