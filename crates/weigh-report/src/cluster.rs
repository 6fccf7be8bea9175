//! A cluster on one sheet: its rates, the time to each threshold, and what rules about clusters
//! say, with what they rest on and what is missing.

use std::fmt::Write;

use askama::Template;
use serde::Serialize;
use weigh_facts::{Decimal, Estimate, Operations, Quantity, TextStatus, Unit, Verdict};
use weigh_rules::Finding;
use weigh_station::{ClusterSheet, OperationsLine, TimeTo};

use crate::chip::{WireChange, bounds};
use crate::chip_list::{WireBounds, WireTool};
use crate::clean::clean;
use crate::finding::wrapped;
use crate::json::escaped;
use crate::numbers::{self, grouped};
use crate::page::findings::{enforcement, text_status, verdict_words};
use crate::speaks::{WireSaid, wire};
use crate::{Format, TOOL, VERSION};

/// Renders the sheet of a cluster. Ends with a line break.
#[must_use]
pub fn render_cluster(sheet: &ClusterSheet, format: Format) -> String {
    match format {
        Format::Text => text(&Words::of(sheet)),
        Format::Markdown => markdown(&Words::of(sheet)),
        Format::Html => html(&Words::of(sheet)),
        Format::Json => json(sheet),
    }
}

