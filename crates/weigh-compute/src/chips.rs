//! The chip catalog: rates per number format with their sources, and the legal figures.
//!
//! One file per chip under `catalog/chips/`. Every rate is dense (no sparsity), an exact decimal
//! in TFLOP/s or TOP/s, and names a datasheet: **a rate without a datasheet source does not load.**
//!
//! - **TPP** (total processing performance): 2 × MacTOPS × bit length = TOPS × bits, the greatest
//!   over all number formats. Source: 15 CFR part 774, ECCN 3A090, technical note 2.
//! - **Performance density**: TPP over the area of dies made on a non-planar process. Source: the
//!   same, technical note 3. Compared by cross-multiplying, so that no rounding decides.
//! - **TF32 convention:** the format keeps 19 bits and is stored in 32. TPP takes 19 here; the
//!   figure with 32 is reported beside it.

mod load;

use std::sync::OnceLock;

use weigh_facts::{Certainty, Date, Decimal, Source, SourceKey, Truth};

use crate::catalog::CatalogError;
use crate::names::{nearest_names, plain};

/// The chips this program knows.
#[derive(Clone, Debug)]
pub struct ChipCatalog {
    chips: Vec<Chip>,
}

/// A chip as its datasheet describes it.
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
    /// When it was released, if known.
    pub released: Option<Date>,
    /// Process of the logic dies: `TSMC 4N`.
    pub process: String,
    /// Are the logic dies made on a non-planar transistor process (FinFET, GAA)?
    pub non_planar: bool,
    /// Is it designed or marketed for data centers?
    pub data_center: bool,
    /// Dense rates by number format.
    pub rates: Vec<Rate>,
    /// Area of the logic dies, if published or estimated.
    pub die_area: Option<DieArea>,
    /// Memory capacity, GB, and its kind: `80`, `HBM3`.
    pub memory: Option<Memory>,
    /// Links to other chips, GB/s, both directions together.
    pub link_gb_per_s_bidirectional: Option<Decimal>,
    /// PCIe, GB/s, both directions together.
    pub pcie_gb_per_s_bidirectional: Option<Decimal>,
    /// Thermal design power, W.
    pub power_w: Option<Decimal>,
    /// The texts the figures come from.
    pub sources: Vec<ChipSource>,
    /// Where readings of the datasheet differ, for people.
    pub notes: Option<String>,
}

/// A dense rate in one number format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The format: `bf16`, `tf32`, `fp8`, `int8`.
    pub precision: String,
    /// Bits per operand as TPP counts them; 19 for TF32.
    pub bits: u64,
    /// Bits per operand in storage; 32 for TF32, else the same.
    pub stored_bits: u64,
    /// Dense rate in units of 1e12 operations per second, a multiply-add as two.
    pub tera_per_s: Decimal,
    /// The datasheet.
    pub source: SourceKey,
}

impl Rate {
    /// TPP of this format alone: rate × bits.
    #[must_use]
    pub fn tpp(&self) -> Decimal {
        &self.tera_per_s * &Decimal::from(self.bits)
    }

    /// Operations per second.
    #[must_use]
    pub fn per_s(&self) -> Decimal {
        &self.tera_per_s * &Decimal::from(1_000_000_000_000_u64)
    }
}

/// Area of the logic dies in one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DieArea {
    /// Square millimeters.
    pub mm2: Decimal,
    /// What the figure covers: `single die`, `2 dies, third-party estimate`.
    pub covers: String,
    /// Where it comes from.
    pub source: SourceKey,
}

/// Memory of a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Capacity, GB.
    pub capacity_gb: Decimal,
    /// Kind: `HBM3`.
    pub kind: String,
    /// Bandwidth, GB/s.
    pub bandwidth_gb_per_s: Decimal,
}

/// A text that chip figures come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipSource {
    /// The citation.
    pub source: Source,
    /// Is it the maker's datasheet or white paper? Rates need one.
    pub is_datasheet: bool,
}

/// TPP of a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotalProcessingPerformance {
    /// The figure, TF32 at 19 bits.
    pub tpp: Decimal,
    /// The number format that gives it.
    pub driver: String,
    /// The figure if TF32 counted as 32 bits.
    pub tpp_tf32_as_32: Decimal,
}

impl Chip {
    /// The rate in a number format. `bf16` and `fp16` stand for each other where only one is
    /// listed.
    #[must_use]
    pub fn rate(&self, precision: &str) -> Option<&Rate> {
        let wanted = plain(precision);
        let find = |name: &str| self.rates.iter().find(|r| r.precision == name);
        find(&wanted).or_else(|| match wanted.as_str() {
            "bf16" | "bfloat16" => find("bf16").or_else(|| find("fp16")),
            "fp16" | "float16" => find("fp16").or_else(|| find("bf16")),
            "float8" => find("fp8"),
            "float32" => find("fp32"),
            _ => None,
        })
    }

    /// Total processing performance: the greatest TOPS × bits over the formats.
    /// Nothing for a chip without rates.
    #[must_use]
    pub fn tpp(&self) -> Option<TotalProcessingPerformance> {
        // Of formats that give the same, the widest is named.
        let best = self.rates.iter().max_by_key(|r| (r.tpp(), r.bits))?;
        let as_32 = |r: &Rate| &r.tera_per_s * &Decimal::from(r.stored_bits);
        Some(TotalProcessingPerformance {
            tpp: best.tpp(),
            driver: best.precision.clone(),
            tpp_tf32_as_32: self.rates.iter().map(as_32).max()?,
        })
    }

