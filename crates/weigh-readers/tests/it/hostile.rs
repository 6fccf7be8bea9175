//! Every folder of `fixtures/hostile`, by the reader of its files.
//!
//! Readers say what stands in a file: a width of -16 is read here, and refused where sizes are
//! given a meaning. `read` marks those.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use weigh_readers::adapter::{self, Adapter};
use weigh_readers::safetensors::{read_header, read_index};
use weigh_readers::{Memory, MemoryTree, ReadError, config, gguf, npy, onnx, torch, trainer_state};

const EXPECTED: &[(&str, &str)] = &[
    ("adapter-base-path", "read"),
    ("adapter-no-rank", "read"),
    ("adapter-rank-contradicts", "adapter-conflict"),
    ("config-deep", "too-deep"),
    ("config-duplicate-keys", "duplicate-key"),
    ("config-empty", "empty-file"),
    ("config-fraction", "read"),
    ("config-huge-depth", "read"),
    ("config-huge-integer", "read"),
    ("config-infinity", "not-finite"),
    ("config-more-experts-used-than-there", "read"),
    ("config-nan", "not-finite"),
    ("config-negative-width", "read"),
    ("config-no-shape", "read"),
    ("config-not-an-object", "not-an-object"),
    ("config-not-utf8", "not-utf8"),
    ("config-string-number", "read"),
    ("config-truncated", "truncated-json"),
    ("config-unknown-type", "read"),
    ("config-zero-heads", "read"),
    ("gguf-alignment-huge", "gguf-header"),
    ("gguf-alignment-odd", "gguf-header"),
    ("gguf-alignment-text", "gguf-header"),
    ("gguf-alignment-zero", "gguf-header"),
    ("gguf-array-2-61", "gguf-header"),
    ("gguf-array-deep", "too-deep"),
    ("gguf-block-across-rows", "tensor-shape"),
    ("gguf-bool-2", "gguf-header"),
    ("gguf-bytes-overflow", "tensor-shape"),
    ("gguf-cut-in-data", "gguf-truncated"),
    ("gguf-cut-in-keys", "gguf-truncated"),
    ("gguf-data-without-tensors", "gguf-header"),
    ("gguf-dimension-negative", "tensor-shape"),
    ("gguf-duplicate-name", "duplicate-tensor"),
    ("gguf-empty", "empty-file"),
    ("gguf-five-bytes", "gguf-truncated"),
    ("gguf-half-a-block", "tensor-shape"),
    ("gguf-hole", "tensor-range"),
    ("gguf-hole-first", "tensor-range"),
    ("gguf-key-empty", "gguf-header"),
    ("gguf-key-not-utf8", "not-utf8"),
    ("gguf-key-past-end", "gguf-truncated"),
    ("gguf-key-twice", "duplicate-key"),
    ("gguf-keys-2-62", "gguf-header"),
    ("gguf-name-empty", "gguf-header"),
    ("gguf-name-past-end", "gguf-truncated"),
    ("gguf-not-gguf", "gguf-header"),
    ("gguf-offset-2-64", "tensor-range"),
    ("gguf-offset-not-aligned", "tensor-range"),
    ("gguf-overlap", "tensor-range"),
    ("gguf-overlap-a-little", "tensor-range"),
    ("gguf-part-count-lies", "shard-mismatch"),
    ("gguf-part-missing", "shard-mismatch"),
    ("gguf-part-number-lies", "shard-mismatch"),
    ("gguf-part-tensor-twice", "shard-mismatch"),
    ("gguf-part-tensors-lie", "shard-mismatch"),
    ("gguf-rank-2-32", "tensor-shape"),
    ("gguf-rank-5", "tensor-shape"),
    ("gguf-retired-type", "unknown-element-type"),
    ("gguf-shape-overflow", "tensor-shape"),
    ("gguf-string-2-63", "gguf-truncated"),
    ("gguf-tensors-2-62", "gguf-header"),
    ("gguf-tensors-more-than-fit", "gguf-header"),
    ("gguf-trailing-bytes", "gguf-header"),
    ("gguf-unknown-type", "unknown-element-type"),
    ("gguf-value-type-13", "gguf-header"),
    ("gguf-version-4", "gguf-header"),
    ("index-absolute", "index-path"),
    ("index-backslash", "index-path"),
    ("index-claims", "read, false-total-size"),
    ("index-extra-shard", "shard-mismatch"),
    ("index-missing-shard", "shard-mismatch"),
    ("index-outside", "index-path"),
    ("index-tensor-elsewhere", "shard-mismatch"),
    ("index-tensor-twice", "shard-mismatch"),
    ("numpy-archive-empty", "numpy-array"),
    ("numpy-archive-object", "numpy-object"),
    ("numpy-archive-other", "numpy-array"),
    ("numpy-archive-outside", "zip-name"),
    ("numpy-archive-twice", "zip-duplicate"),
    ("numpy-code", "numpy-array"),
    ("numpy-empty", "empty-file"),
    ("numpy-header-past-end", "numpy-array"),
    ("numpy-key-twice", "numpy-array"),
    ("numpy-negative", "numpy-array"),
    ("numpy-not-numpy", "numpy-array"),
    ("numpy-object", "numpy-object"),
    ("numpy-rank-9", "numpy-array"),
    ("numpy-records", "numpy-array"),
    ("numpy-shape-overflow", "tensor-shape"),
    ("numpy-text", "unknown-element-type"),
    ("numpy-trailing-bytes", "tensor-range"),
    ("numpy-truncated", "tensor-range"),
    ("numpy-version-4", "numpy-array"),
    ("numpy-zero-times-huge", "tensor-shape"),
    ("onnx-bytes-twice", "onnx-model"),
    ("onnx-constant-takes-name", "duplicate-tensor"),
    ("onnx-deep", "too-deep"),
    ("onnx-deep-lies", "onnx-truncated"),
    ("onnx-duplicate-name", "duplicate-tensor"),
    ("onnx-empty", "empty-file"),
    ("onnx-external-absolute", "onnx-external"),
    ("onnx-external-backslash", "onnx-external"),
    ("onnx-external-drive", "onnx-external"),
    ("onnx-external-empty-path", "onnx-external"),
    ("onnx-external-inside-out", "onnx-external"),
    ("onnx-external-length-lies", "onnx-external"),
    ("onnx-external-missing", "unreadable"),
    ("onnx-external-negative-offset", "onnx-external"),
    ("onnx-external-not-said", "onnx-model"),
    ("onnx-external-offset-2-64", "onnx-external"),
    ("onnx-external-overlap", "onnx-external"),
    ("onnx-external-parent", "onnx-external"),
    ("onnx-external-past-end", "onnx-external"),
    ("onnx-fewer-bytes", "tensor-range"),
    ("onnx-field-past-message", "onnx-model"),
    ("onnx-group", "onnx-model"),
    ("onnx-length-2-63", "onnx-truncated"),
    ("onnx-list-of-another-type", "tensor-range"),
    ("onnx-list-too-short", "tensor-range"),
    ("onnx-negative-dimension", "tensor-shape"),
    ("onnx-no-graph", "onnx-model"),
    ("onnx-no-name", "onnx-model"),
    ("onnx-no-numbers", "tensor-range"),
    ("onnx-no-type", "unknown-element-type"),
    ("onnx-no-version", "onnx-model"),
    ("onnx-not-onnx", "onnx-model"),
    ("onnx-rank-9", "onnx-model"),
    ("onnx-raw-and-list", "tensor-range"),
    ("onnx-segment", "onnx-model"),
    ("onnx-shape-overflow", "tensor-shape"),
    ("onnx-sparse-without-places", "onnx-model"),
    ("onnx-text", "onnx-model"),
    ("onnx-truncated", "onnx-truncated"),
    ("onnx-two-graphs", "onnx-model"),
    ("onnx-type-twice", "onnx-model"),
    ("onnx-unknown-type", "unknown-element-type"),
    ("onnx-varint-11-bytes", "onnx-model"),
    ("onnx-version-2-63", "onnx-model"),
    ("safetensors-begin-after-end", "tensor-range"),
    ("safetensors-deeper-than-config", "read"),
    ("safetensors-duplicate-name", "duplicate-tensor"),
    ("safetensors-empty", "empty-file"),
    ("safetensors-end-past-file", "tensor-range"),
    ("safetensors-four-bytes", "safetensors-header"),
    ("safetensors-half-a-byte", "tensor-shape"),
    ("safetensors-header-2-63", "safetensors-header"),
    ("safetensors-header-no-length", "safetensors-header"),
    ("safetensors-header-not-json", "safetensors-header"),
    ("safetensors-header-past-end", "safetensors-header"),
    ("safetensors-hole", "tensor-range"),
    ("safetensors-negative-offset", "safetensors-header"),
    ("safetensors-overlap", "tensor-range"),
    ("safetensors-rank-9", "tensor-shape"),
    ("safetensors-shape-overflow", "tensor-shape"),
    ("safetensors-size-mismatch", "tensor-range"),
    ("safetensors-terminal-escape", "read"),
    ("safetensors-trailing-bytes", "safetensors-header"),
    ("safetensors-unknown-dtype", "unknown-element-type"),
    ("safetensors-zero-times-huge", "tensor-shape"),
    ("torch-bomb", "zip-bomb"),
    ("torch-broken-behind-payload", "pickle-dangerous"),
    ("torch-bytes-behind", "pickle-incomplete"),
    ("torch-circle", "pickle-incomplete"),
    ("torch-class-changed", "pickle-unknown"),
    ("torch-computed", "pickle-unknown"),
    ("torch-cut-off-pickle", "pickle-incomplete"),
    ("torch-dotted", "pickle-unknown"),
    ("torch-encrypted", "zip-unsupported"),
    ("torch-entries-lie", "zip-structure"),
    ("torch-getattr", "pickle-dangerous"),
    ("torch-inst", "pickle-dangerous"),
    ("torch-larger-than-storage", "tensor-range"),
    ("torch-laughs", "pickle-incomplete"),
    ("torch-legacy-lies", "torch-checkpoint"),
    ("torch-legacy-payload", "pickle-dangerous"),
    ("torch-load-inside", "pickle-dangerous"),
    ("torch-local-name", "zip-entry"),
    ("torch-local-size", "zip-entry"),
    ("torch-memo", "pickle-dangerous"),
    ("torch-memo-again", "pickle-dangerous"),
    ("torch-name-outside", "zip-name"),
    ("torch-os-system", "pickle-dangerous"),
    ("torch-other-pickle", "pickle-dangerous"),
    ("torch-overlap", "zip-entry"),
    ("torch-pickle-twice", "zip-duplicate"),
    ("torch-pickle-twice-by-case", "zip-duplicate"),
    ("torch-polyglot", "torch-checkpoint"),
    ("torch-prepended", "zip-entry"),
    ("torch-resolve-name", "pickle-dangerous"),
    ("torch-second-pickle", "pickle-dangerous"),
    ("torch-shape-list", "tensor-shape"),
    ("torch-shape-overflow", "tensor-shape"),
    ("torch-storage-lies", "torch-checkpoint"),
    ("torch-storage-missing", "torch-checkpoint"),
    ("torch-storage-unnamed", "torch-checkpoint"),
    ("torch-tar", "torch-tar"),
    ("torch-tensor-changed", "tensor-shape"),
    ("torch-trailing", "zip-structure"),
    ("torch-truncated", "zip-structure"),
    ("torch-two-folders", "torch-checkpoint"),
    ("torch-unlisted", "pickle-unknown"),
    ("torch-unset-memo", "pickle-incomplete"),
    ("torch-zip64-lies", "zip-structure"),
    ("trainer-fewer-tokens-than-logged", "trainer-state"),
    ("trainer-log-not-a-list", "trainer-state"),
    ("trainer-negative-tokens", "trainer-state"),
    ("trainer-truncated", "truncated-json"),
];

