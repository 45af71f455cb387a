//! Expressions: minijinja's grammar, evaluated strictly.
//!
//! minijinja parses; the evaluation is here because it must be stricter than a template engine's and the same for an
//! auditor years later: what is not defined is an error, `'a' < 1` is an error, a condition is true or false and nothing
//! in between, a serial number read from a device (a number) equals the same one typed by a person (text of digits, with
//! or without leading zeros), and every value that was read is reported, so that the transcript can show it. There is no
//! clock, no randomness, no environment, no loop and no call.

use super::LARGEST;
use super::filter::{Filter, TESTS, exact, size, text, within_limit};
use minijinja::machinery::{self, Span, Token, ast};
use serde_json::{Map, Value};
use std::{cmp::Ordering, collections::BTreeMap, ops::Range};

/// Longest expression that is parsed, in bytes; keeps recursion shallow.
const LONGEST: usize = 2_048;

/// Most `-` in a row; minijinja's parser goes one level deeper for each, without a limit of its own.
const MINUSES: usize = 32;

/// A parsed expression.
pub struct Expression<'a> {
    tree: ast::Expr<'a>,
}

/// What an expression came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// Its value.
    pub value: Value,
    /// Every value that was read on the way, by the name it was read under.
    pub read: BTreeMap<String, Value>,
}

/// Why an expression cannot be parsed or evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the expression's or template's source.
    pub span: Range<usize>,
}

/// Something that an expression uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// What it is.
    pub reference: Reference,
    /// Where, in bytes of the source.
    pub span: Range<usize>,
}

/// What an expression can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A value.
    Value {
        /// The names from the outermost on.
        path: Vec<Segment>,
        /// Whether it is only asked whether it is defined.
        guarded: bool,
    },
    /// A filter and its number of arguments.
    Filter(String, usize),
    /// A test after `is`.
    Test(String),
    /// A function or method; the notation has none.
    Call(String),
    /// Something else that minijinja has and the notation does not.
    Foreign(&'static str),
}

/// A step of a path into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// `.name` or `['name']`.
    Name(String),
    /// `[expression]`.
    Computed,
}

impl<'a> Expression<'a> {
    /// Parses an expression.
    pub fn parse(source: &'a str) -> Result<Self, ExpressionError> {
        if source.len() > LONGEST {
            let message = format!("an expression is at most {LONGEST} bytes long, this has {}", source.len());
            return Err(ExpressionError { message, span: 0..0 });
        }
        refuse_deep(source, true)?;
        let tree = machinery::parse_expr(source).map_err(|error| from_minijinja(&error, source.len()))?;
        Ok(Self { tree })
    }

    /// Everything that the expression uses.
    #[must_use]
    pub fn used(&self) -> Vec<Used> {
        let mut used = Vec::new();
        collect(&self.tree, false, &mut used);
        used
    }

    /// The expression's value in a scope.
    pub fn evaluate(&self, scope: &Map<String, Value>) -> Result<Evaluated, ExpressionError> {
        let mut evaluator = Evaluator { scope, read: BTreeMap::new() };
        let value = evaluator.value(&self.tree)?;
        Ok(Evaluated { value, read: evaluator.read })
    }

    /// The expression's value in a scope, which must be true or false.
    pub fn holds(&self, scope: &Map<String, Value>) -> Result<(bool, BTreeMap<String, Value>), ExpressionError> {
        let Evaluated { value, read } = self.evaluate(scope)?;
        match value {
            Value::Bool(value) => Ok((value, read)),
            other => {
                let message = format!("a condition must be true or false, this is {}", noun(&other));
                Err(ExpressionError { message, span: range(self.tree.span()) })
            }
        }
    }
}

