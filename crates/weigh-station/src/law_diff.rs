//! Two readings of the law side by side: what differs in the text, and whose treatment changes.
//!
//! - **Invariant:** a subject is listed only if a rule about its kind applies, or cannot be decided,
//!   under one reading and not under the other. Nothing is said of what that means for anybody.

use std::cmp::Reverse;
use std::path::PathBuf;

use rayon::prelude::*;
use weigh_facts::{Date, FactName, Level, SubjectKind, Verdict};
use weigh_rules::{Difference, Finding, Reading, Rulebook};

use crate::assess::kinds;
use crate::error::WeighError;
use crate::law::Law;
use crate::subjects::{KnownSubject, known_subjects};

/// What a person names as one side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every rulebook on a day: `2025-05-13`.
    Day(Date),
    /// One rulebook: `us-ear-4e091`, `us-ear-4e091@2025-05-13`.
    Book {
        /// Its id.
        id: String,
        /// The day it is read on, if it was named.
        on: Option<Date>,
    },
    /// A file of a person's own: `my/book.toml`, `my/book.toml@2025-05-13`.
    File {
        /// The file.
        path: PathBuf,
        /// The day it is read on, if it was named.
        on: Option<Date>,
    },
}

impl Which {
    /// Reads a day, an id or a path, the latter two with or without `@` and a day. What has a slash
    /// or ends in `.toml` is a path.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Ok(day) = text.parse() {
            return Self::Day(day);
        }
        let (name, on) = match text.rsplit_once('@') {
            Some((name, day)) => match day.parse::<Date>() {
                Ok(day) => (name, Some(day)),
                Err(_) => (text, None),
            },
            None => (text, None),
        };
        if name.contains(['/', '\\']) || name.ends_with(".toml") {
            let path = name.into();
            return Self::File { path, on };
        }
        let id = name.to_owned();
        Self::Book { id, on }
    }
}

/// One side of a comparison: rulebooks on a day.
#[derive(Clone, Debug)]
pub struct Side {
    /// What the person named: `2025-05-13`, `us-ear-4e091`.
    pub label: String,
    /// The rulebooks, by id.
    pub books: Vec<Rulebook>,
    /// The day they are read on.
    pub on: Date,
    /// The day our knowledge of them ends.
    pub known: Date,
}

/// Two readings of the law and in what they differ.
#[derive(Clone, Debug)]
pub struct LawDiff {
    /// The first reading.
    pub one: SideNamed,
    /// The second.
    pub other: SideNamed,
    /// Pairs of rulebooks that differ.
    pub books: Vec<BookDiff>,
    /// Rulebooks that read the same on both sides, by id.
    pub same: Vec<String>,
    /// Rulebooks that only the first side has, by id.
    pub only_one: Vec<String>,
    /// Rulebooks that only the second side has, by id.
    pub only_other: Vec<String>,
    /// Subjects whose treatment changes, the heaviest rule first.
    pub treatments: Vec<TreatedSubject>,
    /// How many chips were tried.
    pub chips: usize,
    /// How many models were tried.
    pub models: usize,
}

/// A side without its books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideNamed {
    /// What the person named.
    pub label: String,
    /// The day it is read on.
    pub on: Date,
    /// The day our knowledge of it ends.
    pub known: Date,
}

/// Two rulebooks that differ.
#[derive(Clone, Debug)]
pub struct BookDiff {
    /// Id of the first; of two days, of both.
    pub one: String,
    /// Id of the second.
    pub other: String,
    /// Title of the second.
    pub title: String,
    /// In what they differ.
    pub differences: Vec<Difference>,
}

/// A subject whose treatment changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreatedSubject {
    /// A chip or a model.
    pub kind: SubjectKind,
    /// Stable name.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The rules that treat it otherwise, heaviest first.
    pub changes: Vec<TreatmentChange>,
}

/// A rule that treats a subject otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreatmentChange {
    /// The rulebook; where two are compared, the one that has the rule, of two the second.
    pub rulebook: String,
    /// The rule.
    pub rule: String,
    /// What the rule is called, if its id is not enough.
    pub title: Option<String>,
    /// How heavy it is; of two levels the heavier.
    pub level: Level,
    /// What the first reading says; nothing where it has no such rule.
    pub before: Option<Verdict>,
    /// What the second says.
    pub after: Option<Verdict>,
}

