//! One page for a terminal, at most 100 columns wide.
//!
//! - **Invariant:** color never carries meaning; see [`sheet`].

pub(crate) mod bar;
pub(crate) mod sheet;

use weigh_facts::Verdict;

use crate::page::findings::{CitationWords, FindingWords, Findings, Group, MissingWords, by_book};
use crate::page::model::ModelWords;
use crate::page::operations::{ConventionWords, OperationsWords, StageWords};
use crate::page::{Page, capitalized};
use crate::scale::Scale;
use sheet::{Sheet, Tone};

/// Sets the page.
pub(crate) fn render(page: &Page, color: bool) -> String {
    let mut sheet = Sheet::new(color);
    let header = format!(
        "{} · {} · rules read on {}, as known on {}",
        page.tool, page.subject, page.on, page.known
    );
    sheet.write(&header, 0, 2, Some(Tone::Strong));
    sheet.write(&capitalized(&page.findings.summary()), 0, 2, None);
    if page.is_model {
        model(&mut sheet, page);
        operations(&mut sheet, &page.operations);
    }
    if let Some(scale) = &page.scale {
        bar(&mut sheet, scale);
    }
    alarms(&mut sheet, page);
    findings(&mut sheet, &page.findings);
    regimes(&mut sheet, page);
    questions(&mut sheet, page);
    assumptions(&mut sheet, page);
    warnings(&mut sheet, page);
    read(&mut sheet, page);
    sheet.into_text()
}

fn model(sheet: &mut Sheet, page: &Page) {
    sheet.heading("What the model is");
    for (index, (what, value)) in page.adapter.iter().enumerate() {
        let label = if index == 0 { "adapter" } else { "" };
        sheet.field(label, &format!("{what}: {value}"));
    }
    match &page.model {
        Some(model) => architecture(sheet, model),
        None if page.adapter.is_empty() => sheet.field("model", NO_MODEL),
        None => sheet.field("base model", NO_BASE),
    }
}

const NO_MODEL: &str = "not known: no configuration and no tensor headers were read";
const NO_BASE: &str = "not at hand: give its folder beside the adapter's to count operations";

fn architecture(sheet: &mut Sheet, model: &ModelWords) {
    sheet.field("family", &model.family);
    sheet.field("shape", &model.shape);
    sheet.field("layers", &model.towers);
    let width = model
        .parameters
        .iter()
        .map(|(_, digits)| digits.len())
        .max()
        .unwrap_or(0);
    for (index, (what, digits)) in model.parameters.iter().enumerate() {
        let label = if index == 0 { "parameters" } else { "" };
        sheet.field(label, &format!("{digits:>width$}  {what}"));
    }
    if let Some(headers) = &model.headers {
        let tone = headers.is_conflict.then_some(Tone::Alert);
        sheet.toned_field("headers", tone, &headers.sentence);
    }
    sheet.field("context", &model.context);
    sheet.field("KV cache", &model.kv);
    sheet.field("read from", &model.source);
    for (index, key) in model.defaulted.iter().enumerate() {
        let label = if index == 0 { "defaulted" } else { "" };
        let words = format!(
            "{} = {}, by the class's default: {} has no such key",
            key.key, key.value, key.place
        );
        sheet.field(label, &words);
    }
}

