//! A comparison in words.

use weigh_compute::fingerprint::{ALIGNED_LEAST, Change, RANK_LOW, Tier};
use weigh_station::{Candidate, LineageReport, Standing};

use crate::clean::clean;
use crate::inspection::words::{Group, Table, Words};
use crate::{TOOL, VERSION};

/// How sure, as every format says it.
pub(super) fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Identical => "identical",
        Tier::Strong => "derived (strong)",
        Tier::Possible => "derived (possible)",
        Tier::NoEvidence => "no evidence",
        Tier::NotComparable => "not comparable",
    }
}

/// How a claim stands.
pub(super) fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Confirmed => "confirmed",
        Standing::Contradicted => "contradicted",
        Standing::Unverifiable => "unverifiable",
    }
}

fn change(change: Change) -> &'static str {
    match change {
        Change::Reordered => "put into another order",
        Change::Pruned => "small values set to zero",
        Change::Rounded => "rounded to another type or a grid",
        Change::Mixed => "mixed with other candidates: see the mixture",
        Change::LowRank => "changed by a matrix of low rank, as a merged adapter is",
        Change::Tuned => "changed a little everywhere, as fine-tuning does",
        Change::LongTrainedOrSharedStart => {
            "changed a lot: long training, a mixture, or only the same random start"
        }
    }
}

pub(super) fn of(report: &LineageReport) -> Words {
    let mut groups = vec![candidates(report)];
    groups.extend(report.candidates.iter().map(details));
    groups.extend(mixture(report));
    groups.extend(claims(report));
    let warned = report.warnings.iter();
    let warned = warned.map(|w| format!("warning[{}] {}", w.code, clean(&w.message)));
    let mut notes: Vec<String> = warned.collect();
    notes.extend(LIMITS.iter().map(|l| (*l).to_owned()));
    Words {
        tool: format!("{TOOL} {VERSION}"),
        title: clean(&report.target),
        summary: "Whether its weights show that they come from those of other models.",
        groups,
        notes,
    }
}

const LIMITS: [&str; 2] = [
    "what weights cannot show: training on a model's outputs, a rotated residual stream, long retraining",
    "`no evidence` does not say that there was no descent; a shared random start looks like descent",
];

fn candidates(report: &LineageReport) -> Group {
    let row = |c: &Candidate| {
        let r = &c.relation;
        let changed = r
            .change
            .map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
        vec![
            clean(&c.name),
            tier(r.tier).to_owned(),
            format!("{} of {}", r.same, r.telling),
            format!("{} of {}", r.related, r.tested),
            format!("{:.1}", r.z_median),
            changed,
        ]
    };
    Group {
        title: "Candidates",
        rows: Vec::new(),
        tables: vec![Table {
            title: "Candidates".to_owned(),
            heads: vec!["name", "tier", "same bytes", "related", "z", "change"],
            rows: report.candidates.iter().map(row).collect(),
            words: &[0, 1],
            narrow: 6,
        }],
    }
}

fn details(candidate: &Candidate) -> Group {
    let (relation, closer) = (&candidate.relation, &candidate.closer);
    let mut rows = vec![("beside", clean(&candidate.name))];
    if relation.tier == Tier::NotComparable {
        let why = "no matrix of a layer has the same name, shape and key of sketches on both sides";
        rows.push(("  why", why.to_owned()));
    }
    rows.extend(
        relation
            .changes
            .iter()
            .map(|c| ("  what was done", change(*c).to_owned())),
    );
    if relation.changes.is_empty() && relation.tier == Tier::Strong {
        let what = if relation.changed.is_empty() {
            "the tensors compared are the same, and others are there"
        } else {
            "the same values, stored otherwise"
        };
        rows.push(("  what was done", what.to_owned()));
    }
    if let Some(share) = relation.rank_share {
        // Counting stops there.
        let more = if share >= 2.0 * RANK_LOW {
            " or more"
        } else {
            ""
        };
        let words = format!("{:.1} % of the directions{more}", 100.0 * share);
        rows.push(("  rank of change", words));
    }
    if let Some(correlation) = closer.embedding {
        let words = if closer.reordered {
            format!("columns correlate {correlation:.2} in another order; layers compared in it")
        } else if correlation >= ALIGNED_LEAST {
            format!("columns correlate {correlation:.2} in their best order")
        } else {
            format!("columns correlate at most {correlation:.2} in any order")
        };
        rows.push(("  embedding", words));
    }
    if closer.units > 0 {
        let words = format!("in another order in {} layers", closer.units);
        rows.push(("  hidden units", words));
    }
    if relation.components.len() > 1 {
        rows.extend(relation.components.iter().map(|(name, related, tested)| {
            let name = if name.is_empty() { "(no prefix)" } else { name };
            (
                "  part",
                format!("{}: {related} of {tested} related", clean(name)),
            )
        }));
    }
    Group {
        title: "In detail",
        rows,
        tables: Vec::new(),
    }
}

fn mixture(report: &LineageReport) -> Option<Group> {
    let found = report.mixture.as_ref().filter(|m| m.is_found())?;
    let parts = report.candidates.iter().zip(&found.weights);
    let parts = parts.filter(|(_, w)| **w > 0.0);
    let parts = parts.map(|(c, w)| format!("{w:.3} {}", clean(&c.name)));
    let sum = parts.collect::<Vec<_>>().join(" + ");
    let words = format!(
        "{sum}, {:.1} % of the norm left over",
        100.0 * found.residual
    );
    Some(Group {
        title: "Mixture",
        rows: vec![("mixture", words)],
        tables: Vec::new(),
    })
}

fn claims(report: &LineageReport) -> Option<Group> {
    let claims = report.claims.iter().map(|(claim, found)| {
        let (base, place) = (clean(&claim.base), clean(&claim.place));
        (
            "declared",
            format!("`{base}` ({place}): {}", standing(*found)),
        )
    });
    let undeclared = report.undeclared.iter();
    let undeclared = undeclared.map(|name| ("undeclared", clean(name)));
    let rows: Vec<_> = claims.chain(undeclared).collect();
    (!rows.is_empty()).then_some(Group {
        title: "Declared",
        rows,
        tables: Vec::new(),
    })
}
