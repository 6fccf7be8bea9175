//! Two readings of the law side by side, in the words of a page.
//!
//! - **Invariant:** every string in here passed [`crate::clean`] or was written by us.
//! - **Invariant:** nothing is decided here. Words are chosen, and subjects with the same changes
//!   stand together.

use weigh_facts::{Interval, Level, Source, SubjectKind, Verdict};
use weigh_rules::{Aspect, Change, Difference, Part, Stated};
use weigh_station::{BookDiff, LawDiff, SideNamed, TreatedSubject, TreatmentChange};

use crate::clean::{clean, clean_paragraph};
use crate::page::counted;
use crate::page::findings::{certainty, verdict_words, web_address};
use crate::{TOOL, VERSION};

/// All the words of a comparison.
#[derive(Clone, Debug)]
pub(crate) struct DiffWords {
    /// `weighbridge 0.1.0`.
    pub(crate) tool: String,
    /// `2025-01-12`, `us-ear-4e091 on 2026-11-24`.
    pub(crate) one: String,
    pub(crate) other: String,
    /// The day our knowledge ends.
    pub(crate) known: String,
    /// How much differs, in a sentence for the texts and one for the subjects.
    pub(crate) summary: [String; 2],
    pub(crate) books: Vec<BookDiffWords>,
    /// Rulebooks that read the same: `eu-ai-act, us-ca-sb53`.
    pub(crate) same: String,
    pub(crate) only_one: String,
    pub(crate) only_other: String,
    pub(crate) treatments: Vec<TreatmentWords>,
}

/// Two rulebooks that differ.
#[derive(Clone, Debug)]
pub(crate) struct BookDiffWords {
    /// `us-ear-4e091`, or `us-ear-4e091 → my-edit`.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) changes: Vec<ChangeWords>,
}

/// One difference.
#[derive(Clone, Debug)]
pub(crate) struct ChangeWords {
    /// `parameter`, `rule`; `book` for the book itself.
    pub(crate) part: &'static str,
    /// The name of the thing; empty for the book itself.
    pub(crate) name: String,
    /// Its title, if it is a rule with one.
    pub(crate) title: Option<String>,
    /// Its level, if it is a rule.
    pub(crate) level: Option<String>,
    /// `value`, `condition`, `begins`, `ends`.
    pub(crate) what: &'static str,
    pub(crate) before: SideWords,
    pub(crate) after: SideWords,
}

/// What one side says.
#[derive(Clone, Debug, Default)]
pub(crate) struct SideWords {
    /// What it says, in parts; those that differ from the other side are marked.
    pub(crate) parts: Vec<Marked>,
    /// When that holds.
    pub(crate) days: Option<String>,
    pub(crate) source: Option<SourceWords>,
}

/// A part of what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    pub(crate) text: String,
    /// Does only this side say it?
    pub(crate) is_changed: bool,
}

/// Where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceWords {
    pub(crate) title: String,
    pub(crate) href: Option<String>,
    pub(crate) certainty: &'static str,
}

/// Subjects that the same rules treat otherwise.
#[derive(Clone, Debug)]
pub(crate) struct TreatmentWords {
    /// `chip`, `model`.
    pub(crate) kind: String,
    pub(crate) subjects: Vec<String>,
    pub(crate) changes: Vec<TreatmentChangeWords>,
    /// Notes that cannot be decided on one of the sides, and are not worth a line each: how many.
    pub(crate) open_notes: Option<String>,
}

/// A rule that treats them otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreatmentChangeWords {
    pub(crate) rule: String,
    pub(crate) title: Option<String>,
    pub(crate) level: String,
    pub(crate) before: &'static str,
    pub(crate) after: &'static str,
}

impl SideWords {
    /// What it says, as one text.
    pub(crate) fn text(&self) -> String {
        self.parts.iter().map(|p| p.text.as_str()).collect()
    }

    /// What it says, when, and where it comes from, as one line.
    pub(crate) fn line(&self) -> String {
        let days = self.days.as_ref().map(|d| format!(", {d}"));
        let source = self.source.as_ref();
        let source = source.map(|s| format!("; {} [{}]", s.title, s.certainty));
        format!(
            "{}{}{}",
            self.text(),
            days.unwrap_or_default(),
            source.unwrap_or_default()
        )
    }
}

impl DiffWords {
    /// Puts a comparison into words.
    pub(crate) fn of(diff: &LawDiff) -> Self {
        let (one, other) = (side(&diff.one), side(&diff.other));
        Self {
            tool: format!("{TOOL} {VERSION}"),
            one,
            other,
            known: diff.other.known.to_string(),
            summary: [texts(diff), subjects(diff)],
            books: diff.books.iter().map(book).collect(),
            same: listed(&diff.same),
            only_one: listed(&diff.only_one),
            only_other: listed(&diff.only_other),
            treatments: treatments(&diff.treatments),
        }
    }
}

/// `2025-01-12`, `us-ear-4e091 on 2026-11-24`.
fn side(side: &SideNamed) -> String {
    let on = side.on.to_string();
    match side.label == on || side.label.ends_with(&format!("@{on}")) {
        true => clean(&side.label),
        false => clean(&format!("{} on {on}", side.label)),
    }
}

