//! Keys in a YubiHSM.

use super::{
    at_terminal::AtTerminal,
    passphrase::PASSPHRASE,
    support::{conducted, finds, replayed_with, ssh_keygen_accepts},
};
use crate::devices::{VirtualDevice, client};
use std::fs;
use yubihsm::{Capability, Domain, asymmetric, authentication};

#[test]
fn a_key_in_a_yubihsm_seals() {
    let device = VirtualDevice::new(7_550_054);
    let session = client(&device.url(), 1, "password").unwrap();
    let capabilities = Capability::SIGN_EDDSA | Capability::SIGN_ECDSA;
    let key = authentication::Key::derive_from_password(PASSPHRASE.as_bytes());
    let algorithm = authentication::Algorithm::YubicoAes;
    session
        .put_authentication_key(2, "seal".into(), Domain::all(), capabilities, capabilities, algorithm, key)
        .unwrap();
    for (id, algorithm) in
        [(7, asymmetric::Algorithm::Ed25519), (8, asymmetric::Algorithm::EcP256), (9, asymmetric::Algorithm::EcP384)]
    {
        session.generate_asymmetric_key(id, "seal".into(), Domain::DOM1, capabilities, algorithm).unwrap();
        let ceremony = conducted();
        let (folder, name) = (ceremony.folder(), format!("yubihsm:{id}"));
        let bound = format!("yubihsm.connectors={}", device.url());
        let mut person = AtTerminal::seals(&ceremony, name.as_ref(), &["--auth-key", "2", "--bind", &bound, "--yes"]);
        person.confides("Password of authentication key 2", PASSPHRASE);
        let said = person.rest();
        let command = said.lines().find(|line| line.starts_with("verify  ")).unwrap_or_else(|| panic!("{said}"));
        assert!(said.contains(&format!("YubiHSM 7550054, asymmetric-key {id}")), "{said}");
        ssh_keygen_accepts(command.trim_end());
        let listed = fs::read_to_string(folder.join("seals/allowed_signers")).unwrap();
        finds(&replayed_with(&ceremony, &listed), &[]);
    }
}
