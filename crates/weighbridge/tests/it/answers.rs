//! Answers that must not change: published models, lines hit exactly, and counsel's loop.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn anchor(name: &str) -> String {
    let path = format!("../../examples/anchors/{name}.json");
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(path)
        .display()
        .to_string()
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_weighbridge"))
        .args(arguments)
        .output()
        .expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Weighs as JSON on a fixed day; the exit code and the document.
fn weigh(arguments: &[&str]) -> (i32, Value) {
    let mut all = vec!["weigh"];
    all.extend(arguments);
    all.extend(["--on", "2026-11-24", "--format", "json"]);
    let (code, out, err) = run(&all);
    let value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{arguments:?}: {e}\n{err}"));
    (code, value)
}

fn verdict<'v>(weighing: &'v Value, rulebook: &str, rule: &str) -> &'v str {
    let findings = weighing["findings"].as_array().expect("findings");
    let found = findings
        .iter()
        .find(|f| f["rulebook"] == rulebook && f["rule"] == rule);
    found.unwrap_or_else(|| panic!("no finding {rulebook}/{rule}"))["verdict"]
        .as_str()
        .expect("a verdict")
}

fn exact(weighing: &Value) -> f64 {
    weighing["compute"]["operations"]["exact"]
        .as_str()
        .expect("exact")
        .parse()
        .expect("a number")
}

#[test]
fn a_misspelled_convention_is_refused_wherever_it_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("facts.toml");
    let text = "format = 1\n[facts]\noperations.eu-cumulativ = \"1e25 FLOP\"\n";
    std::fs::write(&file, text).expect("written");
    let file = file.display().to_string();
    let slip = "operations.eu-cumulativ=1e25 FLOP";
    let config = anchor("Llama-3.1-8B");
    for arguments in [
        &["assess", "--fact", slip][..],
        &["assess", "--facts", &file],
        &["assess", "--table", slip],
        &["explain", "presumed-systemic-risk", "--fact", slip],
        &["weigh", &config, "--tokens", "15e12", "--assume", slip],
        &["chip", "show", "H100", "--fact", slip],
    ] {
        let (code, out, err) = run(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains("error[no-such-convention]"), "{err}");
        assert!(err.contains("did you mean `eu-cumulative`?"), "{err}");
    }
    let (_, _, err) = run(&["assess", "--fact", "operations.fredonia=1e25 FLOP"]);
    assert!(
        err.contains("use one of ") && err.contains("--rulebooks"),
        "{err}"
    );
}

#[test]
fn llama_3_1_8b_at_8192_is_settled_everywhere() {
    let config = anchor("Llama-3.1-8B");
    let (code, weighing) = weigh(&[&config, "--tokens", "15e12", "--sequence-length", "8192"]);
    assert_eq!(code, 0, "nothing at `obligation` or above is open");
    assert!(
        (exact(&weighing) / 7.72e23 - 1.0).abs() < 0.001,
        "{}",
        exact(&weighing)
    );
    assert_eq!(
        verdict(&weighing, "proposed-framework", "review-by-compute"),
        "does-not-apply"
    );
    assert_eq!(
        verdict(&weighing, "eu-ai-act", "indicative-criterion"),
        "applies"
    );
    assert_eq!(
        verdict(&weighing, "eu-ai-act", "presumed-systemic-risk"),
        "does-not-apply"
    );
    assert_eq!(
        verdict(&weighing, "us-ear-4e091", "controlled-weights"),
        "does-not-apply"
    );
    assert_eq!(
        verdict(&weighing, "us-ca-sb53", "frontier-model"),
        "does-not-apply"
    );
    let findings = weighing["findings"].as_array().expect("findings");
    for finding in findings.iter().filter(|f| f["verdict"] != "not-in-force") {
        assert!(
            finding["text_status"].is_string() && finding["enforcement"].is_string(),
            "{finding}"
        );
        assert!(
            finding["citation"]["title"].is_string() && finding["citation"]["href"].is_string()
        );
    }
}

