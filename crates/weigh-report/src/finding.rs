//! One finding, walked to its atoms: what was compared with which line, what decided, what is open.

use std::fmt::Write;

use weigh_facts::{Truth, Unit, Value, Verdict};
use weigh_rules::{AtomTrace, Finding, Line, Need, Outlook, Role, Why};
use weigh_station::Weighing;

use crate::clean::clean;
use crate::numbers;

/// Renders one finding of a weighing as plain text, at most 100 columns where its sources allow.
#[must_use]
pub fn render_finding(finding: &Finding, outlook: &Outlook, weighing: &Weighing) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = head(&mut out, finding, weighing);
    let _ = atoms(&mut out, finding, weighing);
    let _ = open(&mut out, finding, weighing);
    let _ = cases(&mut out, outlook);
    let _ = sorted(&mut out, outlook);
    let _ = neighbors(&mut out, outlook);
    out
}

fn head(out: &mut String, finding: &Finding, weighing: &Weighing) -> std::fmt::Result {
    let verdict = match finding.verdict {
        Verdict::Applies => "APPLIES",
        Verdict::DoesNotApply => "does not apply",
        Verdict::Indeterminate => "INDETERMINATE",
        Verdict::NotInForce => "not in force",
    };
    writeln!(out, "{}/{}: {verdict}", finding.rulebook, finding.rule)?;
    if let Some(title) = &finding.title {
        writeln!(out, "  {title}")?;
    }
    writeln!(
        out,
        "  subject     {}, read on {}",
        clean(&weighing.subject),
        weighing.on
    )?;
    let text = finding.text_status.map_or("no text known", |s| s.as_str());
    let stale = if finding.stale {
        "; stale: the rulebook knows less than that day"
    } else {
        ""
    };
    writeln!(
        out,
        "  level       {}; text {text}; enforcement {}{stale}",
        finding.level, finding.enforcement
    )?;
    for citation in finding.citations.iter() {
        writeln!(
            out,
            "  source      {citation} [{}]",
            citation.source.certainty.as_str()
        )?;
        writeln!(out, "              {}", citation.source.href)?;
        if let Some(quote) = citation.quote.as_ref().or(citation.source.quote.as_ref()) {
            writeln!(out, "              \"{quote}\"")?;
        }
    }
    for (label, words) in crate::page::circumstances(finding) {
        writeln!(out, "  {label:<10}  {}", wrapped(&words, 14))?;
    }
    if let Some(reading) = &finding.reading {
        writeln!(out, "  reading     {}", wrapped(reading, 14))?;
    }
    writeln!(out, "  condition   {}", wrapped(&finding.when, 14))
}

fn atoms(out: &mut String, finding: &Finding, weighing: &Weighing) -> std::fmt::Result {
    writeln!(out, "\n  compared")?;
    for atom in &finding.facts {
        atom_lines(out, atom, weighing)?;
    }
    for rule in &finding.overridden_by {
        writeln!(out, "    overridden by the exception `{rule}`, which holds")?;
    }
    for rule in &finding.maybe_overridden_by {
        writeln!(out, "    perhaps overridden by the exception `{rule}`")?;
    }
    if finding.decided_by_cases {
        writeln!(
            out,
            "    decided by cases: every value the missing facts could take gives this verdict"
        )?;
    }
    Ok(())
}

fn atom_lines(out: &mut String, atom: &AtomTrace, weighing: &Weighing) -> std::fmt::Result {
    let truth = match atom.truth {
        Truth::True => "true   ",
        Truth::False => "false  ",
        Truth::Unknown => "unknown",
    };
    let role = match atom.role {
        Role::Decides => "decides",
        Role::Open => "open",
        Role::NotNeeded => "not needed",
    };
    writeln!(out, "    {truth}  {}  ({role})", atom.text)?;
    let value = value_beside_line(atom);
    writeln!(out, "             {} is {}", atom.fact(), clean(&value))?;
    if let Some(fact) = weighing.facts.get(atom.fact()) {
        let sources: Vec<String> = fact.origin.sources.iter().map(|s| clean(s)).collect();
        let from = if sources.is_empty() {
            String::new()
        } else {
            format!(": {}", sources.join("; "))
        };
        let grade = fact.origin.grade.as_str();
        // What a person says comes by no method: `declared: --fact`.
        let by = match clean(&fact.origin.method.to_string()) {
            method if method == grade => String::new(),
            method => format!(" by {method}"),
        };
        writeln!(out, "             {grade}{by}{from}")?;
    }
    let Some(line) = &atom.line else {
        return Ok(());
    };
    let mut text = format!("the line is {}", atom.line_text().unwrap_or_default());
    if let Some(param) = &line.param {
        let _ = write!(text, " (`{param}`");
        if let Some(from) = line.from {
            let _ = write!(text, ", from {from}");
        }
        if let Some(source) = &line.source {
            let _ = write!(text, ", {}", source.title);
        }
        text.push(')');
    }
    writeln!(out, "             {}", wrapped(&text, 13))?;
    if let Some(margin) = atom.margin()
        && let Some(margin) = numbers::margin(&margin.bound, &margin.line)
    {
        writeln!(out, "             {margin}")?;
    }
    Ok(())
}

