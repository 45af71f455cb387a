//! A target as a line of the list has it, and as a bin's metadata has it.

use crate::tuf::metadata::{Scan, canonical, has_byte, has_plain_parts, is_small_hex, quoted, strict};
use serde::Deserialize;
use serde_json::Value;
use std::{borrow::Cow, fmt::Write};

/// The largest length that every reader of JSON takes for the same number (RFC 8259, 6), in bytes.
const LARGEST: u64 = 1 << 53;

/// The longest path, in bytes.
const LONGEST_PATH: usize = 1_024;

/// A line of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Target<'a> {
    #[serde(borrow)]
    pub(super) path: Cow<'a, str>,
    length: u64,
    #[serde(borrow)]
    hashes: Hashes<'a>,
    #[serde(default, deserialize_with = "strict")]
    custom: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hashes<'a> {
    #[serde(borrow)]
    sha256: Cow<'a, str>,
    #[serde(borrow, default, rename = "blake2b-256")]
    blake2b_256: Option<Cow<'a, str>>,
}

impl<'a> Target<'a> {
    /// Reads a line, without its line feed.
    ///
    /// # Errors
    /// What is wrong, as a clause.
    pub(super) fn read(line: &'a [u8]) -> Result<Self, String> {
        let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_string())?;
        let target = Self::plain(line).map_or_else(|| Self::any(line), Ok)?;
        if let Some(why) = no_path(&target.path) {
            return Err(format!("its path {why}"));
        }
        if target.length > LARGEST {
            return Err("its length is more than 2^53".to_string());
        }
        let hashes = [("sha256", Some(&target.hashes.sha256)), ("blake2b-256", target.hashes.blake2b_256.as_ref())];
        for (name, hash) in hashes {
            if hash.is_some_and(|hash| !is_hex(hash)) {
                return Err(format!("its {name} is not 64 hexadecimal digits in lower case"));
            }
        }
        match &target.custom {
            None => {}
            Some(Value::Object(custom)) if is_plain(custom) => {}
            Some(Value::Object(_)) => return Err("its custom has a control character in it".to_string()),
            Some(_) => return Err("its custom is no object".to_string()),
        }
        Ok(target)
    }

    /// From any JSON.
    fn any(line: &'a str) -> Result<Self, String> {
        serde_json::from_str(line).map_err(|error| {
            let said = error.to_string();
            // Each line is the first one to its reader.
            said.replace(" at line 1 column ", " at column ")
        })
    }

    /// From a line as most lists have it: path, length and hashes in this order without anything escaped, with a space after
    /// each `:` and `,` or none. Nothing when it is another, whether it is one at all or not.
    fn plain(line: &'a str) -> Option<Self> {
        let mut scan = Scan::new(line);
        scan.skip("{")?;
        let path = member(&mut scan, "\"path\":", Scan::plain_text)?;
        comma(&mut scan)?;
        let length = member(&mut scan, "\"length\":", Scan::number)?;
        comma(&mut scan)?;
        let hashes = member(&mut scan, "\"hashes\":", |scan| {
            scan.skip("{")?;
            let sha256 = member(scan, "\"sha256\":", Scan::plain_text)?.into();
            let more = comma(scan).is_some();
            let blake2b_256 =
                if more { Some(member(scan, "\"blake2b-256\":", Scan::plain_text)?.into()) } else { None };
            scan.skip("}")?;
            Some(Hashes { sha256, blake2b_256 })
        })?;
        scan.skip("}")?;
        (scan.at() == line.len()).then(|| Self { path: path.into(), length, hashes, custom: None })
    }

    /// What stands after its path in metadata, in canonical form.
    pub(super) fn write(&self, out: &mut String) {
        out.push('{');
        if let Some(custom) = &self.custom {
            out.push_str("\"custom\":");
            out.push_str(&String::from_utf8_lossy(&canonical(custom)));
            out.push(',');
        }
        out.push_str("\"hashes\":{");
        if let Some(hash) = &self.hashes.blake2b_256 {
            out.push_str("\"blake2b-256\":");
            quoted(out, hash);
            out.push(',');
        }
        out.push_str("\"sha256\":");
        quoted(out, &self.hashes.sha256);
        let _ = write!(out, "}},\"length\":{}}}", self.length);
    }
}

/// Passes over a name with its colon, and reads what follows.
fn member<'a, T>(scan: &mut Scan<'a>, name: &str, value: impl FnOnce(&mut Scan<'a>) -> Option<T>) -> Option<T> {
    scan.skip(name)?;
    let _ = scan.skip(" ");
    value(scan)
}

/// Passes over a comma.
fn comma(scan: &mut Scan<'_>) -> Option<()> {
    scan.skip(",")?;
    let _ = scan.skip(" ");
    Some(())
}

/// What is wrong with a path, as the end of a sentence: it must stay below a folder whatever reads it.
fn no_path(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        Some("is empty")
    } else if path.len() > LONGEST_PATH {
        Some("is longer than 1,024 bytes")
    } else if has_byte(path, |byte| matches!(byte, ..b' ' | 0x7f | b'\\'))
        || !path.is_ascii() && path.contains(char::is_control)
    {
        Some("has a control character or a backslash in it")
    } else if !has_plain_parts(path) && path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        Some("begins or ends with a slash, or has a part that is empty, `.` or `..`")
    } else {
        None
    }
}

fn is_hex(text: &str) -> bool {
    text.len() == 64 && is_small_hex(text)
}