fn operations(sheet: &mut Sheet, operations: &OperationsWords) {
    sheet.heading("Operations");
    match &operations.total {
        Some(total) => {
            sheet.field("all stages", &total.in_one_line());
            if let Some(days) = &total.ef_days {
                sheet.field("", days);
            }
            if let Some(digits) = &total.digits {
                sheet.field("every digit", digits);
            }
        }
        None => sheet.field("all stages", "not known"),
    }
    sheet.field("counted as", operations.attention);
    conventions(sheet, &operations.conventions);
    for each in &operations.stages {
        stage(sheet, each);
    }
    for method in &operations.methods {
        let words = format!("{}: {} [{}]", method.title, method.total, method.id);
        sheet.field("method", &words);
        if !method.inputs.is_empty() {
            sheet.field("", &format!("from {}", method.inputs));
        }
        if !method.cannot_see.is_empty() {
            sheet.field("", &format!("cannot see {}", method.cannot_see));
        }
    }
    if let Some(found) = &operations.reconciliation {
        let tone = found.is_conflict.then_some(Tone::Alert);
        sheet.toned_field(
            "methods",
            tone,
            &format!("{}: {}", found.verdict, found.sentence),
        );
        for cause in &found.causes {
            sheet.field("", &format!("possible cause: {cause}"));
        }
    }
    if let Some(check) = &operations.cross_check {
        sheet.field("cross-check", &check.active);
        if let Some(all) = &check.all_parameters {
            sheet.field("", all);
        }
    }
    for (index, sentence) in operations.break_evens.iter().enumerate() {
        sheet.field(if index == 0 { "break-even" } else { "" }, sentence);
    }
}

/// Conventions that come to the same need one line together.
fn conventions(sheet: &mut Sheet, all: &[ConventionWords]) {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for each in all {
        let total = if each.is_total {
            "the same total"
        } else {
            &each.total
        };
        let words = match each.open_because.as_str() {
            "" => total.to_owned(),
            because => format!("{total}; open because {because}"),
        };
        match groups.iter_mut().find(|(seen, _)| *seen == words) {
            Some((_, ids)) => ids.push(&each.id),
            None => groups.push((words, vec![&each.id])),
        }
    }
    for (index, (words, ids)) in groups.iter().enumerate() {
        let label = if index == 0 { "conventions" } else { "" };
        sheet.field(label, &format!("{}: {words}", ids.join(", ")));
    }
}

fn stage(sheet: &mut Sheet, stage: &StageWords) {
    sheet.field("stage", &format!("{}: {}", stage.name, stage.operations));
    let mut parts = vec![
        stage.tokens.clone(),
        stage.sequences.clone(),
        stage.training.clone(),
    ];
    parts.extend(stage.core.clone());
    sheet.field("", &parts.join(", "));
    if !stage.sources.is_empty() {
        sheet.field("", &format!("from {}", stage.sources));
    }
}

fn bar(sheet: &mut Sheet, scale: &Scale) {
    sheet.blank();
    for line in bar::draw(scale) {
        sheet.raw(&line);
    }
    sheet.write(
        "● best value, ├─┤ bounds, ◄ ► open end, │ a line of a rule; FLOP, log scale",
        18,
        18,
        Some(Tone::Quiet),
    );
    let lines = scale.marks.iter().flat_map(|m| &m.lines);
    let width = lines.map(|l| l.threshold.len()).max().unwrap_or(0);
    for mark in &scale.marks {
        for (index, line) in mark.lines.iter().enumerate() {
            let letter = if index == 0 { mark.letter.as_str() } else { "" };
            let words = format!(
                "{:<width$}  {}  on {}",
                line.threshold, line.rule, line.fact
            );
            sheet.write(&format!("{letter:<2} {words}"), 2, 20, None);
        }
    }
}

