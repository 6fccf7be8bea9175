//! What the rules say, in words.
//!
//! - **Invariant:** every finding stands in the group of its verdict, and every rule that was not
//!   read, being about another kind of subject, in the closing list.

use std::collections::BTreeMap;

use weigh_facts::{
    Certainty, Decimal, Dictionary, Enforcement, Level, SubjectKind, TextStatus, Truth, Unit,
    Value, Verdict,
};
use weigh_rules::{AtomTrace, Citation, Conflict, Finding, Need, Role, Why};
use weigh_station::{OtherRule, Weighing};

use crate::clean::clean;
use crate::numbers::{self, Rounding, beside, coverage, is_known, margin};
use crate::page::{QuestionWords, circumstances};

/// What the rules say.
#[derive(Clone, Debug)]
pub(crate) struct Findings {
    /// Applies, indeterminate, does not apply, not in force. All four, some empty.
    pub(crate) groups: Vec<Group>,
    /// Rules about another kind of subject: the kind, and its rules.
    pub(crate) elsewhere: Vec<Elsewhere>,
    /// Rules that contradict each other, a sentence for each.
    pub(crate) conflicts: Vec<String>,
}

/// The findings of one verdict.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// `Applies`.
    pub(crate) heading: &'static str,
    /// The findings, heaviest first, then by rulebook and the order of its text.
    pub(crate) findings: Vec<FindingWords>,
}

/// Rules about one other kind of subject.
#[derive(Clone, Debug)]
pub(crate) struct Elsewhere {
    /// `an export`.
    pub(crate) kind: &'static str,
    /// The rules: `us-ear/destination`.
    pub(crate) rules: Vec<String>,
}

/// One finding in words.
#[derive(Clone, Debug)]
pub(crate) struct FindingWords {
    /// `us-ear/weights-4e091`.
    pub(crate) id: String,
    pub(crate) title: Option<String>,
    /// `APPLIES`, `does not apply`.
    pub(crate) verdict: &'static str,
    pub(crate) level: String,
    /// What the text is, and what those who enforce do: `text in force; enforced`.
    pub(crate) status: String,
    /// Does a duty or more follow from it?
    pub(crate) is_weighty: bool,
    /// Is it only worth knowing?
    pub(crate) is_note: bool,
    /// Is the day later than the last one of which the rulebook knows?
    pub(crate) is_stale: bool,
    pub(crate) citations: Vec<CitationWords>,
    pub(crate) see: Vec<CitationWords>,
    pub(crate) facts: Vec<FactWords>,
    pub(crate) missing: Vec<MissingWords>,
    /// `applies or does not apply`; none when decided.
    pub(crate) possible: Option<String>,
    pub(crate) overridden_by: Option<String>,
    pub(crate) maybe_overridden_by: Option<String>,
    pub(crate) conflicts_with: Option<String>,
    /// `tier: systemic-risk; deadline: P2W`.
    pub(crate) outcome: Option<String>,
    pub(crate) reading: Option<String>,
    /// What else a reader must know of how it was decided.
    pub(crate) notes: Vec<String>,
}

/// A citation in words.
#[derive(Clone, Debug)]
pub(crate) struct CitationWords {
    /// `Regulation (EU) 2024/1689, Article 51(2)`.
    pub(crate) title: String,
    /// Where to read it, if it is a web address.
    pub(crate) href: Option<String>,
    /// How sure we are of the reading: `primary text`.
    pub(crate) certainty: &'static str,
    /// The words that decide.
    pub(crate) quote: Option<String>,
}

/// A comparison in words.
#[derive(Clone, Debug)]
pub(crate) struct FactWords {
    /// `operations.eu-cumulative: 7.72e23 FLOP against > 1e24 FLOP: 23 % below`.
    pub(crate) sentence: String,
    /// The same where there is room for half: `7.72e23 against > 1e24: 23 % below`.
    pub(crate) brief: String,
    /// `decides`, `open`, `not needed`.
    pub(crate) role: &'static str,
    /// Did the verdict rest on it, or could it? What only says that a fact is missing stands among
    /// the missing facts instead.
    pub(crate) matters: bool,
}

/// A missing fact in words.
#[derive(Clone, Debug)]
pub(crate) struct MissingWords {
    pub(crate) fact: String,
    /// `missing`, `bounds straddle the line`.
    pub(crate) why: &'static str,
    /// What to ask.
    pub(crate) ask: String,
    /// The number of the question on the page that asks it.
    pub(crate) question: Option<usize>,
}

/// The order in which a reader wants verdicts, and their headings.
const GROUPS: [(Verdict, &str); 4] = [
    (Verdict::Applies, "Applies"),
    (Verdict::Indeterminate, "Indeterminate"),
    (Verdict::DoesNotApply, "Does not apply"),
    (Verdict::NotInForce, "Not in force"),
];

