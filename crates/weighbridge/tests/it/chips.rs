//! Chips as a person asks for them: answers, exit codes, wrong input.

use std::process::Command;

use serde_json::Value;

pub(crate) fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_weighbridge"))
        .args(arguments)
        .output()
        .expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Refused with exit code 2, and the error says all of these.
pub(crate) fn refused(arguments: &[&str], words: &[&str]) {
    let (code, out, err) = run(arguments);
    assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
    for word in words {
        assert!(err.contains(word), "{arguments:?}: {word} in {err}");
    }
}

pub(crate) fn json(arguments: &[&str]) -> (i32, Value) {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let (code, out, err) = run(&all);
    let value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{arguments:?}: {e}\n{err}"));
    (code, value)
}

#[test]
fn a_list_names_every_chip_and_can_be_narrowed() {
    let (code, all) = json(&["chip", "list", "--on", "2026-09-01"]);
    assert_eq!(code, 0);
    let count = |value: &Value| value["chips"].as_array().expect("chips").len();
    assert!(count(&all) > 70);
    let (_, some) = json(&["chip", "list", "--on", "2026-09-01", "--vendor", "huawei"]);
    assert!((5..20).contains(&count(&some)));
    let huawei = some["chips"].as_array().expect("chips").iter();
    assert!(huawei.into_iter().all(|c| c["vendor"] == "Huawei"));
    let narrow = ["--vendor", "NVIDIA", "--class", "3A090.b"];
    let (_, fewer) = json(&[&["chip", "list", "--on", "2026-09-01"], &narrow[..]].concat());
    let ids: Vec<&str> = fewer["chips"]
        .as_array()
        .expect("chips")
        .iter()
        .filter_map(|c| c["id"].as_str())
        .collect();
    assert_eq!(ids, ["nvidia-l40", "nvidia-a30", "nvidia-a40"]);
    let (code, table, _) = run(&["chip", "list", "--on", "2026-09-01", "--format", "csv"]);
    assert!(code == 0 && table.starts_with("id,name,vendor,"));
    refused(
        &["chip", "list", "--vendor", "Nvidea"],
        &["unknown-vendor", "NVIDIA"],
    );
    refused(
        &["chip", "list", "--rulebook", "eu-ai"],
        &["unknown-rulebook"],
    );
}

#[test]
fn a_drawing_goes_to_a_file_or_to_standard_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("s.svg").display().to_string();
    let (code, svg, _) = run(&["chip", "scatter", "--on", "2026-09-01"]);
    assert!(code == 0 && svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    let (code, out, _) = run(&["chip", "scatter", "--on", "2026-09-01", "-o", &file]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(std::fs::read_to_string(&file).expect("written"), svg);
    let ringed = [
        "chip",
        "scatter",
        "--on",
        "2026-09-01",
        "--highlight",
        "H20",
        "RTX 4090 D",
    ];
    let (_, svg, _) = run(&ringed);
    assert_eq!(svg.matches("class=\"label bold\"").count(), 2);
}

#[test]
fn a_drawing_refuses_what_it_cannot_show() {
    refused(
        &["chip", "scatter", "--highlight", "H1000"],
        &["unknown-chip", "nearest", "H100"],
    );
    refused(
        &["chip", "scatter", "--spec", "no-such-file.toml"],
        &["unreadable"],
    );
    let two = ["--rulebook", "us-safe-chips", "--rulebook", "us-tariff-232"];
    refused(
        &[&["chip", "scatter"], &two[..]].concat(),
        &["several-rulebooks", "us-safe-chips, us-tariff-232"],
    );
    refused(&["chip", "scatter", "--tf32", "20"], &["19 or as 32"]);
}

#[test]
fn a_chip_file_of_ones_own_is_read_by_every_verb() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, rates: &str| {
        let path = folder.path().join(name).display().to_string();
        let text = format!(
            "format = 1\nid = \"own-x1\"\nname = \"Own X1\"\nvendor = \"Own\"\nprocess = \"N3\"\n\
             rates = [{{ precision = \"bf16\", tera_per_s = \"500\", {rates}source = \"d\" }}]\n\
             [source.d]\nkind = \"datasheet\"\ntitle = \"a datasheet\"\nhref = \"https://example.org\"\n\
             certainty = \"secondary\"\n"
        );
        std::fs::write(&path, text).expect("written");
        path
    };
    let dense = file("dense.toml", "");
    let sparse = file("sparse.toml", "sparsity = \"2:4\", ");
    for verb in [
        &["chip", "show", "--spec", &sparse][..],
        &["chip", "scatter", "--spec", &sparse],
        &["cluster", "Own X1=8", "--spec", &sparse],
    ] {
        refused(verb, &["only-sparse-rates"]);
    }
    let (code, svg, _) = run(&["chip", "scatter", "--spec", &dense, "--on", "2026-09-01"]);
    assert!(code == 0 && svg.contains("Own X1: 8,000 TPP"));
    let (_, sheet) = json(&[
        "cluster",
        "own-x1=8",
        "--spec",
        &dense,
        "--on",
        "2026-09-01",
    ]);
    assert_eq!(sheet["training"]["rate_per_s"], "4000000000000000");
}

