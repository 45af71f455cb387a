//! Patterns that answers must match: small enough that a hostile one takes no time.

use regex_lite::{Regex, RegexBuilder};

/// Longest pattern, in bytes.
const LONGEST: usize = 512;

/// Largest compiled pattern, in bytes; matching takes time in the product of this and of the answer's length.
const LARGEST: usize = 64 * 1024;

/// Deepest nesting of groups.
const DEEPEST: u32 = 32;

/// A regular expression that a text must match as a whole.
pub struct Pattern(Regex);

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: &'static str,
}

impl Pattern {
    /// Compiles a pattern.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        if source.len() > LONGEST {
            let message = format!("a pattern is at most {LONGEST} bytes long, this has {}", source.len());
            return Err(PatternError { message, help: "ask for less, or check the answer with `expect:`" });
        }
        let compile = |source: &str| {
            RegexBuilder::new(source).size_limit(LARGEST).nest_limit(DEEPEST).build().map_err(|error| wrong(&error))
        };
        // By itself first: `a)|(b` is none, although it would be one between the brackets.
        compile(source)?;
        compile(&format!("^(?:{source})$")).map(Self)
    }

    /// Whether a text matches as a whole.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

fn wrong(error: &regex_lite::Error) -> PatternError {
    let error = error.to_string();
    if error.contains("size") || error.contains("nest") {
        let message = "this pattern is too large: it repeats or nests too much".into();
        return PatternError { message, help: "write smaller repetitions" };
    }
    let help = if error.contains("class") {
        r"close the `[` with `]`; for the character itself write `\[`"
    } else if error.contains("look-around") {
        "write it without `(?=…)`, `(?!…)`, `(?<=…)` and `(?<!…)`"
    } else if error.contains("group") || error.contains("paren") {
        r"close every `(` with `)`; for the character itself write `\(` or `\)`"
    } else if error.contains("repetition") {
        r"put what is repeated before it; for the character itself write `\` before it"
    } else {
        r"correct it; a character that means something is written with `\` before it"
    };
    PatternError { message: format!("this is not a regular expression: {error}"), help }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn refused(source: &str) -> String {
        Pattern::new(source).err().map(|error| error.message).unwrap_or_default()
    }

    #[test]
    fn a_pattern_matches_the_whole_text() {
        let pattern = Pattern::new("[0-9]{7}|x").unwrap();
        assert!(pattern.matches("1234567") && pattern.matches("x"));
        assert!(!pattern.matches("12345678") && !pattern.matches("ax") && !pattern.matches("x\n"));
    }

    #[test]
    fn a_pattern_cannot_leave_its_brackets() {
        assert!(refused("a)|(?:b").starts_with("this is not a regular expression: "));
        assert!(refused("(?x)a #").starts_with("this is not a regular expression: "));
    }

    #[test]
    fn a_large_deep_or_long_pattern_is_refused() {
        let large = "this pattern is too large: it repeats or nests too much";
        assert_eq!(refused("(?:(?:[a-d]?){20000})*"), large);
        assert_eq!(refused(&format!("{}a{}", "(".repeat(100), ")".repeat(100))), large);
        assert_eq!(refused(&"a".repeat(513)), "a pattern is at most 512 bytes long, this has 513");
    }
}