#[test]
fn without_a_sequence_length_the_review_line_is_straddled() {
    let config = anchor("Llama-3.1-8B");
    let (code, weighing) = weigh(&[&config, "--tokens", "15e12"]);
    assert_eq!(code, 3);
    assert_eq!(
        verdict(&weighing, "proposed-framework", "review-by-compute"),
        "indeterminate"
    );
    let operations = &weighing["compute"]["operations"];
    assert!(operations["exact"].is_null());
    let high = operations["high"].as_f64().expect("a bound");
    assert!((high / 2.22e24 - 1.0).abs() < 0.01, "{high}");
    // The exact causal pairs s(s+1)/2 put the break-even one token below what s²/2 would.
    let break_even = &weighing["compute"]["break_evens"][0];
    assert_eq!(break_even["tokens_per_sequence"], 27_514);
    let (_, page, _) = run(&["weigh", &config, "--tokens", "15e12", "--on", "2026-11-24"]);
    assert!(
        page.contains("below 1e24 up to 27,514 tokens per sequence"),
        "{page}"
    );
}

#[test]
fn deepseek_v3_is_counted_by_what_a_token_passes() {
    let config = anchor("DeepSeek-V3");
    let (_, weighing) = weigh(&[&config, "--tokens", "14.8e12", "--sequence-length", "4096"]);
    assert!(
        (exact(&weighing) / 3.71e24 - 1.0).abs() < 0.002,
        "{}",
        exact(&weighing)
    );
    assert_eq!(
        verdict(&weighing, "eu-ai-act", "presumed-systemic-risk"),
        "does-not-apply"
    );
    let parameters = &weighing["model"]["parameters"];
    assert_eq!(parameters["total"], 671_026_404_352_u64);
    assert_eq!(parameters["active"], 37_552_282_624_u64);
    let (_, page, _) = run(&[
        "weigh",
        &config,
        "--tokens",
        "14.8e12",
        "--sequence-length",
        "4096",
        "--on",
        "2026-11-24",
    ]);
    assert!(
        page.contains("5.96e25"),
        "the page shows what counting every expert would give:\n{page}"
    );
}

#[test]
fn a_count_on_the_line_is_held_to_the_words_of_the_law() {
    let folder = tempfile::tempdir().expect("a folder");
    let facts = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("format = 1\n[facts]\n{text}\n")).expect("written");
        path
    };
    let assess = |path: &PathBuf, book: &str, rule: &str| {
        let path = path.display().to_string();
        let (_, out, err) = run(&[
            "assess",
            "--facts",
            &path,
            "--rulebook",
            book,
            "--on",
            "2026-09-01",
            "--format",
            "json",
        ]);
        let weighing: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}\n{err}"));
        verdict(&weighing, book, rule).to_owned()
    };
    let us = "weights_published = false\nderived_from_published_model = false\nbelow_best_published_on_benchmarks = false\n";
    let on = facts(
        "on.toml",
        &format!("{us}operations.us-4e091 = \"1e26 FLOP\""),
    );
    assert_eq!(
        assess(&on, "us-ear-4e091", "controlled-weights"),
        "applies",
        "10^26 meets `>= 1e26`"
    );
    let below = facts(
        "below.toml",
        &format!("{us}operations.us-4e091 = \"99999999999999999999999999 FLOP\""),
    );
    assert_eq!(
        assess(&below, "us-ear-4e091", "controlled-weights"),
        "does-not-apply"
    );
    let eu = "can_generate_language_or_images = true\noperations.eu-training = \"1e25 FLOP\"\n";
    let on = facts(
        "eu.toml",
        &format!("{eu}operations.eu-cumulative = \"1e25 FLOP\""),
    );
    assert_eq!(
        assess(&on, "eu-ai-act", "presumed-systemic-risk"),
        "does-not-apply",
        "10^25 is not `> 1e25`"
    );
    let above = facts(
        "above.toml",
        &format!("{eu}operations.eu-cumulative = \"10000000000000000000000001 FLOP\""),
    );
    assert_eq!(
        assess(&above, "eu-ai-act", "presumed-systemic-risk"),
        "applies"
    );
}

