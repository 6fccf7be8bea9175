//! The shared vocabulary of weighbridge.
//!
//! Everything the other crates say to each other is said in the types of this one:
//! exact counts and decimals, quantities with units, estimates with bounds and coverage,
//! three-valued truth, dates with the day they became known, citations, the fact dictionary,
//! observations with their place of origin, stages and lineage, counting conventions,
//! and the architecture of a model as a list of operators.
//!
//! - **Invariant:** pure. No files, clock, network, environment, randomness or logging.
//! - **Invariant:** a number that crosses a crate boundary has a unit in its type or beside it.
//! - **Invariant:** unknown is a value; nothing here turns a missing fact into `false` or zero.
//! - **Absent on purpose:** `Serialize`. What leaves the program is shaped by `weigh-report`.

#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

mod architecture;
mod citation;
mod convention;
mod count;
mod country;
mod date;
mod decimal;
mod diagnostic;
mod dictionary;
mod document;
mod dtype;
mod estimate;
mod fact;
mod law;
mod observation;
mod operator;
mod stage;
mod truth;
mod unit;

pub use architecture::{
    Architecture, ArchitectureError, Defaulted, LayerGroup, Modality, MoeSummary, Positions, Tower,
    TowerRole,
};
pub use citation::{Certainty, Source, SourceKey};
pub use convention::{Convention, Inclusion};
pub use count::{Operations, Parameters, Tokens};
pub use country::{countries, country};
pub use date::{Date, DateError, Dated, Interval, Period, Timeline};
pub use decimal::{Decimal, DecimalError};
pub use diagnostic::{Diagnostic, Severity};
pub use dictionary::{Dictionary, FactDefinition, FactType, Sensitivity};
pub use document::{Item, Node, Table, nearest};
pub use dtype::{Block, Dtype};
pub use estimate::{Coverage, Estimate, EstimateError, MethodId};
pub use fact::{Fact, FactError, FactName, Facts, Grade, Origin, Records, Value};
pub use law::{Enforcement, Level, SubjectKind, TextStatus, Verdict};
pub use observation::{Observation, Observed, Place, Reading, TensorSeen, Warning};
pub use operator::{AttentionConvention, Operator, OperatorKind, Pairs, Part, TensorPattern, Wire};
pub use stage::{Adaptation, ChipUse, DataVisibility, Purpose, SequenceLength, Stage, StageTokens};
pub use truth::Truth;
pub use unit::{Quantity, QuantityError, Unit, UnitError};
