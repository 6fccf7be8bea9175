//! A sheet of text 100 columns wide: headings, labeled lines, hanging indents, and color that can
//! be left out.
//!
//! - **Invariant:** no line is wider than [`WIDTH`] characters.
//! - **Invariant:** without color, the words are the same.

use anstyle::{AnsiColor, Style};

/// The widest line.
pub(crate) const WIDTH: usize = 100;

/// Where the text of a labeled line begins.
const LABEL: usize = 16;

/// What a piece of text is for. Its color follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// A heading, a name.
    Strong,
    /// Beside the point.
    Quiet,
    /// A rule applies; two methods conflict.
    Alert,
    /// It is open.
    Open,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Strong => Style::new().bold(),
            Self::Quiet => Style::new().dimmed(),
            Self::Alert => AnsiColor::Red.on_default().bold(),
            Self::Open => AnsiColor::Yellow.on_default().bold(),
        }
    }
}

/// A sheet being written.
#[derive(Debug)]
pub(crate) struct Sheet {
    out: String,
    color: bool,
}

impl Sheet {
    /// An empty sheet.
    pub(crate) fn new(color: bool) -> Self {
        Self {
            out: String::new(),
            color,
        }
    }

    /// What was written.
    pub(crate) fn into_text(self) -> String {
        self.out
    }

    /// A heading after an empty line.
    pub(crate) fn heading(&mut self, text: &str) {
        self.blank();
        self.write(text, 0, 0, Some(Tone::Strong));
    }

    /// An empty line.
    pub(crate) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// A labeled line: the label in a column of its own, the text beside it. An empty label
    /// continues the one above.
    pub(crate) fn field(&mut self, label: &str, text: &str) {
        self.labeled(2, label, None, text);
    }

    /// A labeled line whose text stands out.
    pub(crate) fn toned_field(&mut self, label: &str, tone: Option<Tone>, text: &str) {
        self.labeled(2, label, tone, text);
    }

    /// A labeled line further in.
    pub(crate) fn subfield(&mut self, label: &str, text: &str) {
        self.labeled(6, label, None, text);
    }

    fn labeled(&mut self, indent: usize, label: &str, tone: Option<Tone>, text: &str) {
        let gap = LABEL.saturating_sub(indent + label.chars().count()).max(1);
        let label = format!("{}{label}{}", " ".repeat(indent), " ".repeat(gap));
        let column = label.chars().count();
        for (index, line) in wrapped(text, WIDTH - column).iter().enumerate() {
            if index == 0 {
                self.styled(&label, Some(Tone::Quiet));
            } else {
                self.out.push_str(&" ".repeat(column));
            }
            self.styled(line, tone);
            self.out.push('\n');
        }
    }

    /// Text at an indent; what does not fit goes on at the hanging indent.
    pub(crate) fn write(&mut self, text: &str, indent: usize, hanging: usize, tone: Option<Tone>) {
        let width = WIDTH - indent.max(hanging);
        for (index, line) in wrapped(text, width).iter().enumerate() {
            self.out
                .push_str(&" ".repeat(if index == 0 { indent } else { hanging }));
            self.styled(line, tone);
            self.out.push('\n');
        }
    }

    /// A line that starts with a word in a tone and goes on without one.
    pub(crate) fn lead(&mut self, lead: &str, tone: Option<Tone>, rest: &str) {
        let column = 2 + lead.chars().count() + 2;
        for (index, line) in wrapped(rest, WIDTH - column).iter().enumerate() {
            if index == 0 {
                self.out.push_str("  ");
                self.styled(lead, tone);
                self.out.push_str("  ");
            } else {
                self.out.push_str(&" ".repeat(column));
            }
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    /// A line as it stands, without the spaces at its end.
    pub(crate) fn raw(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    fn styled(&mut self, text: &str, tone: Option<Tone>) {
        match tone.filter(|_| self.color) {
            Some(tone) => {
                let style = tone.style();
                self.out.push_str(&format!("{style}{text}{style:#}"));
            }
            None => self.out.push_str(text),
        }
    }
}

/// Lines of at most `width` characters, broken at spaces, and inside a word only if it is longer
/// than a line. At least one line.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let words = text.trim_start_matches(' ');
    let mut length = (text.len() - words.len()).min(width / 2);
    let mut current = " ".repeat(length);
    let mut lines = Vec::new();
    let mut is_first = true;
    for word in unbreakable(words) {
        let mut word: Vec<char> = word.chars().collect();
        if !is_first && length + 1 + word.len() > width {
            lines.push(std::mem::take(&mut current));
            (length, is_first) = (0, true);
        }
        if !is_first {
            current.push(' ');
            length += 1;
        }
        is_first = false;
        while length + word.len() > width {
            let rest = word.split_off(width - length);
            current.extend(word);
            lines.push(std::mem::take(&mut current));
            length = 0;
            word = rest;
        }
        length += word.len();
        current.extend(word);
    }
    lines.push(current);
    lines
}

/// Words, a number with its unit and a comparison with its number as one.
fn unbreakable(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let follows = word.starts_with('%') || word.starts_with("FLOP");
        match words.last_mut() {
            Some(last) if follows || last.ends_with('>') || last.ends_with(">=") => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_only_then_inside_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped("  12 in all", 20), ["  12 in all"]);
    }

    #[test]
    fn a_number_stays_with_its_unit() {
        let against = wrapped("against > 1e24 FLOP: 23 % below", 14);
        assert_eq!(against, ["against", "> 1e24 FLOP:", "23 % below"]);
        assert_eq!(wrapped("a core of 13 %", 12), ["a core of", "13 %"]);
    }

    #[test]
    fn without_color_the_words_are_the_same() {
        let write = |color| {
            let mut sheet = Sheet::new(color);
            sheet.heading("Findings");
            sheet.lead("APPLIES", Some(Tone::Alert), "a/b");
            sheet.into_text()
        };
        assert_eq!(anstream_free(&write(true)), write(false));
        assert!(write(true).contains('\u{1b}'));
    }

    /// The text without escape sequences.
    fn anstream_free(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            out.push_str(before);
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        out + rest
    }
}
