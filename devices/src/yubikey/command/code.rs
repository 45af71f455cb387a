//! The codes of all commands, also of those that this card does not carry out.

crate::command_code::command_codes! {
    /// A command of the YubiKey's PIV and management applications (NIST SP 800-73-4, part 2; Yubico's *PIV commands*), by its
    /// instruction byte.
    "YubiKey", "write the standard's name, such as generate-asymmetric-key-pair";

    0x1d ReadDeviceInfo "READ DEVICE INFO"
    0x20 Verify "VERIFY"
    0x24 ChangeReferenceData "CHANGE REFERENCE DATA"
    0x2c ResetRetryCounter "RESET RETRY COUNTER"
    0x47 GenerateAsymmetricKeyPair "GENERATE ASYMMETRIC KEY PAIR"
    0x87 GeneralAuthenticate "GENERAL AUTHENTICATE"
    0xa4 Select "SELECT"
    0xc0 GetResponse "GET RESPONSE"
    0xcb GetData "GET DATA"
    0xdb PutData "PUT DATA"
    0xf6 MoveKey "MOVE KEY"
    0xf7 GetMetadata "GET METADATA"
    0xf8 GetSerial "GET SERIAL"
    0xf9 Attest "ATTEST"
    0xfa SetPinRetries "SET PIN RETRIES"
    0xfb Reset "RESET"
    0xfd GetVersion "GET VERSION"
    0xfe ImportAsymmetricKey "IMPORT ASYMMETRIC KEY"
    0xff SetManagementKey "SET MANAGEMENT KEY"
}
