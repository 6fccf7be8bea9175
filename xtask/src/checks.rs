//! The house rules, one file each.
//!
//! A check reads the [`House`] and returns findings; it fails only when it could not look.

mod codes;
mod copies;
mod floors;
mod length;
mod markers;
mod packaged;
mod purity;
mod reach;
mod rulebooks;
mod wording;

use crate::finding::Finding;
use crate::house::House;

/// A named house rule.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&House) -> Result<Vec<Finding>, String>,
}

/// Every check, in the order of its findings.
pub(crate) const ALL: &[Check] = &[
    Check {
        name: "floors",
        run: floors::check,
    },
    Check {
        name: "reach",
        run: reach::check,
    },
    Check {
        name: "purity",
        run: purity::check,
    },
    Check {
        name: "codes",
        run: codes::check,
    },
    Check {
        name: "rulebooks",
        run: rulebooks::check,
    },
    Check {
        name: "packaged",
        run: packaged::check,
    },
    Check {
        name: "length",
        run: length::check,
    },
    Check {
        name: "markers",
        run: markers::check,
    },
    Check {
        name: "wording",
        run: wording::check,
    },
    Check {
        name: "copies",
        run: copies::check,
    },
];
