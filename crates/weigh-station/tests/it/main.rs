//! Tests of the whole: the shipped law over the shipped catalog.

mod chip_law;
#[path = "../../../weigh-compute/tests/it/csv.rs"]
mod csv;
mod regimes;
