//! An inspection in words: groups of labeled lines and tables, which every format sets alike.

use weigh_compute::{
    ADAPTER_RANK, HeaderMatch, HeaderVerdict, LeastDevices, ServingNeed, Tunability, Tunable,
};
use weigh_facts::{Decimal, Operations, OperatorKind, Pairs, Part, Positions, Tower};
use weigh_station::{
    AdapterProfile, Component, DeviceRow, FolderDigests, Inspection, ModelProfile, Serving,
    WeightsFormat,
};

use crate::clean::clean;
use crate::numbers::{self, grouped};
use crate::{TOOL, VERSION};

pub(crate) struct Words {
    pub(crate) tool: String,
    pub(crate) title: String,
    /// One sentence below the title of a page.
    pub(crate) summary: &'static str,
    pub(crate) groups: Vec<Group>,
    /// What was taken for granted, what could not be used, what was read.
    pub(crate) notes: Vec<String>,
}

pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<(&'static str, String)>,
    pub(crate) tables: Vec<Table>,
}

pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) heads: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    /// Columns that hold words; the others hold figures.
    pub(crate) words: &'static [usize],
    /// How many columns a terminal has room for.
    pub(crate) narrow: usize,
}

impl Table {
    pub(crate) fn is_text(&self, column: usize) -> bool {
        self.words.contains(&column)
    }
}

impl Words {
    pub(crate) fn of(inspection: &Inspection) -> Self {
        let mut groups = Vec::new();
        if let Some(model) = &inspection.model {
            groups.push(model_group(model));
        }
        if let Some(adapter) = &inspection.adapter {
            groups.push(adapter_group(adapter));
        }
        groups.extend(components_group(&inspection.components));
        groups.extend(stored_group(inspection));
        let counted = inspection.model.as_ref().is_some_and(|m| m.from_config);
        match &inspection.serving {
            Some(serving) => groups.push(serving_group(serving)),
            None if counted => groups.push(no_serving_group()),
            None => {}
        }
        if let Some(tunability) = &inspection.tunability {
            groups.push(tuning_group(tunability));
        }
        if let Some(digests) = &inspection.digests {
            groups.push(digest_group(digests));
        }
        Self {
            tool: format!("{TOOL} {VERSION}"),
            title: clean(&inspection.subject),
            summary: "What is in the files, without training and without rules.",
            groups,
            notes: notes(inspection),
        }
    }
}

fn notes(inspection: &Inspection) -> Vec<String> {
    let taken = inspection.assumptions.iter().map(|a| {
        let (name, value, reason) = (clean(&a.name), clean(&a.value), clean(&a.reason));
        format!("taken for granted {name} = {value}: {reason}")
    });
    let warned = inspection.warnings.iter();
    let warned = warned.map(|w| format!("warning[{}] {}", w.code, clean(&w.message)));
    let read = inspection.inputs.iter().map(|input| {
        let of = if input.header_only { " (header)" } else { "" };
        let digest = input.sha256.get(..12).unwrap_or_default();
        format!("{:<18}{digest} {}{of}", "read", clean(&input.path))
    });
    taken.chain(warned).chain(read).collect()
}

