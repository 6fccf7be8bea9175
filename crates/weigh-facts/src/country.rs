//! Countries and areas by their two-letter code.
//!
//! The list is data (`codes/iso3166-1.toml`), embedded and read once.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::{Item, Table};

/// The shipped file.
const SHIPPED: &str = include_str!("../codes/iso3166-1.toml");

/// The name of the place with this ISO 3166-1 alpha-2 code, or with one that the standard leaves
/// to users and our sources need; nothing when there is no such place.
///
/// ```
/// assert_eq!(weigh_facts::country("NL"), Some("Netherlands"));
/// assert_eq!(weigh_facts::country("UK"), None, "the code is GB");
/// ```
#[must_use]
pub fn country(code: &str) -> Option<&'static str> {
    countries().get(code).map(String::as_str)
}

/// Every such place, by code.
#[must_use]
pub fn countries() -> &'static BTreeMap<String, String> {
    static READ: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    READ.get_or_init(read)
}

#[expect(clippy::expect_used, reason = "embedded data, loaded by a test")]
fn read() -> BTreeMap<String, String> {
    let mut errors = Vec::new();
    let mut file = Table::parse(SHIPPED).expect("the shipped list of countries is TOML");
    let tables = ["code", "user-assigned"].map(|key| file.table(key, &mut errors));
    let entries = tables.into_iter().flatten().flat_map(|mut t| t.take_all());
    entries
        .filter_map(|(code, _, node)| match node.item {
            Item::Text(name) => Some((code, name)),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The standard has 249 codes; Kosovo has one of the users'.
    #[test]
    fn the_list_is_whole_and_shaped_like_codes() {
        assert_eq!(countries().len(), 250);
        for (code, name) in countries() {
            let is_shaped = code.len() == 2 && code.chars().all(|c| c.is_ascii_uppercase());
            assert!(is_shaped && !name.is_empty(), "{code}");
        }
    }

    #[test]
    fn codes_people_take_for_codes_are_none() {
        for code in ["UK", "EU", "EL", "SU", "YU", "AN", "ZZ", "us", ""] {
            assert_eq!(country(code), None, "{code}");
        }
        assert_eq!(country("XK"), Some("Kosovo"));
    }
}
