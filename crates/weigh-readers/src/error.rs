//! Why bytes were refused. Every variant says which input, where in it, and what was wrong.

/// Why bytes were refused.
/// [`ReadError::code`] is stable and listed in the manual; the wording is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "`input` is the file as the person named it; the messages name the rest"
)]
pub enum ReadError {
    /// The system would not give us the bytes.
    #[error("cannot read `{input}`: {reason}")]
    Unreadable { input: String, reason: String },
    /// It is not what it was when reading began.
    #[error("`{input}` changed while it was read")]
    Changed { input: String },
    /// A link that leads out of the folder.
    #[error("`{input}` is a link that leads outside the folder, and was not followed")]
    Outside { input: String },
    /// Nothing in it.
    #[error("`{input}` is empty")]
    Empty { input: String },
    /// Longer than any file of its kind.
    #[error("`{input}` has {len} bytes, and a file of its kind has at most {limit}")]
    TooLong { input: String, len: u64, limit: u64 },
    /// Short as a text, and longer in memory than any file of its kind.
    #[error("`{input}` unpacks to more than {limit} bytes, and no file of its kind does")]
    Unpacks { input: String, limit: usize },
    /// Text that is not UTF-8.
    #[error("`{input}` is not UTF-8 text: byte {offset} is part of no character")]
    NotUtf8 { input: String, offset: usize },
    /// JSON that ends before it is complete.
    #[error("`{input}` ends in the middle of its JSON, at line {line}")]
    Truncated { input: String, line: usize },
    /// Not JSON.
    #[error("`{input}` is not JSON at line {line}, column {column}{}: {reason}", within(.key))]
    Json {
        input: String,
        key: String,
        line: usize,
        column: usize,
        reason: String,
    },
    /// `Infinity` or `NaN`, which JSON does not have.
    #[error("`{input}` has `{literal}` at line {line}, column {column}{}, and JSON has no such number", within(.key))]
    NotFinite {
        input: String,
        key: String,
        literal: &'static str,
        line: usize,
        column: usize,
    },
    /// The same key twice: two readers could see two models.
    #[error("`{input}` has the key `{key}` twice in one object")]
    DuplicateKey { input: String, key: String },
    /// Nested deeper than any real file.
    #[error("`{input}` is nested more than {limit} levels deep")]
    TooDeep { input: String, limit: usize },
    /// JSON of another shape than its kind has.
    #[error("`{input}` is JSON, and not the object a file of its kind holds")]
    NotAnObject { input: String },
    /// A safetensors header that cannot be.
    #[error("`{input}` is no safetensors file: {reason}")]
    Header { input: String, reason: String },
    /// A GGUF header that cannot be.
    #[error("`{input}` is no GGUF file that can be read: at byte {offset}, {reason}")]
    Gguf {
        input: String,
        reason: String,
        offset: u64,
    },
    /// A GGUF file that ends before what its header says.
    #[error("`{input}` has {len} bytes, and {what} needs the first {needed}")]
    GgufTruncated {
        input: String,
        len: u64,
        what: String,
        needed: u64,
    },
    /// An ONNX file that cannot be.
    #[error("`{input}` is no ONNX model that can be read: at byte {offset}, {reason}")]
    Onnx {
        input: String,
        reason: String,
        offset: u64,
    },
    /// An ONNX file that ends inside one of its fields.
    #[error("`{input}` has {len} bytes, and what begins at byte {at} needs the first {needed}")]
    OnnxTruncated {
        input: String,
        len: u64,
        at: u64,
        needed: u64,
    },
    /// Numbers in a file of their own that cannot be theirs.
    #[error("`{input}` sends tensor `{tensor}` to the file `{location}`: {reason}")]
    OnnxExternal {
        input: String,
        tensor: String,
        location: String,
        reason: String,
    },
    /// A file of arrays that cannot be.
    #[error("`{input}` is no file of NumPy arrays that can be read: {reason}")]
    Numpy { input: String, reason: String },
    /// Objects, which are a pickle.
    #[error("`{input}`: array `{tensor}` holds objects, whose data are a pickle that runs code")]
    NumpyObject { input: String, tensor: String },
    /// The same tensor twice.
    #[error("`{input}` names the tensor `{tensor}` twice")]
    DuplicateTensor { input: String, tensor: String },
    /// An element type that the format does not have.
    #[error("`{input}`: tensor `{tensor}` has the element type `{dtype}`, which is not known")]
    UnknownDtype {
        input: String,
        tensor: String,
        dtype: String,
    },
    /// A shape that cannot be.
    #[error("`{input}`: tensor `{tensor}` has an impossible shape: {reason}")]
    TensorShape {
        input: String,
        tensor: String,
        reason: String,
    },
    /// A byte range that cannot be.
    #[error("`{input}`: tensor `{tensor}` has an impossible place: {reason}")]
    TensorRange {
        input: String,
        tensor: String,
        reason: String,
    },
    /// An index that leads elsewhere.
    #[error(
        "`{input}` sends tensor `{tensor}` to `{shard}`, which is no plain file name in its folder"
    )]
    IndexPath {
        input: String,
        tensor: String,
        shard: String,
    },
    /// An index of another shape.
    #[error("`{input}` is no index of shards: {reason}")]
    Index { input: String, reason: String },
    /// An index and its shards that disagree.
    #[error("`{input}` and `{shard}` disagree: {reason}")]
    ShardMismatch {
        input: String,
        shard: String,
        reason: String,
    },
    /// An adapter configuration that cannot be used.
    #[error("`{input}` is no adapter configuration: {reason}")]
    Adapter { input: String, reason: String },
    /// A kind of adapter that is not read yet.
    #[error("`{input}` declares an adapter of kind `{kind}`, and only LORA is read")]
    AdapterKind { input: String, kind: String },
    /// An adapter whose parts contradict each other.
    #[error("the adapter's parts contradict each other: {config}, and {tensors}")]
    AdapterConflict { config: String, tensors: String },
    /// A trainer state that cannot be used.
    #[error("`{input}` is no usable trainer state: {reason}")]
    TrainerState { input: String, reason: String },
    /// A zip archive whose parts do not fit together.
    #[error("`{input}` is no sound zip archive: {reason}")]
    Zip { input: String, reason: String },
    /// An entry that its two descriptions describe differently.
    #[error("`{input}`: entry `{entry}` of the archive cannot be trusted: {reason}")]
    ZipEntry {
        input: String,
        entry: String,
        reason: String,
    },
    /// The same name twice.
    #[error("`{input}` holds the entry `{entry}` twice, or under two spellings of one name")]
    ZipDuplicate { input: String, entry: String },
    /// A name that is no plain path.
    #[error("`{input}` holds an entry named `{entry}`, which is no plain path: {reason}")]
    ZipName {
        input: String,
        entry: String,
        reason: String,
    },
    /// A part of the format that is not read.
    #[error("`{input}`: entry `{entry}` of the archive uses {what}, which is not read")]
    ZipUnsupported {
        input: String,
        entry: String,
        what: String,
    },
    /// Small in the file, and huge once unpacked.
    #[error("`{input}`: entry `{entry}` unpacks from {packed} bytes to {len}, as only bombs do")]
    ZipBomb {
        input: String,
        entry: String,
        packed: u64,
        len: u64,
    },
    /// A PyTorch file whose parts do not fit together.
    #[error("`{input}` is no PyTorch checkpoint that can be counted: {reason}")]
    Torch { input: String, reason: String },
    /// The oldest format of PyTorch.
    #[error("`{input}` is in the tar format that PyTorch left in 2017, which is not read")]
    TorchTar { input: String },
    /// Names that nobody vouches for.
    #[error("`{input}` is more than tensors: nobody vouches for {names}")]
    PickleUnknown { input: String, names: String },
    /// Names that run code.
    #[error("`{input}` can run code when it is loaded: it names {names}")]
    PickleDangerous { input: String, names: String },
    /// A pickle that was not read to its end.
    #[error("`{input}` could not be read to its end: {reason}")]
    PickleIncomplete { input: String, reason: String },
    /// A folder of shards whose parts do not fit together.
    #[error("`{input}` is no sound distributed checkpoint: {reason}")]
    Distributed { input: String, reason: String },
}

