//! A key that ssh-agent has.

use super::Signer;
use officiant_engine::seal::Key;
use ssh_agent_client_rs::{Client, Error, Identity};
use ssh_key::{HashAlg, PublicKey, Signature};
use std::{env, os::unix::net::UnixStream, path::Path, time::Duration};

/// How long the agent may take: it may ask a person for a passphrase, or to touch a device.
const PATIENCE: Duration = Duration::from_secs(120);

/// A key of ssh-agent.
pub struct AgentKey {
    client: Client,
    identity: PublicKey,
    key: Key,
}

impl AgentKey {
    /// The key with that fingerprint (`SHA256:…`) or that comment.
    pub fn named(name: &str) -> Result<Self, String> {
        Self::find(&format!("`{name}`"), |key| {
            key.fingerprint(HashAlg::Sha256).to_string() == name || key.comment() == name
        })
    }

    /// The key whose public key is in a file.
    pub fn of_file(path: &Path) -> Result<Self, String> {
        let place = path.display();
        let public =
            PublicKey::read_openssh_file(path).map_err(|error| format!("`{place}` is no public key: {error}"))?;
        Self::find(&format!("the key of `{place}`"), |key| key.key_data() == public.key_data())
    }

    fn find(name: &str, wanted: impl Fn(&PublicKey) -> bool) -> Result<Self, String> {
        let mut client = connect()?;
        let identities = client.list_all_identities().map_err(|error| said(&error))?;
        let keys: Vec<PublicKey> = identities.into_iter().filter_map(public).collect();
        let mut found = keys.iter().filter(|key| wanted(key));
        let Some(identity) = found.next().cloned() else {
            let held: Vec<String> = keys.iter().map(|key| key.fingerprint(HashAlg::Sha256).to_string()).collect();
            let held = if held.is_empty() { "no key".to_string() } else { held.join(", ") };
            return Err(format!("ssh-agent does not have {name}, it has {held}; `ssh-add FILE` adds one"));
        };
        if found.next().is_some() {
            return Err(format!("ssh-agent has more than one key {name}; name it by its fingerprint: agent:SHA256:…"));
        }
        let key = Key::new(identity.key_data().clone()).map_err(|why| format!("{name} of ssh-agent: {why}"))?;
        if key.data().is_sk_ecdsa_p256() {
            return Err("a FIDO key on P-256 seals with `ssh-keygen -Y sign` alone, see README.md".into());
        }
        Ok(Self { client, identity, key })
    }
}

/// A certificate's key is held without it too.
fn public(identity: Identity<'_>) -> Option<PublicKey> {
    match identity {
        Identity::PublicKey(key) => Some(key.into_owned()),
        Identity::Certificate(_) => None,
    }
}

fn connect() -> Result<Client, String> {
    let Some(socket) = env::var_os("SSH_AUTH_SOCK").filter(|socket| !socket.is_empty()) else {
        return Err("there is no ssh-agent: SSH_AUTH_SOCK does not say where it listens".into());
    };
    let shown = Path::new(&socket).display().to_string();
    let stream = UnixStream::connect(&socket)
        .and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        })
        .map_err(|error| format!("ssh-agent does not answer at {shown} (SSH_AUTH_SOCK): {error}"))?;
    Ok(Client::with_read_write(Box::new(stream)))
}

fn said(error: &Error) -> String {
    match error {
        Error::RemoteFailure => "ssh-agent refused to sign: the key may be locked, or somebody said no".into(),
        other => format!("ssh-agent: {other}"),
    }
}

impl Signer for AgentKey {
    fn key(&self) -> &Key {
        &self.key
    }

    fn place(&self) -> String {
        format!("ssh-agent, “{}”", self.identity.comment())
    }

    fn sign(&mut self, message: &[u8]) -> Result<Signature, String> {
        self.client.sign(&self.identity, message).map_err(|error| said(&error))
    }
}
