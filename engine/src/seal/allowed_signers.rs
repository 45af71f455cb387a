//! `allowed_signers` files, as `ssh-keygen` reads them (ssh-keygen(1), ALLOWED SIGNERS).

use super::{Key, NAMESPACE};
use jiff::civil::DateTime;
use ssh_key::PublicKey;

/// A key, and whom an `allowed_signers` file says it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedSigner {
    /// The principals: patterns with `*`, `?` and a leading `!`, separated by commas.
    pub principals: String,
    /// The key.
    pub key: Key,
    namespaces: Option<String>,
    /// First and last instant of its validity, RFC 3339, UTC, three decimals.
    valid_after: Option<String>,
    valid_before: Option<String>,
}

impl AllowedSigner {
    /// Why this key may not have sealed a transcript at an instant (RFC 3339, UTC, three decimals), as a clause.
    ///
    /// # Errors
    /// The namespace is not allowed, or the instant is outside the key's validity.
    pub fn allows(&self, at: &str) -> Result<(), String> {
        if let Some(namespaces) = self.namespaces.as_ref().filter(|namespaces| !matches(namespaces, NAMESPACE)) {
            return Err(format!("it may be used for `{namespaces}` and not for `{NAMESPACE}`"));
        }
        if let Some(from) = self.valid_after.as_ref().filter(|from| at < from.as_str()) {
            return Err(format!("it is valid from {from} on, and what it sealed is of {at}"));
        }
        if let Some(until) = self.valid_before.as_ref().filter(|until| at > until.as_str()) {
            return Err(format!("it was valid until {until}, and what it sealed is of {at}"));
        }
        Ok(())
    }

    /// Whether it is expressly not a principal's, or nobody's.
    #[must_use]
    pub fn refuses(&self, principal: &str) -> bool {
        let mut patterns = self.principals.split(',');
        let refused =
            |pattern: &str| pattern.strip_prefix('!').is_some_and(|it| glob(it.as_bytes(), principal.as_bytes()));
        patterns.clone().any(refused) || patterns.all(|pattern| pattern.starts_with('!'))
    }

    /// Whether it belongs to a principal.
    #[must_use]
    pub fn is(&self, principal: &str) -> bool {
        matches(&self.principals, principal)
    }
}

/// The keys of an `allowed_signers` file; and what is wrong with it, each with the line's number from 1.
///
/// A certificate authority vouches for keys that it does not name, and is refused. A time without `Z` is one of whatever time
/// zone the machine is in, and so would be two auditors' verdicts: it is refused too.
#[must_use]
pub fn allowed_signers(text: &str) -> (Vec<AllowedSigner>, Vec<(usize, String)>) {
    let (mut signers, mut wrong) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match signer(line) {
            Ok(signer) => signers.push(signer),
            Err(why) => wrong.push((number, why)),
        }
    }
    (signers, wrong)
}

fn signer(line: &str) -> Result<AllowedSigner, String> {
    let (principals, rest) = word(line)?;
    let principals = unquoted(principals);
    if principals.is_empty() || rest.is_empty() {
        return Err("a line is: principals, options if any, the key's type, the key in Base64".into());
    }
    let (options, key) = match PublicKey::from_openssh(rest) {
        Ok(key) => ("", key),
        Err(_) => {
            let (options, rest) = word(rest)?;
            let key = PublicKey::from_openssh(rest).map_err(|error| format!("there is no public key: {error}"))?;
            (options, key)
        }
    };
    let key = Key::new(key.key_data().clone()).map_err(|error| error.to_string())?;
    let mut signer = AllowedSigner { principals, key, namespaces: None, valid_after: None, valid_before: None };
    for option in split(options, ',').into_iter().filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let field = match (name.to_ascii_lowercase().as_str(), value) {
            ("cert-authority", None) => {
                return Err("a `cert-authority` vouches for keys that it does not name, which is not taken here: write the key \
                            of each signer"
                    .into());
            }
            ("namespaces", Some(value)) => set(&mut signer.namespaces, unquoted(value)).then_some(()).ok_or(name),
            ("valid-after", Some(value)) => {
                set(&mut signer.valid_after, instant(&unquoted(value))?).then_some(()).ok_or(name)
            }
            ("valid-before", Some(value)) => {
                set(&mut signer.valid_before, instant(&unquoted(value))?).then_some(()).ok_or(name)
            }
            _ => return Err(format!("the option `{option}` is not known")),
        };
        field.map_err(|name| format!("the option `{name}` is there twice"))?;
    }
    Ok(signer)
}

