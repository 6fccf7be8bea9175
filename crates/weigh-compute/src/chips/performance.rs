//! What the law computes from a chip.
//!
//! - **TPP** (total processing performance): 2 × MacTOPS × bit length = TOPS × bits, dense, the
//!   greatest over all number formats. Source: 15 CFR part 774, ECCN 3A090, technical note 2.
//!   The text says to sum over processing units; units that share a data path are alternatives,
//!   so the greatest is taken, and a sum is offered as another reading only where the maker says
//!   that units work at the same time.
//! - **Bit length of TF32**: the format carries 19 bits and is stored in 32. The text says "the
//!   largest bit-length of the inputs"; the agency has not said which it means. [`Tf32`] names
//!   the convention, and [`Chip::alternatives`] reports the other where it differs.
//! - **Performance density**: TPP over the area of the logic dies made on a non-planar process.
//!   Source: technical note 3. Planar dies count for nothing; where all are planar there is no
//!   density. Compared by cross-multiplying, so that no rounding decides.
//! - **Inputs and outputs** (the test of 2022): both directions together, over everything but
//!   volatile memory. Source: 87 FR 62186, 3A090.a.

use std::collections::BTreeMap;

use weigh_facts::{Coverage, Decimal, Estimate, MethodId, Truth};

use super::facts::{CHIP_DENSITY, CHIP_IO, CHIP_TPP};
use super::{Chip, Die, Rate};

/// Significant digits of a density written as an interval: 12 decimals for anything below 1e12.
const DENSITY_DIGITS: u64 = 24;

/// As how many bits an operand in TF32 counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tf32 {
    /// 19: the bits that carry information (1 sign, 8 exponent, 10 mantissa).
    Significant19,
    /// 32: the bits it is stored in.
    Stored32,
}

impl Tf32 {
    /// Both conventions.
    pub const ALL: &'static [Self] = &[Self::Significant19, Self::Stored32];

    /// The bits.
    #[must_use]
    pub fn bits(self) -> u64 {
        match self {
            Self::Significant19 => 19,
            Self::Stored32 => 32,
        }
    }

    /// The word used in files and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Significant19 => "tf32-19-bits",
            Self::Stored32 => "tf32-32-bits",
        }
    }

    /// Reads the word used in files, or the bits alone.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |t: &Self| t.as_str() == text || t.bits().to_string() == text;
        Self::ALL.iter().copied().find(fits)
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Significant19 => Self::Stored32,
            Self::Stored32 => Self::Significant19,
        }
    }
}

/// TPP of a chip under one reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotalProcessingPerformance {
    /// The figure: rate in 1e12/s times bits.
    pub tpp: Decimal,
    /// The number format that gives it; several joined by ` + ` where units are summed.
    pub driver: String,
    /// Formats for which only a rate for sparse operands is known: with their dense rates, TPP
    /// can be greater than [`TotalProcessingPerformance::tpp`].
    pub open_formats: Vec<String>,
}

impl TotalProcessingPerformance {
    /// What is known: exact, or at least so much where formats are open.
    #[must_use]
    pub fn estimate(&self) -> Estimate<Decimal> {
        let exact = Estimate::exact(self.tpp.clone(), CHIP_TPP);
        if self.open_formats.is_empty() {
            return exact;
        }
        let low = Some(self.tpp.clone());
        Estimate::new(low, None, None, Coverage::Hard, CHIP_TPP).unwrap_or(exact)
    }
}

/// A way to read the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reading {
    /// The same, with TF32 counted otherwise.
    Tf32(Tf32),
    /// Units that work at the same time are summed.
    ConcurrentUnits,
}

impl Reading {
    /// The word used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tf32(convention) => convention.as_str(),
            Self::ConcurrentUnits => "concurrent-units-summed",
        }
    }
}

/// Another reading, and the TPP it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// The reading.
    pub reading: Reading,
    /// What it gives.
    pub performance: TotalProcessingPerformance,
}

/// Area that counts for performance density.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplicableArea {
    /// No die is made on a non-planar process: the text gives no density.
    AllPlanar,
    /// Nothing is known of it.
    Unknown,
    /// mm², with bounds.
    Known(Estimate<Decimal>),
}

/// Performance density of a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PerformanceDensity {
    /// No die is made on a non-planar process: there is none, and no line on it is met.
    Undefined,
    /// TPP or the area is not known.
    Unknown,
    /// TPP/mm², exact or rounded outward to 24 significant digits.
    Known(Estimate<Decimal>),
}

impl Rate {
    /// Bits per operand under a convention for TF32.
    #[must_use]
    pub fn bits_as(&self, tf32: Tf32) -> u64 {
        match tf32 {
            Tf32::Significant19 => self.bits,
            Tf32::Stored32 => self.stored_bits,
        }
    }

