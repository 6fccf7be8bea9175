//! Markdown for a ticket or a memo.
//!
//! - **Invariant:** words from outside are escaped: they make no table cell, link, image, heading,
//!   code or HTML of their own.

use weigh_facts::Verdict;

use crate::page::findings::{CitationWords, FindingWords, Findings, by_book};
use crate::page::model::ModelWords;
use crate::page::operations::OperationsWords;
use crate::page::{Page, capitalized};
use crate::scale::Scale;
use crate::text::bar;

/// Sets the page.
pub(crate) fn render(page: &Page) -> String {
    let mut memo = Memo::default();
    memo.line(&format!("# Weighing of {}", escaped(&page.subject)));
    memo.paragraph(&format!(
        "{}; rules read on {}, as known on {}.",
        page.tool, page.on, page.known
    ));
    memo.paragraph(&format!("**{}.**", capitalized(&page.findings.summary())));
    if page.is_model {
        model(&mut memo, page);
        operations(&mut memo, &page.operations);
    }
    if let Some(scale) = &page.scale {
        bar_and_lines(&mut memo, scale);
    }
    alarms(&mut memo, page);
    findings(&mut memo, &page.findings);
    regimes(&mut memo, page);
    questions(&mut memo, page);
    taken_and_lost(&mut memo, page);
    read(&mut memo, page);
    memo.paragraph(CLOSING);
    memo.0
}

const CLOSING: &str = "Findings under documented readings of the texts, not legal advice; each rule's source is the law.";

/// A memo being written.
#[derive(Debug, Default)]
pub(crate) struct Memo(String);

impl Memo {
    /// What was written.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    pub(crate) fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        self.line("");
        self.line(text);
    }

    pub(crate) fn heading(&mut self, level: usize, text: &str) {
        self.paragraph(&format!("{} {text}", "#".repeat(level)));
    }

    /// A table whose cells are escaped here.
    pub(crate) fn table(&mut self, heads: &[&str], rows: &[Vec<String>]) {
        if rows.is_empty() {
            return;
        }
        self.paragraph(&format!("| {} |", heads.join(" | ")));
        self.line(&format!("|{}", " --- |".repeat(heads.len())));
        for row in rows {
            let cells: Vec<String> = row.iter().map(|c| escaped(c)).collect();
            self.line(&format!("| {} |", cells.join(" | ")));
        }
    }

    /// A bullet whose text is escaped here.
    fn bullet(&mut self, label: &str, text: &str) {
        let label = if label.is_empty() {
            String::new()
        } else {
            format!("**{label}:** ")
        };
        self.line(&format!("- {label}{}", escaped(text)));
    }
}

/// Text that is only text: nothing in it means anything to Markdown, to HTML or to a table.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' => out.push_str("&#124;"),
            '`' => out.push_str("&#96;"),
            '@' => out.push_str("&#64;"),
            '\\' | '*' | '_' | '[' | ']' | '#' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // A bare address would become a link.
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

fn model(memo: &mut Memo, page: &Page) {
    memo.heading(2, "What the model is");
    let adapter = page.adapter.iter();
    let adapter: Vec<Vec<String>> = adapter
        .map(|(what, value)| vec![(*what).to_owned(), value.clone()])
        .collect();
    memo.table(&["Adapter", "Value"], &adapter);
    let Some(model) = &page.model else {
        memo.paragraph("Not known: no configuration and no tensor headers were read.");
        return;
    };
    architecture(memo, model);
}

fn architecture(memo: &mut Memo, model: &ModelWords) {
    let row = |what: &str, value: &str| vec![what.to_owned(), value.to_owned()];
    let mut rows = vec![
        row("Family", &model.family),
        row("Shape", &model.shape),
        row("Layers", &model.towers),
    ];
    rows.extend(
        model
            .parameters
            .iter()
            .map(|(what, n)| row(&format!("Parameters, {what}"), n)),
    );
    rows.extend(
        model
            .headers
            .as_ref()
            .map(|h| row("Tensor headers", &h.sentence)),
    );
    rows.push(row("Context", &model.context));
    rows.push(row("KV cache", &model.kv));
    rows.push(row("Read from", &model.source));
    rows.extend(model.defaulted.iter().map(|d| {
        let words = format!(
            "{} = {}, by the class's default: {} has no such key",
            d.key, d.value, d.place
        );
        row("Defaulted key", &words)
    }));
    memo.table(&["Model", "Value"], &rows);
}

