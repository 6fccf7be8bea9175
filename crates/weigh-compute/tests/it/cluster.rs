//! Chips together: rate, TPP, time to a threshold, facts.

use weigh_compute::{ChipGroup, Cluster, Tf32, cluster};
use weigh_facts::{Coverage, Decimal, Estimate, MethodId, Operations, Value};

use crate::chips::{chips, decimal};

const M: MethodId = MethodId::new("test/1");
const TF32: Tf32 = Tf32::Significant19;

fn of(groups: &[(&str, u64)], precision: Option<&str>) -> Cluster {
    let groups: Vec<ChipGroup<'_>> = groups
        .iter()
        .map(|(name, count)| ChipGroup {
            chip: chips().find(name).unwrap(),
            count: *count,
        })
        .collect();
    cluster(&groups, precision, None, TF32).unwrap()
}

fn share(low: &str, high: &str) -> Estimate<Decimal> {
    Estimate::between(decimal(low), decimal(high), M)
}

#[test]
fn rates_and_tpp_add_up() {
    let mixed = of(&[("H100", 1000), ("A100", 10)], Some("bf16"));
    // 1000 x 989.4e12 + 10 x 312e12 FLOP/s.
    assert_eq!(mixed.rate_per_s, decimal("992520000000000000"));
    assert_eq!(mixed.chips, 1010);
    // 1000 x 15,832 + 10 x 4,992.
    let tpp = mixed.tpp.unwrap();
    assert_eq!(tpp.as_exact(), Some(&decimal("15881920")));
    // Without a format, the fastest of each chip: FP8 and INT4.
    let fastest = of(&[("H100", 1), ("A100", 1)], None);
    assert_eq!(fastest.rate_per_s, decimal("3227e12"));
    assert_eq!(fastest.fp64_per_s, Some(decimal("86.5e12")));
    assert_eq!(of(&[("TPU v4", 1)], None).fp64_per_s, None);
}

/// 10^20 over 1,979e12: 50,531 H100 at FP8 are the first to reach 10^20 operations per second
/// (EO 14110, section 4.2(b)(ii)).
#[test]
fn the_line_of_1e20_falls_between_two_counts() {
    let line = decimal("1e20");
    let rate = |count| of(&[("H100", count)], None).rate_per_s;
    assert!(rate(50_530) < line && line < rate(50_531));
}

#[test]
fn time_to_a_threshold_is_an_interval_rounded_outward() {
    let cluster = of(&[("H100", 10_000)], Some("bf16"));
    let operations = Estimate::exact(Operations(10_u128.pow(25)), M);
    let time = cluster
        .training_time_s(&operations, &share("0.3", "0.4"))
        .unwrap();
    // 1e25 / (9.894e18 x 0.4) = 2,526,784 s, 29.2 days; at 0.3 it is 39.0 days.
    let (low, high) = (time.low().unwrap(), time.high().unwrap());
    assert!(
        low > &decimal("2526783") && low < &decimal("2526784"),
        "{low}"
    );
    assert!(
        high > &decimal("3369044") && high < &decimal("3369046"),
        "{high}"
    );
    let work = |time: &Decimal, share: &str| &(time * &cluster.rate_per_s) * &decimal(share);
    assert!(work(low, "0.4") <= decimal("1e25") && work(high, "0.3") >= decimal("1e25"));
}

#[test]
fn open_ends_stay_open_and_nothing_is_faster_than_the_peak() {
    let cluster = of(&[("H100", 1)], Some("bf16"));
    let one = Estimate::exact(Operations(989_400_000_000_000), M);
    let open = Estimate::new(Some(decimal("0.5")), None, None, Coverage::Percent(90), M).unwrap();
    let time = cluster.training_time_s(&one, &open).unwrap();
    assert_eq!(
        (time.low(), time.high()),
        (Some(&decimal("1")), Some(&decimal("2")))
    );
    assert_eq!(
        time.coverage(),
        Coverage::Percent(90),
        "the weaker of the two"
    );
    let time = cluster.training_time_s(&one, &share("0", "1")).unwrap();
    assert_eq!((time.low(), time.high()), (Some(&decimal("1")), None));
    let at_most = Estimate::new(None, None, Some(Operations(1)), Coverage::Hard, M).unwrap();
    let time = cluster
        .training_time_s(&at_most, &share("0.5", "1"))
        .unwrap();
    assert_eq!(time.low(), Some(&Decimal::zero()));
    for wrong in [share("0.5", "1.1"), share("-0.1", "0.5")] {
        let error = cluster.training_time_s(&one, &wrong).unwrap_err();
        assert_eq!(error.code(), "impossible-chip-use");
    }
}

#[test]
fn what_cannot_be_added_is_refused() {
    let chip = chips().find("TPU v4").unwrap();
    let with = |count, precision| {
        let group = ChipGroup { chip, count };
        cluster(&[group], precision, None, TF32).map_err(|e| e.code())
    };
    assert_eq!(with(1, Some("fp8")), Err("no-chip-rate"));
    assert_eq!(with(0, None), Err("impossible-chip-use"));
    assert_eq!(
        cluster(&[], None, None, TF32).map_err(|e| e.code()),
        Err("impossible-chip-use")
    );
    let unknown = chips().find("MI308X").unwrap();
    let group = ChipGroup {
        chip: unknown,
        count: 8,
    };
    let error = cluster(&[group], None, None, TF32).unwrap_err();
    assert!(
        error.to_string().contains("no known rate at all"),
        "{error}"
    );
}

#[test]
fn facts_of_a_cluster_are_in_base_units() {
    let chip = chips().find("H100").unwrap();
    let network = Estimate::exact(decimal("400"), M);
    let group = ChipGroup { chip, count: 2 };
    let facts = cluster(&[group], Some("bf16"), Some(network), TF32)
        .unwrap()
        .facts();
    let exact = |name: &str| match &facts.get(&name.parse().unwrap()).unwrap().value {
        Value::Quantity(estimate) => estimate.as_exact().cloned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(exact("cluster_peak_rate"), Some(decimal("1978.8e12")));
    assert_eq!(exact("cluster_fp64_rate"), Some(decimal("134e12")));
    // 400 Gbit/s in byte/s.
    assert_eq!(exact("cluster_network_rate"), Some(decimal("5e10")));
}
