//! A file somebody can read in one sitting. Functions are left to clippy (`clippy.toml`).

use crate::finding::Finding;
use crate::house::House;
use crate::source::Source;

/// Lines outside tests.
const LIMIT: usize = 900;

pub(crate) fn check(house: &House) -> Result<Vec<Finding>, String> {
    Ok(house.sources.iter().filter_map(too_long).collect())
}

fn too_long(source: &Source) -> Option<Finding> {
    let lines = source.lines().count();
    (lines > LIMIT).then(|| {
        Finding::new(
            &source.path,
            format!("{lines} lines outside tests; the limit is {LIMIT}"),
            "cut it where two subjects meet, or move data into a data file",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_do_not_count() {
        let code = "fn f() {}\n".repeat(LIMIT);
        let tests = "#[cfg(test)]\nmod tests {\n fn t() {}\n}\n";
        assert_eq!(
            too_long(&Source::new("a.rs", format!("{code}{tests}"))),
            None
        );
        assert!(too_long(&Source::new("a.rs", format!("{code}fn g() {{}}\n"))).is_some());
    }
}