/// A value as it may stand beside its line: operations one below a line do not read as the line.
fn value_beside_line(atom: &AtomTrace) -> String {
    let line = atom.line.as_ref().filter(|l| l.at.unit == Unit::flop());
    if let (Some(line), Some(Value::Quantity(estimate))) = (line, &atom.value) {
        let bounds = numbers::bounds_beside(estimate, &line.at.value);
        if !bounds.is_empty() {
            return format!("{bounds} FLOP");
        }
    }
    atom.value_text().unwrap_or_else(|| "not known".to_owned())
}

fn open(out: &mut String, finding: &Finding, weighing: &Weighing) -> std::fmt::Result {
    if finding.verdict != Verdict::Indeterminate {
        return Ok(());
    }
    let possible: Vec<&str> = finding.possible.iter().map(|v| v.as_str()).collect();
    writeln!(out, "\n  possible    {}", possible.join(", "))?;
    if finding.too_many_cases {
        writeln!(
            out,
            "              (there were too many cases to try them all)"
        )?;
    }
    let dictionary = &weighing.dictionary;
    writeln!(out, "\n  would settle it")?;
    for Need { fact, why, alone } in &finding.missing {
        let why = match why {
            Why::Missing => "missing",
            Why::Straddles => "its bounds straddle the line",
            Why::Unlisted => "in no list: say which listed country it follows",
        };
        let alone = if *alone { "; enough alone" } else { "" };
        writeln!(out, "    {fact} ({why}{alone})")?;
        if let Some(definition) = dictionary.get(fact) {
            writeln!(out, "      {}", wrapped(&definition.ask, 6))?;
        }
    }
    Ok(())
}

/// What each value of a needed fact would give.
fn cases(out: &mut String, outlook: &Outlook) -> std::fmt::Result {
    if outlook.cases.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n  if it were known")?;
    for fact in &outlook.cases {
        for case in &fact.cases {
            let possible: Vec<&str> = case.possible.iter().map(|v| v.as_str()).collect();
            let values = case.values.to_reader(fact.shown.as_deref());
            let line = format!("{} {values}: {}", fact.fact, possible.join(" or "));
            writeln!(out, "    {}", wrapped(&clean(&line), 6))?;
        }
    }
    Ok(())
}

/// The facts by the part they play.
fn sorted(out: &mut String, outlook: &Outlook) -> std::fmt::Result {
    writeln!(out, "\n  facts")?;
    for (label, names) in [
        ("known", &outlook.known),
        ("needed", &outlook.needed),
        ("irrelevant", &outlook.irrelevant),
    ] {
        let names: Vec<&str> = names.iter().map(weigh_facts::FactName::as_str).collect();
        let names = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        writeln!(out, "    {label:<10}  {}", wrapped(&names, 16))?;
    }
    Ok(())
}

/// How far known quantities are from the lines on either side.
fn neighbors(out: &mut String, outlook: &Outlook) -> std::fmt::Result {
    if outlook.neighbors.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n  nearest lines of this rulebook")?;
    for near in &outlook.neighbors {
        let side = |line: &Option<Line>, bound: &Option<weigh_facts::Decimal>, none: &str| {
            let Some(line) = line else {
                return none.to_owned();
            };
            let away = bound
                .as_ref()
                .and_then(|bound| numbers::margin(bound, &line.at.value))
                .map_or_else(String::new, |margin| format!(": {margin}"));
            let at = line.at.to_reader(&line.shown);
            format!("{} {at} (`{}`){away}", line.comparator, line.rule)
        };
        let above = side(&near.above, &near.bounds.1, "no line above");
        let below = side(&near.below, &near.bounds.0, "no line below");
        writeln!(out, "    {}", near.fact)?;
        writeln!(out, "      above  {}", wrapped(&above, 13))?;
        writeln!(out, "      below  {}", wrapped(&below, 13))?;
    }
    Ok(())
}

/// Breaks lines at 98 columns and indents all but the first.
pub(crate) fn wrapped(text: &str, indent: usize) -> String {
    let mut out = String::new();
    let mut column = indent;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > indent && column + width + 1 > 98 {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out
}