/// Sets what was not set before.
fn set(field: &mut Option<String>, value: String) -> bool {
    field.replace(value).is_none()
}

/// The first word, in which quotes may hold white space, and what follows it.
fn word(line: &str) -> Result<(&str, &str), String> {
    let mut quoted = Quotes::default();
    let end = line.char_indices().find(|(_, character)| !quoted.inside(*character) && character.is_whitespace());
    if quoted.open {
        return Err("a quote is not closed".into());
    }
    let (word, rest) = line.split_at(end.map_or(line.len(), |(at, _)| at));
    Ok((word, rest.trim_start()))
}

/// The parts between separators that are not in quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = Quotes::default();
    text.split(|character| !quoted.inside(character) && character == separator).collect()
}

/// Where quotes begin and end; `\"` in them is a quote that ends nothing.
#[derive(Default)]
struct Quotes {
    open: bool,
    escaped: bool,
}

impl Quotes {
    /// Takes the next character; whether it is in quotes, or one of them.
    fn inside(&mut self, character: char) -> bool {
        let was_open = self.open;
        if self.escaped {
            self.escaped = false;
        } else if character == '"' {
            self.open = !self.open;
        } else {
            self.escaped = self.open && character == '\\';
        }
        was_open || self.open
    }
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(text).replace("\\\"", "\"")
}

/// `YYYYMMDDZ`, `YYYYMMDDHHMMZ` or `YYYYMMDDHHMMSSZ` as RFC 3339, UTC, with three decimals.
fn instant(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is no time: write YYYYMMDD or YYYYMMDDHHMM[SS], in UTC, with a `Z` behind it");
    let digits = text.strip_suffix(['Z', 'z']).ok_or_else(wrong)?;
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number = |range: std::ops::Range<usize>| digits.get(range).map_or(Some(0), |it| it.parse::<i8>().ok());
    let year = digits[..4].parse::<i16>().ok();
    let parts = (year, number(4..6), number(6..8), number(8..10), number(10..12), number(12..14));
    let (Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)) = parts else {
        return Err(wrong());
    };
    let instant = DateTime::new(year, month, day, hour, minute, second, 0).map_err(|_| wrong())?;
    Ok(format!("{instant:.3}Z"))
}

/// Whether a list of patterns has one that matches, and none with a `!` that does (`ssh_config(5)`, PATTERNS).
fn matches(patterns: &str, text: &str) -> bool {
    let (refused, wanted): (Vec<&str>, Vec<&str>) = patterns.split(',').partition(|pattern| pattern.starts_with('!'));
    !refused.iter().any(|pattern| glob(&pattern.as_bytes()[1..], text.as_bytes()))
        && wanted.iter().any(|pattern| glob(pattern.as_bytes(), text.as_bytes()))
}