fn model_group(model: &ModelProfile) -> Group {
    let architecture = &model.architecture;
    let declared = architecture.declared.as_deref();
    let declared = declared.map_or_else(String::new, |d| format!(" ({})", clean(d)));
    let mut rows = vec![
        (
            "family",
            format!("{}{declared}", clean(&architecture.family)),
        ),
        ("parameters", grouped(model.total.0)),
    ];
    if model.from_config {
        let without = grouped(model.active_without_input_embedding.0);
        rows.push(("one token passes", grouped(model.active.0)));
        rows.push(("  less embedding", without));
    }
    let embedding = match model.input_embedding.0 {
        0 if !model.from_config => "not seen".to_owned(),
        n => grouped(n),
    };
    rows.push(("input embedding", embedding));
    rows.push((
        "experts",
        match &model.moe {
            Some(moe) => format!(
                "{} of {} in {} layers, {} parameters routed, {} shared",
                moe.active,
                moe.experts,
                moe.sparse_layers,
                grouped(moe.routed.0),
                grouped(moe.shared.0)
            ),
            None if model.from_config => "none: dense".to_owned(),
            None => "not known: no configuration says".to_owned(),
        },
    ));
    for tower in architecture.towers.iter().filter(|t| t.depth > 0) {
        let groups = tower.groups.iter().map(|g| group(g.layers.len(), &g.name));
        let groups: Vec<String> = groups.collect();
        let groups = groups.join(", ");
        let name = clean(&tower.name);
        let passed = match &tower.positions {
            Positions::Tokens => String::new(),
            Positions::Input { described, .. } => format!("; for {}", clean(described)),
            Positions::TokensBeside { described, .. } => format!("; {}", clean(described)),
        };
        let depth = tower.depth;
        rows.push(("tower", format!("{name}, {depth} layers: {groups}{passed}")));
    }
    let several = architecture.towers.iter().filter(|t| t.depth > 0).count() > 1;
    for tower in &architecture.towers {
        let named = |words| match several {
            true => format!("{}: {words}", clean(&tower.name)),
            false => words,
        };
        rows.extend(attention(tower).map(|words| ("attention", named(words))));
        rows.extend(recurrence(tower).map(|words| ("recurrence", named(words))));
    }
    if let Some(context) = architecture.context_tokens {
        rows.push(("context", format!("{} tokens", grouped(context))));
    }
    let counts = model.headers.as_ref();
    rows.push((
        "counts",
        counts.map_or_else(|| alone(model).to_owned(), headers),
    ));
    Group {
        title: "Model",
        rows,
        tables: Vec::new(),
    }
}

/// Every kind of attention and how many layers have it.
fn attention(tower: &Tower) -> Option<String> {
    let mut kinds: Vec<(String, u64)> = Vec::new();
    for (operator, layers) in tower.operators() {
        let OperatorKind::Core {
            heads,
            d_qk,
            d_v,
            pairs,
            kv_elements,
        } = &operator.kind
        else {
            continue;
        };
        if operator.part == Part::MultiTokenPrediction {
            continue;
        }
        let kept = match kv_elements.checked_rem(d_qk.saturating_add(*d_v)) {
            Some(0) if *kv_elements == 0 => "no cache".to_owned(),
            Some(0) => format!("{} key-value heads", kv_elements / (d_qk + d_v)),
            _ => format!("a latent of {kv_elements}"),
        };
        let kind = format!("{heads} heads of {d_qk}, {kept}, {}", reach(pairs));
        add(&mut kinds, kind, layers);
    }
    listed(kinds)
}

fn reach(pairs: &Pairs) -> String {
    match pairs {
        Pairs::Causal => "all before".to_owned(),
        Pairs::CausalWindow { width } => format!("a window of {}", grouped(*width)),
        Pairs::Window { reach } => format!("{} on either side", grouped(*reach)),
        Pairs::Across { keys } => format!("{} positions of another input", grouped(*keys)),
        Pairs::Blocks { size } => format!("all in blocks of {}", grouped(*size)),
        Pairs::CausalChunks { size } => format!("all before in chunks of {}", grouped(*size)),
        Pairs::CausalBlocks { size, most } => {
            let chosen = most.map_or_else(
                || "one entry".to_owned(),
                |n| format!("at most {} entries, one", grouped(n)),
            );
            format!("{chosen} for each {} before", grouped(*size))
        }
        // Full, and what may come.
        _ => "all".to_owned(),
    }
}

/// What recurrences keep instead of a cache that grows.
fn recurrence(tower: &Tower) -> Option<String> {
    let mut kinds = Vec::new();
    for (operator, layers) in tower.operators() {
        if let OperatorKind::Scan { state, .. } = &operator.kind {
            add(
                &mut kinds,
                format!("a state of {} values", grouped(*state)),
                layers,
            );
        }
    }
    listed(kinds)
}

