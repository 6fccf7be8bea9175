//! The rulebook language, its checker, its reference interpreter, and the shipped rulebooks.
//!
//! Law is data with a date and a citation. A rulebook is a TOML file: sources, dated values, code
//! lists, named predicates, rules with SQL-syntax conditions, and tests. [`check`] turns its text
//! into a [`Rulebook`] or into every reason why not; [`assess`] reads a rulebook over the facts of
//! one subject on a day and says of every rule whether it applies, what decided that, and what
//! would.
//!
//! The way through the modules: [`check`] reads the file (`check::read`), turns the conditions into
//! the typed form of `ir` (`check::lower`) and looks for contradictions (`check::lint`); `eval` folds
//! the typed form over facts; `possible` tries critical values where that leaves a rule open;
//! [`assess`] writes the findings and `explain` the reason as a tree; `runner` runs the tests.
//!
//! - **Invariant:** pure. No files, clock, network, randomness: days are arguments.
//! - **Invariant:** evaluation cannot fail. What can go wrong goes wrong in [`check`].
//! - **Invariant:** a missing fact is unknown; nothing turns it into `false`, and the language has no
//!   test for it, so that knowing more never turns a decided verdict into its opposite.
//! - **Absent on purpose:** a legal conclusion. We say that a rule applies, does not apply, or cannot
//!   be decided, on a day, under a reading, with its source.

#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

mod advice;
mod alarms;
mod assess;
mod book;
mod browse;
mod check;
mod classes;
mod convention;
mod coverage;
mod critical;
mod diagram;
mod diff;
mod digest;
mod emit;
mod eval;
mod explain;
mod finding;
mod ir;
mod library;
mod outlook;
mod possible;
mod reader;
mod runner;
mod shipped;
#[cfg(test)]
mod testing;
mod ways;
mod worlds;

pub use advice::{Lint, lint, lint_facts};
pub use assess::{assess, assess_about, assess_from, assess_from_or_deciding};
pub use book::{Basis, Citation, Clock, CodeTable, Line, RuleEntry, RuleId, Rulebook};
pub use browse::{
    AlarmEntry, Axis, DatedSet, DatedValue, ParamEntry, SetEntry, SourceEntry, StatusEntry,
};
pub use check::tables::read_code_table;
pub use check::{check, check_trusted};
pub use classes::{code_classes, code_pattern};
pub use convention::{ConventionBook, read_convention};
pub use coverage::{AtomCoverage, Coverage, coverage};
pub use critical::critical_values;
pub use diff::{Aspect, Change, Difference, Part, Reading, Stated, diff};
pub use emit::{Column, ColumnType, Dialect, EmitError, Emitted, EmittedRule, emit};
pub use explain::{Explanation, Trace, explain};
pub use finding::{
    Alarm, AlarmKind, Assessment, AtomTrace, Conflict, Finding, LineRead, Margin, Need, Role, Why,
};
pub use library::{Kind, Library, kind};
pub use outlook::{Case, FactCases, Neighbors, Outlook, Values, nearest_lines, outlook};
pub use reader::{Reader, Standing};
pub use runner::{TestOutcome, run_tests};
pub use shipped::{
    ShippedBook, load_book, load_book_whole, load_shipped, load_shipped_whole, shipped,
    shipped_convention_books, shipped_conventions, shipped_tables,
};
