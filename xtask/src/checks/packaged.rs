//! The data a crate embeds is in its package: a crate that builds here only is not a crate.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::finding::Finding;
use crate::house::House;

/// Crates that own data, and the folder it lives in.
const DATA: &[(&str, &str)] = &[
    ("weigh-rules", "rulebooks/"),
    ("weigh-compute", "catalog/"),
    ("weigh-facts", "dictionary/"),
];

pub(crate) fn check(house: &House) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for (krate, folder) in DATA {
        let prefix = format!("crates/{krate}/");
        let owned = house
            .files
            .iter()
            .filter_map(|path| path.strip_prefix(&prefix));
        let data: Vec<&str> = owned
            .filter(|path| path.starts_with(folder) && path.ends_with(".toml"))
            .collect();
        if !data.is_empty() {
            let packaged = list_package(&house.root, krate)?;
            findings.extend(missing(krate, &data, &packaged));
        }
    }
    Ok(findings)
}

fn missing(krate: &str, data: &[&str], packaged: &str) -> Vec<Finding> {
    let packaged: BTreeSet<&str> = packaged.lines().collect();
    let absent = data.iter().filter(|path| !packaged.contains(*path));
    absent
        .map(|path| {
            Finding::new(
                format!("crates/{krate}/{path}"),
                format!("the package of `{krate}` leaves this file out"),
                "correct `include` or `exclude` in its Cargo.toml",
            )
        })
        .collect()
}

fn list_package(root: &Path, krate: &str) -> Result<String, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let listing = Command::new(cargo)
        .args([
            "package",
            "--list",
            "--allow-dirty",
            "--offline",
            "--package",
            krate,
        ])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !listing.status.success() {
        let reason = String::from_utf8_lossy(&listing.stderr).trim().to_owned();
        return Err(format!(
            "`cargo package --list` failed for `{krate}`: {reason}"
        ));
    }
    Ok(String::from_utf8_lossy(&listing.stdout).replace('\\', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_stays_behind_is_found() {
        let data = ["rulebooks/eu/a.toml", "rulebooks/us/b.toml"];
        assert!(
            missing(
                "weigh-rules",
                &data,
                "rulebooks/eu/a.toml\nrulebooks/us/b.toml\n"
            )
            .is_empty()
        );
        let findings = missing("weigh-rules", &data, "Cargo.toml\nrulebooks/eu/a.toml\n");
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0]
                .to_string()
                .contains("crates/weigh-rules/rulebooks/us/b.toml")
        );
    }
}