/// Finds the rulebooks that two words name. Where one names a day only and the other a rulebook, it
/// is that rulebook on that day; where no day is named, `on` is read.
///
/// # Errors
/// When there is no such rulebook, or a file cannot be read or has faults.
pub fn sides(
    (one, other): (&str, &str),
    law: &Law,
    on: Date,
    known: Option<Date>,
) -> Result<(Side, Side), WeighError> {
    let (first, second) = (Which::parse(one), Which::parse(other));
    let (books, day) = books(&first, &second, law)?;
    let (other_books, other_day) = self::books(&second, &first, law)?;
    let all = books.iter().chain(&other_books);
    let last = all.map(Rulebook::known_through).max();
    let known = known.or(last).unwrap_or(on);
    let side = |label: &str, books, day: Option<Date>| Side {
        label: label.to_owned(),
        books,
        on: day.unwrap_or(on),
        known,
    };
    Ok((side(one, books, day), side(other, other_books, other_day)))
}

fn books(
    which: &Which,
    beside: &Which,
    law: &Law,
) -> Result<(Vec<Rulebook>, Option<Date>), WeighError> {
    match which {
        Which::Book { id, on } => Ok((vec![law.named(id)?.clone()], *on)),
        Which::File { path, on } => Ok((vec![law.file(path)?], *on)),
        Which::Day(day) => match beside {
            Which::Day(_) => Ok((law.books.clone(), Some(*day))),
            named => Ok((books(named, named, law)?.0, Some(*day))),
        },
    }
}

/// Compares two readings, and tries every known subject on both.
///
/// # Errors
/// When a file of ours is wrong, which a test excludes.
pub fn diff_law(one: &Side, other: &Side, law: &Law) -> Result<LawDiff, WeighError> {
    let named = |side: &Side| SideNamed {
        label: side.label.clone(),
        on: side.on,
        known: side.known,
    };
    let subjects = known_subjects(&law.library)?;
    let count = |kind| subjects.iter().filter(|s| s.kind == kind).count();
    let mut found = LawDiff {
        one: named(one),
        other: named(other),
        books: Vec::new(),
        same: Vec::new(),
        only_one: Vec::new(),
        only_other: Vec::new(),
        treatments: Vec::new(),
        chips: count(SubjectKind::Chip),
        models: count(SubjectKind::Model),
    };
    let mut pairs: Vec<(Option<&Rulebook>, Option<&Rulebook>)> = Vec::new();
    for (before, after) in paired(one, other) {
        match (before, after) {
            (Some(before), Some(after)) => {
                let reading = |book, side: &Side| Reading {
                    book,
                    on: side.on,
                    known: side.known,
                };
                let differences = weigh_rules::diff(reading(before, one), reading(after, other));
                if differences.is_empty() {
                    found.same.push(after.id().to_owned());
                    continue;
                }
                found.books.push(BookDiff {
                    one: before.id().to_owned(),
                    other: after.id().to_owned(),
                    title: after.title().to_owned(),
                    differences,
                });
            }
            (Some(before), None) => found.only_one.push(before.id().to_owned()),
            (None, Some(after)) => found.only_other.push(after.id().to_owned()),
            (None, None) => {}
        }
        pairs.push((before, after));
    }
    let tried = subjects
        .par_iter()
        .map(|subject| treatment(subject, &pairs, (one, other), law));
    found.treatments = tried.filter(|t| !t.changes.is_empty()).collect();
    let weight = |t: &TreatedSubject| t.changes.first().map(|c| (c.level, c.is_certain()));
    found
        .treatments
        .sort_by_key(|t| (Reverse(weight(t)), t.kind, t.id.clone()));
    Ok(found)
}

