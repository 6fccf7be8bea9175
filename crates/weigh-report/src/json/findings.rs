//! Findings and facts on the wire.

use std::collections::BTreeMap;

use serde::Serialize;
use weigh_facts::{Dictionary, Fact, FactName, FactType, Facts, Unit, Value};
use weigh_rules::{AtomTrace, Citation, LineRead, Need, Role, Why};
use weigh_station::{Question, Says, Weighing};

use super::amount::{Amount, Number, coverage};

/// One finding.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    rulebook: String,
    rule: String,
    title: Option<String>,
    about: &'static str,
    verdict: &'static str,
    level: &'static str,
    text_status: Option<&'static str>,
    enforcement: &'static str,
    stale: bool,
    certainty: &'static str,
    citation: Option<Cited>,
    citations: Vec<Cited>,
    see: Vec<Cited>,
    reading: Option<String>,
    when: String,
    outcome: BTreeMap<String, String>,
    deadline: Option<String>,
    clock: Option<Clock>,
    due: Option<String>,
    addressee: Option<String>,
    basis: &'static str,
    facts: Vec<Comparison>,
    missing: Vec<Missing>,
    possible: Vec<&'static str>,
    overridden_by: Vec<String>,
    maybe_overridden_by: Vec<String>,
    conflicts_with: Vec<String>,
    decided_by_cases: bool,
    too_many_cases: bool,
    coverage: Option<String>,
}

/// From when a deadline runs.
#[derive(Debug, Serialize)]
struct Clock {
    fact: Option<String>,
    event: String,
}

#[derive(Debug, Serialize)]
struct Cited {
    key: String,
    title: String,
    pin: Option<String>,
    quote: Option<String>,
    href: String,
    certainty: &'static str,
    published: Option<String>,
}

#[derive(Debug, Serialize)]
struct Comparison {
    text: String,
    fact: String,
    names: Vec<String>,
    value: Option<Known>,
    comparator: Option<&'static str>,
    line: Option<Line>,
    margin: Option<Margin>,
    truth: String,
    role: &'static str,
}

#[derive(Debug, Serialize)]
struct Line {
    at: Number,
    unit: String,
    param: Option<String>,
    from: Option<String>,
    source: Option<String>,
}

/// How far the bound that decides is from the line.
#[derive(Debug, Serialize)]
struct Margin {
    bound: Number,
    line: Number,
    share_of_line: Option<Number>,
}

#[derive(Debug, Serialize)]
struct Missing {
    fact: String,
    why: &'static str,
    alone: bool,
}

/// A value of any type.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Known {
    Bool(bool),
    Quantity(Amount),
    Text(String),
    Set(Vec<String>),
    Records {
        complete: bool,
        items: Vec<BTreeMap<String, Known>>,
    },
}

/// A fact as the rules saw it.
#[derive(Debug, Serialize)]
pub(super) struct FactSeen {
    name: String,
    value: Known,
    grade: &'static str,
    method: String,
    sources: Vec<String>,
}

/// A question whose answer would settle something.
#[derive(Debug, Serialize)]
pub(super) struct Asked {
    fact: String,
    ask: String,
    source: String,
    settles: Vec<String>,
}

/// A day that asks for a person.
#[derive(Debug, Serialize)]
pub(crate) struct Alarm {
    rulebook: String,
    id: String,
    kind: &'static str,
    from: String,
    text: String,
    citations: Vec<Cited>,
}

/// Every alarm, in the order of the books.
pub(crate) fn alarms(alarms: &[weigh_rules::Alarm]) -> Vec<Alarm> {
    let wire = alarms.iter().map(|a| Alarm {
        rulebook: a.rulebook.to_string(),
        id: a.id.clone(),
        kind: a.kind.as_str(),
        from: a.from.to_string(),
        text: a.text.clone(),
        citations: a.citations.iter().map(citation).collect(),
    });
    wire.collect()
}

/// Where the rulebooks part.
#[derive(Debug, Serialize)]
pub(super) struct Regimes {
    decisions: Vec<Decision>,
    lines: Vec<LinesApart>,
}

#[derive(Debug, Serialize)]
struct Decision {
    decision: String,
    voices: Vec<Voice>,
}

#[derive(Debug, Serialize)]
struct LinesApart {
    quantity: String,
    over: Vec<Voice>,
    under: Vec<Voice>,
}

