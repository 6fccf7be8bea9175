//! Evidence about models: bytes that anyone can recompute and verify offline.
//!
//! Today: the digests of a model folder. Statements, the log and proofs will stand beside them.
//!
//! - **Invariant:** pure. Bytes are handed in; nothing is opened, and no thread is started.
//! - **Invariant:** every encoding that is hashed is written down where it is made, so that a
//!   stranger can make it again.

#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

pub mod digest;
mod hex;
pub mod resources;
pub mod tensors;

pub use digest::{FileDigest, FileDigester, Sha256Digest};
