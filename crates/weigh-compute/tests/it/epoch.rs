//! Epoch AI's table of 175 chips (CC BY 4.0) against our formulas and our catalog, row by row.
//!
//! Each difference is explained in `docs/measurements/epoch-chips.md`, which is made here: a new
//! difference, an unexplained one or a reason that is no longer needed fails the test. After
//! reading the change, accept it with `INSTA_UPDATE=always`.
//!
//! Limits: Epoch's file holds binary floats; nine significant digits of them are compared.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use weigh_compute::{Chip, Tf32};
use weigh_facts::Decimal;

use crate::chips::{chips, decimal};
use crate::csv::csv;
use crate::support::corpus;

const TF32_19: Tf32 = Tf32::Significant19;
const TF32_32: Tf32 = Tf32::Stored32;

const REPORT: &str = "../../docs/measurements/epoch-chips.md";
const TABLE: &str = "portfolio/epoch/ml_hardware_snapshot_2026-04.csv";
const NAME: &str = "Hardware name";
const TPP: &str = "Total processing performance (bit-OP/s)";

/// Columns of rates: as ours are called, with the unit that has them.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("Tensor-FP16/BF16 performance (FLOP/s)", "bf16", "tensor"),
    ("FP8 performance (FLOP/s)", "fp8", "tensor"),
    ("FP4 performance (FLOP/s)", "fp4", "tensor"),
    (
        "FP64 (double precision) performance (FLOP/s)",
        "fp64",
        "vector",
    ),
    (
        "FP32 (single precision) performance (FLOP/s)",
        "fp32",
        "vector",
    ),
    (
        "TF32 (TensorFloat-32) performance (FLOP/s)",
        "tf32",
        "tensor",
    ),
    (
        "FP16 (half precision) performance (FLOP/s)",
        "fp16",
        "vector",
    ),
    ("INT16 performance (OP/s)", "int16", "tensor"),
    ("INT8 performance (OP/s)", "int8", "tensor"),
    ("INT4 performance (OP/s)", "int4", "tensor"),
];

/// Rows whose TPP follows from none of their own rates.
const NOT_BY_ITS_RATES: &[(&str, &str)] = &[
    (
        "Meta MTIA 300",
        "2832 is the TPP in the row of MTIA v2; the rates of this row, 600 x 16 and 1200 x 8, give 9600",
    ),
    (
        "NVIDIA GB300 (Blackwell Ultra)",
        "no rate of the row gives 61120; FP4 15000 x 4 gives 60000",
    ),
    (
        "NVIDIA A800 PCIe 80 GB",
        "4988.8 is 311.8 x 16, the rate in the row of the 40 GB card; this row has 312",
    ),
    (
        "Google TPU v2",
        "720 is 45 x 16; the row has 46, and its note says that some sources have 45",
    ),
];

/// What else is to be said of rows without a TPP.
const WITHOUT_TPP: &[(&str, &str)] = &[
    (
        "AMD Radeon Instinct MI308X",
        "; our catalog takes none of its rates, which the maker does not publish",
    ),
    (
        "NVIDIA Rubin CPX",
        "; its FP4 rate is taken as dense here, which the announcement does not say",
    ),
];