fn add(kinds: &mut Vec<(String, u64)>, kind: String, layers: u64) {
    match kinds.iter_mut().find(|(known, _)| *known == kind) {
        Some((_, n)) => *n += layers,
        None => kinds.push((kind, layers)),
    }
}

fn listed(kinds: Vec<(String, u64)>) -> Option<String> {
    let several = kinds.len() > 1;
    let words = kinds.into_iter().map(|(kind, layers)| match several {
        true => format!("{kind} ({layers} layers)"),
        false => kind,
    });
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join("; "))
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
    let explained = found.explained.iter();
    let explained = explained.map(|e| format!("{} ({} elements)", e.what, grouped(e.elements)));
    match found.verdict {
        HeaderVerdict::Agree => "configuration and tensor headers agree".to_owned(),
        HeaderVerdict::AgreeWithExplanation => format!(
            "configuration and tensor headers agree, but for {}",
            explained.collect::<Vec<_>>().join(", ")
        ),
        HeaderVerdict::Unknown => {
            "the weights are packed in a way that is not covered: not compared".to_owned()
        }
        HeaderVerdict::Conflict => format!("CONFLICT: {} tensors differ", found.unexplained),
    }
}

fn adapter_group(adapter: &AdapterProfile) -> Group {
    let dora = if adapter.dora {
        " with DoRA magnitudes"
    } else {
        ""
    };
    let parameters = adapter.parameters;
    let parameters = parameters.map_or_else(
        || "not known: its tensors are not here".to_owned(),
        |p| grouped(p.0),
    );
    let mut rows = vec![
        ("adapter", format!("{}{dora}", clean(&adapter.kind))),
        ("learned values", parameters),
    ];
    let ranks: Vec<String> = adapter.ranks.iter().map(u64::to_string).collect();
    if !ranks.is_empty() {
        let ranks = ranks.join(", ");
        rows.push((
            "adapted modules",
            format!("{}, rank {ranks}", adapter.modules),
        ));
    }
    let base = adapter.declared_base.as_deref();
    let base = base.map_or_else(|| "none declared".to_owned(), clean);
    rows.push(("base", format!("{base} (a claim; not followed)")));
    Group {
        title: "Adapter",
        rows,
        tables: Vec::new(),
    }
}

fn components_group(components: &[Component]) -> Option<Group> {
    if components.is_empty() {
        return None;
    }
    let mut total = Some(0_u64);
    let mut rows = Vec::new();
    for component in components {
        let (parameters, words) = match &component.found {
            Ok(None) => ("0".to_owned(), "no weights".to_owned()),
            Ok(Some(found)) => match &found.model {
                Some(model) => {
                    total = total.and_then(|t| t.checked_add(model.total.0));
                    (grouped(model.total.0), clean(&model.architecture.family))
                }
                None => ("0".to_owned(), "an adapter".to_owned()),
            },
            Err(error) => {
                total = None;
                (
                    "?".to_owned(),
                    clean(&format!("[{}] {error}", error.code())),
                )
            }
        };
        let class = component.class.as_deref().map_or_else(String::new, clean);
        rows.push(vec![clean(&component.name), class, parameters, words]);
    }
    let total = total.map_or_else(
        || "not known: a part could not be read".to_owned(),
        |t| format!("{} in all parts", grouped(t)),
    );
    Some(Group {
        title: "Parts",
        rows: vec![("parameters", total)],
        tables: vec![Table {
            title: "Parts".to_owned(),
            heads: vec!["part", "class", "parameters", "family"],
            rows,
            words: &[0, 1, 3],
            narrow: 4,
        }],
    })
}

