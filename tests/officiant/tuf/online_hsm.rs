//! `tuf.initialize` with an online key in a YubiHSM 2.

use super::initialize_support::{line, new_key};
use crate::{
    forger::Forger,
    support::{CarriedOut, Ceremony},
};
use serde_json::json;

/// A rehearsal that generates an online key in a device and initialises a repository of so many bins.
fn rehearsal(algorithm: &str, bins: u32, targets: usize, more: &str) -> Ceremony {
    let list: String = (0..targets).map(line).collect();
    Ceremony::rehearse(&format!(
        "
notation: 1
title: A repository
devices:
  HSM: {{ kind: yubihsm2, rehearse: {{ serial: 7550054 }} }}
sections:
  start:
    title: Start
    steps:
      - {{ do: Insert it., uses: devices.insert, with: {{ device: HSM, alone: true }} }}
      - do: Generate the online key.
        uses: yubihsm.generate-asymmetric-key
        with:
          device: HSM
          password: {{ secret: factory-default }}
          object_id: 7
          label: online
          domains: '1'
          capabilities: sign-ecdsa,sign-eddsa
          algorithm: {algorithm}
      - {{ do: Write the root's key down., uses: files.write, with: {{ path: root.pem, text: {:?} }} }}
      - {{ do: Write the targets down., uses: files.write, with: {{ path: targets.jsonl, text: {list:?} }} }}
      - do: Initialise the repository.
        id: made
        uses: tuf.initialize
        with:
          root_keys: [root.pem]
          root_threshold: 1
          device: HSM
          password: {{ secret: factory-default }}
          object_id: 7
          bins: {bins}
          targets: targets.jsonl
          out: repository
          to_sign: unsigned
{more}
      - {{ do: Export its public key., uses: yubihsm.get-public-key, with: {{ device: HSM, password: {{ secret: factory-default }}, object_id: 7, out: online.pem }} }}
      - end: Over.
",
        new_key(None)
    ))
}

fn abandoned(ceremony: Ceremony) -> CarriedOut {
    ceremony.answer("start/made#what-now", "abort").answer("start/made#reason", "It cannot be.").carry_out().exits(1)
}

#[test]
fn a_device_signs_every_bin_in_one_session_and_says_how_long_it_takes() {
    // More signatures than a device has sessions.
    for (algorithm, bins) in [("ecp256", 32), ("ed25519", 16)] {
        let ceremony = rehearsal(algorithm, bins, 30, "").carry_out().exits(0);
        let ceremony = ceremony.mentions(&format!("signs one after the other: {} signatures take about", bins + 2));
        ceremony.replay().holds();
        let entries = ceremony.entries();
        let finished = |step: &str| {
            let is_it = |entry: &&serde_json::Value| entry["kind"] == "finished" && entry["step"] == step;
            entries.iter().find(is_it).unwrap()["body"]["outputs"].clone()
        };
        let (made, exported) = (finished("start/5"), finished("start/6"));
        assert_eq!(made["serial"], 7_550_054);
        assert_eq!(made["roles"][3]["keys"], json!([exported["fingerprint"]]));
        let forger = Forger::on(&ceremony.folder());
        let at = entries.iter().position(|entry| entry["body"]["outputs"] == made).unwrap();
        for serial in [json!(7_550_055), json!(null)] {
            let mut forged = entries.clone();
            forged[at]["body"]["outputs"]["serial"] = serial;
            assert!(!forger.replay(forged.into()).holds);
        }
    }
}

#[test]
fn what_is_too_long_for_ed25519_in_a_device_is_refused_before_anything_is_signed() {
    // Of the snapshot it is known before the list is read, of a bin before the first one is signed.
    for (bins, targets, what) in [(256, 1, "and snapshot has"), (2, 100, "and bin-")] {
        let ceremony = abandoned(rehearsal("ed25519", bins, targets, ""));
        let ceremony = ceremony.mentions("signs at most 2000 bytes with ed25519").mentions(what);
        let ceremony = ceremony.mentions("let the online key be one of P-256");
        assert!(!ceremony.folder().join("products/repository/metadata/1.bin-0.json").exists());
    }
}

#[test]
fn an_online_key_is_in_one_place() {
    abandoned(rehearsal("ecp256", 4, 4, "          online_key_file: REHEARSAL")).mentions("name one of the two");
}
