//! Algorithms
//! (<https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-core-concepts.html>).

use schemars::JsonSchema;
use serde::Deserialize;
use yubihsm::asymmetric;

/// The algorithm of a key to generate; `p256` and `p384` are other names for `ecp256` and `ecp384`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum KeyAlgorithm {
    Ed25519,
    Ecp256,
    P256,
    Ecp384,
    P384,
}

impl KeyAlgorithm {
    pub(crate) fn to_device(self) -> asymmetric::Algorithm {
        match self {
            Self::Ed25519 => asymmetric::Algorithm::Ed25519,
            Self::Ecp256 | Self::P256 => asymmetric::Algorithm::EcP256,
            Self::Ecp384 | Self::P384 => asymmetric::Algorithm::EcP384,
        }
    }
}

/// The vendor's name of an algorithm, by its number.
pub(crate) fn algorithm_name(number: u8) -> String {
    let name = usize::from(number).checked_sub(1).and_then(|index| NAMES.get(index));
    name.map_or_else(|| format!("unknown-{number}"), ToString::to_string)
}

/// From 1 on.
const NAMES: [&str; 55] = [
    "rsa-pkcs1-sha1",
    "rsa-pkcs1-sha256",
    "rsa-pkcs1-sha384",
    "rsa-pkcs1-sha512",
    "rsa-pss-sha1",
    "rsa-pss-sha256",
    "rsa-pss-sha384",
    "rsa-pss-sha512",
    "rsa2048",
    "rsa3072",
    "rsa4096",
    "ecp256",
    "ecp384",
    "ecp521",
    "eck256",
    "ecbp256",
    "ecbp384",
    "ecbp512",
    "hmac-sha1",
    "hmac-sha256",
    "hmac-sha384",
    "hmac-sha512",
    "ecdsa-sha1",
    "ecdh",
    "rsa-oaep-sha1",
    "rsa-oaep-sha256",
    "rsa-oaep-sha384",
    "rsa-oaep-sha512",
    "aes128-ccm-wrap",
    "opaque-data",
    "opaque-x509-certificate",
    "mgf1-sha1",
    "mgf1-sha256",
    "mgf1-sha384",
    "mgf1-sha512",
    "template-ssh",
    "aes128-yubico-otp",
    "aes128-yubico-authentication",
    "aes192-yubico-otp",
    "aes256-yubico-otp",
    "aes192-ccm-wrap",
    "aes256-ccm-wrap",
    "ecdsa-sha256",
    "ecdsa-sha384",
    "ecdsa-sha512",
    "ed25519",
    "ecp224",
    "rsa-pkcs1-decrypt",
    "ecp256-yubico-authentication",
    "aes128",
    "aes192",
    "aes256",
    "aes-ecb",
    "aes-cbc",
    "aes-kwp",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_has_the_name_of_its_number() {
        assert_eq!(algorithm_name(asymmetric::Algorithm::EcP384.to_u8()), "ecp384");
        assert_eq!(algorithm_name(asymmetric::Algorithm::Ed25519.to_u8()), "ed25519");
        assert_eq!(algorithm_name(0x26), "aes128-yubico-authentication");
        assert_eq!(algorithm_name(55), "aes-kwp");
        assert_eq!(algorithm_name(0), "unknown-0");
        assert_eq!(algorithm_name(200), "unknown-200");
    }
}
