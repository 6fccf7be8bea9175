//! A rulebook opened for reading: what stands in it beside its rules, by day and with its sources.
//!
//! - **Absent on purpose:** judgment. Whoever wants findings asks [`crate::assess`].

use std::collections::BTreeSet;
use std::sync::Arc;

use weigh_facts::{Date, Interval, Quantity, Source, Unit};

use crate::book::{Extent, Rule};
use crate::{Alarm, Citation, RuleId, Rulebook, alarms};

/// One of the two status axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// What the text is.
    Text,
    /// What those who enforce do.
    Enforcement,
}

impl Axis {
    /// The key used in data files.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Text => "text_status",
            Self::Enforcement => "enforcement",
        }
    }
}

/// One entry of a status timeline, with what it cites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEntry {
    /// Which axis it stands on.
    pub axis: Axis,
    /// When it holds. Without `until`, up to the next entry of the axis.
    pub when: Interval,
    /// The status: `in-force`.
    pub word: &'static str,
    /// What it rests on, if the book says.
    pub source: Option<Arc<Source>>,
}

/// A source as the rulebook lists it.
#[derive(Clone, Copy, Debug)]
pub struct SourceEntry<'a> {
    /// The citation.
    pub source: &'a Source,
    /// The day its text was fetched, if the book says.
    pub retrieved: Option<Date>,
}

/// A parameter with all its values.
#[derive(Clone, Debug)]
pub struct ParamEntry<'a> {
    /// Its name: `presumption_line`.
    pub name: &'a str,
    /// Its unit as the book has it: `GB/s`.
    pub shown: &'a str,
    /// Why there is no value, if the source states none.
    pub unstated: Option<&'a str>,
    /// Its values by first day.
    pub values: Vec<DatedValue<'a>>,
}

/// A value, when it holds, and where it comes from.
#[derive(Clone, Debug)]
pub struct DatedValue<'a> {
    /// When it holds. Without `until`, up to the next one.
    pub when: Interval,
    /// The value in base units.
    pub value: Quantity,
    /// Where it comes from.
    pub source: &'a Source,
}

/// A list of codes with all its states.
#[derive(Clone, Debug)]
pub struct SetEntry<'a> {
    /// Its name: `d5`.
    pub name: &'a str,
    /// The shared table it comes from, if it is not the book's own.
    pub table: Option<&'a str>,
    /// Is a code that it does not list certainly not in it?
    pub is_complete: bool,
    /// Its states by first day.
    pub values: Vec<DatedSet<'a>>,
}

/// A state of a list, when it holds, and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct DatedSet<'a> {
    /// When it holds. Without `until`, up to the next one.
    pub when: Interval,
    /// The codes.
    pub codes: &'a BTreeSet<String>,
    /// Where they come from.
    pub source: &'a Source,
}

/// A day from which a person must look, as the book declares it.
#[derive(Clone, Copy, Debug)]
pub struct AlarmEntry<'a> {
    /// Its id.
    pub id: &'a str,
    /// When it stands.
    pub when: Interval,
    /// What there is to know.
    pub text: &'a str,
    /// What it rests on.
    pub citations: &'a [Citation],
}

impl Rulebook {
    /// Both status timelines of the book with what each entry cites, by axis and first day.
    #[must_use]
    pub fn history(&self) -> Vec<&StatusEntry> {
        let mut entries: Vec<&StatusEntry> = self.history.iter().collect();
        entries.sort_by_key(|e| (e.axis, e.when.from, e.when.known));
        entries
    }

