//! Crates which must not be reached from where they would cost us: compile time, or purity.

use crate::finding::Finding;
use crate::graph::Graph;
use crate::house::{House, floor_of};

/// Names that start like this may be linked by one crate only.
const GATED: &[(&str, &str)] = &[
    ("datafusion", "weigh-portfolio"),
    ("arrow", "weigh-portfolio"),
    ("parquet", "weigh-portfolio"),
];

/// Crates that bring a runtime or a server, and the lowest floor which may link them.
const SERVER: &[&str] = &["tokio", "hyper", "axum"];
const SERVER_FLOOR: u8 = 3;

/// What floors 0 and 1 must not ask for by name: randomness, logging, threads, async, network.
/// A dependency of theirs may have it (`sqlparser` links `log`); our own code may not.
const IMPURE: &[&str] = &[
    "async-std",
    "chrono",
    "crossbeam",
    "env_logger",
    "fastrand",
    "getrandom",
    "log",
    "memmap2",
    "rand",
    "rayon",
    "reqwest",
    "smol",
    "tempfile",
    "tokio",
    "tracing",
    "ureq",
    "walkdir",
];
const PURE_FLOOR: u8 = 1;

pub(crate) fn check(house: &House) -> Result<Vec<Finding>, String> {
    let mut findings = linked(&house.graph);
    findings.extend(declared(&house.graph));
    Ok(findings)
}

/// Forbidden crates anywhere in the tree of what we link.
fn linked(graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, krate) in graph.ours() {
        let manifest = krate.manifest.as_deref().unwrap_or_default();
        for (prefix, gate) in GATED.iter().filter(|(_, gate)| krate.name != *gate) {
            if let Some(path) = graph.path(index, |name| is_family(name, prefix)) {
                findings.push(Finding::new(
                    manifest,
                    format!("`{prefix}` is reached without `{gate}`: {}", path.join(" -> ")),
                    "do this work in weigh-portfolio, or turn the feature off that brings it; a cold build costs minutes",
                ));
            }
        }
        if floor_of(&krate.name).is_none_or(|floor| floor >= SERVER_FLOOR) {
            continue;
        }
        if let Some(path) = graph.path(index, |name| SERVER.contains(&name)) {
            findings.push(Finding::new(
                manifest,
                format!(
                    "a server runtime is reached below floor {SERVER_FLOOR}: {}",
                    path.join(" -> ")
                ),
                "take bytes through the reader traits, and let the crate above do the waiting",
            ));
        }
    }
    findings
}

/// Impure crates in the manifests of floors 0 and 1. Without the dependency, no `use` compiles.
fn declared(graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (_, krate) in graph.ours() {
        if floor_of(&krate.name).is_none_or(|floor| floor > PURE_FLOOR) {
            continue;
        }
        let shipped = krate
            .declared
            .iter()
            .filter(|dependency| !dependency.for_tests);
        for dependency in shipped.filter(|one| IMPURE.contains(&one.name.as_str())) {
            findings.push(Finding::new(
                krate.manifest.as_deref().unwrap_or_default(),
                format!(
                    "`{}` must not depend on `{}`: floors 0 and 1 are pure",
                    krate.name, dependency.name
                ),
                "take the result as an argument and do the work in weigh-station or above",
            ));
        }
    }
    findings
}

/// `arrow` and `arrow-schema` are of the family `arrow`; `arrowhead` is not.
fn is_family(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample;

    fn found(crates: &[(&str, bool, &[&str])]) -> Vec<String> {
        let graph = sample(crates);
        linked(&graph)
            .iter()
            .chain(&declared(&graph))
            .map(Finding::to_string)
            .collect()
    }

    #[test]
    fn the_gate_may_and_those_above_it_may() {
        assert!(
            found(&[
                ("weighbridge", true, &["weigh-portfolio"]),
                ("weigh-portfolio", true, &["datafusion"]),
                ("datafusion", false, &["arrow-schema"]),
                ("arrow-schema", false, &[]),
            ])
            .is_empty()
        );
    }

    #[test]
    fn the_offending_path_is_named() {
        let findings = found(&[
            ("weigh-report", true, &["plot"]),
            ("plot", false, &["arrow-schema"]),
            ("arrow-schema", false, &[]),
        ]);
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].contains("weigh-report -> plot -> arrow-schema"),
            "{findings:?}"
        );
    }

    #[test]
    fn a_runtime_is_allowed_from_floor_three_up() {
        let crates: &[(&str, bool, &[&str])] = &[
            ("weigh-meter", true, &["hyper"]),
            ("weigh-station", true, &["client"]),
            ("client", false, &["hyper"]),
            ("hyper", false, &[]),
        ];
        let findings = found(crates);
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].contains("weigh-station -> client -> hyper"),
            "{findings:?}"
        );
    }

    #[test]
    fn an_impure_dependency_of_our_own_is_found_and_one_behind_another_is_not() {
        let findings = found(&[
            ("weigh-rules", true, &["sqlparser"]),
            ("weigh-readers", true, &["log"]),
            ("sqlparser", false, &["log"]),
            ("log", false, &[]),
        ]);
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].contains("`weigh-readers` must not depend on `log`"),
            "{findings:?}"
        );
    }

    #[test]
    fn a_family_ends_at_a_dash() {
        assert!(is_family("arrow", "arrow") && is_family("arrow-ipc", "arrow"));
        assert!(!is_family("arrowhead", "arrow"));
    }
}