struct Words {
    tool: String,
    title: String,
    on: String,
    /// Label and words, in order.
    figures: Vec<(&'static str, String)>,
    formats: Vec<FormatWords>,
    /// In which format, at which share of which rate, and what of this was assumed.
    training: String,
    times: Vec<TimeWords>,
    rules: Vec<RuleWords>,
    otherwise: Vec<String>,
    has_open: bool,
}

struct FormatWords {
    precision: String,
    rate: String,
    remark: String,
}

struct TimeWords {
    operations: String,
    ef_days: String,
    days: String,
    hours: String,
    lines: String,
}

impl TimeWords {
    fn cells(&self) -> [&str; 4] {
        [&self.operations, &self.ef_days, &self.days, &self.hours]
    }
}

struct RuleWords {
    verdict: &'static str,
    is_open: bool,
    rule: String,
    title: String,
    level: String,
    status: String,
    source: String,
    needs: String,
}

/// One exaFLOP per second for a day.
fn ef_day() -> Decimal {
    Decimal::from(86_400_000_000_000_000_000_000_u128)
}

/// One exaFLOP per second.
fn exa() -> Decimal {
    Decimal::from(1_000_000_000_000_000_000_u64)
}

impl Words {
    fn of(sheet: &ClusterSheet) -> Self {
        let rules: Vec<RuleWords> = sheet.findings.iter().map(rule).collect();
        let otherwise = sheet.otherwise.iter().map(|(rule, here, there)| {
            let (here, there) = (verdict_words(*here), verdict_words(*there));
            let precision = &sheet.precision.value;
            clean(&format!(
                "FLIPS: {rule} {here} at the theoretical maximum, and {there} at the rate in {precision}"
            ))
        });
        Self {
            tool: format!("{TOOL} {VERSION}"),
            title: match sheet.peak.chips {
                1 => "Cluster of 1 chip".to_owned(),
                n => format!("Cluster of {} chips", grouped(n)),
            },
            on: sheet.on.to_string(),
            figures: figures(sheet),
            formats: formats(sheet),
            training: training(sheet),
            times: sheet.times.iter().map(time).collect(),
            otherwise: otherwise.collect(),
            has_open: rules.iter().any(|r| r.is_open),
            rules,
        }
    }
}

fn figures(sheet: &ClusterSheet) -> Vec<(&'static str, String)> {
    let mut figures = Vec::new();
    for (chip, count) in &sheet.groups {
        let links = chip.link_gb_per_s.as_ref().map(|l| bounds(&l.value));
        let links = match links.as_deref() {
            Some("0") => "no links to other chips".to_owned(),
            Some(rate) => format!("links of {rate} GB/s per chip"),
            None => "links not known".to_owned(),
        };
        let words = format!("{} x {}, {links}", grouped(*count), chip.name);
        let label = if figures.is_empty() { "chips" } else { "and" };
        figures.push((label, clean(&words)));
    }
    let network = sheet.peak.network_gbit_per_s.as_ref();
    let network = network.map_or_else(
        || "not stated".to_owned(),
        |n| format!("{} Gbit/s between machines", bounds(n)),
    );
    figures.push(("network", network));
    let tpp = sheet.peak.tpp.as_ref().map(|tpp| match tpp.as_exact() {
        Some(exact) => whole(exact),
        None => bounds(tpp),
    });
    figures.push((
        "TPP",
        tpp.map_or_else(
            || "not known".to_owned(),
            |tpp| {
                format!(
                    "{tpp} over all chips ({}): what caps on shipments count. It classifies \
                     nothing: an item is classified by one packaged circuit.",
                    sheet.tf32.as_str()
                )
            },
        ),
    ));
    figures
}

/// Every digit of a whole number in groups.
fn whole(value: &Decimal) -> String {
    match value.to_u128().filter(|_| value.is_integer()) {
        Some(n) => grouped(n),
        None => value.to_reader(),
    }
}

fn formats(sheet: &ClusterSheet) -> Vec<FormatWords> {
    let rates = sheet.formats.iter().map(|format| {
        let mut remarks = Vec::new();
        if format.chips < sheet.peak.chips {
            let (some, all) = (grouped(format.chips), grouped(sheet.peak.chips));
            remarks.push(format!("{some} of {all} chips have it"));
        }
        FormatWords {
            precision: clean(&format.precision),
            rate: rate(&format.per_s),
            remark: remarks.join("; "),
        }
    });
    let peak = FormatWords {
        precision: "greatest".to_owned(),
        rate: rate(&sheet.peak.rate_per_s),
        remark: "each chip in its fastest format: the theoretical maximum, which rules about \
                 clusters read"
            .to_owned(),
    };
    rates.chain([peak]).collect()
}

/// `1.62e19`: three digits, rounded down, so that no rate looks as if it reached a line.
fn rate(per_s: &Decimal) -> String {
    numbers::rounded_down(per_s)
}

fn training(sheet: &ClusterSheet) -> String {
    let assumed = |is_assumed: bool| if is_assumed { " (assumed)" } else { "" };
    let share = &sheet.utilization.value;
    let peak = &sheet.training.rate_per_s;
    let per_day = share.map_increasing(|s| s * peak);
    format!(
        "In {}{}, at {}{} of {} FLOP/s. A day gives {} EF-day of {} at the peak.",
        clean(&sheet.precision.value),
        assumed(sheet.precision.is_assumed),
        bounds(share),
        assumed(sheet.utilization.is_assumed),
        rate(peak),
        outward(&per_day, &exa()),
        peak.quotient_down(&exa(), 3)
            .map_or_else(|| "0".to_owned(), |v| v.to_reader()),
    )
}

/// Digits of a time: enough to tell days apart, and no more than the assumptions bear.
const DIGITS: u64 = 4;

/// An estimate in a unit: a few digits, the ends rounded outward.
fn outward(value: &Estimate<Decimal>, unit: &Decimal) -> String {
    // More digits than any assumption bears: two ends that agree so far are one value.
    const ALIKE: u64 = 12;
    let down = |v: Option<&Decimal>, digits| v.and_then(|v| v.quotient_down(unit, digits));
    let (low, high) = (value.low(), value.high());
    if low.is_some() && down(low, ALIKE) == down(high, ALIKE) {
        let one = down(low, DIGITS + 1);
        return one.map_or_else(|| "not known".to_owned(), |v| v.to_reader());
    }
    let up = high.and_then(|v| v.quotient_up(unit, DIGITS));
    match (down(low, DIGITS), up) {
        (Some(down), Some(up)) => format!("{} to {}", down.to_reader(), up.to_reader()),
        (Some(down), None) => format!("at least {}", down.to_reader()),
        (None, Some(up)) => format!("at most {}", up.to_reader()),
        (None, None) => "not known".to_owned(),
    }
}

fn time(time: &TimeTo) -> TimeWords {
    let operations = time.operations.map_increasing(|o| o.to_decimal());
    let shown = match time.operations.as_exact() {
        Some(exact) => numbers::line(&exact.to_decimal()),
        None => outward(&operations, &Decimal::from(1_u64)),
    };
    TimeWords {
        operations: shown,
        ef_days: outward(&operations, &ef_day()),
        days: outward(&time.time_s, &Decimal::from(86_400_u64)),
        hours: outward(&time.time_s, &Decimal::from(3_600_u64)),
        lines: clean(&lines(&time.lines)),
    }
}

/// `> us-ca-sb53, us-ny-raise (not adopted); >= us-ear-4e091`.
fn lines(lines: &[OperationsLine]) -> String {
    let mut parts: Vec<(String, Vec<String>)> = Vec::new();
    for line in lines {
        let law = match line.text_status {
            Some(TextStatus::InForce) => String::new(),
            Some(status) => format!(" ({})", status.as_str()),
            None => " (no text known)".to_owned(),
        };
        let book = format!("{}{law}", line.rulebook);
        match parts.iter_mut().find(|(c, _)| *c == line.comparator) {
            Some((_, books)) if books.contains(&book) => {}
            Some((_, books)) => books.push(book),
            None => parts.push((line.comparator.clone(), vec![book])),
        }
    }
    let parts = parts
        .iter()
        .map(|(c, books)| format!("{c} {}", books.join(", ")));
    parts.collect::<Vec<_>>().join("; ")
}

fn rule(finding: &Finding) -> RuleWords {
    let source = finding.citation();
    let source = source.map(|c| format!("{c} [{}]", c.source.certainty.as_str()));
    let needs: Vec<String> = finding.needs().iter().map(ToString::to_string).collect();
    let stale = if finding.stale { "; STALE" } else { "" };
    RuleWords {
        verdict: verdict_words(finding.verdict),
        is_open: finding.verdict == Verdict::Indeterminate,
        rule: clean(&format!("{}/{}", finding.rulebook, finding.rule)),
        title: clean(finding.title.as_deref().unwrap_or_default()),
        level: finding.level.to_string(),
        status: format!(
            "{}; {}{stale}",
            text_status(finding.text_status),
            enforcement(finding.enforcement)
        ),
        source: clean(&source.unwrap_or_default()),
        needs: clean(&needs.join(", ")),
    }
}

const MISSING: &str =
    "What is missing can be said: `--network`, `--co-located`, `--fact NAME=VALUE`.";
const LEFT_OUT: &str = "Times leave out waiting, failures and chips that do not work on the job.";
const NO_ADVICE: &str = "Findings under documented readings of the texts, not legal advice; each rule's source is the law.";

fn text(words: &Words) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_text(&mut out, words);
    out
}

