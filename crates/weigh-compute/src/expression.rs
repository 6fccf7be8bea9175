//! The little language of the architecture catalog: exact integers, truth, text, lists.
//!
//! ```text
//! heads * head_dim
//! if(layer_types == null, layer % 2 == 0, at(layer_types, layer) == 'sliding_attention')
//! sliding_window != null and not tied
//! ```
//!
//! From loosest to tightest: `or`, `and`, `not`, comparison, `+ -`, `* / %`, then names,
//! numbers, `'text'`, `true`, `false`, `null`, parentheses and the functions `if`, `at`, `each`,
//! `len`, `has`, `min`, `max`, `ends`.
//!
//! - **Invariant:** arithmetic is checked; `/` is exact and a remainder is an error.
//! - **Invariant:** `if`, `and` and `or` evaluate only what they need.
//! - **Invariant:** evaluation neither loops nor recurses deeper than the text nests.

use std::collections::BTreeMap;
use std::fmt;

/// A value of the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Integer(i128),
    Flag(bool),
    Text(String),
    List(Vec<Self>),
}

impl Value {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Integer(_) => "a number",
            Self::Flag(_) => "a boolean",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Integer(n) => write!(f, "{n}"),
            Self::Flag(b) => write!(f, "{b}"),
            Self::Text(t) => f.write_str(t),
            Self::List(items) => write!(f, "a list of {}", items.len()),
        }
    }
}

/// The names an expression may mention and their values.
pub(crate) type Names = BTreeMap<String, Value>;

/// A parsed expression with its text, for messages.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    pub(crate) text: String,
    root: Node,
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EvalError {
    #[error("the sizes are so large that `{text}` does not fit")]
    Overflow { text: String },
    #[error("{message} in `{text}`")]
    Wrong { text: String, message: String },
}

#[derive(Clone, Debug)]
enum Node {
    Value(Value),
    Name(String),
    Not(Box<Self>),
    Binary(Operation, Box<Self>, Box<Self>),
    Call(Function, Vec<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    If,
    At,
    Each,
    Len,
    Has,
    Min,
    Max,
    Ends,
}

impl Function {
    const ALL: [(&'static str, Self, usize); 8] = [
        ("if", Self::If, 3),
        ("at", Self::At, 2),
        ("each", Self::Each, 2),
        ("len", Self::Len, 1),
        ("has", Self::Has, 2),
        ("min", Self::Min, 2),
        ("max", Self::Max, 2),
        ("ends", Self::Ends, 2),
    ];
}

impl Expression {
    /// Parses `text`; on failure says why, for a diagnostic.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut parser = Parser {
            tokens: &tokens,
            depth: 0,
        };
        let root = parser.binary(0)?;
        match parser.tokens.first() {
            None => Ok(Self {
                text: text.to_owned(),
                root,
            }),
            Some(token) => Err(format!("`{token}` is not expected here in `{text}`")),
        }
    }

    /// The expression `null`, to go on with after an error.
    pub(crate) fn null() -> Self {
        Self {
            text: "null".to_owned(),
            root: Node::Value(Value::Null),
        }
    }