/// Books of the same id; two sides of one book each are a pair whatever their ids.
fn paired<'s>(one: &'s Side, other: &'s Side) -> Vec<(Option<&'s Rulebook>, Option<&'s Rulebook>)> {
    if let ([before], [after]) = (one.books.as_slice(), other.books.as_slice()) {
        return vec![(Some(before), Some(after))];
    }
    let find = |side: &'s Side, id: &str| side.books.iter().find(|b| b.id() == id);
    let mut pairs: Vec<_> = one
        .books
        .iter()
        .map(|b| (Some(b), find(other, b.id())))
        .collect();
    let new = other.books.iter();
    let new = new.filter(|b| find(one, b.id()).is_none());
    pairs.extend(new.map(|b| (None, Some(b))));
    pairs
}

impl TreatmentChange {
    /// Is it decided on both sides?
    #[must_use]
    pub fn is_certain(&self) -> bool {
        let open = Some(Verdict::Indeterminate);
        self.before != open && self.after != open
    }
}

/// What a verdict comes to for a subject: that a rule is not in force and that it does not apply
/// are one treatment.
fn treated(verdict: Option<Verdict>) -> Option<Verdict> {
    verdict.filter(|v| matches!(v, Verdict::Applies | Verdict::Indeterminate))
}

/// Does a rule look at anything that is known of the subject? One that asks for the destination
/// alone is as open for every chip.
fn speaks_of(finding: &Finding, subject: &KnownSubject) -> bool {
    let is_known = |name: &FactName| subject.facts.get(name).is_some();
    let mut traces = finding.facts.iter();
    traces.any(|trace| trace.names.iter().any(is_known))
}