#[derive(Debug, Serialize)]
struct Voice {
    rulebook: String,
    rule: String,
    word: Option<String>,
    comparator: Option<&'static str>,
    line: Option<Number>,
    unit: Option<String>,
    level: &'static str,
    verdict: &'static str,
    text_status: Option<&'static str>,
    enforcement: &'static str,
    is_law: bool,
}

fn voice(voice: &weigh_station::Voice) -> Voice {
    let (word, comparator, at) = match &voice.says {
        Says::Word(word) => (Some(word.clone()), None, None),
        Says::Line { comparator, at, .. } => (None, Some(*comparator), Some(at)),
    };
    Voice {
        rulebook: voice.rulebook.clone(),
        rule: voice.rule.clone(),
        word,
        comparator,
        line: at.map(|q| Number(q.value.clone())),
        unit: at.map(|q| q.unit.to_string()),
        level: voice.level.as_str(),
        verdict: voice.verdict.as_str(),
        text_status: voice.text_status.map(|s| s.as_str()),
        enforcement: voice.enforcement.as_str(),
        is_law: voice.is_law(),
    }
}

/// Where the rulebooks part, decisions first.
pub(super) fn regimes(weighing: &Weighing) -> Regimes {
    let voices = |all: &[weigh_station::Voice]| all.iter().map(voice).collect();
    let decisions = weighing.regimes.decisions.iter().map(|d| Decision {
        decision: d.decision.clone(),
        voices: voices(&d.voices),
    });
    let lines = weighing.regimes.lines.iter().map(|l| LinesApart {
        quantity: l.quantity.clone(),
        over: voices(&l.over),
        under: voices(&l.under),
    });
    Regimes {
        decisions: decisions.collect(),
        lines: lines.collect(),
    }
}

/// Every finding, in the order of the weighing.
pub(super) fn findings(weighing: &Weighing) -> Vec<Finding> {
    let dictionary = &weighing.dictionary;
    weighing
        .findings
        .iter()
        .map(|f| finding(f, dictionary))
        .collect()
}

fn finding(finding: &weigh_rules::Finding, dictionary: &Dictionary) -> Finding {
    let cited = |all: &[Citation]| all.iter().map(citation).collect::<Vec<_>>();
    let rules = |ids: &[weigh_rules::RuleId]| ids.iter().map(ToString::to_string).collect();
    Finding {
        rulebook: finding.rulebook.to_string(),
        rule: finding.rule.to_string(),
        title: finding.title.as_deref().map(str::to_owned),
        about: finding.about.as_str(),
        verdict: finding.verdict.as_str(),
        level: finding.level.as_str(),
        text_status: finding.text_status.map(|s| s.as_str()),
        enforcement: finding.enforcement.as_str(),
        stale: finding.stale,
        certainty: finding.certainty.as_str(),
        citation: finding.citation().map(citation),
        citations: cited(&finding.citations),
        see: cited(&finding.see),
        reading: finding.reading.as_deref().map(str::to_owned),
        when: finding.when.to_string(),
        outcome: (*finding.outcome).clone(),
        deadline: finding.deadline.as_ref().map(ToString::to_string),
        clock: finding.clock.as_ref().map(|c| Clock {
            fact: c.fact.as_ref().map(ToString::to_string),
            event: c.event.clone(),
        }),
        due: finding.due.map(|d| d.to_string()),
        addressee: finding.addressee.as_deref().map(str::to_owned),
        basis: finding.basis.as_str(),
        facts: finding
            .facts
            .iter()
            .map(|f| comparison(f, dictionary))
            .collect(),
        missing: finding.missing.iter().map(missing).collect(),
        possible: finding.possible.iter().map(|v| v.as_str()).collect(),
        overridden_by: rules(&finding.overridden_by),
        maybe_overridden_by: rules(&finding.maybe_overridden_by),
        conflicts_with: rules(&finding.conflicts_with),
        decided_by_cases: finding.decided_by_cases,
        too_many_cases: finding.too_many_cases,
        coverage: finding.coverage.map(coverage),
    }
}

fn citation(citation: &Citation) -> Cited {
    let source = &citation.source;
    Cited {
        key: source.key.to_string(),
        title: source.title.clone(),
        pin: citation.pin.clone(),
        quote: citation.quote.clone().or_else(|| source.quote.clone()),
        href: source.href.clone(),
        certainty: source.certainty.as_str(),
        published: source.published.map(|d| d.to_string()),
    }
}