/// Refuses expressions that are nested deeply: parsing and dropping those would take more stack than there is.
pub(super) fn refuse_deep(source: &str, is_expression: bool) -> Result<(), ExpressionError> {
    let is_short = source.len() <= LONGEST;
    if is_short && source.bytes().filter(|byte| *byte == b'-').count() <= MINUSES {
        return Ok(());
    }
    let mut begins = is_expression.then_some(0);
    let mut minuses = 0;
    for token in machinery::tokenize(source, is_expression, minijinja::syntax::SyntaxConfig::default()) {
        let (token, span) = token.map_err(|error| from_minijinja(&error, source.len()))?;
        let end = range(span).end;
        minuses = if matches!(token, Token::Minus) { minuses + 1 } else { 0 };
        match token {
            Token::VariableStart | Token::BlockStart => begins = Some(end),
            Token::VariableEnd | Token::BlockEnd => begins = None,
            _ => {}
        }
        let Some(start) = begins else { continue };
        if end - start > LONGEST {
            let message = format!("an expression is at most {LONGEST} bytes long");
            return Err(ExpressionError { message, span: start..end });
        }
        if minuses > MINUSES {
            return Err(ExpressionError { message: "too many `-` in a row".into(), span: start..end });
        }
    }
    Ok(())
}

pub(super) fn from_minijinja(error: &minijinja::Error, length: usize) -> ExpressionError {
    let message = error.detail().map_or_else(|| error.kind().to_string(), ToString::to_string);
    ExpressionError { message, span: error.range().unwrap_or(0..length) }
}

pub(super) fn range(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}

/// The span of an expression from its first to its last byte; minijinja's own begins paths and filters late.
pub(super) fn whole(expr: &ast::Expr<'_>) -> Range<usize> {
    let mut first = expr;
    loop {
        first = match first {
            ast::Expr::GetAttr(attribute) => &attribute.expr,
            ast::Expr::GetItem(item) => &item.expr,
            ast::Expr::Slice(slice) => &slice.expr,
            ast::Expr::Call(call) => &call.expr,
            ast::Expr::Test(test) => &test.expr,
            ast::Expr::BinOp(operation) => &operation.left,
            ast::Expr::Compare(comparison) => &comparison.expr,
            ast::Expr::IfExpr(choice) => &choice.true_expr,
            ast::Expr::Filter(filter) => match &filter.expr {
                Some(inner) => inner,
                None => break,
            },
            _ => break,
        };
    }
    range(first.span()).start.min(range(expr.span()).start)..range(expr.span()).end
}

pub(super) fn evaluate_tree(tree: &ast::Expr<'_>, scope: &Map<String, Value>) -> Result<Value, ExpressionError> {
    Evaluator { scope, read: BTreeMap::new() }.value(tree)
}

struct Evaluator<'s> {
    scope: &'s Map<String, Value>,
    read: BTreeMap<String, Value>,
}

type Outcome = Result<Value, ExpressionError>;

