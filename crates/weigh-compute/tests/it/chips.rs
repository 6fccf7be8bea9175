//! Chips: legal figures against published ones, refusals, and time as a second method.

use std::collections::BTreeMap;

use weigh_compute::{ChipCatalog, chip_time};
use weigh_facts::{ChipUse, Decimal, Operations, Place, Truth};

use crate::support::corpus;

fn chips() -> &'static ChipCatalog {
    match ChipCatalog::shipped() {
        Ok(chips) => chips,
        Err(error) => panic!("{error}: {:#?}", error.diagnostics),
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn tpp_is_the_greatest_rate_times_bits() {
    let expected = [
        ("V100", "2000", "2000"),
        ("A100", "4992", "4992"),
        ("H100", "15832", "15832"),
        ("H800", "15832", "15832"),
        ("H200", "15832", "15832"),
        ("B200", "36000", "36000"),
        ("GB300", "60000", "60000"),
        ("MI300X", "20919.2", "20919.2"),
        ("TPU v5p", "7344", "7344"),
        ("Gaudi 3", "29360", "29360"),
    ];
    assert_eq!(chips().chips().count(), expected.len());
    for (name, tpp, as_32) in expected {
        let found = chips().find(name).unwrap().tpp().unwrap();
        assert_eq!(found.tpp, decimal(tpp), "{name}");
        assert_eq!(found.tpp_tf32_as_32, decimal(as_32), "{name}");
    }
}

#[test]
fn tf32_is_declared_and_both_readings_are_reported() {
    let text = r#"
        format = 1
        id = "x"
        name = "X"
        vendor = "V"
        process = "P"
        non_planar = true
        data_center = true
        rates = [
          { precision = "tf32", tera_per_s = 100, source = "d" },
          { precision = "bf16", tera_per_s = 100, source = "d" },
        ]
        [source.d]
        kind = "datasheet"
        title = "t"
        href = "h"
        certainty = "secondary"
    "#;
    let catalog = ChipCatalog::load(&[("x.toml", text)]).unwrap();
    let tpp = catalog.find("x").unwrap().tpp().unwrap();
    assert_eq!(
        (tpp.tpp, tpp.tpp_tf32_as_32),
        (decimal("1900"), decimal("3200"))
    );
    let other = text.replace("kind = \"datasheet\"", "kind = \"other\"");
    let error = ChipCatalog::load(&[("x.toml", &other)]).unwrap_err();
    assert!(
        error.to_string().contains("has no datasheet source"),
        "{error}"
    );
    let unsourced = text.replace("source = \"d\"", "source = \"e\"");
    assert!(ChipCatalog::load(&[("x.toml", &unsourced)]).is_err());
}

#[test]
fn density_is_compared_without_rounding() {
    let h100 = chips().find("H100").unwrap();
    let (down, up) = h100.density().unwrap();
    assert!(down < up, "15832 / 814 does not end");
    assert_eq!(h100.density_reaches(&down), Truth::True);
    assert_eq!(h100.density_reaches(&up), Truth::False);
    assert_eq!(h100.density_exceeds(&decimal("5.92")), Truth::True);
    let tpu = chips().find("tpu-v5p").unwrap();
    assert_eq!(
        tpu.density_reaches(&decimal("5.92")),
        Truth::Unknown,
        "no die area"
    );
}

#[test]
fn unknown_chips_name_what_is_near() {
    let error = chips().find("H1OO SXM").unwrap_err();
    assert_eq!(error.code(), "unknown-chip");
    assert!(error.to_string().contains("H100"), "{error}");
    assert!(
        chips()
            .find("Instinct MI300")
            .unwrap_err()
            .to_string()
            .contains("MI300X")
    );
}

fn used(chip: &str, hours: &str) -> ChipUse {
    ChipUse {
        chip: chip.to_owned(),
        count: None,
        chip_hours: decimal(hours),
        utilization: None,
        precision: None,
        whole_project: false,
        place: Place {
            input: "declared".to_owned(),
            inside: String::new(),
        },
    }
}

#[test]
fn time_gives_an_interval() {
    // DeepSeek-V3: 2.664 million H800 hours, 3.71e24 by counting.
    let by_time = chip_time(chips(), &used("H800", "2664000")).unwrap();
    let estimate = &by_time.estimate;
    assert_eq!(estimate.best().unwrap().to_string(), "3.51e24 FLOP");
    let counted = Operations(3_710_000_000_000_000_000_000_000);
    assert!(*estimate.low().unwrap() < counted && counted < *estimate.high().unwrap());

    let mut measured = used("H800", "2664000");
    measured.utilization = Some(decimal("0.39"));
    let narrow = chip_time(chips(), &measured).unwrap().estimate;
    assert!(narrow.low() > estimate.low() && narrow.high() < estimate.high());

    let mut project = used("H100 SXM", "370000");
    project.whole_project = true;
    let upper = chip_time(chips(), &project).unwrap().estimate;
    assert_eq!((upper.low(), upper.best()), (None, None));
    assert_eq!(upper.high().unwrap().to_string(), "7.38e23 FLOP");

    let mut wrong = used("V100", "1");
    wrong.precision = Some("fp8".to_owned());
    assert_eq!(
        chip_time(chips(), &wrong).unwrap_err().code(),
        "no-chip-rate"
    );
    let mut wrong = used("V100", "1");
    wrong.utilization = Some(decimal("37"));
    assert_eq!(
        chip_time(chips(), &wrong).unwrap_err().code(),
        "impossible-chip-use"
    );
}

/// The collected table of 77 chips derives TPP independently.
#[test]
fn figures_equal_the_collected_table() {
    let Some(root) = corpus("chips::figures_equal_the_collected_table") else {
        return;
    };
    let text = std::fs::read_to_string(root.join("chips.csv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut compared = 0;
    for line in lines {
        let row: BTreeMap<&str, &str> = header.iter().copied().zip(line.split(',')).collect();
        let Ok(chip) = chips().find(row["name"]) else {
            continue;
        };
        // Quoted commas stand only in columns after the ones read here or in other chips.
        if line.contains('"') {
            continue;
        }
        let tpp = chip.tpp().unwrap();
        assert_eq!(
            tpp.tpp,
            decimal(row["tpp_derived_tf32_as_19bit"]),
            "{}",
            chip.name
        );
        assert_eq!(
            tpp.tpp_tf32_as_32,
            decimal(row["tpp_derived_tf32_as_32bit"]),
            "{}",
            chip.name
        );
        compared += 1;
    }
    assert!(compared >= 6, "{compared}");
}
