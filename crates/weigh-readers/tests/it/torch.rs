//! Checkpoints that PyTorch wrote, against what was in memory when it wrote them.
//! `fixtures/make_torch.py` makes both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use weigh_facts::{Observed, TensorSeen};
use weigh_readers::pickle::Verdict;
use weigh_readers::torch::{self, Checkpoint, Contents, Layout};
use weigh_readers::{Memory, MemoryTree, ReadError, distributed};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/torch")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).expect("the fixture is there")
}

fn read(name: &str) -> Checkpoint {
    torch::read(&Memory(bytes(name)), name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn expected() -> Value {
    serde_json::from_slice(&bytes("expected.json")).expect("JSON")
}

/// Type and shape by name, with PyTorch's names of types.
type Seen = BTreeMap<String, (String, Vec<u64>)>;

fn wanted(expected: &Value) -> Seen {
    let Some(tensors) = expected.as_object() else {
        return Seen::new();
    };
    let shape = |value: &Value| {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|d| d.as_u64().unwrap())
            .collect()
    };
    let seen = |value: &Value| (value[0].as_str().unwrap().to_owned(), shape(&value[1]));
    tensors
        .iter()
        .map(|(name, value)| (name.clone(), seen(value)))
        .collect()
}

fn found<'t>(tensors: impl Iterator<Item = &'t TensorSeen>) -> Seen {
    tensors
        .map(|t| {
            (
                t.name.clone(),
                (theirs(t.dtype.as_str()).to_owned(), t.shape.clone()),
            )
        })
        .collect()
}

/// Their name of one of our types; quantized ones are stored as what they are quantized to.
fn theirs(ours: &str) -> &str {
    match ours {
        "BOOL" => "bool",
        "U8" => "uint8",
        "I8" => "int8",
        "U16" => "uint16",
        "I16" => "int16",
        "U32" => "uint32",
        "I32" => "int32",
        "U64" => "uint64",
        "I64" => "int64",
        "F16" => "float16",
        "BF16" => "bfloat16",
        "F32" => "float32",
        "F64" => "float64",
        "C32" => "complex32",
        "C64" => "complex64",
        "C128" => "complex128",
        "F8_E4M3" => "float8_e4m3fn",
        "F8_E4M3FNUZ" => "float8_e4m3fnuz",
        "F8_E5M2" => "float8_e5m2",
        "F8_E5M2FNUZ" => "float8_e5m2fnuz",
        "F8_E8M0" => "float8_e8m0fnu",
        other => panic!("no fixture has {other}"),
    }
}

fn plain(mut seen: Seen) -> Seen {
    for (dtype, _) in seen.values_mut() {
        *dtype = dtype.strip_prefix('q').map_or(dtype.clone(), str::to_owned);
    }
    seen
}

#[test]
fn what_pytorch_wrote_is_read_as_it_was() {
    let expected = expected();
    for name in [
        "zip.pt",
        "protocol5.pt",
        "legacy.pth",
        "kinds.pt",
        "kinds_legacy.pt",
        "shared.pt",
        "shared_legacy.pt",
        "lightning.ckpt",
        "script.pt",
    ] {
        let checkpoint = read(name);
        assert_eq!(checkpoint.verdict, Verdict::Clean, "{name}");
        let contents = checkpoint.trusted().expect("clean");
        let want = &expected[name];
        let tensors = found(contents.tensors.iter().map(|t| &t.seen));
        assert_eq!(tensors, plain(wanted(&want["tensors"])), "{name}");
        let optimizer = found(contents.optimizer.iter().map(|t| &t.seen));
        assert_eq!(optimizer, plain(wanted(&want["optimizer"])), "{name}");
        if name != "script.pt" {
            assert_eq!(
                Some(contents.stored_bytes()),
                want["stored_bytes"].as_u64(),
                "{name}"
            );
        }
        assert_eq!(contents.has_optimizer, name == "lightning.ckpt");
    }
}

