//! Every parser of bytes from outside: the whole attack surface, in one room.
//!
//! | File | Reader |
//! | --- | --- |
//! | `config.json` | [`config`] |
//! | `*.safetensors`, their index | [`safetensors`] |
//! | `*.gguf`, whole or in parts | [`gguf`] |
//! | `*.onnx` and the files its numbers lie in | [`onnx`] |
//! | `*.npy`, `*.npz` | [`npy`] |
//! | `adapter_config.json` and its tensors | [`adapter`] |
//! | `trainer_state.json` | [`trainer_state`] |
//! | `pipeline.toml` | [`pipeline`] |
//! | `*.pt`, `*.pth`, `*.bin`, `*.ckpt` | [`torch`] |
//! | `.metadata` and its `*.distcp` | [`distributed`] |
//! | pickles, in any of these | [`pickle`] |
//! | zip archives, under any of these | [`zip`] |
//! | stored values of tensors | [`values`] |
//! | `README.md` of a model | [`model_card`] |
//!
//! - **Invariant:** pure. Bytes come in through [`Object`] and [`Tree`]; nothing is opened here.
//! - **Invariant:** a length is compared with the object and with a limit before anything is
//!   allocated; arithmetic on lengths is checked.
//! - **Invariant:** nothing is executed and no path in a file is followed.
//! - **Invariant:** where two readers could see two models, the file is refused.
//! - A reader says what it saw and where; what that means is for `weigh-compute`.

#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

pub mod adapter;
mod bytes;
pub mod config;
pub mod distributed;
mod error;
pub mod gguf;
mod json;
pub mod model_card;
pub mod npy;
pub mod onnx;
pub mod pickle;
pub mod pipeline;
pub mod safetensors;
pub mod torch;
pub mod trainer_state;
pub mod values;
pub mod zip;

pub use bytes::{Entry, Memory, MemoryTree, Object, Tree};
pub use error::ReadError;
