//! What is wrong with a file a person wrote: where, why, and what now.

use std::fmt;
use std::ops::Range;

/// How much it matters. Mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Likely a slip, or work left undone.
    Warning,
    /// Wrong.
    Error,
}

impl Severity {
    /// The word used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One finding about one place in a text. Rendering belongs to the edge of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable and listed in the manual; the wording is not.
    pub code: &'static str,
    /// Lowercase, one line, no final stop, input in backticks.
    pub message: String,
    /// Byte range in the text.
    pub span: Range<usize>,
    /// A few words to stand under the marked place, if they help.
    pub label: Option<String>,
    /// The next action, if there is one.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without label or help.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>, span: Range<usize>) -> Self {
        Self {
            code,
            message: message.into(),
            span,
            label: None,
            help: None,
        }
    }

    /// Adds the next action.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds words under the marked place.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// One-based line and column of the start, columns in characters.
    #[must_use]
    pub fn line_column(&self, text: &str) -> (usize, usize) {
        let before = text.get(..self.span.start.min(text.len())).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        (line, column)
    }

    /// The plain rendering every surface shares:
    ///
    /// ```text
    /// error[unit-mismatch]: rule `presumed` compares …
    ///   --> rulebooks/eu/ai-act.toml:20:23
    ///    |
    /// 20 | when = "is_gpai AND peak_rate > $line"
    ///    |                     ^^^^^^^^^ this is a rate
    /// help: …
    /// ```
    #[must_use]
    pub fn render(&self, path: &str, text: &str) -> String {
        self.render_as(Severity::Error, path, text)
    }

    /// As [`Diagnostic::render`], for what is milder than an error.
    #[must_use]
    pub fn render_as(&self, severity: Severity, path: &str, text: &str) -> String {
        let (line, column) = self.line_column(text);
        let source = text.lines().nth(line - 1).unwrap_or_default();
        let shown: String = source.chars().take(200).collect();
        let width = self
            .span
            .len()
            .clamp(1, shown.chars().count().saturating_sub(column - 1).max(1));
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        let mut out = format!(
            "{severity}[{}]: {}\n{gutter}--> {path}:{line}:{column}\n",
            self.code, self.message
        );
        out.push_str(&format!("{gutter} |\n{number} | {shown}\n{gutter} | "));
        out.push_str(&" ".repeat(column - 1));
        out.push_str(&"^".repeat(width));
        if let Some(label) = &self.label {
            out.push_str(&format!(" {label}"));
        }
        out.push('\n');
        if let Some(help) = &self.help {
            out.push_str(&format!("help: {help}\n"));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_the_place() {
        let text = "a = 1\nwhen = \"x > 1\"\n";
        let found = Diagnostic::new("unknown-fact", "unknown fact `x`", 14..15)
            .with_label("not in the dictionary")
            .with_help("did you mean `y`?");
        insta::assert_snapshot!(found.render("book.toml", text), @r#"
        error[unknown-fact]: unknown fact `x`
         --> book.toml:2:9
          |
        2 | when = "x > 1"
          |         ^ not in the dictionary
        help: did you mean `y`?
        "#);
    }
}
