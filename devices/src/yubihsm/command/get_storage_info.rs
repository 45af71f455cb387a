//! GET STORAGE INFO: total records, free records, total pages, free pages, bytes of a page; 2 bytes each.

use super::super::{
    device::Device,
    error_code::ErrorCode,
    fields::Fields,
    state::{PAGE_LENGTH, PAGES, RECORDS},
};

pub(super) fn execute(device: &Device, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    Fields::of(data).end()?;
    let state = &device.state;
    let numbers = [RECORDS, state.free_records(), PAGES, state.free_pages(), PAGE_LENGTH];
    Ok(numbers.into_iter().flat_map(u16::to_be_bytes).collect())
}
