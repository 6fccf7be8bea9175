//! Exact numbers on the wire.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use weigh_facts::{Coverage, Decimal, Estimate, Operations, Tokens};

/// A decimal as a JSON number with every digit and no exponent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number(pub(super) Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.0.to_plain()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// What is known of a quantity.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Amount {
    best: Option<Number>,
    low: Option<Number>,
    high: Option<Number>,
    /// Every digit as a string, for readers whose numbers are floats.
    exact: Option<String>,
    unit: String,
    coverage: Option<String>,
    method: Option<String>,
}

impl Amount {
    /// What is known of operations.
    pub(super) fn of_operations(estimate: &Estimate<Operations>) -> Self {
        Self::of(
            &estimate.map_increasing(|o| o.to_decimal()),
            Operations::UNIT,
        )
    }

    /// What is known of tokens.
    pub(super) fn of_tokens(estimate: &Estimate<Tokens>) -> Self {
        Self::of(&estimate.map_increasing(|t| t.to_decimal()), Tokens::UNIT)
    }

    /// What is known of any quantity, in base units.
    pub(super) fn of(estimate: &Estimate<Decimal>, unit: impl Into<String>) -> Self {
        let number = |d: Option<&Decimal>| d.cloned().map(Number);
        Self {
            best: number(estimate.best()),
            low: number(estimate.low()),
            high: number(estimate.high()),
            exact: estimate.as_exact().map(Decimal::to_plain),
            unit: unit.into(),
            coverage: Some(coverage(estimate.coverage())),
            method: Some(estimate.method().to_string()),
        }
    }
}

/// The total of all stages: always an object, all of it `null` when nothing is known.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Total {
    best: Option<Number>,
    low: Option<Number>,
    high: Option<Number>,
    exact: Option<String>,
    unit: &'static str,
    /// Which stages: all of them. Totals under the rules' own conventions stand beside it.
    convention: &'static str,
    coverage: Option<String>,
    method: Option<String>,
    /// Names of the assumptions the count rests on.
    assumptions: Vec<String>,
}

impl Total {
    pub(super) fn of(estimate: Option<&Estimate<Operations>>, assumptions: Vec<String>) -> Self {
        let amount = estimate.map(Amount::of_operations);
        let (best, low, high, exact, coverage, method) = match amount {
            Some(a) => (a.best, a.low, a.high, a.exact, a.coverage, a.method),
            None => (None, None, None, None, None, None),
        };
        Self {
            best,
            low,
            high,
            exact,
            unit: Operations::UNIT,
            convention: "all-stages",
            coverage,
            method,
            assumptions,
        }
    }
}

/// `hard`, or the probability of the interval: `0.90`.
pub(super) fn coverage(coverage: Coverage) -> String {
    coverage.to_string()
}

#[cfg(test)]
mod tests {
    use weigh_facts::MethodId;

    use super::*;

    #[test]
    fn numbers_keep_every_digit() {
        let count: Operations = "1234567890123456789012345678".parse().expect("a count");
        let amount = Amount::of_operations(&Estimate::exact(count, MethodId::new("test/1")));
        let json = serde_json::to_string(&amount).expect("an amount serializes");
        assert!(
            json.contains(r#""best":1234567890123456789012345678,"#),
            "{json}"
        );
        assert!(
            json.contains(r#""exact":"1234567890123456789012345678""#),
            "{json}"
        );
    }

    #[test]
    fn nothing_known_is_all_null() {
        let json = serde_json::to_value(Total::of(None, Vec::new())).expect("it serializes");
        for key in ["best", "low", "high", "exact", "coverage"] {
            assert!(
                json.get(key).is_some_and(serde_json::Value::is_null),
                "{key}"
            );
        }
    }
}