#[test]
fn a_figure_one_below_a_line_does_not_read_as_the_line() {
    let fact = "operations.us-ca-sb53=99999999999999999999999999 FLOP";
    let rule = "us-ca-sb53/frontier-model";
    let (_, out, _) = run(&["explain", rule, "--fact", fact, "--on", "2026-09-01"]);
    assert!(out.contains("is 9.99"), "{out}");
    let folder = std::env::temp_dir().join(format!("weighbridge-near-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let spec = folder.join("near.toml");
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/chips/made-up-m1.toml"
    ))
    .expect("the example");
    // 299.999 TFLOP/s at 16 bits are 4,799.984, a hair below 4,800.
    let text = text.replace("\"250\"", "\"299.999\"");
    let text = text.replace("\"500\"", "\"599.998\"");
    std::fs::write(&spec, &text).expect("a file");
    let spec = spec.to_string_lossy();
    let (_, out, err) = run(&["chip", "show", "--spec", &spec, "--on", "2026-09-01"]);
    assert!(out.contains("4,799.984,"), "{out}{err}");
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn a_class_that_was_not_known_yet_is_not_the_absence_of_a_rule() {
    let book = ["--rulebook", "us-ear-chips", "--on", "2026-09-01"];
    let class = |known: &str| {
        let more = ["chip", "show", "A800", "--known", known];
        let (_, out, _) = run(&[&more[..], &book[..]].concat());
        let lines = out.lines().skip_while(|l| *l != "Class over time");
        let eras = lines.skip(2).take_while(|l| !l.is_empty());
        eras.map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    let early = class("2022-12-01");
    assert!(
        early.contains("2022-10-07 to 2023-11-16  no rule"),
        "{early}"
    );
    assert!(
        early.contains("2023-11-17 on             not known by then"),
        "{early}"
    );
    let later = class("2023-12-01");
    assert!(later.contains("3A090.a"), "{later}");
    let more = ["chip", "list", "--known", "2022-12-01"];
    let (_, list, _) = run(&[&more[..], &book[..]].concat());
    let line = list.lines().find(|l| l.starts_with("nvidia-h100-sxm"));
    assert!(line.is_some_and(|l| l.ends_with("not known by")), "{list}");
    // Every vintage stands on the sheet, also where the class stays.
    let more = ["chip", "show", "H100"];
    let (_, out, _) = run(&[&more[..], &book[..]].concat());
    for vintage in [
        "2022-10-07",
        "2023-11-17",
        "2024-04-04",
        "2024-12-02",
        "2026-01-15",
    ] {
        assert!(out.contains(vintage), "{vintage} in {out}");
    }
}

#[test]
fn sizes_that_cannot_be_are_refused_and_a_file_is_named() {
    refused(
        &["cluster", "H100=18000000000000000000", "--on", "2026-09-01"],
        &["impossible-chip-use", "at most 1,000,000,000"],
    );
    let folder = tempfile::tempdir().expect("a folder");
    let spec = folder.path().join("mine.toml").display().to_string();
    let text = "format = 1\nid = \"nvidia-h100-sxm\"\nname = \"Mine\"\nvendor = \"V\"\nprocess = \"P\"\n\
                rates = [{ precision = \"bf16\", tera_per_s = \"500\", source = \"d\" }]\ndies = []\n\
                [source.d]\nkind = \"datasheet\"\ntitle = \"t\"\nhref = \"h\"\ncertainty = \"secondary\"\n";
    std::fs::write(&spec, text).expect("written");
    let show = ["chip", "show", "--spec", &spec, "--on", "2026-09-01"];
    let (_, out, _) = run(&show);
    let head = out.lines().next().unwrap_or_default();
    assert!(
        head.ends_with(&format!("nvidia-h100-sxm from {spec}")),
        "{head}"
    );
    assert!(out.contains("die area   not known\n"), "{out}");
    assert_eq!(json(&show).1["file"], spec.as_str());
    std::fs::write(&spec, text.replace("\"500\"", "\"1e44\"")).expect("written");
    refused(&show, &["`tera_per_s` cannot be", "look at the unit"]);
}

/// 592 TPP over 300 mm2 and a hair more is below 5.92, and does not end.
#[test]
fn a_density_that_does_not_end_is_not_shown_as_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = folder.path().join("hair.toml").display().to_string();
    let text = "format = 1\nid = \"hair\"\nname = \"Hair\"\nvendor = \"V\"\nprocess = \"P\"\n\
                rates = [{ precision = \"bf16\", tera_per_s = \"111\", source = \"d\" }]\n\
                dies = [{ covers = \"one\", count = 1, mm2_each = \"300.000001\", non_planar = true, source = \"d\" }]\n\
                [marketing]\ndata_center = true\nsource = \"d\"\n\
                [source.d]\nkind = \"datasheet\"\ntitle = \"t\"\nhref = \"h\"\ncertainty = \"secondary\"\n";
    std::fs::write(&spec, text).expect("written");
    let show = ["chip", "show", "--spec", &spec, "--on", "2026-09-01"];
    let (_, out, _) = run(&show);
    assert!(out.contains("density    5.919 TPP/mm2\n"), "{out}");
    assert!(
        out.contains("performance_density = 5.919 TPP/mm2\n"),
        "{out}"
    );
    let shown = json(&show).1["performance_density"]["shown"].clone();
    assert_eq!(shown, "5.919");
}