impl Group {
    /// Does a reader want each finding in full?
    pub(crate) fn is_open_or_applies(&self) -> bool {
        matches!(self.verdict, Verdict::Applies | Verdict::Indeterminate)
    }

    /// The verdict as a class of a style sheet.
    pub(crate) fn class(&self) -> &'static str {
        self.verdict.as_str()
    }
}

impl FindingWords {
    /// Is there a fact that decided, or could?
    pub(crate) fn has_facts(&self) -> bool {
        self.facts.iter().any(|f| f.matters)
    }
}

/// Names of rules by their rulebook, a count where there are more than a reader wants:
/// `eu-ai-act: 14`.
pub(crate) fn by_book<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    const NAMED_MAX: usize = 6;
    let ids: Vec<&str> = ids.collect();
    if ids.len() <= NAMED_MAX {
        return ids.join(", ");
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for id in &ids {
        let book = id.split('/').next().unwrap_or_default();
        *counts.entry(book).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(b, n)| format!("{b} {n}")).collect();
    format!("{} ({})", ids.len(), counts.join(", "))
}

impl Findings {
    /// Tells every missing fact which question of the page asks for it.
    pub(crate) fn number_questions(&mut self, questions: &[QuestionWords]) {
        let findings = self.groups.iter_mut().flat_map(|g| &mut g.findings);
        for missing in findings.flat_map(|f| &mut f.missing) {
            let asks = |q: &QuestionWords| q.facts.contains(&missing.fact);
            missing.question = questions.iter().position(asks).map(|index| index + 1);
        }
    }

    /// Is the day later than what a rulebook behind a finding knows?
    pub(crate) fn any_stale(&self) -> bool {
        self.groups
            .iter()
            .flat_map(|g| &g.findings)
            .any(|f| f.is_stale)
    }

    /// Is it later for every one of them? Then saying it once is enough.
    pub(crate) fn all_stale(&self) -> bool {
        let mut all = self.groups.iter().flat_map(|g| &g.findings);
        all.all(|f| f.is_stale)
    }

    /// Is there no finding?
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.iter().all(|g| g.findings.is_empty())
    }

    /// Puts the findings into words.
    pub(crate) fn of(weighing: &Weighing) -> Self {
        let dictionary = &weighing.dictionary;
        let mut here: Vec<&Finding> = weighing.findings.iter().collect();
        here.sort_by_key(|f| std::cmp::Reverse(f.level));
        let group = |(verdict, heading)| Group {
            verdict,
            heading,
            findings: here
                .iter()
                .filter(|f| f.verdict == verdict)
                .map(|f| finding(f, dictionary))
                .collect(),
        };
        Self {
            groups: GROUPS.into_iter().map(group).collect(),
            elsewhere: elsewhere(&weighing.others),
            conflicts: weighing.conflicts.iter().map(conflict).collect(),
        }
    }

    /// How many findings of each verdict there are: `1 applies, 2 indeterminate`.
    pub(crate) fn summary(&self) -> String {
        let counts = self.groups.iter().filter(|g| !g.findings.is_empty());
        let words: Vec<String> = counts
            .map(|g| match (g.verdict, g.findings.len()) {
                (Verdict::Applies, 1) => "1 rule applies".to_owned(),
                (Verdict::Applies, n) => format!("{n} rules apply"),
                (Verdict::Indeterminate, n) => format!("{n} cannot be decided yet"),
                (Verdict::DoesNotApply, 1) => "1 does not apply".to_owned(),
                (Verdict::DoesNotApply, n) => format!("{n} do not apply"),
                (Verdict::NotInForce, 1) => "1 is not in force on this day".to_owned(),
                (Verdict::NotInForce, n) => format!("{n} are not in force on this day"),
            })
            .collect();
        if words.is_empty() {
            "no rule was read".to_owned()
        } else {
            words.join(", ")
        }
    }
}

/// The verdict as a page says it.
pub(crate) fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Applies => "APPLIES",
        Verdict::Indeterminate => "INDETERMINATE",
        Verdict::DoesNotApply => "does not apply",
        Verdict::NotInForce => "not in force",
    }
}

fn conflict(conflict: &Conflict) -> String {
    let ((one, says, _), (other, says_other, _)) = (&conflict.one, &conflict.other);
    clean(&format!(
        "{one} and {other} both apply and contradict each other: of {}, one says {says} and the \
         other {says_other}; a defect of the rulebook, and not for us to settle",
        conflict.decision
    ))
}

fn elsewhere(others: &[OtherRule]) -> Vec<Elsewhere> {
    let mut by_kind: BTreeMap<SubjectKind, Vec<String>> = BTreeMap::new();
    for other in others {
        let id = clean(&format!("{}/{}", other.rulebook, other.rule));
        by_kind.entry(other.about).or_default().push(id);
    }
    let words = by_kind.into_iter().map(|(kind, rules)| Elsewhere {
        kind: kind.with_article(),
        rules,
    });
    words.collect()
}