/// Epoch's name and our id, where the chip is the same.
const OURS: &[(&str, &str)] = &[
    ("NVIDIA Tesla V100 SXM2 32 GB", "nvidia-v100-sxm2"),
    ("NVIDIA Tesla T4", "nvidia-t4"),
    ("NVIDIA A100 SXM4 40 GB", "nvidia-a100-sxm-40gb"),
    ("NVIDIA A100 SXM4 80 GB", "nvidia-a100-sxm-80gb"),
    ("NVIDIA A100 PCIe", "nvidia-a100-pcie-40gb"),
    ("NVIDIA A800 SXM", "nvidia-a800-sxm-80gb"),
    ("NVIDIA A800 PCIe 80 GB", "nvidia-a800-pcie-80gb"),
    ("NVIDIA A40 PCIe", "nvidia-a40"),
    ("NVIDIA A10 PCIe", "nvidia-a10"),
    ("NVIDIA L4", "nvidia-l4"),
    ("NVIDIA L40", "nvidia-l40"),
    ("NVIDIA L20 PCle", "nvidia-l20"),
    ("NVIDIA L2 PCle", "nvidia-l2"),
    ("NVIDIA H100 SXM5 80GB", "nvidia-h100-sxm"),
    ("NVIDIA H100 PCIe", "nvidia-h100-pcie"),
    ("NVIDIA H100 NVL", "nvidia-h100-nvl"),
    ("NVIDIA H800 SXM5", "nvidia-h800-sxm"),
    ("NVIDIA HGX H20", "nvidia-h20"),
    ("NVIDIA H200 SXM", "nvidia-h200-sxm"),
    ("NVIDIA GH200", "nvidia-gh200"),
    ("NVIDIA B100", "nvidia-b100"),
    ("NVIDIA B200", "nvidia-b200"),
    ("NVIDIA GB200", "nvidia-gb200"),
    ("NVIDIA B300 (Blackwell Ultra)", "nvidia-b300"),
    ("NVIDIA GB300 (Blackwell Ultra)", "nvidia-gb300"),
    ("NVIDIA GeForce RTX 4090", "nvidia-rtx-4090"),
    ("NVIDIA RTX 6000 Ada Generation", "nvidia-rtx-6000-ada"),
    ("AMD Radeon Instinct MI250X", "amd-mi250x"),
    ("AMD Instinct MI300A", "amd-mi300a"),
    ("AMD Instinct MI300X", "amd-mi300x"),
    ("AMD Instinct MI325X", "amd-mi325x"),
    ("AMD Radeon Instinct MI308X", "amd-mi308x"),
    ("AMD Instinct MI350X", "amd-mi350x"),
    ("AMD Instinct MI355X", "amd-mi355x"),
    ("Intel Habana Gaudi2", "intel-gaudi-2"),
    ("Intel Habana Gaudi3", "intel-gaudi-3"),
    ("Google TPU v2", "google-tpu-v2"),
    ("Google TPU v3", "google-tpu-v3"),
    ("Google TPU v4", "google-tpu-v4"),
    ("Google TPU v4i", "google-tpu-v4i"),
    ("Google TPU v5e", "google-tpu-v5e"),
    ("Google TPU v5p", "google-tpu-v5p"),
    ("Google TPU v6e Trillium", "google-tpu-v6e"),
    ("Google TPU v7 Ironwood", "google-tpu-v7"),
    ("Amazon Trainium1", "amazon-trainium1"),
    ("Amazon Trainium2", "amazon-trainium2"),
    ("Amazon Trainium3", "amazon-trainium3"),
    ("Maia 100 (M100)", "microsoft-maia-100"),
    ("Meta MTIA v2 (MTIA 200)", "meta-mtia-v2"),
    ("GroqChip LPU v1", "groq-lpu-v1"),
    ("Tesla D1 Dojo", "tesla-d1"),
    ("Huawei Ascend 910", "huawei-ascend-910"),
    ("Huawei Ascend 910B1 (v1)", "huawei-ascend-910b1"),
    ("Huawei Ascend 910B2", "huawei-ascend-910b2"),
    ("Huawei Ascend 910B3", "huawei-ascend-910b3"),
    ("Huawei Ascend 910B4", "huawei-ascend-910b4"),
    ("Huawei Ascend 910C", "huawei-ascend-910c"),
    ("Huawei Ascend 950DT", "huawei-ascend-950dt"),
    ("Cambricon Siyuan 590", "cambricon-siyuan-590"),
    ("Cambricon MLU370-X8", "cambricon-mlu370-x8"),
    ("Biren BR100", "biren-br100"),
    ("MTT S4000", "moore-threads-mtt-s4000"),
];

