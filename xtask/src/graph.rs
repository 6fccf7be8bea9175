//! The crates and who depends on whom, reduced to what the checks ask.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, PackageId};

/// All crates, ours and others'.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) crates: Vec<Crate>,
}

/// One crate.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    pub(crate) name: String,
    /// The manifest relative to the root, for crates of our own; nothing for the others.
    pub(crate) manifest: Option<String>,
    /// What the manifest names in any section, optional or not, and whether for tests only.
    pub(crate) declared: Vec<Declared>,
    /// What is linked in with all features on: positions in [`Graph::crates`].
    pub(crate) linked: Vec<usize>,
}

/// A dependency as the manifest has it, by the name of the package.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) for_tests: bool,
}

impl Graph {
    /// Asks cargo, with all features on: a forbidden crate behind a feature is still forbidden.
    pub(crate) fn load(root: &Path) -> Result<Self, String> {
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .features(CargoOpt::AllFeatures)
            .exec()
            .map_err(|error| format!("cannot read the crate graph: {error}"))?;
        Ok(Self::from_metadata(&metadata, root))
    }

    fn from_metadata(metadata: &Metadata, root: &Path) -> Self {
        let position: BTreeMap<&PackageId, usize> = metadata
            .packages
            .iter()
            .enumerate()
            .map(|(index, one)| (&one.id, index))
            .collect();
        let mut crates: Vec<Crate> = metadata
            .packages
            .iter()
            .map(|package| Crate {
                name: package.name.to_string(),
                manifest: metadata
                    .workspace_members
                    .contains(&package.id)
                    .then(|| relative(package.manifest_path.as_std_path(), root)),
                declared: package
                    .dependencies
                    .iter()
                    .map(|dependency| Declared {
                        name: dependency.name.clone(),
                        for_tests: dependency.kind == DependencyKind::Development,
                    })
                    .collect(),
                linked: Vec::new(),
            })
            .collect();
        for node in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
            let is_linked = |kinds: &[cargo_metadata::DepKindInfo]| {
                kinds.iter().any(|one| one.kind == DependencyKind::Normal)
            };
            crates[position[&node.id]].linked = node
                .deps
                .iter()
                .filter(|dependency| is_linked(&dependency.dep_kinds))
                .map(|dependency| position[&dependency.pkg])
                .collect();
        }
        Self { crates }
    }

    /// Our own crates.
    pub(crate) fn ours(&self) -> impl Iterator<Item = (usize, &Crate)> {
        self.crates
            .iter()
            .enumerate()
            .filter(|(_, one)| one.manifest.is_some())
    }

    /// The shortest way from one of our crates to a crate that `is_wanted`, without passing
    /// through another of ours: that one would have a finding of its own.
    pub(crate) fn path(&self, from: usize, is_wanted: impl Fn(&str) -> bool) -> Option<Vec<&str>> {
        let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(here) = queue.pop_front() {
            if here != from && is_wanted(&self.crates[here].name) {
                return Some(self.way_back(here, from, &came_from));
            }
            for &next in &self.crates[here].linked {
                let is_ours = self.crates[next].manifest.is_some();
                if !is_ours && !came_from.contains_key(&next) {
                    came_from.insert(next, here);
                    queue.push_back(next);
                }
            }
        }
        None
    }

    fn way_back(&self, to: usize, from: usize, came_from: &BTreeMap<usize, usize>) -> Vec<&str> {
        let mut way = vec![self.crates[to].name.as_str()];
        let mut here = to;
        while here != from {
            here = came_from[&here];
            way.push(&self.crates[here].name);
        }
        way.reverse();
        way
    }
}

fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}

/// A graph written by hand, for the tests of the checks: `("name", is_ours, ["dependency"])`.
#[cfg(test)]
pub(crate) fn sample(crates: &[(&str, bool, &[&str])]) -> Graph {
    let position = |name: &str| {
        crates
            .iter()
            .position(|(known, ..)| *known == name)
            .expect("the sample lists the crate")
    };
    let build = |(name, is_ours, needs): &(&str, bool, &[&str])| Crate {
        name: (*name).to_owned(),
        manifest: is_ours.then(|| format!("crates/{name}/Cargo.toml")),
        declared: needs
            .iter()
            .map(|need| Declared {
                name: (*need).to_owned(),
                for_tests: false,
            })
            .collect(),
        linked: needs.iter().map(|need| position(need)).collect(),
    };
    Graph {
        crates: crates.iter().map(build).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_way_is_named_and_our_crates_are_not_passed() {
        let graph = sample(&[
            ("upper", true, &["lower", "a"]),
            ("lower", true, &["bad"]),
            ("a", false, &["b"]),
            ("b", false, &["bad", "a"]),
            ("bad", false, &[]),
        ]);
        let is_bad = |name: &str| name == "bad";
        assert_eq!(graph.path(0, is_bad), Some(vec!["upper", "a", "b", "bad"]));
        assert_eq!(graph.path(1, is_bad), Some(vec!["lower", "bad"]));
        assert_eq!(graph.path(0, |name| name == "none"), None);
    }
}