#[test]
fn facts_written_and_assessed_again_give_identical_findings() {
    let folder = tempfile::tempdir().expect("a folder");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let (llama, lora) = (
        examples.join("tiny-llama"),
        examples.join("tiny-llama-lora"),
    );
    let subjects: [Vec<String>; 3] = [
        vec![anchor("Llama-3.1-8B"), "--tokens".into(), "15e12".into()],
        vec![lora.display().to_string(), llama.display().to_string()],
        vec![anchor("Mixtral-8x7B")],
    ];
    for (index, subject) in subjects.iter().enumerate() {
        let file = folder
            .path()
            .join(format!("{index}.toml"))
            .display()
            .to_string();
        let mut arguments: Vec<&str> = subject.iter().map(String::as_str).collect();
        arguments.extend(["--write-facts", &file]);
        let (code, weighed) = weigh(&arguments);
        let (again, out, err) = run(&[
            "assess",
            "--facts",
            &file,
            "--on",
            "2026-11-24",
            "--format",
            "json",
        ]);
        let assessed: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}\n{err}"));
        assert_eq!(weighed["findings"], assessed["findings"], "{subject:?}");
        assert_eq!(weighed["questions"], assessed["questions"], "{subject:?}");
        assert_eq!(code, again);
        let text = std::fs::read_to_string(&file).expect("written");
        assert!(
            text.contains("# MISSING: "),
            "missing facts are written as questions"
        );
    }
}

#[test]
fn the_exit_code_follows_the_level_that_was_asked_for() {
    let config = anchor("Llama-3.1-8B");
    let base = [
        "weigh",
        &config,
        "--tokens",
        "15e12",
        "--sequence-length",
        "8192",
        "--on",
        "2026-11-24",
    ];
    let with = |more: &[&str]| {
        let mut all = base.to_vec();
        all.extend(more);
        run(&all).0
    };
    assert_eq!(with(&[]), 0);
    assert_eq!(
        with(&["--fail-on", "flag", "--rulebook", "eu-ai-act"]),
        1,
        "the indicative criterion applies"
    );
    assert_eq!(
        with(&["--fail-on", "obligation", "--rulebook", "eu-ai-act"]),
        0
    );
    assert_eq!(
        run(&[
            "weigh",
            &config,
            "--on",
            "2026-11-24",
            "--fail-on",
            "review"
        ])
        .0,
        3,
        "nothing is known of training"
    );
    assert_eq!(run(&["weigh", &config, "--fail-on", "grave"]).0, 2);
}

#[test]
fn two_methods_that_cannot_both_be_right_widen_what_the_rules_see() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipeline = |name: &str, body: &str| {
        let path = folder.path().join(name).display().to_string();
        let text =
            format!("format = 1\n[[stage]]\nid = \"p\"\npurpose = \"pretraining\"\n{body}\n");
        std::fs::write(&path, text).expect("written");
        path
    };
    let config = anchor("Llama-3.1-8B");
    let tokens = "tokens = 15e12\nsequence_length = 8192\n";
    let chips = |hours: &str| {
        format!("chips = {{ name = \"H100 SXM\", chip_hours = {hours}, utilization = 0.4 }}")
    };
    let agree = pipeline("agree.toml", &format!("{tokens}{}", chips("5.4e5")));
    let (code, weighing) = weigh(&[&config, "--pipeline", &agree]);
    assert_eq!(weighing["compute"]["reconciliation"]["verdict"], "agree");
    assert!(weighing["compute"]["operations"]["exact"].is_string() && code == 0);

    let conflict = pipeline("conflict.toml", &format!("{tokens}{}", chips("3e6")));
    let (code, weighing) = weigh(&[&config, "--pipeline", &conflict]);
    assert_eq!(weighing["compute"]["reconciliation"]["verdict"], "conflict");
    assert!(weighing["compute"]["operations"]["exact"].is_null());
    assert_eq!(
        verdict(&weighing, "proposed-framework", "review-by-compute"),
        "indeterminate"
    );
    assert_eq!(code, 3);

    // Chip time alone is evidence too, with the interval of its prior.
    let hours = pipeline(
        "hours.toml",
        "chips = { name = \"H100 SXM\", count = 1000, hours = 600 }",
    );
    let (_, weighing) = weigh(&[&config, "--pipeline", &hours]);
    let operations = &weighing["compute"]["operations"];
    assert_eq!(operations["coverage"], "0.90");
    let low = operations["low"].as_f64().expect("a bound");
    assert!(
        (low / (6e5 * 3600.0 * 989.4e12 * 0.19) - 1.0).abs() < 0.01,
        "{low}"
    );
}

