//! From SQL syntax to our typed form, by a list of what is allowed.
//!
//! SQL means too many things: engines disagree on everyday expressions, and some of it turns
//! "not known" into "no". So the syntax is borrowed, and every construct is admitted here by name
//! with its types and units; the rest is refused with the way to say it.

use std::sync::Arc;

use sqlparser::ast::{
    BinaryOperator, Expr, InTarget, Spanned, UnaryOperator, Value as Literal, ValueWithSpan,
};
use weigh_facts::{Diagnostic, FactName, FactType, Quantity, Unit};

use super::names::Names;
use super::place::Place;
use crate::ir::{Atom, Comparison, Node, Num, Operand, Test};

/// Turns the conditions of a file into the typed form.
pub(crate) struct Lowering<'a> {
    pub(crate) names: &'a Names<'a>,
    /// The condition at hand.
    pub(crate) place: Place<'a>,
    /// Whose condition it is, for messages: "rule `x`".
    pub(crate) owner: String,
    pub(crate) atoms: Vec<Atom>,
    /// The fields of the record at hand, inside `any` and its kin.
    pub(crate) fields: Option<Fields<'a>>,
    pub(crate) errors: Vec<Diagnostic>,
}

/// The fields a record has, and those a condition uses.
pub(crate) struct Fields<'a> {
    pub(crate) known: &'a std::collections::BTreeMap<String, FactType>,
    pub(crate) used: Vec<String>,
}

/// What an expression is.
pub(super) enum Typed {
    Condition(Node),
    Number(Number),
    /// A fact that is a word of a closed list, a code or a day.
    Plain(Operand, FactType, String),
    /// A text in quotes.
    Text(String),
    /// A fact that is a list of records or a set of words: only functions take it.
    Collection(usize, FactType),
}

/// A quantity with its unit and the slots it reads.
pub(super) struct Number {
    pub(super) num: Num,
    pub(super) unit: Unit,
    pub(super) slots: Vec<usize>,
    /// Does it depend on the subject? A field of a record does without a slot of its own.
    pub(super) is_fixed: bool,
}

impl<'a> Lowering<'a> {
    pub(super) fn error(
        &mut self,
        code: &'static str,
        expr: &Expr,
        message: String,
        help: impl Into<String>,
    ) {
        let mut found = Diagnostic::new(code, message, self.place.of(expr.span()));
        found.help = Some(help.into()).filter(|h| !h.is_empty());
        self.errors.push(found);
    }

    fn refuse(&mut self, expr: &Expr, what: &str, help: &str) -> Option<Node> {
        let message = format!("{} uses {what}, which rules do not", self.owner);
        self.error("not-in-language", expr, message, help);
        None
    }

    pub(super) fn atom(&mut self, text: String, slots: Vec<usize>, test: Test) -> Node {
        let text: Arc<str> = text.into();
        self.atoms.push(Atom { text, slots, test });
        Node::Atom(self.atoms.len() - 1)
    }

    /// A condition: anything else is refused.
    pub(crate) fn condition(&mut self, expr: &Expr) -> Option<Node> {
        match expr {
            Expr::Nested(inner) => self.condition(inner),
            Expr::UnaryOp {
                op: UnaryOperator::Not,
                expr,
            } => Some(Node::Not(Box::new(self.condition(expr)?))),
            Expr::BinaryOp {
                left,
                op: op @ (BinaryOperator::And | BinaryOperator::Or),
                right,
            } => {
                let mut parts = Vec::new();
                let whole = self.joined(left, op, &mut parts);
                let whole = self.joined(right, op, &mut parts) && whole;
                let is_and = *op == BinaryOperator::And;
                whole.then_some(if is_and {
                    Node::All(parts)
                } else {
                    Node::Any(parts)
                })
            }
            Expr::BinaryOp { left, op, right } => match comparison(op) {
                Some(comparison) => self.compare(expr, left, comparison, right),
                None => self.not_a_condition(expr),
            },
            Expr::Between {
                expr: value,
                negated,
                low,
                high,
            } => self.between(expr, value, *negated, low, high),
            Expr::In {
                expr: value,
                target,
                negated,
                ..
            } => self.among(expr, value, target, *negated),
            _ => self.other_condition(expr),
        }
    }

