//! Files that were published, where they are at hand: `WEIGHBRIDGE_CORPUS` names the folder.

use std::io::Write;
use std::path::{Path, PathBuf};

use weigh_readers::{Memory, ReadError, adapter, config, trainer_state};

/// Files below the folders of the corpus whose names satisfy `wanted`, sorted.
fn published(folders: &[&str], wanted: impl Fn(&str) -> bool) -> Option<Vec<PathBuf>> {
    let Some(root) = std::env::var_os("WEIGHBRIDGE_CORPUS") else {
        // Straight to the stream: the harness hides what a passing test prints.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: published files; set WEIGHBRIDGE_CORPUS to read them"
        );
        return None;
    };
    let mut files = Vec::new();
    for folder in folders {
        collect(&Path::new(&root).join(folder), &mut files);
    }
    files.retain(|path| {
        let name = path.file_name().and_then(|n| n.to_str());
        name.is_some_and(&wanted)
    });
    files.sort();
    assert!(!files.is_empty(), "the corpus holds none of them");
    Some(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn open(path: &Path) -> (Memory, String) {
    let bytes = std::fs::read(path).expect("the file can be read");
    (Memory(bytes), path.display().to_string())
}

/// Does a text hold a word for a number that JSON does not have?
fn has_infinity(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| matches!(word, "Infinity" | "NaN"))
}

#[test]
fn published_configurations_read_unless_they_hold_infinity() {
    let is_config = |name: &str| name == "config.json" || name.ends_with("_config.json");
    let Some(files) = published(&["configs", "hf_configs"], is_config) else {
        return;
    };
    let mut refused = 0;
    for path in &files {
        let (file, name) = open(path);
        let text = String::from_utf8_lossy(&file.0).into_owned();
        match config::read(&file, &name) {
            Ok(reading) => {
                assert!(!reading.observations.is_empty(), "{name}");
                assert!(!has_infinity(&text), "{name}");
            }
            Err(error) => {
                assert!(matches!(error, ReadError::NotFinite { .. }), "{error}");
                assert!(has_infinity(&text), "{error}");
                refused += 1;
            }
        }
    }
    assert!(
        files.len() >= 80 && refused < files.len() / 10,
        "{refused} refused"
    );
}

#[test]
fn published_trainer_states_read() {
    let Some(files) = published(&["hf_trainer"], |name| name == "trainer_state.json") else {
        return;
    };
    for path in files {
        let (file, name) = open(&path);
        let state = trainer_state::read(&file, &name).unwrap_or_else(|e| panic!("{e}"));
        assert!(state.global_step.is_some(), "{name}");
    }
}

#[test]
fn published_adapters_read_or_are_refused_by_their_kind() {
    let Some(files) = published(&["hf_trainer"], |name| name == "adapter_config.json") else {
        return;
    };
    for path in files {
        let (file, name) = open(&path);
        let text = String::from_utf8_lossy(&file.0).into_owned();
        match adapter::read_config(&file, &name) {
            Ok(config) => assert!(config.rank.is_some(), "{name}"),
            Err(error) => {
                assert_eq!(error.code(), "adapter-kind", "{error}");
                assert!(!text.contains("\"LORA\""), "{error}");
            }
        }
    }
}

/// Kinds that the library of adapters knows, and that are not read here.
/// Source: `peft.utils.peft_types.PeftType`, release 0.21.2.
#[test]
fn adapters_of_other_kinds_are_refused_by_name() {
    for kind in [
        "ADALORA",
        "BOFT",
        "FOURIERFT",
        "HRA",
        "IA3",
        "LOHA",
        "LOKR",
        "OFT",
        "RANDLORA",
        "TRAINABLE_TOKENS",
        "VERA",
        "XLORA",
    ] {
        let text = format!(r#"{{"peft_type": "{kind}", "r": 8}}"#);
        let error = adapter::read_config(&Memory(text.into_bytes()), "a").unwrap_err();
        assert_eq!(error.code(), "adapter-kind");
        assert!(error.to_string().contains(kind), "{error}");
    }
}
