//! Whole processes, from start to answer, as a person at a prompt feels them.
//!
//! Run with `cargo bench -p weighbridge --bench cold`. Machines are noisy: compare within one run.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn main() {
    divan::main();
}

fn weigh(arguments: &[&str]) {
    let status = Command::new(env!("CARGO_BIN_EXE_weighbridge"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the binary starts");
    assert!(matches!(status.code(), Some(0 | 3)), "no answer: {status}");
}

fn anchor(name: &str) -> String {
    format!(
        "{}/../../examples/anchors/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// How much of the time is the process itself? The floor under the other figures.
#[divan::bench(sample_count = 50)]
fn peer_bare_process() {
    let status = Command::new("true").status().expect("`true` starts");
    assert!(status.success());
}

/// Does an answer on a configuration come at once?
/// Bar: 20 ms from a cold process, all rulebooks.
#[divan::bench(sample_count = 50)]
fn config_with_tokens() {
    let config = anchor("Llama-3.1-8B");
    weigh(&[
        "weigh",
        &config,
        "--tokens",
        "15e12",
        "--sequence-length",
        "8192",
        "--on",
        "2026-11-24",
    ]);
}

/// And on a large mixture of experts?
/// Bar: 20 ms from a cold process, all rulebooks.
#[divan::bench(sample_count = 50)]
fn config_of_a_mixture() {
    let config = anchor("DeepSeek-V3");
    weigh(&[
        "weigh",
        &config,
        "--tokens",
        "14.8e12",
        "--sequence-length",
        "4096",
        "--on",
        "2026-11-24",
    ]);
}

/// Does the sheet of a chip come at once, with its class in every vintage and 202 destinations?
/// Bar: 20 ms from a cold process, all rulebooks.
#[divan::bench(sample_count = 50)]
fn sheet_of_a_chip() {
    weigh(&["chip", "show", "H100", "--on", "2026-11-24"]);
}

/// And a drawing of all chips, each in its class?
/// Bar: 100 ms from a cold process.
#[divan::bench(sample_count = 20)]
fn drawing_of_all_chips() {
    weigh(&["chip", "scatter", "--on", "2026-11-24"]);
}

/// Can a checkpoint in 200 shards be weighed while one waits?
/// Bar: 100 ms from a cold process; the shape is Llama 3.1 405B, 1,138 tensors.
#[divan::bench(sample_count = 20)]
fn folder_of_200_shards(bencher: divan::Bencher) {
    let folder = Shards::make(200);
    let path = folder.path.display().to_string();
    bencher.bench_local(|| weigh(&["weigh", &path, "--on", "2026-11-24"]));
}

/// How long does the `safetensors` crate take to parse the same 200 headers, without counting or
/// assessing anything? The peer on the reading part, in this process.
#[divan::bench(sample_count = 20)]
fn peer_safetensors_crate_200_headers(bencher: divan::Bencher) {
    let folder = Shards::make(200);
    let paths: Vec<PathBuf> = folder.shards();
    bencher.bench_local(|| {
        let mut tensors = 0;
        for path in &paths {
            let mut file = fs::File::open(path).expect("the shard opens");
            let mut length = [0; 8];
            file.read_exact(&mut length).expect("eight bytes");
            let mut header =
                vec![0; usize::try_from(u64::from_le_bytes(length)).expect("a length")];
            file.read_exact(&mut header).expect("the header reads");
            let metadata: safetensors::tensor::Metadata =
                serde_json::from_slice(&header).expect("the header parses");
            tensors += metadata.tensors().len();
        }
        tensors
    });
}

/// A folder of sparse shards with real headers.
struct Shards {
    path: PathBuf,
    _guard: tempfile::TempDir,
}

impl Shards {
    const HIDDEN: u64 = 16_384;
    const HEADS: u64 = 128;
    const KV_HEADS: u64 = 8;
    const FFN: u64 = 53_248;
    const VOCABULARY: u64 = 128_256;
    const LAYERS: u64 = 126;

    fn tensors() -> Vec<(String, Vec<u64>)> {
        let kv = Self::HIDDEN / Self::HEADS * Self::KV_HEADS;
        let (h, f, v) = (Self::HIDDEN, Self::FFN, Self::VOCABULARY);
        let mut all = vec![("model.embed_tokens.weight".to_owned(), vec![v, h])];
        for layer in 0..Self::LAYERS {
            let mut add = |name: &str, shape: &[u64]| {
                all.push((
                    format!("model.layers.{layer}.{name}.weight"),
                    shape.to_vec(),
                ));
            };
            add("input_layernorm", &[h]);
            add("self_attn.q_proj", &[h, h]);
            add("self_attn.k_proj", &[kv, h]);
            add("self_attn.v_proj", &[kv, h]);
            add("self_attn.o_proj", &[h, h]);
            add("post_attention_layernorm", &[h]);
            add("mlp.gate_proj", &[f, h]);
            add("mlp.up_proj", &[f, h]);
            add("mlp.down_proj", &[h, f]);
        }
        all.push(("model.norm.weight".to_owned(), vec![h]));
        all.push(("lm_head.weight".to_owned(), vec![v, h]));
        all
    }

    fn make(shards: usize) -> Self {
        let guard = tempfile::tempdir().expect("a temporary folder");
        let path = guard.path().join("llama-405b");
        fs::create_dir(&path).expect("the folder is made");
        let tensors = Self::tensors();
        let per_shard = tensors.len().div_ceil(shards);
        let mut weight_map = serde_json::Map::new();
        for (index, chunk) in tensors.chunks(per_shard).enumerate() {
            let name = format!("model-{:05}-of-{shards:05}.safetensors", index + 1);
            write_shard(&path.join(&name), chunk);
            for (tensor, _) in chunk {
                weight_map.insert(tensor.clone(), name.clone().into());
            }
        }
        let index = serde_json::json!({ "metadata": {}, "weight_map": weight_map });
        fs::write(path.join("model.safetensors.index.json"), index.to_string())
            .expect("the index is written");
        let config = serde_json::json!({
            "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": Self::HIDDEN,
            "num_hidden_layers": Self::LAYERS, "num_attention_heads": Self::HEADS,
            "num_key_value_heads": Self::KV_HEADS, "intermediate_size": Self::FFN,
            "vocab_size": Self::VOCABULARY, "max_position_embeddings": 131_072,
            "tie_word_embeddings": false, "attention_bias": false, "mlp_bias": false,
        });
        fs::write(path.join("config.json"), config.to_string()).expect("the config is written");
        Self {
            path,
            _guard: guard,
        }
    }

    fn shards(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = fs::read_dir(&self.path)
            .expect("the folder lists")
            .map(|e| e.expect("an entry").path())
            .filter(|p| p.extension().is_some_and(|e| e == "safetensors"))
            .collect();
        paths.sort();
        paths
    }
}

fn write_shard(path: &Path, tensors: &[(String, Vec<u64>)]) {
    use std::io::Write;
    let mut offset = 0_u64;
    let mut header = serde_json::Map::new();
    for (name, shape) in tensors {
        let bytes = shape.iter().product::<u64>() * 2;
        let entry = serde_json::json!({
            "dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + bytes],
        });
        header.insert(name.clone(), entry);
        offset += bytes;
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut file = fs::File::create(path).expect("the shard is made");
    file.write_all(&(header.len() as u64).to_le_bytes())
        .expect("the length is written");
    file.write_all(header.as_bytes())
        .expect("the header is written");
    // Sparse: the data takes no room on the disk.
    file.set_len(8 + header.len() as u64 + offset)
        .expect("the file has its length");
}
