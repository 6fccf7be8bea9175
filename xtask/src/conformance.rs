//! The emitted SQL in another engine, beside the reference evaluator.
//!
//! The example `conformance` of weigh-rules writes tables of generated subjects with what the
//! reference evaluator says of each; a script runs the emitted statements over them in DuckDB and
//! compares every cell. DuckDB comes from PyPI into an environment under the target folder: it is a
//! tool of this run and no dependency of anything we ship.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::heavy::cargo;

/// The engine, in the version whose answers the suite records.
const DUCKDB: &str = "duckdb==2.0.1";

const SCRIPT: &str = "xtask/conformance/duckdb_check.py";
const SUITE: &str = "docs/reference/conformance";

/// How the comparison came out.
pub(crate) enum Conformance {
    /// Both say the same everywhere.
    Same,
    /// They do not, or could not be asked.
    Different,
    /// The engine could not be brought here.
    Skipped(String),
}

/// The comparison alone.
pub(crate) fn run() -> Result<ExitCode, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("xtask has no parent folder")?;
    Ok(match check(root)? {
        Conformance::Same => ExitCode::SUCCESS,
        Conformance::Different => ExitCode::from(1),
        Conformance::Skipped(reason) => {
            eprintln!("conformance: SKIPPED, nothing was compared: {reason}");
            ExitCode::SUCCESS
        }
    })
}

/// Writes the tables, brings the engine and compares.
pub(crate) fn check(root: &Path) -> Result<Conformance, String> {
    let folder = target(root)?.join("conformance");
    let tables = folder.join("tables");
    if tables.is_dir() {
        std::fs::remove_dir_all(&tables)
            .map_err(|e| format!("cannot empty `{}`: {e}", tables.display()))?;
    }
    let arguments = [
        "run",
        "--quiet",
        "-p",
        "weigh-rules",
        "--example",
        "conformance",
        "--",
    ];
    let mut write = cargo(root, &arguments);
    if !succeeds(write.arg(&tables))? {
        return Ok(Conformance::Different);
    }
    let python = match engine(&folder.join("venv")) {
        Ok(python) => python,
        Err(reason) if std::env::var_os("CI").is_some_and(|ci| !ci.is_empty()) => {
            eprintln!("conformance: {reason}; in continuous integration that is a failure");
            return Ok(Conformance::Different);
        }
        Err(reason) => return Ok(Conformance::Skipped(reason)),
    };
    let mut compare = Command::new(python);
    compare
        .arg(root.join(SCRIPT))
        .arg(&tables)
        .arg(root.join(SUITE));
    Ok(match succeeds(&mut compare)? {
        true => Conformance::Same,
        false => Conformance::Different,
    })
}

/// The Python of an environment that has the engine, made where it is missing.
fn engine(folder: &Path) -> Result<PathBuf, String> {
    let (system, inside) = match cfg!(windows) {
        true => ("python", "Scripts/python.exe"),
        false => ("python3", "bin/python"),
    };
    let python = folder.join(inside);
    let (name, version) = DUCKDB.split_once("==").ok_or("the version is not pinned")?;
    let has_engine = || {
        let ask = format!("import {name}, sys; sys.exit({name}.__version__ != '{version}')");
        let answer = Command::new(&python).args(["-c", &ask]).output();
        answer.is_ok_and(|answer| answer.status.success())
    };
    if has_engine() {
        return Ok(python);
    }
    let did = |command: &mut Command| succeeds(command).unwrap_or(false);
    if !did(Command::new(system).args(["-m", "venv"]).arg(folder)) {
        return Err(format!("`{system} -m venv` makes no environment"));
    }
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        DUCKDB,
    ];
    if did(Command::new(&python).args(install)) && has_engine() {
        return Ok(python);
    }
    Err(format!("`pip install {DUCKDB}` brings no engine"))
}

/// Where cargo builds.
fn target(root: &Path) -> Result<PathBuf, String> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(root)
        .no_deps()
        .exec()
        .map_err(|e| format!("cannot ask cargo for its folders: {e}"))?;
    Ok(metadata.target_directory.into_std_path_buf())
}

fn succeeds(command: &mut Command) -> Result<bool, String> {
    let status = command.status();
    let program = command.get_program().to_string_lossy().into_owned();
    let status = status.map_err(|e| format!("cannot run `{program}`: {e}"))?;
    Ok(status.success())
}
