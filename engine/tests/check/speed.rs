//! How long `check` takes: `cargo test --release -p officiant-engine --test check speed -- --ignored --nocapture`.

use crate::handlers::registry;
use officiant_engine::{check::everything, notation::load_text};
use std::{fmt::Write, time::Instant};

const STEPS: usize = 10_000;

/// Sections of eight steps as in a real ceremony, and a GO TO for each.
fn long_runbook() -> String {
    let mut text = String::from(
        "notation: 1\ntitle: A long ceremony\nparticipants:\n  administrator: { title: Ceremony administrator }\n  \
         witness: { title: Remote witness }\ninputs:\n  ceremony_date: { type: date }\ndevices:\n",
    );
    for device in 0..9 {
        writeln!(text, "  YubiHSM2-{device}: {{ kind: yubihsm2 }}").unwrap();
    }
    text += "sections:\n  start:\n    title: Start\n    steps:\n";
    for section in 0..STEPS / 8 {
        let device = section % 9;
        let go_to = format!("go_to: provision-{section}\n        id: group_{section}");
        writeln!(text, "      - {go_to}\n        with: {{ body: YubiHSM2-{device} }}").unwrap();
    }
    text += "      - end: Done.\n";
    for section in 0..STEPS / 8 {
        text += &SECTION.replace("NUMBER", &section.to_string());
    }
    text
}

const SECTION: &str = r#"  provision-NUMBER:
    title: Provision device NUMBER
    takes: [body]
    steps:
      - do: Locate and write down the serial number printed on {{ body }}.
        id: printed
        uses: ask.text
        with: { prompt: "Serial number printed on {{ body }}", pattern: '[0-9]{7,8}' }
        rehearse: { answer: "{{ devices[body].serial }}" }
        sign_off: [witness]
      - do: Verify the serial number of the YubiHSM 2.
        id: device
        uses: yubihsm.device-info
        with: { device: "{{ body }}" }
        expect:
          - that: device.serial == printed.value
            else: The device's serial number is not {{ printed.value }}.
      - do: Enter the new password.
        id: password
        uses: ask.secret
        with: { prompt: New authentication key password, min_length: 12 }
        by: administrator
      - do: Put the key on {{ body }}, {{ device.serial | zero_pad(10) }}.
        uses: yubihsm.put-key
        with:
          device: "{{ body }}"
          object_id: 100
          algorithm: p256
          domains: all
          password: { secret: factory-default }
          new_password: { secret: password }
      - if: the device is locked
        when: device.locked
        then:
          - do: Run it on {{ inputs.ceremony_date }}.
            uses: exec.run
            with: { command: [echo, "{{ device.serial | zero_pad(10) }}"] }
      - do: Look at the device, and put it back into its bag.
"#;

#[test]
#[ignore = "it measures; run it in release mode on a quiet machine"]
fn ten_thousand_steps_are_checked_in_a_tenth_of_a_second() {
    let text = long_runbook();
    let registry = registry();
    let mut times = Vec::new();
    for _ in 0..15 {
        let began = Instant::now();
        let loaded = load_text("runbook.yaml", &text);
        let read = began.elapsed();
        let found = everything(&loaded, &registry);
        times.push((began.elapsed(), read));
        assert_eq!(found.0, []);
    }
    times.sort_unstable();
    let (all, read) = times[times.len() / 2];
    println!(
        "{STEPS} steps, {} bytes: {all:?} (median), of which {read:?} to read them; best {:?}",
        text.len(),
        times[0].0
    );
}
