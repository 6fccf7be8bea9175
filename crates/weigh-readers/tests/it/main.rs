//! What readers accept keeps its promises, and what they refuse is refused for a reason.

mod agreement;
mod corpus;
mod gguf;
mod hostile;
mod laws;
mod numpy;
mod onnx;
mod pickles;
mod support;
mod torch;
