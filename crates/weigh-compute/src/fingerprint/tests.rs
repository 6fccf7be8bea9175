//! Tensors of known descent, from a seeded generator.

use super::*;

const ROWS: usize = 96;
const COLUMNS: usize = 128;
const LAYERS: usize = 10;

/// SplitMix64 and the sum of twelve uniform values: normal enough, and the same everywhere.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 24) as f32
    }

    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.uniform()).sum::<f32>() - 6.0
    }

    fn order(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, (self.uniform() * (i + 1) as f32) as usize);
        }
        order
    }
}

type Model = Vec<Vec<f32>>;

fn model(seed: u64) -> Model {
    let mut random = Random(seed << 32);
    let mut tensor = || {
        (0..ROWS * COLUMNS)
            .map(|_| 0.02 * random.normal())
            .collect()
    };
    (0..LAYERS).map(|_| tensor()).collect()
}

fn digest(values: &[f32]) -> [u8; 32] {
    let mut digest = [0; 32];
    for (i, v) in values.iter().enumerate() {
        for (j, byte) in v.to_le_bytes().iter().enumerate() {
            let slot: &mut u8 = &mut digest[(4 * i + j) % 32];
            *slot = slot.wrapping_mul(31).wrapping_add(*byte);
        }
    }
    digest
}

fn print_with(model: &Model, key: SketchKey) -> Fingerprint {
    let tensor = |(layer, values): (usize, &Vec<f32>)| {
        let mut sketcher = Sketcher::new(key, COLUMNS);
        values.chunks(1000).for_each(|piece| sketcher.update(piece));
        let (moments, sketch) = sketcher.finish();
        TensorPrint {
            name: format!("model.layers.{layer}.mlp.up_proj.weight"),
            dtype: "F32".to_owned(),
            shape: vec![ROWS as u64, COLUMNS as u64],
            digest: digest(values),
            moments: Some(moments),
            sketch: Some(sketch),
        }
    };
    Fingerprint {
        key_id: "public".to_owned(),
        tensors: model.iter().enumerate().map(tensor).collect(),
    }
}

fn print(model: &Model) -> Fingerprint {
    print_with(model, SketchKey::PUBLIC)
}

fn changed(model: &Model, change: impl Fn(f32) -> f32) -> Model {
    model
        .iter()
        .map(|t| t.iter().map(|v| change(*v)).collect())
        .collect()
}

fn sum(a: &Model, share: f32, b: &Model, rest: f32) -> Model {
    let mixed = |(p, q): (&f32, &f32)| share * p + rest * q;
    let tensors = a.iter().zip(b);
    tensors
        .map(|(x, y)| x.iter().zip(y).map(mixed).collect())
        .collect()
}

fn rounded(model: &Model, most: f32) -> Model {
    let group = |g: &[f32]| {
        let step = g.iter().fold(0.0_f32, |m, v| m.max(v.abs())) / most;
        g.iter()
            .map(|v| (v / step).round() * step)
            .collect::<Vec<f32>>()
    };
    model
        .iter()
        .map(|t| t.chunks(32).flat_map(group).collect())
        .collect()
}

fn tier_and_change(target: &Model, candidate: &Model) -> (Tier, Vec<Change>) {
    let found = relate(&print(target), &print(candidate));
    (found.tier, found.changes)
}

#[test]
fn the_same_weights_are_identical() {
    assert_eq!(
        tier_and_change(&model(1), &model(1)),
        (Tier::Identical, vec![])
    );
}

#[test]
fn rounded_weights_are_seen_by_their_grid() {
    let base = model(1);
    for most in [7.0, 127.0] {
        let found = tier_and_change(&rounded(&base, most), &base);
        assert_eq!(found, (Tier::Strong, vec![Change::Rounded]), "{most}");
    }
    let bits = |m: &Model| print(m).tensors[0].moments.and_then(|m| m.grid_bits);
    assert_eq!(bits(&base), None);
    assert_eq!(bits(&rounded(&base, 7.0)), Some(4));
    assert_eq!(bits(&rounded(&base, 127.0)), Some(8));
    let shortened = changed(&base, |v| f32::from_bits(v.to_bits() & 0xffff_0000));
    assert_eq!(bits(&shortened), Some(16));
    let found = tier_and_change(&shortened, &base);
    assert_eq!(found, (Tier::Strong, vec![Change::Rounded]));
}

