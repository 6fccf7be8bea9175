//! Chips as their datasheets describe them: rates per number format, dies, memory, links, each
//! figure with its source.
//!
//! One file per chip under `catalog/chips/`; a file of a user's own is read by the same loader
//! ([`Chip::from_toml`]). What the law computes from a chip is in [`performance`](self::performance):
//! TPP under both conventions for TF32, performance density, bandwidth of inputs and outputs.
//!
//! - **Invariant:** a rate without a datasheet source does not load, unless the file says why no
//!   datasheet states it.
//! - **Invariant:** rates are dense. A rate for sparse operands is read, kept apart and never
//!   used; a chip with no other rate is refused. Nothing is halved.
//! - **Invariant:** what is not known (an area, a link) is absent or an open bound, never zero.

mod catalog;
mod facts;
mod load;
mod performance;
mod vendors;

use std::fmt;
use std::ops::Range;

use weigh_facts::{Certainty, Date, Decimal, Diagnostic, Estimate, Source, SourceKey};

use crate::catalog::CatalogError;
use crate::names::plain;

pub(crate) use facts::add_fact;

pub use catalog::ChipCatalog;
pub use facts::{CHIP_DENSITY, CHIP_FIGURE, CHIP_IO, CHIP_TPP};
pub use performance::{
    Alternative, ApplicableArea, PerformanceDensity, Reading, Tf32, TotalProcessingPerformance,
};

/// A chip: one packaged integrated circuit, all its dies together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    /// Stable name: `nvidia-h100-sxm`.
    pub id: String,
    /// What people call it: `NVIDIA H100 SXM5 80GB`.
    pub name: String,
    /// Other names it is found under.
    pub aliases: Vec<String>,
    /// Who designed it.
    pub vendor: String,
    /// Where the designer has its headquarters, if known. Of chips of the catalog it stands in one
    /// table for all chips of a vendor.
    pub designer: Option<Designer>,
    /// When it was released, if known, to the day, month or year.
    pub released: Option<Released>,
    /// Process of the logic dies: `TSMC 4N`.
    pub process: String,
    /// Dense rates by number format and unit.
    pub rates: Vec<Rate>,
    /// Rates that hold for sparse operands alone. No figure is computed from them.
    pub sparse_rates: Vec<SparseRate>,
    /// Why no rate is known, for a chip without any.
    pub rates_unknown: Option<String>,
    /// Why rates are cited from elsewhere than the maker's datasheet, if they are.
    pub no_datasheet: Option<String>,
    /// Units which the maker says work at the same time on data paths of their own.
    pub concurrent_units: Option<ConcurrentUnits>,
    /// The logic dies of the package. Empty: not known.
    pub dies: Vec<Die>,
    /// Memory, if known.
    pub memory: Option<Memory>,
    /// Links to other chips, GB/s, both directions together; 0 if it has none.
    pub link_gb_per_s: Option<Figure>,
    /// PCI Express, GB/s, both directions together; 0 if it has none.
    pub pcie_gb_per_s: Option<Figure>,
    /// Thermal design power, W.
    pub power_w: Option<Figure>,
    /// Is it designed or marketed for data centers?
    pub data_center: Option<Marketing>,
    /// The letter of an agency to a firm that names it, if one does.
    pub letter: Option<Letter>,
    /// The texts the figures come from.
    pub sources: Vec<ChipSource>,
    /// Where readings of the datasheet differ, for people.
    pub notes: Option<String>,
}

/// When a chip was released: a day, or the month or year that was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Released {
    /// The first day it can have been.
    pub earliest: Date,
    /// The last day it can have been.
    pub latest: Date,
}

impl fmt::Display for Released {
    /// As precise as it is known: `2023-12-06`, `2025-09`, `2026`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, other) = (self.earliest.to_string(), self.latest.to_string());
        let same = |len: usize| one.get(..len).filter(|part| other.get(..len) == Some(part));
        let shown = same(10).or_else(|| same(7)).or_else(|| same(4));
        f.pad(shown.unwrap_or(&one))
    }
}