fn comparison(atom: &AtomTrace, dictionary: &Dictionary) -> Comparison {
    let kind = dictionary.get(atom.fact()).map(|d| &d.kind);
    Comparison {
        text: atom.text.to_string(),
        fact: atom.fact().to_string(),
        names: atom.names.iter().map(ToString::to_string).collect(),
        value: atom.value.as_ref().map(|v| known(v, kind)),
        comparator: atom.op,
        line: atom.line.as_ref().map(line),
        margin: atom.margin().map(|m| Margin {
            share_of_line: m.share().map(Number),
            bound: Number(m.bound),
            line: Number(m.line),
        }),
        truth: atom.truth.to_string(),
        role: match atom.role {
            Role::Decides => "decides",
            Role::Open => "open",
            Role::NotNeeded => "not-needed",
        },
    }
}

fn line(line: &LineRead) -> Line {
    Line {
        at: Number(line.at.value.clone()),
        unit: line.at.unit.to_string(),
        param: line.param.as_deref().map(str::to_owned),
        from: line.from.map(|d| d.to_string()),
        source: line.source.as_ref().map(|s| s.title.clone()),
    }
}

fn missing(need: &Need) -> Missing {
    Missing {
        fact: need.fact.to_string(),
        why: match need.why {
            Why::Missing => "missing",
            Why::Straddles => "straddles",
            Why::Unlisted => "unlisted",
        },
        alone: need.alone,
    }
}

fn known(value: &Value, kind: Option<&FactType>) -> Known {
    match value {
        Value::Bool(value) => Known::Bool(*value),
        Value::Word(word) => Known::Text(word.clone()),
        Value::Date(date) => Known::Text(date.to_string()),
        Value::Set(words) => Known::Set(words.iter().cloned().collect()),
        Value::Quantity(estimate) => {
            let unit = match kind {
                Some(FactType::Quantity { unit, .. }) => *unit,
                _ => Unit::NONE,
            };
            Known::Quantity(Amount::of(estimate, unit.to_string()))
        }
        Value::Records(records) => {
            let fields = match kind {
                Some(FactType::List(fields)) => Some(fields),
                _ => None,
            };
            let item = |record: &BTreeMap<String, Value>| {
                let field = |(name, value): (&String, &Value)| {
                    (name.clone(), known(value, fields.and_then(|f| f.get(name))))
                };
                record.iter().map(field).collect()
            };
            Known::Records {
                complete: records.complete,
                items: records.items.iter().map(item).collect(),
            }
        }
    }
}

/// Every known fact, by name.
pub(super) fn facts(facts: &Facts, dictionary: &Dictionary) -> Vec<FactSeen> {
    let seen = |(name, fact): (&FactName, &Fact)| FactSeen {
        name: name.to_string(),
        value: known(&fact.value, dictionary.get(name).map(|d| &d.kind)),
        grade: fact.origin.grade.as_str(),
        method: fact.origin.method.to_string(),
        sources: fact.origin.sources.clone(),
    };
    facts.iter().map(seen).collect()
}

/// Two rules that contradict each other.
#[derive(Debug, Serialize)]
pub(super) struct Conflict {
    decision: String,
    one: Side,
    other: Side,
}

#[derive(Debug, Serialize)]
struct Side {
    rule: String,
    says: String,
}

/// Every contradiction, in the order of the weighing.
pub(super) fn conflicts(conflicts: &[weigh_rules::Conflict]) -> Vec<Conflict> {
    let side = |rule: &weigh_rules::RuleId, says: &String| Side {
        rule: rule.to_string(),
        says: says.clone(),
    };
    let wire = conflicts.iter().map(|c| Conflict {
        decision: c.decision.clone(),
        one: side(&c.one.0, &c.one.1),
        other: side(&c.other.0, &c.other.1),
    });
    wire.collect()
}

/// Every question, most useful first.
pub(super) fn questions(questions: &[Question]) -> Vec<Asked> {
    let asked = questions.iter().map(|q| Asked {
        fact: q.fact.to_string(),
        ask: q.ask.clone(),
        source: q.source.clone(),
        settles: q.settles.clone(),
    });
    asked.collect()
}
