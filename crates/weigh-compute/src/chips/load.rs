//! Reads chip files, and refuses a rate whose source is no datasheet or which is sparse alone.

use std::collections::BTreeSet;
use std::ops::Range;

use weigh_facts::{
    Certainty, Coverage, Date, Decimal, Diagnostic, Dictionary, Estimate, FactType, Item, MethodId,
    Node, Period, Source, SourceKey, Table,
};

use super::{
    CHIP_FIGURE, Chip, ChipSource, ConcurrentUnits, Designer, Die, Errors, Figure, Letter,
    Marketing, Memory, Rate, Released, SparseRate, wrong,
};

const FORMAT: u64 = 1;

/// What a figure of one chip can be. Far beyond what is built (a wafer of 300 mm has 70,686 mm²,
/// and the fastest chip on one does 125,000 TFLOP/s), so that a slip of the unit or the exponent is
/// refused and a chip of the next years is not. Written in docs/reference/chip-files.md.
struct Limits {
    least: &'static str,
    most: &'static str,
    unit: &'static str,
    /// Is none of it a figure too?
    may_be_zero: bool,
}

impl Limits {
    const fn new(least: &'static str, most: &'static str, unit: &'static str) -> Self {
        Self {
            least,
            most,
            unit,
            may_be_zero: false,
        }
    }

    const fn or_zero(self) -> Self {
        Self {
            may_be_zero: true,
            ..self
        }
    }

    fn hold(&self, value: &Decimal) -> bool {
        let end = |text: &str| text.parse::<Decimal>().ok();
        let is_inside = end(self.least).is_none_or(|least| *value >= least)
            && end(self.most).is_none_or(|most| *value <= most);
        is_inside || (self.may_be_zero && value.is_zero())
    }

    fn in_words(&self) -> String {
        let zero = if self.may_be_zero { "0, or " } else { "" };
        let (least, most, unit) = (self.least, self.most, self.unit);
        format!("{zero}between {least} and {most} {unit}")
    }
}

const RATE: Limits = Limits::new("0.000001", "1000000000", "TFLOP/s or TOP/s");
const AREA: Limits = Limits::new("0.1", "100000", "mm2");
const CAPACITY: Limits = Limits::new("0.000001", "1000000", "GB");
const BANDWIDTH: Limits = Limits::new("0.000001", "10000000", "GB/s").or_zero();
const POWER: Limits = Limits::new("0.001", "1000000", "W");
/// Dies of one kind in a package, at most.
const DIES_MAX: u64 = 10_000;

/// The fact that names what a letter calls a chip.
pub(super) const LETTER_CHIP: &str = "letter_chip";

/// Number formats: bits of information, bits as stored, and the unit that usually does them.
const PRECISIONS: &[(&str, u64, u64, &str)] = &[
    ("fp64", 64, 64, "vector"),
    ("fp64-matrix", 64, 64, "tensor"),
    ("fp32", 32, 32, "vector"),
    ("fp32-matrix", 32, 32, "tensor"),
    ("tf32", 19, 32, "tensor"),
    ("bf16", 16, 16, "tensor"),
    ("fp16", 16, 16, "tensor"),
    ("int16", 16, 16, "tensor"),
    ("fp8", 8, 8, "tensor"),
    ("int8", 8, 8, "tensor"),
    ("fp6", 6, 6, "tensor"),
    ("fp4", 4, 4, "tensor"),
    ("int4", 4, 4, "tensor"),
    ("int1", 1, 1, "tensor"),
];

/// What `sparsity` says of a rate that is not sparse: leave the key out instead.
const NOT_SPARSE: &[&str] = &["", "0", "dense", "no", "none"];