/// Whether no text in it has a control character: canonical form, which does not escape it, would be no JSON.
fn is_plain(members: &serde_json::Map<String, Value>) -> bool {
    fn plain(value: &Value) -> bool {
        match value {
            Value::String(text) => !text.contains(char::is_control),
            Value::Array(items) => items.iter().all(plain),
            Value::Object(members) => is_plain(members),
            _ => true,
        }
    }
    members.iter().all(|(name, value)| !name.contains(char::is_control) && plain(value))
}

#[cfg(test)]
mod tests {
    use super::Target;
    use crate::tuf::metadata::{canonical, read};
    use serde_json::json;

    fn line(path: &str, length: &str, hashes: &str, more: &str) -> String {
        format!(r#"{{"path":{path},"length":{length},"hashes":{hashes}{more}}}"#)
    }

    #[test]
    fn a_target_is_written_in_canonical_form() {
        let (sha, blake) = ("a".repeat(64), "0".repeat(64));
        let custom = r#"{"z":[1,{"é":"\"q\\"}],"a":null}"#;
        let hashes = format!(r#"{{"sha256":"{sha}","blake2b-256":"{blake}"}}"#);
        let line = line("\"a/b c\\u00e9.whl\"", "9007199254740992", &hashes, &format!(",\"custom\":{custom}"));
        let target = Target::read(line.as_bytes()).unwrap();
        assert_eq!(target.path, "a/b cé.whl");
        let mut written = String::new();
        target.write(&mut written);
        let expected = json!({
            "length": 1_u64 << 53,
            "hashes": { "sha256": sha, "blake2b-256": blake },
            "custom": read(custom.as_bytes()).unwrap(),
        });
        assert_eq!(written.as_bytes(), canonical(&expected));
    }

    #[test]
    fn a_line_as_most_lists_have_it_is_read_as_any_other_is() {
        let (sha, blake) = ("a".repeat(64), "0".repeat(64));
        let plain = [
            format!(r#"{{"path":"a/é b","length":0,"hashes":{{"sha256":"{sha}"}}}}"#),
            format!(r#"{{"path": "a/b", "length": 18446744073709551615, "hashes": {{"sha256": "{sha}"}}}}"#),
            format!(r#"{{"path":"..","length":7,"hashes":{{"sha256":"x","blake2b-256":"{blake}"}}}}"#),
        ];
        for line in &plain {
            let (fast, slow) = (Target::plain(line).unwrap(), Target::any(line).unwrap());
            let [mut one, mut other] = [String::new(), String::new()];
            fast.write(&mut one);
            slow.write(&mut other);
            assert_eq!((fast.path, one), (slow.path, other));
            // Whatever is done to it, it is read in no other way.
            for at in (0..line.len()).filter(|at| line.is_char_boundary(*at)) {
                for put in ["", "0", " ", "\"", "\\", "}", ",", "\t", "\u{7f}"] {
                    for skipped in [0, 1] {
                        let Some(rest) = line.get(at + skipped..) else { continue };
                        let line = format!("{}{put}{rest}", &line[..at]);
                        let Some(fast) = Target::plain(&line) else { continue };
                        let slow = Target::any(&line).unwrap_or_else(|why| panic!("{line}: {why}"));
                        let [mut one, mut other] = [String::new(), String::new()];
                        fast.write(&mut one);
                        slow.write(&mut other);
                        assert_eq!((fast.path, one), (slow.path, other), "{line}");
                    }
                }
            }
        }
        for line in [
            format!(r#"{{"length":1,"path":"a","hashes":{{"sha256":"{sha}"}}}}"#),
            format!(r#"{{"path":"\u0061","length":1,"hashes":{{"sha256":"{sha}"}}}}"#),
            format!(r#"{{"path":"a","length":1,"hashes":{{"sha256":"{sha}"}},"custom":{{}}}}"#),
        ] {
            assert!(Target::plain(&line).is_none() && Target::read(line.as_bytes()).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        let hash = format!(r#"{{"sha256":"{}"}}"#, "a".repeat(64));
        let refused = |line: &str| Target::read(line.as_bytes()).err().unwrap_or_else(|| panic!("taken: {line}"));
        for path in
            ["", "/a", "a/", "a//b", "../a", "a/../b", ".", "a/./b", "a\\\\b", "a\\nb", "a\\u007fb", "a\\u0085b"]
        {
            assert!(refused(&line(&format!("\"{path}\""), "1", &hash, "")).starts_with("its path"), "{path}");
        }
        assert!(refused(&line(&format!("{:?}", "a".repeat(1_025)), "1", &hash, "")).contains("1,024"));
        for length in ["-1", "1.0", "1e3", "9007199254740993", "\"1\"", "null", "18446744073709551616"] {
            refused(&line("\"a\"", length, &hash, ""));
        }
        for hashes in [
            "{}".to_string(),
            format!(r#"{{"sha256":"{}"}}"#, "A".repeat(64)),
            format!(r#"{{"sha256":"{}"}}"#, "a".repeat(63)),
            format!(r#"{{"sha256":"{0}","md5":"{0}"}}"#, "a".repeat(64)),
            format!(r#"{{"sha256":"{0}","sha256":"{0}"}}"#, "a".repeat(64)),
        ] {
            refused(&line("\"a\"", "1", &hashes, ""));
        }
        for more in [
            r#","path":"b""#,
            r#","more":1"#,
            r#","custom":1"#,
            r#","custom":{"a":1.5}"#,
            r#","custom":{"a":1,"a":2}"#,
            r#","custom":{"a":"\n"}"#,
        ] {
            refused(&line("\"a\"", "1", &hash, more));
        }
        for line in ["", "[]", "{}", "null", "{} {}"] {
            refused(line);
        }
        assert!(Target::read(b"{\"path\":\"\xff\"}").is_err_and(|why| why.contains("UTF-8")));
    }
}
