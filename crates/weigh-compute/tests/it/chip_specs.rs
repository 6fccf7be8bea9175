//! Chips that are not in the catalog, as a user would write them down.
//!
//! Figures come from public datasheets and talks as we remember them, so every source says
//! `unverified`; each spec names its document. Expected values are computed by hand beside it.

use proptest::prelude::*;
use weigh_compute::{ApplicableArea, Chip, ChipCatalog, PerformanceDensity, Tf32};
use weigh_facts::{Decimal, Truth};

use crate::chips::decimal;

const TF32_19: Tf32 = Tf32::Significant19;

/// A spec in a few words: rates as `bf16 100`, dies as `1 x 826` or `planar 1 x 545`.
fn text(name: &str, document: &str, rates: &[&str], dies: &[&str], rest: &str) -> String {
    let rates = rates.iter().map(|rate| {
        let (precision, tera) = rate.split_once(' ').unwrap();
        format!("{{ precision = '{precision}', tera_per_s = '{tera}', source = 'd' }},")
    });
    let dies = dies.iter().map(|die| {
        let (is_planar, die) = die.strip_prefix("planar ").map_or((false, *die), |d| (true, d));
        let (count, area) = die.split_once(" x ").unwrap();
        format!(
            "{{ covers = 'dies', count = {count}, mm2_each = '{area}', non_planar = {}, source = 'd' }},",
            !is_planar
        )
    });
    format!(
        "format = 1\nid = 'spec'\nname = '{name}'\nvendor = 'V'\nprocess = 'P'\n\
         rates = [{}]\ndies = [{}]\n{rest}\n\
         [source.d]\nkind = 'datasheet'\ntitle = '{document}, from memory'\nhref = 'h'\n\
         certainty = 'unverified'\n",
        rates.collect::<String>(),
        dies.collect::<String>()
    )
}

fn read(text: &str) -> Chip {
    Chip::from_toml(text).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"))
}

struct Expected {
    tpp: &'static str,
    driver: &'static str,
    /// mm² that count; empty if there is no density.
    area: &'static str,
    /// Is the density 5.92 TPP/mm² or more?
    dense: Truth,
}

fn check(name: &str, document: &str, rates: &[&str], dies: &[&str], expected: &Expected) {
    let chip = read(&text(name, document, rates, dies, ""));
    let found = chip.tpp(TF32_19).unwrap();
    assert_eq!(
        (found.tpp, found.driver.as_str()),
        (decimal(expected.tpp), expected.driver),
        "{name}"
    );
    let area = match chip.applicable_area() {
        ApplicableArea::Known(area) => area.as_exact().unwrap().to_plain(),
        _ => String::new(),
    };
    assert_eq!(area, expected.area, "{name}");
    assert_eq!(
        chip.density_reaches(&decimal("5.92"), TF32_19),
        expected.dense,
        "{name}"
    );
}

macro_rules! specs {
    ($($test:ident: $name:literal, $document:literal, [$($rate:literal),+], [$($die:literal),*], $tpp:literal by $driver:literal, $area:literal, $dense:ident;)+) => {
        $(#[test]
        fn $test() {
            let expected = Expected { tpp: $tpp, driver: $driver, area: $area, dense: Truth::$dense };
            check($name, $document, &[$($rate),+], &[$($die),*], &expected);
        })+
    };
}

