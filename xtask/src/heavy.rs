//! The heavy lane: what is too slow for the inner loop and too important to skip.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::conformance::{self, Conformance};

/// Seconds of new input for each fuzz target; nightly runs take longer.
const FUZZ_SECONDS: u32 = 5;

/// One command of the lane.
struct Step {
    title: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

const STEPS: &[Step] = &[
    Step {
        title: "tests of every member with every feature",
        arguments: &["test", "--workspace", "--all-features"],
        environment: &[],
    },
    Step {
        title: "benches and examples compile",
        // The dev profile: whether they compile is the question, how fast they are is `just bench`.
        arguments: &[
            "bench",
            "--workspace",
            "--all-features",
            "--no-run",
            "--profile",
            "dev",
        ],
        environment: &[],
    },
    Step {
        title: "documentation without warnings",
        arguments: &["doc", "--workspace", "--all-features", "--no-deps"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
];

/// Runs every step, also after a failure, and fails if one did.
pub(crate) fn run() -> Result<ExitCode, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("xtask has no parent folder")?;
    let mut failed: Vec<String> = Vec::new();
    for step in STEPS {
        let mut command = cargo(root, step.arguments);
        command.envs(step.environment.iter().copied());
        if !succeeds(step.title, &mut command)? {
            failed.push(step.title.to_owned());
        }
    }
    failed.extend(conformance(root)?);
    failed.extend(fuzz(root)?);
    if failed.is_empty() {
        println!("heavy: all steps passed");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("heavy: failed: {}", failed.join("; "));
    Ok(ExitCode::from(1))
}

/// Another engine beside the reference evaluator. Brings what it needs from PyPI; where that cannot
/// be reached it says so and goes on, save in continuous integration.
fn conformance(root: &Path) -> Result<Option<String>, String> {
    const TITLE: &str = "conformance of the emitted SQL";
    println!("heavy: {TITLE}");
    let started = Instant::now();
    let outcome = conformance::check(root)?;
    let seconds = started.elapsed().as_secs();
    match outcome {
        Conformance::Same => println!("heavy: {TITLE}: passed after {seconds} s"),
        Conformance::Skipped(reason) => {
            eprintln!("heavy: {TITLE}: SKIPPED, nothing was compared: {reason}");
        }
        Conformance::Different => {
            println!("heavy: {TITLE}: FAILED after {seconds} s");
            return Ok(Some(TITLE.to_owned()));
        }
    }
    Ok(None)
}

/// Replays the seeds of each fuzz target and looks a little further.
/// Needs cargo-fuzz, on any compiler; where it is missing it says so and goes on.
fn fuzz(root: &Path) -> Result<Vec<String>, String> {
    if !root.join("fuzz/Cargo.toml").is_file() {
        return Ok(Vec::new());
    }
    let listing = cargo_fuzz(root, &["list"]).output();
    let Some(listing) = listing.ok().filter(|listing| listing.status.success()) else {
        eprintln!(
            "heavy: fuzzing skipped: `cargo install cargo-fuzz --locked` brings what it needs"
        );
        return Ok(Vec::new());
    };
    let mut failed = Vec::new();
    for target in String::from_utf8_lossy(&listing.stdout).split_whitespace() {
        // What is found goes to the first folder; the seeds are read and left as they are.
        let (found, seeds) = (
            format!("fuzz/corpus/{target}"),
            format!("fuzz/seeds/{target}"),
        );
        std::fs::create_dir_all(root.join(&found))
            .map_err(|e| format!("cannot make `{found}`: {e}"))?;
        let seconds = format!("-max_total_time={FUZZ_SECONDS}");
        let mut command = cargo_fuzz(root, &["run", target, &found, &seeds, "--", &seconds]);
        if !succeeds(&format!("fuzz target `{target}`"), &mut command)? {
            failed.push(format!("fuzz target `{target}`"));
        }
    }
    Ok(failed)
}

/// cargo-fuzz asks for flags that only a nightly compiler takes, unless it is told to.
fn cargo_fuzz(root: &Path, arguments: &[&str]) -> Command {
    let mut command = cargo(root, &["fuzz"]);
    command.args(arguments).env("RUSTC_BOOTSTRAP", "1");
    command
}

pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root);
    command
}

/// Runs one step with its output passed through, and says how long it took.
fn succeeds(title: &str, command: &mut Command) -> Result<bool, String> {
    println!("heavy: {title}");
    let started = Instant::now();
    let status = command
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let verdict = if status.success() { "passed" } else { "FAILED" };
    println!(
        "heavy: {title}: {verdict} after {} s",
        started.elapsed().as_secs()
    );
    Ok(status.success())
}
