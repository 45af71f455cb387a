//! Which targets a role may speak of (specification, 4.5).

use super::{
    super::metadata::{Paths, Role},
    names::LONGEST,
};
use sha2::{Digest, Sha256};

/// The most patterns of a role.
const MOST_PATTERNS: usize = 1_000;

/// Whether a role has more patterns than are looked at, or longer ones.
pub(super) fn is_too_much(role: &Role) -> bool {
    let Some(Paths::Patterns(paths)) = &role.paths else { return false };
    paths.len() > MOST_PATTERNS || paths.iter().any(|path| path.len() > LONGEST)
}

/// The targets that a role may speak of.
#[derive(Debug, Clone)]
pub(super) enum Reach {
    /// Parts of paths, as the shell's patterns.
    Patterns(Vec<Vec<Vec<char>>>),
    /// Hex digits that the SHA-256 of the path begins with, in order; none begins with another one of them.
    Prefixes(Vec<String>),
}

impl Reach {
    /// Of what a delegation says; nothing when it says nothing, as at the top.
    pub(super) fn of(role: &Role) -> Option<Self> {
        let pattern = |path: &String| path.split('/').map(|part| part.chars().collect()).collect();
        Some(match role.paths.as_ref()? {
            Paths::Patterns(paths) => Self::Patterns(paths.iter().map(pattern).collect()),
            Paths::HashPrefixes(prefixes) => {
                let mut prefixes = prefixes.clone();
                prefixes.sort_unstable();
                // Those that begin with another one are right after it, and add nothing.
                prefixes.dedup_by(|next, kept| next.starts_with(kept.as_str()));
                Self::Prefixes(prefixes)
            }
        })
    }

    /// Whether a target is among them.
    pub(super) fn has(&self, target: &str) -> bool {
        match self {
            Self::Patterns(patterns) => {
                let parts: Vec<Vec<char>> = target.split('/').map(|part| part.chars().collect()).collect();
                let fits = |pattern: &Vec<Vec<char>>| {
                    pattern.len() == parts.len()
                        && pattern.iter().zip(&parts).all(|(pattern, part)| fits(pattern, part))
                };
                patterns.iter().any(fits)
            }
            Self::Prefixes(prefixes) => {
                let mut hash = [0; 64];
                let written = hex::encode_to_slice(Sha256::digest(target.as_bytes()), &mut hash);
                // The one that it begins with is the last that is not after it.
                let after = prefixes.partition_point(|prefix| prefix.as_bytes() <= hash.as_slice());
                let prefix = after.checked_sub(1).and_then(|at| prefixes.get(at));
                written.is_ok() && prefix.is_some_and(|prefix| hash.starts_with(prefix.as_bytes()))
            }
        }
    }
}

/// Whether a part of a path fits a pattern: `*`, `?`, `[…]` and `[!…]`, as python-tuf has them from `fnmatch`.
fn fits(pattern: &[char], part: &[char]) -> bool {
    let (mut at, mut here) = (0, 0);
    // Where the last `*` was, and how much of the part it stands for.
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(at) {
            Some('*') => {
                star = Some((at, here));
                at += 1;
                continue;
            }
            None if here == part.len() => return true,
            None => None,
            Some(_) => part.get(here).and_then(|character| one(&pattern[at..], *character)),
        };
        match (step, star) {
            (Some(length), _) => {
                at += length;
                here += 1;
            }
            (None, Some((star_at, taken))) if taken < part.len() => {
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                here = taken + 1;
            }
            (None, _) => return false,
        }
    }
}

/// How much of the pattern one character fits; nothing when it does not.
fn one(pattern: &[char], character: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => {
            let negated = pattern.get(1) == Some(&'!');
            let first = if negated { 2 } else { 1 };
            // A `]` that stands first is one of the set.
            let Some(end) = (first + 1..pattern.len()).find(|at| pattern[*at] == ']') else {
                return (character == '[').then_some(1);
            };
            let set = &pattern[first..end];
            let (mut at, mut found) = (0, false);
            while at < set.len() {
                if at + 2 < set.len() && set[at + 1] == '-' {
                    found |= (set[at]..=set[at + 2]).contains(&character);
                    at += 3;
                } else {
                    found |= set[at] == character;
                    at += 1;
                }
            }
            (found != negated).then_some(end + 1)
        }
        literal => (*literal == character).then_some(1),
    }
}

