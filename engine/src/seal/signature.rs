//! SSHSIG over a transcript (OpenSSH, PROTOCOL.sshsig).

use super::{Digest, Key, NAMESPACE, UnfitKey};
use ed25519_dalek::Verifier;
use ssh_key::{Error, HashAlg, LineEnding, Signature, SshSig};

/// A seal: what it was made for, with which key. That it fits a transcript is still to be seen.
#[derive(Debug, Clone)]
pub struct Seal {
    key: Key,
    sig: SshSig,
}

/// Why some text is no seal.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no SSHSIG.
    #[error("it is no SSH signature as `ssh-keygen -Y sign` makes it ({0})")]
    NoSignature(#[from] Error),
    /// It is not written as it must be.
    #[error("its lengths do not fit what they are the lengths of")]
    Form,
    /// It was made for something else.
    #[error(
        "it was made for `{0}`, and a seal is made for `officiant-transcript`: ssh-keygen -Y sign -n officiant-transcript"
    )]
    Namespace(String),
    /// It says what this program does not know.
    #[error("its reserved field is not empty")]
    Reserved,
    /// Its key cannot seal.
    #[error(transparent)]
    Key(#[from] UnfitKey),
    /// Its signature is not of the key's sort.
    #[error("a {0} key does not make a signature of the type `{1}`")]
    Algorithm(String, String),
    /// A FIDO device signed without anybody touching it.
    #[error("it was made by a FIDO device that nobody touched")]
    NobodyThere,
}

/// Why a seal could not be made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade<E> {
    /// Whatever holds the key did not sign.
    #[error("{0}")]
    Signer(E),
    /// It signed, and what it gave does not verify.
    #[error("what was signed does not verify with the key {0}; nothing was written")]
    DoesNotVerify(String),
    /// It has no SSHSIG form.
    #[error("the signature cannot be written: {0}")]
    Form(#[from] Error),
}

impl Seal {
    /// Reads a seal in its armored form.
    ///
    /// # Errors
    /// It is none that could be trusted, whoever made it.
    pub fn parse(armored: &[u8]) -> Result<Self, Unreadable> {
        let sig = SshSig::from_pem(armored)?;
        if sig.version() != SshSig::VERSION {
            return Err(Error::Version { number: sig.version() }.into());
        }
        if sig.namespace() != NAMESPACE {
            return Err(Unreadable::Namespace(sig.namespace().chars().take(100).collect()));
        }
        if !sig.reserved().is_empty() {
            return Err(Unreadable::Reserved);
        }
        let key = Key::new(sig.public_key().clone())?;
        // The crate reads over lengths that do not fit, which `ssh-keygen` refuses; the one form that it cannot write itself is
        // that of a FIDO key on P-256.
        let digits =
            |armored: &[u8]| armored.iter().copied().filter(|it| !it.is_ascii_whitespace()).collect::<Vec<_>>();
        if !key.data().is_sk_ecdsa_p256() && digits(sig.to_pem(LineEnding::LF)?.as_bytes()) != digits(armored) {
            return Err(Unreadable::Form);
        }
        if !key.signs_with(&sig.algorithm()) {
            return Err(Unreadable::Algorithm(key.key_type(), sig.algorithm().to_string()));
        }
        // The flags and a counter of four bytes come last; bit 0 says that somebody was there (PROTOCOL.u2f).
        let flags = sig.signature_bytes().iter().rev().nth(4);
        if key.is_fido() && flags.is_none_or(|flags| flags & 1 == 0) {
            return Err(Unreadable::NobodyThere);
        }
        Ok(Self { key, sig })
    }

    /// Makes a seal with whatever holds the key: `sign` gets the bytes to sign. It is verified before it is returned.
    ///
    /// # Errors
    /// The signer's own; or what it gave is no signature over the transcript by that key.
    pub fn make<E>(
        key: &Key,
        digest: &Digest,
        sign: impl FnOnce(&[u8]) -> Result<Signature, E>,
    ) -> Result<Self, NotMade<E>> {
        let hash = HashAlg::Sha512;
        let signature = sign(&signed_data(hash, digest)).map_err(NotMade::Signer)?;
        let sig = SshSig::new(key.data().clone(), NAMESPACE, hash, signature)?;
        let seal = Self { key: key.clone(), sig };
        if key.signs_with(&seal.sig.algorithm()) && seal.fits(digest) {
            Ok(seal)
        } else {
            Err(NotMade::DoesNotVerify(key.to_string()))
        }
    }