pub(super) fn chip(text: &str) -> Result<Chip, Errors> {
    let mut table = Table::parse(text).map_err(|d| vec![d])?;
    let errors = &mut Errors::new();
    if table.count("format", errors) != Some(FORMAT) {
        wrong(format!("`format` should be {FORMAT}"), 0..1, errors);
    }
    let mut file = File {
        sources: sources(&mut table, errors),
        errors,
    };
    let mut required = |key| table.required_text(key, file.errors).unwrap_or_default();
    let (id, name, vendor, process) = (
        required("id"),
        required("name"),
        required("vendor"),
        required("process"),
    );
    let aliases = table.texts("aliases", file.errors).unwrap_or_default();
    let no_datasheet = table.text("no_datasheet", file.errors);
    let rates_unknown = table.text("rates_unknown", file.errors);
    let (rates, sparse_rates) = file.rates(&mut table, no_datasheet.is_some());
    file.check_rates(&table, &rates, &sparse_rates, rates_unknown.is_some());
    let chip = Chip {
        id,
        name,
        aliases,
        vendor,
        designer: file.designer(&mut table),
        process,
        released: file.released(&mut table),
        concurrent_units: file.concurrent_units(&mut table, &rates),
        rates,
        sparse_rates,
        rates_unknown,
        no_datasheet,
        dies: file.dies(&mut table),
        memory: file.memory(&mut table),
        link_gb_per_s: file.figure(&mut table, "link", "gb_per_s", &BANDWIDTH),
        pcie_gb_per_s: file.figure(&mut table, "pcie", "gb_per_s", &BANDWIDTH),
        power_w: file.figure(&mut table, "power", "w", &POWER),
        data_center: file.marketing(&mut table),
        letter: file.letter(&mut table),
        notes: table.text("notes", file.errors),
        sources: file.sources,
    };
    table.finish(errors);
    if errors.is_empty() {
        Ok(chip)
    } else {
        Err(std::mem::take(errors))
    }
}

pub(super) fn sources(table: &mut Table, errors: &mut Errors) -> Vec<ChipSource> {
    let entries = table.table("source", errors).map(|mut t| t.take_all());
    let mut sources = Vec::new();
    for (key, _, node) in entries.unwrap_or_default() {
        let Item::Table(mut entry) = node.item else {
            wrong(format!("`{key}` should be a table"), node.span, errors);
            continue;
        };
        let span = entry.span.clone();
        let kind = entry.required_text("kind", errors).unwrap_or_default();
        let is_datasheet = kind == "datasheet";
        if !is_datasheet && kind != "other" {
            let message = format!("`kind` is `{kind}`, and should be `datasheet` or `other`");
            wrong(message, span.clone(), errors);
        }
        let certainty = entry.required_text("certainty", errors).unwrap_or_default();
        let certainty = Certainty::parse(&certainty).unwrap_or_else(|| {
            wrong(format!("unknown certainty `{certainty}`"), span, errors);
            Certainty::Unverified
        });
        sources.push(ChipSource {
            source: Source {
                key: SourceKey(key),
                title: entry.required_text("title", errors).unwrap_or_default(),
                // An estimate whose author nobody traced has no address; a document has one.
                href: if is_datasheet {
                    entry.required_text("href", errors).unwrap_or_default()
                } else {
                    entry.text("href", errors).unwrap_or_default()
                },
                quote: entry.text("quote", errors),
                certainty,
                published: entry.date("published", errors),
            },
            is_datasheet,
            retrieved: entry.date("retrieved", errors),
        });
        entry.finish(errors);
    }
    sources
}

/// A chip file while it is read: its sources, and what was found wrong so far.
struct File<'a> {
    sources: Vec<ChipSource>,
    errors: &'a mut Errors,
}