impl Evaluator<'_> {
    fn value(&mut self, expr: &ast::Expr<'_>) -> Outcome {
        match expr {
            ast::Expr::Var(_) | ast::Expr::GetAttr(_) | ast::Expr::GetItem(_) => {
                let (name, value) = self.lookup(expr)?;
                self.read.insert(name, value.clone());
                Ok(value)
            }
            ast::Expr::Const(constant) => constant_value(&constant.value, expr),
            ast::Expr::List(list) => self.list(&list.items, expr),
            ast::Expr::Tuple(tuple) => self.list(&tuple.items, expr),
            ast::Expr::UnaryOp(operation) => match operation.op {
                ast::UnaryOpKind::Not => Ok((!self.boolean(&operation.expr)?).into()),
                ast::UnaryOpKind::Neg => {
                    let value = self.integer(&operation.expr)?;
                    value.checked_neg().and_then(exact).ok_or_else(|| error(expr, "the number is too large"))
                }
            },
            ast::Expr::BinOp(operation) => self.binary(operation, expr),
            ast::Expr::Compare(comparison) => {
                let mut left = self.value(&comparison.expr)?;
                for next in &comparison.ops {
                    let right = self.value(&next.expr)?;
                    if !compare(next.op, &left, &right).map_err(|message| error(expr, message))? {
                        return Ok(false.into());
                    }
                    left = right;
                }
                Ok(true.into())
            }
            ast::Expr::IfExpr(choice) => {
                if self.boolean(&choice.test_expr)? {
                    self.value(&choice.true_expr)
                } else if let Some(otherwise) = &choice.false_expr {
                    self.value(otherwise)
                } else {
                    Err(error(expr, "an `if` in an expression needs an `else`"))
                }
            }
            ast::Expr::Filter(filter) => self.filter(filter, expr),
            ast::Expr::Test(test) => self.test(test, expr),
            ast::Expr::Slice(_) | ast::Expr::Call(_) | ast::Expr::Map(_) => {
                Err(error(expr, format!("a {} is not part of the notation", expr.description())))
            }
        }
    }

    fn list(&mut self, items: &[ast::Expr<'_>], expr: &ast::Expr<'_>) -> Outcome {
        let mut total = 0_usize;
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let value = self.value(item)?;
            total = total.saturating_add(size(&value));
            within_limit(total).map_err(|message| error(expr, message))?;
            values.push(value);
        }
        Ok(values.into())
    }

    /// The value of a path and its dotted name.
    fn lookup(&mut self, expr: &ast::Expr<'_>) -> Result<(String, Value), ExpressionError> {
        match expr {
            ast::Expr::Var(variable) => match self.scope.get(variable.id) {
                Some(value) => Ok((variable.id.to_string(), value.clone())),
                None => Err(error(expr, format!("`{}` has no value here", variable.id))),
            },
            ast::Expr::GetAttr(attribute) => {
                let (name, container) = self.container(&attribute.expr)?;
                let value = member(&name, &container, attribute.name).map_err(|message| error(expr, message))?;
                Ok((format!("{name}.{}", attribute.name), value))
            }
            ast::Expr::GetItem(item) => {
                let (name, container) = self.container(&item.expr)?;
                match self.value(&item.subscript_expr)? {
                    Value::String(key) => {
                        let value = member(&name, &container, &key).map_err(|message| error(expr, message))?;
                        Ok((format!("{name}.{key}"), value))
                    }
                    Value::Number(index) => {
                        let value = index
                            .as_u64()
                            .and_then(|index| container.as_array()?.get(usize::try_from(index).ok()?))
                            .cloned()
                            .ok_or_else(|| error(expr, format!("`{name}` has no item {index}")))?;
                        Ok((format!("{name}[{index}]"), value))
                    }
                    _ => Err(error(expr, "an item is picked by its name or its number")),
                }
            }
            other => Ok((format!("({})", other.description()), self.value(other)?)),
        }
    }

    fn container(&mut self, expr: &ast::Expr<'_>) -> Result<(String, Value), ExpressionError> {
        self.lookup(expr)
    }

    fn boolean(&mut self, expr: &ast::Expr<'_>) -> Result<bool, ExpressionError> {
        let value = self.value(expr)?;
        value.as_bool().ok_or_else(|| error(expr, format!("this must be true or false and is {}", noun(&value))))
    }

    fn integer(&mut self, expr: &ast::Expr<'_>) -> Result<i64, ExpressionError> {
        let value = self.value(expr)?;
        value.as_i64().ok_or_else(|| error(expr, format!("this must be a whole number and is {}", noun(&value))))
    }

    fn binary(&mut self, operation: &ast::BinOp<'_>, expr: &ast::Expr<'_>) -> Outcome {
        use ast::{BinOpKind as Op, CompareOpKind as Comparison};
        let comparison = match operation.op {
            Op::ScAnd => {
                return Ok((self.boolean(&operation.left)? && self.boolean(&operation.right)?).into());
            }
            Op::ScOr => {
                return Ok((self.boolean(&operation.left)? || self.boolean(&operation.right)?).into());
            }
            Op::Concat => {
                let left = self.value(&operation.left)?;
                let right = self.value(&operation.right)?;
                let joined = text(&left).and_then(|left| {
                    let right = text(&right)?;
                    within_limit(left.len().saturating_add(right.len()))?;
                    Ok(left + &right)
                });
                return joined.map(Value::from).map_err(|message| error(expr, message));
            }
            Op::Add => return self.arithmetic(operation, i64::checked_add, expr),
            Op::Sub => return self.arithmetic(operation, i64::checked_sub, expr),
            Op::Mul => return self.arithmetic(operation, i64::checked_mul, expr),
            Op::FloorDiv => return self.arithmetic(operation, i64::checked_div_euclid, expr),
            Op::Rem => return self.arithmetic(operation, i64::checked_rem_euclid, expr),
            Op::Div | Op::Pow => return Err(error(expr, "this operator is not part of the notation")),
            Op::Eq => Comparison::Eq,
            Op::Ne => Comparison::Ne,
            Op::Lt => Comparison::Lt,
            Op::Lte => Comparison::Lte,
            Op::Gt => Comparison::Gt,
            Op::Gte => Comparison::Gte,
            Op::In => Comparison::In,
        };
        let left = self.value(&operation.left)?;
        let right = self.value(&operation.right)?;
        compare(comparison, &left, &right).map(Value::from).map_err(|message| error(expr, message))
    }

    fn arithmetic(
        &mut self,
        operation: &ast::BinOp<'_>,
        apply: fn(i64, i64) -> Option<i64>,
        expr: &ast::Expr<'_>,
    ) -> Outcome {
        let left = self.integer(&operation.left)?;
        let right = self.integer(&operation.right)?;
        apply(left, right).and_then(exact).ok_or_else(|| error(expr, "this has no whole number as its result"))
    }

    fn filter(&mut self, filter: &ast::Filter<'_>, expr: &ast::Expr<'_>) -> Outcome {
        let Some(inner) = &filter.expr else { return Err(error(expr, "a filter needs a value")) };
        let value = self.value(inner)?;
        let arguments = filter
            .args
            .iter()
            .map(|argument| match argument {
                ast::CallArg::Pos(argument) => self.value(argument),
                _ => Err(error(expr, "filters take their arguments by position")),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let known =
            Filter::named(filter.name).ok_or_else(|| error(expr, format!("unknown filter `{}`", filter.name)))?;
        known.apply(&value, &arguments).map_err(|message| error(expr, message))
    }

    fn test(&mut self, test: &ast::Test<'_>, expr: &ast::Expr<'_>) -> Outcome {
        if !test.args.is_empty() || !TESTS.contains(&test.name) {
            return Err(error(expr, format!("unknown test `{}`", test.name)));
        }
        if matches!(test.name, "defined" | "undefined") {
            let defined = self.lookup(&test.expr).is_ok();
            return Ok((defined == (test.name == "defined")).into());
        }
        let value = self.value(&test.expr)?;
        let holds = match test.name {
            "none" => value.is_null(),
            "true" => value == Value::Bool(true),
            "false" => value == Value::Bool(false),
            "number" => value.is_number(),
            _ => value.is_string(),
        };
        Ok(holds.into())
    }
}

fn error(expr: &ast::Expr<'_>, message: impl Into<String>) -> ExpressionError {
    ExpressionError { message: message.into(), span: range(expr.span()) }
}

fn constant_value(value: &minijinja::Value, expr: &ast::Expr<'_>) -> Outcome {
    let value = serde_json::to_value(value).map_err(|_| error(expr, "this constant is not part of the notation"))?;
    if value.is_u64() && value.as_i64().and_then(exact).is_none() {
        return Err(error(expr, format!("this number is beyond {LARGEST}; the record could not hold it exactly")));
    }
    Ok(value)
}

fn member(name: &str, container: &Value, key: &str) -> Result<Value, String> {
    match container {
        Value::Object(fields) => fields.get(key).cloned().ok_or_else(|| {
            let known: Vec<&str> = fields.keys().map(String::as_str).collect();
            format!("`{name}` has no `{key}`; it has: {}", known.join(", "))
        }),
        other => Err(format!("`{name}` is {} and has no `{key}`", noun(other))),
    }
}

/// A number, or text that consists of digits alone (a serial number that a person typed), as a number.
fn digits(value: &Value) -> Option<u128> {
    match value {
        Value::Number(number) => number.as_u64().map(u128::from),
        Value::String(text) if !text.is_empty() && text.len() <= 30 && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().ok()
        }
        _ => None,
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    if left.is_number() != right.is_number()
        && let (Some(left), Some(right)) = (digits(left), digits(right))
    {
        return left == right;
    }
    left == right
}

fn compare(op: ast::CompareOpKind, left: &Value, right: &Value) -> Result<bool, String> {
    use ast::CompareOpKind as Op;
    match op {
        Op::Eq => Ok(equal(left, right)),
        Op::Ne => Ok(!equal(left, right)),
        Op::Lt => order(left, right).map(Ordering::is_lt),
        Op::Lte => order(left, right).map(Ordering::is_le),
        Op::Gt => order(left, right).map(Ordering::is_gt),
        Op::Gte => order(left, right).map(Ordering::is_ge),
        Op::In => contains(right, left),
        Op::NotIn => contains(right, left).map(|holds| !holds),
    }
}

fn order(left: &Value, right: &Value) -> Result<Ordering, String> {
    if let (Value::String(left), Value::String(right)) = (left, right) {
        return Ok(left.cmp(right));
    }
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return Ok(left.cmp(&right));
    }
    if let (Some(left), Some(right)) = (digits(left), digits(right)) {
        return Ok(left.cmp(&right));
    }
    left.as_f64()
        .zip(right.as_f64())
        .and_then(|(left, right)| left.partial_cmp(&right))
        .ok_or_else(|| format!("{} and {} have no order", noun(left), noun(right)))
}