    /// Joins `a AND b AND c` into one list, so that traces read flat.
    fn joined(&mut self, expr: &Expr, op: &BinaryOperator, parts: &mut Vec<Node>) -> bool {
        if let Expr::BinaryOp {
            left,
            op: inner,
            right,
        } = expr
            && inner == op
        {
            let left = self.joined(left, op, parts);
            return self.joined(right, op, parts) && left;
        }
        let node = self.condition(expr);
        let lowered = node.is_some();
        parts.extend(node);
        lowered
    }

    fn other_condition(&mut self, expr: &Expr) -> Option<Node> {
        const KEYS_ON_IGNORANCE: &str =
            "a missing fact is unknown and stays so; test a fact that somebody declares";
        match expr {
            Expr::IsNull(_) | Expr::IsNotNull(_) => self.refuse(expr, "IS NULL", KEYS_ON_IGNORANCE),
            Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..) => {
                self.refuse(expr, "a test for what is not known", KEYS_ON_IGNORANCE)
            }
            Expr::Case { .. } => self.refuse(
                expr,
                "CASE",
                "write one rule per case and let exceptions override",
            ),
            Expr::Like { .. } | Expr::ILike { .. } | Expr::SimilarTo { .. } => {
                self.refuse(expr, "pattern matching", "list the words with IN")
            }
            Expr::Value(ValueWithSpan {
                value: Literal::Boolean(_),
                ..
            }) => {
                let message = format!("{} has a condition that is always the same", self.owner);
                self.error("always-same", expr, message, "test a fact");
                None
            }
            _ => match self.typed(expr)? {
                Typed::Condition(node) => Some(node),
                _ => self.not_a_condition(expr),
            },
        }
    }

    fn not_a_condition(&mut self, expr: &Expr) -> Option<Node> {
        // A construct that is refused anyway says so better.
        let before = self.errors.len();
        let _ = self.typed(expr);
        if self.errors.len() == before {
            let message = format!("{} needs a condition, and `{expr}` is a value", self.owner);
            self.error("not-a-condition", expr, message, "compare it with a line");
        }
        None
    }

    fn compare(&mut self, whole: &Expr, left: &Expr, op: Comparison, right: &Expr) -> Option<Node> {
        let (one, other) = (self.typed(left), self.typed(right));
        let (one, other) = (one?, other?);
        let text = whole.to_string();
        match (one, other) {
            (Typed::Number(one), Typed::Number(other)) => {
                self.compare_numbers(whole, (left, one), op, (right, other))
            }
            (Typed::Plain(of, kind, name), Typed::Text(word)) => {
                self.compare_word(right, &text, (of, &kind, &name), op, &word)
            }
            (Typed::Text(word), Typed::Plain(of, kind, name)) => {
                self.compare_word(left, &text, (of, &kind, &name), op.flipped(), &word)
            }
            (Typed::Condition(_), _) | (_, Typed::Condition(_)) => {
                let message = format!("{} compares a condition: `{whole}`", self.owner);
                let help = "write the condition itself, or NOT before it";
                self.error("type-mismatch", whole, message, help);
                None
            }
            (one, other) => {
                let message = format!(
                    "{} compares {} with {}",
                    self.owner,
                    describe(&one),
                    describe(&other)
                );
                self.error("type-mismatch", whole, message, compare_help(&one, &other));
                None
            }
        }
    }

    fn compare_numbers(
        &mut self,
        whole: &Expr,
        (left, one): (&Expr, Number),
        op: Comparison,
        (right, other): (&Expr, Number),
    ) -> Option<Node> {
        if one.unit != other.unit {
            self.unit_mismatch((left, &one), (right, &other), "compares");
            return None;
        }
        if one.is_fixed && other.is_fixed {
            let message = format!("{} compares two lines and no fact: `{whole}`", self.owner);
            let help = "one side must depend on the subject";
            self.error("always-same", whole, message, help);
            return None;
        }
        let mut slots = one.slots;
        for slot in other.slots {
            if !slots.contains(&slot) {
                slots.push(slot);
            }
        }
        let test = match (one.num, other.num) {
            (Num::Value(of), line) if other.is_fixed => Test::Line { of, op, line },
            (line, Num::Value(of)) if one.is_fixed => Test::Line {
                of,
                op: op.flipped(),
                line,
            },
            (left, right) => Test::Compare { left, op, right },
        };
        if !self.is_possible(whole, &test) {
            return None;
        }
        Some(self.atom(whole.to_string(), slots, test))
    }

    /// Quantities are never negative: a line below zero, or a strict one at zero, decides nothing.
    fn is_possible(&mut self, whole: &Expr, test: &Test) -> bool {
        let Test::Line {
            op,
            line: Num::Const(line),
            ..
        } = test
        else {
            return true;
        };
        let at_zero = line.is_zero() && matches!(op, Comparison::Less | Comparison::GreaterOrEqual);
        if line.is_negative() || at_zero {
            let message = format!("`{whole}` is always the same: quantities are never negative");
            self.error(
                "always-same",
                whole,
                message,
                "correct the line or the sign",
            );
            return false;
        }
        true
    }

    pub(super) fn unit_mismatch(
        &mut self,
        (left, one): (&Expr, &Number),
        (right, other): (&Expr, &Number),
        verb: &str,
    ) {
        let in_unit = |unit: Unit| match unit.is_none() {
            true => "a plain number".to_owned(),
            false => unit.to_string(),
        };
        let message = format!(
            "{} {verb} `{left}` in {} with `{right}` in {}",
            self.owner,
            in_unit(one.unit),
            in_unit(other.unit)
        );
        let flop = Unit::flop();
        let rate = Unit::parse("FLOP/s")
            .map(|(unit, _)| unit)
            .unwrap_or_default();
        let pair = (one.unit, other.unit);
        let (marked, label, help) = if pair == (rate, flop) || pair == (flop, rate) {
            let marked = if one.unit == rate { left } else { right };
            let help = "the law counts operations, not speed; did you mean `operations('…')`?";
            (marked, "this is a rate", help.to_owned())
        } else if other.unit.is_none() && other.is_fixed {
            let help = format!("write the unit: `{right} {}`", one.unit);
            (right, "this has no unit", help)
        } else if one.unit.is_none() && one.is_fixed {
            let help = format!("write the unit: `{left} {}`", other.unit);
            (left, "this has no unit", help)
        } else {
            (right, "", "both sides need the same unit".to_owned())
        };
        let mut found = Diagnostic::new("unit-mismatch", message, self.place.of(marked.span()));
        found.label = (!label.is_empty()).then(|| label.to_owned());
        self.errors.push(found.with_help(help));
    }

    fn compare_word(
        &mut self,
        literal: &Expr,
        text: &str,
        (of, kind, name): (Operand, &FactType, &str),
        op: Comparison,
        word: &str,
    ) -> Option<Node> {
        let slots = slots_of(of);
        if *kind == FactType::Date {
            let Ok(day) = word.parse() else {
                let message = format!("`{name}` is a date, and `{word}` is none");
                self.error("type-mismatch", literal, message, "write '2026-11-24'");
                return None;
            };
            return Some(self.atom(text.to_owned(), slots, Test::Day { of, op, day }));
        }
        self.known_word(literal, kind, name, word)?;
        let test = Test::Word {
            of,
            words: vec![word.to_owned()],
            sets: Vec::new(),
        };
        let node = match op {
            Comparison::Equal | Comparison::NotEqual => self.atom(text.to_owned(), slots, test),
            _ => {
                let message = format!("`{name}` is {}, which has no order", kind.describe());
                self.error("type-mismatch", literal, message, "use =, <> or IN");
                return None;
            }
        };
        Some(if op == Comparison::NotEqual {
            Node::Not(Box::new(node))
        } else {
            node
        })
    }

    /// Is it a word the fact can have?
    fn known_word(&mut self, at: &Expr, kind: &FactType, name: &str, word: &str) -> Option<()> {
        let found = match kind {
            FactType::Enum(words) | FactType::Set(words) if !words.iter().any(|w| w == word) => {
                let near = weigh_facts::nearest(word, words.iter().map(String::as_str));
                let help = near.map_or_else(
                    || format!("use one of {}", words.join(", ")),
                    |near| format!("did you mean '{near}'?"),
                );
                (
                    "word-not-listed",
                    format!("`{name}` is never '{word}'"),
                    help,
                )
            }
            FactType::Code(scheme) if !is_code(scheme, word) => {
                let upper = word.to_ascii_uppercase();
                let help = if is_code(scheme, &upper) {
                    format!("codes are upper case: '{upper}'")
                } else {
                    format!("write a code of {scheme}")
                };
                ("bad-code", format!("'{word}' is no code of {scheme}"), help)
            }
            _ => return Some(()),
        };
        let (code, message, help) = found;
        self.errors
            .push(Diagnostic::new(code, message, self.place.of(at.span())).with_help(help));
        None
    }

    fn between(
        &mut self,
        whole: &Expr,
        value: &Expr,
        negated: bool,
        low: &Expr,
        high: &Expr,
    ) -> Option<Node> {
        if let (Some(one), Some(other)) = (self.constant(low), self.constant(high))
            && one > other
        {
            let message = format!("nothing lies between `{low}` and `{high}`");
            self.error("empty-range", whole, message, "write the lower end first");
            return None;
        }
        let at_least = self.compare_parts(value, Comparison::GreaterOrEqual, low);
        let at_most = self.compare_parts(value, Comparison::LessOrEqual, high);
        let both = Node::All(vec![at_least?, at_most?]);
        Some(if negated {
            Node::Not(Box::new(both))
        } else {
            both
        })
    }

    fn compare_parts(&mut self, value: &Expr, op: Comparison, line: &Expr) -> Option<Node> {
        let sign = match op {
            Comparison::GreaterOrEqual => BinaryOperator::GtEq,
            _ => BinaryOperator::LtEq,
        };
        let whole = Expr::BinaryOp {
            left: Box::new(value.clone()),
            op: sign,
            right: Box::new(line.clone()),
        };
        self.compare(&whole, value, op, line)
    }

    /// The value of a number written out, for lints.
    fn constant(&self, expr: &Expr) -> Option<weigh_facts::Decimal> {
        match expr {
            Expr::Value(ValueWithSpan {
                value: Literal::Number(text, _),
                ..
            }) => text.parse::<Quantity>().ok().map(|q| q.value),
            _ => None,
        }
    }

    fn among(
        &mut self,
        whole: &Expr,
        value: &Expr,
        target: &InTarget,
        negated: bool,
    ) -> Option<Node> {
        let InTarget::List(items) = target else {
            let help = "write the words out, or a set in parentheses: IN ($set)";
            return self.refuse(whole, "IN over something else than a list", help);
        };
        let Typed::Plain(of, kind, name) = self.typed(value)? else {
            let message = format!("{} looks for `{value}` in a list", self.owner);
            let help = "IN takes a fact that is a word or a code";
            self.error("type-mismatch", whole, message, help);
            return None;
        };
        let (mut words, mut sets, mut whole_list) = (Vec::new(), Vec::new(), true);
        for item in items {
            match self.list_item(item, &kind, &name) {
                Some(ListItem::Word(word)) => words.push(word),
                Some(ListItem::Set(set)) => sets.push(set),
                None => whole_list = false,
            }
        }
        if !whole_list {
            return None;
        }
        let text = match negated {
            true => whole.to_string().replacen(" NOT IN ", " IN ", 1),
            false => whole.to_string(),
        };
        let node = self.atom(text, slots_of(of), Test::Word { of, words, sets });
        Some(if negated {
            Node::Not(Box::new(node))
        } else {
            node
        })
    }

    fn list_item(&mut self, item: &Expr, kind: &FactType, name: &str) -> Option<ListItem> {
        match literal(item) {
            Some(Literal::SingleQuotedString(word)) => {
                self.known_word(item, kind, name, word)?;
                Some(ListItem::Word(word.clone()))
            }
            Some(Literal::Placeholder(placeholder)) => {
                let set = placeholder.trim_start_matches('$');
                match self.names.set(set) {
                    Ok(index) => Some(ListItem::Set(index)),
                    Err(near) => {
                        let message = format!(
                            "{} looks in the set `${set}`, which the rulebook does not have",
                            self.owner
                        );
                        let help = near.map_or_else(
                            || format!("add a table `[set.{set}]`"),
                            |near| format!("did you mean `${near}`?"),
                        );
                        self.error("unknown-set", item, message, help);
                        None
                    }
                }
            }
            Some(Literal::Null) => {
                let help = "NULL equals nothing, and with NOT it hides every answer; leave it out";
                let _ = self.refuse(item, "NULL", help);
                None
            }
            _ => {
                let message = format!("`{name}` is {}, and `{item}` is not", kind.describe());
                self.error("type-mismatch", item, message, "write words in quotes");
                None
            }
        }
    }

    /// The type of an expression, or a diagnostic why it has none.
    pub(super) fn typed(&mut self, expr: &Expr) -> Option<Typed> {
        match expr {
            Expr::Nested(inner) => self.typed(inner),
            Expr::Identifier(ident) if ident.quote_style.is_none() => {
                self.identifier(expr, &ident.value)
            }
            Expr::Value(value) => self.value(expr, &value.value),
            Expr::Function(function) => self.function(expr, function),
            Expr::UnaryOp {
                op: UnaryOperator::Minus,
                expr: inner,
            } => match self.typed(inner)? {
                Typed::Number(Number {
                    num: Num::Const(value),
                    unit,
                    slots,
                    is_fixed,
                }) => Some(Typed::Number(Number {
                    num: Num::Const(-&value),
                    unit,
                    slots,
                    is_fixed,
                })),
                _ => {
                    self.refuse(expr, "a negative quantity", "subtract with `a - b`");
                    None
                }
            },
            Expr::BinaryOp {
                left,
                op: op @ (BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply),
                right,
            } => self.arithmetic(left, op, right),
            Expr::BinaryOp {
                op: BinaryOperator::Divide | BinaryOperator::Modulo,
                ..
            } => {
                let help = "multiply the other side instead (`3 * added > original`), or make the ratio a fact";
                self.refuse(expr, "division", help);
                None
            }
            Expr::BinaryOp {
                op: BinaryOperator::And | BinaryOperator::Or,
                ..
            }
            | Expr::UnaryOp {
                op: UnaryOperator::Not,
                ..
            }
            | Expr::In { .. }
            | Expr::Between { .. } => self.condition(expr).map(Typed::Condition),
            Expr::BinaryOp { op, .. } if comparison(op).is_some() => {
                self.condition(expr).map(Typed::Condition)
            }
            Expr::Case { .. } | Expr::IsNull(_) | Expr::IsNotNull(_) => {
                self.other_condition(expr).map(Typed::Condition)
            }
            Expr::CompoundIdentifier(parts) => {
                let family = parts.first().map_or("FAMILY", |p| p.value.as_str());
                let help = format!("write `{family}('CONVENTION')`");
                self.refuse(expr, "a name with a dot", &help);
                None
            }
            _ => {
                let what = format!("`{expr}`");
                self.refuse(expr, &what, "see the grammar of conditions in the manual");
                None
            }
        }
    }

    fn value(&mut self, expr: &Expr, value: &Literal) -> Option<Typed> {
        match value {
            Literal::Number(text, false) => match text.parse::<Quantity>() {
                Ok(quantity) => Some(Typed::Number(Number {
                    num: Num::Const(quantity.value),
                    unit: quantity.unit,
                    slots: Vec::new(),
                    is_fixed: true,
                })),
                Err(error) => {
                    self.error("bad-quantity", expr, error.to_string(), "");
                    None
                }
            },
            Literal::SingleQuotedString(text) => Some(Typed::Text(text.clone())),
            Literal::Placeholder(name) => self.param(expr, name.trim_start_matches('$')),
            Literal::Null => {
                let help = "a missing fact is unknown and stays so";
                self.refuse(expr, "NULL", help);
                None
            }
            Literal::Boolean(_) => {
                let message = format!("{} compares with `{expr}`", self.owner);
                let help = "write the fact itself, or NOT before it";
                self.error("type-mismatch", expr, message, help);
                None
            }
            _ => {
                let what = format!("`{expr}`");
                self.refuse(
                    expr,
                    &what,
                    "write a number with its unit, or a word in quotes",
                );
                None
            }
        }
    }

    fn param(&mut self, expr: &Expr, name: &str) -> Option<Typed> {
        match self.names.param(name) {
            Ok(index) => Some(Typed::Number(Number {
                num: Num::Param(index),
                unit: self.names.units.get(index).copied().unwrap_or_default(),
                slots: Vec::new(),
                is_fixed: true,
            })),
            Err(near) => {
                let is_set = self.names.sets.iter().any(|s| s.name == name);
                let message = format!(
                    "{} reads `${name}`, which the rulebook does not have",
                    self.owner
                );
                let help = match near {
                    _ if is_set => format!("a set stands in parentheses after IN: `IN (${name})`"),
                    Some(near) => format!("did you mean `${near}`?"),
                    None => format!("add a table `[param.{name}]`"),
                };
                self.error("unknown-param", expr, message, help);
                None
            }
        }
    }

    fn identifier(&mut self, expr: &Expr, name: &str) -> Option<Typed> {
        if let Some(fields) = &mut self.fields
            && let Some(kind) = fields.known.get(name)
        {
            let kind = kind.clone();
            let index = fields
                .used
                .iter()
                .position(|f| f == name)
                .unwrap_or_else(|| {
                    fields.used.push(name.to_owned());
                    fields.used.len() - 1
                });
            return Some(self.operand(expr, Operand::Field(index), kind, name));
        }
        if self.fields.is_none()
            && let Some(index) = self.names.predicate(name)
        {
            return Some(Typed::Condition(Node::Predicate(index)));
        }
        let Some(definition) = self.names.dictionary.family(name) else {
            let near = self.names.nearest(name);
            let is_code = name.chars().all(|c| c.is_ascii_uppercase());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None if is_code => format!("write a code in quotes: '{name}'"),
                None => self.names.dictionary.related(name).unwrap_or_else(|| {
                    "name a fact of the dictionary (`weighbridge rules facts` lists them) or a \
                     predicate of the rulebook"
                        .to_owned()
                }),
            };
            let message = format!(
                "{} mentions `{name}`, which is neither fact nor predicate",
                self.owner
            );
            self.error("unknown-name", expr, message, help);
            return None;
        };
        if definition.per_convention {
            let message = format!("`{name}` needs a counting convention");
            let help = format!("write `{name}('CONVENTION')`");
            self.error("unknown-convention", expr, message, help);
            return None;
        }
        let fact: FactName = name.parse().ok()?;
        Some(self.fact(expr, fact, &definition.kind))
    }

    pub(super) fn fact(&mut self, expr: &Expr, name: FactName, kind: &FactType) -> Typed {
        let shown = name.to_string();
        let slot = self.names.slot(name, kind);
        self.operand(expr, Operand::Fact(slot), kind.clone(), &shown)
    }

    fn operand(&mut self, expr: &Expr, of: Operand, kind: FactType, name: &str) -> Typed {
        match kind {
            FactType::Bool => {
                let node = self.atom(expr.to_string(), slots_of(of), Test::Flag(of));
                Typed::Condition(node)
            }
            FactType::Quantity { unit, .. } => Typed::Number(Number {
                num: Num::Value(of),
                unit,
                slots: slots_of(of),
                is_fixed: false,
            }),
            FactType::Set(_) | FactType::List(_) => match of {
                Operand::Fact(slot) => Typed::Collection(slot, kind),
                Operand::Field(_) => Typed::Plain(of, kind, name.to_owned()),
            },
            FactType::Enum(_) | FactType::Code(_) | FactType::Date => {
                Typed::Plain(of, kind, name.to_owned())
            }
        }
    }
}

