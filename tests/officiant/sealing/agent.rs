//! Keys that ssh-agent has.

use super::support::{
    conducted, done, finds, fingerprint, key, public, refused, replayed_with, seal, ssh_keygen_accepts,
};
use std::{path::PathBuf, process::Command, process::Stdio};
use tempfile::TempDir;

/// An ssh-agent of this test's own.
struct Agent {
    folder: TempDir,
    process: std::process::Child,
}

impl Agent {
    fn with(keys: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let socket = folder.path().join("agent");
        let process = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
        crate::devices::until("ssh-agent to listen", || socket.exists());
        let agent = Self { folder, process };
        for name in keys {
            let added = Command::new("ssh-add").arg("-q").arg(key(name)).env("SSH_AUTH_SOCK", agent.socket()).status();
            assert!(added.unwrap().success(), "{name}");
        }
        agent
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("agent")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_key_that_ssh_agent_has_seals() {
    let agent = Agent::with(&["ed25519", "p256", "p384", "rsa"]);
    for name in ["ed25519", "p256", "p384", "rsa"] {
        let fingerprint = format!("agent:{}", fingerprint(name));
        let file = key(&format!("{name}.pub")).display().to_string();
        for named in [fingerprint, format!("agent:{name}"), file] {
            let ceremony = conducted();
            let output = seal(&ceremony, "witness", &named).env("SSH_AUTH_SOCK", agent.socket()).output().unwrap();
            ssh_keygen_accepts(&done(output));
            finds(&replayed_with(&ceremony, &format!("ada {}", public(name))), &[]);
        }
    }
    let ceremony = conducted();
    let mut command = seal(&ceremony, "witness", "agent:other");
    refused(command.env("SSH_AUTH_SOCK", agent.socket()), 2, "ssh-agent does not have `other`, it has SHA256:");
}
