//! The versioned JSON of an inspection: `schemas/weighbridge.inspect-1.json`.

use serde::Serialize;
use weigh_compute::{HeaderVerdict, LeastDevices};
use weigh_facts::MoeSummary;
use weigh_ledger::resources::Order;
use weigh_station::{
    AdapterProfile, Component, DeviceRow, FolderDigests, Inspection, ModelProfile,
    Serving as ServingSheet,
};

use crate::chip_list::{WireBounds, WireTool};
use crate::json::escaped;

#[derive(Serialize)]
struct Wire<'a> {
    schema: &'static str,
    tool: WireTool,
    subject: &'a str,
    family: Option<&'a str>,
    declared: Option<&'a str>,
    parameters: Option<Parameters>,
    moe: Option<Moe>,
    adapter: Option<Adapter<'a>>,
    context_tokens: Option<u64>,
    kv_elements_per_token: Option<u64>,
    headers: Option<&'static str>,
    format: Option<WeightsWritten<'a>>,
    tensors: Vec<Tensors>,
    serving: Option<Serving>,
    training: Option<Training<'a>>,
    components: Vec<Part<'a>>,
    digests: Option<Digests<'a>>,
    assumptions: Vec<Taken<'a>>,
    warnings: Vec<Warned<'a>>,
    inputs: Vec<Input<'a>>,
}

#[derive(Serialize)]
struct Parameters {
    total: u64,
    active: Option<u64>,
    active_without_input_embedding: Option<u64>,
    input_embedding: u64,
    routed_experts: u64,
}

#[derive(Serialize)]
struct Moe {
    experts: u64,
    active: u64,
    sparse_layers: u64,
    routed: u64,
    shared: u64,
}

#[derive(Serialize)]
struct Adapter<'a> {
    kind: &'a str,
    parameters: Option<u64>,
    modules: u64,
    ranks: &'a [u64],
    declared_base: Option<&'a str>,
    dora: bool,
}

#[derive(Serialize)]
struct WeightsWritten<'a> {
    name: &'a str,
    optimizer_tensors: Option<u64>,
    optimizer_bytes: Option<u64>,
    pickle_names: Option<&'a [String]>,
    code_inside: &'a [String],
}

#[derive(Serialize)]
struct Tensors {
    dtype: &'static str,
    tensors: u64,
    elements: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct Taken<'a> {
    name: &'a str,
    value: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Warned<'a> {
    code: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct Input<'a> {
    path: &'a str,
    role: &'static str,
    bytes: u64,
    sha256: &'a str,
    header_only: bool,
}

pub(super) fn render(inspection: &Inspection) -> String {
    let text = serde_json::to_string_pretty(&wire(inspection));
    let mut text = escaped(&text.expect("wire structs have string keys only"));
    text.push('\n');
    text
}

