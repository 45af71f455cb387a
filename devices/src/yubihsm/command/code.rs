//! The codes of all commands, also of those that this device does not carry out.

use crate::Firmware;

crate::command_code::command_codes! {
    /// A command of the YubiHSM 2 (*Command Reference*), whether or not the virtual device carries it out.
    "YubiHSM 2", "write the vendor's name, such as generate-asymmetric-key";

    0x01 Echo "ECHO"
    0x03 CreateSession "CREATE SESSION"
    0x04 AuthenticateSession "AUTHENTICATE SESSION"
    0x05 SessionMessage "SESSION MESSAGE"
    0x06 DeviceInfo "DEVICE INFO"
    0x08 ResetDevice "RESET DEVICE"
    0x0a GetDevicePublicKey "GET DEVICE PUBLIC KEY"
    0x40 CloseSession "CLOSE SESSION"
    0x41 GetStorageInfo "GET STORAGE INFO"
    0x42 PutOpaque "PUT OPAQUE"
    0x43 GetOpaque "GET OPAQUE"
    0x44 PutAuthenticationKey "PUT AUTHENTICATION KEY"
    0x45 PutAsymmetricKey "PUT ASYMMETRIC KEY"
    0x46 GenerateAsymmetricKey "GENERATE ASYMMETRIC KEY"
    0x47 SignPkcs1 "SIGN PKCS1"
    0x48 ListObjects "LIST OBJECTS"
    0x49 DecryptPkcs1 "DECRYPT PKCS1"
    0x4a ExportWrapped "EXPORT WRAPPED"
    0x4b ImportWrapped "IMPORT WRAPPED"
    0x4c PutWrapKey "PUT WRAP KEY"
    0x4d GetLogEntries "GET LOG ENTRIES"
    0x4e GetObjectInfo "GET OBJECT INFO"
    0x4f SetOption "SET OPTION"
    0x50 GetOption "GET OPTION"
    0x51 GetPseudoRandom "GET PSEUDO RANDOM"
    0x52 PutHmacKey "PUT HMAC KEY"
    0x53 SignHmac "SIGN HMAC"
    0x54 GetPublicKey "GET PUBLIC KEY"
    0x55 SignPss "SIGN PSS"
    0x56 SignEcdsa "SIGN ECDSA"
    0x57 DeriveEcdh "DERIVE ECDH"
    0x58 DeleteObject "DELETE OBJECT"
    0x59 DecryptOaep "DECRYPT OAEP"
    0x5a GenerateHmacKey "GENERATE HMAC KEY"
    0x5b GenerateWrapKey "GENERATE WRAP KEY"
    0x5c VerifyHmac "VERIFY HMAC"
    0x5d SignSshCertificate "SIGN SSH CERTIFICATE"
    0x5e PutTemplate "PUT TEMPLATE"
    0x5f GetTemplate "GET TEMPLATE"
    0x60 DecryptOtp "DECRYPT OTP"
    0x61 CreateOtpAead "CREATE OTP AEAD"
    0x62 RandomizeOtpAead "RANDOMIZE OTP AEAD"
    0x63 RewrapOtpAead "REWRAP OTP AEAD"
    0x64 SignAttestationCertificate "SIGN ATTESTATION CERTIFICATE"
    0x65 PutOtpAeadKey "PUT OTP AEAD KEY"
    0x66 GenerateOtpAeadKey "GENERATE OTP AEAD KEY"
    0x67 SetLogIndex "SET LOG INDEX"
    0x68 WrapData "WRAP DATA"
    0x69 UnwrapData "UNWRAP DATA"
    0x6a SignEddsa "SIGN EDDSA"
    0x6b BlinkDevice "BLINK DEVICE"
    0x6c ChangeAuthenticationKey "CHANGE AUTHENTICATION KEY"
    0x6d PutSymmetricKey "PUT SYMMETRIC KEY"
    0x6e GenerateSymmetricKey "GENERATE SYMMETRIC KEY"
    0x6f DecryptEcb "DECRYPT ECB"
    0x70 EncryptEcb "ENCRYPT ECB"
    0x71 DecryptCbc "DECRYPT CBC"
    0x72 EncryptCbc "ENCRYPT CBC"
    0x73 PutPublicWrapKey "PUT PUBLIC WRAP KEY"
    0x74 WrapKeyRsa "WRAP KEY RSA"
    0x75 UnwrapKeyRsa "UNWRAP KEY RSA"
    0x76 ExportWrappedRsa "EXPORT WRAPPED RSA"
    0x77 ImportWrappedRsa "IMPORT WRAPPED RSA"
}

impl CommandCode {
    /// The commands that a firmware version has, in the order in which GET OPTION tells of them: those of asymmetric
    /// authentication and symmetric keys, with a low code among them, come after the older ones (*Set Command Audit
    /// Option*). They came with 2.3.1, those of public wrap keys with 2.4.0.
    pub(in super::super) fn of_firmware(firmware: Firmware) -> impl Iterator<Item = Self> {
        let highest = if firmware.at_least(2, 4, 0) {
            0x77
        } else if firmware.at_least(2, 3, 1) {
            0x72
        } else {
            0x6c
        };
        let newer = |command: &Self| *command == Self::GetDevicePublicKey || command.code() > 0x6c;
        let older = Self::ALL.iter().copied().filter(move |command| !newer(command));
        let newer = Self::ALL.iter().copied().filter(newer);
        older.chain(newer.filter(move |command| highest > 0x6c && command.code() <= highest))
    }
}