#[test]
fn ties_and_views_count_once() {
    for name in ["shared.pt", "shared_legacy.pt"] {
        let checkpoint = read(name);
        let contents = checkpoint.trusted().unwrap();
        let own: Vec<&str> = (contents.tensors.iter().filter(|t| !t.is_alias))
            .map(|t| t.seen.name.as_str())
            .collect();
        assert_eq!(own, ["embed", "part", "spread"], "{name}");
        assert_eq!(contents.elements(), 24 + 4 + 1000);
        assert_eq!(contents.stored_bytes(), 4 * (24 + 10 + 1));
        assert_eq!(
            contents.shared(),
            [["embed", "head", "transposed", "row", "column"]]
        );
    }
}

#[test]
fn a_training_checkpoint_says_that_it_is_one() {
    let checkpoint = read("lightning.ckpt");
    let contents = checkpoint.trusted().unwrap();
    assert_eq!(contents.prefix, "state_dict");
    let weights = contents.weights();
    assert!(weights.iter().any(|t| t.name == "0.weight"));
    assert_eq!(contents.optimizer.len(), 18);
    let value = |key: &str| contents.reading.get(key).map(|o| o.value.clone());
    assert_eq!(value("epoch"), Some(Observed::Number(3_u64.into())));
    assert_eq!(value("global_step"), Some(Observed::Number(120_u64.into())));
    assert_eq!(
        value("hyper_parameters.lr"),
        Some(Observed::Number("0.5".parse().unwrap()))
    );
    assert!(
        matches!(value("hyper_parameters.betas"), Some(Observed::List(list)) if list.len() == 2)
    );
    assert!(
        value("optimizer_states.0.param_groups.0.lr").is_none(),
        "too deep"
    );
}

#[test]
fn an_archive_says_how_it_was_written() {
    let checkpoint = read("zip.pt");
    assert_eq!(checkpoint.layout, Layout::Zip);
    assert_eq!(checkpoint.metadata["byteorder"], "little");
    assert_eq!(checkpoint.metadata[".storage_alignment"], "64");
    assert!(checkpoint.warnings.is_empty(), "{:?}", checkpoint.warnings);
    let legacy = read("legacy.pth");
    assert_eq!(
        (legacy.layout, legacy.metadata["byteorder"].as_str()),
        (Layout::Legacy, "little")
    );
}

#[test]
fn names_that_nobody_vouches_for_leave_no_trusted_tensors() {
    let names = |name: &str| {
        let checkpoint = read(name);
        assert!(matches!(checkpoint.verdict, Verdict::Unknown(_)), "{name}");
        assert_eq!(checkpoint.trusted().unwrap_err().code(), "pickle-unknown");
        let seen = checkpoint
            .untrusted()
            .map_or(0, |contents| contents.tensors.len());
        assert!(seen > 0, "{name} can be looked at all the same");
        let suspects = checkpoint.verdict.suspects().iter();
        suspects
            .map(|suspect| suspect.what.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("namespace.pt"), ["argparse.Namespace"]);
    assert!(names("module.pt").contains(&"torch.nn.modules.linear.Linear".to_owned()));
}

#[test]
fn a_program_inside_is_reported_and_its_weights_are_read() {
    let script = read("script.pt");
    assert_eq!(script.layout, Layout::TorchScript);
    assert!(script.code_inside.iter().any(|name| name.ends_with(".py")));
    let frozen = read("frozen.pt");
    let contents = frozen.trusted().unwrap();
    assert!(
        contents.elements() >= 6 + 3 + 6 + 2,
        "frozen weights are constants"
    );
    assert!(
        contents
            .tensors
            .iter()
            .all(|t| t.seen.name.starts_with("constants."))
    );
}

fn tree() -> MemoryTree {
    let files = std::fs::read_dir(folder().join("dcp")).expect("the fixture is there");
    let file = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        (format!("step-3/{name}"), std::fs::read(&path).unwrap())
    };
    MemoryTree(files.map(|entry| file(entry.unwrap().path())).collect())
}

