//! What one inference pass needs of a chip: how many at least, and how long it takes at least.
//!
//! Both answers are floors. They take a perfect split over the devices, no time for talk between
//! them, and kernels that reach the datasheet's rates: nothing real is faster or smaller, and most
//! things are slower.
//!
//! **Devices.** The least `g` with `(weights + cache) / g + activations + reserve <= share × memory`.
//! Weights are those stored, cache is that of one sequence, activations are the residual stream and
//! the widest intermediate of a chunk of tokens (no matrix of attention scores: fused kernels do
//! not keep one). Split by tensor parallelism, `g` must divide the query heads, and a cache of
//! fewer key-value heads than devices is repeated on them.
//!
//! **Time.** One generated token reads every active weight and the cache once and does one token's
//! operations: the greater of bytes over bandwidth and operations over rate. A prompt does the
//! operations of all its tokens and reads the weights once.
//!
//! **Which towers.** A pass is one of text alone: what images or sound pass counts among the weights
//! and nowhere else. Where text passes two towers, a prompt the encoder and an answer the decoder,
//! neither answer is given: how long source and target are is not known.
//!
//! Check values: gpt-oss-120b, 65,248,815,744 bytes, one chip of 80 GB; Llama 3.1 8B in bf16 on an
//! H100 SXM reads 15.0 GB per token, 4.48 ms at 3.35 TB/s.

use weigh_facts::{
    Architecture, AttentionConvention, Decimal, Estimate, OperatorKind, Part, Positions, Tokens,
};

use crate::chips::{Chip, Rate};
use crate::footprint::{cache_bytes, cache_bytes_per_token};
use crate::profile::{OperationProfile, OperationsError, Scope, overflow};

/// Under what circumstances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServingOptions {
    /// Tokens of the one sequence: those that are there already, for a generated token; those of
    /// the prompt, for a prompt.
    pub length: u64,
    /// Bits of one element of the cache.
    pub cache_bits: u64,
    /// Tokens of a prompt that are worked on at once.
    pub chunk: u64,
    /// Percent of a chip's memory that may be used.
    pub usable_percent: u64,
    /// Bytes of every device that hold neither weights nor cache: context and libraries.
    pub reserve_bytes: u64,
}

impl Default for ServingOptions {
    /// A cache of 16 bits, chunks of 2,048 tokens, 90 % of the memory, 0.8 GiB reserved: choices of
    /// ours, to be set by whoever has better ones.
    fn default() -> Self {
        Self {
            length: 8_192,
            cache_bits: 16,
            chunk: 2_048,
            usable_percent: 90,
            reserve_bytes: 858_993_459,
        }
    }
}

/// What a model needs, before any chip is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServingNeed {
    /// Bytes of all weights.
    pub weights: u128,
    /// Bytes of the weights that one token passes. Bounds, where weights of several widths are
    /// stored and nobody says which of them are experts.
    pub active_weights: Estimate<Decimal>,
    /// Bytes of cache each token of context adds, while no window is full.
    pub cache_per_token: u128,
    /// Bytes of cache of the one sequence, windows applied.
    pub cache: u128,
    /// Bytes of intermediate values on every device.
    pub activations: u128,
    /// Operations of one generated token at that length.
    pub token_operations: Decimal,
    /// Operations of a prompt of that length.
    pub prompt_operations: Decimal,
    /// Query heads that devices may share out; 1 if there is no attention.
    pub heads: u64,
    /// Key-value heads that devices may share out; 1 for a latent cache.
    pub cache_heads: u64,
    /// Bits of the narrowest number format that may do the work: that of the stored weights.
    pub bits: u64,
}

/// Bytes of weights as somebody stored them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightBytes {
    /// All of them.
    pub all: u128,
    /// Narrowest stored weight, in 64ths of a bit, so that block formats are exact.
    pub least_bits_64: u64,
    /// Widest stored weight, in 64ths of a bit.
    pub most_bits_64: u64,
}

impl WeightBytes {
    /// Every weight at one width.
    ///
    /// # Errors
    /// When the sizes overflow.
    pub fn uniform(architecture: &Architecture, bits: u64) -> Result<Self, OperationsError> {
        let all = crate::footprint::weight_bytes(architecture, bits);
        let scaled = bits.checked_mul(64).ok_or(overflow("bits"))?;
        Ok(Self {
            all: all.map_err(|_| overflow("bytes of weights"))?,
            least_bits_64: scaled,
            most_bits_64: scaled,
        })
    }
}

