//! Errors as the person sees them: what, where, and what now. Exit code 2.

use std::io::Write;
use std::process::ExitCode;

use weigh_facts::Diagnostic;

/// An error with a stable code and the next action.
#[derive(Debug)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
    help: Option<String>,
    /// Rendered diagnostics, if the fault lies in a file the person wrote.
    places: Vec<String>,
}

impl Failure {
    /// An error with its code from the manual.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: None,
            places: Vec::new(),
        }
    }

    /// Adds the next action.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the next action, if there is one.
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// The faults of a file the person wrote, each with its place.
    pub(crate) fn in_file(path: &str, text: &str, faults: &[Diagnostic]) -> Self {
        let shown = faults.iter().take(FAULTS_SHOWN);
        let places = shown.map(|d| d.render(path, text)).collect();
        let code = faults.first().map_or("unreadable-file", |d| d.code);
        let count = faults.len();
        let noun = if count == 1 { "fault" } else { "faults" };
        Self {
            code,
            message: format!("`{path}` has {count} {noun}"),
            help: None,
            places,
        }
    }

    /// Standard output could not be written.
    pub(crate) fn output(error: &std::io::Error) -> Self {
        Self::new(
            "unwritable",
            format!("cannot write to standard output: {error}"),
        )
    }

    /// Prints the error and gives exit code 2.
    pub(crate) fn report(&self) -> ExitCode {
        let mut text = String::new();
        for place in &self.places {
            text.push_str(&printable(place));
            text.push('\n');
        }
        text.push_str(&format!(
            "error[{}]: {}\n",
            self.code,
            printable(&self.message)
        ));
        if let Some(help) = &self.help {
            text.push_str(&format!("help: {}\n", printable(help)));
        }
        // Nowhere is left to report that standard error is closed.
        let _ = anstream::stderr().lock().write_all(text.as_bytes());
        ExitCode::from(2)
    }
}

/// Faults shown of one file; more than these are mended after them.
const FAULTS_SHOWN: usize = 30;

/// Longest message: a name in a file may be as long as the file.
const LONGEST: usize = 1_000;

/// A file's own words must not steer the terminal, nor fill it.
fn printable(text: &str) -> String {
    let safe = |c: char| {
        if c.is_control() && c != '\n' {
            '\u{fffd}'
        } else {
            c
        }
    };
    let mut shown: String = text.chars().take(LONGEST).map(safe).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
