//! Training operations when some weights are frozen: adapters and partial fine-tuning.
//!
//! Walks the operators in forward order with one flag per wire: does something trainable stand
//! upstream? The forward pass is always counted; the gradient of an input only where its wire is
//! flagged; the gradient of a weight only where the weight trains. Attention is decided operand
//! by operand. The result is exact, where the usual closed form (4 × frozen + 6 × trained) is
//! one or two percent high because it bills gradients below the first adapter.
//!
//! An adapter whose tensors nobody has seen is no count but a range, see [`TrainingProfile::least`].
//!
//! - **Limit:** adapters on experts are counted as 2 × rank × (in + out) per active expert, the
//!   work the algorithm needs; libraries that materialize every expert execute more.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use weigh_facts::{Adaptation, Architecture, Operator, OperatorKind, Tower, Wire};

use crate::profile::{OperationProfile, OperationsError, Scope, core, overflow};

/// A profile of training, and what was noticed on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainingProfile {
    /// Operations as a function of tokens and sequence length; the most it takes where `least` is
    /// there.
    pub profile: OperationProfile,
    /// The least it takes, where what trains is not known: an adapter that names no ranks and
    /// saves no modules. It runs at least the forward pass. At most it stands for the training of
    /// every weight: the gradients of the inputs cost no more than they do there, and the
    /// adapter's own work is less than that of the weights' gradients, which it does not need.
    ///
    /// - **Limit:** that holds while a token passes at most a third as many learned values of the
    ///   adapter as of the model's matrices; beyond that it can take more than full training.
    pub least: Option<OperationProfile>,
    /// Learned values of the adapters; zero for full training.
    pub adapter_parameters: u64,
    /// What a reader of the number should know, lowercase sentences.
    pub notes: Vec<String>,
}

impl OperationProfile {
    /// Operations of training as `adaptation` says.
    ///
    /// # Errors
    /// When an adapted module is not in the architecture, or the count overflows.
    pub fn training(
        architecture: &Architecture,
        adaptation: &Adaptation,
        scope: Scope,
    ) -> Result<TrainingProfile, OperationsError> {
        match adaptation {
            Adaptation::Full => Ok(TrainingProfile {
                profile: Self::full_training(architecture, scope)?,
                least: None,
                adapter_parameters: 0,
                notes: Vec::new(),
            }),
            Adaptation::LowRank {
                ranks,
                saved_modules,
            } if ranks.is_empty() && saved_modules.is_empty() => Ok(TrainingProfile {
                profile: Self::full_training(architecture, scope)?.into_ceiling(),
                least: Some(Self::forward(architecture, scope)?),
                adapter_parameters: 0,
                notes: Vec::new(),
            }),
            Adaptation::LowRank {
                ranks,
                saved_modules,
            } => Walk::new(ranks, saved_modules, scope).over(architecture),
        }
    }
}

/// What one module name asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Treatment {
    rank: u64,
    trains: bool,
}

struct Walk<'a> {
    ranks: HashMap<&'a str, u64>,
    saved: BTreeSet<&'a str>,
    used: BTreeSet<&'a str>,
    names_experts: bool,
    scope: Scope,
    profile: OperationProfile,
    adapter_parameters: u64,
    flags: BTreeMap<Wire, bool>,
}

/// Adapters store their targets under this prefix, which is not part of the module's path.
const PEFT_PREFIX: &str = "base_model.model.";

fn module(name: &str) -> &str {
    name.strip_prefix(PEFT_PREFIX).unwrap_or(name)
}

impl<'a> Walk<'a> {
    fn new(ranks: &'a [(String, u64)], saved: &'a [String], scope: Scope) -> Self {
        let ranks: HashMap<&str, u64> = ranks.iter().map(|(n, r)| (module(n), *r)).collect();
        Self {
            names_experts: ranks.keys().any(|n| n.contains("expert")),
            ranks,
            saved: saved.iter().map(|n| module(n)).collect(),
            used: BTreeSet::new(),
            scope,
            profile: OperationProfile::default(),
            adapter_parameters: 0,
            flags: BTreeMap::new(),
        }
    }

    fn over(mut self, architecture: &Architecture) -> Result<TrainingProfile, OperationsError> {
        for tower in &architecture.towers {
            self.tower(tower)?;
        }
        let mut missing: Vec<&str> = self.ranks.keys().copied().collect();
        missing.retain(|n| !self.used.contains(n));
        missing.sort_unstable();
        if let Some(first) = missing.first() {
            return Err(OperationsError::UnknownModule {
                name: (*first).to_owned(),
                family: architecture.family.clone(),
                unmatched: missing.len(),
            });
        }
        let unmatched = self.saved.iter().filter(|n| !self.used.contains(*n));
        let notes = unmatched
            .map(|n| format!("`{n}` is saved with the adapter but is not in the architecture"))
            .collect();
        Ok(TrainingProfile {
            profile: self.profile,
            least: None,
            adapter_parameters: self.adapter_parameters,
            notes,
        })
    }

    fn tower(&mut self, tower: &Tower) -> Result<(), OperationsError> {
        self.operators(&tower.stem, None)?;
        let mut order: Vec<(u64, &[Operator])> = tower
            .groups
            .iter()
            .flat_map(|g| g.layers.iter().map(|l| (*l, g.operators.as_slice())))
            .collect();
        order.sort_by_key(|(layer, _)| *layer);
        for (layer, operators) in order {
            self.operators(operators, Some(layer))?;
        }
        self.operators(&tower.tail, None)
    }