/// Why the TPP of a chip of ours is another than Epoch's.
const TPP_REASONS: &[(&str, &str)] = &[
    (
        "nvidia-t4",
        "Epoch has FP16 at 65.13, units times clock; the datasheet prints 65",
    ),
    (
        "nvidia-a800-sxm-80gb",
        "Epoch has FP16 at 311.8, units times clock; the datasheet prints 312, and INT8 at 624 x 8 in Epoch's own row gives 4992 too",
    ),
    (
        "nvidia-a800-pcie-80gb",
        "Epoch's TPP is of 311.8 x 16; its own row has 312",
    ),
    (
        "nvidia-l40",
        "Epoch has FP32 at 90.52 x 32, units times clock; the datasheet prints 90.5, and BF16 at 181 x 16 gives the same 2896",
    ),
    (
        "nvidia-h100-pcie",
        "Epoch has neither FP8 nor INT8 for it; FP8 at 1513 x 8 is 8 more than BF16 at 756 x 16",
    ),
    ("nvidia-b300", "Epoch has no TPP for it; FP4 gives most"),
    (
        "nvidia-gb300",
        "no rate of Epoch's row gives 61120; both have FP4 at 15000 x 4",
    ),
    (
        "nvidia-rtx-6000-ada",
        "Epoch rounds 728.5, half of 1457, to 729",
    ),
    (
        "amd-mi325x",
        "Epoch rounds 1307.4 to 1300 in its FP16 column and takes that; ours is 81 TPP below the line of 21000",
    ),
    (
        "amd-mi350x",
        "Epoch has no FP6, and takes 2340 x 16 from its FP16 column",
    ),
    (
        "amd-mi355x",
        "Epoch has no FP6, and takes 2340 x 16 from its FP16 column, which is the figure of the MI350X's row",
    ),
    (
        "intel-gaudi-2",
        "Epoch has BF16 at 450; at 432, FP8 at 865 x 8 gives most",
    ),
    (
        "intel-gaudi-3",
        "Epoch has 1678 for BF16 and FP8; the white paper, as we remember it, has 1835",
    ),
    (
        "google-tpu-v2",
        "Epoch's TPP is of 45 x 16; its own row has 46",
    ),
    (
        "amazon-trainium2",
        "Epoch has no TF32 for it; TF32 at 667 counts 19 bits, BF16 at 667 counts 16",
    ),
    (
        "huawei-ascend-910c",
        "Epoch has 800 as most reports do; The Register has 752 dense",
    ),
    (
        "huawei-ascend-950dt",
        "Epoch has no TPP for it; both have FP8 at 1000 and FP4 at 2000",
    ),
    (
        "cambricon-siyuan-590",
        "Epoch has no TPP for it; both have FP16 at 345",
    ),
];

const CLOCK: &str = "33.45 is units times clock; the datasheet prints 34";
const OTHER_DATASHEET: &str =
    "the tracker's copy of the datasheet has ours; where Epoch's is from, it does not say";

/// Why a rate of ours is another than Epoch's, beyond rounding.
const RATE_REASONS: &[(&str, &str, &str)] = &[
    (
        "nvidia-a10",
        "bf16",
        "Epoch has no tensor rate for it, and the FP16 of its vector units; the datasheet has 125 on tensor units",
    ),
    ("nvidia-h100-sxm", "fp64", CLOCK),
    ("nvidia-h200-sxm", "fp64", CLOCK),
    ("nvidia-gh200", "fp64", CLOCK),
    (
        "nvidia-h800-sxm",
        "fp64",
        "Epoch has the FP64 of a part that is not cut; this one is cut to 1, as the tracker has it",
    ),
    (
        "nvidia-h800-sxm",
        "fp32",
        "Epoch has TechPowerUp's figure, at another clock; the tracker has that of the H100",
    ),
    (
        "nvidia-h800-sxm",
        "tf32",
        "Epoch has 454.5, where half of the BF16 rate is 494.5: two digits, it seems, are mistyped",
    ),
    (
        "nvidia-h800-sxm",
        "bf16",
        "Epoch drops the half: 1979 in FP8 is twice 989.5",
    ),
    (
        "nvidia-b100",
        "tf32",
        "Epoch has half of the BF16 rate; the tracker has 900, which at 32 bits would give 28800 and not 28000",
    ),
    ("nvidia-b200", "fp64", OTHER_DATASHEET),
    ("nvidia-b200", "fp32", OTHER_DATASHEET),
    (
        "nvidia-b300",
        "tf32",
        "Epoch rounds; half of its own BF16 rate is 1125",
    ),
    ("nvidia-rtx-4090", "fp16", "Epoch rounds 330.3"),
    (
        "nvidia-rtx-6000-ada",
        "bf16",
        "Epoch has no tensor rate for it, and the FP16 of its vector units; on tensor units it is a quarter of 1457",
    ),
    (
        "nvidia-rtx-6000-ada",
        "fp8",
        "Epoch rounds 728.5, half of 1457",
    ),
    (
        "amd-mi325x",
        "int8",
        "Epoch rounds 2614.9, and has the full figure for the MI300X",
    ),
    (
        "amd-mi350x",
        "fp8",
        "Epoch rounds 4614, and has the full figure for INT8",
    ),
    (
        "amd-mi350x",
        "fp4",
        "Epoch rounds 9227.5, and has the full figure in its column for INT4",
    ),
    (
        "amd-mi355x",
        "fp8",
        "Epoch has the figure of the MI350X's row; its INT8 is 5033.2",
    ),
    (
        "amd-mi355x",
        "fp4",
        "Epoch has the figure of the MI350X's row; its INT4 is 10066.3",
    ),
    (
        "intel-gaudi-2",
        "bf16",
        "Epoch has 450; the white paper, as we remember it, has 432",
    ),
    (
        "intel-gaudi-3",
        "bf16",
        "Epoch has 1678; the white paper, as we remember it, has 1835",
    ),
    (
        "intel-gaudi-3",
        "fp8",
        "Epoch has 1678; the white paper, as we remember it, has 1835",
    ),
    (
        "huawei-ascend-910c",
        "fp16",
        "Epoch has 800 as most reports do; The Register has 752 dense",
    ),
];

