//! Clusters as a person asks for them: answers, exit codes, wrong input.

use crate::chips::{json, refused, run};

#[test]
fn a_cluster_refuses_what_cannot_be() {
    refused(
        &["cluster", "H100=0"],
        &["impossible-chip-use", "one or more"],
    );
    refused(
        &["cluster", "H1000=8"],
        &["unknown-chip", "nearest", "H100"],
    );
    refused(
        &["cluster", "H100=8", "--precision", "fp4"],
        &["no-chip-rate", "`fp4`", "it has fp64"],
    );
    refused(
        &["cluster", "H100=8", "--utilization", "1.2"],
        &["impossible-chip-use", "between 0 and 1"],
    );
    refused(
        &["cluster", "H100=8", "--utilization", "0"],
        &["impossible-chip-use", "above 0"],
    );
    refused(
        &["cluster", "H100=8", "--utilization", "-0.1"],
        &["--utilization"],
    );
    refused(
        &["cluster", "H100=8", "--utilization", "0.5..0.3"],
        &["lower one first"],
    );
    refused(&["cluster", "H100"], &["H100=16384"]);
    refused(&["cluster", "H100=many"], &["H100=16384"]);
    refused(
        &["cluster", "H100=8", "--to-operations", "1.5"],
        &["whole number"],
    );
    refused(
        &["cluster", "H100=8", "--fact", "no_such_fact=1"],
        &["bad-fact"],
    );
    let twice = [
        "--network",
        "400",
        "--fact",
        "cluster_network_rate=300 Gbit/s",
    ];
    refused(
        &[&["cluster", "H100=8"], &twice[..]].concat(),
        &["contradiction"],
    );
}

#[test]
fn the_exit_code_of_a_cluster_follows_the_rules_about_clusters() {
    let code = |more: &[&str]| {
        let base = ["cluster", "H100=110000", "--on", "2024-10-01"];
        run(&[&base[..], more].concat()).0
    };
    assert_eq!(code(&[]), 3, "the network could settle it");
    let known = [
        "--network",
        "400",
        "--co-located",
        "yes",
        "--fact",
        "activity_in_quarter=true",
    ];
    assert_eq!(code(&known), 0);
    assert_eq!(
        code(&[&known[..], &["--fail-on", "obligation"]].concat()),
        1
    );
    assert_eq!(
        code(&["--network", "100"]),
        0,
        "more than 100 Gbit/s are asked for, and more than 300"
    );
}

#[test]
fn a_cluster_over_the_line_is_found_on_either_side() {
    let verdict = |groups: &str, on: &str, network: &str| {
        let facts = ["--co-located", "yes", "--fact", "activity_in_quarter=true"];
        let base = ["cluster", groups, "--on", on, "--network", network];
        let (_, sheet) = json(&[&base[..], &facts].concat());
        let findings = sheet["findings"].as_array().expect("findings");
        let of = |book: &str| {
            let found = findings.iter().find(|f| f["rulebook"] == book);
            found.expect("a finding")["verdict"]
                .as_str()
                .expect("a verdict")
                .to_owned()
        };
        (of("us-eo-14110"), of("us-nprm-702-7"))
    };
    let both = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    // In fp8, 10^20 lies between 50,530 and 50,531 chips of 1,979e12.
    assert_eq!(
        verdict("H100=50531", "2024-10-01", "400"),
        both("applies", "applies")
    );
    assert_eq!(
        verdict("H100=50530", "2024-10-01", "400"),
        both("does-not-apply", "does-not-apply")
    );
    assert_eq!(
        verdict("H100=50531", "2024-10-01", "300"),
        both("applies", "does-not-apply")
    );
    assert_eq!(
        verdict("H100=50531", "2024-10-01", "100"),
        both("does-not-apply", "does-not-apply")
    );
    assert_eq!(
        verdict("H100=50531", "2025-01-20", "400"),
        both("not-in-force", "applies")
    );
}