fn listed(ids: &[String]) -> String {
    clean_paragraph(&ids.join(", "))
}

fn count(count: usize, one: &str, many: &str) -> String {
    counted(u64::try_from(count).unwrap_or(u64::MAX), one, many)
}

fn texts(diff: &LawDiff) -> String {
    let ways: usize = diff.books.iter().map(|b| b.differences.len()).sum();
    let all = diff.books.len() + diff.same.len();
    match diff.books.len() {
        0 => format!(
            "{} the same on both sides",
            count(all, "rulebook reads", "rulebooks read")
        ),
        n => format!(
            "{n} of {} in {}",
            count(
                all,
                "rulebook differs",
                if n == 1 {
                    "rulebooks differs"
                } else {
                    "rulebooks differ"
                }
            ),
            count(ways, "way", "ways")
        ),
    }
}

fn subjects(diff: &LawDiff) -> String {
    let weighty = |t: &&TreatedSubject| !t.changes.iter().all(is_open_note);
    let of = |kind| {
        let treated = diff.treatments.iter().filter(weighty);
        treated.filter(|t| t.kind == kind).count()
    };
    let notes = diff.treatments.len() - diff.treatments.iter().filter(weighty).count();
    let more = match notes {
        0 => String::new(),
        n => format!("; for {n} more, notes are open"),
    };
    format!(
        "{} of {} and {} of {} known here are treated otherwise{more}",
        of(SubjectKind::Chip),
        count(diff.chips, "chip", "chips"),
        of(SubjectKind::Model),
        count(diff.models, "model", "models")
    )
}

/// A note that cannot be decided on one of the sides: no more than a question.
fn is_open_note(change: &TreatmentChange) -> bool {
    change.level == Level::Note && !change.is_certain()
}

fn book(book: &BookDiff) -> BookDiffWords {
    let id = match book.one == book.other {
        true => book.one.clone(),
        false => format!("{} → {}", book.one, book.other),
    };
    BookDiffWords {
        id: clean(&id),
        title: clean(&book.title),
        changes: book.differences.iter().map(change).collect(),
    }
}

fn change(difference: &Difference) -> ChangeWords {
    let (before, after) = match &difference.change {
        Change::Said { before, after } => said(difference, before.as_ref(), after.as_ref()),
        Change::Codes {
            added,
            removed,
            before,
            after,
        } => {
            let codes = |what: &str, codes: &std::collections::BTreeSet<String>| {
                let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
                match codes.is_empty() {
                    true => format!("none {what}"),
                    false => format!("{what}: {}", codes.join(" ")),
                }
            };
            (
                plain(&codes("left", removed), before.as_deref()),
                plain(&codes("joined", added), after.as_deref()),
            )
        }
    };
    ChangeWords {
        part: difference.part.as_str(),
        name: clean(&difference.name),
        title: difference.title.as_deref().map(clean),
        level: difference.level.map(|l| l.to_string()),
        what: what(difference),
        before,
        after,
    }
}

/// What of the thing differs, as a word beside its name.
fn what(difference: &Difference) -> &'static str {
    let Change::Said { before, after } = &difference.change else {
        return difference.aspect.as_str();
    };
    match (difference.part, difference.aspect, before, after) {
        (_, Aspect::InForce, None, Some(_)) => "begins",
        (_, Aspect::InForce, Some(_), None) => "ends",
        (_, Aspect::Presence, None, Some(_)) => "only in the second",
        (_, Aspect::Presence, Some(_), None) => "only in the first",
        (Part::Predicate, _, None, Some(_)) => "only in the second",
        (Part::Predicate, _, Some(_), None) => "only in the first",
        _ => difference.aspect.as_str(),
    }
}

fn said(
    difference: &Difference,
    before: Option<&Stated>,
    after: Option<&Stated>,
) -> (SideWords, SideWords) {
    let words = |stated: Option<&Stated>, parts: Vec<Marked>| match stated {
        None => SideWords {
            parts: vec![Marked {
                text: nothing(difference).to_owned(),
                is_changed: false,
            }],
            ..SideWords::default()
        },
        Some(stated) => SideWords {
            parts,
            days: stated.when.and_then(days),
            source: stated.source.as_deref().map(source),
        },
    };
    let text = |s: Option<&Stated>| s.map(|s| clean_paragraph(&s.text)).unwrap_or_default();
    let (old, new) = match (before, after) {
        (Some(_), Some(_)) => marked(&text(before), &text(after)),
        _ => (whole(text(before)), whole(text(after))),
    };
    (words(before, old), words(after, new))
}

/// What a side says that says nothing.
fn nothing(difference: &Difference) -> &'static str {
    match (difference.part, difference.aspect) {
        (Part::Rule, Aspect::InForce) => "not in force",
        (Part::Alarm, _) => "does not stand",
        (Part::Rule, Aspect::Presence) => "no such rule",
        (Part::Parameter, _) => "no value",
        (_, Aspect::TextStatus) => "no text known",
        _ => "nothing",
    }
}

