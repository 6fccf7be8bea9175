//! The catalog against a table of 77 chips collected from elsewhere, and against the published
//! figures on which outcomes turn.
//!
//! Classes are read here by a few lines after ECCN 3A090 in its versions of October 2022 and
//! October 2023, so that figures are held against outcomes; the law itself is in the rulebooks.

use std::collections::BTreeMap;

use weigh_compute::{Chip, PerformanceDensity, Tf32};
use weigh_facts::{Decimal, Estimate, Truth};

use crate::chips::{chips, decimal};
use crate::csv::csv;
use crate::support::corpus;

const TF32_19: Tf32 = Tf32::Significant19;
const TF32_32: Tf32 = Tf32::Stored32;

type Row = BTreeMap<String, String>;

fn rows(test: &str) -> Vec<(Row, &'static Chip)> {
    let Some(root) = corpus(test) else {
        return Vec::new();
    };
    let text = std::fs::read_to_string(root.join("chips.csv")).unwrap();
    let rows = csv(&text);
    assert_eq!(rows.len(), 77);
    let with_chip = |row: Row| {
        let chip = chips().find(&row["name"]).unwrap_or_else(|e| panic!("{e}"));
        (row, chip)
    };
    rows.into_iter().map(with_chip).collect()
}

fn tpp(chip: &Chip, tf32: Tf32) -> Option<Decimal> {
    chip.tpp(tf32).map(|t| t.tpp)
}

fn cell(row: &Row, column: &str) -> Option<Decimal> {
    let text = &row[column];
    (!text.is_empty()).then(|| decimal(text))
}

/// TPP: rate in 1e12/s times bits.
#[test]
fn tpp_equals_the_collected_table_under_both_conventions() {
    for (row, chip) in rows("chip_table::tpp_equals_the_collected_table_under_both_conventions") {
        let expected = cell(&row, "tpp_derived_tf32_as_19bit");
        assert_eq!(
            tpp(chip, TF32_19),
            expected,
            "{}, TF32 as 19 bits",
            chip.name
        );
        let expected = cell(&row, "tpp_derived_tf32_as_32bit");
        assert_eq!(
            tpp(chip, TF32_32),
            expected,
            "{}, TF32 as 32 bits",
            chip.name
        );
    }
}

/// TPP/mm², which the table rounds to two decimals.
#[test]
fn density_equals_the_collected_table() {
    for (row, chip) in rows("chip_table::density_equals_the_collected_table") {
        let density = match chip.performance_density(TF32_19) {
            PerformanceDensity::Known(density) => Some(density),
            _ => None,
        };
        let low = density.as_ref().and_then(Estimate::low);
        let Some(expected) = cell(&row, "pd_derived") else {
            // At most an upper bound, from the dies whose area is known.
            assert_eq!(low, None, "{}", chip.name);
            continue;
        };
        let low = low.unwrap_or_else(|| panic!("{} has no density", chip.name));
        let difference = low - &expected;
        let half = decimal("0.005");
        assert!(
            difference <= half && -&difference <= half,
            "{}: {low} TPP/mm2, and the table has {expected}",
            chip.name
        );
    }
}

const FORMATS: &[(&str, &[&str])] = &[
    ("fp64_vec", &["fp64"]),
    ("fp64_matrix", &["fp64-matrix"]),
    ("fp32_vec", &["fp32"]),
    ("fp32_matrix", &["fp32-matrix"]),
    ("tf32_dense", &["tf32"]),
    ("fp16_bf16_dense", &["fp16", "bf16"]),
    ("fp8_dense", &["fp8"]),
    ("fp6_dense", &["fp6"]),
    ("int8_dense", &["int8"]),
    ("fp4_dense", &["fp4"]),
    ("int4_dense", &["int4"]),
];