fn write_text(out: &mut String, words: &Words) -> std::fmt::Result {
    writeln!(
        out,
        "{} · {} · rules read on {}\n",
        words.tool, words.title, words.on
    )?;
    for (label, figure) in &words.figures {
        writeln!(out, "  {label:<9}  {}", wrapped(figure, 13))?;
    }
    writeln!(out, "\n  format        operations per second, dense")?;
    for format in &words.formats {
        let remark = wrapped(&format.remark, 28);
        let line = format!("  {:<12}  {:>10}  {remark}", format.precision, format.rate);
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out, "\nTime to train\n  {}", wrapped(&words.training, 2))?;
    if words.times.is_empty() {
        writeln!(out, "  no rulebook draws a line on operations on this day")?;
    }
    let heads = ["FLOP", "EF-days", "days", "hours"];
    let mut widths = heads.map(str::len);
    for time in &words.times {
        for (width, cell) in widths.iter_mut().zip(time.cells()) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let row = |cells: [&str; 4]| {
        let [operations, others @ ..] = cells;
        let [first, rest @ ..] = widths;
        let mut line = format!("  {operations:<first$}");
        for (cell, width) in others.iter().zip(rest) {
            let _ = write!(line, "  {cell:>width$}");
        }
        line
    };
    if !words.times.is_empty() {
        writeln!(out, "\n{}", row(heads))?;
    }
    for time in &words.times {
        writeln!(out, "{}", row(time.cells()))?;
        if !time.lines.is_empty() {
            writeln!(out, "      {}", wrapped(&time.lines, 6))?;
        }
    }
    writeln!(out, "  {LEFT_OUT}\n\nRules about clusters")?;
    for rule in &words.rules {
        let head = format!(
            "{}  {} · {} · {}",
            rule.verdict, rule.rule, rule.level, rule.title
        );
        writeln!(out, "  {}", wrapped(&head, 4))?;
        writeln!(
            out,
            "    {}",
            wrapped(&format!("{}; {}", rule.status, rule.source), 6)
        )?;
        if rule.is_open {
            writeln!(out, "    {}", wrapped(&format!("needs {}", rule.needs), 6))?;
        }
    }
    for line in &words.otherwise {
        writeln!(out, "  {}", wrapped(line, 4))?;
    }
    if words.rules.is_empty() {
        writeln!(out, "  none of the rulebooks has one")?;
    }
    if words.has_open {
        writeln!(out, "  {MISSING}")?;
    }
    writeln!(out, "\n{NO_ADVICE}")
}

fn markdown(words: &Words) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace('<', "&lt;");
    let mut out = format!("# {}\n\nRules read on {}.\n\n", words.title, words.on);
    for (label, figure) in &words.figures {
        let _ = writeln!(out, "- **{label}**: {}", cell(figure));
    }
    out.push_str("\n| Format | Operations per second, dense | |\n| --- | --- | --- |\n");
    for format in &words.formats {
        let row = [&format.precision, &format.rate, &format.remark].map(|c| cell(c));
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    let _ = writeln!(
        out,
        "\n## Time to train\n\n{}\n{LEFT_OUT}\n",
        cell(&words.training)
    );
    out.push_str("| FLOP | EF-days | Days | Hours | Lines |\n| --- | --- | --- | --- | --- |\n");
    for time in &words.times {
        let row = [
            &time.operations,
            &time.ef_days,
            &time.days,
            &time.hours,
            &time.lines,
        ];
        let _ = writeln!(out, "| {} |", row.map(|c| cell(c)).join(" | "));
    }
    out.push_str(
        "\n## Rules about clusters\n\n| Verdict | Rule | Level | Status | Source | Needs |\n",
    );
    out.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for rule in &words.rules {
        let row = [
            rule.verdict,
            &rule.rule,
            &rule.level,
            &rule.status,
            &rule.source,
            &rule.needs,
        ];
        let _ = writeln!(out, "| {} |", row.map(cell).join(" | "));
    }
    for line in &words.otherwise {
        let _ = writeln!(out, "\n{}.", cell(line));
    }
    let _ = writeln!(out, "\n{NO_ADVICE}");
    out
}

#[derive(Template)]
#[template(path = "cluster.html")]
struct ClusterPage<'a> {
    words: &'a Words,
    left_out: &'static str,
    no_advice: &'static str,
}

