//! What is in an artifact: a compact sheet, or JSON.

use std::fmt::Write;

use serde::Serialize;
use weigh_compute::{HeaderMatch, HeaderVerdict};
use weigh_facts::MoeSummary;
use weigh_station::{AdapterProfile, Inspection, ModelProfile};

use crate::Format;
use crate::clean::clean;
use crate::json::escaped;
use crate::numbers::grouped;

/// Renders an inspection. HTML and Markdown show the text sheet as it is.
#[must_use]
pub fn render_inspection(inspection: &Inspection, format: Format) -> String {
    match format {
        Format::Json => json(inspection),
        Format::Text => sheet(inspection),
        Format::Markdown => format!("```text\n{}```\n", sheet(inspection)),
        Format::Html => page(&sheet(inspection)),
    }
}

fn page(sheet: &str) -> String {
    let escaped = sheet
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>weighbridge inspect</title>\
         <style>body{{font:15px/1.5 ui-monospace,monospace;max-width:60rem;margin:2rem auto;padding:0 1rem}}\
         pre{{white-space:pre-wrap}}</style></head>\n<body><pre>{escaped}</pre></body></html>\n"
    )
}

fn sheet(inspection: &Inspection) -> String {
    let mut out = format!("{}\n", clean(&inspection.subject));
    // Writing to a string cannot fail.
    if let Some(model) = &inspection.model {
        let _ = model_lines(&mut out, model);
    }
    if let Some(adapter) = &inspection.adapter {
        let _ = adapter_lines(&mut out, adapter);
    }
    if !inspection.tensors.is_empty() {
        out.push_str("  stored\n");
        for total in &inspection.tensors {
            let _ = writeln!(
                out,
                "    {:<10} {:>8} tensors  {:>20} elements  {:>20} bytes",
                total.dtype,
                grouped(total.tensors),
                grouped(total.elements),
                grouped(total.bytes)
            );
        }
    }
    for assumption in &inspection.assumptions {
        let _ = writeln!(
            out,
            "  taken for granted {} = {}: {}",
            clean(&assumption.name),
            clean(&assumption.value),
            clean(&assumption.reason)
        );
    }
    for warning in &inspection.warnings {
        let _ = writeln!(
            out,
            "  warning[{}] {}",
            warning.code,
            clean(&warning.message)
        );
    }
    for input in &inspection.inputs {
        let of = if input.header_only { " (header)" } else { "" };
        let _ = writeln!(
            out,
            "  read              {} {}{of}",
            input.sha256.get(..12).unwrap_or_default(),
            clean(&input.path)
        );
    }
    out
}

fn adapter_lines(out: &mut String, adapter: &AdapterProfile) -> std::fmt::Result {
    let dora = if adapter.dora {
        " with DoRA magnitudes"
    } else {
        ""
    };
    writeln!(out, "  adapter           {}{dora}", clean(&adapter.kind))?;
    let parameters = adapter.parameters.map_or_else(
        || "not known: its tensors are not here".to_owned(),
        |p| grouped(p.0),
    );
    writeln!(out, "  learned values    {parameters}")?;
    let ranks: Vec<String> = adapter.ranks.iter().map(u64::to_string).collect();
    if !ranks.is_empty() {
        let ranks = ranks.join(", ");
        writeln!(out, "  adapted modules   {}, rank {ranks}", adapter.modules)?;
    }
    let base = adapter.declared_base.as_deref();
    let base = base.map_or_else(|| "none declared".to_owned(), clean);
    writeln!(out, "  base              {base} (a claim; not followed)")
}

fn model_lines(out: &mut String, model: &ModelProfile) -> std::fmt::Result {
    let architecture = &model.architecture;
    let declared = architecture
        .declared
        .as_deref()
        .map_or_else(String::new, |d| format!(" ({})", clean(d)));
    writeln!(
        out,
        "  family            {}{declared}",
        clean(&architecture.family)
    )?;
    writeln!(out, "  parameters        {}", grouped(model.total.0))?;
    if model.from_config {
        writeln!(out, "  one token passes  {}", grouped(model.active.0))?;
        writeln!(
            out,
            "    without input embedding  {}",
            grouped(model.active_without_input_embedding.0)
        )?;
    }
    writeln!(
        out,
        "  input embedding   {}",
        grouped(model.input_embedding.0)
    )?;
    match &model.moe {
        Some(moe) => writeln!(
            out,
            "  experts           {} of {} in {} layers, {} parameters routed, {} shared",
            moe.active,
            moe.experts,
            moe.sparse_layers,
            grouped(moe.routed.0),
            grouped(moe.shared.0)
        )?,
        None if model.from_config => writeln!(out, "  experts           none: dense")?,
        None => writeln!(out, "  experts           not known: no configuration says")?,
    }
    for tower in architecture.towers.iter().filter(|t| t.depth > 0) {
        let groups: Vec<String> = tower
            .groups
            .iter()
            .map(|g| group(g.layers.len(), &g.name))
            .collect();
        writeln!(
            out,
            "  {:<17} {} layers: {}",
            format!("tower {}", clean(&tower.name)),
            tower.depth,
            groups.join(", ")
        )?;
    }
    if let Some(context) = architecture.context_tokens {
        writeln!(out, "  context           {} tokens", grouped(context))?;
    }
    if let Some(elements) = model.kv_elements_per_token {
        let elements = grouped(elements);
        writeln!(out, "  KV cache          {elements} elements per token")?;
    }
    writeln!(
        out,
        "  counts            {}",
        model
            .headers
            .as_ref()
            .map_or_else(|| alone(model).to_owned(), headers)
    )
}

fn group(layers: usize, name: &str) -> String {
    if name.is_empty() {
        format!("{layers} alike")
    } else {
        format!("{layers} {}", clean(name))
    }
}

fn alone(model: &ModelProfile) -> &'static str {
    if model.from_config {
        "from the configuration alone: no weights are here"
    } else {
        "from tensor shapes alone"
    }
}

fn headers(found: &HeaderMatch) -> String {
    let explained: Vec<String> = found
        .explained
        .iter()
        .map(|e| format!("{} ({} elements)", e.what, grouped(e.elements)))
        .collect();
    match found.verdict {
        HeaderVerdict::Agree => "configuration and tensor headers agree".to_owned(),
        HeaderVerdict::AgreeWithExplanation => {
            format!(
                "configuration and tensor headers agree, but for {}",
                explained.join(", ")
            )
        }
        HeaderVerdict::Unknown => {
            "the weights are packed in a way that is not covered: not compared".to_owned()
        }
        HeaderVerdict::Conflict => format!("CONFLICT: {} tensors differ", found.unexplained),
    }
}

#[derive(Serialize)]
struct Wire<'a> {
    schema: &'static str,
    subject: &'a str,
    family: Option<&'a str>,
    declared: Option<&'a str>,
    parameters: Option<Parameters>,
    moe: Option<Moe>,
    adapter: Option<Adapter<'a>>,
    context_tokens: Option<u64>,
    kv_elements_per_token: Option<u64>,
    headers: Option<&'static str>,
    tensors: Vec<Tensors>,
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

fn json(inspection: &Inspection) -> String {
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
        tensors: tensors.collect(),
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
