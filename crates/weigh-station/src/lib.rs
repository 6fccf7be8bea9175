//! Where it comes together: open what a person named, read, resolve, count, assess.
//!
//! `weigh(paths, options)` is the whole path from bytes to findings, used by the binary, by Python
//! and by the registry. This is the lowest crate that touches files and threads.
//!
//! - **Invariant:** all paths of one call describe one subject; a contradiction between them is an
//!   error that names both.
//! - **Invariant:** no clock. Days are arguments.

mod assess;
mod chip_exports;
mod chip_flips;
mod chip_list;
mod chips;
mod cluster;
mod components;
mod compute;
mod data_files;
mod digests;
mod error;
mod evidence;
mod folder;
mod inspect;
mod law;
mod law_diff;
mod model;
mod regimes;
mod scatter;
mod stages;
mod subjects;
mod table;
mod unread;
mod weigh;
mod weighing;
mod weights;

pub use assess::{Assessed, assess_facts, missing_facts};
pub use chip_exports::Treatment;
pub use chip_flips::Flip;
pub use chip_list::{BookRead, ChipFigure, ChipList, ChipRow, Class, chip_list};
pub use chips::{ChipOptions, ChipSheet, Era, Timeline, chip_sheet};
pub use cluster::{
    ClusterOptions, ClusterSheet, FormatRate, OperationsLine, Stated, TimeTo, cluster_sheet,
};
pub use components::Component;
pub use data_files::data_files;
pub use digests::{DigestOptions, DigestedFile, FolderDigests, Progress, Quiet, digest};
pub use error::WeighError;
pub use evidence::read_text;
pub use folder::{Folder, OpenFile, Opened, open};
pub use inspect::{DeviceRow, InspectOptions, Inspection, Serving, TensorTotal, inspect};
pub use law::{Law, LawOptions, supplied_files};
pub use law_diff::{
    BookDiff, LawDiff, Side, SideNamed, TreatedSubject, TreatmentChange, Which, diff_law, sides,
};
pub use regimes::{Decision, LinesApart, Regimes, Says, Voice, regimes};
pub use scatter::{Field, PlaneAxis, PlaneLine, Scatter, Spot, scatter};
pub use subjects::{KnownSubject, known_subjects};
pub use table::{Axis, CELLS_MAX, Cell, DecisionTable, Speaks, decision_table};
pub use weigh::{Options, assess, weigh};
pub use weighing::{
    AdapterProfile, Assumption, BookUsed, BreakEven, ComputeProfile, ConventionTotal, InputSeen,
    Line, MethodResult, ModelProfile, OtherRule, Question, SixNd, StageProfile, TableUsed,
    Weighing,
};
pub use weights::WeightsFormat;
