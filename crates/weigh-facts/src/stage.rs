//! Stages of a training pipeline: what was done, over how many tokens, on what, by whom.

use crate::{Date, Decimal, Estimate, Operations, Place, Tokens};

macro_rules! purposes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// What a stage was for. Counting conventions include or leave out by purpose.
        ///
        /// Source of the split: the counting rules of ECCN 4E091 note 3 and of Annex A.1 of the
        /// Commission guidelines C(2025) 5045.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Purpose { $($(#[$doc])* $variant),+ }

        impl Purpose {
            /// Every purpose.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in files and output.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word used in files.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|p| p.as_str() == text)
            }
        }
    };
}

purposes! {
    /// Training from random weights.
    Pretraining = "pretraining",
    /// More of the same on other data or longer context.
    ContinuedPretraining = "continued-pretraining",
    /// Supervised fine-tuning, by adapter or in full.
    FineTuning = "fine-tuning",
    /// Learning from preferences (DPO and kin): parameter updates.
    PreferenceOptimization = "preference-optimization",
    /// Reinforcement learning: parameter updates.
    ReinforcementLearning = "reinforcement-learning",
    /// Reinforcement learning: forward passes that generate samples.
    Rollout = "rollout",
    /// Forward passes that generate training data.
    SyntheticData = "synthetic-data",
    /// Training the model that generated the data.
    GeneratorTraining = "generator-training",
    /// Forward passes of a teacher.
    TeacherForward = "teacher-forward",
    /// Training the teacher.
    TeacherTraining = "teacher-training",
    /// Training reward or value models.
    RewardModelTraining = "reward-model-training",
    /// Training the model this one started from.
    BaseModel = "base-model",
    /// Training a model whose weights were merged in.
    MergedModel = "merged-model",
    /// Evaluation, red-teaming, diagnostics.
    Evaluation = "evaluation",
    /// Runs that failed or taught only people.
    Exploratory = "exploratory",
    /// Models that filter or label data.
    DataCuration = "data-curation",
    /// Activations computed a second time.
    Recomputation = "recomputation",
}

impl Purpose {
    /// Do its operations update the parameters of the model?
    #[must_use]
    pub fn updates_parameters(self) -> bool {
        matches!(
            self,
            Self::Pretraining
                | Self::ContinuedPretraining
                | Self::FineTuning
                | Self::PreferenceOptimization
                | Self::ReinforcementLearning
        )
    }

    /// Is it a forward pass without updates?
    #[must_use]
    pub fn is_forward_only(self) -> bool {
        matches!(
            self,
            Self::Rollout | Self::SyntheticData | Self::TeacherForward | Self::Evaluation
        )
    }
}

/// Who may see the data of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataVisibility {
    /// Anyone.
    Public,
    /// Not everyone.
    Private,
}

/// Which weights a stage trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adaptation {
    /// All of them.
    Full,
    /// Low-rank adapters beside frozen weights.
    LowRank {
        /// Rank by module name as the adapter's tensors have it; every adapted linear once.
        ranks: Vec<(String, u64)>,
        /// Modules trained in full beside them.
        saved_modules: Vec<String>,
    },
}

/// How long the sequences were: the quadratic term of attention depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SequenceLength {
    /// Every sequence had this many tokens.
    Fixed(u64),
    /// Shares of the tokens by length; shares sum to one.
    Distribution(Vec<(u64, Decimal)>),
    /// Not known: bounds run from the linear part alone to the longest the model allows.
    Unknown,
}

/// Tokens processed by a stage and how we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageTokens {
    /// Tokens that passed, later epochs counted again.
    pub tokens: Estimate<Tokens>,
    /// Where the number stands.
    pub place: Place,
}

/// Chips that worked on a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipUse {
    /// Name as declared: `H100 SXM`; matched against the catalog.
    pub chip: String,
    /// How many, if not already in the hours.
    pub count: Option<u64>,
    /// Chip-hours: hours times chips.
    pub chip_hours: Decimal,
    /// Share of the dense peak reached, if measured.
    pub utilization: Option<Decimal>,
    /// Number format of the multiplications: `bf16`; default bf16.
    pub precision: Option<String>,
    /// Were the hours of the whole project counted, or of the run alone?
    pub whole_project: bool,
    /// Where it stands.
    pub place: Place,
}

/// One stage of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its name, unique in the pipeline.
    pub id: String,
    /// What it was for.
    pub purpose: Purpose,
    /// Which weights it trained.
    pub adaptation: Adaptation,
    /// Tokens, if known.
    pub tokens: Option<StageTokens>,
    /// Sequence length.
    pub sequence_length: SequenceLength,
    /// Operations stated outright, when the stage cannot be counted here (a base model's own).
    pub declared_operations: Option<Estimate<Operations>>,
    /// Chips, if known.
    pub chips: Option<ChipUse>,
    /// The model it started from.
    pub base_model: Option<String>,
    /// Who may see its data.
    pub data_visibility: Option<DataVisibility>,
    /// The generator of synthetic data.
    pub generator: Option<String>,
    /// Were its results thrown away?
    pub discarded: bool,
    /// Who did it.
    pub developer: Option<String>,
    /// When it ended.
    pub date: Option<Date>,
    /// Where it was declared or seen.
    pub place: Place,
}