fn operations(memo: &mut Memo, operations: &OperationsWords) {
    memo.heading(2, "Operations");
    let Some(total) = &operations.total else {
        memo.paragraph("Not known.");
        stages_and_conventions(memo, operations);
        return;
    };
    let digits = total
        .digits
        .as_ref()
        .map(|d| format!(" Every digit: {d}."))
        .unwrap_or_default();
    let days = total
        .ef_days
        .as_ref()
        .map(|d| format!(", {d}"))
        .unwrap_or_default();
    memo.paragraph(&format!(
        "All stages: **{}**{days}.{digits} Counted as {}.",
        total.in_one_line(),
        escaped(operations.attention)
    ));
    stages_and_conventions(memo, operations);
    if let Some(found) = &operations.reconciliation {
        memo.paragraph(&format!(
            "Methods **{}**: {}.",
            found.verdict,
            escaped(&found.sentence)
        ));
        for cause in &found.causes {
            memo.bullet("Possible cause", cause);
        }
    }
    if let Some(check) = &operations.cross_check {
        let all = check
            .all_parameters
            .as_ref()
            .map(|a| format!(" {}", escaped(a)));
        memo.paragraph(&format!(
            "Cross-check: {}.{}",
            escaped(&check.active),
            all.unwrap_or_default()
        ));
    }
    if !operations.break_evens.is_empty() {
        memo.paragraph("Break-even lengths:");
        memo.line("");
        for sentence in &operations.break_evens {
            memo.bullet("", sentence);
        }
    }
}

fn stages_and_conventions(memo: &mut Memo, operations: &OperationsWords) {
    let stages: Vec<Vec<String>> = operations
        .stages
        .iter()
        .map(|s| {
            let core = s.core.clone().unwrap_or_default();
            vec![
                s.name.clone(),
                s.tokens.clone(),
                s.sequences.clone(),
                s.training.clone(),
                s.operations.clone(),
                core,
                s.sources.clone(),
            ]
        })
        .collect();
    let heads = [
        "Stage",
        "Tokens",
        "Sequences",
        "Trained",
        "Operations",
        "Of which",
        "From",
    ];
    memo.table(&heads, &stages);
    let conventions: Vec<Vec<String>> = operations
        .conventions
        .iter()
        .map(|c| {
            vec![
                c.id.clone(),
                c.title.clone(),
                c.total.clone(),
                c.open_because.clone(),
            ]
        })
        .collect();
    memo.table(
        &["Convention", "What it counts", "Total", "Open because"],
        &conventions,
    );
    let methods: Vec<Vec<String>> = operations
        .methods
        .iter()
        .map(|m| {
            let title = format!("{} ({})", m.title, m.id);
            vec![
                title,
                m.total.clone(),
                m.inputs.clone(),
                m.cannot_see.clone(),
            ]
        })
        .collect();
    memo.table(&["Method", "Operations", "From", "Cannot see"], &methods);
}

fn bar_and_lines(memo: &mut Memo, scale: &Scale) {
    memo.paragraph("```text");
    for line in bar::draw(scale) {
        // A fence inside would end the block.
        memo.line(line.replace('`', "'").trim_end());
    }
    memo.line("```");
    let rows: Vec<Vec<String>> = scale
        .marks
        .iter()
        .flat_map(|mark| {
            mark.lines.iter().map(|l| {
                vec![
                    mark.letter.clone(),
                    l.threshold.clone(),
                    l.rule.clone(),
                    l.fact.clone(),
                ]
            })
        })
        .collect();
    memo.table(&["Line", "Where", "Rule", "Compared"], &rows);
}

fn alarms(memo: &mut Memo, page: &Page) {
    if page.alarms.is_empty() {
        return;
    }
    memo.heading(2, "A person must look");
    let rows: Vec<Vec<String>> = page
        .alarms
        .iter()
        .map(|a| {
            let source = a.source.clone().unwrap_or_default();
            vec![a.id.clone(), a.since.clone(), a.text.clone(), source]
        })
        .collect();
    memo.table(&["Alarm", "Since", "What", "Source"], &rows);
}