#[test]
fn every_trick_is_seen_by_the_reader_it_is_played_on() {
    let found: BTreeMap<String, String> = std::fs::read_dir(hostile())
        .expect("the fixtures are there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .map(|path| (name(&path), verdict(&path)))
        .collect();
    let expected: BTreeMap<String, String> = EXPECTED
        .iter()
        .map(|(folder, code)| ((*folder).to_owned(), (*code).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn refusals_name_what_they_refuse() {
    let says = |folder: &str| {
        fault(&hostile().join(folder))
            .expect_err("refused")
            .to_string()
    };
    assert!(says("config-duplicate-keys").contains("`hidden_size`"));
    let overlap = says("safetensors-overlap");
    assert!(
        overlap.contains("`a`") && overlap.contains("`b`"),
        "{overlap}"
    );
    assert!(says("safetensors-trailing-bytes").contains("more belong to none"));
    assert!(says("index-tensor-twice").contains("model-00001-of-00002"));
    assert!(says("index-tensor-twice").contains("model-00002-of-00002"));
    assert!(says("index-missing-shard").contains("model-0000"));
    assert!(says("gguf-part-missing").contains("`model-00002-of-00002.gguf`"));
    assert!(says("gguf-retired-type").contains("type 4"));
    assert!(says("gguf-not-gguf").contains("`GGML`"));
    assert!(says("gguf-overlap").contains("`a`") && says("gguf-overlap").contains("`b`"));
    assert!(says("onnx-negative-dimension").contains("-4"));
    assert!(says("onnx-external-overlap").contains("`v`"));
    assert!(says("onnx-external-parent").contains("`../outside.data`"));
    let shown = says("config-not-utf8");
    assert!(shown.is_ascii(), "{shown}");
}

fn hostile() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/hostile")
}

fn name(path: &Path) -> String {
    let name = path.file_name().expect("a name");
    name.to_str().expect("a plain name").to_owned()
}

fn verdict(folder: &Path) -> String {
    match fault(folder) {
        Err(error) => error.code().to_owned(),
        Ok(warnings) => std::iter::once("read")
            .chain(warnings)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn open(path: &Path) -> Memory {
    Memory(std::fs::read(path).expect("the file is there"))
}

/// Reads all files of a folder, each by its reader; codes of warnings.
fn fault(folder: &Path) -> Result<Vec<&'static str>, ReadError> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let bytes = |path: &PathBuf| (name(path), open(path).0);
    let tree = MemoryTree(files.iter().map(bytes).collect());
    if let Some(model) = files.iter().find(|f| name(f).ends_with(".onnx")) {
        return onnx::read(&open(model), &tree, &name(model)).map(|_| Vec::new());
    }
    if let Some(part) = files
        .iter()
        .find(|f| gguf::PartName::parse(&name(f)).is_some())
    {
        return gguf::read_split(&tree, &name(part), &name(part)).map(|_| Vec::new());
    }
    let mut headers = Vec::new();
    let (mut index, mut declared, mut warnings) = (None, None, Vec::new());
    for path in &files {
        let (file, name) = (open(path), name(path));
        match name.as_str() {
            "config.json" => warnings.extend(config::read(&file, &name)?.warnings),
            "adapter_config.json" => declared = Some(adapter::read_config(&file, &name)?),
            "trainer_state.json" => {
                warnings.extend(trainer_state::read(&file, &name)?.reading.warnings);
            }
            _ if name.ends_with(".index.json") => index = Some(read_index(&file, &name)?),
            "model.gguf" => {
                gguf::read_header(&file, &name)?;
            }
            "model.npy" => drop(npy::read(&file, "model", &name)?),
            "model.npz" => drop(npy::read_archive(&file, &name)?),
            _ if name.ends_with(".safetensors") => {
                headers.push((name.clone(), read_header(&file, &name)?));
            }
            _ if name.ends_with(".bin") => {
                let checkpoint = torch::read(&file, &name)?;
                checkpoint.trusted()?;
                warnings.extend(checkpoint.warnings);
            }
            _ => panic!("no reader for {name}"),
        }
    }
    if let Some(index) = index {
        warnings.extend(index.check(&headers)?);
    }
    if let Some(declared) = declared {
        let tensors: Vec<_> = headers.into_iter().flat_map(|(_, h)| h.tensors).collect();
        let adapter = Adapter::new(declared, &tensors)?;
        assert!(!adapter.modules.is_empty());
    }
    Ok(warnings.into_iter().map(|w| w.code).collect())
}
