//! Asks AWS KMS for a public key, through the user's own AWS configuration.
//!
//! Nothing that the service says in words is passed on, nor what the SDK says of credentials: whoever answers has seen a part of
//! them, and could say them back.

use super::{arn::KeyArn, refused::Refused};
use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::{
    Client,
    config::{
        Builder, ConfigBag, Intercept, ProvideCredentials, RuntimeComponents, SharedCredentialsProvider,
        interceptors::{BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef},
    },
    error::{BoxError, SdkError},
    operation::get_public_key::GetPublicKeyOutput,
};
use officiant_engine::conduct::KmsBindings;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use url::{Host, Url};

/// The longest that all of it takes: logging in, connecting, and trying again.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The most bytes of an answer; the largest public key that KMS has, with all around it, has less than 2,000.
const LARGEST: u64 = 64 * 1024;

/// What KMS answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) output: GetPublicKeyOutput,
    /// Who was asked: scheme, host and port.
    pub(super) endpoint: String,
}

/// Asks for the public key. What does not come from the bindings comes from the user's AWS configuration, the region from the ARN.
///
/// # Errors
/// See [`Refused`].
pub(super) fn ask(arn: &KeyArn, bindings: &KmsBindings, patience: Duration) -> Result<Answer, Refused> {
    within(patience, async { get(arn, configured(arn, bindings).await?).await })
}

/// Drives it on this thread, and leaves what is not done in time.
fn within<T>(patience: Duration, work: impl Future<Output = Result<T, Refused>>) -> Result<T, Refused> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Refused::Machine(error.to_string()))?;
    let done = runtime.block_on(async { tokio::time::timeout(patience, work).await });
    // A name that is still looked up is waited for no longer.
    runtime.shutdown_background();
    done.unwrap_or(Err(Refused::TooLate(patience)))
}

async fn configured(arn: &KeyArn, bindings: &KmsBindings) -> Result<Builder, Refused> {
    if let Some(endpoint) = &bindings.endpoint {
        allowed(endpoint)?;
    }
    let region = bindings.region.as_deref().unwrap_or(arn.region()).to_string();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(Region::new(region));
    if let Some(profile) = &bindings.profile {
        loader = loader.profile_name(profile);
    }
    let shared = loader.load().await;
    let provider = shared.credentials_provider().ok_or(Refused::NoCredentials)?;
    let credentials = provider.provide_credentials().await.map_err(|_| Refused::NoCredentials)?;
    let builder = Builder::from(&shared).credentials_provider(SharedCredentialsProvider::new(credentials));
    Ok(match &bindings.endpoint {
        Some(endpoint) => builder.endpoint_url(endpoint),
        None => builder,
    })
}

async fn get(arn: &KeyArn, builder: Builder) -> Result<Answer, Refused> {
    let guard = Guard::default();
    let client = Client::from_conf(builder.interceptor(guard.clone()).build());
    let asked = client.get_public_key().key_id(arn.text()).send().await;
    let Seen { endpoint, refused } = guard.seen().clone();
    let endpoint = endpoint.unwrap_or_default();
    match asked {
        Ok(output) => Ok(Answer { output, endpoint }),
        Err(error) => Err(refused.unwrap_or_else(|| match error {
            SdkError::ServiceError(context) => {
                Refused::by(context.err().meta().code(), context.raw().status().as_u16())
            }
            SdkError::TimeoutError(_) => Refused::TooLate(PATIENCE),
            SdkError::ResponseError(_) => Refused::Answer("it cannot be read".to_string()),
            _ => Refused::Unreachable(endpoint),
        })),
    }
}

/// Looks at whom the request goes to and how long the answer is.
#[derive(Debug, Clone, Default)]
struct Guard(Arc<Mutex<Seen>>);

#[derive(Debug, Clone, Default)]
struct Seen {
    endpoint: Option<String>,
    refused: Option<Refused>,
}

impl Guard {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, refused: Refused) -> BoxError {
        let error = BoxError::from("refused");
        self.seen().refused = Some(refused);
        error
    }
}

impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "Guard"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let endpoint = allowed(context.request().uri()).map_err(|refused| self.refuse(refused))?;
        self.seen().endpoint = Some(endpoint);
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match context.response().body().content_length() {
            Some(0..=LARGEST) => Ok(()),
            Some(_) => Err(self.refuse(Refused::Answer(format!("it is larger than {LARGEST} bytes")))),
            None => Err(self.refuse(Refused::Answer("it does not say how long it is".to_string()))),
        }
    }
}

/// Whom an address is of: scheme, host and port. In the clear only this machine is asked, for anybody on the way could answer in
/// another's place.
fn allowed(address: &str) -> Result<String, Refused> {
    let url = Url::parse(address).map_err(|_| Refused::Endpoint("the endpoint of KMS is no URL".to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        let message = "the endpoint of KMS has a name or a password in it, which no record may hold";
        return Err(Refused::Endpoint(message.to_string()));
    }
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let endpoint = url.origin().ascii_serialization();
    match url.scheme() {
        "https" => Ok(endpoint),
        "http" if is_here => Ok(endpoint),
        _ => Err(Refused::Endpoint(format!(
            "the endpoint of KMS is {endpoint}: without https, somebody on the way could answer with another key"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Refused, allowed, get, within};
    use crate::kms::arn::KeyArn;
    use aws_config::{BehaviorVersion, Region};
    use aws_sdk_kms::config::{Builder, Credentials};
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
        time::Duration,
    };

    #[test]
    fn only_this_machine_is_asked_in_the_clear() {
        for address in [
            "https://kms.us-east-1.amazonaws.com/",
            "http://127.0.0.1:5000",
            "http://[::1]:1/",
            "http://localhost:4566",
        ] {
            assert!(allowed(address).is_ok(), "{address}");
        }
        assert_eq!(allowed("https://kms.example:443/path?query").ok().as_deref(), Some("https://kms.example"));
        for address in [
            "http://kms.us-east-1.amazonaws.com/",
            "http://127.0.0.1.example/",
            "http://localhost.example/",
            "ftp://127.0.0.1/",
            "https://user:password@kms.example/",
            "file:///etc/passwd",
            "kms.example",
            "",
        ] {
            assert!(matches!(allowed(address), Err(Refused::Endpoint(_))), "{address}");
        }
    }

    #[test]
    fn an_answer_that_never_ends_is_waited_for_no_longer_than_it_may_take() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            // Whoever tries again gets the same.
            for stream in listener.incoming() {
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    // An answer to nothing is no answer: the question comes first.
                    let _ = stream.read(&mut [0; 4096]);
                    let head =
                        b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: 4000\r\n\r\n{";
                    let _ = stream.write_all(head);
                    while stream.write_all(b" ").is_ok() {
                        thread::sleep(Duration::from_millis(20));
                    }
                });
            }
        });
        let arn = KeyArn::parse("arn:aws:kms:us-east-1:123456789012:key/1").unwrap();
        let builder = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(Credentials::new("id", "key", None, None, "test"));
        let refused = within(Duration::from_millis(300), get(&arn, builder)).unwrap_err();
        assert!(matches!(refused, Refused::TooLate(_)), "{refused:?}");
    }
}