    /// TPP of this format alone: rate × bits.
    #[must_use]
    pub fn tpp(&self, tf32: Tf32) -> Decimal {
        &self.tera_per_s * &Decimal::from(self.bits_as(tf32))
    }
}

impl Chip {
    /// Total processing performance: the greatest TOPS × bits over formats and units.
    /// Nothing for a chip without rates.
    #[must_use]
    pub fn tpp(&self, tf32: Tf32) -> Option<TotalProcessingPerformance> {
        let best = greatest(&self.rates, tf32)?;
        Some(TotalProcessingPerformance {
            tpp: best.tpp(tf32),
            driver: best.precision.clone(),
            open_formats: self.open_formats(),
        })
    }

    /// The format that gives most in each unit, by the name of the unit, with its TPP.
    #[must_use]
    pub fn tpp_by_unit(&self, tf32: Tf32) -> BTreeMap<&str, &Rate> {
        let units = self.rates.iter().map(|r| r.unit.as_str());
        units
            .filter_map(|unit| {
                let of_unit = self.rates.iter().filter(|r| r.unit == unit);
                Some((unit, greatest(of_unit, tf32)?))
            })
            .collect()
    }

    /// TPP if units that the maker declares concurrent are summed. Nothing where none are: then
    /// units are alternatives, and their sum means nothing.
    #[must_use]
    pub fn concurrent_tpp(&self, tf32: Tf32) -> Option<TotalProcessingPerformance> {
        let declared = self.concurrent_units.as_ref()?;
        let by_unit = self.tpp_by_unit(tf32);
        let mut tpp = Decimal::zero();
        let mut drivers = Vec::new();
        for unit in &declared.units {
            let rate = by_unit.get(unit.as_str())?;
            tpp = &tpp + &rate.tpp(tf32);
            drivers.push(rate.precision.as_str());
        }
        let summed = TotalProcessingPerformance {
            tpp,
            driver: drivers.join(" + "),
            open_formats: self.open_formats(),
        };
        let alone = self.tpp(tf32)?;
        Some(if alone.tpp > summed.tpp {
            alone
        } else {
            summed
        })
    }

    /// The other readings that give another TPP than [`Chip::tpp`] under this convention.
    #[must_use]
    pub fn alternatives(&self, tf32: Tf32) -> Vec<Alternative> {
        let Some(chosen) = self.tpp(tf32) else {
            return Vec::new();
        };
        let readings = [
            (Reading::Tf32(tf32.other()), self.tpp(tf32.other())),
            (Reading::ConcurrentUnits, self.concurrent_tpp(tf32)),
        ];
        let differing = readings.into_iter().filter_map(|(reading, performance)| {
            let performance = performance.filter(|p| p.tpp != chosen.tpp)?;
            Some(Alternative {
                reading,
                performance,
            })
        });
        differing.collect()
    }

    /// Formats with a rate for sparse operands and no dense one.
    fn open_formats(&self) -> Vec<String> {
        let is_dense = |format: &String| self.rates.iter().any(|r| r.precision == *format);
        let sparse = self.sparse_rates.iter().map(|r| r.precision.clone());
        let mut open: Vec<String> = sparse.filter(|p| !is_dense(p)).collect();
        open.sort_unstable();
        open.dedup();
        open
    }

    /// Area of the dies made on a non-planar process, mm². A die of unknown area leaves the upper
    /// bound open; the areas of the others are then the lower one.
    #[must_use]
    pub fn applicable_area(&self) -> ApplicableArea {
        if !self.dies.is_empty() && !self.dies.iter().any(|d| d.is_non_planar) {
            return ApplicableArea::AllPlanar;
        }
        let mut low = Decimal::zero();
        let mut high = (!self.dies.is_empty()).then(Decimal::zero);
        for die in self.dies.iter().filter(|d| d.is_non_planar) {
            low = &low + &die.at_least();
            high = high.zip(die.at_most()).map(|(sum, area)| &sum + &area);
        }
        let low = (!low.is_zero()).then_some(low);
        let best = low.clone().filter(|l| high.as_ref() == Some(l));
        Estimate::new(low, best, high, Coverage::Hard, AREA)
            .map_or(ApplicableArea::Unknown, ApplicableArea::Known)
    }