    /// Every name it mentions.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.root.names(&mut names);
        names
    }

    pub(crate) fn evaluate(&self, names: &Names) -> Result<Value, EvalError> {
        self.root.evaluate(names).map_err(|failure| match failure {
            Failure::Overflow => EvalError::Overflow {
                text: self.text.clone(),
            },
            Failure::Wrong(message) => EvalError::Wrong {
                text: self.text.clone(),
                message,
            },
        })
    }

    fn wrong(&self, value: &Value, wanted: &str) -> EvalError {
        EvalError::Wrong {
            text: self.text.clone(),
            message: format!("{} stands where {wanted} is needed", value.kind()),
        }
    }

    /// A size or count.
    pub(crate) fn count(&self, names: &Names) -> Result<u64, EvalError> {
        match self.evaluate(names)? {
            Value::Integer(n) => u64::try_from(n).map_err(|_| {
                if n < 0 {
                    EvalError::Wrong {
                        text: self.text.clone(),
                        message: format!("{n} is less than zero"),
                    }
                } else {
                    EvalError::Overflow {
                        text: self.text.clone(),
                    }
                }
            }),
            other => Err(self.wrong(&other, "a count")),
        }
    }

    /// A count, or none for null.
    pub(crate) fn count_or_null(&self, names: &Names) -> Result<Option<u64>, EvalError> {
        match self.evaluate(names)? {
            Value::Null => Ok(None),
            _ => self.count(names).map(Some),
        }
    }

    /// A condition.
    pub(crate) fn flag(&self, names: &Names) -> Result<bool, EvalError> {
        match self.evaluate(names)? {
            Value::Flag(b) => Ok(b),
            other => Err(self.wrong(&other, "a condition")),
        }
    }
}

enum Failure {
    Overflow,
    Wrong(String),
}

fn wrong(message: impl Into<String>) -> Failure {
    Failure::Wrong(message.into())
}

impl Node {
    fn names<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Value(_) => {}
            Self::Name(name) => names.push(name),
            Self::Not(inner) => inner.names(names),
            Self::Binary(_, a, b) => {
                a.names(names);
                b.names(names);
            }
            Self::Call(_, arguments) => arguments.iter().for_each(|a| a.names(names)),
        }
    }

    fn evaluate(&self, names: &Names) -> Result<Value, Failure> {
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Name(name) => names
                .get(name)
                .cloned()
                .ok_or_else(|| wrong(format!("`{name}` has no value"))),
            Self::Not(inner) => Ok(Value::Flag(!inner.flag(names)?)),
            Self::Binary(Operation::And, a, b) => Ok(Value::Flag(a.flag(names)? && b.flag(names)?)),
            Self::Binary(Operation::Or, a, b) => Ok(Value::Flag(a.flag(names)? || b.flag(names)?)),
            Self::Binary(operation, a, b) => {
                binary(*operation, a.evaluate(names)?, b.evaluate(names)?)
            }
            Self::Call(function, arguments) => call(*function, arguments, names),
        }
    }

    fn flag(&self, names: &Names) -> Result<bool, Failure> {
        match self.evaluate(names)? {
            Value::Flag(b) => Ok(b),
            other => Err(wrong(format!("{} stands for a condition", other.kind()))),
        }
    }

    fn integer(&self, names: &Names) -> Result<i128, Failure> {
        self.evaluate(names).and_then(integer)
    }

    fn is_null_name(&self, names: &Names) -> bool {
        matches!(self, Self::Name(name) if names.get(name) == Some(&Value::Null))
    }

    fn text_name<'a>(&self, names: &'a Names) -> Option<&'a str> {
        match self {
            Self::Name(name) => match names.get(name) {
                Some(Value::Text(text)) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    fn is_list_name(&self, names: &Names) -> bool {
        matches!(self, Self::Name(name) if matches!(names.get(name), Some(Value::List(_))))
    }

    /// The entries of a list, which only a name can hold; borrowed, since they may be many.
    fn list<'a>(&self, names: &'a Names) -> Result<&'a [Value], Failure> {
        let Self::Name(name) = self else {
            return Err(wrong("only a name can hold a list"));
        };
        match names.get(name) {
            Some(Value::List(items)) => Ok(items),
            Some(other) => Err(wrong(format!("`{name}` is {}, not a list", other.kind()))),
            None => Err(wrong(format!("`{name}` has no value"))),
        }
    }
}

fn integer(value: Value) -> Result<i128, Failure> {
    match value {
        Value::Integer(n) => Ok(n),
        other => Err(wrong(format!("{} stands for a number", other.kind()))),
    }
}

