//! Names of commands and status words, as people write them.

use officiant_devices::yubikey::{CommandCode, StatusWord};

#[test]
fn every_command_is_found_by_its_name_and_its_code() {
    for command in CommandCode::ALL.iter().copied() {
        assert_eq!(command.name().parse(), Ok(command));
        assert_eq!(command.name().to_lowercase().replace(' ', "-").parse(), Ok(command));
        assert_eq!(CommandCode::from_code(command.code()), Some(command));
    }
    let error = "generate-key".parse::<CommandCode>().unwrap_err();
    assert!(error.contains("\"generate-key\" is no command of the YubiKey"), "{error}");
    assert_eq!(CommandCode::from_code(0x00), None);
}

#[test]
fn every_status_word_is_found_by_its_name_and_has_a_code_of_its_own() {
    for word in StatusWord::ALL.iter().copied() {
        assert_eq!(word.name().parse(), Ok(word));
        assert_eq!(word.to_string().to_lowercase().replace(' ', "-").parse(), Ok(word));
        assert_eq!(StatusWord::ALL.iter().filter(|other| other.code() == word.code()).count(), 1);
    }
    assert!("verification-failed".parse::<StatusWord>().is_err());
    assert_eq!(StatusWord::VerificationFailed(2).code(), 0x63c2);
    assert_eq!(StatusWord::VerificationFailed(200).code(), 0x63cf);
}
