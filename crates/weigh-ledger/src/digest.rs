//! Digests of one file, made in one pass over its bytes.
//!
//! SHA-256 is what other tools exchange; BLAKE3 is several times faster to check again.
//! The two states are separate values, so that the caller may feed them on two threads.

use std::fmt;

use sha2::Digest;

use crate::hex;

/// A SHA-256 digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Digest(pub [u8; 32]);

/// A BLAKE3 digest of the default length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Blake3Digest(pub [u8; 32]);

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl fmt::Display for Blake3Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl Sha256Digest {
    /// Of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Reads 64 lowercase hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        hex::read_32(text).map(Self)
    }
}

impl Blake3Digest {
    /// Of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Reads 64 lowercase hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        hex::read_32(text).map(Self)
    }
}

/// SHA-256 of a stream of bytes.
#[derive(Clone, Debug, Default)]
pub struct Sha256State(sha2::Sha256);

impl Sha256State {
    /// The next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes so far.
    #[must_use]
    pub fn finish(self) -> Sha256Digest {
        Sha256Digest(self.0.finalize().into())
    }
}

/// BLAKE3 of a stream of bytes.
#[derive(Clone, Debug, Default)]
pub struct Blake3State(blake3::Hasher);

impl Blake3State {
    /// The next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes so far.
    #[must_use]
    pub fn finish(self) -> Blake3Digest {
        Blake3Digest(*self.0.finalize().as_bytes())
    }
}

/// Both digests of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileDigest {
    /// Bytes of the file.
    pub len: u64,
    /// What other tools exchange.
    pub sha256: Sha256Digest,
    /// The fast one; nothing where it was not asked for.
    pub blake3: Option<Blake3Digest>,
}

/// Both states of one file.
#[derive(Clone, Debug, Default)]
pub struct FileDigester {
    /// Bytes so far.
    pub len: u64,
    /// Fed by one thread.
    pub sha256: Sha256State,
    /// Fed by another.
    pub blake3: Option<Blake3State>,
}

impl FileDigester {
    /// States with nothing in them; BLAKE3 too, if asked for.
    #[must_use]
    pub fn new(with_blake3: bool) -> Self {
        Self {
            blake3: with_blake3.then(Blake3State::default),
            ..Self::default()
        }
    }

    /// The next bytes, on this thread.
    pub fn update(&mut self, bytes: &[u8]) {
        self.len = self.len.saturating_add(bytes.len() as u64);
        self.sha256.update(bytes);
        if let Some(state) = &mut self.blake3 {
            state.update(bytes);
        }
    }

    /// The digests of all bytes so far.
    #[must_use]
    pub fn finish(self) -> FileDigest {
        FileDigest {
            len: self.len,
            sha256: self.sha256.finish(),
            blake3: self.blake3.map(Blake3State::finish),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors: FIPS 180-4 for `abc`, and the empty input of the BLAKE3 paper's test vectors.
    #[test]
    fn the_published_vectors_hold() {
        assert_eq!(
            Sha256Digest::of(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            Blake3Digest::of(b"").to_string(),
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
        );
    }

    #[test]
    fn a_digest_reads_back_and_nothing_else_does() {
        let digest = Sha256Digest::of(b"abc");
        assert_eq!(Sha256Digest::parse(&digest.to_string()), Some(digest));
        let capital = digest.to_string().to_uppercase();
        for bad in ["", "ba78", &capital, &format!("{digest}0"), &"g".repeat(64)] {
            assert_eq!(Sha256Digest::parse(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn pieces_do_not_matter(bytes: Vec<u8>, cut in 0_usize..64) {
            let cut = cut.min(bytes.len());
            let mut pieces = FileDigester::new(true);
            pieces.update(&bytes[..cut]);
            pieces.update(&bytes[cut..]);
            let mut whole = FileDigester::new(true);
            whole.update(&bytes);
            let whole = whole.finish();
            proptest::prop_assert_eq!(pieces.finish(), whole);
            proptest::prop_assert_eq!(whole.sha256, Sha256Digest::of(&bytes));
            proptest::prop_assert_eq!(whole.blake3, Some(Blake3Digest::of(&bytes)));
        }
    }
}
