//! The name of a key in AWS KMS: its ARN (<https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-ARN>).

/// The ARN of a key, `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`; of no alias, for that can be pointed to another key at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyArn {
    text: String,
    region: String,
    id: String,
}

impl KeyArn {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let form = "the ARN of a key is `arn:aws:kms:REGION:ACCOUNT:key/ID`";
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, "kms", region, account, resource] = parts[..] else {
            return Err(format!("it is no ARN of a KMS key; {form}"));
        };
        if resource.starts_with("alias/") {
            return Err(format!("it is an alias, which can be pointed to another key at any time; {form}"));
        }
        let id = resource.strip_prefix("key/").ok_or_else(|| format!("it names no key; {form}"))?;
        let word = |text: &str| {
            !text.is_empty() && text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
        };
        let is_account = account.len() == 12 && account.bytes().all(|it| it.is_ascii_digit());
        if !(partition.starts_with("aws") && word(partition) && word(region) && is_account && word(id))
            || text.len() > 256
        {
            return Err(format!("a part of it is not as AWS writes it; {form}"));
        }
        Ok(Self { text: text.to_string(), region: region.to_string(), id: id.to_string() })
    }

    /// All of it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The region that the key is in.
    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// Whether an answer is about this key: AWS names it by its ARN, others by its ID alone.
    pub(super) fn is(&self, named: &str) -> bool {
        named == self.text || named == self.id
    }
}

#[cfg(test)]
mod tests {
    use super::KeyArn;

    const ARN: &str = "arn:aws:kms:us-east-1:654654578585:key/751429f1-0aea-4bd8-b450-bb1bce6b058f";

    #[test]
    fn an_arn_says_where_its_key_is() {
        let arn = KeyArn::parse(ARN).unwrap();
        assert_eq!((arn.region(), arn.text()), ("us-east-1", ARN));
        assert!(arn.is(ARN) && arn.is("751429f1-0aea-4bd8-b450-bb1bce6b058f") && !arn.is("751429f1"));
        assert!(KeyArn::parse("arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-0123456789abcdef").is_ok());
    }

    #[test]
    fn what_is_no_arn_of_a_key_is_refused() {
        for (text, why) in [
            ("", "no ARN"),
            ("751429f1-0aea-4bd8-b450-bb1bce6b058f", "no ARN"),
            ("alias/online", "no ARN"),
            ("arn:aws:kms:us-east-1:654654578585:alias/online", "an alias"),
            ("arn:aws:s3:us-east-1:654654578585:key/1", "no ARN"),
            ("arn:aws:kms:us-east-1:654654578585:custom-key-store/1", "names no key"),
            ("arn:aws:kms:us-east-1:65465457858:key/1", "a part of it"),
            ("arn:aws:kms::654654578585:key/1", "a part of it"),
            ("arn:aws:kms:us-east-1:654654578585:key/", "a part of it"),
            ("arn:aws:kms:us-east-1:654654578585:key/a/../b", "a part of it"),
            ("arn:aws:kms:evil.example/:654654578585:key/a", "a part of it"),
            ("arn:aws:kms:us-east-1:654654578585:key/a\n", "a part of it"),
            ("arn:evil:kms:us-east-1:654654578585:key/a", "a part of it"),
        ] {
            let refused = KeyArn::parse(text).unwrap_err();
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }
}