fn id(finding: &Finding) -> String {
    clean(&format!("{}/{}", finding.rulebook, finding.rule))
}

fn finding(finding: &Finding, dictionary: &Dictionary) -> FindingWords {
    let citations = |all: &[Citation]| all.iter().map(citation).collect::<Vec<_>>();
    let rules = |ids: &[weigh_rules::RuleId]| {
        let ids: Vec<String> = ids.iter().map(|r| clean(r.as_str())).collect();
        (!ids.is_empty()).then(|| ids.join(", "))
    };
    FindingWords {
        id: id(finding),
        title: finding.title.as_deref().map(clean),
        verdict: verdict_words(finding.verdict),
        level: finding.level.to_string(),
        status: format!(
            "{}; {}",
            text_status(finding.text_status),
            enforcement(finding.enforcement)
        ),
        is_weighty: finding.level >= Level::Obligation,
        is_note: finding.level == Level::Note,
        is_stale: finding.stale,
        citations: citations(&finding.citations),
        see: citations(&finding.see),
        facts: finding.facts.iter().map(fact).collect(),
        missing: finding
            .missing
            .iter()
            .map(|n| missing(n, dictionary))
            .collect(),
        possible: possible(finding),
        overridden_by: rules(&finding.overridden_by),
        maybe_overridden_by: rules(&finding.maybe_overridden_by),
        conflicts_with: rules(&finding.conflicts_with),
        outcome: outcome(finding),
        reading: finding.reading.as_deref().map(clean),
        notes: notes(finding),
    }
}

/// What the text of a rule is on the day.
pub(crate) fn text_status(status: Option<TextStatus>) -> &'static str {
    match status {
        Some(TextStatus::InForce) => "text in force",
        Some(TextStatus::Superseded) => "text superseded",
        Some(TextStatus::Revoked) => "text revoked",
        Some(TextStatus::Stayed) => "text stayed",
        Some(TextStatus::Proposed) => "text proposed, not adopted",
        Some(TextStatus::Draft) => "text a draft",
        Some(TextStatus::Vetoed) => "text passed and vetoed",
        Some(TextStatus::Hypothetical) => "text hypothetical: nobody proposed it",
        Some(TextStatus::Claimed) => "text claimed, and found nowhere",
        None => "no text known on this day",
    }
}

/// What those who enforce do about it on the day.
pub(crate) fn enforcement(enforcement: Enforcement) -> &'static str {
    match enforcement {
        Enforcement::Enforced => "enforced",
        Enforcement::AnnouncedNonEnforcement => "non-enforcement announced",
        Enforcement::Stayed => "enforcement stayed",
        Enforcement::Unknown => "enforcement not known",
        Enforcement::None => "nothing to enforce",
    }
}

pub(crate) fn citation(citation: &Citation) -> CitationWords {
    let source = &citation.source;
    let quote = citation.quote.as_ref().or(source.quote.as_ref());
    CitationWords {
        title: clean(&citation.to_string()),
        href: web_address(&source.href),
        certainty: certainty(source.certainty),
        quote: quote.map(|q| clean(q)),
    }
}

/// The address of a source, if it is one of the web: no other scheme becomes a link.
pub(crate) fn web_address(href: &str) -> Option<String> {
    let is_web = href.starts_with("https://") || href.starts_with("http://");
    is_web.then(|| clean(href))
}

/// How sure a reading is.
pub(crate) fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::PrimaryText => "primary text",
        Certainty::Secondary => "secondary source",
        Certainty::Unverified => "unverified",
    }
}

fn fact(atom: &AtomTrace) -> FactWords {
    let (role, matters) = match atom.role {
        Role::Decides => ("decides", true),
        Role::Open => ("open", true),
        Role::NotNeeded => ("not needed", false),
    };
    let only_missing = atom.value.is_none() && atom.line.is_none();
    FactWords {
        sentence: clean(&sentence(atom)),
        brief: clean(&brief(atom).unwrap_or_else(|| sentence(atom))),
        role,
        matters: matters && !only_missing,
    }
}