#[test]
fn what_came_before_a_modification_is_not_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = anchor("Llama-3.1-8B");
    for purpose in ["fine-tuning", "continued-pretraining", "evaluation"] {
        let path = folder.path().join("p.toml").display().to_string();
        let stage = format!(
            "[[stage]]\nid = \"s\"\npurpose = \"{purpose}\"\ntokens = 1e9\nsequence_length = 8192\n"
        );
        std::fs::write(&path, format!("format = 1\n{stage}")).expect("written");
        let (code, weighing) = weigh(&[&config, "--pipeline", &path]);
        assert!(
            weighing["compute"]["operations"]["high"].is_null(),
            "{purpose}"
        );
        assert_eq!(
            verdict(&weighing, "us-ear-4e091", "controlled-weights"),
            "indeterminate",
            "{purpose}"
        );
        assert_eq!(code, 3);
        assert_eq!(
            weighing["questions"][0]["fact"], "from_random_weights",
            "{purpose}"
        );
    }
}

#[test]
fn declarations_that_contradict_the_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = anchor("Llama-3.1-8B");
    let path = folder.path().join("p.toml").display().to_string();
    let stage = "[[stage]]\nid = \"s\"\npurpose = \"pretraining\"\ntokens = 15e12\nsequence_length = 8192\noperations = \"1e20 FLOP\"\n";
    std::fs::write(&path, format!("format = 1\n{stage}")).expect("written");
    let lora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/tiny-llama-lora");
    let lora = lora.display().to_string();
    let refused = |arguments: &[&str]| {
        let (code, _, err) = run(arguments);
        assert!(
            code == 2 && err.contains("contradiction"),
            "{arguments:?}: {err}"
        );
    };
    refused(&["weigh", &config, "--pipeline", &path]);
    refused(&["weigh", &lora, &config]);
    refused(&["weigh", &config, "--assume", "is_moe=true"]);
    let tokens = ["--tokens", "15e12", "--sequence-length", "8192"];
    let assume = [
        "weigh",
        &config,
        "--assume",
        "operations.us-4e091=1e26 FLOP",
    ];
    refused(&[&assume[..], &tokens[..]].concat());
    let (code, _, err) = run(&["weigh", &config, "--assume", "operations.us-4e091=-1 FLOP"]);
    assert!(code == 2 && err.contains("bad-fact"), "{err}");
    assert_eq!(run(&["weigh", &config, "--tokens", "0"]).0, 2);
}

/// Tests on real files say on the real standard error that they were skipped.
fn corpus() -> Option<PathBuf> {
    use std::io::Write;
    let corpus = std::env::var_os("WEIGHBRIDGE_CORPUS").map(PathBuf::from);
    if corpus.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: WEIGHBRIDGE_CORPUS is not set, real configurations were not weighed"
        );
    }
    corpus
}

#[test]
fn real_configurations_of_published_models() {
    let Some(corpus) = corpus() else { return };
    let config = |name: &str| corpus.join("configs").join(name).display().to_string();
    let llama = config("mlc-llm/mlc__llama3_1_8b.json");
    let (_, weighing) = weigh(&[&llama, "--tokens", "15e12", "--sequence-length", "8192"]);
    assert_eq!(weighing["model"]["parameters"]["total"], 8_030_261_248_u64);
    assert!((exact(&weighing) / 7.72e23 - 1.0).abs() < 0.001);
    let deepseek = config("aiconfigurator/deepseek-ai--DeepSeek-V3_config.json");
    let (_, weighing) = weigh(&[
        &deepseek,
        "--tokens",
        "14.8e12",
        "--sequence-length",
        "4096",
    ]);
    assert_eq!(
        weighing["model"]["parameters"]["active"],
        37_552_282_624_u64
    );
    assert!(exact(&weighing) < 1e25);
    let infinite = config("aiconfigurator/nvidia--Nemotron-H-56B-Base-8K_config.json");
    let (code, _, err) = run(&["weigh", &infinite]);
    assert!(code == 2 && err.contains("not-finite"), "{err}");
}
