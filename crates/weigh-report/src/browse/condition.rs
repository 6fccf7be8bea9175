//! A condition as written, with everything it mentions as a link to where that is said.

use std::collections::BTreeSet;

use weigh_facts::Dictionary;
use weigh_rules::Rulebook;

use crate::clean::{clean, clean_paragraph};

/// A part of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    /// Where on the page it is explained: `#fact-is_moe`.
    pub(crate) href: Option<String>,
    /// What it means, in a sentence.
    pub(crate) title: Option<String>,
}

/// What conditions of a book can mention.
pub(crate) struct Names<'a> {
    book: &'a Rulebook,
    dictionary: &'a Dictionary,
    predicates: BTreeSet<&'a str>,
    params: BTreeSet<&'a str>,
    sets: BTreeSet<&'a str>,
    rules: BTreeSet<&'a str>,
}

/// The anchor of a part of a book. Ids of books and rules and names of the rest are plain words.
pub(crate) fn anchor(book: &str, part: &str, name: &str) -> String {
    match part {
        "rule" => clean(&format!("{book}/{name}")),
        part => clean(&format!("{book}/{part}/{name}")),
    }
}

/// The anchor of a fact.
pub(crate) fn fact_anchor(family: &str) -> String {
    clean(&format!("fact-{family}"))
}

impl<'a> Names<'a> {
    pub(crate) fn of(book: &'a Rulebook, dictionary: &'a Dictionary) -> Self {
        Self {
            book,
            dictionary,
            predicates: book.predicates().map(|(name, _)| name).collect(),
            params: book.params().map(|p| p.name).collect(),
            sets: book.sets().map(|s| s.name).collect(),
            rules: book.entries().map(|r| r.id.as_str()).collect(),
        }
    }

    /// The condition in parts, in its order; together they are the condition.
    pub(crate) fn pieces(&self, when: &str) -> Vec<Piece> {
        let lines: Vec<String> = when.trim().lines().map(clean_paragraph).collect();
        let when = lines.join("\n");
        let mut pieces: Vec<Piece> = Vec::new();
        let mut calls = "";
        let mut rest = when.as_str();
        while let Some(first) = rest.chars().next() {
            let (word, after) = rest.split_at(length(rest, first));
            let link = match first {
                '$' => self.dated(word.trim_start_matches('$')),
                '\'' if calls == "applies" => self.rule(word.trim_matches('\'')),
                c if c.is_ascii_alphabetic() || c == '_' => self.word(word),
                _ => None,
            };
            if first.is_ascii_alphabetic() {
                calls = word;
            }
            push(&mut pieces, word, link);
            rest = after;
        }
        pieces
    }

    fn dated(&self, name: &str) -> Option<(String, Option<String>)> {
        let part = match (self.params.contains(name), self.sets.contains(name)) {
            (true, _) => "value",
            (_, true) => "list",
            _ => return None,
        };
        Some((anchor(self.book.id(), part, name), None))
    }

    fn rule(&self, id: &str) -> Option<(String, Option<String>)> {
        let is_rule = self.rules.contains(id);
        is_rule.then(|| (anchor(self.book.id(), "rule", id), None))
    }

    fn word(&self, word: &str) -> Option<(String, Option<String>)> {
        if self.predicates.contains(word) {
            return Some((anchor(self.book.id(), "condition", word), None));
        }
        let fact = self.dictionary.family(word)?;
        Some((fact_anchor(word), Some(clean(&fact.meaning))))
    }
}

/// The facts that a condition mentions.
pub(crate) fn facts_in<'a>(pieces: impl Iterator<Item = &'a Piece>) -> BTreeSet<String> {
    let hrefs = pieces.filter_map(|p| p.href.as_deref());
    let facts = hrefs.filter_map(|h| h.strip_prefix("#fact-"));
    facts.map(str::to_owned).collect()
}

/// How long the word is that begins with a character.
fn length(rest: &str, first: char) -> usize {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let after = |from: usize, stop: &dyn Fn(char) -> bool| {
        let tail = rest.get(from..).unwrap_or_default();
        from + tail.find(stop).unwrap_or(tail.len())
    };
    match first {
        '\'' => (after(1, &|c| c == '\'') + 1).min(rest.len()),
        '$' => after(1, &|c| !is_word(c)),
        c if is_word(c) => after(0, &|c| !is_word(c)),
        c => c.len_utf8(),
    }
}

fn push(pieces: &mut Vec<Piece>, text: &str, link: Option<(String, Option<String>)>) {
    let (href, title) = match link {
        Some((anchor, title)) => (Some(format!("#{anchor}")), title),
        None => (None, None),
    };
    match pieces.last_mut() {
        Some(last) if last.href.is_none() && href.is_none() => last.text.push_str(text),
        _ => pieces.push(Piece {
            text: text.to_owned(),
            href,
            title,
        }),
    }
}
