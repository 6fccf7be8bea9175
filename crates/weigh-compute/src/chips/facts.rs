//! A chip as facts that rules can read.

use weigh_facts::{
    Certainty, Decimal, Estimate, Fact, FactName, Facts, Grade, MethodId, Origin, SourceKey, Value,
};

use super::load::LETTER_CHIP;
use super::{Chip, PerformanceDensity, Tf32};

/// The method: the greatest of rate × bits.
pub const CHIP_TPP: MethodId = MethodId::new("chip-tpp/1");
/// The method: TPP over the area of non-planar logic dies.
pub const CHIP_DENSITY: MethodId = MethodId::new("chip-density/1");
/// The method: links and PCI Express, both directions.
pub const CHIP_IO: MethodId = MethodId::new("chip-io/1");
/// The method: taken from a published text as it stands.
pub const CHIP_FIGURE: MethodId = MethodId::new("chip-figure/1");

impl Chip {
    /// What is known of the chip, as facts about a chip: TPP, performance density, bandwidth of
    /// inputs and outputs and of DRAM, thermal design power, whether it is made for data centers,
    /// where its designer has its headquarters, and what a letter to a firm calls it. A figure that is not known gives no fact.
    ///
    /// Grades: what we compute is `computed`, or `inferred` if one of its sources is unverified;
    /// what a text states is `declared`. Where all dies are planar the law has no density; the
    /// fact is then 0 TPP/mm² and `inferred`, since every line on it is a lower one and not met.
    #[must_use]
    pub fn facts(&self, tf32: Tf32) -> Facts {
        let mut facts = Facts::new();
        self.add_performance(&mut facts, tf32);
        self.add_density(&mut facts, tf32);
        self.add_io(&mut facts);
        let dram = self.memory.as_ref();
        if let Some((dram, source)) =
            dram.and_then(|m| Some((m.dram_gb_per_s.as_ref()?, &m.source)))
        {
            let value = giga(&dram.clone().by(CHIP_FIGURE));
            self.state(&mut facts, "chip_dram_bandwidth", value, source);
        }
        if let Some(power) = &self.power_w {
            let value = Value::Quantity(power.value.clone().by(CHIP_FIGURE));
            self.state(&mut facts, "chip_tdp", value, &power.source);
        }
        if let Some(marketing) = &self.data_center {
            let value = Value::Bool(marketing.is_data_center);
            self.state(&mut facts, "chip_data_center", value, &marketing.source);
        }
        if let Some(letter) = &self.letter {
            let value = Value::Word(letter.chip.clone());
            self.state(&mut facts, LETTER_CHIP, value, &letter.source);
        }
        if let Some(designer) = &self.designer {
            let value = Value::Word(designer.headquarters.clone());
            let name = "chip_designer_headquarters";
            self.state(&mut facts, name, value, &designer.source);
        }
        facts
    }

    /// Adds what a text states as it stands.
    fn state(&self, facts: &mut Facts, name: &str, value: Value, source: &SourceKey) {
        let cited = self.cite(&[source]);
        add_fact(facts, name, value, Grade::Declared, CHIP_FIGURE, cited);
    }

    fn add_performance(&self, facts: &mut Facts, tf32: Tf32) {
        let Some(found) = self.tpp(tf32) else { return };
        let drivers = self.drivers(tf32);
        let driver = format!("{} in {}, {}", self.name, found.driver, tf32.as_str());
        let said = [driver].into_iter().chain(self.cite(&drivers)).collect();
        let (value, grade) = (Value::Quantity(found.estimate()), self.computed(&drivers));
        let name = "total_processing_performance";
        add_fact(facts, name, value, grade, CHIP_TPP, said);
    }

    fn add_density(&self, facts: &mut Facts, tf32: Tf32) {
        let mut keys = self.drivers(tf32);
        keys.extend(self.dies.iter().map(|d| &d.source));
        let mut cited = self.cite(&keys);
        let (value, grade) = match self.performance_density(tf32) {
            PerformanceDensity::Unknown => return,
            PerformanceDensity::Known(density) => (density, self.computed(&keys)),
            PerformanceDensity::Undefined => {
                cited.push("no die is made on a non-planar process: no line is met".to_owned());
                let none = Estimate::exact(Decimal::zero(), CHIP_DENSITY);
                (none, Grade::Inferred)
            }
        };
        let (name, value) = ("performance_density", Value::Quantity(value));
        add_fact(facts, name, value, grade, CHIP_DENSITY, cited);
    }

    fn add_io(&self, facts: &mut Facts) {
        let Some(io) = self.aggregate_io_gb_per_s() else {
            return;
        };
        let figures = [&self.link_gb_per_s, &self.pcie_gb_per_s];
        let keys: Vec<&SourceKey> = figures.into_iter().flatten().map(|f| &f.source).collect();
        let (name, cited) = ("chip_interconnect_bandwidth", self.cite(&keys));
        add_fact(facts, name, giga(&io), self.computed(&keys), CHIP_IO, cited);
    }

    /// The source of the rate that gives TPP; of rates that give the same, the best supported.
    fn drivers(&self, tf32: Tf32) -> Vec<&SourceKey> {
        let greatest = self.rates.iter().map(|r| r.tpp(tf32)).max();
        let giving = self.rates.iter().filter(|r| Some(r.tpp(tf32)) == greatest);
        let certainty = |key: &&SourceKey| self.weakest([*key]);
        giving
            .map(|r| &r.source)
            .max_by_key(certainty)
            .into_iter()
            .collect()
    }

    /// The grade of what follows from these sources by an exact formula.
    fn computed(&self, keys: &[&SourceKey]) -> Grade {
        if self.weakest(keys.iter().copied()) == Certainty::Unverified {
            Grade::Inferred
        } else {
            Grade::Computed
        }
    }

    /// The titles of sources with how sure each is, each once.
    fn cite(&self, keys: &[&SourceKey]) -> Vec<String> {
        let mut cited: Vec<String> = Vec::new();
        for source in keys.iter().filter_map(|k| self.source(k)) {
            let certainty = source.source.certainty.as_str();
            let text = format!("{} ({certainty})", source.source.title);
            if !cited.contains(&text) {
                cited.push(text);
            }
        }
        cited
    }
}

/// GB/s in the base of its unit, byte/s.
fn giga(value: &Estimate<Decimal>) -> Value {
    let factor = Decimal::from(1_000_000_000_u64);
    Value::Quantity(value.map_increasing(|v| v * &factor))
}

/// Adds one fact of ours.
pub(crate) fn add_fact(
    facts: &mut Facts,
    name: &str,
    value: Value,
    grade: Grade,
    method: MethodId,
    sources: Vec<String>,
) {
    // The names are literals of ours, of the shape of a name.
    let Ok(name) = name.parse::<FactName>() else {
        return;
    };
    let origin = Origin {
        grade,
        method,
        sources,
    };
    facts.insert(name, Fact { value, origin });
}
