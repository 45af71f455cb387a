//! A private key in a file of OpenSSH's.

use super::{Access, Signer};
use officiant_engine::seal::Key;
use rand_core::OsRng;
use rsa::{
    BigUint, RsaPrivateKey,
    pkcs1v15::SigningKey,
    sha2::Sha512,
    signature::{RandomizedSigner, Signer as _},
};
use ssh_key::{
    Algorithm, HashAlg, Mpint, PrivateKey, Signature,
    private::{KeypairData, RsaKeypair},
};
use std::{fs, path::Path};
use zeroize::Zeroizing;

/// Largest file of a private key, in bytes.
const LARGEST: u64 = 64 * 1024;

/// How often a passphrase is asked for.
const TRIES: usize = 3;

/// A key that was read from a file.
pub struct KeyFile {
    place: String,
    private: PrivateKey,
    key: Key,
}

impl KeyFile {
    /// Reads the key, and asks for its passphrase if it has one.
    pub fn open(path: &Path, access: &mut Access) -> Result<Self, String> {
        let place = path.display().to_string();
        let private = decrypted(read(path)?, &place, access)?;
        let key = Key::new(private.public_key().key_data().clone()).map_err(|why| format!("`{place}`: {why}"))?;
        Ok(Self { place, private, key })
    }
}

fn read(path: &Path) -> Result<PrivateKey, String> {
    let place = path.display();
    let failed = |error: std::io::Error| format!("`{place}` cannot be read: {error}");
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(format!("`{place}` is no file of a private key"));
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(failed)?);
    PrivateKey::from_openssh(bytes.as_slice()).map_err(|error| {
        format!(
            "`{place}` cannot be read as a private key in OpenSSH's form ({error}): let ssh-agent hold it, and name it as `{place}.pub`; \
             an older form is written anew by `ssh-keygen -p -f {place}`"
        )
    })
}

fn decrypted(private: PrivateKey, place: &str, access: &mut Access) -> Result<PrivateKey, String> {
    if !private.is_encrypted() {
        return Ok(private);
    }
    for _ in 0..TRIES {
        let passphrase = access.secret(&format!("Passphrase of {place}"))?;
        match private.decrypt(passphrase.expose()) {
            Ok(private) => return Ok(private),
            Err(ssh_key::Error::Crypto) => eprintln!("This is not its passphrase."),
            Err(error) => return Err(format!("`{place}` cannot be decrypted: {error}")),
        }
    }
    Err(format!("`{place}` was not decrypted: {TRIES} passphrases were wrong"))
}

impl Signer for KeyFile {
    fn key(&self) -> &Key {
        &self.key
    }

    fn place(&self) -> String {
        self.place.clone()
    }

    fn sign(&mut self, message: &[u8]) -> Result<Signature, String> {
        let signed = match self.private.key_data() {
            KeypairData::Rsa(keypair) => rsa(keypair, message),
            other => other.try_sign(message).map_err(|error| error.to_string()),
        };
        signed.map_err(|why| format!("`{}` does not sign: {why}", self.place))
    }
}

/// The `ssh-key` crate 0.6.7 takes an RSA key's first prime for its second, so the key is put together here. The signature is
/// made with blinding (RUSTSEC-2023-0071).
fn rsa(keypair: &RsaKeypair, message: &[u8]) -> Result<Signature, String> {
    let number = |number: &Mpint| BigUint::from_bytes_be(number.as_positive_bytes().unwrap_or_default());
    let (public, private) = (&keypair.public, &keypair.private);
    let primes = vec![number(&private.p), number(&private.q)];
    let key = RsaPrivateKey::from_components(number(&public.n), number(&public.e), number(&private.d), primes)
        .map_err(|error| error.to_string())?;
    let signed = SigningKey::<Sha512>::new(key).try_sign_with_rng(&mut OsRng, message);
    let bytes: Box<[u8]> = signed.map_err(|error| error.to_string())?.into();
    let algorithm = Algorithm::Rsa { hash: Some(HashAlg::Sha512) };
    Signature::new(algorithm, bytes.into_vec()).map_err(|error| error.to_string())
}