impl File<'_> {
    /// The source a figure names, and whether it is a datasheet.
    fn cited(&mut self, table: &mut Table) -> (SourceKey, bool) {
        let key = table.required_text("source", self.errors);
        let key = key.unwrap_or_default();
        let found = self.sources.iter().find(|s| s.source.key.0 == key);
        let is_datasheet = found.is_none_or(|s| s.is_datasheet);
        if found.is_none() && !key.is_empty() {
            let message = format!("no source `{key}` in this file");
            wrong(message, table.span.clone(), self.errors);
        }
        (SourceKey(key), is_datasheet)
    }

    fn rates(&mut self, table: &mut Table, may_be_other: bool) -> (Vec<Rate>, Vec<SparseRate>) {
        let (mut rates, mut sparse_rates) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for mut entry in table.tables("rates", self.errors) {
            let span = entry.span.clone();
            let sparsity = self.sparsity(&mut entry);
            let Some((rate, is_datasheet)) = self.rate(entry) else {
                continue;
            };
            let of = format!("`{}` in the unit `{}`", rate.precision, rate.unit);
            if !is_datasheet && !may_be_other {
                let message = format!("the rate for {of} has no datasheet source");
                let help = "cite the maker's datasheet with `kind = \"datasheet\"`, or say in \
                            `no_datasheet` why none states it";
                let found = Diagnostic::new("chip-rate-source", message, span.clone());
                self.errors.push(found.with_help(help));
            }
            if !seen.insert((rate.precision.clone(), rate.unit.clone(), sparsity.clone())) {
                wrong(format!("{of} has two rates"), span, self.errors);
            }
            match sparsity {
                None => rates.push(rate),
                Some(sparsity) => sparse_rates.push(SparseRate {
                    precision: rate.precision,
                    unit: rate.unit,
                    sparsity,
                    tera_per_s: rate.tera_per_s,
                    source: rate.source,
                }),
            }
        }
        (rates, sparse_rates)
    }

    fn rate(&mut self, mut entry: Table) -> Option<(Rate, bool)> {
        let span = entry.span.clone();
        let precision = entry.required_text("precision", self.errors)?;
        let unit = entry.text("unit", self.errors);
        let tera_per_s = self.exact(&mut entry, "tera_per_s", &RATE);
        let (source, is_datasheet) = self.cited(&mut entry);
        entry.finish(self.errors);
        let known = PRECISIONS.iter().find(|(name, ..)| *name == precision);
        let Some((_, bits, stored_bits, usual)) = known else {
            let names: Vec<&str> = PRECISIONS.iter().map(|(name, ..)| *name).collect();
            let message = format!("`{precision}` is no number format");
            let help = format!("one of {}", names.join(", "));
            self.errors
                .push(Diagnostic::new("catalog-entry", message, span).with_help(help));
            return None;
        };
        let rate = Rate {
            precision,
            unit: unit.unwrap_or_else(|| (*usual).to_owned()),
            bits: *bits,
            stored_bits: *stored_bits,
            tera_per_s: tera_per_s?,
            source,
        };
        Some((rate, is_datasheet))
    }

    /// The kind of sparsity a rate holds for: `sparsity = "2:4"`, or `sparse = true` without one.
    fn sparsity(&mut self, entry: &mut Table) -> Option<String> {
        let is_sparse = entry.boolean("sparse", self.errors);
        let Some(kind) = entry.text("sparsity", self.errors) else {
            return (is_sparse == Some(true)).then(|| "not named".to_owned());
        };
        if is_sparse == Some(false) || NOT_SPARSE.contains(&kind.as_str()) {
            let message = "a dense rate names a sparsity".to_owned();
            let found = Diagnostic::new("catalog-entry", message, entry.span.clone());
            let help = "leave `sparsity` out of a dense rate";
            self.errors.push(found.with_help(help));
        }
        Some(kind)
    }

    fn check_rates(&mut self, table: &Table, rates: &[Rate], sparse: &[SparseRate], unknown: bool) {
        let (start, any) = (table.span.start, !rates.is_empty() || !sparse.is_empty());
        if any && unknown {
            let message = "there are rates, and `rates_unknown` says that there are none";
            wrong(message.to_owned(), start..start + 1, self.errors);
        }
        if rates.is_empty() && !sparse.is_empty() {
            let message = "every rate of this chip holds for sparse operands alone";
            let help = "give the dense rate with its datasheet: it is not always half of the \
                        sparse one (NVIDIA B300 in FP4: 18,000 sparse, 14,000 dense)";
            let found = Diagnostic::new("only-sparse-rates", message, start..start + 1);
            self.errors.push(found.with_help(help));
        }
        // A rate that was wrong has its own finding.
        if !any && !unknown && self.errors.is_empty() {
            table.missing("rates", self.errors);
        }
    }

    fn concurrent_units(&mut self, table: &mut Table, rates: &[Rate]) -> Option<ConcurrentUnits> {
        let mut entry = table.table("concurrent_units", self.errors)?;
        let span = entry.span.clone();
        let units = entry.texts("units", self.errors).unwrap_or_default();
        let (source, _) = self.cited(&mut entry);
        entry.finish(self.errors);
        let distinct: BTreeSet<&String> = units.iter().collect();
        if units.len() < 2 || distinct.len() < units.len() {
            let message = "`units` should name two or more units, each once".to_owned();
            wrong(message, span.clone(), self.errors);
        }
        for unit in units.iter().filter(|u| rates.iter().all(|r| r.unit != **u)) {
            wrong(
                format!("no rate is of the unit `{unit}`"),
                span.clone(),
                self.errors,
            );
        }
        Some(ConcurrentUnits { units, source })
    }

    fn dies(&mut self, table: &mut Table) -> Vec<Die> {
        let mut dies = Vec::new();
        for mut entry in table.tables("dies", self.errors) {
            let span = entry.span.clone();
            let covers = entry.required_text("covers", self.errors);
            let count = entry.count("count", self.errors);
            let mm2_each = self.bounds(&mut entry, "mm2_each", &AREA);
            let is_non_planar = self.required_flag(&mut entry, "non_planar");
            let (source, _) = self.cited(&mut entry);
            entry.finish(self.errors);
            if count.is_some_and(|count| count > DIES_MAX) {
                let message = format!("`count` cannot be: it should be at most {DIES_MAX}");
                wrong(message, span.clone(), self.errors);
            }
            if count == Some(0) || (mm2_each.is_some() && count.is_none()) {
                let message = "`count` should say how many dies have this area".to_owned();
                wrong(message, span, self.errors);
            }
            dies.push(Die {
                covers: covers.unwrap_or_default(),
                count,
                mm2_each,
                is_non_planar,
                source,
            });
        }
        dies
    }

    fn memory(&mut self, table: &mut Table) -> Option<Memory> {
        let mut entry = table.table("memory", self.errors)?;
        let kind = entry.required_text("kind", self.errors);
        let capacity_gb = self.bounds(&mut entry, "capacity_gb", &CAPACITY);
        let dram_gb_per_s = self.bounds(&mut entry, "dram_gb_per_s", &BANDWIDTH);
        let (source, _) = self.cited(&mut entry);
        entry.finish(self.errors);
        Some(Memory {
            kind: kind?,
            capacity_gb,
            dram_gb_per_s,
            source,
        })
    }

    /// A table that holds one figure.
    fn figure(
        &mut self,
        table: &mut Table,
        name: &'static str,
        key: &'static str,
        limits: &Limits,
    ) -> Option<Figure> {
        let mut entry = table.table(name, self.errors)?;
        let value = self.bounds(&mut entry, key, limits);
        if value.is_none() && self.errors.is_empty() {
            entry.missing(key, self.errors);
        }
        let (source, _) = self.cited(&mut entry);
        entry.finish(self.errors);
        Some(Figure {
            value: value?,
            source,
        })
    }

    fn marketing(&mut self, table: &mut Table) -> Option<Marketing> {
        let mut entry = table.table("marketing", self.errors)?;
        let is_data_center = self.required_flag(&mut entry, "data_center");
        let (source, _) = self.cited(&mut entry);
        entry.finish(self.errors);
        Some(Marketing {
            is_data_center,
            source,
        })
    }

    fn letter(&mut self, table: &mut Table) -> Option<Letter> {
        let mut entry = table.table("letter", self.errors)?;
        let chip = self.letter_word(&mut entry);
        let from = entry.date("from", self.errors);
        if from.is_none() && self.errors.is_empty() {
            entry.missing("from", self.errors);
        }
        let (source, _) = self.cited(&mut entry);
        entry.finish(self.errors);
        Some(Letter {
            chip: chip?,
            from: from?,
            source,
        })
    }

    /// The words are those of the fact that rules read.
    fn letter_word(&mut self, entry: &mut Table) -> Option<String> {
        let word = entry.required_text("chip", self.errors)?;
        let dictionary = Dictionary::shipped();
        let name = LETTER_CHIP.parse().ok()?;
        let FactType::Enum(words) = &dictionary.get(&name)?.kind else {
            return None;
        };
        if words.contains(&word) {
            return Some(word);
        }
        let message = format!("no letter is known to name `{word}`");
        let help = format!("one of {}", words.join(", "));
        let found = Diagnostic::new("catalog-entry", message, entry.span.clone());
        self.errors.push(found.with_help(help));
        None
    }

    fn designer(&mut self, table: &mut Table) -> Option<Designer> {
        let mut entry = table.table("designer", self.errors)?;
        let headquarters = headquarters(&mut entry, self.errors);
        let (source, _) = self.cited(&mut entry);
        entry.finish(self.errors);
        Some(Designer {
            headquarters: headquarters?,
            source,
        })
    }

    fn required_flag(&mut self, table: &mut Table, key: &'static str) -> bool {
        let before = self.errors.len();
        let value = table.boolean(key, self.errors);
        if value.is_none() && self.errors.len() == before {
            table.missing(key, self.errors);
        }
        value.unwrap_or_default()
    }

    /// A number. Bounds are no rate: a rule that reads the greatest of them would read a guess.
    fn exact(&mut self, table: &mut Table, key: &'static str, limits: &Limits) -> Option<Decimal> {
        let Some(Node { item, span }) = table.take(key) else {
            table.missing(key, self.errors);
            return None;
        };
        let read = match item {
            Item::Number(number) => Some(number),
            Item::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        let Some(number) = read else {
            let message = format!("`{key}` should be one number");
            let found = Diagnostic::new("catalog-entry", message, span);
            let help = "a rate is exact; leave out a format whose rate is known by bounds alone";
            self.errors.push(found.with_help(help));
            return None;
        };
        if !limits.hold(&number) {
            self.beyond(key, limits, span);
            return None;
        }
        Some(number)
    }

    fn beyond(&mut self, key: &str, limits: &Limits, span: Range<usize>) {
        let message = format!("`{key}` cannot be: it should be {}", limits.in_words());
        let found = Diagnostic::new("catalog-entry", message, span);
        let help = "look at the unit and the exponent";
        self.errors.push(found.with_help(help));
    }

    /// A number, or bounds on one: `"96..144"`, `"..600"`, `"2400.."`.
    fn bounds(
        &mut self,
        table: &mut Table,
        key: &'static str,
        limits: &Limits,
    ) -> Option<Estimate<Decimal>> {
        let Node { item, span } = table.take(key)?;
        let read = match &item {
            Item::Number(number) => Some(Estimate::exact(number.clone(), CHIP_FIGURE)),
            Item::Text(text) => parse_bounds(text),
            _ => None,
        };
        let Some(read) = read else {
            let message = format!("`{key}` should be a number, or bounds such as `\"96..144\"`");
            wrong(message, span, self.errors);
            return None;
        };
        let holds = |end: Option<&Decimal>| end.is_none_or(|end| limits.hold(end));
        if !holds(read.low()) || !holds(read.high()) {
            self.beyond(key, limits, span);
            return None;
        }
        Some(read)
    }

    /// A day, a month or a year.
    fn released(&mut self, table: &mut Table) -> Option<Released> {
        let Node { item, span } = table.take("released")?;
        let read = match &item {
            Item::Date(day) => Some(Released {
                earliest: *day,
                latest: *day,
            }),
            Item::Text(text) => parse_released(text),
            _ => None,
        };
        if read.is_none() {
            let message = "`released` should be a day, or `\"2025-09\"`, or `\"2025\"`".to_owned();
            wrong(message, span, self.errors);
        }
        read
    }
}

