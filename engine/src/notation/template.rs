//! Templates: sentences with `{{ expressions }}` in them.

use super::expression::{
    ExpressionError, Reference, Used, collect, evaluate_tree, from_minijinja, range, refuse_deep, whole,
};
use super::filter::{size, text, within_limit};
use minijinja::machinery::{self, ast};
use serde_json::{Map, Value};
use std::ops::Range;

/// Longest text with expressions in it, in bytes; keeps recursion shallow.
const LIMIT: usize = 16_384;

/// A parsed template; text without braces is not parsed at all.
pub enum Template<'a> {
    /// Text as it is.
    Plain(&'a str),
    /// Text with expressions.
    Parts(ast::Stmt<'a>),
}

impl<'a> Template<'a> {
    /// Parses a template.
    pub fn parse(source: &'a str) -> Result<Self, ExpressionError> {
        if !source.contains('{') || !["{{", "{%", "{#"].iter().any(|mark| source.contains(mark)) {
            return Ok(Self::Plain(source));
        }
        if source.len() > LIMIT {
            let message = format!("text with expressions is at most {LIMIT} bytes long, this has {}", source.len());
            return Err(ExpressionError { message, span: 0..0 });
        }
        refuse_deep(source, false)?;
        let tree = machinery::parse(source, "", minijinja::syntax::SyntaxConfig::default())
            .map_err(|error| from_minijinja(&error, source.len()))?;
        Ok(Self::Parts(tree))
    }

    /// Where its expressions are, in bytes of the source.
    #[must_use]
    pub fn expressions(&self) -> Vec<Range<usize>> {
        let span = |child: &ast::Stmt<'_>| match child {
            ast::Stmt::EmitExpr(emit) => Some(whole(&emit.expr)),
            _ => None,
        };
        self.children().iter().filter_map(span).collect()
    }

    /// Whether it is one expression and nothing else, so that its value keeps its type.
    #[must_use]
    pub fn is_lone(&self) -> bool {
        matches!(self.children(), [ast::Stmt::EmitExpr(_)])
    }

    fn children(&self) -> &[ast::Stmt<'a>] {
        match self {
            Self::Parts(ast::Stmt::Template(template)) => &template.children,
            _ => &[],
        }
    }

    /// Everything that the template uses.
    #[must_use]
    pub fn used(&self) -> Vec<Used> {
        let mut used = Vec::new();
        for child in self.children() {
            match child {
                ast::Stmt::EmitRaw(_) => {}
                ast::Stmt::EmitExpr(emit) => collect(&emit.expr, false, &mut used),
                _ => used.push(Used { reference: Reference::Foreign("a `{% … %}` statement"), span: 0..0 }),
            }
        }
        used
    }

    /// The text with every expression replaced by its value.
    pub fn render(&self, scope: &Map<String, Value>) -> Result<String, ExpressionError> {
        if let Self::Plain(source) = self {
            return Ok((*source).to_string());
        }
        let mut rendered = String::new();
        for child in self.children() {
            match child {
                ast::Stmt::EmitRaw(raw) => rendered.push_str(raw.raw),
                ast::Stmt::EmitExpr(emit) => {
                    let value = evaluate_tree(&emit.expr, scope)?;
                    let wrong = |message| ExpressionError { message, span: range(emit.expr.span()) };
                    let shown = text(&value).map_err(wrong)?;
                    within_limit(rendered.len().saturating_add(shown.len())).map_err(wrong)?;
                    rendered.push_str(&shown);
                }
                _ => {
                    let message = "a `{% … %}` statement is not part of the notation".to_string();
                    return Err(ExpressionError { message, span: 0..0 });
                }
            }
        }
        Ok(rendered)
    }

    /// The value itself when the template is one expression and nothing else, the rendered text otherwise.
    pub fn value(&self, scope: &Map<String, Value>) -> Result<Value, ExpressionError> {
        match self.children() {
            [ast::Stmt::EmitExpr(emit)] => evaluate_tree(&emit.expr, scope),
            _ => self.render(scope).map(Value::from),
        }
    }

    /// Renders every text inside a value; `{ secret: NAME }` stays as it is. All that expressions bring in counts
    /// together against the limit of what grows.
    pub fn fill(value: &Value, scope: &Map<String, Value>) -> Result<Value, ExpressionError> {
        fill(value, scope, &mut 0)
    }
}