type Row = BTreeMap<String, String>;

/// A float of Epoch's, in 1e12, to nine significant digits.
fn tera(row: &Row, column: &str) -> Option<Decimal> {
    let text = &row[column];
    let value: f64 = text.parse().ok()?;
    Some(decimal(&format!("{:.8e}", value / 1e12)))
}

fn rates(row: &Row) -> Vec<(&'static str, &'static str, Decimal)> {
    let rate = |(column, precision, unit): &(&str, &'static str, &'static str)| {
        Some((*precision, *unit, tera(row, column)?))
    };
    COLUMNS.iter().filter_map(rate).collect()
}

/// A row of Epoch's as a chip file of ours.
fn spec(row: &Row) -> Chip {
    let rates = rates(row).into_iter().map(|(precision, unit, rate)| {
        format!(
            "{{ precision = '{precision}', unit = '{unit}', tera_per_s = '{}', source = 'epoch' }},",
            rate.to_plain()
        )
    });
    let rates: String = rates.collect();
    let rates = if rates.is_empty() {
        "rates_unknown = 'the row has none'".to_owned()
    } else {
        format!("rates = [{rates}]")
    };
    let text = format!(
        "format = 1\nid = 'row'\nname = 'row'\nvendor = 'V'\nprocess = 'P'\n{rates}\n\
         [source.epoch]\nkind = 'datasheet'\ntitle = 'Epoch AI'\nhref = 'h'\n\
         certainty = 'secondary'\n"
    );
    Chip::from_toml(&text).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"))
}

fn reason<'a>(reasons: &[(&str, &'a str)], of: &str) -> Option<&'a str> {
    reasons
        .iter()
        .find(|(name, _)| *name == of)
        .map(|(_, why)| *why)
}

fn shown(value: Option<&Decimal>) -> String {
    value.map_or("none".to_owned(), Decimal::to_plain)
}

/// What our formulas make of the rates in one row, and why it is not Epoch's TPP.
/// Nothing if both agree, under both conventions.
fn own_difference(row: &Row, chip: &Chip) -> Option<String> {
    let name = &row[NAME];
    let (Some(at_19), Some(at_32)) = (chip.tpp(TF32_19), chip.tpp(TF32_32)) else {
        assert!(row[TPP].is_empty(), "{name}");
        return Some("Epoch has no rate for it, and no TPP".to_owned());
    };
    let Some(epoch) = tera(row, TPP) else {
        let more = reason(WITHOUT_TPP, name).unwrap_or_default();
        return Some(format!("Epoch has rates and no TPP{more}"));
    };
    if at_19.tpp == epoch {
        let differs = at_32.tpp != at_19.tpp;
        let rate = chip.rate("tf32").map(|r| r.tera_per_s.to_plain());
        return differs.then(|| {
            format!(
                "equal with TF32 as 19 bits; as 32 bits, TF32 at {} gives more",
                rate.unwrap()
            )
        });
    }
    let column = |r: &&weigh_compute::Rate| {
        let of_rate = |c: &&(&str, &str, &str)| c.1 == r.precision && c.2 == r.unit;
        let (column, ..) = COLUMNS.iter().find(of_rate).unwrap();
        let column = column.split(" performance").next().unwrap();
        format!("{column} at {} x {}", r.tera_per_s.to_plain(), r.bits)
    };
    let counted: Vec<String> = chip
        .rates
        .iter()
        .filter(|r| r.tpp(TF32_19) == epoch)
        .map(|r| column(&r))
        .collect();
    if counted.is_empty() {
        let why = reason(NOT_BY_ITS_RATES, name);
        return Some(
            why.unwrap_or_else(|| panic!("unexplained: {name}"))
                .to_owned(),
        );
    }
    let greatest = chip.rates.iter().find(|r| r.tpp(TF32_19) == at_19.tpp);
    Some(format!(
        "Epoch counts {}; {} is greater",
        counted.join(" and "),
        column(&greatest.unwrap())
    ))
}

