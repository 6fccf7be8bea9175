//! The project's own chores: what is too much logic for the `justfile`.
//!
//! - `cargo xtask tidy [CHECK]`: the house rules, as far as a program can check them.
//! - `cargo xtask conformance`: the emitted SQL in another engine, beside the reference evaluator.
//! - `cargo xtask heavy`: everything that is too slow for the inner loop.
//!
//! Nothing here is shipped, and no crate of the house may depend on it.

mod checks;
mod conformance;
mod finding;
mod graph;
mod heavy;
mod house;
mod source;
mod uses;

use std::process::ExitCode;

use finding::Finding;
use house::House;

const USAGE: &str = "usage: cargo xtask tidy [CHECK] | conformance | heavy";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["tidy"] => tidy(None),
        ["tidy", check] => tidy(Some(check)),
        ["conformance"] => conformance::run(),
        ["heavy"] => heavy::run(),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// Runs every check, or the named one, and prints all findings: one run shows all there is to do.
fn tidy(only: Option<&str>) -> Result<ExitCode, String> {
    let house = House::open()?;
    let mut findings: Vec<Finding> = Vec::new();
    let mut ran = 0;
    for check in checks::ALL
        .iter()
        .filter(|check| only.is_none_or(|name| name == check.name))
    {
        ran += 1;
        findings.extend(
            (check.run)(&house)?
                .into_iter()
                .map(|finding| finding.of(check.name)),
        );
    }
    if ran == 0 {
        let names: Vec<&str> = checks::ALL.iter().map(|check| check.name).collect();
        return Err(format!(
            "no such check\nhelp: choose one of {}",
            names.join(", ")
        ));
    }
    for finding in &findings {
        eprintln!("{finding}\n");
    }
    if findings.is_empty() {
        println!(
            "tidy: {ran} checks over {} files, nothing found",
            house.files.len()
        );
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("tidy: {} findings", findings.len());
    Ok(ExitCode::from(1))
}