    /// Its sources by key, with the day each was fetched.
    pub fn listed_sources(&self) -> impl Iterator<Item = SourceEntry<'_>> {
        self.sources.values().map(|s| SourceEntry {
            source: &s.source,
            retrieved: s.retrieved,
        })
    }

    /// Its parameters with all their values, in the order of the text.
    pub fn params(&self) -> impl Iterator<Item = ParamEntry<'_>> {
        self.params.iter().map(|param| ParamEntry {
            name: &param.name,
            shown: &param.shown,
            unstated: param.unstated.as_deref(),
            values: param
                .values
                .entries()
                .map(|entry| DatedValue {
                    when: entry.when,
                    value: quantity(&entry.value.value, param.unit),
                    source: &entry.value.source,
                })
                .collect(),
        })
    }

    /// The sets that its conditions read, its own first, and those of shared tables that it reads.
    pub fn sets(&self) -> impl Iterator<Item = SetEntry<'_>> {
        let used = self.sets_read();
        let read = self.sets.iter().enumerate();
        let read = read.filter(move |(index, _)| used.contains(index));
        read.map(|(_, set)| {
            let mut tables = self.tables.iter();
            let table = tables.find(|t| t.sets.iter().any(|s| s.name == set.name));
            SetEntry {
                name: &set.name,
                table: table.map(|t| t.id()),
                is_complete: set.extent == Extent::Complete,
                values: set
                    .values
                    .entries()
                    .map(|entry| DatedSet {
                        when: entry.when,
                        codes: &entry.value.codes,
                        source: &entry.value.source,
                    })
                    .collect(),
            }
        })
    }

    /// The sets that conditions read, and the sets within which those lie.
    pub(crate) fn sets_read(&self) -> BTreeSet<usize> {
        let mut used = crate::ir::Used::default();
        self.atoms.iter().for_each(|atom| used.atom(atom));
        let within: Vec<usize> = used
            .sets
            .iter()
            .filter_map(|s| match self.sets.get(*s)?.extent {
                Extent::Within(universe) => Some(universe),
                _ => None,
            })
            .collect();
        used.sets.extend(within);
        used.sets
    }

    /// The alarms it declares, in the order of the text.
    pub fn declared_alarms(&self) -> impl Iterator<Item = AlarmEntry<'_>> {
        self.alarms.iter().map(|alarm| AlarmEntry {
            id: &alarm.id,
            when: alarm.when,
            text: &alarm.text,
            citations: &alarm.citations,
        })
    }

    /// What a person must look at because of the day.
    #[must_use]
    pub fn alarms_on(&self, on: Date, known: Date) -> Vec<Alarm> {
        alarms::alarms(self, on, known)
    }

    /// How many of its tests expect something of a rule; none of a book loaded without its tests.
    #[must_use]
    pub fn tests_naming(&self, rule: &RuleId) -> usize {
        let names = |of: &Rule| of.id == *rule;
        let expects = |test: &&crate::book::BookTest| {
            let mut expected = test.expect.iter();
            expected.any(|e| self.rules.get(e.rule).is_some_and(names))
        };
        self.tests.iter().filter(expects).count()
    }
}

pub(crate) fn quantity(value: &weigh_facts::Decimal, unit: Unit) -> Quantity {
    Quantity {
        value: value.clone(),
        unit,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{book_with_rule, checked};

    #[test]
    fn a_status_keeps_what_it_cites() {
        let text = book_with_rule("is_gpai").replace(
            "value = \"enforced\"",
            "value = \"enforced\", source = \"s\"",
        );
        let book = checked(&text);
        let history: Vec<(&str, &str, bool)> = book
            .history()
            .iter()
            .map(|e| (e.axis.key(), e.word, e.source.is_some()))
            .collect();
        assert_eq!(
            history,
            [
                ("text_status", "in-force", false),
                ("enforcement", "enforced", true)
            ]
        );
    }

    #[test]
    fn a_parameter_keeps_the_unit_of_its_file() {
        let text = book_with_rule("operations('eu-cumulative') > $line")
            .replace("unit = \"FLOP\"", "unit = \"EFLOP\"");
        let book = checked(&text);
        let param = book.params().next().unwrap();
        assert_eq!((param.name, param.shown), ("line", "EFLOP"));
        assert_eq!(
            param.values[0].value.to_reader(param.shown),
            "1.00e25 EFLOP"
        );
    }

    #[test]
    fn only_sets_that_are_read_are_listed() {
        let table = "use = [\"us-country-groups\"]\n[rulebook]";
        let text = book_with_rule("destination IN ($places)").replacen("[rulebook]", table, 1)
            + "[set.places]\ncomplete = true\nvalues = [{ from = 2025-01-01, value = [\"CN\"], source = \"s\" }]\n";
        let book = checked(&text);
        let sets: Vec<&str> = book.sets().map(|s| s.name).collect();
        assert_eq!(sets, ["places"]);
        assert!(book.sets().all(|s| s.table.is_none() && s.is_complete));
    }
}