fn dcp(tree: &MemoryTree) -> Result<distributed::Distributed, ReadError> {
    distributed::read(tree, "step-3", "step-3/.metadata")
}

#[test]
fn a_distributed_checkpoint_is_read_from_its_metadata() {
    let tree = tree();
    assert!(distributed::is_distributed(&tree, "step-3").unwrap());
    assert!(!distributed::is_distributed(&tree, "").unwrap());
    let read = dcp(&tree).unwrap();
    assert_eq!(read.verdict, Verdict::Clean);
    let pieces = read.trusted().unwrap();
    let want = &expected()["dcp"];
    assert_eq!(found(pieces.tensors.iter()), wanted(&want["tensors"]));
    assert_eq!(found(pieces.optimizer.iter()), wanted(&want["optimizer"]));
    assert!(pieces.others.contains(&"step".to_owned()));
    assert_eq!(pieces.files.len(), 1);
}

#[test]
fn a_distributed_checkpoint_is_held_to_its_files() {
    let file = "step-3/__0_0.distcp";
    let mut gone = tree();
    let piece = gone.0.remove(file).unwrap();
    assert_eq!(dcp(&gone).unwrap_err().code(), "distributed-checkpoint");
    let mut short = tree();
    short
        .0
        .insert(file.to_owned(), piece[..piece.len() - 1].to_vec());
    assert_eq!(dcp(&short).unwrap_err().code(), "distributed-checkpoint");
    let mut more = tree();
    more.0.insert("step-3/__1_0.distcp".to_owned(), piece);
    assert_eq!(dcp(&more).unwrap_err().code(), "distributed-checkpoint");
    let mut cut = tree();
    let metadata = cut.0.get_mut("step-3/.metadata").unwrap();
    metadata.pop();
    assert_eq!(
        dcp(&cut).unwrap().trusted().unwrap_err().code(),
        "pickle-incomplete"
    );
}

#[test]
fn ranks_of_megatron_are_refused_and_not_half_read() {
    let files = [
        ("latest_checkpointed_iteration.txt", "100"),
        ("iter_0000100/mp_rank_00/model_optim_rng.pt", ""),
        ("iter_0000100/mp_rank_01/model_optim_rng.pt", ""),
    ];
    let file = |(name, text): (&str, &str)| (name.to_owned(), text.as_bytes().to_vec());
    let tree = MemoryTree(files.into_iter().map(file).collect());
    assert!(distributed::is_megatron(&tree, "").unwrap());
    assert!(!distributed::is_megatron(&self::tree(), "step-3").unwrap());
    let error = distributed::read(&tree, "", ".").unwrap_err();
    assert_eq!(error.code(), "distributed-checkpoint");
    assert!(error.to_string().contains("2 ranks"), "{error}");
}

#[test]
fn pairs_of_python_2_are_keys() {
    // `OrderedDict([['a', storage], ['b', 1]])` before the old layout's storages.
    let storage = b"(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x01NtQ";
    let pairs = [
        &b"\x80\x02ccollections\nOrderedDict\n](](U\x01a"[..],
        storage,
        b"e](U\x01bK\x01ee\x85R.",
    ];
    let head = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
    let tail = b"\x80\x02]U\x010a.\x01\0\0\0\0\0\0\0\0\0\0\0";
    let file = [&head[..], &pairs.concat(), tail].concat();
    let checkpoint = torch::read(&Memory(file), "old.pth").unwrap();
    let contents = checkpoint.trusted().unwrap();
    assert_eq!(contents.tensors[0].seen.name, "a");
    assert!(contents.reading.get("b").is_some());
}