/// What a model needs for one pass; nothing where text passes no tower of it, or several.
///
/// # Errors
/// When the sizes overflow, or the length is zero.
pub fn serving_need(
    architecture: &Architecture,
    weights: &WeightBytes,
    options: &ServingOptions,
) -> Result<Option<ServingNeed>, OperationsError> {
    let big = |_| overflow("bytes of weights");
    if options.length == 0 {
        return Err(OperationsError::ZeroLength);
    }
    let Some(text) = &text_alone(architecture) else {
        return Ok(None);
    };
    let forward = OperationProfile::forward(text, Scope::default())?;
    let count = |tokens: u64| {
        let convention = AttentionConvention::CausalExact;
        forward.operations(Tokens(tokens), tokens, convention)
    };
    let prompt = count(options.length)?;
    // One more token: the difference to a sequence that is shorter by one.
    let before = match options.length {
        1 => 0,
        n => count(n - 1)?.0,
    };
    let passed = text.active_without_input_embedding().map_err(big)?;
    let total = architecture.parameters().map_err(big)?;
    Ok(Some(ServingNeed {
        weights: weights.all,
        active_weights: active_bytes(weights, passed.0, total.0),
        cache_per_token: cache_bytes_per_token(text, options.cache_bits),
        cache: cache_bytes(text, options.length, options.cache_bits),
        activations: activations(text, options.chunk.min(options.length))?,
        token_operations: Decimal::from(prompt.0.saturating_sub(before)),
        prompt_operations: prompt.to_decimal(),
        heads: shared_heads(text, |heads, _| heads),
        cache_heads: shared_heads(text, |_, cache| cache),
        bits: weights.least_bits_64.div_ceil(64).max(1),
    }))
}

/// The one tower that text passes, as a model of its own.
fn text_alone(architecture: &Architecture) -> Option<Architecture> {
    let mut towers = architecture.towers.iter();
    let text = towers.find(|t| t.positions == Positions::Tokens)?;
    if towers.any(|t| t.positions == Positions::Tokens) {
        return None;
    }
    Some(Architecture {
        towers: vec![text.clone()],
        ..architecture.clone()
    })
}

const METHOD: weigh_facts::MethodId = weigh_facts::MethodId::new("serving-floor/1");

/// Bytes of the weights a token passes. With one width it is exact; with several, the part that is
/// passed may be the narrow one or the wide one, with its scales or without.
fn active_bytes(weights: &WeightBytes, passed: u64, total: u64) -> Estimate<Decimal> {
    let at = |bits_64: u64, n: u64| (u128::from(n) * u128::from(bits_64)).div_ceil(512);
    let (narrow, wide) = (weights.least_bits_64, weights.most_bits_64);
    let low = at(narrow, passed);
    if narrow == wide && at(narrow, total) == weights.all {
        return Estimate::exact(Decimal::from(low), METHOD);
    }
    let idle = at(narrow, total.saturating_sub(passed));
    let high = weights.all.saturating_sub(idle).max(low);
    Estimate::between(Decimal::from(low), Decimal::from(high), METHOD)
}

/// The residual stream twice and the widest intermediate, at 16 bits.
fn activations(architecture: &Architecture, tokens: u64) -> Result<u128, OperationsError> {
    let (mut widest, mut stream) = (0_u64, 0_u64);
    for (operator, _) in architecture.operators() {
        match &operator.kind {
            OperatorKind::Linear {
                outputs, active, ..
            } if operator.part != Part::Head => {
                widest = widest.max(outputs.saturating_mul((*active).max(1)));
            }
            OperatorKind::Embedding { width, .. } => stream = stream.max(*width),
            OperatorKind::Norm { width, .. } if stream == 0 => stream = *width,
            _ => {}
        }
    }
    let values = u128::from(stream) * 2 + u128::from(widest);
    values
        .checked_mul(u128::from(tokens) * 2)
        .ok_or(overflow("bytes of intermediate values"))
}

