//! A weighing in the words of a page: what every format that people read has in common.
//!
//! Text, Markdown and HTML differ in how they set these words, never in what they say.
//!
//! - **Invariant:** every string in here passed [`crate::clean`] or was written by us.
//! - **Invariant:** nothing is decided here. Words are chosen, numbers are shortened.

pub(crate) mod findings;
pub(crate) mod model;
pub(crate) mod operations;
pub(crate) mod regimes;

use std::collections::BTreeSet;

use weigh_station::{Question, Weighing};

use crate::clean::clean;
use crate::numbers::grouped;
use crate::scale::Scale;
use crate::{TOOL, VERSION};
use findings::Findings;
use model::ModelWords;
use operations::OperationsWords;
pub(crate) use regimes::{AlarmWords, RegimeRow, circumstances};

/// Digits of a digest that a person compares.
const DIGEST_SHOWN: usize = 12;

/// All the words of a page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// What was weighed.
    pub(crate) subject: String,
    /// `weighbridge 0.1.0`.
    pub(crate) tool: String,
    /// The day the rules are read on.
    pub(crate) on: String,
    /// The day our knowledge ends.
    pub(crate) known: String,
    /// Is the subject a model? Of a chip or an export nothing is said of architecture.
    pub(crate) is_model: bool,
    /// What the model is; none if its architecture is not known.
    pub(crate) model: Option<ModelWords>,
    /// The adapter, line by line; the model is then its base.
    pub(crate) adapter: Vec<(&'static str, String)>,
    /// The operations that trained it.
    pub(crate) operations: OperationsWords,
    /// The log-scale bar; none if no operations are known.
    pub(crate) scale: Option<Scale>,
    /// What the rules say.
    pub(crate) findings: Findings,
    /// What a person must look at because of the day.
    pub(crate) alarms: Vec<AlarmWords>,
    /// Where the rulebooks part.
    pub(crate) regimes: Vec<RegimeRow>,
    /// What would settle it, most useful first.
    pub(crate) questions: Vec<QuestionWords>,
    /// What was taken for granted.
    pub(crate) assumptions: Vec<AssumptionWords>,
    /// What could not be used.
    pub(crate) warnings: Vec<WarningWords>,
    /// What was read.
    pub(crate) inputs: Vec<InputWords>,
    /// What was applied.
    pub(crate) rulebooks: Vec<BookWords>,
}

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct QuestionWords {
    /// The facts it is about: `operations.eu-training` and `operations.us-4e091`.
    pub(crate) facts: Vec<String>,
    pub(crate) ask: String,
    pub(crate) source: String,
    /// `us-ear/weights-4e091, eu-ai-act/systemic`.
    pub(crate) settles: String,
}

/// Something taken for granted.
#[derive(Clone, Debug)]
pub(crate) struct AssumptionWords {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) reason: String,
}

/// Something that could not be used.
#[derive(Clone, Debug)]
pub(crate) struct WarningWords {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) place: Option<String>,
}

/// An input.
#[derive(Clone, Debug)]
pub(crate) struct InputWords {
    pub(crate) path: String,
    pub(crate) role: String,
    /// `1,834 bytes`.
    pub(crate) size: String,
    pub(crate) sha256: String,
    /// The digits a person compares.
    pub(crate) sha256_short: String,
    /// `sha256` or, of weights, `sha256 of the header`.
    pub(crate) digest_of: &'static str,
}

/// A rulebook.
#[derive(Clone, Debug)]
pub(crate) struct BookWords {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) digest_short: String,
    pub(crate) known_through: String,
    /// Is the day later than the last one of which it knows?
    pub(crate) is_stale: bool,
    /// The file of a person's own that it was read from.
    pub(crate) supplied_by: Option<String>,
}

