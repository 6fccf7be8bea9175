//! The statement as steps: each selects all of the step before it and adds named expressions.
//!
//! What several rules share is computed once and bears a name, so that the text grows with the book
//! and not with the number of ways through it. Names of our own have a space in them, which no fact
//! has.

/// An expression, and the step after which it can be computed: none for columns of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sql {
    pub(super) text: String,
    step: usize,
}

impl Sql {
    pub(super) fn constant(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            step: 0,
        }
    }

    pub(super) fn unknown() -> Self {
        Self::constant("CAST(NULL AS BOOLEAN)")
    }

    pub(super) fn column(name: &str) -> Self {
        Self::constant(&quoted(name))
    }

    /// Another expression made of it.
    pub(super) fn map(self, make: impl FnOnce(&str) -> String) -> Self {
        Self {
            text: make(&self.text),
            step: self.step,
        }
    }

    /// An expression made of several.
    pub(super) fn of(parts: &[&Self], text: String) -> Self {
        let step = parts.iter().map(|p| p.step).max().unwrap_or(0);
        Self { text, step }
    }

    pub(super) fn all(parts: Vec<Self>) -> Self {
        Self::joined(&parts, " AND ")
    }

    pub(super) fn any(parts: Vec<Self>) -> Self {
        Self::joined(&parts, " OR ")
    }

    fn joined(parts: &[Self], word: &str) -> Self {
        if let [only] = parts {
            return only.clone();
        }
        let texts: Vec<&str> = parts.iter().map(|p| p.text.as_str()).collect();
        let parts: Vec<&Self> = parts.iter().collect();
        Self::of(&parts, format!("({})", texts.join(word)))
    }

    pub(super) fn negated(self) -> Self {
        self.map(|text| format!("(NOT {text})"))
    }

    /// A name, or unknown: nothing is gained by giving it another name.
    fn is_plain(&self) -> bool {
        let is_name = self.text.starts_with('"') && self.text.matches('"').count() == 2;
        is_name || *self == Self::unknown()
    }
}

/// The named expressions.
#[derive(Default)]
pub(super) struct Query {
    named: Vec<Named>,
}

struct Named {
    name: String,
    sql: Sql,
    comment: String,
}

impl Query {
    /// Gives an expression a name, unless it is one; what it returns is the name.
    pub(super) fn define(&mut self, name: &str, sql: Sql, comment: &str) -> Sql {
        if sql.is_plain() {
            return sql;
        }
        let defined = Sql {
            text: quoted(name),
            step: sql.step + 1,
        };
        self.named.push(Named {
            name: name.to_owned(),
            sql,
            comment: comment.to_owned(),
        });
        defined
    }

    /// The whole statement; `selected` are the names of its columns and what they hold.
    pub(super) fn select<'s>(&self, selected: impl Iterator<Item = (&'s str, &'s Sql)>) -> String {
        let last = self.named.iter().map(|n| n.sql.step + 1).max().unwrap_or(0);
        let mut out = String::new();
        let from = |step: usize| match step {
            0 => "subjects".to_owned(),
            step => quoted(&format!("step {step}")),
        };
        for step in 1..=last {
            out.push_str(if step == 1 { "WITH " } else { ",\n" });
            out.push_str(&format!("{} AS (\n  SELECT *", from(step)));
            for named in self.named.iter().filter(|n| n.sql.step + 1 == step) {
                out.push_str(&format!(
                    ",\n    -- {}\n    {} AS {}",
                    in_comment(&named.comment),
                    named.sql.text,
                    quoted(&named.name)
                ));
            }
            out.push_str(&format!("\n  FROM {}\n)", from(step - 1)));
        }
        out.push_str(if last > 0 { "\n" } else { "" });
        out.push_str("SELECT subject_id");
        for (name, sql) in selected {
            out.push_str(&format!(",\n  {} AS {}", sql.text, quoted(name)));
        }
        out.push_str(&format!("\nFROM {}\n", from(last)));
        out
    }
}

/// A name in double quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in single quotes.
pub(super) fn text(word: &str) -> String {
    format!("'{}'", word.replace('\'', "''"))
}

/// Text on one line: nothing that ends a comment.
pub(super) fn in_comment(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_control() || matches!(c, ' ' | '\u{2028}' | '\u{2029}' | '\u{85}'))
        .filter(|word| !word.is_empty())
        .collect();
    let indent = text.len() - text.trim_start_matches(' ').len();
    format!("{}{}", " ".repeat(indent), words.join(" "))
}