fn regimes(memo: &mut Memo, page: &Page) {
    if page.regimes.is_empty() {
        return;
    }
    memo.heading(2, "Between the regimes");
    let rows: Vec<Vec<String>> = page
        .regimes
        .iter()
        .map(|r| {
            let law = if r.is_law { "law" } else { "not law" };
            vec![
                r.subject.clone(),
                r.says.clone(),
                r.rule.clone(),
                r.level.clone(),
                format!("{}; {law}", r.status),
            ]
        })
        .collect();
    memo.table(&["About", "Says", "Rule", "Level", "Status"], &rows);
}

fn findings(memo: &mut Memo, findings: &Findings) {
    memo.heading(2, "Findings");
    for group in findings.groups.iter().filter(|g| !g.findings.is_empty()) {
        memo.heading(3, &format!("{} ({})", group.heading, group.findings.len()));
        match group.verdict {
            Verdict::Applies | Verdict::Indeterminate => {
                for finding in &group.findings {
                    in_full(memo, finding);
                }
            }
            Verdict::DoesNotApply | Verdict::NotInForce => {
                let rows: Vec<Vec<String>> = group.findings.iter().map(in_one_row).collect();
                memo.table(&["Rule", "Level", "Status", "Decided by", "Source"], &rows);
            }
        }
    }
    if findings.any_stale() {
        memo.paragraph("STALE: the day is later than the last one of which the rulebook knows.");
    }
    if findings.is_empty() {
        memo.paragraph("No rule was read.");
    }
    for conflict in &findings.conflicts {
        memo.paragraph(&format!("**CONTRADICTION:** {}.", escaped(conflict)));
    }
    if !findings.elsewhere.is_empty() {
        let kinds = findings.elsewhere.iter();
        let kinds: Vec<String> = kinds
            .map(|e| {
                let rules = by_book(e.rules.iter().map(String::as_str));
                format!("{}: {}", e.kind, escaped(&rules))
            })
            .collect();
        let kinds = kinds.join("; about ");
        memo.paragraph(&format!(
            "Not read, being about something else: about {kinds}."
        ));
    }
}

fn in_full(memo: &mut Memo, finding: &FindingWords) {
    memo.heading(4, &format!("{}: {}", escaped(&finding.id), finding.verdict));
    memo.line("");
    if let Some(title) = &finding.title {
        memo.bullet("Title", title);
    }
    memo.bullet("Level", &finding.level);
    memo.bullet("Status", &status(finding));
    for citation in &finding.citations {
        memo.line(&format!("- **Source:** {}", cited(citation)));
    }
    let optional = [
        ("Could be", &finding.possible),
        ("Outcome", &finding.outcome),
        ("Overridden by", &finding.overridden_by),
        ("Unless", &finding.maybe_overridden_by),
        ("Contradicts", &finding.conflicts_with),
        ("Reading", &finding.reading),
    ];
    for (label, text) in optional {
        if let Some(text) = text {
            memo.bullet(label, text);
        }
    }
    for fact in finding.facts.iter().filter(|f| f.matters) {
        memo.bullet(
            if fact.role == "decides" {
                "Decided by"
            } else {
                "Open"
            },
            &fact.sentence,
        );
    }
    for missing in &finding.missing {
        let words = format!("{} ({}): {}", missing.fact, missing.why, missing.ask);
        memo.bullet("Needs", &words);
    }
    for see in &finding.see {
        memo.line(&format!("- **See also:** {}", cited(see)));
    }
    for note in &finding.notes {
        memo.bullet("Note", note);
    }
}

fn in_one_row(finding: &FindingWords) -> Vec<String> {
    let mut decided: Vec<String> = finding
        .facts
        .iter()
        .filter(|f| f.role == "decides")
        .map(|f| f.sentence.clone())
        .collect();
    decided.extend(
        finding
            .overridden_by
            .as_ref()
            .map(|r| format!("overridden by {r}")),
    );
    let source = finding.citations.first();
    vec![
        finding.id.clone(),
        finding.level.clone(),
        status(finding),
        decided.join("; "),
        source.map_or_else(String::new, |c| format!("{} ({})", c.title, c.certainty)),
    ]
}