/// A dense rate in one number format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The format: `bf16`, `tf32`, `fp8`, `int8`.
    pub precision: String,
    /// The physical unit that does the work: `tensor`, `vector`. Rates of one unit are
    /// alternatives: it does one of them at a time.
    pub unit: String,
    /// Bits of an operand that carry information; 19 for TF32.
    pub bits: u64,
    /// Bits of an operand in storage; 32 for TF32, else the same.
    pub stored_bits: u64,
    /// Dense rate in units of 1e12 operations per second, a multiply-add as two.
    pub tera_per_s: Decimal,
    /// The datasheet.
    pub source: SourceKey,
}

impl Rate {
    /// Operations per second.
    #[must_use]
    pub fn per_s(&self) -> Decimal {
        &self.tera_per_s * &Decimal::from(1_000_000_000_000_u64)
    }
}

/// A rate that a maker prints for sparse operands. For some chips the dense rate is not half of
/// it, so it stands for nothing but itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SparseRate {
    /// The format.
    pub precision: String,
    /// The unit.
    pub unit: String,
    /// The kind of sparsity: `2:4`.
    pub sparsity: String,
    /// In units of 1e12 operations per second, those that are skipped counted as done.
    pub tera_per_s: Decimal,
    /// The text that prints it.
    pub source: SourceKey,
}

/// Units of a chip that work at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConcurrentUnits {
    /// Two or more units that have rates.
    pub units: Vec<String>,
    /// Where the maker says so.
    pub source: SourceKey,
}

/// Logic dies of one kind in the package. Memory dies are not logic and not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Die {
    /// What the figure covers: `single die`, `compute dies, third-party estimate`.
    pub covers: String,
    /// How many there are, if known.
    pub count: Option<u64>,
    /// Area of each, mm², whole and with disabled parts; nothing if not known.
    pub mm2_each: Option<Estimate<Decimal>>,
    /// Are they made on a non-planar transistor process (FinFET, gate-all-around)?
    pub is_non_planar: bool,
    /// Where it comes from.
    pub source: SourceKey,
}

/// A published figure: exact, or bounds where the text gives bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The value, in the unit of the field that holds it.
    pub value: Estimate<Decimal>,
    /// Where it comes from.
    pub source: SourceKey,
}

/// Memory of a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Kind: `HBM3`, `SRAM`.
    pub kind: String,
    /// Capacity, GB, if known.
    pub capacity_gb: Option<Estimate<Decimal>>,
    /// Bandwidth of all DRAM, GB/s, memory in the package included. 0 for a chip without DRAM:
    /// bandwidth of SRAM is not counted.
    pub dram_gb_per_s: Option<Estimate<Decimal>>,
    /// Where it comes from.
    pub source: SourceKey,
}

/// What a chip is designed or sold for. A claim about the item, not about its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marketing {
    /// Data centers?
    pub is_data_center: bool,
    /// Where it comes from.
    pub source: SourceKey,
}

/// A letter to a firm that names a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What the letter calls the chip, in the word of the fact `letter_chip`.
    pub chip: String,
    /// The day of the letter, or the first day on which it may have been sent.
    pub from: Date,
    /// Where it comes from.
    pub source: SourceKey,
}

/// The firm that designed a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Designer {
    /// The country of its headquarters, ISO 3166 alpha-2.
    pub headquarters: String,
    /// Where it comes from.
    pub source: SourceKey,
}

/// A text that chip figures come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipSource {
    /// The citation. Its `href` is empty where a figure was never traced to an address.
    pub source: Source,
    /// Is it a document of the maker (datasheet, white paper, documentation, talk), or a copy of
    /// its figures? Rates need one.
    pub is_datasheet: bool,
    /// When it was read, if known.
    pub retrieved: Option<Date>,
}

