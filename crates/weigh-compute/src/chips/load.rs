//! Reads chip files, and refuses a rate whose source is no datasheet.

use weigh_facts::{Certainty, Decimal, Diagnostic, Item, Source, SourceKey, Table};

use super::{Chip, ChipSource, DieArea, Memory, Rate};

type Errors = Vec<Diagnostic>;

const FORMAT: u64 = 1;
/// Number formats and their bits as TPP counts them and as stored.
const PRECISIONS: &[(&str, u64, u64)] = &[
    ("fp64", 64, 64),
    ("fp64-matrix", 64, 64),
    ("fp32", 32, 32),
    ("fp32-matrix", 32, 32),
    ("tf32", 19, 32),
    ("bf16", 16, 16),
    ("fp16", 16, 16),
    ("fp8", 8, 8),
    ("int8", 8, 8),
    ("fp6", 6, 6),
    ("fp4", 4, 4),
    ("int4", 4, 4),
];

pub(super) fn chip(text: &str) -> Result<Chip, Errors> {
    let mut table = Table::parse(text).map_err(|d| vec![d])?;
    let errors = &mut Errors::new();
    if table.count("format", errors) != Some(FORMAT) {
        let message = format!("`format` should be {FORMAT}");
        errors.push(Diagnostic::new("catalog-entry", message, 0..1));
    }
    let sources = sources(&mut table, errors);
    let mut required = |key| table.required_text(key, errors).unwrap_or_default();
    let (id, name, vendor, process) = (
        required("id"),
        required("name"),
        required("vendor"),
        required("process"),
    );
    let chip = Chip {
        id,
        name,
        vendor,
        process,
        aliases: table.texts("aliases", errors).unwrap_or_default(),
        released: table.date("released", errors),
        non_planar: flag(&mut table, "non_planar", errors),
        data_center: flag(&mut table, "data_center", errors),
        rates: rates(&mut table, &sources, errors),
        die_area: die_area(&mut table, &sources, errors),
        memory: memory(&mut table, errors),
        link_gb_per_s_bidirectional: positive(&mut table, "link_gb_per_s_bidirectional", errors),
        pcie_gb_per_s_bidirectional: positive(&mut table, "pcie_gb_per_s_bidirectional", errors),
        power_w: positive(&mut table, "power_w", errors),
        notes: table.text("notes", errors),
        sources,
    };
    table.finish(errors);
    if errors.is_empty() {
        Ok(chip)
    } else {
        Err(std::mem::take(errors))
    }
}

fn flag(table: &mut Table, key: &'static str, errors: &mut Errors) -> bool {
    let value = table.boolean(key, errors);
    if value.is_none() {
        table.missing(key, errors);
    }
    value.unwrap_or_default()
}

fn positive(table: &mut Table, key: &'static str, errors: &mut Errors) -> Option<Decimal> {
    let span = table.span.clone();
    let value = table.number(key, errors)?;
    if value.is_zero() || value.is_negative() {
        let message = format!("`{key}` is {value}, and should be above zero");
        errors.push(Diagnostic::new("catalog-entry", message, span));
    }
    Some(value)
}

fn sources(table: &mut Table, errors: &mut Errors) -> Vec<ChipSource> {
    let entries = table.table("source", errors).map(|mut t| t.take_all());
    let mut sources = Vec::new();
    for (key, _, node) in entries.unwrap_or_default() {
        let Item::Table(mut entry) = node.item else {
            let message = format!("`{key}` should be a table");
            errors.push(Diagnostic::new("catalog-entry", message, node.span));
            continue;
        };
        let span = entry.span.clone();
        let kind = entry.required_text("kind", errors).unwrap_or_default();
        let is_datasheet = kind == "datasheet";
        if !is_datasheet && kind != "other" {
            let message = format!("`kind` is `{kind}`, and should be `datasheet` or `other`");
            errors.push(Diagnostic::new("catalog-entry", message, span.clone()));
        }
        let certainty = entry.required_text("certainty", errors).unwrap_or_default();
        let certainty = Certainty::parse(&certainty).unwrap_or_else(|| {
            let message = format!("unknown certainty `{certainty}`");
            errors.push(Diagnostic::new("catalog-entry", message, span));
            Certainty::Unverified
        });
        sources.push(ChipSource {
            source: Source {
                key: SourceKey(key),
                title: entry.required_text("title", errors).unwrap_or_default(),
                href: entry.required_text("href", errors).unwrap_or_default(),
                quote: entry.text("quote", errors),
                certainty,
                published: entry.date("published", errors),
            },
            is_datasheet,
        });
        entry.finish(errors);
    }
    sources
}

fn cited(table: &mut Table, sources: &[ChipSource], errors: &mut Errors) -> (SourceKey, bool) {
    let key = table.required_text("source", errors).unwrap_or_default();
    let found = sources.iter().find(|s| s.source.key.0 == key);
    if found.is_none() {
        let message = format!("no source `{key}` in this file");
        errors.push(Diagnostic::new(
            "catalog-entry",
            message,
            table.span.clone(),
        ));
    }
    (SourceKey(key), found.is_none_or(|s| s.is_datasheet))
}

fn rates(table: &mut Table, sources: &[ChipSource], errors: &mut Errors) -> Vec<Rate> {
    let mut rates: Vec<Rate> = Vec::new();
    for mut entry in table.tables("rates", errors) {
        let span = entry.span.clone();
        let precision = entry.required_text("precision", errors).unwrap_or_default();
        let known = PRECISIONS.iter().find(|(name, ..)| *name == precision);
        let rate = positive(&mut entry, "tera_per_s", errors);
        let (source, is_datasheet) = cited(&mut entry, sources, errors);
        entry.finish(errors);
        let (Some((_, bits, stored_bits)), Some(tera_per_s)) = (known, rate) else {
            let message = format!("`{precision}` is no number format, or its rate is missing");
            errors.push(Diagnostic::new("catalog-entry", message, span));
            continue;
        };
        if !is_datasheet {
            let message = format!("the rate for `{precision}` has no datasheet source");
            errors.push(Diagnostic::new("chip-rate-source", message, span.clone()));
        }
        if rates.iter().any(|r| r.precision == precision) {
            let message = format!("`{precision}` has two rates");
            errors.push(Diagnostic::new("catalog-entry", message, span));
        }
        rates.push(Rate {
            precision,
            bits: *bits,
            stored_bits: *stored_bits,
            tera_per_s,
            source,
        });
    }
    if rates.is_empty() {
        table.missing("rates", errors);
    }
    rates
}

fn die_area(table: &mut Table, sources: &[ChipSource], errors: &mut Errors) -> Option<DieArea> {
    let mut entry = table.table("die_area", errors)?;
    let mm2 = positive(&mut entry, "mm2", errors);
    let covers = entry.required_text("covers", errors);
    let (source, _) = cited(&mut entry, sources, errors);
    entry.finish(errors);
    Some(DieArea {
        mm2: mm2?,
        covers: covers?,
        source,
    })
}

fn memory(table: &mut Table, errors: &mut Errors) -> Option<Memory> {
    let mut entry = table.table("memory", errors)?;
    let capacity_gb = positive(&mut entry, "capacity_gb", errors);
    let kind = entry.required_text("kind", errors);
    let bandwidth_gb_per_s = positive(&mut entry, "bandwidth_gb_per_s", errors);
    entry.finish(errors);
    Some(Memory {
        capacity_gb: capacity_gb?,
        kind: kind?,
        bandwidth_gb_per_s: bandwidth_gb_per_s?,
    })
}
