//! The firms that design chips, in one table for all chips of the catalog.
//!
//! - **Invariant:** a chip file that names its designer keeps it. A chip of a person's own is never
//!   completed from here: that two firms have one name proves nothing.

use std::sync::OnceLock;

use weigh_facts::{Item, Table};

use super::load::{headquarters, sources};
use super::{Chip, ChipSource, Designer, Errors, wrong};
use crate::catalog::CatalogError;

const FILE: &str = "vendors.toml";
const TEXT: &str = include_str!("../../catalog/vendors.toml");
const FORMAT: u64 = 1;

/// Every vendor of the catalog.
#[derive(Clone, Debug)]
pub(super) struct Vendors {
    /// By name.
    designers: Vec<(String, Designer)>,
    sources: Vec<ChipSource>,
}

/// The table of this program, read once.
pub(super) fn shipped() -> Result<&'static Vendors, CatalogError> {
    static SHIPPED: OnceLock<Result<Vendors, CatalogError>> = OnceLock::new();
    let read = || {
        vendors(TEXT).map_err(|diagnostics| CatalogError {
            file: FILE.to_owned(),
            diagnostics,
        })
    };
    SHIPPED.get_or_init(read).as_ref().map_err(Clone::clone)
}

impl Vendors {
    /// Adds the designer of a chip whose file leaves it to this table, with its source.
    pub(super) fn complete(&self, chip: &mut Chip) {
        let known = self.designers.iter().find(|(name, _)| *name == chip.vendor);
        let Some((_, designer)) = known.filter(|_| chip.designer.is_none()) else {
            return;
        };
        let key = &designer.source;
        let source = self.sources.iter().find(|s| s.source.key == *key);
        let mut source = source.cloned();
        let mut designer = designer.clone();
        // A key of the chip's own file may be the same word.
        designer.source.0 = format!("vendors/{}", key.0);
        if let Some(source) = &mut source {
            source.source.key = designer.source.clone();
        }
        chip.sources.extend(source);
        chip.designer = Some(designer);
    }
}

fn vendors(text: &str) -> Result<Vendors, Errors> {
    let mut table = Table::parse(text).map_err(|d| vec![d])?;
    let errors = &mut Errors::new();
    if table.count("format", errors) != Some(FORMAT) {
        wrong(format!("`format` should be {FORMAT}"), 0..1, errors);
    }
    let sources = sources(&mut table, errors);
    let entries = table.table("vendor", errors).map(|mut t| t.take_all());
    let mut designers = Vec::new();
    for (name, _, node) in entries.unwrap_or_default() {
        let Item::Table(mut entry) = node.item else {
            wrong(format!("`{name}` should be a table"), node.span, errors);
            continue;
        };
        let headquarters = headquarters(&mut entry, errors);
        let source = entry.required_text("source", errors).unwrap_or_default();
        if sources.iter().all(|s| s.source.key.0 != source) {
            let message = format!("no source `{source}` in this file");
            wrong(message, entry.span.clone(), errors);
        }
        entry.finish(errors);
        designers.extend(headquarters.map(|headquarters| {
            let source = weigh_facts::SourceKey(source);
            let designer = Designer {
                headquarters,
                source,
            };
            (name, designer)
        }));
    }
    table.finish(errors);
    if errors.is_empty() {
        Ok(Vendors { designers, sources })
    } else {
        Err(std::mem::take(errors))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::ChipCatalog;
    use super::*;

    #[test]
    fn every_vendor_of_the_catalog_is_in_the_table_and_no_other() {
        let chips = ChipCatalog::shipped().unwrap().chips().unwrap();
        let used: BTreeSet<&str> = chips.iter().map(|c| c.vendor.as_str()).collect();
        let listed = shipped().unwrap().designers.iter();
        let listed: BTreeSet<&str> = listed.map(|(name, _)| name.as_str()).collect();
        assert_eq!(used, listed);
        for chip in chips {
            let designer = chip.designer.as_ref().unwrap();
            assert!(chip.source(&designer.source).is_some(), "{}", chip.id);
        }
    }

    #[test]
    fn a_vendor_without_a_source_or_a_country_is_refused() {
        let with = |entry: &str| vendors(&format!("format = 1\n[vendor.\"A\"]\n{entry}"));
        let source = "[source.s]\nkind = \"other\"\ntitle = \"t\"\ncertainty = \"secondary\"\n";
        let whole = format!("headquarters = \"CN\"\nsource = \"s\"\n{source}");
        assert!(with(&whole).is_ok());
        assert!(with("headquarters = \"CN\"\nsource = \"s\"\n").is_err());
        assert!(with(&whole.replace("CN", "China")).is_err());
        assert!(with(&whole.replace("headquarters = \"CN\"\n", "")).is_err());
        assert!(with(&format!("parent = \"CN\"\n{whole}")).is_err());
    }
}
