//! Which names are vouched for, and which are known to run code.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::Name;

/// Whose names are vouched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// Those that PyTorch loads as weights only.
    Torch,
    /// Those, and what a distributed checkpoint writes about itself.
    Distributed,
    /// Those of PyTorch, and what TorchScript writes, which no Python resolves.
    TorchScript,
}

static TORCH: LazyLock<BTreeSet<&str>> = LazyLock::new(|| lines(include_str!("torch.txt")));
static DISTRIBUTED: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| lines(include_str!("distributed.txt")));
static SCRIPT: LazyLock<BTreeSet<&str>> = LazyLock::new(|| lines(include_str!("script.txt")));
static DANGEROUS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| lines(include_str!("dangerous.txt")));

fn lines(text: &'static str) -> BTreeSet<&'static str> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// How modules were called when pickles were written by Python 2, as its successor reads them.
const RENAMED: &[(&str, &str)] = &[
    ("__builtin__", "builtins"),
    ("copy_reg", "copyreg"),
    ("cPickle", "pickle"),
    ("cStringIO", "io"),
    ("StringIO", "io"),
    ("commands", "subprocess"),
    ("__main__.__builtins__", "builtins"),
];

impl Vouched {
    /// Is the name vouched for? The dotted name must part where the pickle parts it: Python follows
    /// dots in a name too, and what it finds there nobody has looked at.
    pub(super) fn covers(self, name: &Name) -> bool {
        if name.name.contains('.') {
            return false;
        }
        let (module, dotted) = (renamed(&name.module), dotted(name));
        match self {
            Self::Torch => TORCH.contains(dotted.as_str()),
            Self::Distributed => {
                TORCH.contains(dotted.as_str()) || DISTRIBUTED.contains(dotted.as_str())
            }
            Self::TorchScript => {
                let is_inside = module == "__torch__" || module.starts_with("__torch__.");
                is_inside || TORCH.contains(dotted.as_str()) || SCRIPT.contains(dotted.as_str())
            }
        }
    }
}

/// Is it known to run code or to reach outside?
pub(super) fn is_dangerous(name: &Name) -> bool {
    let dotted = dotted(name);
    // The name itself, and everything that it is inside of.
    let ends = dotted.match_indices('.').map(|(at, _)| at);
    let mut parts = ends
        .chain([dotted.len()])
        .filter_map(|end| dotted.get(..end));
    parts.any(|part| DANGEROUS.contains(part))
}

fn dotted(name: &Name) -> String {
    format!("{}.{}", renamed(&name.module), name.name)
}

fn renamed(module: &str) -> &str {
    let mut names = RENAMED.iter();
    names
        .find(|(old, _)| *old == module)
        .map_or(module, |(_, new)| new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(module: &str, name: &str) -> Name {
        let (module, name) = (module.to_owned(), name.to_owned());
        Name { module, name }
    }

    #[test]
    fn the_tables_are_whole() {
        // As many as the release named in the file has.
        assert_eq!(TORCH.len(), 144);
        for table in [&*TORCH, &*DISTRIBUTED, &*SCRIPT] {
            assert!(table.iter().all(|n| n.contains('.') && !n.contains(' ')));
            let mut names = table.iter().filter_map(|n| n.rsplit_once('.'));
            assert!(names.all(|(module, last)| !is_dangerous(&name(module, last))));
        }
    }

    #[test]
    fn a_name_is_vouched_for_only_as_it_is_written() {
        let covers = |module: &str, last: &str| Vouched::Torch.covers(&name(module, last));
        assert!(covers("torch._utils", "_rebuild_tensor_v2"));
        assert!(covers("__builtin__", "set") && covers("builtins", "set"));
        assert!(!covers("torch", "_utils._rebuild_tensor_v2"));
        assert!(!covers("torch._utils", "os") && !covers("", "torch.Size"));
        assert!(!covers("torch.distributed.checkpoint.metadata", "Metadata"));
        assert!(!covers("__torch__", "Net"));
        assert!(Vouched::TorchScript.covers(&name("__torch__.a", "Net")));
        assert!(!Vouched::TorchScript.covers(&name("__torch__x", "Net")));
    }

    #[test]
    fn a_module_is_dangerous_with_all_in_it() {
        for (module, last) in [
            ("os", "system"),
            ("os.path", "join"),
            ("posix", "system"),
            ("__builtin__", "eval"),
            ("builtins", "getattr"),
            ("pkgutil", "resolve_name"),
            ("torch.hub", "load"),
            ("importlib", "import_module"),
            ("a", "b.c"),
        ] {
            assert_eq!(
                is_dangerous(&name(module, last)),
                module != "a",
                "{module}.{last}"
            );
        }
        for (module, last) in [("osx", "f"), ("builtins", "set"), ("torch", "loader")] {
            assert!(!is_dangerous(&name(module, last)), "{module}.{last}");
        }
    }
}