fn plain(text: &str, from: Option<&Source>) -> SideWords {
    SideWords {
        parts: whole(clean_paragraph(text)),
        days: None,
        source: from.map(source),
    }
}

fn whole(text: String) -> Vec<Marked> {
    let is_changed = false;
    vec![Marked { text, is_changed }]
}

fn source(source: &Source) -> SourceWords {
    SourceWords {
        title: clean(&source.title),
        href: web_address(&source.href),
        certainty: certainty(source.certainty),
    }
}

fn days(when: Interval) -> Option<String> {
    match (when.from, when.until) {
        (Some(from), Some(until)) => Some(format!("{from} until {until}")),
        (Some(from), None) => Some(format!("from {from}")),
        (None, Some(until)) => Some(format!("until {until}")),
        (None, None) => None,
    }
}

/// More words than this are not compared one by one.
const WORDS_MAX: usize = 600;

/// Both texts in parts, those that the other does not have marked: by words, in their order.
fn marked(before: &str, after: &str) -> (Vec<Marked>, Vec<Marked>) {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split(' ').collect(), after.split(' ').collect());
    let is_short = old.len() == 1 && new.len() == 1;
    if is_short || old.len() > WORDS_MAX || new.len() > WORDS_MAX {
        return (whole(before.to_owned()), whole(after.to_owned()));
    }
    let kept = common(&old, &new);
    let parts = |words: &[&str], kept: &dyn Fn(usize) -> bool| {
        let mut parts: Vec<Marked> = Vec::new();
        for (index, word) in words.iter().enumerate() {
            let is_changed = !kept(index);
            let space = if index == 0 { "" } else { " " };
            let starts = parts.last().is_none_or(|p| p.is_changed != is_changed);
            // Between a part that is marked and one that is not, the space is not marked.
            let mut text = String::new();
            match parts.last_mut() {
                Some(last) if starts && is_changed => last.text.push_str(space),
                Some(last) if !starts => last.text.push_str(space),
                _ => text.push_str(space),
            }
            text.push_str(word);
            match parts.last_mut().filter(|_| !starts) {
                Some(last) => last.text.push_str(&text),
                None => parts.push(Marked { text, is_changed }),
            }
        }
        parts
    };
    let old = parts(&old, &|i| kept.iter().any(|(a, _)| *a == i));
    let new = parts(&new, &|i| kept.iter().any(|(_, b)| *b == i));
    (old, new)
}

/// The longest common subsequence, as pairs of positions.
fn common(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            longest[i * width + j] = match a == b {
                true => longest[(i + 1) * width + j + 1] + 1,
                false => longest[(i + 1) * width + j].max(longest[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// Subjects with the same changes stand together, in the order of the first of them.
fn treatments(all: &[TreatedSubject]) -> Vec<TreatmentWords> {
    let mut groups: Vec<TreatmentWords> = Vec::new();
    for treatment in all {
        let kind = treatment.kind.to_string();
        let changes = treatment.changes.iter();
        let (notes, others): (Vec<_>, Vec<_>) = changes.partition(|c| is_open_note(c));
        if others.is_empty() {
            continue;
        }
        let changes: Vec<TreatmentChangeWords> = others.into_iter().map(treatment_change).collect();
        let open_notes = match notes.len() {
            0 => None,
            n => Some(count(n, "note that is open", "notes that are open")),
        };
        let same = |g: &&mut TreatmentWords| {
            g.kind == kind && g.changes == changes && g.open_notes == open_notes
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.subjects.push(clean(&treatment.name)),
            None => groups.push(TreatmentWords {
                kind,
                subjects: vec![clean(&treatment.name)],
                changes,
                open_notes,
            }),
        }
    }
    groups
}

fn treatment_change(change: &TreatmentChange) -> TreatmentChangeWords {
    let words = |verdict: Option<Verdict>| verdict.map_or("no such rule", verdict_words);
    TreatmentChangeWords {
        rule: clean(&format!("{}/{}", change.rulebook, change.rule)),
        title: change.title.as_deref().map(clean),
        level: change.level.to_string(),
        before: words(change.before),
        after: words(change.after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(parts: &[Marked]) -> String {
        let show = |p: &Marked| match p.is_changed {
            true => format!("[{}]", p.text),
            false => p.text.clone(),
        };
        parts.iter().map(show).collect()
    }

    #[test]
    fn words_that_only_one_side_has_are_marked() {
        let (old, new) = marked("a > b AND c", "a >= b AND c OR d");
        assert_eq!(shown(&old), "a [>] b AND c");
        assert_eq!(shown(&new), "a [>=] b AND c [OR d]");
        let text = |parts: &[Marked]| parts.iter().map(|p| p.text.as_str()).collect::<String>();
        assert_eq!(text(&old), "a > b AND c");
        assert_eq!(text(&new), "a >= b AND c OR d");
    }

    #[test]
    fn two_single_words_are_no_text_to_mark() {
        let (old, new) = marked("flag", "review");
        assert_eq!((shown(&old), shown(&new)), ("flag".into(), "review".into()));
    }
}
