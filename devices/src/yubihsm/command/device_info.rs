//! DEVICE INFO: version (3 bytes), serial number (4), size of the log (1) and its entries in use (1), algorithms (1
//! each). Firmware 2.4 has a second page, asked for with the byte 1: the part number of the chip.

use super::super::{audit_log::CAPACITY, device::Device, error_code::ErrorCode, fields::Fields, limits};

/// What a real device answers here is not documented, and clients only show it; this has the form of a chip's name.
const PART_NUMBER: &str = "78CLUFX5000PR";

pub(super) fn execute(device: &Device, data: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let mut fields = Fields::of(data);
    let page = if fields.is_empty() { 0 } else { fields.byte()? };
    fields.end()?;
    let firmware = device.state.firmware;
    match page {
        0 => {
            let mut info = firmware.to_bytes().to_vec();
            info.extend(device.state.serial.to_be_bytes());
            info.extend([CAPACITY, device.state.log.used()]);
            info.extend(1..=limits::highest_algorithm(firmware));
            Ok(info)
        }
        1 if firmware.at_least(2, 4, 0) => Ok(PART_NUMBER.into()),
        _ => Err(ErrorCode::InvalidData),
    }
}