    /// The key that made it, as the seal itself says.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Whether it is a signature over a transcript with that digest.
    #[must_use]
    pub fn fits(&self, digest: &Digest) -> bool {
        let signed = signed_data(self.sig.hash_alg(), digest);
        self.key.data().verify(&signed, self.sig.signature()).is_ok()
    }

    /// The armored form that `ssh-keygen -Y verify` reads.
    ///
    /// # Errors
    /// It has none, as that of a FIDO key on P-256 in the `ssh-key` crate 0.6.
    pub fn armored(&self) -> Result<String, Error> {
        self.sig.to_pem(LineEnding::LF)
    }
}

/// What is signed: the preamble, the namespace, nothing that is reserved, the hash's name and the hash, each of the last four
/// after its length in four bytes.
fn signed_data(hash: HashAlg, digest: &Digest) -> Vec<u8> {
    let digest = match hash {
        HashAlg::Sha256 => digest.sha256.as_slice(),
        // `HashAlg` is non-exhaustive, and PROTOCOL.sshsig has no third.
        _ => digest.sha512.as_slice(),
    };
    let mut data = b"SSHSIG".to_vec();
    for part in [NAMESPACE.as_bytes(), b"", hash.as_str().as_bytes(), digest] {
        // None is longer than 64 bytes.
        data.extend(u32::try_from(part.len()).unwrap_or_default().to_be_bytes());
        data.extend(part);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};
    use sha2::{Digest as _, Sha256};
    use ssh_key::{
        Algorithm,
        public::{Ed25519PublicKey, KeyData, SkEd25519},
    };

    /// What a FIDO device makes (PROTOCOL.u2f): the application, flags and a counter are signed with the message's hash.
    fn fido(flags: u8) -> String {
        let private = SigningKey::from_bytes(&[3; 32]);
        let public = Ed25519PublicKey(private.verifying_key().to_bytes());
        let trailer = [flags, 0, 0, 0, 9];
        let message = signed_data(HashAlg::Sha512, &Digest::of(b"a transcript"));
        let signed = [&Sha256::digest("ssh:")[..], &trailer, &Sha256::digest(message)].concat();
        let data = [&private.sign(&signed).to_bytes()[..], &trailer].concat();
        let signature = Signature::new(Algorithm::SkEd25519, data).unwrap();
        let key = KeyData::SkEd25519(SkEd25519::new(public, "ssh:"));
        SshSig::new(key, NAMESPACE, HashAlg::Sha512, signature).unwrap().to_pem(LineEnding::LF).unwrap()
    }

    #[test]
    fn a_fido_key_seals_when_somebody_touches_it() {
        let seal = Seal::parse(fido(1).as_bytes()).unwrap();
        assert!(seal.fits(&Digest::of(b"a transcript")) && !seal.fits(&Digest::of(b"another")));
        assert!(matches!(Seal::parse(fido(0).as_bytes()), Err(Unreadable::NobodyThere)));
    }

    #[test]
    fn no_seal_that_was_tampered_with_fits_or_stops_the_program() {
        let digest = Digest::of(b"a transcript");
        let armored = fido(1);
        let begin = armored.find('\n').unwrap() + 1;
        let end = armored.find("\n-----END").unwrap();
        for at in begin..end {
            for digit in ["A", "b", "3", "/", "="] {
                let mut other = armored.clone();
                other.replace_range(at..=at, digit);
                let fits = Seal::parse(other.as_bytes()).is_ok_and(|seal| seal.fits(&digest));
                assert!(!fits || other == armored, "{at}: {digit}");
            }
        }
    }

    #[test]
    fn a_key_that_anybody_can_sign_with_is_none() {
        // The neutral element of the curve (RFC 8032, 5.1.3): it verifies one signature for every message.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        assert_eq!(Key::new(KeyData::Ed25519(Ed25519PublicKey(neutral))), Err(UnfitKey::Weak));
    }

    #[test]
    fn what_is_signed_is_what_the_crate_signs() {
        for (hash, name) in [(HashAlg::Sha256, "sha256"), (HashAlg::Sha512, "sha512")] {
            let ours = signed_data(hash, &Digest::of(b"a transcript"));
            assert_eq!(ours, SshSig::signed_data(NAMESPACE, hash, b"a transcript").unwrap(), "{name}");
        }
    }
}