    fn operators(
        &mut self,
        operators: &[Operator],
        layer: Option<u64>,
    ) -> Result<(), OperationsError> {
        // Only the residual stream joins layers.
        self.flags.retain(|wire, _| wire.0 == Wire::STREAM);
        let scope = self.scope;
        for operator in operators.iter().filter(|o| scope.covers(o.part)) {
            let treatment = self.treatment(operator, layer);
            let upstream: Vec<bool> = operator.reads.iter().map(|w| self.flag(w)).collect();
            let flag = self.operator(operator, treatment, &upstream)?;
            *self.flags.entry(operator.writes.clone()).or_default() |= flag;
        }
        Ok(())
    }

    fn flag(&self, wire: &Wire) -> bool {
        self.flags.get(wire).copied().unwrap_or(false)
    }

    /// Counts one operator and says whether its output carries gradients.
    fn operator(
        &mut self,
        operator: &Operator,
        treatment: Treatment,
        upstream: &[bool],
    ) -> Result<bool, OperationsError> {
        let any = upstream.contains(&true);
        self.profile.add_forward(operator, 1)?;
        match &operator.kind {
            OperatorKind::Linear { .. } => {
                let times = u128::from(any) + u128::from(treatment.trains);
                self.profile.add_linear(operator, times)?;
                self.adapter(operator, treatment.rank, any)?;
            }
            OperatorKind::Core {
                heads,
                d_qk,
                d_v,
                pairs,
                ..
            } => {
                let at = |i: usize| upstream.get(i).copied().unwrap_or(false);
                let (q, k, v) = (at(0), at(1), at(2));
                let scores = core(*heads, *d_qk).ok_or(overflow("attention"))?;
                let values = core(*heads, *d_v).ok_or(overflow("attention"))?;
                let p = q || k;
                self.profile
                    .add_per_pair(*pairs, scores, u128::from(q) + u128::from(k))?;
                self.profile
                    .add_per_pair(*pairs, values, u128::from(p) + u128::from(v))?;
            }
            // Backward is twice forward, as it is for matrices.
            OperatorKind::Scan { least, most, .. } if any => {
                self.profile.add_scan(*least, *most, 2)?;
            }
            OperatorKind::Embedding { .. } => self.adapter(operator, treatment.rank, any)?,
            _ => {}
        }
        Ok(any || treatment.trains || treatment.rank > 0)
    }

    /// Two thin matrices, inputs → rank → outputs; a lookup has only the second.
    fn adapter(
        &mut self,
        operator: &Operator,
        rank: u64,
        upstream: bool,
    ) -> Result<(), OperationsError> {
        let (inputs, outputs, copies, active, looks_up) = match &operator.kind {
            OperatorKind::Linear {
                inputs,
                outputs,
                copies,
                active,
                ..
            } => (*inputs, *outputs, *copies, *active, false),
            OperatorKind::Embedding { rows, width } => (*rows, *width, 1, 1, true),
            _ => return Ok(()),
        };
        let half = |n: u64| {
            let one = 2 * u128::from(rank);
            one.checked_mul(u128::from(n))
                .and_then(|n| n.checked_mul(u128::from(active)))
                .ok_or(overflow("an adapter"))
        };
        if !looks_up {
            // Forward, gradient of the weight, and of the input only where something trains above.
            self.profile
                .add_per_token(half(inputs)?, 2 + u128::from(upstream))?;
        }
        self.profile.add_per_token(half(outputs)?, 3)?;
        let values = inputs
            .checked_add(outputs)
            .and_then(|n| n.checked_mul(rank))
            .and_then(|n| n.checked_mul(copies))
            .and_then(|n| n.checked_add(self.adapter_parameters));
        self.adapter_parameters = values.ok_or(overflow("an adapter"))?;
        Ok(())
    }

    /// Looks the operator's module up under its full path and every suffix of it.
    fn treatment(&mut self, operator: &Operator, layer: Option<u64>) -> Treatment {
        let mut found = Treatment {
            rank: 0,
            trains: false,
        };
        self.look_up(&operator.name, &mut found);
        for pattern in operator.tensors.iter().filter(|p| !p.stacked) {
            let path = match layer {
                Some(layer) => pattern.name.replace("{layer}", &layer.to_string()),
                None => pattern.name.clone(),
            };
            let copies = match &operator.kind {
                OperatorKind::Linear { copies, .. } if self.names_experts => *copies,
                _ => 1,
            };
            if path.contains("{expert}") {
                for expert in 0..copies {
                    let path = path.replace("{expert}", &expert.to_string());
                    self.look_up_suffixes(&path, &mut found);
                }
            } else {
                self.look_up_suffixes(&path, &mut found);
            }
        }
        found
    }

    fn look_up_suffixes(&mut self, path: &str, found: &mut Treatment) {
        let mut rest = path;
        loop {
            self.look_up(rest, found);
            match rest.split_once('.') {
                Some((_, tail)) => rest = tail,
                None => return,
            }
        }
    }

    fn look_up(&mut self, name: &str, found: &mut Treatment) {
        if let Some((key, rank)) = self.ranks.get_key_value(name) {
            found.rank = found.rank.max(*rank);
            self.used.insert(key);
        }
        if let Some(key) = self.saved.get(name) {
            found.trains = true;
            self.used.insert(key);
        }
    }
}