fn binary(operation: Operation, a: Value, b: Value) -> Result<Value, Failure> {
    match operation {
        Operation::Equal => return Ok(Value::Flag(a == b)),
        Operation::NotEqual => return Ok(Value::Flag(a != b)),
        _ => {}
    }
    let (a, b) = (integer(a)?, integer(b)?);
    let number = |n: Option<i128>| n.map(Value::Integer).ok_or(Failure::Overflow);
    match operation {
        Operation::Less => Ok(Value::Flag(a < b)),
        Operation::LessOrEqual => Ok(Value::Flag(a <= b)),
        Operation::More => Ok(Value::Flag(a > b)),
        Operation::MoreOrEqual => Ok(Value::Flag(a >= b)),
        Operation::Add => number(a.checked_add(b)),
        Operation::Subtract => number(a.checked_sub(b)),
        Operation::Multiply => number(a.checked_mul(b)),
        Operation::Remainder if b > 0 => number(a.checked_rem_euclid(b)),
        Operation::Divide if b > 0 && a.checked_rem(b) == Some(0) => number(a.checked_div(b)),
        Operation::Divide if b > 0 => Err(wrong(format!("{a} is not a multiple of {b}"))),
        _ => Err(wrong("a division by something not positive")),
    }
}

fn call(function: Function, arguments: &[Node], names: &Names) -> Result<Value, Failure> {
    let [first, rest @ ..] = arguments else {
        return Err(wrong("a function without arguments"));
    };
    match (function, rest) {
        (Function::If, [yes, no]) => {
            let chosen = if first.flag(names)? { yes } else { no };
            chosen.evaluate(names)
        }
        (Function::Len, []) if let Some(text) = first.text_name(names) => {
            let n = i128::try_from(text.len()).map_err(|_| Failure::Overflow)?;
            Ok(Value::Integer(n))
        }
        (Function::Len, []) => {
            let n = i128::try_from(first.list(names)?.len()).map_err(|_| Failure::Overflow)?;
            Ok(Value::Integer(n))
        }
        // A pattern of letters is a list of them.
        (Function::At, [index]) if let Some(text) = first.text_name(names) => {
            let index = index.integer(names)?;
            let letter = usize::try_from(index).ok().and_then(|i| text.get(i..=i));
            let letter = letter.map(|l| Value::Text(l.to_owned()));
            letter.ok_or_else(|| wrong(format!("`{text}` has no letter {index}")))
        }
        // What is not a list is the same for every index.
        (Function::Each, [_]) if !first.is_list_name(names) => first.evaluate(names),
        (Function::At | Function::Each, [index]) => {
            let index = index.integer(names)?;
            let items = first.list(names)?;
            let item = usize::try_from(index).ok().and_then(|i| items.get(i));
            item.cloned()
                .ok_or_else(|| wrong(format!("a list of {} has no entry {index}", items.len())))
        }
        (Function::Has, [item]) => {
            let item = item.evaluate(names)?;
            // No list has no entries.
            if first.is_null_name(names) {
                return Ok(Value::Flag(false));
            }
            Ok(Value::Flag(first.list(names)?.contains(&item)))
        }
        (Function::Ends, [end]) => match (first.evaluate(names)?, end.evaluate(names)?) {
            (Value::Text(text), Value::Text(end)) => Ok(Value::Flag(text.ends_with(&end))),
            _ => Err(wrong("`ends` compares two strings")),
        },
        (Function::Min | Function::Max, [other]) => {
            let (a, b) = (first.integer(names)?, other.integer(names)?);
            let n = if function == Function::Min {
                a.min(b)
            } else {
                a.max(b)
            };
            Ok(Value::Integer(n))
        }
        _ => Err(wrong("a wrong number of arguments")),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Number(i128),
    Word(String),
    Text(String),
    Sign(&'static str),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) => write!(f, "{n}"),
            Self::Word(w) => f.write_str(w),
            Self::Text(t) => write!(f, "'{t}'"),
            Self::Sign(s) => f.write_str(s),
        }
    }
}

