//! Why AWS KMS gave no public key, in our own words.

use officiant_engine::conduct::Failure;
use std::time::Duration;

/// Why there is no answer, or none that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// This machine cannot ask.
    Machine(String),
    /// It is none that may be asked; in a sentence.
    Endpoint(String),
    /// The user's AWS configuration has no credentials, or they cannot be got.
    NoCredentials,
    /// It took longer than this.
    TooLate(Duration),
    /// Nobody answers there.
    Unreachable(String),
    /// KMS refused, for a reason that is known here: what it says, and what to do.
    Known(&'static str, &'static str),
    /// KMS refused, with this HTTP status.
    Status(u16),
    /// The key is none for what is wanted; in a sentence.
    Unfit(String),
    /// The answer is none that counts, as a clause.
    Answer(String),
}

/// What KMS says in a word, in words, and what to do
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html>, errors, and its page of common errors).
const KNOWN: [(&[&str], &str, &str); 6] = [
    (
        &["NotFoundException", "InvalidArnException"],
        "KMS has no such key",
        "compare the ARN with that in the AWS console, its region and account too",
    ),
    (
        &["AccessDeniedException", "NotAuthorized", "OptInRequired"],
        "these credentials may not get the public key",
        "let whoever administers the key allow kms:GetPublicKey, or name another profile in the bindings: `[kms] profile`",
    ),
    (
        &["DisabledException", "KMSInvalidStateException", "KeyUnavailableException"],
        "the key is disabled, or on its way to be deleted",
        "see in the AWS console what became of it",
    ),
    (
        &["UnsupportedOperationException", "InvalidKeyUsageException"],
        "the key has no public half that verifies signatures",
        "make an asymmetric key for signing, and name that one",
    ),
    (
        &[
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            "IncompleteSignature",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "AuthFailure",
        ],
        "AWS does not know these credentials",
        "log in as for the aws command, and see that this machine's clock is right",
    ),
    (
        &["ExpiredTokenException", "ExpiredToken", "RequestExpired"],
        "the credentials have expired",
        "log in as for the aws command, and see that this machine's clock is right",
    ),
];

impl Refused {
    /// What KMS refused with: a code, where it said one, and the HTTP status.
    pub(super) fn by(code: Option<&str>, status: u16) -> Self {
        if (200..=299).contains(&status) {
            return Self::Answer("it cannot be read".to_string());
        }
        let known = KNOWN.iter().find(|(codes, _, _)| code.is_some_and(|code| codes.contains(&code)));
        known.map_or(Self::Status(status), |(_, what, next)| Self::Known(what, next))
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let again =
            "see that this machine has a network, that the clock is right, and who answers there; then try again";
        match refused {
            Refused::Machine(error) => Self::new("machine", format!("this machine cannot ask KMS: {error}"))
                .next("close other programs, and try again"),
            Refused::Endpoint(message) => Self::new("endpoint", message)
                .next("correct `[kms] endpoint` in the bindings, or `endpoint_url` in the AWS configuration"),
            Refused::NoCredentials => Self::new(
                "credentials",
                "the AWS configuration of this machine gives no credentials",
            )
            .next(
                "log in as for the aws command (`aws sso login`), or name the profile in the bindings: `[kms] profile`",
            ),
            Refused::TooLate(patience) => {
                let seconds = patience.as_secs();
                Self::new("unreachable", format!("KMS did not answer in {seconds} seconds")).next(again)
            }
            Refused::Unreachable(endpoint) if endpoint.is_empty() => {
                Self::new("endpoint", "the AWS configuration leads to no endpoint of KMS")
                    .next("correct `[kms] endpoint` and `region` in the bindings, or the AWS configuration")
            }
            Refused::Unreachable(endpoint) => {
                Self::new("unreachable", format!("KMS cannot be reached at {endpoint}")).next(again)
            }
            Refused::Known(what, next) => Self::new("kms", what).next(next),
            Refused::Status(status @ 300..=399) => {
                Self::new("kms", format!("KMS says that it is elsewhere (HTTP {status}), and nobody follows it there"))
                    .next("see who answers in its place; correct `[kms] endpoint` in the bindings")
            }
            Refused::Status(status) => Self::new("kms", format!("KMS answered with HTTP {status}"))
                .next("`aws kms get-public-key --key-id ARN` says more; try again"),
            Refused::Unfit(message) => Self::new("unfit-key", message)
                .next("make an asymmetric key for signing (ECC_NIST_P256) and name that one, or name another `scheme`"),
            Refused::Answer(why) => Self::new("wrong-answer", format!("KMS gave an answer that does not count: {why}"))
                .next("take no key from there; find out who answers in the place of KMS, and whether the ARN is right"),
        }
    }
}