/// `operations.eu-cumulative: 7.72e23 FLOP against > 1e24 FLOP: 23 % below`.
fn sentence(atom: &AtomTrace) -> String {
    let Some((op, line)) = atom.op.zip(atom.line.as_ref()) else {
        let value = atom.value_text().unwrap_or_else(|| "not known".to_owned());
        let is_alone = *atom.text == *atom.fact().as_str();
        return match (is_alone, atom.truth) {
            (true, _) => format!("{}: {value}", atom.fact()),
            (false, Truth::Unknown) => format!("{}: {value}, so not decided", atom.text),
            (false, truth) => format!("{}: {value}, so {truth}", atom.text),
        };
    };
    let is_flop = line.at.unit == Unit::flop();
    let at = match atom.line_text() {
        Some(rounded) if !is_flop => rounded,
        _ => format!("{op} {}", line.at),
    };
    let is_news = |v: &&Value| !matches!(v, Value::Quantity(e) if !is_known(e));
    let Some(value) = atom.value.as_ref().filter(is_news) else {
        return format!("{}: not known, against {at}", atom.fact());
    };
    let value = match value {
        Value::Quantity(estimate) if is_flop => {
            format!("{} FLOP", numbers::bounds_beside(estimate, &line.at.value))
        }
        _ => atom.value_text().unwrap_or_default(),
    };
    format!("{}: {value} against {at}: {}", atom.fact(), distance(atom))
}

/// Where a line is more than so many times higher, a short line of text does not say how many.
const FAR: u64 = 1_000;

/// `7.72e23 against > 1e24: 23 % below`, of the bound that decides; for operations only.
fn brief(atom: &AtomTrace) -> Option<String> {
    let line = atom.line.as_ref().filter(|l| l.at.unit == Unit::flop())?;
    let Some(Value::Quantity(estimate)) = &atom.value else {
        return None;
    };
    let found = atom.margin()?;
    let (which, rounding) = match (estimate.low(), estimate.high()) {
        (low, high) if low == high => ("", Rounding::Nearest),
        (Some(low), _) if *low == found.bound => ("at least ", Rounding::Down),
        _ => ("at most ", Rounding::Up),
    };
    let bound = beside(&found.bound, &found.line, rounding);
    let is_far = &found.bound * &Decimal::from(FAR) < found.line;
    let distance = if is_far {
        "far below".to_owned()
    } else {
        margin(&found.bound, &found.line)?
    };
    Some(format!(
        "{which}{bound} against {} {}: {distance}",
        atom.op?, line.at.value
    ))
}

/// How far the deciding bound is from the line, or that the bounds straddle it.
fn distance(atom: &AtomTrace) -> String {
    let Some(found) = atom.margin() else {
        return "the bounds straddle the line".to_owned();
    };
    let Some(words) = margin(&found.bound, &found.line) else {
        return format!("so {}", atom.truth);
    };
    match &atom.value {
        Some(Value::Quantity(e)) if e.low() == e.high() => words,
        Some(Value::Quantity(e)) if e.low() == Some(&found.bound) => {
            format!("the lower bound is {words}")
        }
        _ => format!("the upper bound is {words}"),
    }
}

fn missing(need: &Need, dictionary: &Dictionary) -> MissingWords {
    let ask = dictionary.get(&need.fact).map(|d| clean(&d.ask));
    MissingWords {
        fact: clean(need.fact.as_str()),
        why: match need.why {
            Why::Missing => "missing",
            Why::Straddles => "bounds straddle the line",
            Why::Unlisted => "in no list: say which listed country it follows",
        },
        ask: ask.unwrap_or_default(),
        question: None,
    }
}

fn possible(finding: &Finding) -> Option<String> {
    if finding.possible.len() < 2 {
        return None;
    }
    let words: Vec<String> = finding
        .possible
        .iter()
        .rev()
        .map(|v| v.as_str().replace('-', " "))
        .collect();
    Some(words.join(" or "))
}

fn outcome(finding: &Finding) -> Option<String> {
    let words: Vec<String> = finding
        .outcome
        .iter()
        .map(|(decision, word)| clean(&format!("{decision}: {word}")))
        .collect();
    (!words.is_empty()).then(|| words.join("; "))
}

fn notes(finding: &Finding) -> Vec<String> {
    let mut notes: Vec<String> = circumstances(finding)
        .into_iter()
        .map(|(label, words)| format!("{label}: {words}"))
        .collect();
    let is_decided = finding.verdict != Verdict::Indeterminate;
    if let Some(rests_on @ weigh_facts::Coverage::Percent(_)) = finding.coverage
        && is_decided
    {
        notes.push(format!(
            "rests on a {}, not on hard bounds",
            coverage(rests_on)
        ));
    }
    let cited = finding.citations.iter().map(|c| c.source.certainty).min();
    if cited.is_some_and(|cited| finding.certainty < cited) {
        let weakest = finding.certainty.as_str().replace('-', " ");
        notes.push(format!(
            "a value it used rests on a weaker source: {weakest}"
        ));
    }
    if finding.decided_by_cases {
        notes.push("decided by trying every case that the missing facts leave".to_owned());
    }
    if finding.too_many_cases {
        notes.push("too many cases to try: what is missing is an upper limit".to_owned());
    }
    notes
}