impl Chip {
    /// Reads one chip file: of the catalog, or of a user.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place in the text.
    pub fn from_toml(text: &str) -> Result<Self, Vec<Diagnostic>> {
        load::chip(text)
    }

    /// The rate in a number format, the greatest where several units have one. `bf16` and `fp16`
    /// stand for each other where only one is listed.
    #[must_use]
    pub fn rate(&self, precision: &str) -> Option<&Rate> {
        let wanted = plain(precision);
        let find = |name: &str| {
            let named = self.rates.iter().filter(|r| plain(&r.precision) == name);
            named.max_by(|a, b| a.tera_per_s.cmp(&b.tera_per_s))
        };
        find(&wanted).or_else(|| match wanted.as_str() {
            "bf16" | "bfloat16" => find("bf16").or_else(|| find("fp16")),
            "fp16" | "float16" => find("fp16").or_else(|| find("bf16")),
            "float8" => find("fp8"),
            "float32" => find("fp32"),
            "float64" => find("fp64"),
            _ => None,
        })
    }

    /// The source of this key.
    #[must_use]
    pub fn source(&self, key: &SourceKey) -> Option<&ChipSource> {
        self.sources.iter().find(|s| s.source.key == *key)
    }

    /// The weakest certainty of the sources its rates rest on.
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        self.weakest(self.rates.iter().map(|r| &r.source))
    }

    pub(crate) fn weakest<'a>(&self, keys: impl IntoIterator<Item = &'a SourceKey>) -> Certainty {
        let certainties = keys.into_iter().map(|k| {
            self.source(k)
                .map_or(Certainty::Unverified, |s| s.source.certainty)
        });
        certainties.min().unwrap_or(Certainty::Unverified)
    }

    /// Every name it is found under.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [self.id.as_str(), self.name.as_str()]
            .into_iter()
            .chain(self.aliases.iter().map(String::as_str))
    }
}

/// Why there is no such chip or rate.
/// [`ChipError::code`] is stable and listed in the manual; the wording is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChipError {
    /// The catalog has no such chip.
    #[error("the catalog has no chip `{name}`{}", nearest_text(.nearest))]
    UnknownChip {
        /// What was asked for.
        name: String,
        /// Known names near to it.
        nearest: Vec<String>,
    },
    /// The name fits several chips.
    #[error("`{name}` fits several chips: {}", .fits.join(", "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The chips it fits.
        fits: Vec<String>,
    },
    /// The chip has no rate in that format.
    #[error("`{chip}` has no rate for `{precision}`; it has {}", known_text(.known))]
    NoRate {
        /// The chip.
        chip: String,
        /// The format asked for.
        precision: String,
        /// The formats it has.
        known: Vec<String>,
    },
    /// Chip-hours, a count, a utilization or a rate that cannot be.
    #[error("{what} is {value}, and should be {wanted}")]
    Impossible {
        /// What.
        what: &'static str,
        /// Its value.
        value: Decimal,
        /// What it should be.
        wanted: &'static str,
    },
    /// A file of the catalog is wrong: ours to mend.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

fn nearest_text(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    format!("; nearest: {}", nearest.join(", "))
}

fn known_text(known: &[String]) -> String {
    if known.is_empty() {
        return "no known rate at all".to_owned();
    }
    known.join(", ")
}

impl ChipError {
    /// Stable and listed in the manual.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownChip { .. } => "unknown-chip",
            Self::Ambiguous { .. } => "ambiguous-chip",
            Self::NoRate { .. } => "no-chip-rate",
            Self::Impossible { .. } => "impossible-chip-use",
            Self::Catalog(error) => error.code(),
        }
    }
}

type Errors = Vec<Diagnostic>;

fn wrong(message: String, span: Range<usize>, errors: &mut Errors) {
    errors.push(Diagnostic::new("catalog-entry", message, span));
}