/// Rates in 1e12/s, bandwidths in GB/s, power in W, areas in mm².
#[test]
fn every_figure_equals_the_collected_table() {
    for (row, chip) in rows("chip_table::every_figure_equals_the_collected_table") {
        for (column, formats) in FORMATS {
            let of_format = |f: &&str| chip.rates.iter().find(|r| r.precision == **f);
            let rate = formats.iter().find_map(of_format);
            let rate = rate.map(|r| r.tera_per_s.clone());
            assert_eq!(rate, cell(&row, column), "{}: {column}", chip.name);
        }
        let exact = |figure: Option<&Estimate<Decimal>>| figure.and_then(|f| f.as_exact().cloned());
        let link = chip.link_gb_per_s.as_ref().map(|f| &f.value);
        let pcie = chip.pcie_gb_per_s.as_ref().map(|f| &f.value);
        let power = chip.power_w.as_ref().map(|f| &f.value);
        for (column, found) in [
            ("scaleup_link_gbps_bidir", exact(link)),
            ("pcie_gbps_bidir", exact(pcie)),
            ("mem_bw_gbps", exact(chip.total_dram_gb_per_s())),
            ("tdp_w", exact(power)),
        ] {
            assert_eq!(found, cell(&row, column), "{}: {column}", chip.name);
        }
        let marketed = chip.data_center.as_ref().map(|m| m.is_data_center);
        assert_eq!(
            marketed,
            Some(row["datacenter_marketed"] == "Y"),
            "{}",
            chip.name
        );
        assert!(chip.dies.iter().all(|d| d.is_non_planar), "{}", chip.name);
        let released = chip.released.map_or(String::new(), |r| r.to_string());
        assert_eq!(released, row["release_date"], "{}", chip.name);
        let process = &row["process"];
        assert!(
            process.is_empty() || chip.process == *process,
            "{}",
            chip.name
        );
        assert_eq!(chip.vendor, row["vendor"]);
    }
}

#[test]
fn the_format_that_drives_tpp_equals_the_collected_table() {
    for (row, chip) in rows("chip_table::the_format_that_drives_tpp_equals_the_collected_table") {
        let Some(found) = chip.tpp(TF32_19) else {
            assert_eq!(row["tpp_driver"], "", "{}", chip.name);
            continue;
        };
        // The table has one column for FP16 and BF16, and names that of several equal ones.
        let driver = match found.driver.as_str() {
            "bf16" => "fp16",
            "fp64-matrix" => "fp64m",
            other => other,
        };
        assert_eq!(driver, row["tpp_driver"], "{}", chip.name);
    }
}

fn reaches(estimate: Option<&Estimate<Decimal>>, line: &str) -> Truth {
    estimate.map_or(Truth::Unknown, |e| e.reaches(&decimal(line)))
}

/// 3A090 as of 2023-11-17.
fn class_2023(chip: &Chip, tf32: Tf32) -> &'static str {
    let tpp = chip.tpp(tf32).map(|t| t.estimate());
    let at_least = |line: &str| reaches(tpp.as_ref(), line);
    let dense = |line: &str| chip.density_reaches(&decimal(line), tf32);
    let data_center = chip.data_center.as_ref().is_some_and(|m| m.is_data_center);
    let excluded = Truth::from(!data_center) & !at_least("4800");
    let a1 = at_least("4800");
    let a2 = at_least("1600") & dense("5.92");
    let b1 = at_least("2400") & !at_least("4800") & dense("1.6") & !dense("5.92");
    let b2 = at_least("1600") & dense("3.2") & !dense("5.92");
    match (excluded, a1, a2, b1, b2) {
        _ if tpp.is_none() => "unknown",
        (Truth::True, ..) => "none (Note 2: not data-centre and <4800)",
        (_, Truth::True, ..) if !data_center => "3A090.a.1 (NAC/ACA class)",
        (_, Truth::True, ..) => "3A090.a.1",
        (_, _, Truth::True, ..) => "3A090.a.2",
        (_, Truth::False, Truth::False, Truth::True, Truth::True) => "3A090.b.1+b.2",
        (_, Truth::False, Truth::False, Truth::True, Truth::False) => "3A090.b.1",
        (_, Truth::False, Truth::False, Truth::False, Truth::True) => "3A090.b.2",
        (_, Truth::False, Truth::False, Truth::False, Truth::False) => "none",
        _ => "indeterminate (need applicable die area)",
    }
}

/// 3A090 as of 2022-10-07: rate in bits and bandwidth of all inputs and outputs.
fn class_2022(chip: &Chip, tf32: Tf32) -> &'static str {
    let tpp = chip.tpp(tf32).map(|t| t.estimate());
    let io = chip.aggregate_io_gb_per_s();
    match (reaches(tpp.as_ref(), "4800"), reaches(io.as_ref(), "600")) {
        _ if tpp.is_none() => "unknown",
        (Truth::False, _) => "not (ops<4800)",
        (_, Truth::False) => "not (I/O",
        (Truth::True, Truth::True) => "3A090",
        _ => "needs I/O rate",
    }
}