#[test]
fn pruned_weights_are_seen_by_their_zeros() {
    let base = model(1);
    let pruned = changed(&base, |v| if v.abs() < 0.0135 { 0.0 } else { v });
    assert_eq!(
        tier_and_change(&pruned, &base),
        (Tier::Strong, vec![Change::Pruned])
    );
}

#[test]
fn a_small_change_is_a_fine_tune_and_a_large_one_may_be_a_shared_start() {
    let base = model(1);
    let tuned = sum(&base, 1.0, &model(2), 0.1);
    assert_eq!(
        tier_and_change(&tuned, &base),
        (Tier::Strong, vec![Change::Tuned])
    );
    let little = sum(&base, 1.0, &model(2), 0.01);
    assert_eq!(
        tier_and_change(&little, &base),
        (Tier::Strong, vec![Change::Tuned])
    );
    let shared = sum(&base, 1.0, &model(2), 0.8);
    let large = vec![Change::LongTrainedOrSharedStart];
    assert_eq!(tier_and_change(&shared, &base), (Tier::Possible, large));
}

/// The converse: 45 pairs of ten unrelated models, 450 tensors, none related.
#[test]
fn unrelated_models_give_no_evidence() {
    let prints: Vec<Fingerprint> = (1..=10).map(|seed| print(&model(seed))).collect();
    let mut squares = 0.0;
    let mut pairs = 0.0;
    for (i, a) in prints.iter().enumerate() {
        for b in &prints[..i] {
            let found = relate(a, b);
            assert_eq!((found.tier, found.related), (Tier::NoEvidence, 0));
            assert!(found.z_most < 5.0, "{}", found.z_most);
            squares += found.z_median * found.z_median;
            pairs += 1.0;
        }
    }
    // The median of ten normal values has a variance of about 0.14 and, the upper one of the two
    // in the middle being taken, a mean of 0.12.
    assert!(squares / pairs < 0.4, "{}", squares / pairs);
}

#[test]
fn weights_of_a_mixture_are_recovered() {
    let (a, b, c) = (model(1), model(2), model(3));
    for share in [0.2_f32, 0.5] {
        let target = print(&sum(&a, share, &b, 1.0 - share));
        let candidates = [&print(&a), &print(&b), &print(&c)];
        let (whole, parts) = stacked(&target, &candidates).expect("shapes agree");
        let found = mixture(&whole, &parts).expect("three candidates");
        assert!(found.is_found(), "{found:?}");
        for (weight, expected) in found.weights.iter().zip([share, 1.0 - share, 0.0]) {
            assert!((weight - f64::from(expected)).abs() < 1e-3, "{found:?}");
        }
    }
    let alone = print(&sum(&a, 1.0, &model(4), 0.1));
    let (whole, parts) = stacked(&alone, &[&print(&a), &print(&b)]).expect("shapes agree");
    assert!(!mixture(&whole, &parts).expect("two candidates").is_found());
}

fn block(values: &[f32]) -> Matrix {
    Matrix {
        columns: COLUMNS,
        values: values.to_vec(),
    }
}