/// A country by its code of two letters.
pub(super) fn headquarters(entry: &mut Table, errors: &mut Errors) -> Option<String> {
    let code = entry.required_text("headquarters", errors)?;
    let is_code = code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
    if !is_code {
        let message = "`headquarters` should be a country of ISO 3166 alpha-2, such as `US`";
        wrong(message.to_owned(), entry.span.clone(), errors);
    }
    is_code.then_some(code)
}

fn parse_bounds(text: &str) -> Option<Estimate<Decimal>> {
    const METHOD: MethodId = CHIP_FIGURE;
    let Some((low, high)) = text.split_once("..") else {
        return Some(Estimate::exact(text.parse().ok()?, METHOD));
    };
    let end = |part: &str| match part.trim() {
        "" => Some(None),
        part => part.parse().ok().map(Some),
    };
    Estimate::new(end(low)?, None, end(high)?, Coverage::Hard, METHOD).ok()
}

fn parse_released(text: &str) -> Option<Released> {
    let (earliest, latest) = match text.split('-').collect::<Vec<_>>().as_slice() {
        [year] => {
            let year = year.parse().ok()?;
            (Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?)
        }
        [year, month] => {
            let first = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
            let month: Period = "P1M".parse().ok()?;
            (first, first.after(&month)?.day_before()?)
        }
        _ => {
            let day = text.parse().ok()?;
            (day, day)
        }
    };
    Some(Released { earliest, latest })
}
