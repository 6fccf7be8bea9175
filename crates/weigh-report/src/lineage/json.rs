//! The versioned JSON of a comparison: `schemas/weighbridge.lineage-1.json`.

use serde::Serialize;
use weigh_compute::fingerprint::Change;
use weigh_station::{Candidate, LineageReport};

use super::words;
use crate::chip_list::WireTool;
use crate::json::escaped;

#[derive(Serialize)]
struct Wire<'a> {
    schema: &'static str,
    tool: WireTool,
    target: &'a str,
    candidates: Vec<Beside<'a>>,
    mixture: Option<Mixed>,
    claims: Vec<Claimed<'a>>,
    undeclared: &'a [String],
    warnings: Vec<Warned<'a>>,
}

#[derive(Serialize)]
struct Beside<'a> {
    name: &'a str,
    tier: &'static str,
    changes: Vec<&'static str>,
    pairs: usize,
    same: usize,
    telling: usize,
    tested: usize,
    related: usize,
    z_median: f64,
    z_most: f64,
    change: Option<f64>,
    rank_share: Option<f64>,
    embedding_correlation: Option<f64>,
    reordered: bool,
    reordered_layers: usize,
    components: Vec<Part<'a>>,
}

#[derive(Serialize)]
struct Part<'a> {
    name: &'a str,
    related: usize,
    tested: usize,
}

#[derive(Serialize)]
struct Mixed {
    found: bool,
    weights: Vec<f64>,
    residual: f64,
    single_residual: f64,
}

#[derive(Serialize)]
struct Claimed<'a> {
    place: &'a str,
    base: &'a str,
    standing: &'static str,
}

#[derive(Serialize)]
struct Warned<'a> {
    code: &'static str,
    message: &'a str,
}

pub(super) fn render(report: &LineageReport) -> String {
    let text = serde_json::to_string_pretty(&wire(report));
    let mut text = escaped(&text.expect("wire structs have string keys only"));
    text.push('\n');
    text
}

fn wire(report: &LineageReport) -> Wire<'_> {
    let mixture = report.mixture.as_ref().map(|m| Mixed {
        found: m.is_found(),
        weights: m.weights.iter().map(|w| rounded(*w)).collect(),
        residual: rounded(m.residual),
        single_residual: rounded(m.single),
    });
    let claims = report.claims.iter().map(|(claim, standing)| Claimed {
        place: &claim.place,
        base: &claim.base,
        standing: words::standing(*standing),
    });
    let warnings = report.warnings.iter().map(|w| Warned {
        code: w.code,
        message: &w.message,
    });
    Wire {
        schema: "weighbridge.lineage/1",
        tool: WireTool::this(),
        target: &report.target,
        candidates: report.candidates.iter().map(beside).collect(),
        mixture,
        claims: claims.collect(),
        undeclared: &report.undeclared,
        warnings: warnings.collect(),
    }
}

fn beside(candidate: &Candidate) -> Beside<'_> {
    let (relation, closer) = (&candidate.relation, &candidate.closer);
    let components = relation.components.iter();
    let components = components.map(|(name, related, tested)| Part {
        name,
        related: *related,
        tested: *tested,
    });
    Beside {
        name: &candidate.name,
        tier: words::tier(relation.tier),
        changes: relation.changes.iter().map(|c| change(*c)).collect(),
        pairs: relation.pairs,
        same: relation.same,
        telling: relation.telling,
        tested: relation.tested,
        related: relation.related,
        z_median: rounded(relation.z_median),
        z_most: rounded(relation.z_most),
        change: relation.change.map(rounded),
        rank_share: relation.rank_share.map(rounded),
        embedding_correlation: closer.embedding.map(rounded),
        reordered: closer.reordered,
        reordered_layers: closer.units,
        components: components.collect(),
    }
}

fn change(change: Change) -> &'static str {
    match change {
        Change::Reordered => "reordered",
        Change::Pruned => "pruned",
        Change::Rounded => "rounded",
        Change::Mixed => "mixed",
        Change::LowRank => "low-rank",
        Change::Tuned => "tuned",
        Change::LongTrainedOrSharedStart => "long-trained-or-shared-start",
    }
}

/// Four digits after the point: more would not say more.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