fn stored_group(inspection: &Inspection) -> Option<Group> {
    let row = |total: &weigh_station::TensorTotal| {
        vec![
            total.dtype.as_str().to_owned(),
            grouped(total.tensors),
            grouped(total.elements),
            grouped(total.bytes),
        ]
    };
    let rows: Vec<Vec<String>> = inspection.tensors.iter().map(row).collect();
    (!rows.is_empty()).then(|| Group {
        title: "Stored",
        rows: inspection
            .format
            .as_ref()
            .map(format_rows)
            .unwrap_or_default(),
        tables: vec![Table {
            title: "Stored".to_owned(),
            heads: vec!["type", "tensors", "elements", "bytes"],
            rows,
            words: &[0],
            narrow: 4,
        }],
    })
}

fn format_rows(format: &WeightsFormat) -> Vec<(&'static str, String)> {
    let mut rows = vec![("format", format.name.clone())];
    if let Some(names) = &format.pickle_names {
        let words = match names.len() {
            0 => "names nothing to import".to_owned(),
            n => format!("clean: the {n} names it would import are on PyTorch's own list"),
        };
        rows.push(("pickle", words));
    }
    if !format.code_inside.is_empty() {
        let n = format.code_inside.len();
        rows.push(("code inside", format!("{n} entries, not read")));
    }
    if let Some((tensors, bytes)) = format.optimizer {
        let (tensors, bytes) = (grouped(tensors), grouped(bytes));
        rows.push((
            "optimizer state",
            format!("{tensors} tensors, {bytes} bytes"),
        ));
    }
    rows
}

fn serving_group(serving: &Serving) -> Group {
    let (need, options) = (&serving.need, &serving.options);
    let length = grouped(options.length);
    let of = if serving.is_stored {
        "as stored"
    } else {
        "at 16 bits each: no weights are here"
    };
    let bits = options.cache_bits;
    let per_token = grouped(need.cache_per_token);
    let rows = vec![
        ("weights", format!("{} bytes, {of}", grouped(need.weights))),
        ("  one token reads", active(need)),
        (
            "cache",
            format!(
                "{per_token} bytes per token at {bits} bits; {} for {length} tokens",
                grouped(need.cache)
            ),
        ),
        (
            "operations",
            format!(
                "{} for one more token after {length}, {} for a prompt of {length}",
                flop(&need.token_operations),
                flop(&need.prompt_operations)
            ),
        ),
    ];
    let tables = (!serving.devices.is_empty()).then(|| devices(serving));
    Group {
        title: "One inference pass",
        rows,
        tables: tables.into_iter().collect(),
    }
}

fn no_serving_group() -> Group {
    let reason = "text passes none of its towers, or one after another";
    Group {
        title: "One inference pass",
        rows: vec![("not counted", reason.to_owned())],
        tables: Vec::new(),
    }
}

fn active(need: &ServingNeed) -> String {
    let bytes = |d: &Decimal| d.to_u128().map_or_else(|| d.to_plain(), grouped);
    match (need.active_weights.low(), need.active_weights.high()) {
        (Some(low), Some(high)) if low == high => format!("{} bytes", bytes(low)),
        (Some(low), Some(high)) => format!("{} to {} bytes", bytes(low), bytes(high)),
        _ => "not known".to_owned(),
    }
}

fn flop(operations: &Decimal) -> String {
    let exact = operations.to_u128();
    match exact {
        Some(n) if n < 1_000_000 => format!("{} FLOP", grouped(n)),
        Some(n) => format!("{} FLOP", numbers::short(Operations(n))),
        None => operations.to_short(),
    }
}

fn devices(serving: &Serving) -> Table {
    let options = &serving.options;
    Table {
        title: format!(
            "Least number and least time: {} tokens, batch 1, {} % of memory; nothing real is faster",
            grouped(options.length),
            options.usable_percent
        ),
        heads: vec![
            "chip",
            "GB",
            "least",
            "tensor",
            "2^n",
            "rate",
            "ms per token",
            "prompt ms",
        ],
        rows: serving.devices.iter().map(device).collect(),
        words: &[0, 5],
        narrow: 8,
    }
}