#[test]
fn keys_that_are_no_names_are_told_apart() {
    let storage = b"(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x01NtQ";
    let parts = [
        &b"\x80\x02}()"[..],
        storage,
        b"(K\x01K\x02t",
        storage,
        b"K\x07",
        storage,
        b"u.",
    ];
    let head = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
    let tail = b"\x80\x02]U\x010a.\x01\0\0\0\0\0\0\0\0\0\0\0";
    let file = [&head[..], &parts.concat(), tail].concat();
    let checkpoint = torch::read(&Memory(file), "keys.pth").unwrap();
    let contents = checkpoint.trusted().unwrap();
    let names: Vec<&str> = contents
        .tensors
        .iter()
        .map(|t| t.seen.name.as_str())
        .collect();
    assert_eq!(names, ["?0", "?1", "7"]);
    assert_eq!(contents.elements(), 1);
}

/// Every prefix of a file, and every file with one byte changed: never clean with other shapes.
#[test]
fn no_damage_makes_another_model() {
    let shapes = |contents: &Contents| found(contents.tensors.iter().map(|t| &t.seen));
    for name in ["legacy.pth", "shared.pt", "shared_legacy.pt"] {
        let bytes = bytes(name);
        for cut in 0..bytes.len() {
            let read = torch::read(&Memory(bytes[..cut].to_vec()), name);
            assert!(
                read.is_err() || read.unwrap().trusted().is_err(),
                "{name} cut at {cut}"
            );
        }
        let sound = shapes(read(name).trusted().unwrap());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x04;
            let Ok(read) = torch::read(&Memory(changed), name) else {
                continue;
            };
            // A changed letter of a key or digit of a shape is another sound file of this format,
            // which has no checksum that must hold; what it may not do is look into nothing.
            if let Ok(contents) = read.trusted() {
                assert!(shapes(contents).len() <= sound.len(), "{name} at {at}");
                for tensor in &contents.tensors {
                    assert!(tensor.storage < contents.storages.len());
                }
            }
        }
    }
}

#[test]
fn shards_are_held_to_their_index() {
    let index = |shard: &str| {
        let names = [
            "0.weight",
            "0.bias",
            "1.weight",
            "1.bias",
            "1.running_mean",
            "1.running_var",
        ];
        let more = ["1.num_batches_tracked", "2.weight", "2.bias"];
        let map: Vec<String> = (names.iter().chain(&more))
            .map(|name| format!("\"{name}\":\"{shard}\""))
            .collect();
        let text = format!("{{\"weight_map\":{{{}}}}}", map.join(","));
        let file = Memory(text.into_bytes());
        weigh_readers::safetensors::read_index(&file, "pytorch_model.bin.index.json").unwrap()
    };
    let shards = |name: &str| vec![("a.bin".to_owned(), read(name))];
    assert_eq!(
        torch::check_shards(&index("a.bin"), &shards("zip.pt")),
        Ok(vec![])
    );
    let code = |shard: &str, name: &str| {
        torch::check_shards(&index(shard), &shards(name))
            .unwrap_err()
            .code()
    };
    assert_eq!(code("b.bin", "zip.pt"), "shard-mismatch");
    assert_eq!(code("a.bin", "shared.pt"), "shard-mismatch");
    assert_eq!(code("a.bin", "namespace.pt"), "pickle-unknown");
}

#[test]
fn other_files_are_refused_with_what_they_are() {
    let code = |bytes: &[u8]| match torch::read(&Memory(bytes.to_vec()), "a.bin") {
        Err(error) => error.code(),
        Ok(checkpoint) => checkpoint.verdict.as_str(),
    };
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    assert_eq!(code(&tar), "torch-tar");
    assert_eq!(code(b""), "empty-file");
    assert_eq!(code(b"hello, this is text"), "torch-checkpoint");
    assert_eq!(code(b"\x80\x02}."), "torch-checkpoint");
    assert_eq!(code(b"\x80\x02cos\nsystem\n."), "dangerous");
    assert_eq!(code(b"cos\nsystem\n."), "dangerous");
    assert_eq!(code(b"\x80\x02}"), "incomplete");
}