fn findings(sheet: &mut Sheet, findings: &Findings) {
    sheet.heading("Findings");
    let says_once = findings.any_stale() && findings.all_stale();
    if says_once {
        sheet.write(ALL_STALE, 2, 2, None);
    }
    for group in findings.groups.iter().filter(|g| !g.findings.is_empty()) {
        sheet.blank();
        let heading = format!("{} ({})", group.heading, group.findings.len());
        sheet.write(&heading, 2, 2, Some(Tone::Strong));
        match group.verdict {
            Verdict::Applies | Verdict::Indeterminate => open_or_applies(sheet, group),
            Verdict::DoesNotApply => settled(sheet, group, !says_once),
            Verdict::NotInForce => {
                let ids = by_book(group.findings.iter().map(|f| f.id.as_str()));
                sheet.write(&ids, 4, 6, None);
            }
        }
    }
    if findings.any_stale() && !says_once {
        sheet.blank();
        sheet.write(STALE, 2, 4, Some(Tone::Quiet));
    }
    if findings.is_empty() {
        sheet.write("No rule was read.", 2, 2, None);
    }
    for conflict in &findings.conflicts {
        sheet.blank();
        sheet.lead("CONTRADICTION", Some(Tone::Alert), conflict);
    }
    if !findings.elsewhere.is_empty() {
        let kinds: Vec<String> = findings
            .elsewhere
            .iter()
            .map(|e| {
                let rules = by_book(e.rules.iter().map(String::as_str));
                format!("{}: {rules}", e.kind)
            })
            .collect();
        sheet.blank();
        let words = format!(
            "Not read, being about something else: about {}.",
            kinds.join("; about ")
        );
        sheet.write(&words, 2, 4, Some(Tone::Quiet));
    }
}

const ALL_STALE: &str =
    "All STALE: the day is later than the last one of which any rulebook knows.";
const STALE: &str = "STALE: the day is later than the last one of which the rulebook knows.";

fn in_full(sheet: &mut Sheet, group: &Group, finding: &FindingWords) {
    sheet.blank();
    let tone = match group.verdict {
        Verdict::Applies => Tone::Alert,
        _ => Tone::Open,
    };
    let title = finding
        .title
        .as_ref()
        .map(|t| format!(" · {t}"))
        .unwrap_or_default();
    let words = format!("{} · {}{title}", finding.id, finding.level);
    sheet.lead(finding.verdict, Some(tone), &words);
    let possible = finding
        .possible
        .as_ref()
        .map(|p| format!("; could be: {p}"));
    sheet.subfield("status", &(status(finding) + &possible.unwrap_or_default()));
    let mut label = "source";
    for citation in &finding.citations {
        sheet.subfield(label, &source(citation));
        label = "";
    }
    let mut label = "facts";
    for fact in finding.facts.iter().filter(|f| f.matters) {
        sheet.subfield(label, &fact.sentence);
        label = "";
    }
    needs(sheet, finding);
    if let Some(outcome) = &finding.outcome {
        let label = match group.verdict {
            Verdict::Applies => "follows",
            _ => "if so",
        };
        sheet.subfield(label, outcome);
    }
    exceptions(sheet, finding);
    if let Some(reading) = finding
        .reading
        .as_ref()
        .filter(|_| group.verdict == Verdict::Applies)
    {
        sheet.subfield("reading", reading);
    }
    for note in &finding.notes {
        sheet.subfield("note", note);
    }
}

/// What is missing: one of several findings may need the same, so the question stands below, once.
fn needs(sheet: &mut Sheet, finding: &FindingWords) {
    let needs: Vec<String> = finding.missing.iter().map(need).collect();
    if !needs.is_empty() {
        sheet.subfield("needs", &needs.join(", "));
    }
}

fn need(missing: &MissingWords) -> String {
    match missing.question {
        Some(number) => format!("question {number} ({}: {})", missing.fact, missing.why),
        None => format!("{} ({}): {}", missing.fact, missing.why, missing.ask),
    }
}

fn exceptions(sheet: &mut Sheet, finding: &FindingWords) {
    // The label and the rules make a sentence: `unless` an exception holds.
    let lines = [
        ("overridden", &finding.overridden_by),
        ("unless", &finding.maybe_overridden_by),
        ("against", &finding.conflicts_with),
    ];
    for (label, rules) in lines {
        if let Some(rules) = rules {
            sheet.subfield(label, rules);
        }
    }
}

fn status(finding: &FindingWords) -> String {
    let stale = if finding.is_stale { "; STALE" } else { "" };
    format!("{}{stale}", finding.status)
}

