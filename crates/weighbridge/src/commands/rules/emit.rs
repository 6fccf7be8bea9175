//! `weighbridge rules emit`: a rulebook as SQL, for whoever has many subjects in an engine already.

use std::io::Write;
use std::path::PathBuf;

use weigh_facts::Date;
use weigh_station::LawOptions;

use crate::commands::subject;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::output;

/// Write a rulebook as one SQL statement over a table of subjects
///
/// The statement reads the table `subjects`, one row per subject, and gives one column per rule:
/// TRUE where the rule is effective, that is, its condition holds and nothing that overrides it
/// does; FALSE where it is not; NULL where what is known leaves it open. Its comment lists the
/// columns that `subjects` needs, and `--table` writes the statement that makes it. A quantity has
/// two columns, a lower and an upper bound in base units: equal if it is known exactly, NULL where
/// it is open. A fact that is not known is NULL in all its columns, never false and never zero.
///
/// The statement says what the day and our knowledge of the law on another day make of the rules;
/// write it anew for other days. The table serves for all of them.
///
/// Rules over records (any, all, sum, count) have no columns to read; they are left out, with the
/// rules that depend on them, and named. `weighbridge assess` reads them, and decides some rules
/// that stay NULL here, by trying every value that the missing facts could have.
///
/// Exit code: 0 every rule is in the statement, or is named as left out; 2 none can be.
#[derive(clap::Args)]
#[command(after_long_help = "Examples:
  weighbridge rules emit eu-ai-act --dialect duckdb --table > subjects.sql
  weighbridge rules emit eu-ai-act --dialect duckdb --on 2026-11-24 > rules.sql
  cat subjects.sql load.sql rules.sql | duckdb     # load.sql fills the table")]
pub(crate) struct EmitArgs {
    /// Rulebook, by id; see `weighbridge rules list`
    #[arg(value_name = "BOOK")]
    id: String,

    /// Engine that will read it
    #[arg(long, value_name = "DIALECT")]
    dialect: Dialect,

    /// Day on which the rules are read [default: today, UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    on: Option<Date>,

    /// Day on which our knowledge of the rules ends [default: what the rulebook knows]
    #[arg(long, value_name = "YYYY-MM-DD")]
    known: Option<Date>,

    /// Write the statement that makes the table `subjects` instead
    #[arg(long)]
    table: bool,

    /// Folder with rulebooks of your own; may be repeated
    #[arg(long, value_name = "DIR")]
    rulebooks: Vec<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Dialect {
    /// DuckDB 1.0 or later
    #[value(name = "duckdb")]
    DuckDb,
}

impl From<Dialect> for weigh_rules::Dialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::DuckDb => Self::DuckDb,
        }
    }
}

pub(super) fn run(args: &EmitArgs) -> Result<Outcome, Failure> {
    let options = LawOptions {
        ids: vec![args.id.clone()],
        folders: args.rulebooks.clone(),
    };
    let law = weigh_station::Law::load(&options).map_err(|e| subject::failure(&e))?;
    let on = args.on.map_or_else(subject::today, Ok)?;
    for book in &law.books {
        let known = args.known.unwrap_or_else(|| book.known_through());
        let emitted = weigh_rules::emit(book, on, known, args.dialect.into())
            .map_err(|e| Failure::new(e.code(), e.to_string()).help(e.help()))?;
        for reason in emitted.rules.iter().filter_map(|r| r.left_out.as_ref()) {
            // Nowhere is left to report that standard error is closed.
            let _ = writeln!(anstream::stderr().lock(), "left out: {reason}");
        }
        let statement = match args.table {
            true => emitted.table(),
            false => emitted.query().trim_end().to_owned(),
        };
        output::print(&format!("{statement};\n"))?;
    }
    Ok(Outcome::Clear)
}
