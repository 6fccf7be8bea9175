//! Values as symbols.

/// The place of a value in its walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u32);

impl Id {
    /// A walk makes at most as many values as it reads operations, which are far fewer than 2^32.
    pub(super) fn new(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A name that the pickle would import.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// `torch._utils`
    pub module: String,
    /// `_rebuild_tensor_v2`
    pub name: String,
}

impl Name {
    /// Is it this one?
    #[must_use]
    pub fn is(&self, module: &str, name: &str) -> bool {
        self.module == module && self.name == name
    }

    /// `torch._utils._rebuild_tensor_v2`
    #[must_use]
    pub fn dotted(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }
}

/// What a call would be given, and what would be done to its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What would be called.
    pub callee: Id,
    /// The arguments, as one value.
    pub arguments: Id,
    /// States that would be set on the result.
    pub states: Vec<Id>,
    /// Keys and values that would be put into the result.
    pub pairs: Vec<(Id, Id)>,
    /// Items that would be added to the result.
    pub items: Vec<Id>,
}

/// A value as it stood in the pickle.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// A number that fits.
    Int(i64),
    /// A number that does not: two's complement, little-endian.
    Long(Box<[u8]>),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Text(Box<str>),
    /// Bytes, of which only the number is kept.
    Bytes(u64),
    /// A name that would be imported: its place in [`super::Walk::names`].
    Name(u32),
    /// A tuple. It cannot change once it is made.
    Tuple(Box<[Id]>),
    /// A list.
    List(Vec<Id>),
    /// A dictionary, with every pair that was ever put into it.
    Dict(Vec<(Id, Id)>),
    /// A set.
    Set(Vec<Id>),
    /// The result of a call.
    Call(Box<Call>),
    /// Something that the reader of the file would look up by this.
    Persistent(Id),
    /// Something that is not known.
    Opaque,
}

impl Value {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Long(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Name(_) => "a name",
            Self::Tuple(_) => "a tuple",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dictionary",
            Self::Set(_) => "a set",
            Self::Call(_) => "the result of a call",
            Self::Persistent(_) => "something outside the pickle",
            Self::Opaque => "something unknown",
        }
    }
}
