//! A file of metadata whose targets are looked at one by one, and not kept.

use super::{Document, Scan, Signature, is_small_hex, read};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A file of metadata without its targets.
#[derive(Debug)]
pub(crate) struct Opened<'a> {
    /// All of it but `targets`; with it when that is no object.
    pub(crate) document: Document,
    /// The bytes that are signed.
    pub(crate) message: Cow<'a, [u8]>,
    /// Whether it had targets, which were passed on.
    pub(crate) had_targets: bool,
}

/// What metadata says of a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Entry<'a> {
    /// Its length, below 2^53, and hashes alone: SHA-256 or SHA-512, BLAKE2b-256 beside them, in small hex of the right length.
    Plain,
    /// What is to be looked at.
    Value(&'a Value),
}

/// The most that numbers are exact to in every reader of JSON.
pub(crate) const LARGEST_NUMBER: u64 = 1 << 53;

/// The hashes of targets that are known, in order, with how many hex digits they have.
pub(crate) const HASHES: [(&str, usize); 3] = [("blake2b-256", 64), ("sha256", 64), ("sha512", 128)];

impl<'a> Opened<'a> {
    /// Opens a file as [`Document::read`] reads it; `visit` is given each target in the order of their names, and what came
    /// of it is returned. Bytes that are canonical are signed as they are, and nothing is made of their targets.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub(crate) fn read<V: Default>(
        bytes: &'a [u8],
        visit: impl Fn(&mut V, &str, Entry<'_>),
    ) -> Result<(Self, V), String> {
        let (mut opened, visited) = match Self::canonical(bytes, &visit) {
            Some(opened) => opened,
            None => Self::any(bytes, &visit)?,
        };
        opened.document = opened.document.checked()?;
        Ok((opened, visited))
    }

    /// From any JSON.
    fn any<V: Default>(bytes: &'a [u8], visit: impl Fn(&mut V, &str, Entry<'_>)) -> Result<(Self, V), String> {
        let mut document = Document::parse(bytes)?;
        let message = Cow::Owned(document.canonical());
        let mut visited = V::default();
        let targets = match document.signed.remove("targets") {
            Some(Value::Object(targets)) => Some(targets),
            other => {
                document.signed.extend(other.map(|other| ("targets".to_string(), other)));
                None
            }
        };
        let mut in_order: Vec<_> = targets.iter().flatten().collect();
        in_order.sort_unstable_by_key(|(name, _)| *name);
        for (name, target) in in_order {
            let entry = if is_plain(target) { Entry::Plain } else { Entry::Value(target) };
            visit(&mut visited, name, entry);
        }
        Ok((Self { document, message, had_targets: targets.is_some() }, visited))
    }

    /// From bytes that are canonical; nothing when they are not.
    fn canonical<V: Default>(bytes: &'a [u8], visit: impl Fn(&mut V, &str, Entry<'_>)) -> Option<(Self, V)> {
        let mut scan = Scan::new(str::from_utf8(bytes).ok()?);
        scan.skip("{\"signatures\":")?;
        let start = scan.at();
        scan.value()?;
        let Value::Array(signatures) = read(scan.since(start).as_bytes()).ok()? else { return None };
        let signatures = signatures.into_iter().map(Signature::read).collect::<Result<_, _>>().ok()?;
        scan.skip(",\"signed\":")?;
        let start = scan.at();
        let (mut signed, mut had_targets, mut visited) = (Map::new(), false, V::default());
        scan.object(|scan, key| {
            if key == "targets" && scan.peek() == Some(b'{') {
                had_targets = true;
                return scan.object(|scan, name| target(scan, |entry| visit(&mut visited, name, entry)));
            }
            let start = scan.at();
            scan.value()?;
            signed.insert(key.to_string(), read(scan.since(start).as_bytes()).ok()?);
            Some(())
        })?;
        let message = Cow::Borrowed(scan.since(start).as_bytes());
        scan.skip("}")?;
        let document = Document { signed, signatures, others: Map::new() };
        scan.is_at_end().then_some((Self { document, message, had_targets }, visited))
    }
}

/// Walks what is said of a target.
fn target(scan: &mut Scan<'_>, visit: impl FnOnce(Entry<'_>)) -> Option<()> {
    let start = scan.at();
    if plain(scan).is_some() {
        visit(Entry::Plain);
        return Some(());
    }
    scan.back_to(start);
    scan.value()?;
    visit(Entry::Value(&read(scan.since(start).as_bytes()).ok()?));
    Some(())
}

fn plain(scan: &mut Scan<'_>) -> Option<()> {
    scan.skip("{\"hashes\":")?;
    let mut strong = false;
    scan.object(|scan, name| {
        let hex = scan.plain_text()?;
        strong |= name != HASHES[0].0;
        is_hash(name, hex).then_some(())
    })?;
    scan.skip(",\"length\":")?;
    let length = scan.number()?;
    scan.skip("}")?;
    (strong && length <= LARGEST_NUMBER).then_some(())
}

/// The same of a value.
fn is_plain(target: &Value) -> bool {
    let (Some(entries), Some(hashes), Some(length)) =
        (target.as_object(), target["hashes"].as_object(), target["length"].as_u64())
    else {
        return false;
    };
    let known = |(name, hex): (&String, &Value)| hex.as_str().is_some_and(|hex| is_hash(name, hex));
    let strong = hashes.keys().any(|name| name != HASHES[0].0);
    entries.len() == 2 && length <= LARGEST_NUMBER && strong && hashes.iter().all(known)
}