/// The greatest number that divides the heads of every attention layer; one that keeps nothing has
/// no heads to share.
fn shared_heads(architecture: &Architecture, of: impl Fn(u64, u64) -> u64) -> u64 {
    let mut shared = 0;
    for (operator, _) in architecture.operators() {
        let OperatorKind::Core {
            heads,
            d_qk,
            d_v,
            kv_elements,
            ..
        } = &operator.kind
        else {
            continue;
        };
        let width = d_qk.saturating_add(*d_v);
        // A latent cache holds no whole heads and is the same for all of them.
        let cache = match kv_elements.checked_rem(width) {
            Some(0) => kv_elements / width,
            _ => 1,
        };
        shared = common(shared, of(*heads, cache));
    }
    shared.max(1)
}

fn common(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common(b, a % b) }
}

/// The least number of devices, each way of splitting on its own. Nothing: not with any number
/// that is tried, because what every device needs for itself does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeastDevices {
    /// Any number: layers and matrices split as evenly as can be.
    pub any: Option<u64>,
    /// A number that divides the query heads.
    pub tensor_parallel: Option<u64>,
    /// A power of two.
    pub power_of_two: Option<u64>,
}

/// What one chip of the catalog makes of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServingFloor {
    /// How many at least; nothing where the chip's memory is not known.
    pub devices: Option<LeastDevices>,
    /// The rate the times rest on; nothing where the chip has none that is wide enough.
    pub rate: Option<Rate>,
    /// Nanoseconds one generated token takes at least, on the least number of devices of any.
    pub token_ns: Option<u128>,
    /// Nanoseconds a prompt takes at least.
    pub prompt_ns: Option<u128>,
    /// Is the time of a generated token that of reading, not of computing?
    pub token_is_bandwidth_bound: bool,
}

/// How many chips, and how long at least.
///
/// Where a chip's memory or bandwidth is known by bounds only, the greater is taken: the answer
/// stays a floor.
#[must_use]
pub fn serving_floor(need: &ServingNeed, chip: &Chip, options: &ServingOptions) -> ServingFloor {
    let memory = chip.memory.as_ref();
    let greatest = |e: &Estimate<Decimal>| e.high().cloned();
    let capacity = memory
        .and_then(|m| m.capacity_gb.as_ref())
        .and_then(greatest);
    let devices = capacity.and_then(|gb| least_devices(need, &gb, options));
    let rate = fastest(chip, need.bits).cloned();
    let any = devices.and_then(|d| d.any);
    let bandwidth = memory
        .and_then(|m| m.dram_gb_per_s.as_ref())
        .and_then(greatest);
    // A chip without DRAM reads from memory of its own, whose bandwidth the catalog does not hold.
    let bandwidth = bandwidth.filter(|b| *b > Decimal::from(0_u64));
    // Rounded down, the divisor up: a floor stays one.
    let over = |amount: &Decimal, per_s: &Decimal| {
        let all = (per_s * &Decimal::from(any?)).ceil().to_u128()?;
        let nano = (amount * &Decimal::from(1_000_000_000_u64)).floor();
        nano.to_u128()?.checked_div(all)
    };
    let giga = |b: Decimal| &b * &Decimal::from(1_000_000_000_u64);
    let bytes_per_s = bandwidth.map(giga);
    let read = |bytes: &Decimal| over(bytes, bytes_per_s.as_ref()?);
    let work = |operations: &Decimal| over(operations, &rate.as_ref()?.per_s());
    let active = need
        .active_weights
        .low()
        .cloned()
        .unwrap_or_else(|| Decimal::from(0_u64));
    let reading = read(&(&active + &Decimal::from(need.cache)));
    let computing = work(&need.token_operations);
    ServingFloor {
        devices,
        token_ns: reading.max(computing),
        // Without a rate, reading the weights alone would be a floor far below any truth.
        prompt_ns: work(&need.prompt_operations)
            .map(|work| read(&active).map_or(work, |read| work.max(read))),
        token_is_bandwidth_bound: reading >= computing,
        rate,
    }
}

/// The fastest dense rate in a format at least as wide as the stored weights: a narrower one would
/// be another model.
fn fastest(chip: &Chip, bits: u64) -> Option<&Rate> {
    let wide = chip.rates.iter().filter(|r| r.stored_bits >= bits);
    wide.max_by(|a, b| a.tera_per_s.cmp(&b.tera_per_s))
}