fn html(words: &Words) -> String {
    let page = ClusterPage {
        words,
        left_out: LEFT_OUT,
        no_advice: NO_ADVICE,
    };
    // Writing to a string cannot fail.
    let mut out = page.render().unwrap_or_default();
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

#[derive(Serialize)]
struct WireCluster {
    schema: &'static str,
    tool: WireTool,
    on: String,
    tf32: &'static str,
    chips: Vec<WireGroup>,
    chip_count: String,
    network_gbit_per_s: Option<WireBounds>,
    total_processing_performance: Option<WireBounds>,
    formats: Vec<WireFormat>,
    peak_rate_per_s: String,
    training: WireTraining,
    times: Vec<WireTime>,
    findings: Vec<WireSaid>,
    otherwise: Vec<WireChange>,
}

#[derive(Serialize)]
struct WireGroup {
    id: String,
    name: String,
    count: u64,
    link_gb_per_s: Option<WireBounds>,
}

#[derive(Serialize)]
struct WireFormat {
    precision: String,
    rate_per_s: String,
    chips: String,
}

#[derive(Serialize)]
struct WireTraining {
    precision: String,
    is_precision_assumed: bool,
    rate_per_s: String,
    utilization: WireBounds,
    is_utilization_assumed: bool,
}

#[derive(Serialize)]
struct WireTime {
    operations: WireBounds,
    ef_days: String,
    lines: Vec<WireLine>,
    time_s: WireBounds,
}

#[derive(Serialize)]
struct WireLine {
    rulebook: String,
    comparator: String,
    fact: String,
    text_status: Option<&'static str>,
}

fn wire_time(time: &TimeTo) -> WireTime {
    let operations = time
        .operations
        .map_increasing(|o: &Operations| o.to_decimal());
    let line = |l: &OperationsLine| WireLine {
        rulebook: l.rulebook.clone(),
        comparator: l.comparator.clone(),
        fact: l.fact.clone(),
        text_status: l.text_status.map(|t| t.as_str()),
    };
    WireTime {
        ef_days: match time.operations.as_exact() {
            Some(exact) => Quantity {
                value: exact.to_decimal(),
                unit: Unit::flop(),
            }
            .to_reader("EF-day"),
            None => format!("{} EF-day", outward(&operations, &ef_day())),
        },
        operations: WireBounds::of(&operations),
        lines: time.lines.iter().map(line).collect(),
        time_s: WireBounds::of(&time.time_s),
    }
}

fn json(sheet: &ClusterSheet) -> String {
    let group = |(chip, count): &(weigh_compute::Chip, u64)| WireGroup {
        id: chip.id.clone(),
        name: chip.name.clone(),
        count: *count,
        link_gb_per_s: chip
            .link_gb_per_s
            .as_ref()
            .map(|l| WireBounds::of(&l.value)),
    };
    let format = |f: &weigh_station::FormatRate| WireFormat {
        precision: f.precision.clone(),
        rate_per_s: f.per_s.to_plain(),
        chips: f.chips.to_string(),
    };
    let wire_cluster = WireCluster {
        schema: "weighbridge.cluster/1",
        tool: WireTool::this(),
        on: sheet.on.to_string(),
        tf32: sheet.tf32.as_str(),
        chips: sheet.groups.iter().map(group).collect(),
        chip_count: sheet.peak.chips.to_string(),
        network_gbit_per_s: sheet.peak.network_gbit_per_s.as_ref().map(WireBounds::of),
        total_processing_performance: sheet.peak.tpp.as_ref().map(WireBounds::of),
        formats: sheet.formats.iter().map(format).collect(),
        peak_rate_per_s: sheet.peak.rate_per_s.to_plain(),
        training: WireTraining {
            precision: sheet.precision.value.clone(),
            is_precision_assumed: sheet.precision.is_assumed,
            rate_per_s: sheet.training.rate_per_s.to_plain(),
            utilization: WireBounds::of(&sheet.utilization.value),
            is_utilization_assumed: sheet.utilization.is_assumed,
        },
        times: sheet.times.iter().map(wire_time).collect(),
        findings: wire(&sheet.says),
        otherwise: sheet.otherwise.iter().map(WireChange::of).collect(),
    };
    // These structs always serialize.
    let mut out = escaped(&serde_json::to_string_pretty(&wire_cluster).unwrap_or_default());
    out.push('\n');
    out
}
