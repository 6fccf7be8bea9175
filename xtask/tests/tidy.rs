//! The architecture is a test: a bare `cargo test` enforces the house rules.

use std::process::Command;

#[test]
fn the_house_is_tidy() {
    let run = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("tidy")
        .output()
        .expect("the program was built for this test");
    assert!(
        run.status.success(),
        "\n{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

#[test]
fn an_unknown_check_is_refused() {
    let run = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["tidy", "no-such-check"])
        .output()
        .expect("the program was built for this test");
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("choose one of floors, "));
}