fn status(finding: &FindingWords) -> String {
    let stale = if finding.is_stale { "; STALE" } else { "" };
    format!("{}{stale}", finding.status)
}

fn cited(citation: &CitationWords) -> String {
    let title = escaped(&citation.title);
    let title = match citation.href.as_ref().filter(|h| is_plain_address(h)) {
        Some(href) => format!("[{title}]({href})"),
        None => title,
    };
    let quote = citation
        .quote
        .as_ref()
        .map(|q| format!(", “{}”", escaped(q)));
    format!(
        "{title}{} ({})",
        quote.unwrap_or_default(),
        citation.certainty
    )
}

/// An address that can stand inside a link without escaping.
fn is_plain_address(href: &str) -> bool {
    href.chars()
        .all(|c| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'*+,;=%".contains(c))
}

fn questions(memo: &mut Memo, page: &Page) {
    if page.questions.is_empty() {
        return;
    }
    memo.heading(2, "What would settle it");
    let rows: Vec<Vec<String>> = page
        .questions
        .iter()
        .map(|q| {
            vec![
                q.ask.clone(),
                q.facts.join(", "),
                q.source.clone(),
                q.settles.clone(),
            ]
        })
        .collect();
    memo.table(
        &[
            "Question",
            "Fact",
            "Who or what knows",
            "Would help to settle",
        ],
        &rows,
    );
}

fn taken_and_lost(memo: &mut Memo, page: &Page) {
    if !page.assumptions.is_empty() {
        memo.heading(2, "Taken for granted");
    }
    let rows: Vec<Vec<String>> = page
        .assumptions
        .iter()
        .map(|a| vec![a.name.clone(), a.value.clone(), a.reason.clone()])
        .collect();
    memo.table(&["What", "Value", "Why"], &rows);
    if !page.warnings.is_empty() {
        memo.heading(2, "Warnings");
    }
    let rows: Vec<Vec<String>> = page
        .warnings
        .iter()
        .map(|w| {
            vec![
                w.code.clone(),
                w.message.clone(),
                w.place.clone().unwrap_or_default(),
            ]
        })
        .collect();
    memo.table(&["Code", "Message", "Place"], &rows);
}

fn read(memo: &mut Memo, page: &Page) {
    if !page.inputs.is_empty() {
        memo.heading(2, "Inputs");
    }
    let rows: Vec<Vec<String>> = page
        .inputs
        .iter()
        .map(|i| {
            let digest = format!("{} {}", i.digest_of, i.sha256);
            vec![i.path.clone(), i.role.clone(), i.size.clone(), digest]
        })
        .collect();
    memo.table(&["Path", "Role", "Size", "Digest"], &rows);
    if !page.rulebooks.is_empty() {
        memo.heading(2, "Rulebooks");
    }
    let rows: Vec<Vec<String>> = page
        .rulebooks
        .iter()
        .map(|b| {
            let stale = if b.is_stale {
                " (STALE on this day)"
            } else {
                ""
            };
            let own = if b.supplied_by.is_some() {
                " (SUPPLIED BY YOU)"
            } else {
                ""
            };
            let known = format!("{}{stale}{own}", b.known_through);
            vec![
                b.id.clone(),
                b.title.clone(),
                b.version.clone(),
                known,
                b.digest_short.clone(),
            ]
        })
        .collect();
    memo.table(
        &["Rulebook", "Title", "Version", "Known through", "Digest"],
        &rows,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_makes_no_markup_of_its_own() {
        assert_eq!(
            escaped("a|b`c`<script>"),
            "a&#124;b&#96;c&#96;&lt;script&gt;"
        );
        assert_eq!(
            escaped("![x](https://e.vil)"),
            "\\!\\[x\\](https&#58;//e.vil)"
        );
        assert_eq!(escaped("# *a* _b_ \\"), "\\# \\*a\\* \\_b\\_ \\\\");
        assert_eq!(
            escaped("@everyone www.e.vil"),
            "&#64;everyone www&#46;e.vil"
        );
    }

    #[test]
    fn only_a_plain_address_becomes_a_link() {
        assert!(is_plain_address(
            "https://eur-lex.europa.eu/eli/reg/2024/1689/oj"
        ));
        assert!(!is_plain_address("https://a.b/c) [d](https://e.vil"));
    }
}