fn contains(container: &Value, item: &Value) -> Result<bool, String> {
    match (container, item) {
        (Value::Array(items), item) => Ok(items.iter().any(|each| equal(each, item))),
        (Value::String(text), Value::String(part)) => Ok(text.contains(part.as_str())),
        (Value::Object(fields), Value::String(key)) => Ok(fields.contains_key(key)),
        _ => Err(format!("{} is not in {}", noun(item), noun(container))),
    }
}

fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a group of values",
    }
}

/// Collects what an expression uses.
pub(super) fn collect(expr: &ast::Expr<'_>, guarded: bool, used: &mut Vec<Used>) {
    let mut push = |reference| used.push(Used { reference, span: range(expr.span()) });
    match expr {
        ast::Expr::Var(_) | ast::Expr::GetAttr(_) | ast::Expr::GetItem(_) => {
            let mut path = Vec::new();
            let mut inner = expr;
            let mut subscripts = Vec::new();
            loop {
                match inner {
                    ast::Expr::GetAttr(attribute) => {
                        path.push(Segment::Name(attribute.name.to_string()));
                        inner = &attribute.expr;
                    }
                    ast::Expr::GetItem(item) => {
                        let constant = item.subscript_expr.as_const();
                        if let Some(name) = constant.as_ref().and_then(minijinja::Value::as_str) {
                            path.push(Segment::Name(name.to_string()));
                        } else {
                            path.push(Segment::Computed);
                            subscripts.push(&item.subscript_expr);
                        }
                        inner = &item.expr;
                    }
                    _ => break,
                }
            }
            if let ast::Expr::Var(variable) = inner {
                path.push(Segment::Name(variable.id.to_string()));
                path.reverse();
                used.push(Used { reference: Reference::Value { path, guarded }, span: whole(expr) });
            } else {
                collect(inner, guarded, used);
            }
            for subscript in subscripts {
                collect(subscript, false, used);
            }
        }
        ast::Expr::Const(_) => {}
        ast::Expr::List(list) => list.items.iter().for_each(|item| collect(item, guarded, used)),
        ast::Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| collect(item, guarded, used)),
        ast::Expr::UnaryOp(operation) => collect(&operation.expr, guarded, used),
        ast::Expr::BinOp(operation) => {
            if matches!(operation.op, ast::BinOpKind::Div | ast::BinOpKind::Pow) {
                push(Reference::Foreign("the operators `/` and `**`"));
            }
            collect(&operation.left, guarded, used);
            collect(&operation.right, guarded, used);
        }
        ast::Expr::Compare(comparison) => {
            collect(&comparison.expr, guarded, used);
            comparison.ops.iter().for_each(|next| collect(&next.expr, guarded, used));
        }
        ast::Expr::IfExpr(choice) => {
            if choice.false_expr.is_none() {
                push(Reference::Foreign("an `if` without an `else`"));
            }
            collect(&choice.test_expr, guarded, used);
            collect(&choice.true_expr, guarded, used);
            choice.false_expr.iter().for_each(|expr| collect(expr, guarded, used));
        }
        ast::Expr::Filter(filter) => {
            push(Reference::Filter(filter.name.to_string(), filter.args.len()));
            if filter.args.iter().any(|argument| !matches!(argument, ast::CallArg::Pos(_))) {
                push(Reference::Foreign("an argument by name"));
            }
            filter.expr.iter().for_each(|expr| collect(expr, guarded, used));
            arguments(&filter.args, used);
        }
        ast::Expr::Test(test) => {
            push(Reference::Test(test.name.to_string()));
            if !test.args.is_empty() && TESTS.contains(&test.name) {
                push(Reference::Foreign("an argument of a test"));
            }
            let guarded = guarded || matches!(test.name, "defined" | "undefined");
            collect(&test.expr, guarded, used);
            arguments(&test.args, used);
        }
        ast::Expr::Call(call) => {
            let name = match &call.expr {
                ast::Expr::Var(variable) => variable.id.to_string(),
                ast::Expr::GetAttr(attribute) => attribute.name.to_string(),
                _ => "…".to_string(),
            };
            push(Reference::Call(name));
            arguments(&call.args, used);
        }
        ast::Expr::Slice(_) => push(Reference::Foreign("a slice")),
        ast::Expr::Map(_) => push(Reference::Foreign("a map")),
    }
}

