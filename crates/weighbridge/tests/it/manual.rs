//! Every page of the manual is run, command by command; what it shows is what the program prints.
//! `TRYCMD=overwrite cargo test -p weighbridge manual` writes a page anew after a wanted change.

#[test]
fn the_guide_shows_what_the_program_prints() {
    trycmd::TestCases::new().case("../../docs/guide/*.md");
}

#[test]
fn the_pages_on_errors_and_exit_codes_hold() {
    trycmd::TestCases::new().case("tests/cmd/*.md");
}
