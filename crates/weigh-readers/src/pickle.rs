//! Python's pickles, walked without building anything.
//!
//! A pickle is a program for a small stack machine that may call whatever can be imported. Here it
//! runs on symbols: a name stays a name, a call stays the pair of what would be called and with
//! what. Nothing is imported, and nothing is executed.
//!
//! - **Invariant:** only a walk in which every name is vouched for, every operation is known, and
//!   nothing follows the end is [`Verdict::Clean`]. A list of dangerous names exists, and can only
//!   turn `unknown` into `dangerous`.
//! - **Invariant:** memory and time grow with the bytes read. Values are kept once and refer to each
//!   other; who expands them counts on the way.
//! - A payload at the head of a broken stream still runs, so what was seen before a break counts,
//!   and so does what follows the end.
//!
//! Source: `pickletools.py` and `_pickle.c` of CPython 3.14, protocols 0 to 5; what PyTorch vouches
//! for is in `torch.txt`.

mod machine;
mod names;
mod opcode;
mod value;

pub use names::Vouched;
pub use value::{Call, Id, Name, Value};

/// Something that keeps a pickle from being clean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suspect {
    /// Is it known to run code?
    pub is_dangerous: bool,
    /// A dotted name, or what else was found. From the file: escape it where it is shown.
    pub what: String,
    /// The byte of the pickle where it stands first.
    pub at: u64,
}

/// What a walk came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every name is vouched for, and all was read.
    Clean,
    /// All was read, and some names nobody vouches for.
    Unknown(Vec<Suspect>),
    /// Something that runs code is named, whether or not all was read.
    Dangerous(Vec<Suspect>),
    /// Not all was read, and nothing dangerous was seen so far.
    Incomplete {
        /// Why it stopped.
        reason: String,
        /// What was seen until then.
        seen: Vec<Suspect>,
    },
}

impl Verdict {
    /// In one word: `clean`, `unknown`, `dangerous` or `incomplete`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Unknown(_) => "unknown",
            Self::Dangerous(_) => "dangerous",
            Self::Incomplete { .. } => "incomplete",
        }
    }

    /// Can what was read be counted?
    #[must_use]
    pub fn is_clean(&self) -> bool {
        *self == Self::Clean
    }

    /// What keeps it from being clean, sorted.
    #[must_use]
    pub fn suspects(&self) -> &[Suspect] {
        match self {
            Self::Clean => &[],
            Self::Unknown(seen) | Self::Dangerous(seen) | Self::Incomplete { seen, .. } => seen,
        }
    }

    pub(crate) fn new(mut suspects: Vec<Suspect>, broken: Option<String>) -> Self {
        // The dangerous ones first, each once, at its first place.
        suspects
            .sort_by(|a, b| (b.is_dangerous, &a.what, a.at).cmp(&(a.is_dangerous, &b.what, b.at)));
        suspects.dedup_by(|a, b| (a.is_dangerous, &a.what) == (b.is_dangerous, &b.what));
        match broken {
            _ if suspects.first().is_some_and(|s| s.is_dangerous) => Self::Dangerous(suspects),
            Some(reason) => Self::Incomplete {
                reason,
                seen: suspects,
            },
            None if suspects.is_empty() => Self::Clean,
            None => Self::Unknown(suspects),
        }
    }

    /// The verdict on several pickles that are loaded together.
    pub(crate) fn and(self, other: Self) -> Self {
        let broken = [&self, &other].into_iter().find_map(|one| match one {
            Self::Incomplete { reason, .. } => Some(reason.clone()),
            _ => None,
        });
        let suspects = [self.suspects(), other.suspects()].concat();
        Self::new(suspects, broken)
    }

    /// The verdict when what was read could not be used to its end.
    pub(crate) fn broken(self, reason: String) -> Self {
        let suspects = self.suspects().to_vec();
        match self {
            Self::Incomplete { reason, .. } => Self::new(suspects, Some(reason)),
            _ => Self::new(suspects, Some(reason)),
        }
    }
}

/// A pickle after its walk.
#[derive(Clone, Debug)]
pub struct Walk {
    values: Vec<Value>,
    names: Vec<Name>,
    root: Option<Id>,
    suspects: Vec<Suspect>,
    broken: Option<String>,
    end: usize,
    opcodes: u64,
}

/// Walks a file that is one pickle. What follows its end is searched too, and keeps it from being
/// clean.
#[must_use]
pub fn walk(bytes: &[u8], vouched: Vouched) -> Walk {
    let mut walk = walk_first(bytes, vouched);
    if walk.broken.is_some() || walk.end >= bytes.len() {
        return walk;
    }
    let following = bytes.len() - walk.end;
    walk.broken = Some(format!("{following} bytes follow its end"));
    let mut at = walk.end;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let more = machine::run(rest, vouched, walk.opcodes);
        walk.opcodes = more.opcodes;
        let moved = more.suspects.into_iter().map(|mut suspect| {
            suspect.at += at as u64;
            suspect
        });
        walk.suspects.extend(moved);
        if more.broken.is_some() || walk.suspects.len() > machine::SUSPECTS_MAX {
            break;
        }
        at += more.end;
    }
    walk
}

/// Walks the first pickle of a file that holds several, and says where it ends.
#[must_use]
pub fn walk_first(bytes: &[u8], vouched: Vouched) -> Walk {
    machine::run(bytes, vouched, 0)
}

impl Walk {
    /// What it came to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::new(self.suspects.clone(), self.broken.clone())
    }

    /// The value it leaves; none when it broke before its end.
    #[must_use]
    pub fn root(&self) -> Option<Id> {
        self.root
    }

    /// The bytes up to its end.
    #[must_use]
    pub fn end(&self) -> usize {
        self.end
    }

    /// Did it break because the bytes ended?
    #[must_use]
    pub(crate) fn is_cut_off(&self) -> bool {
        self.broken.as_deref() == Some(machine::CUT_OFF)
    }

    /// A value of this walk.
    #[must_use]
    pub fn value(&self, id: Id) -> &Value {
        self.values.get(id.index()).unwrap_or(&Value::Opaque)
    }

    /// The name that a value is, if it is one.
    #[must_use]
    pub fn name(&self, id: Id) -> Option<&Name> {
        match self.value(id) {
            Value::Name(index) => self.names.get(*index as usize),
            _ => None,
        }
    }

    /// Every name in it, each once, in the order of the file.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// How many values were made.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Was nothing made?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Text, if it is text.
    #[must_use]
    pub fn text(&self, id: Id) -> Option<&str> {
        match self.value(id) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number that is not negative, if it is one.
    #[must_use]
    pub fn count(&self, id: Id) -> Option<u64> {
        match self.value(id) {
            Value::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The items of a tuple, which nothing can have changed since it was used.
    #[must_use]
    pub fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.value(id) {
            Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// A call and the name it calls, if it is one of a name.
    #[must_use]
    pub fn call(&self, id: Id) -> Option<(&Name, &Call)> {
        match self.value(id) {
            Value::Call(call) => Some((self.name(call.callee)?, call)),
            _ => None,
        }
    }

    /// What a dictionary has at a text; the last one wins, as in Python.
    #[must_use]
    pub fn at(&self, id: Id, key: &str) -> Option<Id> {
        let Value::Dict(pairs) = self.value(id) else {
            return None;
        };
        let mut found = pairs.iter().rev();
        found
            .find(|(name, _)| self.text(*name) == Some(key))
            .map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests;