fn treatment(
    subject: &KnownSubject,
    pairs: &[(Option<&Rulebook>, Option<&Rulebook>)],
    (one, other): (&Side, &Side),
    law: &Law,
) -> TreatedSubject {
    let about = kinds(&subject.facts, &law.library.dictionary);
    let mut changes: Vec<TreatmentChange> = Vec::new();
    for (before, after) in pairs {
        let read = |book: &Option<&Rulebook>, side: &Side| {
            let assessed =
                book.map(|b| weigh_rules::assess(b, &subject.facts, side.on, side.known));
            let findings = assessed.map(|a| a.findings).unwrap_or_default();
            let about = findings.into_iter().filter(|f| about.contains(&f.about));
            about.collect::<Vec<_>>()
        };
        let (old, new) = (read(before, one), read(after, other));
        let gone = old.iter().filter(|o| new.iter().all(|n| n.rule != o.rule));
        for finding in new.iter().chain(gone) {
            let of = |all: &[Finding]| {
                let same = all.iter().find(|f| f.rule == finding.rule);
                same.map(|f| (f.verdict, f.level))
            };
            let (was, is) = (of(&old), of(&new));
            let verdict = |side: Option<(Verdict, Level)>| side.map(|(verdict, _)| verdict);
            if treated(verdict(was)) == treated(verdict(is)) {
                continue;
            }
            let mut both = old.iter().chain(&new).filter(|f| f.rule == finding.rule);
            if !both.any(|f| speaks_of(f, subject)) {
                continue;
            }
            let levels = [was, is].into_iter().flatten().map(|(_, level)| level);
            changes.push(TreatmentChange {
                rulebook: finding.rulebook.to_string(),
                rule: finding.rule.to_string(),
                title: finding.title.as_deref().map(str::to_owned),
                level: levels.max().unwrap_or(finding.level),
                before: verdict(was),
                after: verdict(is),
            });
        }
    }
    changes.sort_by_key(|c| {
        let name = (c.rulebook.clone(), c.rule.clone());
        (Reverse((c.level, c.is_certain())), name)
    });
    TreatedSubject {
        kind: subject.kind,
        id: subject.id.clone(),
        name: subject.name.clone(),
        changes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LawOptions;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn words_name_days_books_and_files() {
        let book = |id: &str, on: Option<&str>| Which::Book {
            id: id.to_owned(),
            on: on.map(day),
        };
        let file = |path: &str, on: Option<&str>| Which::File {
            path: path.into(),
            on: on.map(day),
        };
        for (text, which) in [
            ("2025-01-13", Which::Day(day("2025-01-13"))),
            ("eu-ai-act", book("eu-ai-act", None)),
            (
                "eu-ai-act@2025-01-13",
                book("eu-ai-act", Some("2025-01-13")),
            ),
            ("eu-ai-act@today", book("eu-ai-act@today", None)),
            ("a/b.toml", file("a/b.toml", None)),
            ("b.toml@2025-01-13", file("b.toml", Some("2025-01-13"))),
            ("./2025-01-13", file("./2025-01-13", None)),
        ] {
            assert_eq!(Which::parse(text), which, "{text}");
        }
    }

    /// Two lines on chips, of which the second begins in 2024.
    const BOOK: &str = r#"format = 1
[rulebook]
id = "chips"
title = "t"
text_status = [{ from = 2022-01-01, value = "in-force" }]
enforcement = [{ from = 2022-01-01, value = "enforced" }]
known_through = 2026-01-01
[source.s]
title = "S"
href = "https://example.org"
certainty = "primary-text"
[param.line]
unit = "TPP"
values = [{ from = 2022-01-01, value = 100000, source = "s" }, { from = 2023-01-01, value = 4800, source = "s" }]
[[rule]]
id = "performance"
about = "chip"
level = "license-required"
cite = "s"
when = "total_processing_performance >= $line"
[[rule]]
id = "to-china"
about = "export"
level = "restricted"
cite = "s"
from = 2024-01-01
when = "total_processing_performance >= $line AND destination = 'CN'"
[[rule]]
id = "of-places"
about = "export"
level = "restricted"
cite = "s"
from = 2024-01-01
when = "destination = 'RU'"
[[rule]]
id = "large-model"
about = "model"
level = "obligation"
cite = "s"
from = 2024-01-01
when = "operations('eu-training') > 1e24 FLOP"
"#;

    /// A folder with one book, and the law with that book alone.
    fn law(folder: &std::path::Path) -> Law {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("chips.toml"), BOOK).unwrap();
        let options = LawOptions {
            ids: vec!["chips".to_owned()],
            folders: vec![folder.to_owned()],
        };
        Law::load(&options).unwrap()
    }

    fn told(one: &str, other: &str) -> LawDiff {
        let name = format!("weigh-station-{}-{one}-{other}", std::process::id());
        let folder = std::env::temp_dir().join(name.replace(['/', '@'], "_"));
        let law = law(&folder);
        let (one, other) = sides((one, other), &law, day("2025-01-01"), None).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        diff_law(&one, &other, &law).unwrap()
    }

    fn changes(found: &LawDiff, id: &str) -> Vec<String> {
        let subject = found.treatments.iter().find(|t| t.id == id);
        let changes = subject.map(|t| t.changes.as_slice()).unwrap_or_default();
        let word = |v: Option<Verdict>| v.map_or("-", Verdict::as_str);
        changes
            .iter()
            .map(|c| format!("{}: {} -> {}", c.rule, word(c.before), word(c.after)))
            .collect()
    }

    #[test]
    fn a_lower_line_changes_the_treatment_of_the_chips_above_it() {
        let found = told("2022-06-01", "2023-06-01");
        assert_eq!(
            changes(&found, "nvidia-h100-sxm"),
            ["performance: does-not-apply -> applies"]
        );
        assert_eq!(changes(&found, "nvidia-v100-sxm2"), Vec::<String>::new());
        assert_eq!(found.books.len(), 1);
    }

    #[test]
    fn a_rule_that_begins_leaves_open_what_the_catalog_does_not_say() {
        let found = told("2023-06-01", "chips");
        assert_eq!(
            changes(&found, "nvidia-h100-sxm"),
            ["to-china: not-in-force -> indeterminate"]
        );
        assert_eq!(
            changes(&found, "llama-3.1-405b"),
            ["large-model: not-in-force -> applies"]
        );
        assert_eq!(changes(&found, "gpt-3-175b"), Vec::<String>::new());
        let first = found.treatments.first().unwrap();
        assert_eq!(first.changes[0].level, Level::Restricted, "heaviest first");
    }

    #[test]
    fn a_reading_beside_itself_changes_nothing() {
        let found = told("chips@2025-01-01", "chips");
        assert!(found.books.is_empty() && found.treatments.is_empty());
        assert_eq!(found.same, ["chips"]);
        assert!(found.chips >= 10 && found.models >= 12);
    }
}