fn wire(inspection: &Inspection) -> Wire<'_> {
    let model = inspection.model.as_ref();
    let architecture = model.map(|m| &m.architecture);
    let headers = model.and_then(|m| m.headers.as_ref());
    let tensors = inspection.tensors.iter().map(|t| Tensors {
        dtype: t.dtype.as_str(),
        tensors: t.tensors,
        elements: t.elements,
        bytes: t.bytes,
    });
    let assumptions = inspection.assumptions.iter().map(|a| Taken {
        name: &a.name,
        value: &a.value,
        reason: &a.reason,
    });
    let warnings = inspection.warnings.iter().map(|w| Warned {
        code: w.code,
        message: &w.message,
    });
    let inputs = inspection.inputs.iter().map(|i| Input {
        path: &i.path,
        role: i.role,
        bytes: i.bytes,
        sha256: &i.sha256,
        header_only: i.header_only,
    });
    Wire {
        schema: "weighbridge.inspect/1",
        tool: WireTool::this(),
        subject: &inspection.subject,
        family: architecture.map(|a| a.family.as_str()),
        declared: architecture.and_then(|a| a.declared.as_deref()),
        parameters: model.map(parameters),
        moe: model.and_then(|m| m.moe.as_ref()).map(moe),
        adapter: inspection.adapter.as_ref().map(adapter),
        context_tokens: architecture.and_then(|a| a.context_tokens),
        kv_elements_per_token: model.and_then(|m| m.kv_elements_per_token),
        headers: headers.map(|h| match h.verdict {
            HeaderVerdict::Agree => "agree",
            HeaderVerdict::AgreeWithExplanation => "agree-with-explanation",
            HeaderVerdict::Unknown => "unknown",
            HeaderVerdict::Conflict => "conflict",
        }),
        format: inspection.format.as_ref().map(|f| WeightsWritten {
            name: &f.name,
            optimizer_tensors: f.optimizer.map(|(n, _)| n),
            optimizer_bytes: f.optimizer.map(|(_, bytes)| bytes),
            pickle_names: f.pickle_names.as_deref(),
            code_inside: &f.code_inside,
        }),
        tensors: tensors.collect(),
        serving: inspection.serving.as_ref().map(serving),
        training: inspection.tunability.as_ref().map(training),
        components: inspection.components.iter().map(part).collect(),
        digests: inspection.digests.as_ref().map(digests),
        assumptions: assumptions.collect(),
        warnings: warnings.collect(),
        inputs: inputs.collect(),
    }
}

/// Tensor shapes alone do not say how many experts a token passes.
fn parameters(model: &ModelProfile) -> Parameters {
    let without_embedding = model.active_without_input_embedding.0;
    Parameters {
        total: model.total.0,
        active: model.from_config.then_some(model.active.0),
        active_without_input_embedding: model.from_config.then_some(without_embedding),
        input_embedding: model.input_embedding.0,
        routed_experts: model.routed_experts.0,
    }
}

fn moe(moe: &MoeSummary) -> Moe {
    Moe {
        experts: moe.experts,
        active: moe.active,
        sparse_layers: moe.sparse_layers,
        routed: moe.routed.0,
        shared: moe.shared.0,
    }
}

fn adapter(adapter: &AdapterProfile) -> Adapter<'_> {
    Adapter {
        kind: &adapter.kind,
        parameters: adapter.parameters.map(|p| p.0),
        modules: adapter.modules,
        ranks: &adapter.ranks,
        declared_base: adapter.declared_base.as_deref(),
        dora: adapter.dora,
    }
}

/// A part of a model that is made of several.
#[derive(Serialize)]
struct Part<'a> {
    name: &'a str,
    class: Option<&'a str>,
    error: Option<String>,
    inspection: Option<Box<Wire<'a>>>,
}

fn part(component: &Component) -> Part<'_> {
    let found = component.found.as_ref();
    Part {
        name: &component.name,
        class: component.class.as_deref(),
        error: found.err().map(|e| format!("[{}] {e}", e.code())),
        inspection: found
            .ok()
            .and_then(|f| f.as_deref())
            .map(|i| Box::new(wire(i))),
    }
}

/// What one inference pass needs. Bytes and operations are strings with every digit.
#[derive(Serialize)]
struct Serving {
    tokens: u64,
    cache_bits: u64,
    usable_percent: u64,
    reserve_bytes: u64,
    is_stored: bool,
    weights_bytes: String,
    active_weights_bytes: WireBounds,
    cache_bytes_per_token: String,
    cache_bytes: String,
    activation_bytes: String,
    operations_per_token: String,
    operations_of_prompt: String,
    devices: Vec<Device>,
}

#[derive(Serialize)]
struct Device {
    chip: String,
    name: String,
    memory_gb: Option<WireBounds>,
    least: Option<u64>,
    least_tensor_parallel: Option<u64>,
    least_power_of_two: Option<u64>,
    precision: Option<String>,
    token_ns: Option<String>,
    prompt_ns: Option<String>,
}