impl Page {
    /// Puts a weighing into words.
    pub(crate) fn of(weighing: &Weighing) -> Self {
        let questions = questions(weighing);
        let mut findings = Findings::of(weighing);
        findings.number_questions(&questions);
        Self {
            subject: clean(&weighing.subject),
            tool: format!("{TOOL} {VERSION}"),
            on: weighing.on.to_string(),
            known: weighing.known.to_string(),
            is_model: weighing.kinds.contains(&weigh_facts::SubjectKind::Model),
            model: weighing.model.as_ref().map(ModelWords::of),
            adapter: weighing
                .adapter
                .as_ref()
                .map(model::adapter)
                .unwrap_or_default(),
            operations: OperationsWords::of(weighing),
            scale: Scale::of(weighing),
            findings,
            alarms: regimes::alarms(&weighing.alarms),
            regimes: regimes::rows(&weighing.regimes),
            questions,
            assumptions: assumptions(weighing),
            warnings: warnings(weighing),
            inputs: inputs(weighing),
            rulebooks: rulebooks(weighing),
        }
    }
}

/// Questions with the same words become one: the same tokens answer for every counting convention.
fn questions(weighing: &Weighing) -> Vec<QuestionWords> {
    let mut found: Vec<(&Question, BTreeSet<&str>, BTreeSet<&str>)> = Vec::new();
    for question in &weighing.questions {
        let settles: BTreeSet<&str> = question.settles.iter().map(String::as_str).collect();
        match found.iter_mut().find(|(q, ..)| q.ask == question.ask) {
            Some((_, facts, all)) => {
                facts.insert(question.fact.as_str());
                all.extend(settles);
            }
            None => found.push((question, BTreeSet::from([question.fact.as_str()]), settles)),
        }
    }
    found.sort_by_key(|(.., settles)| std::cmp::Reverse(settles.len()));
    let joined =
        |words: &BTreeSet<&str>| clean(&words.iter().copied().collect::<Vec<_>>().join(", "));
    let words = found
        .iter()
        .map(|(question, facts, settles)| QuestionWords {
            facts: facts.iter().map(|f| clean(f)).collect(),
            ask: clean(&question.ask),
            source: clean(&question.source),
            settles: joined(settles),
        });
    words.collect()
}

fn assumptions(weighing: &Weighing) -> Vec<AssumptionWords> {
    let words = weighing.assumptions.iter().map(|a| AssumptionWords {
        name: clean(&a.name),
        value: clean(&a.value),
        reason: clean(&a.reason),
    });
    words.collect()
}

fn warnings(weighing: &Weighing) -> Vec<WarningWords> {
    let words = weighing.warnings.iter().map(|w| WarningWords {
        code: w.code.to_owned(),
        message: clean(&w.message),
        place: w.place.as_ref().map(|p| clean(&p.to_string())),
    });
    words.collect()
}

fn inputs(weighing: &Weighing) -> Vec<InputWords> {
    let words = weighing.inputs.iter().map(|i| InputWords {
        path: clean(&i.path),
        role: i.role.to_owned(),
        size: counted(i.bytes, "byte", "bytes"),
        sha256: clean(&i.sha256),
        sha256_short: first_digits(&i.sha256),
        digest_of: if i.header_only {
            "sha256 of the header"
        } else {
            "sha256"
        },
    });
    words.collect()
}

fn rulebooks(weighing: &Weighing) -> Vec<BookWords> {
    let words = weighing.rulebooks.iter().map(|b| BookWords {
        id: clean(&b.id),
        title: clean(&b.title),
        version: clean(&b.version),
        digest_short: first_digits(&b.digest),
        known_through: b.known_through.to_string(),
        is_stale: b.known_through < weighing.on,
        supplied_by: b.supplied_by.as_deref().map(clean),
    });
    words.collect()
}

fn first_digits(digest: &str) -> String {
    let digits = digest.trim_start_matches("sha256:");
    clean(&digits.chars().take(DIGEST_SHOWN).collect::<String>())
}

/// A count with its noun: `1 layer`, `32 layers`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// The first character in upper case, for the start of a sentence.
pub(crate) fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