/// Whether it is a hash of a kind that is known, as clients compare it.
pub(crate) fn is_hash(name: &str, hex: &str) -> bool {
    let digits = HASHES.iter().find(|(known, _)| *known == name).map(|(_, digits)| *digits);
    digits == Some(hex.len()) && is_small_hex(hex)
}

#[cfg(test)]
mod tests {
    use super::{super::canonical, Entry, Opened, read};
    use serde_json::{Value, json};

    /// What is passed on of the targets.
    fn collect(found: &mut Vec<(String, Option<Value>)>, name: &str, entry: Entry<'_>) {
        let value = if let Entry::Value(value) = entry { Some(value.clone()) } else { None };
        found.push((name.to_string(), value));
    }

    /// Numbers that look random and are the same each time (xorshift64).
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, most: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).unwrap() % most
        }

        fn text(&mut self) -> String {
            if self.below(60) == 0 {
                return ["\t", "\u{1b}", "\n"][self.below(3)].to_string();
            }
            let parts = ["a", "b/", "é", "e\u{301}", "\"", "\\", " ", "x-", "😀", "0", "\u{7f}", "c", "d"];
            (0..self.below(5)).map(|_| parts[self.below(parts.len())]).collect()
        }

        fn value(&mut self, depth: usize) -> Value {
            match self.below(if depth == 0 { 6 } else { 8 }) {
                0 => json!(null),
                1 => json!(self.below(2) == 0),
                2 => json!(self.below(1000)),
                3 => [json!(-1), json!(0), json!(u64::MAX), json!(i64::MIN)][self.below(4)].clone(),
                4 | 5 => json!(self.text()),
                6 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
                _ => (0..self.below(4))
                    .map(|_| (self.text(), self.value(depth - 1)))
                    .collect::<serde_json::Map<_, _>>()
                    .into(),
            }
        }

        fn target(&mut self) -> Value {
            let hex = ["ab".repeat(32), "AB".repeat(32), "ab".repeat(64), "0".repeat(64)][self.below(4)].clone();
            let name = ["sha256", "sha512", "blake2b-256", "md5"][self.below(4)];
            let mut target = json!({ "length": self.below(99), "hashes": { name: hex, "sha256": "0f".repeat(32) } });
            match self.below(4) {
                0 => target["custom"] = self.value(2),
                1 => target["length"] = self.value(1),
                _ => {}
            }
            target
        }

        fn document(&mut self) -> Value {
            let targets: serde_json::Map<_, _> = (0..self.below(6)).map(|_| (self.text(), self.target())).collect();
            let mut signed =
                json!({ "_type": "targets", "spec_version": "1.0", "version": 1, "expires": "2030-01-01T00:00:00Z" });
            for _ in 0..self.below(3) {
                signed[self.text()] = self.value(3);
            }
            signed["targets"] = if self.below(20) == 0 { self.value(1) } else { targets.into() };
            json!({ "signatures": [{ "keyid": self.text(), "sig": self.text() }], "signed": signed })
        }
    }

    #[test]
    fn canonical_bytes_are_read_as_any_others_are() {
        let mut dice = Dice(0x0bad_5eed_0bad_5eed);
        let (mut fast, mut refused) = (0, 0);
        for round in 0..20_000 {
            let mut bytes = canonical(&dice.document());
            for _ in 0..[0, 0, 0, 1, 2][dice.below(5)] {
                let at = dice.below(bytes.len());
                match dice.below(3) {
                    0 => bytes[at] = b"\"\\{}[],:01-. eat\n\x1b"[dice.below(18)],
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, b"\"\\{}[],:01-. eat\n\x1b"[dice.below(18)]),
                }
            }
            let slow = Opened::any(&bytes, collect);
            let Some((opened, visited)) = Opened::canonical::<Vec<_>>(&bytes, collect) else {
                refused += usize::from(slow.is_err());
                continue;
            };
            fast += 1;
            let text = String::from_utf8_lossy(&bytes);
            let (other, others) = slow.unwrap_or_else(|why| panic!("round {round}: {why}: {text}"));
            assert_eq!(opened.message, other.message, "round {round}: {text}");
            assert_eq!(visited, others, "round {round}: {text}");
            assert_eq!(opened.document.signed, other.document.signed, "round {round}: {text}");
            assert_eq!(opened.document.signatures, other.document.signatures, "round {round}: {text}");
            assert_eq!(opened.had_targets, other.had_targets, "round {round}: {text}");
        }
        assert!(fast > 2_000 && refused > 1_000, "{fast} canonical, {refused} refused");
    }

    #[test]
    fn what_is_not_canonical_is_left_to_the_reader_that_takes_any() {
        let taken = |signed: &str| {
            let text = format!(r#"{{"signatures":[],"signed":{signed}}}"#);
            Opened::canonical::<Vec<_>>(text.as_bytes(), collect).is_some()
        };
        assert!(taken(r#"{"a":"\"\\","b":[1,-1,true,null,{}]}"#));
        for signed in [
            r#"{"b":1,"a":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{ "a":1}"#,
            r#"{"a":01}"#,
            r#"{"a":-0}"#,
            r#"{"a":1.0}"#,
            r#"{"a":18446744073709551616}"#,
            r#"{"a":-9223372036854775809}"#,
            r#"{"a":"\/"}"#,
            r#"{"a":"\u0041"}"#,
            r#"{"\"":1}"#,
            "{\"a\":\"\t\"}",
            r#"{"a":1,}"#,
            "[]",
            &format!(r#"{{"a":{}{}}}"#, "[".repeat(80), "]".repeat(80)),
        ] {
            assert!(!taken(signed), "{signed}");
        }
        assert!(read(br#"{"a":18446744073709551615}"#).is_ok());
    }
}
