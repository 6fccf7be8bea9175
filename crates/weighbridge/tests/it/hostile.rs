//! Every way we know to fool us is refused with a code, exit 2, and nothing on standard output.

use std::path::{Path, PathBuf};
use std::process::Command;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/hostile")
}

fn weighbridge(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_weighbridge"))
        .args(arguments)
        .output()
        .expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Folders that are odd and still honest: they are answered, and the page says what is odd.
const ANSWERED: &[&str] = &[
    "safetensors-terminal-escape",
    "index-claims",
    "adapter-base-path",
    "adapter-no-rank",
];

#[test]
fn hostile_folders_are_refused_and_odd_ones_answered() {
    let mut refused = 0;
    for entry in std::fs::read_dir(fixtures()).expect("the fixtures are there") {
        let path = entry.expect("an entry").path();
        if !path.is_dir() {
            continue;
        }
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let path = path.display().to_string();
        let mut arguments = vec!["weigh", &path, "--on", "2026-11-24"];
        if !name.starts_with("trainer-") {
            arguments.extend(["--tokens", "1e9"]);
        }
        let (code, out, err) = weighbridge(&arguments);
        if ANSWERED.contains(&name.as_str()) {
            assert!(matches!(code, Some(0 | 3)), "{name}: {code:?}\n{err}");
            assert!(!out.contains('\u{1b}'), "{name} reached the terminal");
            continue;
        }
        assert_eq!(code, Some(2), "{name} was not refused:\n{out}");
        assert!(out.is_empty(), "{name} printed data:\n{out}");
        assert!(err.starts_with("error["), "{name}: no code in:\n{err}");
        assert!(!err.contains("panicked"), "{name}:\n{err}");
        assert!(!err.contains('\u{1b}'), "{name} reached the terminal");
        refused += 1;
    }
    assert!(refused >= 40, "only {refused} hostile folders were found");
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_not_followed() {
    let outside = tempfile::tempdir().expect("a folder");
    let folder = tempfile::tempdir().expect("a folder");
    let secret = outside.path().join("config.json");
    let config = r#"{"model_type":"llama","hidden_size":8,"num_hidden_layers":1,"vocab_size":8,"num_attention_heads":2,"intermediate_size":8,"max_position_embeddings":8}"#;
    std::fs::write(&secret, config).expect("written");
    std::os::unix::fs::symlink(&secret, folder.path().join("config.json")).expect("linked");
    let (code, _, err) = weighbridge(&[
        "weigh",
        &folder.path().display().to_string(),
        "--tokens",
        "1",
    ]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("link") || err.contains("outside"), "{err}");
    // A link to a place inside the folder is an ordinary file.
    std::fs::write(folder.path().join("real.json"), config).expect("written");
    std::fs::remove_file(folder.path().join("config.json")).expect("unlinked");
    std::os::unix::fs::symlink("real.json", folder.path().join("config.json")).expect("linked");
    let (code, _, err) = weighbridge(&[
        "weigh",
        &folder.path().display().to_string(),
        "--tokens",
        "1",
    ]);
    assert_eq!(code, Some(0), "{err}");
}

#[cfg(unix)]
#[test]
fn numbers_of_a_model_are_not_sought_outside_its_folder() {
    let outside = tempfile::tempdir().expect("a folder");
    let folder = tempfile::tempdir().expect("a folder");
    let onnx = fixtures().join("../onnx");
    let (weights, data) = (folder.path().join("weights"), "weights/external.data");
    std::fs::copy(onnx.join("external.onnx"), folder.path().join("m.onnx")).expect("copied");
    std::fs::create_dir(&weights).expect("made");
    std::fs::copy(onnx.join(data), outside.path().join("numbers")).expect("copied");
    std::os::unix::fs::symlink(outside.path().join("numbers"), folder.path().join(data))
        .expect("linked");
    let path = folder.path().display().to_string();
    let (code, out, err) = weighbridge(&["inspect", &path]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.contains("error[outside-folder]"), "{err}");
    // In the folder, they are its own.
    std::fs::remove_file(folder.path().join(data)).expect("unlinked");
    std::fs::copy(onnx.join(data), folder.path().join(data)).expect("copied");
    let (code, out, err) = weighbridge(&["inspect", &path]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("ONNX, ir version 10"), "{out}");
}

#[test]
fn contradictions_name_both_sides() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let path = |name: &str| examples.join(name).display().to_string();
    let contradict = |arguments: &[&str], wanted: [&str; 2]| {
        let (code, _, err) = weighbridge(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {err}");
        assert!(err.contains("contradiction"), "{err}");
        assert!(wanted.iter().all(|w| err.contains(w)), "{err}");
    };
    let (llama, other) = (path("tiny-llama"), path("anchors/Llama-3.1-8B.json"));
    contradict(
        &["weigh", &llama, &other],
        ["tiny-llama/config.json", "Llama-3.1-8B.json"],
    );
    contradict(
        &["weigh", &llama, "--tokens", "7"],
        ["trainer_state.json", "--tokens"],
    );
    contradict(
        &["weigh", &llama, "--sequence-length", "64"],
        ["pipeline.toml", "--sequence-length"],
    );
}

#[test]
fn wrong_words_are_answered_with_the_right_ones() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/tiny-llama");
    let llama = examples.display().to_string();
    let refused = |arguments: &[&str], wanted: &str| {
        let (code, _, err) = weighbridge(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {err}");
        assert!(err.contains(wanted), "{err}");
    };
    refused(&["weigh", "/nonexistent"], "no such file");
    refused(&["weigh", &llama, "--rulebook", "eu"], "eu-ai-act");
    refused(&["weigh", &llama, "--assume", "is_moee=true"], "is_moe");
    refused(
        &["weigh", &llama, "--assume", "is_moe=maybe"],
        "true or false",
    );
    refused(&["weigh", &llama, "--on", "24.11.2026"], "2026-11-24");
    refused(&["weigh", &llama, "--tokens", "1.5"], "1.5");
    refused(
        &["explain", "no-such-rule", &llama],
        "presumed-systemic-risk",
    );
}