fn source(citation: &CitationWords) -> String {
    let quote = citation
        .quote
        .as_ref()
        .map(|q| format!(", “{q}”"))
        .unwrap_or_default();
    format!("{}{quote} [{}]", citation.title, citation.certainty)
}

/// Of more open findings than this, none stands in full: `explain` walks each.
const OPEN_IN_FULL_MAX: usize = 6;

/// What applies stands in full; of what is open, notes need one line each, and so does every flag
/// where much is open.
fn open_or_applies(sheet: &mut Sheet, group: &Group) {
    let is_open = group.verdict == Verdict::Indeterminate;
    let full = group.findings.iter().filter(|f| !f.is_note).count();
    let is_long = full > OPEN_IN_FULL_MAX;
    let is_brief = |f: &&FindingWords| is_open && (f.is_note || is_long);
    let (brief, full): (Vec<_>, Vec<_>) = group.findings.iter().partition(is_brief);
    for finding in full {
        in_full(sheet, group, finding);
    }
    if !brief.is_empty() {
        sheet.blank();
    }
    for finding in brief {
        let mut words = vec![format!("{} · {}", finding.id, finding.level)];
        words.extend(brief_needs(finding));
        sheet.write(&words.join(" · "), 4, 6, None);
    }
}

/// What an open finding needs, by the numbers of the questions: `needs questions 1, 3 and 4`.
fn brief_needs(finding: &FindingWords) -> Option<String> {
    let mut numbers: Vec<usize> = finding.missing.iter().filter_map(|m| m.question).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let unasked = finding.missing.iter().filter(|m| m.question.is_none());
    let unasked = unasked.map(|m| m.fact.clone());
    let numbers = match numbers.as_slice() {
        [] => None,
        [one] => Some(format!("question {one}")),
        several => {
            let several: Vec<String> = several.iter().map(ToString::to_string).collect();
            Some(format!("questions {}", several.join(", ")))
        }
    };
    let all: Vec<String> = numbers.into_iter().chain(unasked).collect();
    (!all.is_empty()).then(|| format!("needs {}", all.join(", ")))
}

/// Of more rules that do not apply than this, none shows its source: `explain` does.
const SOURCED_MAX: usize = 4;

/// What does not apply needs a line: the rule, how heavy it is and the fact that decided; and if a
/// duty would follow, its status and source. The rest is named.
fn settled(sheet: &mut Sheet, group: &Group, says_stale: bool) {
    let (heavy, light): (Vec<_>, Vec<_>) = group.findings.iter().partition(|f| f.is_weighty);
    let is_long = heavy.len() > SOURCED_MAX;
    for finding in heavy {
        let mut words = vec![format!("{} · {}", finding.id, finding.level)];
        let decisive = finding.facts.iter().find(|f| f.role == "decides");
        words.extend(decisive.map(|f| f.brief.clone()));
        let overridden = finding.overridden_by.as_ref();
        words.extend(overridden.map(|r| format!("overridden by {r}")));
        words.extend(finding.notes.iter().cloned());
        if says_stale && finding.is_stale {
            words.push("STALE".to_owned());
        }
        sheet.write(&words.join(" · "), 4, 6, None);
        if is_long {
            continue;
        }
        let source = finding
            .citations
            .first()
            .map(|c| format!("; {} [{}]", c.title, c.certainty));
        let words = format!("{}{}", finding.status, source.unwrap_or_default());
        sheet.write(&words, 6, 6, Some(Tone::Quiet));
    }
    if !light.is_empty() {
        let names = by_book(light.iter().map(|f| f.id.as_str()));
        sheet.write(&format!("flags, notes and exceptions: {names}"), 4, 6, None);
    }
}

fn alarms(sheet: &mut Sheet, page: &Page) {
    if page.alarms.is_empty() {
        return;
    }
    sheet.heading("A person must look");
    for alarm in &page.alarms {
        let words = format!("{} · {} · {}", alarm.id, alarm.since, alarm.text);
        sheet.lead("ALARM", Some(Tone::Alert), &words);
        if let Some(source) = &alarm.source {
            sheet.write(source, 6, 6, Some(Tone::Quiet));
        }
    }
}