/// 91 FR 1684: case by case below 21,000 TPP and below 6,500 GB/s of DRAM.
fn is_in_window(chip: &Chip, tf32: Tf32) -> Truth {
    let tpp = chip.tpp(tf32).map(|t| t.estimate());
    let dram = chip.total_dram_gb_per_s();
    !reaches(tpp.as_ref(), "21000") & !reaches(dram, "6500")
}

#[test]
fn classes_equal_the_collected_table() {
    for (row, chip) in rows("chip_table::classes_equal_the_collected_table") {
        let expected = &row["class_oct2023_derived"];
        assert_eq!(class_2023(chip, TF32_19), expected, "{} in 2023", chip.name);
        // The table adds the sum of the bandwidths: `not (I/O 464<600)`.
        let expected = &row["class_oct2022_derived"];
        let found = class_2022(chip, TF32_19);
        assert!(
            expected.starts_with(found),
            "{}: {found} in 2022",
            chip.name
        );
        if found == "not (I/O" {
            let io = chip.aggregate_io_gb_per_s().unwrap();
            let io = io.as_exact().unwrap().to_plain();
            assert_eq!(*expected, format!("not (I/O {io}<600)"), "{}", chip.name);
        }
        let expected = match row["cn_mo_review_2026_derived"].as_str() {
            "case-by-case window" => Truth::True,
            "presumption of denial" => Truth::False,
            _ => continue,
        };
        assert_eq!(
            is_in_window(chip, TF32_19),
            expected,
            "{} in 2026",
            chip.name
        );
    }
}

#[test]
fn the_convention_for_tf32_flips_these_chips_and_no_others() {
    let outcome = |chip: &Chip, tf32| {
        let (now, before) = (class_2023(chip, tf32), class_2022(chip, tf32));
        let window = is_in_window(chip, tf32);
        (now, before, window)
    };
    let mut flipped = Vec::new();
    for chip in chips().chips().unwrap() {
        if outcome(chip, TF32_19) != outcome(chip, TF32_32) {
            let other = &chip.alternatives(TF32_19)[0].performance.tpp;
            flipped.push((chip.id.as_str(), tpp(chip, TF32_19), other.clone()));
        }
    }
    // Trainium1 crosses 4,800, Trainium2 and 3 cross 21,000.
    let expected = [
        ("amazon-trainium1", "3610", "6080"),
        ("amazon-trainium2", "12673", "21344"),
        ("amazon-trainium3", "20136", "21472"),
    ];
    let expected = expected.map(|(id, one, other)| (id, Some(decimal(one)), decimal(other)));
    assert_eq!(flipped, expected);
}

/// The published figures, TF32 as 19 bits: TPP, density rounded down to two decimals if known,
/// and the class since October 2023. Sources: vendors' datasheets, and for the outcomes
/// NVIDIA's 8-K of 2023-10-17 and 91 FR 1684; in the data of each chip.
const PUBLISHED: &[(&str, &str, &str, &str)] = &[
    ("A100 80GB", "4992", "6.04", "3A090.a.1"),
    ("A800", "4992", "6.04", "3A090.a.1"),
    ("H100 SXM", "15832", "19.44", "3A090.a.1"),
    ("H800 SXM", "15832", "19.44", "3A090.a.1"),
    ("H20", "2368", "2.90", "none"),
    ("L20", "1912", "3.14", "none"),
    ("L2", "1544", "5.24", "none"),
    ("A10", "2000", "3.18", "none"),
    ("A40", "2395.2", "3.81", "3A090.b.2"),
    ("L40", "2896", "4.75", "3A090.b.1+b.2"),
    ("L40S", "5864", "9.63", "3A090.a.1"),
    ("A30", "2644", "3.20", "3A090.b.1+b.2"),
    ("MI210", "2899.2", "4.00", "3A090.b.1+b.2"),
    ("L4", "1936", "6.57", "3A090.a.2"),
    ("MTIA v2", "2832", "6.72", "3A090.a.2"),
    ("TPU v4", "4400", "7.33", "3A090.a.2"),
    ("RTX 4090", "5284.8", "8.68", "3A090.a.1 (NAC/ACA class)"),
    ("RTX 5090", "6704", "8.93", "3A090.a.1 (NAC/ACA class)"),
    (
        "RTX 4090 D",
        "4707.2",
        "7.73",
        "none (Note 2: not data-centre and <4800)",
    ),
    (
        "RTX 5090 D",
        "4750",
        "6.33",
        "none (Note 2: not data-centre and <4800)",
    ),
    ("H200 SXM", "15832", "19.44", "3A090.a.1"),
    ("MI325X", "20919.2", "8.71", "3A090.a.1"),
    ("H200 NVL", "13368", "16.42", "3A090.a.1"),
    ("B200", "36000", "22.11", "3A090.a.1"),
    ("GB200", "40000", "24.57", "3A090.a.1"),
    ("B300", "56000", "34.39", "3A090.a.1"),
    ("GB300", "60000", "36.85", "3A090.a.1"),
    ("MI355X", "60397.8", "", "3A090.a.1"),
    (
        "Trainium1",
        "3610",
        "",
        "indeterminate (need applicable die area)",
    ),
    ("Trainium3", "20136", "", "3A090.a.1"),
    (
        "MTT S4000",
        "1600",
        "",
        "indeterminate (need applicable die area)",
    ),
];