/// The rate of a chip of ours that a column of Epoch's speaks of. Where Epoch has no tensor rate,
/// its FP16 column is compared with our 16-bit rate.
fn counterpart<'a>(chip: &'a Chip, row: &Row, precision: &str) -> Option<&'a weigh_compute::Rate> {
    let is_16 = |r: &&weigh_compute::Rate| r.precision == "bf16" || r.precision == "fp16";
    let has_tensor = tera(row, COLUMNS[0].0).is_some();
    match precision {
        "bf16" => chip
            .rates
            .iter()
            .filter(is_16)
            .max_by_key(|r| r.tera_per_s.clone()),
        "fp16" if has_tensor => None,
        "fp16" => counterpart(chip, row, "bf16"),
        other => chip.rates.iter().find(|r| r.precision == other),
    }
}

/// Is `exact` as `printed` is, but for digits that `printed` does not have?
fn rounds_to(exact: &Decimal, printed: &Decimal) -> bool {
    let decimals = printed
        .to_plain()
        .split_once('.')
        .map_or(0, |(_, d)| d.len());
    let half = decimal(&format!("5e-{}", decimals + 1));
    let difference = exact - printed;
    difference <= half && -&difference <= half
}

#[derive(Default)]
struct Report {
    text: String,
    used: Vec<(String, String)>,
}

impl Report {
    fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").unwrap();
    }

    fn rates(&mut self, rows: &BTreeMap<&str, &Row>) {
        self.line("| Chip | Format | Epoch | Ours | Why |\n| --- | --- | ---: | ---: | --- |");
        for (epoch_name, id) in OURS {
            let (row, chip) = (rows[epoch_name], chips().find(id).unwrap());
            for (precision, _, epoch) in rates(row) {
                let Some(ours) = counterpart(chip, row, precision) else {
                    continue;
                };
                if ours.tera_per_s == epoch {
                    continue;
                }
                let of_rate = |r: &&(&str, &str, &str)| r.0 == *id && r.1 == ours.precision;
                let why = match RATE_REASONS.iter().find(of_rate) {
                    Some((_, _, why)) => {
                        self.used.push(((*id).to_owned(), ours.precision.clone()));
                        *why
                    }
                    None if rounds_to(&epoch, &ours.tera_per_s) => {
                        "rounding: units times clock there, as the datasheet prints it here"
                    }
                    None => panic!("unexplained: {id} in {precision}, Epoch has {epoch}"),
                };
                let (epoch, ours_rate) = (epoch.to_plain(), ours.tera_per_s.to_plain());
                self.line(&format!(
                    "| {} | {} | {epoch} | {ours_rate} | {why} |",
                    chip.name, ours.precision
                ));
            }
        }
    }

    fn formats(&mut self, rows: &BTreeMap<&str, &Row>) {
        self.line("| Chip | Only Epoch | Only ours |\n| --- | --- | --- |");
        for (epoch_name, id) in OURS {
            let (row, chip) = (rows[epoch_name], chips().find(id).unwrap());
            let theirs = rates(row);
            let mut only_theirs = Vec::new();
            for (precision, _, rate) in &theirs {
                let skipped = *precision == "fp16" && tera(row, COLUMNS[0].0).is_some();
                if skipped || counterpart(chip, row, precision).is_some() {
                    continue;
                }
                only_theirs.push(format!("{precision} {}", rate.to_plain()));
                // No format that we leave out would raise our TPP.
                let alone = spec(row);
                let alone = alone.rates.iter().find(|r| r.precision == *precision);
                for tf32 in Tf32::ALL {
                    let ours = chip.tpp(*tf32).map(|t| t.tpp);
                    let raises = ours.is_some_and(|ours| alone.unwrap().tpp(*tf32) > ours);
                    assert!(!raises, "{id}: {precision} of Epoch's would raise our TPP");
                }
            }
            let has = |precision: &str| {
                let is_16 = precision == "bf16" || precision == "fp16";
                let is = |p: &str| p == precision || is_16 && (p == "bf16" || p == "fp16");
                theirs.iter().any(|(p, ..)| is(p))
            };
            let only_ours = chip.rates.iter().filter(|r| !has(&r.precision));
            let only_ours: Vec<&str> = only_ours.map(|r| r.precision.as_str()).collect();
            if !only_theirs.is_empty() || !only_ours.is_empty() {
                let (theirs, ours) = (only_theirs.join(", "), only_ours.join(", "));
                self.line(&format!("| {} | {theirs} | {ours} |", chip.name));
            }
        }
    }

    fn tpp(&mut self, rows: &BTreeMap<&str, &Row>) -> usize {
        let mut equal = 0;
        self.line("| Chip | Epoch | Ours | Why |\n| --- | ---: | ---: | --- |");
        for (epoch_name, id) in OURS {
            let (row, chip) = (rows[epoch_name], chips().find(id).unwrap());
            let epoch = tera(row, TPP);
            let ours = chip.tpp(TF32_19).map(|t| t.tpp);
            if epoch == ours {
                equal += 1;
                continue;
            }
            let why = reason(TPP_REASONS, id).unwrap_or_else(|| panic!("unexplained: TPP of {id}"));
            self.used.push(((*id).to_owned(), "tpp".to_owned()));
            let (epoch, ours) = (shown(epoch.as_ref()), shown(ours.as_ref()));
            self.line(&format!("| {} | {epoch} | {ours} | {why} |", chip.name));
        }
        equal
    }

    fn own(&mut self, rows: &[Row]) -> Vec<String> {
        let mut equal = Vec::new();
        self.line("| Epoch's row | Epoch's TPP | As 19 bits | As 32 bits | Why |");
        self.line("| --- | ---: | ---: | ---: | --- |");
        for row in rows {
            let chip = spec(row);
            let name = &row[NAME];
            let Some(why) = own_difference(row, &chip) else {
                equal.push(name.clone());
                continue;
            };
            let at = |tf32| chip.tpp(tf32).map(|t| t.tpp);
            let epoch = shown(tera(row, TPP).as_ref());
            let (one, other) = (shown(at(TF32_19).as_ref()), shown(at(TF32_32).as_ref()));
            self.line(&format!("| {name} | {epoch} | {one} | {other} | {why} |"));
        }
        equal
    }
}