    /// Is the performance density `line` TPP/mm² or more? By cross-multiplying, exactly.
    /// Unknown when TPP or the area of non-planar dies is not known.
    #[must_use]
    pub fn density_reaches(&self, line: &Decimal) -> Truth {
        self.density_compare(|tpp, area| tpp >= &(line * area))
    }

    /// Is the performance density greater than `line` TPP/mm²? As [`Chip::density_reaches`].
    #[must_use]
    pub fn density_exceeds(&self, line: &Decimal) -> Truth {
        self.density_compare(|tpp, area| tpp > &(line * area))
    }

    fn density_compare(&self, holds: impl Fn(&Decimal, &Decimal) -> bool) -> Truth {
        match (self.tpp(), self.applicable_area()) {
            (Some(tpp), Some(area)) => holds(&tpp.tpp, area).into(),
            _ => Truth::Unknown,
        }
    }

    /// Area of dies made on a non-planar process, mm².
    #[must_use]
    pub fn applicable_area(&self) -> Option<&Decimal> {
        let area = self.die_area.as_ref().filter(|_| self.non_planar)?;
        Some(&area.mm2)
    }

    /// Performance density, TPP/mm², as a pair around it of six digits, for readers.
    #[must_use]
    pub fn density(&self) -> Option<(Decimal, Decimal)> {
        let (tpp, area) = (self.tpp()?.tpp, self.applicable_area()?);
        Some((tpp.quotient_down(area, 6)?, tpp.quotient_up(area, 6)?))
    }

    /// The weakest certainty of the sources its rates rest on.
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        let cited = |s: &&ChipSource| self.rates.iter().any(|r| r.source == s.source.key);
        let certainties = self.sources.iter().filter(cited);
        let weakest = certainties.map(|s| s.source.certainty).min();
        weakest.unwrap_or(Certainty::Unverified)
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
    #[error("`{chip}` has no rate for `{precision}`; it has {}", .known.join(", "))]
    NoRate {
        /// The chip.
        chip: String,
        /// The format asked for.
        precision: String,
        /// The formats it has.
        known: Vec<String>,
    },
    /// Chip-hours or a utilization that cannot be.
    #[error("{what} is {value}, and should be {wanted}")]
    Impossible {
        /// What.
        what: &'static str,
        /// Its value.
        value: Decimal,
        /// What it should be.
        wanted: &'static str,
    },
}

fn nearest_text(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    format!("; nearest: {}", nearest.join(", "))
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
        }
    }
}

macro_rules! chip_files {
    ($($name:literal),+ $(,)?) => {
        &[$((
            concat!($name, ".toml"),
            include_str!(concat!("../catalog/chips/", $name, ".toml")),
        )),+]
    };
}

const CHIPS: &[(&str, &str)] = chip_files![
    "amd-mi300x",
    "google-tpu-v5p",
    "intel-gaudi-3",
    "nvidia-a100-sxm-80gb",
    "nvidia-b200",
    "nvidia-gb300",
    "nvidia-h100-sxm",
    "nvidia-h200-sxm",
    "nvidia-h800-sxm",
    "nvidia-v100-sxm2",
];

impl ChipCatalog {
    /// The catalog embedded in this program; parsed once.
    ///
    /// # Errors
    /// When a file of ours is wrong, which a test excludes.
    pub fn shipped() -> Result<&'static Self, &'static CatalogError> {
        static SHIPPED: OnceLock<Result<ChipCatalog, CatalogError>> = OnceLock::new();
        SHIPPED.get_or_init(|| Self::load(CHIPS)).as_ref()
    }

    /// Reads chips, each a file name and its text.
    ///
    /// # Errors
    /// All diagnostics of the first file that is wrong.
    pub fn load(files: &[(&str, &str)]) -> Result<Self, CatalogError> {
        let mut chips = Vec::with_capacity(files.len());
        for (file, text) in files {
            let chip = load::chip(text).map_err(|diagnostics| CatalogError {
                file: (*file).to_owned(),
                diagnostics,
            })?;
            chips.push(chip);
        }
        Ok(Self { chips })
    }

    /// Every chip, by id.
    pub fn chips(&self) -> impl Iterator<Item = &Chip> {
        self.chips.iter()
    }

    /// The chip with this id, name or alias; case, spaces and dashes do not count.
    ///
    /// # Errors
    /// When none or several fit; the error lists what is near.
    pub fn find(&self, name: &str) -> Result<&Chip, ChipError> {
        let wanted = plain(name);
        let is = |chip: &&Chip| chip.names().any(|n| plain(n) == wanted);
        let mut fitting = self.chips.iter().filter(is);
        match (fitting.next(), fitting.next()) {
            (Some(chip), None) => Ok(chip),
            (Some(one), Some(other)) => Err(ChipError::Ambiguous {
                name: name.to_owned(),
                fits: vec![one.name.clone(), other.name.clone()],
            }),
            (None, _) => {
                let names = self.chips.iter().flat_map(Chip::names);
                Err(ChipError::UnknownChip {
                    name: name.to_owned(),
                    nearest: nearest_names(name, names),
                })
            }
        }
    }
}

impl Chip {
    fn names(&self) -> impl Iterator<Item = &str> {
        [self.name.as_str(), self.id.as_str()]
            .into_iter()
            .chain(self.aliases.iter().map(String::as_str))
    }
}
