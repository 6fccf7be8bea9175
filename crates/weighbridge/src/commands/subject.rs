//! Arguments that say what is weighed and under which law: shared by `weigh` and `explain`.

use std::path::PathBuf;

use weigh_facts::{Date, SubjectKind, Tokens};
use weigh_station::{LawOptions, Options, WeighError, Weighing};

use crate::failure::Failure;

/// What is weighed, and under which law.
#[derive(clap::Args)]
pub(crate) struct Subject {
    /// Files and folders that describe one model: a model folder, a `config.json`, an adapter
    /// folder, a `trainer_state.json`
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Declaration of the training stages; `weighbridge init` writes a template
    #[arg(long, value_name = "FILE")]
    pipeline: Option<PathBuf>,

    /// Tokens the model was trained on, later epochs counted again, such as `15e12`
    #[arg(long, value_name = "N", value_parser = tokens)]
    tokens: Option<Tokens>,

    /// Tokens per training sequence: the cost of attention depends on it
    #[arg(long, value_name = "N", value_parser = positive)]
    sequence_length: Option<u64>,

    #[command(flatten)]
    pub(crate) law: Law,

    /// Take a fact for granted, such as `weights_published=true`, or `class-defaults` to let the
    /// defaults of the model's class stand in for missing config keys; listed in the output
    #[arg(long, value_name = "FACT=VALUE")]
    assume: Vec<String>,
}

/// Which law, as of when.
#[derive(clap::Args)]
pub(crate) struct Law {
    /// Day on which the rules are read [default: today, UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    on: Option<Date>,

    /// Day on which our knowledge of the rules ends [default: what the rulebooks know]
    #[arg(long, value_name = "YYYY-MM-DD")]
    known: Option<Date>,

    /// Rulebook to apply, by id; may be repeated [default: all; see `weighbridge rules list`]
    #[arg(long, value_name = "ID")]
    rulebook: Vec<String>,

    /// Folder with rulebooks of your own to read beside those that ship, with the facts,
    /// conventions and tables they use; may be repeated
    #[arg(long, value_name = "DIR")]
    rulebooks: Vec<PathBuf>,
}

impl Law {
    /// The day the rules are read on. The one place that looks at a clock.
    pub(crate) fn on(&self) -> Result<Date, Failure> {
        if let Some(on) = self.on {
            return Ok(on);
        }
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_err(|_| clock_failure())?;
        let days = i64::try_from(since_epoch.as_secs() / 86_400).map_err(|_| clock_failure())?;
        Date::from_days_since_epoch(days).ok_or_else(clock_failure)
    }

    /// The day our knowledge ends, if the person named one.
    pub(crate) fn known(&self) -> Option<Date> {
        self.known
    }

    /// The rulebooks that were asked for, loaded.
    pub(crate) fn load(&self) -> Result<weigh_station::Law, Failure> {
        weigh_station::Law::load(&self.options()).map_err(|e| failure(&e))
    }

    /// The rulebooks that were asked for, those of ours without a rule about these kinds left out.
    pub(crate) fn load_about(&self, kinds: &[SubjectKind]) -> Result<weigh_station::Law, Failure> {
        weigh_station::Law::load_about(&self.options(), kinds).map_err(|e| failure(&e))
    }

    fn options(&self) -> LawOptions {
        LawOptions {
            ids: self.rulebook.clone(),
            folders: self.rulebooks.clone(),
        }
    }
}

fn clock_failure() -> Failure {
    Failure::new("clock", "the system clock gives no usable date").help("pass the day with `--on`")
}

fn tokens(text: &str) -> Result<Tokens, String> {
    let tokens: Tokens = text
        .parse()
        .map_err(|e: weigh_facts::DecimalError| e.to_string())?;
    if tokens.0 == 0 {
        return Err("a count of tokens begins at one".to_owned());
    }
    Ok(tokens)
}

fn positive(text: &str) -> Result<u64, String> {
    tokens(text).map(|t| t.0)
}

/// Weighs what the arguments name.
pub(crate) fn weigh(args: &Subject) -> Result<Weighing, Failure> {
    if args.paths.is_empty() {
        return Err(Failure::new("no-path", "no PATH was given")
            .help("name a model folder, a `config.json` or an adapter folder"));
    }
    let (class_defaults, assume): (Vec<_>, Vec<_>) = args
        .assume
        .iter()
        .cloned()
        .partition(|a| a == "class-defaults");
    let options = Options {
        pipeline: args.pipeline.clone(),
        tokens: args.tokens,
        sequence_length: args.sequence_length,
        on: args.law.on()?,
        known: args.law.known(),
        assume,
        assume_class_defaults: !class_defaults.is_empty(),
    };
    weigh_station::weigh(&args.paths, &options, &args.law.load()?).map_err(|error| failure(&error))
}

/// The station's error as the person sees it.
pub(crate) fn failure(error: &WeighError) -> Failure {
    if let WeighError::Faults { path, text, faults } = error {
        return Failure::in_file(path, text, faults);
    }
    Failure::new(error.code(), error.to_string()).maybe_help(error.help())
}