const HEAD: &str = "\
# Epoch AI's 175 chips, row by row

Made by `cargo test -p weigh-compute epoch` from Epoch AI, *Machine Learning Hardware*, copy of 2026-04 (CC BY 4.0, <https://epoch.ai/data/machine-learning-hardware>), and from our catalog of chips.
A difference that is not explained here fails that test.

- TPP is the greatest dense rate (1e12 operations per second) times bits over all formats; rates are in 1e12 per second.
- Epoch's file holds binary floats; nine significant digits are compared.
- Epoch has columns for FP16 on vector units and on tensor units; the second is compared where it is there. It has none for FP6 and for FP64 and FP32 on matrix units, and counts TF32 as 19 bits.
- A row without a rate gives no TPP: nothing is filled in from a chip beside it.

What the differences come from, each told in its row below:

- Epoch's TPP is that of one column, and not always the greatest: MI355X, MI325X, A800 SXM.
- It has no column for FP6, which drives MI350X and MI355X, and leaves cells empty that drive others: FP8 and INT8 of H100 PCIe, TF32 of Trainium2.
- TF32 counts as 19 bits there; as 32 it drives Trainium1, Trainium3, Inferentia2, L2 and L20, and their TPP is greater.
- Some figures are of another chip or of another time than their row: MTIA 300, A800 PCIe, MI355X, TPU v2; one follows from nothing in its row: GB300.
- Rates are units times clock in some rows and the datasheet's round figures in others; some are rounded again.
- Sources disagree: Gaudi 2, Gaudi 3, Ascend 910C, B100, B200, H800.
- Fourteen rows have no TPP, and five of them have no rate either.
";

#[test]
fn epoch_differences_are_explained() {
    let Some(root) = corpus("epoch::epoch_differences_are_explained") else {
        return;
    };
    let rows = csv(&std::fs::read_to_string(root.join(TABLE)).unwrap());
    assert_eq!(rows.len(), 175);
    let by_name: BTreeMap<&str, &Row> = rows.iter().map(|r| (r[NAME].as_str(), r)).collect();
    assert_eq!(by_name.len(), rows.len(), "a name stands for one row");
    let mut report = Report::default();
    report.line(HEAD);

    report.line("## Epoch's TPP against our formulas on Epoch's own rates\n");
    let equal = report.own(&rows);
    let differing = rows.len() - equal.len();
    report.line(&format!(
        "\nThe other {} of {} rows agree under both conventions; {differing} are above.\nThey are {}.\n",
        equal.len(),
        rows.len(),
        equal.join(", ")
    ));

    report.line(&format!(
        "## Epoch's TPP against our catalog\n\n{} chips are in both.\n",
        OURS.len()
    ));
    let equal = report.tpp(&by_name);
    report.line(&format!("\nThe other {equal} agree, TF32 as 19 bits.\n"));

    report.line("## Rates that differ\n");
    report.rates(&by_name);

    report.line("\n## Formats that one of the two does not have\n");
    report.line(
        "Epoch's would not raise our TPP under either convention; that is part of the test.\n",
    );
    report.formats(&by_name);
    report.line("\nEpoch's TF32 of the MI250X equals our FP32 on matrix units. Its INT4 of B200 and GB300 equals FP4, and that of B300 another published figure for FP4: none of the three lists INT4 on its datasheet, as far as we know.");

    for (id, precision, _) in RATE_REASONS {
        let key = ((*id).to_owned(), (*precision).to_owned());
        assert!(
            report.used.contains(&key),
            "no longer needed: {id} in {precision}"
        );
    }
    for (id, _) in TPP_REASONS {
        let key = ((*id).to_owned(), "tpp".to_owned());
        assert!(report.used.contains(&key), "no longer needed: TPP of {id}");
    }
    for (name, why) in NOT_BY_ITS_RATES {
        assert!(
            report.text.contains(&format!("| {why} |")),
            "no longer needed: {name}"
        );
    }
    compare(&report.text);
}

fn compare(text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(REPORT);
    if std::env::var_os("INSTA_UPDATE").is_some_and(|v| v == "always") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    for (committed, found) in committed.lines().zip(text.lines()) {
        assert_eq!(
            committed, found,
            "docs/measurements/epoch-chips.md is not what the test finds"
        );
    }
    assert_eq!(committed.lines().count(), text.lines().count());
}

/// The reasons given by hand for rows whose own rates do not give their TPP hold in the table.
#[test]
fn what_is_said_of_epoch_is_in_its_table() {
    let Some(root) = corpus("epoch::what_is_said_of_epoch_is_in_its_table") else {
        return;
    };
    let rows = csv(&std::fs::read_to_string(root.join(TABLE)).unwrap());
    let cell = |name: &str, column: &str| {
        let row = rows.iter().find(|r| r[NAME] == name).unwrap();
        tera(row, column)
    };
    let tensor = COLUMNS[0].0;
    assert_eq!(
        cell("Meta MTIA 300", TPP),
        cell("Meta MTIA v2 (MTIA 200)", TPP)
    );
    assert_eq!(
        cell("NVIDIA A800 PCIe 40 GB", tensor),
        Some(decimal("311.8"))
    );
    assert_eq!(cell("NVIDIA A800 PCIe 80 GB", tensor), Some(decimal("312")));
    assert_eq!(&decimal("311.8") * &decimal("16"), decimal("4988.8"));
    for (column, value) in [
        ("FP8 performance (FLOP/s)", "4600"),
        ("FP4 performance (FLOP/s)", "9200"),
    ] {
        for name in ["AMD Instinct MI350X", "AMD Instinct MI355X"] {
            assert_eq!(cell(name, column), Some(decimal(value)), "{name}");
        }
    }
    let fp16 = "FP16 (half precision) performance (FLOP/s)";
    for name in ["AMD Instinct MI350X", "AMD Instinct MI355X"] {
        assert_eq!(cell(name, fp16), Some(decimal("2340")), "{name}");
    }
    let note = |name: &str| rows.iter().find(|r| r[NAME] == name).unwrap()["Notes"].clone();
    assert!(note("Google TPU v2").contains("45 TFLOP/s"));
    assert!(note("NVIDIA RTX 6000 Ada Generation").contains("divide performance by 2"));
}
