//! Every page of the manual is run, command by command; what it shows is what the program prints.
//! `TRYCMD=overwrite cargo test -p weighbridge manual` writes a page anew after a wanted change.
//!
//! The pages run in an empty folder with the examples beside them, as a reader would have it after
//! unpacking them; what a page writes goes with the folder.

use std::path::Path;

#[test]
fn the_manual_shows_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository");
    let folder = tempfile::tempdir().expect("a folder");
    for shown in ["examples", "fixtures"] {
        let link = folder.path().join(shown);
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.join(shown), link).expect("linked");
    }
    // The other tests of this binary name their files by absolute paths.
    std::env::set_current_dir(folder.path()).expect("entered");
    let pages = trycmd::TestCases::new();
    pages.case(root.join("docs/guide/*.md"));
    pages.case(root.join("docs/reference/cli.md"));
    pages.run();
    std::env::set_current_dir(&root).expect("left");
}
