//! Arithmetic: architectures from observations, operation counts, estimators, chips.
//!
//! | Question | Module |
//! | --- | --- |
//! | What model is this configuration? | [`resolve`], from the [`Catalog`] of architectures |
//! | What model is this GGUF file? | [`resolve_gguf`] |
//! | What model are these tensors? | [`from_tensors`], [`match_headers`] |
//! | How many operations does it take? | [`forward`], [`training`], [`OperationProfile`] |
//! | How many did this stage take? | [`stage_operations`], [`chip_time`] |
//! | Do two methods agree? | [`reconcile`] |
//! | What does a law count? | [`lineage_total`] |
//! | What is this chip? | [`ChipCatalog`], [`Chip`], [`Tf32`] |
//! | What do chips amount to together? | [`cluster`], [`Cluster`] |
//! | Do these weights come from those? | [`fingerprint`] |
//! | How much memory? | [`weight_bytes`], [`cache_bytes`] |
//!
//! - **Invariant:** pure. No files, clock, network, environment, randomness or logging; of what
//!   came from outside it parses chip files alone, which have the form of its own catalog.
//! - **Invariant:** counts are exact integers, rates exact decimals; floats stay inside estimators.
//! - **Invariant:** what is not known widens bounds; it is never zero.

#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

mod catalog;
mod chip_time;
mod chips;
mod cluster;
mod expand;
mod expression;
pub mod fingerprint;
mod footprint;
mod frozen;
mod gguf;
mod headers;
mod lineage;
mod names;
mod profile;
mod reconcile;
mod resolve;
mod serving;
mod shapes;
mod stage;
mod tunability;

pub use catalog::{Catalog, CatalogError};
pub use chip_time::{CHIP_TIME, chip_time};
pub use chips::{
    Alternative, ApplicableArea, CHIP_DENSITY, CHIP_FIGURE, CHIP_IO, CHIP_TPP, Chip, ChipCatalog,
    ChipError, ChipSource, ConcurrentUnits, Die, Figure, Marketing, Memory, PerformanceDensity,
    Rate, Reading, Released, SparseRate, Tf32, TotalProcessingPerformance,
};
pub use cluster::{CLUSTER_RATE, ChipGroup, Cluster, TRAINING_TIME, cluster};
pub use footprint::{cache_bytes, cache_bytes_per_token, stored_bytes, weight_bytes};
pub use frozen::TrainingProfile;
pub use gguf::{GgufError, GgufModel, resolve_gguf};
pub use headers::{
    Explained, HeaderMatch, HeaderVerdict, LISTED_MAX, QuantizationHints, match_headers,
};
pub use lineage::{LINEAGE_SUM, LineageTotal, StageShare, inclusion, lineage_total};
pub use profile::{
    Component, OperationProfile, OperationsError, Scope, forward, forward_components,
    forward_input, six_n_d, training,
};
pub use reconcile::{
    Agreement, Circumstances, LikelyCause, RECONCILIATION, Reconciliation, reconcile,
};
pub use resolve::{ResolveError, ResolveOptions, resolve};
pub use serving::{
    LeastDevices, ServingFloor, ServingNeed, ServingOptions, WeightBytes, serving_floor,
    serving_need,
};
pub use shapes::{TENSOR_SHAPES, from_tensors};
pub use stage::{CountOptions, OPERATION_COUNT, StageOperations, stage_operations};
pub use tunability::{ADAPTER_RANK, Tunability, Tunable, tunability};
