//! The functions a condition can call: families of facts, results of other rules, records.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    Value as Literal,
};
use weigh_facts::{FactName, FactType};

use super::lower::{Fields, Lowering, Number, Typed, literal};
use crate::ir::{Atom, Inner, Node, Num, Operand, Test};
use weigh_facts::nearest;

const FUNCTIONS: &[&str] = &[
    "applies", "any", "all", "sum", "count", "contains", "greatest", "least",
];

impl<'a> Lowering<'a> {
    pub(super) fn arithmetic(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
    ) -> Option<Typed> {
        let (one, other) = (self.number(left), self.number(right));
        let (one, other) = (one?, other?);
        let is_product = *op == BinaryOperator::Multiply;
        if !is_product && one.unit != other.unit {
            let verb = match op {
                BinaryOperator::Plus => "adds",
                _ => "subtracts",
            };
            self.unit_mismatch((left, &one), (right, &other), verb);
            return None;
        }
        let unit = match is_product {
            true => one.unit.times(other.unit),
            false => one.unit,
        };
        let slots = merged(&one.slots, &other.slots);
        let is_fixed = one.is_fixed && other.is_fixed;
        let (one, other) = (Box::new(one.num), Box::new(other.num));
        let num = match op {
            BinaryOperator::Plus => Num::Add(one, other),
            BinaryOperator::Minus => Num::Sub(one, other),
            _ => Num::Mul(one, other),
        };
        Some(Typed::Number(Number {
            num: folded(num),
            unit,
            slots,
            is_fixed,
        }))
    }

    fn number(&mut self, expr: &Expr) -> Option<Number> {
        if let Typed::Number(number) = self.typed(expr)? {
            return Some(number);
        }
        let message = format!(
            "{} calculates with `{expr}`, which is no quantity",
            self.owner
        );
        self.error("type-mismatch", expr, message, "");
        None
    }

    pub(super) fn function(&mut self, expr: &Expr, function: &Function) -> Option<Typed> {
        let name = function.name.to_string();
        let Some(args) = plain_args(function) else {
            let message = format!("`{name}` is called in a way that rules do not know");
            self.error("not-in-language", expr, message, "write plain arguments");
            return None;
        };
        if let Some(definition) = self.names.dictionary.family(&name)
            && definition.per_convention
        {
            let convention = self.convention(expr, &name, &args)?;
            let fact = FactName::of(&name, &convention);
            return Some(self.fact(expr, fact, &definition.kind));
        }
        match (name.as_str(), args.as_slice()) {
            ("applies", [rule]) => self.applies(rule),
            ("greatest" | "least", [_, _, ..]) => self.extreme(&name, &args),
            ("contains", [set, word]) => self.contains(expr, set, word),
            ("any" | "all", [list, when]) => {
                let (list, name_of_list) = self.records(list)?;
                let (when, mut slots) = self.inner(when, &name_of_list)?;
                slots.insert(0, list);
                let when = Box::new(when);
                let test = match name.as_str() {
                    "any" => Test::Exists { list, when },
                    _ => Test::Every { list, when },
                };
                Some(Typed::Condition(self.atom(expr.to_string(), slots, test)))
            }
            ("count", [list, rest @ ..]) if rest.len() < 2 => self.total(list, None, rest.first()),
            ("sum", [list, field, rest @ ..]) if rest.len() < 2 => {
                self.total(list, Some(field), rest.first())
            }
            (known, _) if FUNCTIONS.contains(&known) => {
                let message = format!("`{name}` takes other arguments");
                self.error("not-in-language", expr, message, usage(known));
                None
            }
            _ => self.unknown_function(expr, &name),
        }
    }

    fn unknown_function(&mut self, expr: &Expr, name: &str) -> Option<Typed> {
        let families = self.names.dictionary.iter();
        let families = families
            .filter(|d| d.per_convention)
            .map(|d| d.name.as_str());
        let near = nearest(name, families.chain(FUNCTIONS.iter().copied()));
        let help = match (name.to_ascii_lowercase().as_str(), near) {
            ("coalesce" | "ifnull" | "nvl" | "nullif", _) => {
                "a missing fact is unknown and stays so; no default stands in for it".to_owned()
            }
            ("random" | "rand" | "now" | "current_date", _) => {
                "the same facts on the same day give the same answer".to_owned()
            }
            (_, Some(near)) => format!("did you mean `{near}`?"),
            _ => format!("rules know {}", FUNCTIONS.join(", ")),
        };
        let message = format!("{} calls `{name}`, which rules do not know", self.owner);
        self.error("not-in-language", expr, message, help);
        None
    }