/// Longer signs first, so that `<=` is not read as `<`.
const SIGNS: [&str; 14] = [
    "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ",",
];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after;
        if first.is_ascii_digit() {
            let (word, tail) = split(rest, |c| c.is_ascii_digit() || c == '_');
            let digits = word.replace('_', "");
            let number = digits
                .parse()
                .map_err(|_| format!("`{word}` is too large"))?;
            tokens.push(Token::Number(number));
            after = tail;
        } else if first.is_ascii_alphabetic() || first == '_' {
            let (word, tail) = split(rest, |c| c.is_ascii_alphanumeric() || c == '_');
            tokens.push(Token::Word(word.to_owned()));
            after = tail;
        } else if let Some(quoted) = rest.strip_prefix('\'') {
            let (inner, tail) = quoted
                .split_once('\'')
                .ok_or_else(|| format!("a string without an end in `{text}`"))?;
            tokens.push(Token::Text(inner.to_owned()));
            after = tail;
        } else {
            let sign = SIGNS.iter().find(|s| rest.starts_with(**s));
            let sign = sign.ok_or_else(|| format!("`{first}` means nothing in `{text}`"))?;
            tokens.push(Token::Sign(sign));
            after = rest.strip_prefix(sign).unwrap_or_default();
        }
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn split(text: &str, inside: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !inside(c)).unwrap_or(text.len());
    text.split_at(end)
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

const DEPTH_MAX: usize = 64;

/// Binary operations by level, loosest first.
fn operation(level: usize, token: &Token) -> Option<Operation> {
    let word = match token {
        Token::Word(w) => w.as_str(),
        Token::Sign(s) => s,
        _ => return None,
    };
    let found = match (level, word) {
        (0, "or") => Operation::Or,
        (1, "and") => Operation::And,
        (2, "==") => Operation::Equal,
        (2, "!=") => Operation::NotEqual,
        (2, "<") => Operation::Less,
        (2, "<=") => Operation::LessOrEqual,
        (2, ">") => Operation::More,
        (2, ">=") => Operation::MoreOrEqual,
        (3, "+") => Operation::Add,
        (3, "-") => Operation::Subtract,
        (4, "*") => Operation::Multiply,
        (4, "/") => Operation::Divide,
        (4, "%") => Operation::Remainder,
        _ => return None,
    };
    Some(found)
}