fn within(key: &str) -> String {
    if key.is_empty() {
        String::new()
    } else {
        format!(", in `{key}`")
    }
}

impl ReadError {
    /// Stable and listed in the manual.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::Changed { .. } => "file-changed",
            Self::Outside { .. } => "outside-folder",
            Self::Empty { .. } => "empty-file",
            Self::TooLong { .. } | Self::Unpacks { .. } => "file-too-long",
            Self::NotUtf8 { .. } => "not-utf8",
            Self::Truncated { .. } => "truncated-json",
            Self::Json { .. } => "json-syntax",
            Self::NotFinite { .. } => "not-finite",
            Self::DuplicateKey { .. } => "duplicate-key",
            Self::TooDeep { .. } => "too-deep",
            Self::NotAnObject { .. } => "not-an-object",
            Self::Header { .. } => "safetensors-header",
            Self::Gguf { .. } => "gguf-header",
            Self::GgufTruncated { .. } => "gguf-truncated",
            Self::Onnx { .. } => "onnx-model",
            Self::OnnxTruncated { .. } => "onnx-truncated",
            Self::OnnxExternal { .. } => "onnx-external",
            Self::Numpy { .. } => "numpy-array",
            Self::NumpyObject { .. } => "numpy-object",
            Self::DuplicateTensor { .. } => "duplicate-tensor",
            Self::UnknownDtype { .. } => "unknown-element-type",
            Self::TensorShape { .. } => "tensor-shape",
            Self::TensorRange { .. } => "tensor-range",
            Self::IndexPath { .. } => "index-path",
            Self::Index { .. } => "index-shape",
            Self::ShardMismatch { .. } => "shard-mismatch",
            Self::Adapter { .. } => "adapter-config",
            Self::AdapterKind { .. } => "adapter-kind",
            Self::AdapterConflict { .. } => "adapter-conflict",
            Self::TrainerState { .. } => "trainer-state",
            Self::Zip { .. } => "zip-structure",
            Self::ZipEntry { .. } => "zip-entry",
            Self::ZipDuplicate { .. } => "zip-duplicate",
            Self::ZipName { .. } => "zip-name",
            Self::ZipUnsupported { .. } => "zip-unsupported",
            Self::ZipBomb { .. } => "zip-bomb",
            Self::Torch { .. } => "torch-checkpoint",
            Self::TorchTar { .. } => "torch-tar",
            Self::PickleUnknown { .. } => "pickle-unknown",
            Self::PickleDangerous { .. } => "pickle-dangerous",
            Self::PickleIncomplete { .. } => "pickle-incomplete",
            Self::Distributed { .. } => "distributed-checkpoint",
        }
    }

    /// The next action, if there is one.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NotFinite { .. } => Some(
                "a program with a lax JSON writer made it; replace the value by null, or ask for a valid file",
            ),
            Self::Truncated { .. }
            | Self::Empty { .. }
            | Self::GgufTruncated { .. }
            | Self::OnnxTruncated { .. } => Some("the copy is incomplete: fetch the file again"),
            Self::Changed { .. } => Some("wait until nothing writes to it, and read it again"),
            Self::Outside { .. } => {
                Some("name the folder that the link leads to, or copy the file")
            }
            Self::DuplicateTensor { .. } | Self::DuplicateKey { .. } => {
                Some("two readers could see two models in it; ask its maker for a valid file")
            }
            Self::NumpyObject { .. } => {
                Some("do not load it with `allow_pickle`; ask its maker for plain numbers")
            }
            Self::PickleDangerous { .. } => {
                Some("do not load it; ask where it came from, and for safetensors")
            }
            Self::PickleUnknown { .. } => {
                Some("save the state dict alone, or as safetensors: then nothing else is in it")
            }
            Self::TorchTar { .. } => {
                Some("load it with a PyTorch you trust it to, and save it as safetensors")
            }
            Self::ZipDuplicate { .. } => {
                Some("two readers could see two archives in it; ask its maker for a valid file")
            }
            Self::ShardMismatch { .. } => {
                Some("fetch all shards again, and their index if they have one, from one revision")
            }
            _ => None,
        }
    }
}