/// `*` is anything, `?` is any one byte.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read, mut star) = (0, 0, None);
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[read] => {
                at += 1;
                read += 1;
            }
            // The latest star takes one byte more.
            _ => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                read = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    fn one(line: &str) -> AllowedSigner {
        let (mut signers, wrong) = allowed_signers(line);
        assert_eq!((signers.len(), wrong), (1, vec![]), "{line}");
        signers.remove(0)
    }

    fn refused(line: &str) -> String {
        let (signers, mut wrong) = allowed_signers(line);
        assert_eq!((signers.len(), wrong.len()), (0, 1), "{line}");
        wrong.remove(0).1
    }

    const AT: &str = "2026-11-22T10:00:00.000Z";

    #[test]
    fn comments_and_empty_lines_are_passed_over() {
        let text = format!("# keys\n\nada@example.org {KEY} a comment here\n\tbob {KEY}\n");
        let (signers, wrong) = allowed_signers(&text);
        assert_eq!(signers.iter().map(|it| it.principals.as_str()).collect::<Vec<_>>(), ["ada@example.org", "bob"]);
        assert_eq!(wrong, []);
        assert_eq!(signers[0].key.openssh(), KEY);
    }

    #[test]
    fn a_key_is_for_its_namespaces_alone() {
        one(&format!("ada {KEY}")).allows(AT).unwrap();
        one(&format!("ada namespaces=\"officiant-transcript\" {KEY}")).allows(AT).unwrap();
        one(&format!("ada NameSpaces=\"git,officiant-*\" {KEY}")).allows(AT).unwrap();
        for other in ["git,file", "", "*,!officiant-transcript", "officiant"] {
            let why = one(&format!("ada namespaces=\"{other}\" {KEY}")).allows(AT).unwrap_err();
            assert_eq!(why, format!("it may be used for `{other}` and not for `officiant-transcript`"));
        }
    }

    #[test]
    fn a_key_is_for_the_time_in_which_it_is_valid() {
        let between = |after: &str, before: &str| {
            one(&format!("ada valid-after=\"{after}\",valid-before=\"{before}\" {KEY}")).allows(AT)
        };
        between("20261122Z", "20261123Z").unwrap();
        between("202611221000Z", "20261122100000Z").unwrap();
        assert_eq!(
            between("202611221001Z", "20271122Z").unwrap_err(),
            "it is valid from 2026-11-22T10:01:00.000Z on, and what it sealed is of 2026-11-22T10:00:00.000Z"
        );
        assert_eq!(
            between("20261122Z", "20261122095959Z").unwrap_err(),
            "it was valid until 2026-11-22T09:59:59.000Z, and what it sealed is of 2026-11-22T10:00:00.000Z"
        );
    }

    #[test]
    fn what_cannot_be_taken_is_said_with_its_reason() {
        for (line, why) in [
            (format!("ada cert-authority {KEY}"), "a `cert-authority` vouches for keys that it does not name"),
            (format!("ada valid-after=\"20261122\" {KEY}"), "in UTC, with a `Z` behind it"),
            (format!("ada valid-after=\"20261322Z\" {KEY}"), "`20261322Z` is no time"),
            (format!("ada valid-before=\"tomorrow\" {KEY}"), "`tomorrow` is no time"),
            (format!("ada no-touch-required {KEY}"), "the option `no-touch-required` is not known"),
            (format!("ada namespaces=\"a\",namespaces=\"b\" {KEY}"), "the option `namespaces` is there twice"),
            (format!("ada namespaces=\"a {KEY}"), "a quote is not closed"),
            (KEY.to_string(), "there is no public key"),
            ("ada".to_string(), "a line is: principals"),
            ("ada ssh-ed25519 AAAA".to_string(), "there is no public key"),
        ] {
            assert!(refused(&line).contains(why), "{line}: {}", refused(&line));
        }
    }

    #[test]
    fn principals_are_patterns() {
        let signer = one(&format!("\"*@example.org,!eve@*,?ob\" {KEY}"));
        assert!(signer.is("ada@example.org") && signer.is("bob"));
        assert!(!signer.is("eve@example.org") && !signer.is("ada@example.com") && !signer.is("blob"));
        assert!(one(&format!("\"Ada Lovelace\" {KEY}")).is("Ada Lovelace"));
    }

    #[test]
    fn who_is_excluded_is_refused_and_so_is_everybody_where_nobody_is_named() {
        for principals in ["*,!witness", "!witness", "ada@example.org,!wit*", "!somebody"] {
            assert!(one(&format!("{principals} {KEY}")).refuses("witness"), "{principals}");
        }
        for principals in ["*", "witness", "ada@example.org", "ada@example.org,!eve"] {
            assert!(!one(&format!("{principals} {KEY}")).refuses("witness"), "{principals}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_is_matched_in_no_time() {
        assert!(!matches(&"*a".repeat(500), &"a".repeat(400)));
        assert!(matches("a*b*c", "a-b-b-c-c"));
    }
}