fn fill(value: &Value, scope: &Map<String, Value>, made: &mut usize) -> Result<Value, ExpressionError> {
    match value {
        Value::String(source) => {
            let template = Template::parse(source)?;
            let value = template.value(scope)?;
            if matches!(template, Template::Parts(_)) {
                *made = made.saturating_add(size(&value));
                within_limit(*made).map_err(|message| ExpressionError { message, span: 0..source.len() })?;
            }
            Ok(value)
        }
        Value::Array(items) => items.iter().map(|item| fill(item, scope, made)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, field)| Ok((key.clone(), fill(field, scope, made)?)))
            .collect::<Result<Map<_, _>, _>>()
            .map(Value::Object),
        other => Ok(other.clone()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use serde_json::json;

    fn scope() -> Map<String, Value> {
        match json!({ "device": { "serial": 7_550_054 }, "body": "YubiHSM2-1" }) {
            Value::Object(scope) => scope,
            _ => unreachable!(),
        }
    }

    #[test]
    fn a_sentence_shows_the_values_it_names() {
        let render = |source| Template::parse(source).and_then(|template| template.render(&scope())).unwrap();
        assert_eq!(render("Remove {{ body }} now."), "Remove YubiHSM2-1 now.");
        assert_eq!(render("{{ device.serial | zero_pad(10) }}_pub"), "0007550054_pub");
        assert_eq!(render("No braces, `at` all"), "No braces, `at` all");
    }

    #[test]
    fn a_lone_expression_keeps_its_type() {
        let value = |source| Template::parse(source).and_then(|template| template.value(&scope())).unwrap();
        assert_eq!(value("{{ device.serial }}"), json!(7_550_054));
        assert_eq!(value("{{ device.serial }}!"), json!("7550054!"));
    }

    #[test]
    fn text_that_grows_beyond_a_mebibyte_is_refused_before_it_is_there() {
        let grown = "a".repeat(1024 * 1024 - 100);
        let Value::Object(scope) = json!({ "x": grown, "n": [1, 2, 3] }) else { unreachable!() };
        let chain = "| replace('a', 'aaaaaaaaaa')".repeat(60);
        let ten = |part: &str| [part; 10].join(", ");
        for source in [
            format!("{{{{ 'a' {chain} }}}}"),
            format!("!{{{{ 'a' {chain} }}}}"),
            "{{ x | replace('', 'bb') }}".into(),
            "{{ x ~ x }}".into(),
            "{{ n | join(x) }}".into(),
            "{{ x }}{{ x }}".into(),
            format!("{{{{ [{}] }}}}", ten("x")),
            format!("{{{{ [{}] | length }}}}", ten("x")),
        ] {
            let began = std::time::Instant::now();
            let refused = Template::parse(&source).and_then(|template| template.value(&scope)).unwrap_err();
            assert_eq!(refused.message, "this text grows beyond 1 MiB", "{source}");
            assert!(began.elapsed().as_secs() < 5, "{source}");
        }
        assert!(Template::fill(&json!(["{{ x }}"]), &scope).is_ok());
        let refused = Template::fill(&json!({ "a": ["{{ x }}"], "b": "{{ x }}" }), &scope).unwrap_err();
        assert_eq!(refused.message, "this text grows beyond 1 MiB");
    }

    #[test]
    fn a_whole_number_that_the_record_could_not_hold_is_refused() {
        let value = |source| Template::parse(source).and_then(|template| template.value(&scope()));
        assert_eq!(value("{{ 9007199254740990 + 1 }}").unwrap(), json!(9_007_199_254_740_991_u64));
        for source in ["{{ 9007199254740992 }}", "{{ 9007199254740991 + 1 }}", "{{ '9007199254740992' | int }}"] {
            assert!(value(source).is_err(), "{source}");
        }
    }

    #[test]
    fn a_statement_is_refused() {
        let template = Template::parse("{% for x in [1] %}{{ x }}{% endfor %}").unwrap();
        assert!(template.render(&scope()).is_err());
        assert!(matches!(template.used()[0].reference, Reference::Foreign(_)));
    }
}