specs! {
    // 125 PFLOP/s dense in FP16 on 46,225 mm2: an immense TPP at a density of 43.
    a_wafer_is_one_chip: "Cerebras WSE-3", "Cerebras WSE-3 announcement, 2024",
        ["fp16 125000"], ["1 x 46225"], "2000000" by "fp16", "46225", True;
    // 7.5 PFLOP/s dense assumed for the generation before.
    the_wafer_before_it: "Cerebras WSE-2", "Cerebras WSE-2 talk at Hot Chips 33",
        ["fp16 7500"], ["1 x 46225"], "120000" by "fp16", "46225", False;
    // INT8 400 x 8 = 3,200 = FP16 200 x 16; the area is not published.
    cloud_ai_100_has_no_area: "Qualcomm Cloud AI 100", "Qualcomm Cloud AI 100 product brief",
        ["int8 400", "fp16 200"], [], "3200" by "fp16", "", Unknown;
    // 250 TFLOP/s x 16 = 4,000; 823 mm2 at 7 nm: 4.86.
    an_ipu_of_the_second_generation: "Graphcore GC200", "Graphcore IPU-M2000 datasheet",
        ["fp16 250", "fp32 62.5"], ["1 x 823"], "4000" by "fp16", "823", False;
    // FP16 33.7 x 16 = 539.2 is less than FP64 9.7 x 64 = 620.8.
    a_vector_machine_counts_by_fp64: "A64FX-like", "made up after Fujitsu A64FX",
        ["fp64 9.7", "fp32 13", "fp16 33.7"], ["1 x 400"], "620.8" by "fp64", "400", False;
    // Ampere for games: FP16 142 x 16, INT8 284 x 8, INT4 568 x 4 tie at 2,272.
    rtx_3090: "NVIDIA RTX 3090", "NVIDIA GA102 white paper",
        ["fp32 35.6", "tf32 35.6", "fp16 142", "int8 284", "int4 568"], ["1 x 628.4"],
        "2272" by "fp16", "628.4", False;
    // 26 TOPS x 8 = 208 on a small part: below every line.
    a_small_part: "Hailo-like", "made up after a 26 TOPS edge part",
        ["int8 26"], ["1 x 50"], "208" by "int8", "50", False;
    // Ponte Vecchio: BF16 839 x 16 = 13,424 = INT8 1,678 x 8, tiles of several processes, all FinFET.
    tiles_of_two_kinds_add_up: "Intel Max 1550", "Intel Data Center GPU Max brief",
        ["fp64 52", "fp32 52", "tf32 419", "bf16 839", "int8 1678"], ["16 x 41", "2 x 640"],
        "13424" by "bf16", "1936", True;
    // Planar 28 nm: TPP is there, density is not.
    an_old_planar_chip_has_no_density: "NVIDIA Tesla K80", "NVIDIA Tesla K80 datasheet",
        ["fp64 2.91", "fp32 8.73"], ["planar 2 x 561"], "279.36" by "fp32", "", False;
    // 92 TOPS in INT8 x 8 = 736 on a 28 nm planar die.
    tpu_v1_is_planar: "Google TPU v1", "Jouppi et al. 2017",
        ["int8 92"], ["planar 1 x 331"], "736" by "int8", "", False;
    // A planar I/O die beside FinFET compute dies counts for nothing: 4,800 / 400 = 12.
    a_planar_io_die_does_not_dilute: "made up", "made up",
        ["fp8 600"], ["2 x 200", "planar 1 x 1000"], "4800" by "fp8", "400", True;
    // INT16 counts with 16 bits: 205 x 16 = 3,280, and INT8 825 x 8 = 6,600.
    hanguang: "T-Head Hanguang 800", "Alibaba, Hanguang 800 talk at Hot Chips 32",
        ["int16 205", "int8 825"], ["1 x 709"], "6600" by "int8", "709", True;
    // FP8 1,000 x 8 = 8,000; two dies of one kind.
    sn40l_like: "SambaNova SN40L-like", "made up after a talk of SambaNova at Hot Chips 2024",
        ["bf16 638"], ["2 x 540"], "10208" by "bf16", "1080", True;
}

/// FP8 alone, one bit more or less of rate: 600 x 8 is 4,800 and not less.
#[test]
fn a_made_up_chip_stands_on_the_line_of_4800() {
    let reaches = |tera: &str| {
        let chip = read(&text(
            "made up",
            "made up",
            &[&format!("fp8 {tera}")],
            &[],
            "",
        ));
        chip.tpp(TF32_19)
            .unwrap()
            .estimate()
            .reaches(&decimal("4800"))
    };
    assert_eq!(reaches("600"), Truth::True);
    assert_eq!(reaches("599.999999999999999999999999"), Truth::False);
}

#[test]
fn a_spec_can_stand_in_a_catalog_of_its_own() {
    let one = text(
        "Made Up 1",
        "made up",
        &["fp8 600"],
        &[],
        "aliases = ['MU-1']",
    );
    let catalog = ChipCatalog::load(&[("one.toml", &one)]).unwrap();
    assert_eq!(catalog.find("mu1").unwrap().name, "Made Up 1");
    let twice = ChipCatalog::load(&[("one.toml", &one), ("two.toml", &one)]).unwrap_err();
    assert!(twice.to_string().contains("`one.toml`"), "{twice}");
    let wrong = one.replace("600", "-600");
    let error = ChipCatalog::load(&[("one.toml", &wrong)]).unwrap_err();
    assert_eq!(
        (error.file.as_str(), error.code()),
        ("one.toml", "catalog-entry")
    );
}

proptest! {
    /// Whatever a file says, it is read or refused, and decisions agree with the interval.
    #[test]
    fn any_text_is_read_or_refused(at in 0usize..400, with in "[ -~\n]{0,12}") {
        let whole = text("X", "made up", &["fp8 600", "tf32 100"], &["2 x 100"], "[link]\ngb_per_s = 7\nsource = 'd'");
        let at = at.min(whole.len());
        let _ = Chip::from_toml(&format!("{}{with}{}", &whole[..at], &whole[at..]));
        let _ = Chip::from_toml(&format!("{}{with}", &whole[..at]));
    }

    /// Decisions by cross-multiplying agree with the interval, which holds the quotient.
    #[test]
    fn the_interval_holds_the_density(rate in 1u64..1_000_000, area in 1u64..100_000, line in 1u64..10_000) {
        let chip = read(&text("X", "made up", &[&format!("bf16 {rate}")], &[&format!("1 x {area}")], ""));
        let PerformanceDensity::Known(density) = chip.performance_density(TF32_19) else {
            panic!("both are known");
        };
        let (tpp, area, line) = (Decimal::from(rate * 16), Decimal::from(area), Decimal::from(line));
        prop_assert!(density.low().unwrap() * &area <= tpp);
        prop_assert!(density.high().unwrap() * &area >= tpp);
        let exact = Truth::from(tpp >= &line * &area);
        prop_assert_eq!(chip.density_reaches(&line, TF32_19), exact);
        prop_assert!(density.reaches(&line) == exact || density.reaches(&line) == Truth::Unknown);
    }
}