#[test]
fn published_figures_and_classes_come_out() {
    for (name, expected, density, class) in PUBLISHED {
        let chip = chips().find(name).unwrap();
        assert_eq!(tpp(chip, TF32_19), Some(decimal(expected)), "{name}");
        assert_eq!(class_2023(chip, TF32_19), *class, "{name}");
        let known = match chip.performance_density(TF32_19) {
            PerformanceDensity::Known(density) => density.low().cloned(),
            _ => None,
        };
        let Some(known) = known else {
            assert_eq!(*density, "", "{name}");
            continue;
        };
        let step = decimal("0.01");
        let floor = decimal(density);
        assert!(
            floor <= known && known < &floor + &step,
            "{name}: {known} TPP/mm2"
        );
    }
}

/// FP6 at the rate of FP4 gives 60,398; a tracker has 40,265 and Epoch 37,440, by other formats.
#[test]
fn fp6_drives_the_mi355x() {
    let chip = chips().find("MI355X").unwrap();
    let found = chip.tpp(TF32_19).unwrap();
    assert_eq!(
        (found.tpp, found.driver.as_str()),
        (decimal("60397.8"), "fp6")
    );
    let without: Vec<Decimal> = chip
        .rates
        .iter()
        .filter(|r| r.precision != "fp6")
        .map(|r| r.tpp(TF32_19))
        .collect();
    assert_eq!(without.iter().max(), Some(&decimal("40265.6")));
}

/// On the line: 1,600 is "1600 or more".
#[test]
fn the_mtt_s4000_stands_exactly_on_a_line() {
    let tpp = chips().find("MTT S4000").unwrap().tpp(TF32_19).unwrap();
    let tpp = tpp.estimate();
    assert_eq!(tpp.reaches(&decimal("1600")), Truth::True);
    assert_eq!(tpp.exceeds(&decimal("1600")), Truth::False);
}

/// INT4 661 x 4 = 2,644 is above 3.2 TPP/mm², BF16 165 x 16 = 2,640 below.
#[test]
fn the_rounding_of_a_datasheet_moves_the_a30_across_a_line() {
    let chip = chips().find("A30").unwrap();
    assert_eq!(chip.density_reaches(&decimal("3.2"), TF32_19), Truth::True);
    let bf16 = chip.rate("bf16").unwrap().tpp(TF32_19);
    assert!(bf16 < &decimal("3.2") * &decimal("826"), "{bf16}");
}

/// 81 TPP below the line of 21,000; the H200 inside, the B200 outside (91 FR 1684).
#[test]
fn the_window_of_2026_holds_the_chips_the_agency_names() {
    for (name, expected) in [
        ("H200 SXM", Truth::True),
        ("MI325X", Truth::True),
        ("B200", Truth::False),
        // A line on memory alone: 7,370 GB/s.
        ("TPU v7", Truth::False),
        ("MI308X", Truth::Unknown),
    ] {
        assert_eq!(
            is_in_window(chips().find(name).unwrap(), TF32_19),
            expected,
            "{name}"
        );
    }
}
