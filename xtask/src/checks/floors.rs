//! Arrows go down, never sideways, never up.
//!
//! Test dependencies count: a test that needs the crate above belongs in the crate above.

use crate::finding::Finding;
use crate::graph::Graph;
use crate::house::{BESIDE, House, floor_of};

pub(crate) fn check(house: &House) -> Result<Vec<Finding>, String> {
    Ok(wrong_arrows(&house.graph))
}

fn wrong_arrows(graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_ours = |name: &str| graph.ours().any(|(_, one)| one.name == name);
    for (_, krate) in graph.ours() {
        let (name, manifest) = (&krate.name, krate.manifest.as_deref().unwrap_or_default());
        let is_beside = BESIDE.contains(&name.as_str());
        let floor = floor_of(name);
        if floor.is_none() && !is_beside {
            findings.push(Finding::new(
                manifest,
                format!("`{name}` lives on no floor"),
                "give it a line in `FLOORS` in xtask/src/house.rs and in ARCHITECTURE.md, in one commit with the reason",
            ));
        }
        for dependency in krate.declared.iter().filter(|one| is_ours(&one.name)) {
            let target = &dependency.name;
            if BESIDE.contains(&target.as_str()) {
                findings.push(Finding::new(
                    manifest,
                    format!("`{name}` must not depend on `{target}`, which is a tool of ours"),
                    "move what they share into a crate on a floor",
                ));
            } else if let (Some(from), Some(to)) = (floor, floor_of(target))
                && to >= from
            {
                findings.push(Finding::new(
                    manifest,
                    format!("`{name}` (floor {from}) must not depend on `{target}` (floor {to})"),
                    "move the shared type down, or pass the behavior in from above; see ARCHITECTURE.md",
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample;

    fn found(crates: &[(&str, bool, &[&str])]) -> Vec<String> {
        wrong_arrows(&sample(crates))
            .iter()
            .map(Finding::to_string)
            .collect()
    }

    #[test]
    fn down_is_fine() {
        assert!(
            found(&[
                ("weighbridge", true, &["weigh-facts", "serde"]),
                ("weigh-facts", true, &[]),
                ("serde", false, &[]),
                ("xtask", true, &[]),
            ])
            .is_empty()
        );
    }

    #[test]
    fn sideways_and_up_are_found() {
        let findings = found(&[
            ("weigh-rules", true, &["weigh-compute"]),
            ("weigh-compute", true, &[]),
            ("weigh-facts", true, &["weigh-rules"]),
        ]);
        assert_eq!(findings.len(), 2);
        assert!(
            findings[0].contains("`weigh-rules` (floor 1)"),
            "{findings:?}"
        );
        assert!(
            findings[1].contains("crates/weigh-facts/Cargo.toml"),
            "{findings:?}"
        );
    }

    #[test]
    fn a_crate_without_a_floor_and_a_tool_as_dependency_are_found() {
        let findings = found(&[
            ("weigh-new", true, &[]),
            ("weigh-facts", true, &["xtask"]),
            ("xtask", true, &[]),
        ]);
        assert_eq!(findings.len(), 2);
        assert!(findings[0].contains("`weigh-new` lives on no floor"));
        assert!(findings[1].contains("a tool of ours"));
    }
}
