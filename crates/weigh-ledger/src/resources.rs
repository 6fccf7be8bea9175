//! The resource list of OpenSSF Model Signing: every file of a folder with its SHA-256, and one
//! digest for the whole.
//!
//! Source: model signing specification v1.0, <https://github.com/ossf/model-signing-spec>,
//! serialization method `files`. The root is SHA-256 over the raw digests, one after another, in
//! the order of the names.
//!
//! - **Two orders are about.** The specification sorts names by code point (`sub-b` before
//!   `sub/a`); the reference tool, `model_signing` 1.1.1, sorts them part by part (`sub/a` before
//!   `sub-b`). Where they differ, so do the roots: compare lists, not roots, across tools.

use std::cmp::Ordering;

use crate::digest::{Sha256Digest, Sha256State};

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its name below the root, parts joined by `/`.
    pub name: String,
    /// Of all its bytes.
    pub digest: Sha256Digest,
}

/// In which order names are listed and hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// By code point of the whole name: the specification.
    CodePoint,
    /// Part by part: the reference tool.
    Component,
}

impl Order {
    /// Which of two names stands first.
    #[must_use]
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        match self {
            // UTF-8 sorts as its code points do.
            Self::CodePoint => a.cmp(b),
            Self::Component => a.split('/').cmp(b.split('/')),
        }
    }
}

/// The files of a folder, sorted by code point, each name once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceList {
    resources: Vec<Resource>,
}

/// Why files are no resource list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResourceError {
    /// The same name twice.
    #[error("the list names `{name}` twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A name that leads elsewhere.
    #[error("the list names `{name}`, which is no relative name below its root")]
    Name {
        /// The name.
        name: String,
    },
}

impl ResourceList {
    /// Sorts and checks.
    ///
    /// # Errors
    /// When a name is there twice, is empty or absolute, or has a part that is empty, `.` or `..`.
    pub fn new(mut resources: Vec<Resource>) -> Result<Self, ResourceError> {
        let leads_on = |part: &str| !matches!(part, "" | "." | "..");
        if let Some(bad) = resources.iter().find(|r| !r.name.split('/').all(leads_on)) {
            return Err(ResourceError::Name {
                name: bad.name.clone(),
            });
        }
        resources.sort_by(|a, b| a.name.cmp(&b.name));
        for (one, next) in resources.iter().zip(resources.iter().skip(1)) {
            if one.name == next.name {
                let name = one.name.clone();
                return Err(ResourceError::Duplicate { name });
            }
        }
        Ok(Self { resources })
    }

    /// The files, by code point.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// One digest for the whole, in one of the two orders.
    #[must_use]
    pub fn root(&self, order: Order) -> Sha256Digest {
        let mut sorted: Vec<&Resource> = self.resources.iter().collect();
        sorted.sort_by(|a, b| order.compare(&a.name, &b.name));
        let mut state = Sha256State::default();
        for resource in sorted {
            state.update(&resource.digest.0);
        }
        state.finish()
    }

    /// Do both orders give the same list?
    #[must_use]
    pub fn orders_agree(&self) -> bool {
        let names = self.resources.iter().map(|r| r.name.as_str());
        names
            .clone()
            .zip(names.skip(1))
            .all(|(a, b)| Order::Component.compare(a, b) == Ordering::Less)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> ResourceList {
        let resource = |name: &&str| Resource {
            name: (*name).to_owned(),
            digest: Sha256Digest::of(name.as_bytes()),
        };
        ResourceList::new(names.iter().map(resource).collect()).expect("the names are good")
    }

    #[test]
    fn the_two_orders_part_at_a_hyphen() {
        let apart = list(&["sub/a", "sub-b"]);
        assert_eq!(apart.resources()[0].name, "sub-b");
        assert_ne!(apart.root(Order::CodePoint), apart.root(Order::Component));
        assert!(!apart.orders_agree());
        let alike = list(&["a", "sub/a", "sub/b"]);
        assert_eq!(alike.root(Order::CodePoint), alike.root(Order::Component));
        assert!(alike.orders_agree());
    }

    #[test]
    fn the_root_is_the_digest_of_the_digests() {
        let digests = [Sha256Digest::of(b"a").0, Sha256Digest::of(b"b").0].concat();
        let expected = Sha256Digest::of(&digests);
        assert_eq!(list(&["b", "a"]).root(Order::CodePoint), expected);
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for bad in ["", "/etc/passwd", "../up", "a/../b", "a//b", "./a", "a/"] {
            let resource = Resource {
                name: bad.to_owned(),
                digest: Sha256Digest::of(b""),
            };
            let refused = ResourceList::new(vec![resource]);
            assert!(matches!(refused, Err(ResourceError::Name { .. })), "{bad}");
        }
        let one = Resource {
            name: "a".to_owned(),
            digest: Sha256Digest::of(b""),
        };
        let refused = ResourceList::new(vec![one.clone(), one]);
        assert!(matches!(refused, Err(ResourceError::Duplicate { .. })));
    }
}