/// More devices than any system has.
const DEVICES_MAX: u64 = 1 << 20;

fn least_devices(
    need: &ServingNeed,
    capacity_gb: &Decimal,
    options: &ServingOptions,
) -> Option<LeastDevices> {
    // 10^9 bytes to the gigabyte, as data sheets have it; percent of it.
    let usable = capacity_gb * &Decimal::from(10_000_000_u64);
    let usable = (&usable * &Decimal::from(options.usable_percent))
        .floor()
        .to_u128()?;
    let own = need
        .activations
        .checked_add(u128::from(options.reserve_bytes))?;
    let Some(room) = usable.checked_sub(own).filter(|room| *room > 0) else {
        return Some(LeastDevices {
            any: None,
            tensor_parallel: None,
            power_of_two: None,
        });
    };
    let shared = need.weights.checked_add(need.cache)?;
    let any = u64::try_from(shared.div_ceil(room).max(1))
        .ok()
        .filter(|g| *g <= DEVICES_MAX);
    let fits = |g: u64| {
        let cache = need.cache.div_ceil(u128::from(g.min(need.cache_heads)));
        need.weights.div_ceil(u128::from(g)).saturating_add(cache) <= room
    };
    let divisors = (1..=need.heads.min(DEVICES_MAX)).filter(|g| need.heads.is_multiple_of(*g));
    Some(LeastDevices {
        any,
        tensor_parallel: divisors.into_iter().find(|g| fits(*g)),
        power_of_two: any.and_then(u64::checked_next_power_of_two),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChipCatalog;

    fn need(weights: u128, heads: u64) -> ServingNeed {
        ServingNeed {
            weights,
            active_weights: Estimate::exact(Decimal::from(weights), METHOD),
            cache_per_token: 0,
            cache: 0,
            activations: 0,
            token_operations: Decimal::from(2_u64),
            prompt_operations: Decimal::from(2_u64),
            heads,
            cache_heads: heads,
            bits: 16,
        }
    }

    fn h100() -> &'static Chip {
        let catalog = ChipCatalog::shipped().expect("the catalog loads");
        catalog.find("H100").expect("it is listed")
    }

    #[test]
    fn a_byte_over_the_room_takes_another_device() {
        let options = ServingOptions::default();
        // 90 % of 80e9 less the reserve.
        let room = 72_000_000_000 - 858_993_459;
        let least = |weights| serving_floor(&need(weights, 24), h100(), &options).devices;
        let on = |any, tensor_parallel, power_of_two| {
            Some(LeastDevices {
                any: Some(any),
                tensor_parallel: Some(tensor_parallel),
                power_of_two: Some(power_of_two),
            })
        };
        assert_eq!(least(room), on(1, 1, 1));
        assert_eq!(least(room + 1), on(2, 2, 2));
        assert_eq!(least(4 * room + 1), on(5, 6, 8));
    }

    #[test]
    fn what_every_device_needs_itself_may_leave_no_room() {
        let mut need = need(1, 8);
        need.activations = 80_000_000_000;
        let floor = serving_floor(&need, h100(), &ServingOptions::default());
        assert_eq!(floor.devices.and_then(|d| d.any), None);
        assert_eq!(floor.token_ns, None);
    }

    #[test]
    fn a_token_takes_as_long_as_reading_the_weights() {
        let floor = serving_floor(&need(67_000_000_000, 8), h100(), &ServingOptions::default());
        // 67e9 / 3.35e12.
        assert_eq!(floor.token_ns, Some(20_000_000));
        assert!(floor.token_is_bandwidth_bound);
        assert_eq!(floor.rate.map(|r| r.precision), Some("bf16".to_owned()));
    }

    #[test]
    fn mixed_widths_give_bounds() {
        let weights = WeightBytes {
            all: 1_000,
            least_bits_64: 4 * 64,
            most_bits_64: 16 * 64,
        };
        let active = active_bytes(&weights, 100, 1_000);
        assert_eq!(active.low(), Some(&Decimal::from(50_u64)));
        assert_eq!(active.high(), Some(&Decimal::from(550_u64)));
    }
}