fn device(row: &DeviceRow) -> Vec<String> {
    let unknown = || "?".to_owned();
    let number = |of: &dyn Fn(&LeastDevices) -> Option<u64>| match &row.floor.devices {
        None => unknown(),
        Some(least) => of(least).map_or_else(|| "none".to_owned(), grouped),
    };
    let memory = row.memory_gb.as_ref();
    vec![
        clean(&row.name),
        memory.map_or_else(unknown, crate::chip::bounds),
        number(&|d| d.any),
        number(&|d| d.tensor_parallel),
        number(&|d| d.power_of_two),
        row.floor
            .rate
            .as_ref()
            .map_or_else(unknown, |r| clean(&r.precision)),
        row.floor.token_ns.map_or_else(unknown, milliseconds),
        row.floor.prompt_ns.map_or_else(unknown, milliseconds),
    ]
}

/// Three digits after the point, rounded down: a floor stays one.
fn milliseconds(ns: u128) -> String {
    let micro = ns / 1_000;
    format!("{}.{:03}", grouped(micro / 1_000), micro % 1_000)
}

fn tuning_group(found: &Tunability) -> Group {
    let how = match found.tunable {
        Tunable::Full => "every weight",
        Tunable::AdapterOnly => "an adapter on top of them",
        Tunable::ExportOnly => "not from these files",
        Tunable::Unknown => "not known",
    };
    let mut rows = vec![(
        "can be trained",
        format!("{how}: {}", found.reasons.join("; ")),
    )];
    if let Some(bytes) = found.full_bytes {
        let words = format!("{} bytes with Adam, activations not in it", grouped(bytes));
        rows.push(("  every weight", words));
    }
    if let Some(parameters) = found.adapter_parameters {
        let bytes = found.adapter_bytes;
        let bytes = bytes.map_or_else(String::new, |b| format!(", {} bytes", grouped(b)));
        let values = grouped(parameters.0);
        let words = format!("{values} values at rank {ADAPTER_RANK} on every linear layer{bytes}");
        rows.push(("  an adapter", words));
    }
    Group {
        title: "Further training",
        rows,
        tables: Vec::new(),
    }
}

fn digest_group(digests: &FolderDigests) -> Group {
    use weigh_ledger::resources::Order;
    let bytes = digests.files.iter().map(|f| f.digest.len);
    let bytes = bytes.fold(0, u64::saturating_add);
    let files = digests.files.len() as u64;
    let root = digests.resources.root(Order::CodePoint);
    let mut rows = vec![
        (
            "digested",
            format!("{} files, {} bytes", grouped(files), grouped(bytes)),
        ),
        ("root", format!("sha256:{root}")),
    ];
    if !digests.resources.orders_agree() {
        let other = digests.resources.root(Order::Component);
        rows.push((
            "  part by part",
            format!("sha256:{other} (the order of the reference tool)"),
        ));
    }
    match (&digests.tensor_root, &digests.tensor_root_missing) {
        (Some(root), _) => rows.push(("tensor root", format!("sha256:{root}"))),
        (None, Some(why)) => rows.push(("tensor root", format!("none: {}", clean(why)))),
        (None, None) => {}
    }
    let recorded = digests.files.iter().filter(|f| f.is_recorded).count();
    if recorded > 0 {
        let words = format!("{recorded} files, unchanged since an earlier reading");
        rows.push(("taken from record", words));
    }
    if !digests.left_out.is_empty() {
        rows.push(("left out", digests.left_out.join(", ")));
    }
    let row = |file: &weigh_station::DigestedFile| {
        let blake3 = file
            .digest
            .blake3
            .map_or_else(|| "-".to_owned(), |d| d.to_string());
        vec![
            clean(&file.name),
            grouped(file.digest.len),
            file.digest.sha256.to_string(),
            blake3,
        ]
    };
    Group {
        title: "Digests",
        rows,
        tables: vec![Table {
            title: "Files".to_owned(),
            heads: vec!["name", "bytes", "sha256", "blake3"],
            rows: digests.files.iter().map(row).collect(),
            words: &[0, 2, 3],
            narrow: 3,
        }],
    }
}