/// What is wrong with roles that divide the targets by hash prefixes, as a clause: a prefix that two have, or none.
pub(super) fn bins_fault(roles: &[Role]) -> Option<String> {
    /// The most hex digits of a prefix that are looked at.
    const DIGITS: usize = 16;
    let mut spans: Vec<(u128, u128, &str, &str)> = Vec::new();
    for role in roles {
        let Some(Paths::HashPrefixes(prefixes)) = &role.paths else { return None };
        for prefix in prefixes {
            if prefix.len() > DIGITS {
                return Some(format!("the hash prefix `{prefix}` has more than {DIGITS} digits"));
            }
            let room = 4 * (DIGITS - prefix.len());
            let value = if prefix.is_empty() { 0 } else { u128::from_str_radix(prefix, 16).unwrap_or_default() };
            spans.push((value << room, (value + 1) << room, prefix, &role.name));
        }
    }
    spans.sort_unstable();
    let mut reached = 0;
    let mut last: Option<(&str, &str)> = None;
    for (from, to, prefix, role) in spans.iter().copied().chain([(1 << 64, 1 << 64, "", "")]) {
        if from < reached
            && let Some((other_prefix, other)) = last
        {
            let (role, other) = (super::files::quoted(role), super::files::quoted(other));
            return Some(format!("the hash prefix `{prefix}` of {role} is in `{other_prefix}` of {other} as well"));
        }
        if from > reached {
            let first = format!("{reached:016x}");
            return Some(format!("no role has the targets whose hash is from `{first}` on"));
        }
        (reached, last) = (to, Some((prefix, role)));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Reach, bins_fault};
    use crate::tuf::metadata::{Paths, Role};
    use serde_json::json;

    fn role(value: &serde_json::Value) -> Role {
        let mut role = json!({ "name": "a", "keyids": [], "threshold": 1, "terminating": true });
        for (name, value) in value.as_object().unwrap() {
            role[name] = value.clone();
        }
        Role::read("a", &role, true).unwrap()
    }

    #[test]
    fn a_pattern_fits_part_by_part() {
        for (pattern, target, expected) in [
            ("*", "a.txt", true),
            ("*", "a/b", false),
            ("a/*", "a/b", true),
            ("a/*", "a/b/c", false),
            ("a/*/c", "a/b/c", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("?b", "ab", true),
            ("?b", "b", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]", "]", true),
            ("[a", "[a", true),
            ("*.tar.*z", "a.tar.b.tar.gz", true),
            ("", "", true),
            ("**", "abc", true),
            ("a*", "a", true),
        ] {
            let reach = Reach::of(&role(&json!({ "paths": [pattern] }))).unwrap();
            assert_eq!(reach.has(target), expected, "{pattern} {target}");
        }
    }

    #[test]
    fn a_hash_prefix_is_that_of_the_path() {
        // sha256("a.txt") is 18b7…, as sha256sum says of it.
        let hash = officiant_engine::record::digest_hex(b"a.txt");
        for length in [0, 1, 3, 64] {
            let reach = Reach::of(&role(&json!({ "path_hash_prefixes": ["ffff", &hash[..length]] }))).unwrap();
            assert!(reach.has("a.txt"), "{length}");
        }
        let other = format!("{}{}", &hash[..3], if hash.as_bytes()[3] == b'0' { '1' } else { '0' });
        assert!(!Reach::of(&role(&json!({ "path_hash_prefixes": [other] }))).unwrap().has("a.txt"));
    }

    #[test]
    fn one_of_many_prefixes_is_enough_whatever_the_others_are() {
        // The hash begins with 18b7.
        for (prefixes, expected) in [
            (vec!["18b6ffff", "18", "18b7", "18ff", "2"], true),
            (vec!["18", "180", "18ff"], true),
            (vec!["18b7", "18b7"], true),
            (vec!["18b6ffff", "18b8", "2", "0"], false),
            (vec!["", "9"], true),
            (vec![], false),
        ] {
            let reach = Reach::of(&role(&json!({ "path_hash_prefixes": prefixes }))).unwrap();
            assert_eq!(reach.has("a.txt"), expected, "{prefixes:?}");
        }
    }

    #[test]
    fn bins_have_each_hash_once() {
        let bins = |prefixes: &[&[&str]]| {
            let role = |prefixes: &&[&str]| role(&json!({ "path_hash_prefixes": prefixes }));
            bins_fault(&prefixes.iter().map(role).collect::<Vec<_>>())
        };
        let low = ["0", "1", "2", "3", "4", "5", "6", "7"];
        let high = ["8", "9", "a", "b", "c", "d", "e", "f"];
        assert_eq!(bins(&[&low, &high]), None);
        assert_eq!(bins(&[&[""]]), None);
        assert!(bins(&[&low, &high[1..]]).unwrap().contains("from `8000"));
        assert!(bins(&[&low, &high[..7]]).unwrap().contains("from `f000"));
        assert!(bins(&[&low, &high, &["7f"]]).unwrap().contains("`7f`"));
        assert!(bins(&[&low, &high, &["8"]]).unwrap().contains("as well"));
        let Some(Paths::Patterns(_)) = role(&json!({ "paths": ["a"] })).paths else { panic!() };
    }
}