    fn convention(&mut self, expr: &Expr, family: &str, args: &[&Expr]) -> Option<String> {
        let known: Vec<&str> = self
            .names
            .conventions
            .iter()
            .map(|c| c.id.as_str())
            .collect();
        let asked = match args {
            [one] => match literal(one) {
                Some(Literal::SingleQuotedString(name)) => Some((*one, name.clone())),
                _ => None,
            },
            _ => None,
        };
        let Some((at, name)) = asked else {
            let message = format!("`{family}` takes the name of a counting convention in quotes");
            let help = format!(
                "write `{family}('{}')`",
                known.first().unwrap_or(&"CONVENTION")
            );
            self.error("unknown-convention", expr, message, help);
            return None;
        };
        if known.contains(&name.as_str()) {
            return Some(name);
        }
        let message = format!("there is no counting convention '{name}'");
        let help = nearest(&name, known.iter().copied()).map_or_else(
            || format!("use one of {}", known.join(", ")),
            |near| format!("did you mean '{near}'?"),
        );
        self.error("unknown-convention", at, message, help);
        None
    }

    fn applies(&mut self, rule: &Expr) -> Option<Typed> {
        if self.fields.is_some() {
            let message = "a condition on a record cannot ask for another rule".to_owned();
            self.error("not-in-language", rule, message, "ask outside the record");
            return None;
        }
        let Some(Literal::SingleQuotedString(id)) = literal(rule) else {
            let message = "`applies` takes the id of a rule in quotes".to_owned();
            self.error("not-in-language", rule, message, usage("applies"));
            return None;
        };
        match self.names.rule(id) {
            Ok(index) => Some(Typed::Condition(Node::Applies(index))),
            Err(near) => {
                let message = format!(
                    "{} asks for the rule `{id}`, which the rulebook does not have",
                    self.owner
                );
                let help = near.map_or_else(String::new, |n| format!("did you mean '{n}'?"));
                self.error("dangling-rule", rule, message, help);
                None
            }
        }
    }

    fn extreme(&mut self, name: &str, args: &[&Expr]) -> Option<Typed> {
        let numbers: Vec<Option<Number>> = args.iter().map(|a| self.number(a)).collect();
        let numbers: Vec<Number> = numbers.into_iter().collect::<Option<_>>()?;
        let (Some(first), Some(first_arg)) = (numbers.first(), args.first()) else {
            return None;
        };
        let mut slots: Vec<usize> = Vec::new();
        for (number, arg) in numbers.iter().zip(args) {
            if number.unit != first.unit {
                self.unit_mismatch((first_arg, first), (arg, number), "takes together");
                return None;
            }
            slots = merged(&slots, &number.slots);
        }
        let (unit, is_fixed) = (first.unit, numbers.iter().all(|n| n.is_fixed));
        let parts = numbers.into_iter().map(|n| n.num).collect();
        let num = match name {
            "greatest" => Num::Greatest(parts),
            _ => Num::Least(parts),
        };
        Some(Typed::Number(Number {
            num,
            unit,
            slots,
            is_fixed,
        }))
    }

    fn contains(&mut self, expr: &Expr, set: &Expr, word: &Expr) -> Option<Typed> {
        let Typed::Collection(slot, FactType::Set(words)) = self.typed(set)? else {
            let message = format!("`{set}` is no set of words");
            self.error("type-mismatch", set, message, usage("contains"));
            return None;
        };
        let Some(Literal::SingleQuotedString(wanted)) = literal(word) else {
            let message = "`contains` takes a word in quotes".to_owned();
            self.error("type-mismatch", word, message, usage("contains"));
            return None;
        };
        if !words.contains(wanted) {
            let message = format!("`{set}` never contains '{wanted}'");
            let help = nearest(wanted, words.iter().map(String::as_str)).map_or_else(
                || format!("use one of {}", words.join(", ")),
                |near| format!("did you mean '{near}'?"),
            );
            self.error("word-not-listed", word, message, help);
            return None;
        }
        let test = Test::Contains {
            of: Operand::Fact(slot),
            word: wanted.clone(),
        };
        Some(Typed::Condition(self.atom(
            expr.to_string(),
            vec![slot],
            test,
        )))
    }

    /// The slot of a list of records, and the name it is known by.
    fn records(&mut self, list: &Expr) -> Option<(usize, String)> {
        if self.fields.is_some() {
            let message = "records are one level deep".to_owned();
            self.error(
                "not-in-language",
                list,
                message,
                "name a predicate per level",
            );
            return None;
        }
        match (self.typed(list)?, list) {
            (Typed::Collection(slot, FactType::List(_)), Expr::Identifier(name)) => {
                Some((slot, name.value.clone()))
            }
            _ => {
                let message = format!("`{list}` is no list of records");
                self.error("type-mismatch", list, message, usage("any"));
                None
            }
        }
    }