fn serving(sheet: &ServingSheet) -> Serving {
    let (need, options) = (&sheet.need, &sheet.options);
    Serving {
        tokens: options.length,
        cache_bits: options.cache_bits,
        usable_percent: options.usable_percent,
        reserve_bytes: options.reserve_bytes,
        is_stored: sheet.is_stored,
        weights_bytes: need.weights.to_string(),
        active_weights_bytes: WireBounds::of(&need.active_weights),
        cache_bytes_per_token: need.cache_per_token.to_string(),
        cache_bytes: need.cache.to_string(),
        activation_bytes: need.activations.to_string(),
        operations_per_token: need.token_operations.to_plain(),
        operations_of_prompt: need.prompt_operations.to_plain(),
        devices: sheet.devices.iter().map(device).collect(),
    }
}

fn device(row: &DeviceRow) -> Device {
    let least = |of: fn(&LeastDevices) -> Option<u64>| row.floor.devices.as_ref().and_then(of);
    Device {
        chip: row.id.clone(),
        name: row.name.clone(),
        memory_gb: row.memory_gb.as_ref().map(WireBounds::of),
        least: least(|d| d.any),
        least_tensor_parallel: least(|d| d.tensor_parallel),
        least_power_of_two: least(|d| d.power_of_two),
        precision: row.floor.rate.as_ref().map(|r| r.precision.clone()),
        token_ns: row.floor.token_ns.map(|n| n.to_string()),
        prompt_ns: row.floor.prompt_ns.map(|n| n.to_string()),
    }
}

#[derive(Serialize)]
struct Training<'a> {
    tunable: &'static str,
    reasons: &'a [String],
    full_bytes: Option<String>,
    adapter_rank: u64,
    adapter_parameters: Option<u64>,
    adapter_bytes: Option<String>,
}

fn training(found: &weigh_compute::Tunability) -> Training<'_> {
    Training {
        tunable: found.tunable.as_str(),
        reasons: &found.reasons,
        full_bytes: found.full_bytes.map(|n| n.to_string()),
        adapter_rank: weigh_compute::ADAPTER_RANK,
        adapter_parameters: found.adapter_parameters.map(|p| p.0),
        adapter_bytes: found.adapter_bytes.map(|n| n.to_string()),
    }
}

#[derive(Serialize)]
struct Digests<'a> {
    root_by_code_point: String,
    root_by_component: String,
    tensor_root: Option<String>,
    left_out: &'a [String],
    files: Vec<DigestedFile<'a>>,
}

#[derive(Serialize)]
struct DigestedFile<'a> {
    name: &'a str,
    bytes: u64,
    sha256: String,
    blake3: Option<String>,
    is_recorded: bool,
    tensors: Vec<DigestedTensor<'a>>,
}

#[derive(Serialize)]
struct DigestedTensor<'a> {
    name: &'a str,
    dtype: &'a str,
    shape: &'a [u64],
    blake3: String,
}

fn digests(found: &FolderDigests) -> Digests<'_> {
    let tensor = |t: &'_ weigh_ledger::tensors::TensorDigest| t.blake3.to_string();
    let file = |f: &'_ weigh_station::DigestedFile| (f.digest.sha256.to_string(), f.digest.blake3);
    let files = found.files.iter().map(|f| {
        let (sha256, blake3) = file(f);
        DigestedFile {
            name: &f.name,
            bytes: f.digest.len,
            sha256,
            blake3: blake3.map(|d| d.to_string()),
            is_recorded: f.is_recorded,
            tensors: f
                .tensors
                .iter()
                .map(|t| DigestedTensor {
                    name: &t.name,
                    dtype: &t.dtype,
                    shape: &t.shape,
                    blake3: tensor(t),
                })
                .collect(),
        }
    });
    Digests {
        root_by_code_point: found.resources.root(Order::CodePoint).to_string(),
        root_by_component: found.resources.root(Order::Component).to_string(),
        tensor_root: found.tensor_root.map(|d| d.to_string()),
        left_out: &found.left_out,
        files: files.collect(),
    }
}