/// Where the rulebooks part: a line each, under the decision or the quantity.
fn regimes(sheet: &mut Sheet, page: &Page) {
    if page.regimes.is_empty() {
        return;
    }
    sheet.heading("Between the regimes");
    let mut last = "";
    for row in &page.regimes {
        if row.subject != last {
            sheet.write(&row.subject, 2, 4, Some(Tone::Strong));
            last = &row.subject;
        }
        let law = if row.is_law { "" } else { " · NOT LAW" };
        let words = format!("{} · {} · {}{law}", row.says, row.rule, row.level);
        sheet.write(&words, 4, 6, None);
        sheet.write(&row.status, 6, 6, Some(Tone::Quiet));
    }
}

fn questions(sheet: &mut Sheet, page: &Page) {
    if page.questions.is_empty() {
        return;
    }
    sheet.heading("What would settle it");
    for (index, question) in page.questions.iter().enumerate() {
        let source = format!("from {}", question.source);
        let words = format!(
            "{:>2}. {} ({}; {source})",
            index + 1,
            question.ask,
            question.facts.join(", ")
        );
        sheet.write(&words, 2, 6, None);
        sheet.write(
            &format!("for {}", by_book(question.settles.split(", "))),
            6,
            10,
            Some(Tone::Quiet),
        );
    }
}

fn assumptions(sheet: &mut Sheet, page: &Page) {
    if page.assumptions.is_empty() {
        return;
    }
    sheet.heading("Taken for granted");
    for each in &page.assumptions {
        sheet.write(
            &format!("{} = {}: {}", each.name, each.value, each.reason),
            2,
            4,
            None,
        );
    }
}

fn warnings(sheet: &mut Sheet, page: &Page) {
    if page.warnings.is_empty() {
        return;
    }
    sheet.heading("Warnings");
    for each in &page.warnings {
        let place = each
            .place
            .as_ref()
            .map(|p| format!(" ({p})"))
            .unwrap_or_default();
        sheet.write(
            &format!("[{}] {}{place}", each.code, each.message),
            2,
            4,
            None,
        );
    }
}

fn read(sheet: &mut Sheet, page: &Page) {
    if !page.inputs.is_empty() {
        sheet.heading("Inputs");
    }
    for input in &page.inputs {
        let words = format!(
            "{}  {} · {} · {} · {}",
            input.sha256_short, input.path, input.role, input.size, input.digest_of
        );
        sheet.write(&words, 2, 16, None);
    }
    if !page.rulebooks.is_empty() {
        sheet.heading("Rulebooks");
    }
    let all_stale = page.rulebooks.iter().all(|b| b.is_stale);
    if all_stale && !page.rulebooks.is_empty() {
        sheet.write(
            "The day is later than the last one of which any of them knows: all STALE.",
            2,
            4,
            None,
        );
    }
    for book in &page.rulebooks {
        let stale = if book.is_stale && !all_stale {
            " · STALE on this day"
        } else {
            ""
        };
        let own = book.supplied_by.as_ref();
        let own = own.map_or_else(String::new, |file| format!(" · SUPPLIED BY YOU: {file}"));
        let words = format!(
            "{}  {} {} · known through {}{stale}{own}",
            book.digest_short, book.id, book.version, book.known_through
        );
        sheet.write(&words, 2, 16, None);
    }
    sheet.blank();
    sheet.write(MORE, 0, 0, Some(Tone::Quiet));
    sheet.write(CLOSING, 0, 0, Some(Tone::Quiet));
}

/// Where the rest stands.
const MORE: &str = "Why a rule says what it says, and under which reading: `weighbridge explain`.";

/// What a page is, and what it is not.
const CLOSING: &str = "Findings under documented readings of the texts, not legal advice; each \
                       rule's source is the law.";