    /// Performance density, TPP/mm².
    #[must_use]
    pub fn performance_density(&self, tf32: Tf32) -> PerformanceDensity {
        let area = match self.applicable_area() {
            ApplicableArea::AllPlanar => return PerformanceDensity::Undefined,
            ApplicableArea::Unknown => return PerformanceDensity::Unknown,
            ApplicableArea::Known(area) => area,
        };
        let Some(tpp) = self.tpp(tf32).map(|t| t.estimate()) else {
            return PerformanceDensity::Unknown;
        };
        let exact = tpp.as_exact().zip(area.as_exact());
        if let Some(density) = exact.and_then(|(tpp, area)| tpp.exact_quotient(area)) {
            return PerformanceDensity::Known(Estimate::exact(density, CHIP_DENSITY));
        }
        let low = tpp.low().zip(area.high());
        let low = low.and_then(|(tpp, area)| tpp.quotient_down(area, DENSITY_DIGITS));
        let high = tpp.high().zip(area.low());
        let high = high.and_then(|(tpp, area)| tpp.quotient_up(area, DENSITY_DIGITS));
        // For display: with exact inputs the two differ in the last digit alone.
        let best = low.clone().filter(|_| exact.is_some());
        Estimate::new(low, best, high, Coverage::Hard, CHIP_DENSITY)
            .map_or(PerformanceDensity::Unknown, PerformanceDensity::Known)
    }

    /// Is the performance density `line` TPP/mm² or more? By cross-multiplying, exactly. False
    /// where all dies are planar; unknown where bounds straddle the line.
    #[must_use]
    pub fn density_reaches(&self, line: &Decimal, tf32: Tf32) -> Truth {
        self.density_compare(tf32, |tpp, area| tpp >= &(line * area))
    }

    /// Is the performance density greater than `line` TPP/mm²? As [`Chip::density_reaches`].
    #[must_use]
    pub fn density_exceeds(&self, line: &Decimal, tf32: Tf32) -> Truth {
        self.density_compare(tf32, |tpp, area| tpp > &(line * area))
    }

    /// `holds` is true of a great TPP and a small area; so it is settled if it holds at the least
    /// TPP over the greatest area, or does not at the greatest over the least.
    fn density_compare(&self, tf32: Tf32, holds: impl Fn(&Decimal, &Decimal) -> bool) -> Truth {
        let area = match self.applicable_area() {
            ApplicableArea::AllPlanar => return Truth::False,
            ApplicableArea::Unknown => return Truth::Unknown,
            ApplicableArea::Known(area) => area,
        };
        let Some(tpp) = self.tpp(tf32).map(|t| t.estimate()) else {
            return Truth::Unknown;
        };
        if tpp.low().zip(area.high()).is_some_and(|(t, a)| holds(t, a)) {
            return Truth::True;
        }
        if tpp
            .high()
            .zip(area.low())
            .is_some_and(|(t, a)| !holds(t, a))
        {
            return Truth::False;
        }
        Truth::Unknown
    }

    /// Bandwidth of all DRAM, GB/s. 0 for a chip without DRAM; nothing if not known.
    #[must_use]
    pub fn total_dram_gb_per_s(&self) -> Option<&Estimate<Decimal>> {
        self.memory.as_ref()?.dram_gb_per_s.as_ref()
    }

    /// Bandwidth of all inputs and outputs other than volatile memory, GB/s, both directions
    /// together: links to other chips and PCI Express. If one of the two is not known, the other
    /// is a lower bound; nothing if that is zero or neither is known.
    ///
    /// Leaves out other interfaces (Ethernet beside the link, display, storage), which err low.
    #[must_use]
    pub fn aggregate_io_gb_per_s(&self) -> Option<Estimate<Decimal>> {
        let figure = |f: &Option<super::Figure>| f.as_ref().map(|f| f.value.clone().by(CHIP_IO));
        match (figure(&self.link_gb_per_s), figure(&self.pcie_gb_per_s)) {
            (Some(link), Some(pcie)) => Some(link.plus(&pcie, |a, b| a + b)),
            (Some(one), None) | (None, Some(one)) => {
                let low = one.low().filter(|l| !l.is_zero()).cloned();
                Estimate::new(low, None, None, Coverage::Hard, CHIP_IO).ok()
            }
            (None, None) => None,
        }
    }
}

const AREA: MethodId = MethodId::new("chip-area/1");

impl Die {
    /// Area of all dies of this kind, at least.
    fn at_least(&self) -> Decimal {
        let low = self.mm2_each.as_ref().and_then(Estimate::low);
        self.times_count(low).unwrap_or_else(Decimal::zero)
    }

    /// Area of all dies of this kind, at most; nothing if not bounded.
    fn at_most(&self) -> Option<Decimal> {
        self.times_count(self.mm2_each.as_ref().and_then(Estimate::high))
    }

    fn times_count(&self, each: Option<&Decimal>) -> Option<Decimal> {
        Some(each? * &Decimal::from(self.count?))
    }
}

/// Of formats that give the same, the widest is named, and of these the first listed.
fn greatest<'a>(rates: impl IntoIterator<Item = &'a Rate>, tf32: Tf32) -> Option<&'a Rate> {
    let key = |r: &Rate| (r.tpp(tf32), r.bits_as(tf32));
    let greater = |best: &'a Rate, r: &'a Rate| if key(r) > key(best) { r } else { best };
    rates.into_iter().reduce(greater)
}