#[test]
fn the_rank_of_a_change_is_told() {
    let base = &model(1)[0];
    let mut random = Random(7);
    let mut target = base.clone();
    for _ in 0..4 {
        let rows: Vec<f32> = (0..ROWS).map(|_| 0.05 * random.normal()).collect();
        let columns: Vec<f32> = (0..COLUMNS).map(|_| 0.05 * random.normal()).collect();
        for (row, along) in target.chunks_mut(COLUMNS).zip(&rows) {
            row.iter_mut()
                .zip(&columns)
                .for_each(|(v, c)| *v += along * c);
        }
    }
    let low = rank_share(&block(&target), &block(base), 0.5).expect("it changed");
    assert!((low - 4.0 / 96.0).abs() < 1e-9, "{low}");
    let full = rank_share(&block(&model(2)[0]), &block(base), 0.5).expect("it changed");
    assert!(full >= 0.5, "{full}");
    assert_eq!(rank_share(&block(base), &block(base), 0.5), None);
    let mut found = relate(
        &print(&sum(&model(1), 1.0, &model(2), 0.1)),
        &print(&model(1)),
    );
    found.add_rank(low);
    assert_eq!(found.changes, [Change::LowRank]);
}

#[test]
fn another_order_is_found_and_undone() {
    let base = &model(1)[0];
    let order = Random(9).order(COLUMNS);
    let mut shuffled = Vec::new();
    for row in base.chunks(COLUMNS) {
        shuffled.extend(order.iter().map(|from| row[*from]));
    }
    let found = assign(&block(base), &block(&shuffled), 0.6).expect("shapes agree");
    assert_eq!(found.order, order);
    assert!(found.correlation > 0.999);
    let other = assign(&block(base), &block(&model(2)[0]), 0.6).expect("shapes agree");
    assert!(other.correlation < 0.6, "{}", other.correlation);
}

/// The greatest sum, against every order of five columns.
#[test]
fn the_assignment_is_the_best_of_all() {
    fn best(taken: &mut Vec<usize>, gains: &[f32], sum: f32) -> f32 {
        if taken.len() == 5 {
            return sum;
        }
        let row = taken.len();
        let mut most = f32::NEG_INFINITY;
        for column in 0..5 {
            if !taken.contains(&column) {
                taken.push(column);
                most = most.max(best(taken, gains, sum + gains[row * 5 + column]));
                taken.pop();
            }
        }
        most
    }
    for seed in 1..50 {
        let mut random = Random(seed);
        let gains: Vec<f32> = (0..25).map(|_| random.uniform()).collect();
        let order = matrix::assignment(5, &gains);
        let sum: f32 = order
            .iter()
            .enumerate()
            .map(|(r, c)| gains[r * 5 + c])
            .sum();
        let expected = best(&mut Vec::new(), &gains, 0.0);
        assert!((sum - expected).abs() < 1e-5, "{sum} {expected}");
    }
}

#[test]
fn keys_do_not_mix_and_pieces_do_not_matter() {
    let base = model(1);
    let mut private = print_with(&base, SketchKey::from_digest([7; 32]));
    private.key_id = "another".to_owned();
    let tuned = sum(&base, 1.0, &model(2), 0.1);
    assert_eq!(relate(&print(&tuned), &private).tier, Tier::NotComparable);
    let sketch = |size: usize| {
        let mut sketcher = Sketcher::new(SketchKey::PUBLIC, COLUMNS);
        base[0]
            .chunks(size)
            .for_each(|piece| sketcher.update(piece));
        sketcher.finish()
    };
    assert_eq!(sketch(7), sketch(5000));
}

#[test]
fn names_say_what_is_tested() {
    for (name, expected) in [
        ("model.embed_tokens.weight", Role::Embedding),
        ("transformer.wpe.weight", Role::Position),
        ("lm_head.weight", Role::Head),
        (
            "model.layers.3.self_attn.rotary_emb.inv_freq",
            Role::Position,
        ),
        ("model.layers.3.mlp.down_proj.weight", Role::Block),
    ] {
        assert_eq!(role(name), expected, "{name}");
    }
    assert_eq!(
        component("vision_tower.encoder.layers.0.fc1.weight"),
        "vision_tower.encoder"
    );
    assert_eq!(logical_name("module.model.norm.weight"), "norm.weight");
    assert_eq!(
        stream_axis("model.layers.0.self_attn.o_proj.weight"),
        StreamAxis::First
    );
}
