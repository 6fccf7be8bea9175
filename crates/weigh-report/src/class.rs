//! What rules make of a chip, in a few words.
//!
//! - **Invariant:** a class that certainly applies is not said again as one that perhaps does.

use weigh_facts::Verdict;
use weigh_rules::Basis;
use weigh_station::Speaks;

use crate::clean::clean;

/// No rule applies, and none could.
pub(crate) const NO_RULE: &str = "no rule";

/// A rule speaks of the day, and its text was not known by the day on which knowledge ends.
pub(crate) const NOT_KNOWN: &str = "not known by then";

/// The words of a class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClassWords {
    /// What certainly applies, each once.
    pub(crate) certain: Vec<String>,
    /// What else could apply, each once.
    pub(crate) open: Vec<String>,
    /// What an agency's policy presumes of the chip; no class, and no text of the law.
    pub(crate) policy: Vec<String>,
    /// Do rules speak of the day whose text was not known yet?
    pub(crate) is_unread: bool,
}

impl ClassWords {
    /// Of the rules that speak. Where one gives an ECCN, remarks that merely could apply beside it
    /// are left out: they change no class.
    pub(crate) fn of(says: &[Speaks]) -> Self {
        let (mut certain, mut open) = (Vec::new(), Vec::new());
        let (unread, says): (Vec<&Speaks>, Vec<&Speaks>) = says.iter().partition(|s| is_unread(s));
        let (policies, says): (Vec<&Speaks>, Vec<&Speaks>) =
            says.into_iter().partition(|s| s.basis == Basis::Policy);
        for speaks in says {
            let words = match speaks.verdict {
                Verdict::Applies => &mut certain,
                Verdict::Indeterminate => &mut open,
                Verdict::DoesNotApply | Verdict::NotInForce => continue,
            };
            let word = word(speaks);
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let classifies = certain.iter().chain(&open).any(|w| is_eccn(w));
        open.retain(|w| !certain.contains(w) && (is_eccn(w) || !classifies));
        let policies = policies.into_iter().filter_map(|speaks| {
            let perhaps = match speaks.verdict {
                Verdict::Applies => "",
                Verdict::Indeterminate => "perhaps ",
                Verdict::DoesNotApply | Verdict::NotInForce => return None,
            };
            Some(format!("policy: {perhaps}{}", word(speaks)))
        });
        Self {
            certain,
            open,
            policy: policies.collect(),
            is_unread: !unread.is_empty(),
        }
    }

    /// `3A090.a`, `3A090.a; policy: gp10: presumed made in breach`, `no rule`.
    pub(crate) fn in_words(&self) -> String {
        let class = self.without_policy();
        let class = (class != NO_RULE || self.policy.is_empty()).then_some(class);
        let policy = self.policy.iter().map(|p| clean(p));
        class
            .into_iter()
            .chain(policy)
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// The class alone: `3A090.a`, `perhaps 3A090.a or 3A090.b`, `no rule`.
    pub(crate) fn without_policy(&self) -> String {
        let open = format!("perhaps {}", self.open.join(" or "));
        let open = (!self.open.is_empty()).then_some(open);
        let all: Vec<String> = self.certain.iter().cloned().chain(open).collect();
        match (all.is_empty(), self.is_unread) {
            (true, false) => NO_RULE.to_owned(),
            (true, true) => NOT_KNOWN.to_owned(),
            (false, false) => clean(&all.join(", ")),
            (false, true) => clean(&format!("{}; later rules {NOT_KNOWN}", all.join(", "))),
        }
    }
}

/// Is it open because its text was not known yet? Then nothing that could be told settles it.
pub(crate) fn is_unread(speaks: &Speaks) -> bool {
    speaks.verdict == Verdict::Indeterminate
        && speaks.text_status.is_none()
        && speaks.needs.is_empty()
}

/// An ECCN says by itself what it is; any other word stands behind what it decides.
fn word(speaks: &Speaks) -> String {
    match speaks.outcome.split_once(": ") {
        Some((_, word)) if is_eccn(word) => word.to_owned(),
        _ if speaks.outcome.is_empty() => speaks.rule.clone(),
        _ => speaks.outcome.clone(),
    }
}

fn is_eccn(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use weigh_facts::{Enforcement, Level, TextStatus};

    use super::*;

    /// The words of rules given as `verdict outcome`.
    fn words(rules: &[(Verdict, &str)]) -> String {
        let says: Vec<Speaks> = rules.iter().map(|(v, o)| speaks(*v, o)).collect();
        ClassWords::of(&says).in_words()
    }

    fn speaks(verdict: Verdict, outcome: &str) -> Speaks {
        Speaks {
            rulebook: "b".to_owned(),
            rule: "r".to_owned(),
            verdict,
            level: Level::Flag,
            outcome: outcome.to_owned(),
            text_status: Some(TextStatus::InForce),
            enforcement: Enforcement::Unknown,
            basis: Basis::Text,
            citation: String::new(),
            needs: Vec::new(),
        }
    }

    #[test]
    fn a_class_is_said_once() {
        use Verdict::{Applies, Indeterminate};
        let (a, b) = ("circuit: 3A090.a", "circuit: 3A090.b");
        let undefined = "density: undefined";
        assert_eq!(words(&[]), "no rule");
        assert_eq!(words(&[(Applies, a), (Applies, a)]), "3A090.a");
        assert_eq!(words(&[(Indeterminate, a), (Applies, a)]), "3A090.a");
        assert_eq!(
            words(&[
                (Indeterminate, a),
                (Indeterminate, b),
                (Indeterminate, undefined)
            ]),
            "perhaps 3A090.a or 3A090.b"
        );
        assert_eq!(words(&[(Applies, undefined)]), "density: undefined");
        assert_eq!(
            words(&[(Applies, a), (Applies, undefined)]),
            "3A090.a, density: undefined"
        );
        assert_eq!(
            words(&[(Indeterminate, undefined)]),
            "perhaps density: undefined"
        );
    }

    #[test]
    fn a_policy_stands_beside_the_class_and_is_none() {
        let speaks = |basis, verdict, outcome: &str| Speaks {
            basis,
            ..speaks(verdict, outcome)
        };
        let class = speaks(Basis::Text, Verdict::Applies, "circuit: 3A090.a");
        let policy = |verdict| speaks(Basis::Policy, verdict, "gp10: presumed");
        let all = ClassWords::of(&[class.clone(), policy(Verdict::Applies)]);
        assert_eq!(all.in_words(), "3A090.a; policy: gp10: presumed");
        assert_eq!(all.certain, ["3A090.a"]);
        let open = ClassWords::of(&[class, policy(Verdict::Indeterminate)]);
        assert_eq!(open.in_words(), "3A090.a; policy: perhaps gp10: presumed");
        let alone = ClassWords::of(&[policy(Verdict::Applies)]);
        assert_eq!(alone.in_words(), "policy: gp10: presumed");
        assert_eq!(alone.without_policy(), NO_RULE);
    }

    #[test]
    fn a_text_that_was_not_known_is_neither_a_class_nor_the_absence_of_one() {
        let unread = Speaks {
            text_status: None,
            ..speaks(Verdict::Indeterminate, "circuit: 3A090.a")
        };
        let class = speaks(Verdict::Applies, "circuit: 3A090.b");
        let both = ClassWords::of(&[class, unread.clone()]);
        assert_eq!(both.in_words(), "3A090.b; later rules not known by then");
        assert_eq!(ClassWords::of(&[unread]).in_words(), NOT_KNOWN);
    }

    #[test]
    fn a_rule_without_an_outcome_is_named() {
        assert_eq!(words(&[(Verdict::Applies, "")]), "r");
        assert_eq!(words(&[(Verdict::DoesNotApply, "")]), "no rule");
    }
}