enum ListItem {
    Word(String),
    Set(usize),
}

pub(super) fn slots_of(of: Operand) -> Vec<usize> {
    match of {
        Operand::Fact(slot) => vec![slot],
        Operand::Field(_) => Vec::new(),
    }
}

pub(super) fn literal(expr: &Expr) -> Option<&Literal> {
    match expr {
        Expr::Value(value) => Some(&value.value),
        Expr::Nested(inner) => literal(inner),
        _ => None,
    }
}

fn comparison(op: &BinaryOperator) -> Option<Comparison> {
    Some(match op {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::NotEqual,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

/// Upper case letters, digits and `.:-`; two letters for countries.
pub(super) fn is_code(scheme: &str, word: &str) -> bool {
    let shaped = !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || ".:-".contains(c));
    let is_country = word.len() == 2 && word.chars().all(|c| c.is_ascii_uppercase());
    shaped && (scheme != "iso3166" || is_country)
}

fn describe(typed: &Typed) -> String {
    match typed {
        Typed::Condition(_) => "a condition".to_owned(),
        Typed::Number(number) if number.unit.is_none() => "a number".to_owned(),
        Typed::Number(number) => format!("a quantity in {}", number.unit),
        Typed::Plain(_, kind, name) => format!("`{name}`, {},", kind.describe()),
        Typed::Text(text) => format!("the text '{text}'"),
        Typed::Collection(_, kind) => kind.describe(),
    }
}

fn compare_help(one: &Typed, other: &Typed) -> String {
    match (one, other) {
        (Typed::Number(number), Typed::Text(_)) | (Typed::Text(_), Typed::Number(number)) => {
            match number.unit.is_none() {
                true => "write a number without quotes".to_owned(),
                false => format!("write a number with its unit: `1 {}`", number.unit),
            }
        }
        (Typed::Collection(_, FactType::Set(_)), _)
        | (_, Typed::Collection(_, FactType::Set(_))) => "use `contains(fact, 'word')`".to_owned(),
        (Typed::Collection(..), _) | (_, Typed::Collection(..)) => {
            "use any, all, sum or count over the records".to_owned()
        }
        _ => "compare a fact with a value of its own type".to_owned(),
    }
}
