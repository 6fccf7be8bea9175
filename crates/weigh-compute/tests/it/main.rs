//! What `weigh-compute` promises, on anchors, on a corpus of published configurations, and against
//! counts made by a framework that is not ours.

mod anchors;
mod architectures;
mod catalog;
mod chip_specs;
mod chip_table;
mod chips;
mod cluster;
mod corpus;
mod csv;
mod epoch;
mod examples;
mod gguf;
mod headers;
mod laws;
mod oracle;
mod stages;
mod support;