    /// A condition on the records of a list, and the slots of the subject it reads besides.
    fn inner(&mut self, when: &Expr, name: &str) -> Option<(Inner, Vec<usize>)> {
        let FactType::List(known) = &self.names.dictionary.family(name)?.kind else {
            return None;
        };
        self.fields = Some(Fields {
            known,
            used: Vec::new(),
        });
        let outer = std::mem::take(&mut self.atoms);
        let node = self.condition(when);
        let atoms = std::mem::replace(&mut self.atoms, outer);
        let fields = self.fields.take().map(|f| f.used).unwrap_or_default();
        let slots = slots_in(&atoms);
        let node = node?;
        Some((
            Inner {
                node,
                atoms,
                fields,
            },
            slots,
        ))
    }

    fn total(&mut self, list: &Expr, field: Option<&&Expr>, when: Option<&&Expr>) -> Option<Typed> {
        let (slot, name) = self.records(list)?;
        let mut slots = vec![slot];
        let FactType::List(known) = &self.names.dictionary.family(&name)?.kind else {
            return None;
        };
        let unit = match field {
            None => Some(weigh_facts::Unit::NONE),
            Some(Expr::Identifier(field)) => match known.get(&field.value) {
                Some(FactType::Quantity { unit, .. }) => Some(*unit),
                _ => None,
            },
            Some(_) => None,
        };
        let Some(unit) = unit else {
            let at = field.map_or(list, |f| f);
            let message = format!("`{at}` is no quantity of a record of `{name}`");
            self.error("type-mismatch", at, message, usage("sum"));
            return None;
        };
        let when = match when {
            Some(when) => {
                let (inner, more) = self.inner(when, &name)?;
                slots = merged(&slots, &more);
                Some(Box::new(inner))
            }
            None => None,
        };
        let num = match field {
            Some(field) => Num::Sum {
                list: slot,
                field: field.to_string(),
                when,
            },
            None => Num::Count { list: slot, when },
        };
        Some(Typed::Number(Number {
            num,
            unit,
            slots,
            is_fixed: false,
        }))
    }
}

fn usage(name: &str) -> &'static str {
    match name {
        "applies" => "write `applies('rule-id')`",
        "contains" => "write `contains(fact, 'word')`",
        "greatest" | "least" => "write two quantities or more",
        "sum" => "write `sum(list, field)` or `sum(list, field, condition)`",
        "count" => "write `count(list)` or `count(list, condition)`",
        _ => "write `any(list, condition)` or `all(list, condition)`",
    }
}

/// Two constants are one.
fn folded(num: Num) -> Num {
    let value = match &num {
        Num::Add(a, b) => constants(a, b).map(|(a, b)| a + b),
        Num::Sub(a, b) => constants(a, b).map(|(a, b)| a - b),
        Num::Mul(a, b) => constants(a, b).map(|(a, b)| a * b),
        _ => None,
    };
    value.map_or(num, Num::Const)
}

fn constants<'n>(
    a: &'n Num,
    b: &'n Num,
) -> Option<(&'n weigh_facts::Decimal, &'n weigh_facts::Decimal)> {
    match (a, b) {
        (Num::Const(a), Num::Const(b)) => Some((a, b)),
        _ => None,
    }
}

fn merged(one: &[usize], other: &[usize]) -> Vec<usize> {
    let more = other.iter().filter(|s| !one.contains(s));
    one.iter().chain(more).copied().collect()
}

fn slots_in(atoms: &[Atom]) -> Vec<usize> {
    atoms
        .iter()
        .fold(Vec::new(), |slots, atom| merged(&slots, &atom.slots))
}

/// The arguments, if they are plain expressions and nothing else is said.
fn plain_args(function: &Function) -> Option<Vec<&Expr>> {
    let FunctionArguments::List(list) = &function.args else {
        return None;
    };
    let is_plain = function.filter.is_none()
        && function.over.is_none()
        && function.null_treatment.is_none()
        && function.within_group.is_empty()
        && !function.uses_odbc_syntax
        && matches!(function.parameters, FunctionArguments::None)
        && list.duplicate_treatment.is_none()
        && list.clauses.is_empty();
    let args = list.args.iter().map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    args.collect::<Option<_>>().filter(|_| is_plain)
}
