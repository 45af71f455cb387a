//! The page put together. Every text gets onto it through [`write`], which leaves no character that could be markup, change the
//! direction of writing, or not be seen; only what is a file of this folder is taken as it is.

use super::{ReportError, model::Report};
use crate::notation::is_hostile;
use base64ct::{Base64, Encoding};
use minijinja::{
    Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};

const STYLE: &str = include_str!("page/style.css");
const HEAD: &str = include_str!("page/head.html");

/// What is in the body, in order.
const BODY: [&str; 5] = [
    include_str!("page/top.html"),
    include_str!("page/facts.html"),
    include_str!("page/timeline.html"),
    include_str!("page/files.html"),
    include_str!("page/verify.html"),
];

/// Most characters of the title at the head of a printed page.
const RUNNING_TITLE: usize = 70;

/// What the head of the page needs.
#[derive(Serialize)]
struct Head<'a> {
    report: &'a Report,
    mark: String,
    policy: String,
}

/// The page as HTML.
pub(super) fn render(report: &Report) -> Result<String, ReportError> {
    let failed = |error: Error| ReportError::Page(format!("{error:#}"));
    let environment = environment().map_err(failed)?;
    let style = format!("{STYLE}{}", running(report));
    let hash = Base64::encode_string(&Sha256::digest(&style));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'");
    let head = Value::from(Serde(Head { report, mark: report.top.mark(), policy }));
    let mut page = environment.render_str(HEAD, head).map_err(failed)?;
    let _ = writeln!(page, "<style>{style}</style>\n</head>");
    let report = Value::from(Serde(report));
    for part in BODY {
        page.push_str(&environment.render_str(part, report.clone()).map_err(failed)?);
    }
    Ok(page)
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
        .set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?);
    environment.set_formatter(write);
    Ok(environment)
}

/// Writes a value of the model, whatever the templates say about it.
fn write(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if value.is_none() {
        return Ok(());
    }
    let written = match value.as_str() {
        Some(text) => escape(out, text),
        None => escape(out, &value.to_string()),
    };
    written.map_err(|_| Error::new(ErrorKind::WriteFailure, "the page cannot be written"))
}

/// Text as HTML shows it, in an element and in an attribute; hostile characters by name.
fn escape(out: &mut impl Write, text: &str) -> fmt::Result {
    for character in text.chars() {
        match character {
            '<' => out.write_str("&lt;")?,
            '>' => out.write_str("&gt;")?,
            '&' => out.write_str("&amp;")?,
            '"' => out.write_str("&quot;")?,
            '\'' => out.write_str("&#39;")?,
            '\n' | '\t' => out.write_char(character)?,
            hostile if is_hostile(hostile) => write!(out, "{}", hostile.escape_unicode())?,
            other => out.write_char(other)?,
        }
    }
    Ok(())
}

/// What stands at the head and the foot of every printed page.
fn running(report: &Report) -> String {
    let title: String = report.title.chars().take(RUNNING_TITLE).collect();
    let title = if title == report.title { title } else { format!("{title} …") };
    format!(
        "@page {{ @top-left {{ content: {}; }} @top-right {{ content: {}; }} @bottom-left {{ content: {}; }} }}\n",
        string(&title),
        string(&report.top.mark()),
        string(&format!("head {}", report.head)),
    )
}

/// A text as a CSS string: what is neither letter nor digit is escaped by its number, whatever it is.
fn string(text: &str) -> String {
    let mut string = String::from("\"");
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            string.push(character);
        } else if is_hostile(character) {
            string.push('?');
        } else {
            let _ = write!(string, "\\{:06x}", u32::from(character));
        }
    }
    string.push('"');
    string
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_a_text_is_markup_or_hidden() {
        let mut found = String::new();
        escape(&mut found, "<a href='x'>&\"\u{202e}\u{0}\r\u{200b}ä\n").unwrap();
        let expected = "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\\u{202e}\\u{0}\\u{d}\\u{200b}ä\n";
        assert_eq!(found, expected);
    }

    #[test]
    fn no_character_of_a_text_ends_a_string_of_the_style_sheet() {
        assert_eq!(string("a\"b\\</style>\n"), "\"a\\000022b\\00005c\\00003c\\00002fstyle\\00003e?\"");
    }

    #[test]
    fn a_value_is_escaped_also_when_a_template_says_that_it_is_safe() {
        let environment = environment().unwrap();
        let context = || Value::from_pairs([("it", Value::from_safe_string("<b>".into()))]);
        let template = "{% autoescape false %}{{ it }}{{ it ~ '<i>' }}{% endautoescape %}";
        assert_eq!(environment.render_str(template, context()).unwrap(), "&lt;b&gt;&lt;b&gt;&lt;i&gt;");
        assert_eq!(environment.render_str("{{ it }}", context()).unwrap(), "&lt;b&gt;");
        assert!(environment.render_str("{{ missing }}", ()).is_err());
    }
}