fn arguments(arguments: &[ast::CallArg<'_>], used: &mut Vec<Used>) {
    for argument in arguments {
        match argument {
            ast::CallArg::Pos(expr)
            | ast::CallArg::Kwarg(_, expr)
            | ast::CallArg::PosSplat(expr)
            | ast::CallArg::KwargSplat(expr) => collect(expr, false, used),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(source: &str) -> Result<bool, String> {
        let scope = json!({ "device": { "serial": 7_550_054 }, "printed": { "value": "0007550054" }, "n": 3 });
        let Value::Object(scope) = scope else { unreachable!() };
        Expression::parse(source).and_then(|expression| expression.holds(&scope)).map(|it| it.0).map_err(|e| e.message)
    }

    #[test]
    fn serial_numbers_compare_as_numbers() {
        assert_eq!(holds("device.serial == printed.value"), Ok(true));
        assert_eq!(holds("device.serial != '7550055'"), Ok(true));
        assert_eq!(holds("'0007' == '7'"), Ok(false));
    }

    #[test]
    fn what_has_no_meaning_is_an_error_and_not_false() {
        assert_eq!(holds("'a' < 1"), Err("text and a number have no order".into()));
        assert_eq!(holds("n"), Err("a condition must be true or false, this is a number".into()));
        assert_eq!(holds("device.serail == 1"), Err("`device` has no `serail`; it has: serial".into()));
        assert_eq!(holds("missing == 1"), Err("`missing` has no value here".into()));
        assert_eq!(holds("n and true"), Err("this must be true or false and is a number".into()));
    }

    #[test]
    fn a_comparison_can_be_chained_and_a_value_tested_for() {
        assert_eq!(holds("1 < n <= 3"), Ok(true));
        assert_eq!(holds("missing is undefined and device.serial is defined"), Ok(true));
        assert_eq!(holds("(printed.value | length) == 10"), Ok(true));
    }

    #[test]
    fn a_long_or_deep_expression_is_refused() {
        assert!(holds(&"1+".repeat(5_000)).is_err());
        assert!(holds(&"(".repeat(1_000)).is_err());
        assert!(holds(&"not ".repeat(500)).is_err());
    }

    #[test]
    fn the_values_that_were_read_are_reported() {
        let scope = json!({ "device": { "serial": 5 } });
        let Value::Object(scope) = scope else { unreachable!() };
        let read = Expression::parse("device.serial == 5").unwrap().holds(&scope).unwrap().1;
        assert_eq!(read, BTreeMap::from([("device.serial".into(), json!(5))]));
    }
}