impl Parser<'_> {
    fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        match self.next() {
            Some(Token::Sign(s)) if *s == sign => Ok(()),
            Some(other) => Err(format!("`{other}` stands where `{sign}` is expected")),
            None => Err(format!("`{sign}` is missing at the end")),
        }
    }

    fn binary(&mut self, level: usize) -> Result<Node, String> {
        if level > 4 {
            return self.primary();
        }
        // `not` binds looser than a comparison and tighter than `and`.
        if level == 2 && matches!(self.tokens.first(), Some(Token::Word(w)) if w == "not") {
            self.next();
            let inner = self.nested(|p| p.binary(2))?;
            return Ok(Node::Not(Box::new(inner)));
        }
        let mut left = self.binary(level + 1)?;
        while let Some(operation) = self.tokens.first().and_then(|t| operation(level, t)) {
            self.next();
            let right = self.binary(level + 1)?;
            left = Node::Binary(operation, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("the expression nests too deeply".to_owned());
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn primary(&mut self) -> Result<Node, String> {
        let token = self.next().cloned();
        match token {
            Some(Token::Number(n)) => Ok(Node::Value(Value::Integer(n))),
            Some(Token::Text(text)) => Ok(Node::Value(Value::Text(text))),
            Some(Token::Word(word)) => self.word(word),
            Some(Token::Sign("(")) => {
                let inner = self.nested(|p| p.binary(0))?;
                self.expect(")")?;
                Ok(inner)
            }
            Some(other) => Err(format!("`{other}` is no value")),
            None => Err("a value is missing at the end".to_owned()),
        }
    }

    fn word(&mut self, word: String) -> Result<Node, String> {
        match word.as_str() {
            "true" => return Ok(Node::Value(Value::Flag(true))),
            "false" => return Ok(Node::Value(Value::Flag(false))),
            "null" => return Ok(Node::Value(Value::Null)),
            "and" | "or" | "not" => return Err(format!("`{word}` is no value")),
            _ => {}
        }
        if self.tokens.first() != Some(&Token::Sign("(")) {
            return Ok(Node::Name(word));
        }
        let known = Function::ALL.iter().find(|(name, ..)| *name == word);
        let (_, function, arity) = known.ok_or_else(|| format!("unknown function `{word}`"))?;
        self.next();
        let arguments = self.nested(|p| {
            let mut arguments = vec![p.binary(0)?];
            while p.tokens.first() == Some(&Token::Sign(",")) {
                p.next();
                arguments.push(p.binary(0)?);
            }
            Ok(arguments)
        })?;
        self.expect(")")?;
        if arguments.len() != *arity {
            return Err(format!("`{word}` takes {arity} arguments"));
        }
        Ok(Node::Call(*function, arguments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(text: &str) -> String {
        let names = Names::from([
            ("heads".to_owned(), Value::Integer(32)),
            ("tied".to_owned(), Value::Flag(true)),
            ("huge".to_owned(), Value::Integer(i128::MAX)),
            ("none".to_owned(), Value::Null),
            (
                "kinds".to_owned(),
                Value::List(vec![
                    Value::Text("full".into()),
                    Value::Text("sliding".into()),
                ]),
            ),
        ]);
        match Expression::parse(text) {
            Ok(expression) => match expression.evaluate(&names) {
                Ok(value) => value.to_string(),
                Err(error) => format!("error: {error}"),
            },
            Err(error) => format!("syntax: {error}"),
        }
    }

    #[test]
    fn binds_as_people_expect() {
        assert_eq!(eval("1 + 2 * 3"), "7");
        assert_eq!(eval("(1 + 2) * 3"), "9");
        assert_eq!(eval("10 - 2 - 3"), "5");
        assert_eq!(eval("not tied or heads > 4 and true"), "true");
        assert_eq!(eval("not heads == 4"), "true");
        assert_eq!(eval("none == null"), "true");
        assert_eq!(eval("at(kinds, 1) == 'sliding'"), "true");
        assert_eq!(eval("has(kinds, 'full')"), "true");
        assert_eq!(eval("len(kinds) + min(3, 4) * max(1, 2)"), "8");
        assert_eq!(eval("ends('LlamaModel', 'Model')"), "true");
    }

    #[test]
    fn only_what_is_needed_is_evaluated() {
        assert_eq!(eval("if(tied, 1, heads / 0)"), "1");
        assert_eq!(eval("true or at(kinds, 9) == 1"), "true");
    }

    #[test]
    fn nothing_wraps_and_nothing_rounds() {
        assert_eq!(
            eval("huge * 2"),
            "error: the sizes are so large that `huge * 2` does not fit"
        );
        assert_eq!(
            eval("heads / 5"),
            "error: 32 is not a multiple of 5 in `heads / 5`"
        );
        assert_eq!(
            eval("heads / 0"),
            "error: a division by something not positive in `heads / 0`"
        );
        assert_eq!(
            eval("at(kinds, 2)"),
            "error: a list of 2 has no entry 2 in `at(kinds, 2)`"
        );
        assert_eq!(
            eval("heads + tied"),
            "error: a boolean stands for a number in `heads + tied`"
        );
    }

    #[test]
    fn refuses_what_is_no_expression() {
        for text in [
            "", "1 +", "(1", "1)", "1 2", "f(1)", "if(1)", "'x", "a & b", "and", "1 = 1",
        ] {
            assert!(
                eval(text).starts_with("syntax:"),
                "{text:?} gave {}",
                eval(text)
            );
        }
        assert!(eval(&"(".repeat(100_000)).starts_with("syntax:"));
        assert!(eval(&"not ".repeat(100_000)).starts_with("syntax:"));
    }
}
