//! Remembers which bytes of a file a reader looked at, so that they can be digested.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use weigh_readers::{Object, ReadError};

/// Bytes kept for a digest at most; a header is far below it.
const TOUCHED_MAX: u64 = 1 << 30;

/// A file, and the places that were read of it.
pub(super) struct Touched<'a> {
    inner: &'a dyn Object,
    /// Begin and end of what was read, none touching another.
    places: Mutex<BTreeMap<u64, u64>>,
}

impl<'a> Touched<'a> {
    pub(super) fn new(inner: &'a dyn Object) -> Self {
        Self {
            inner,
            places: Mutex::default(),
        }
    }

    /// The bytes that were read, in the order of the file, each once.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, ReadError> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let total: u64 = places.iter().map(|(begin, end)| end - begin).sum();
        let mut bytes = vec![0; usize::try_from(total.min(TOUCHED_MAX)).unwrap_or_default()];
        let mut rest = bytes.as_mut_slice();
        for (begin, end) in places.iter() {
            let n = usize::try_from(end - begin)
                .unwrap_or(usize::MAX)
                .min(rest.len());
            let (piece, after) = std::mem::take(&mut rest).split_at_mut(n);
            self.inner.read_at(*begin, piece)?;
            rest = after;
        }
        Ok(bytes)
    }
}

impl Object for Touched<'_> {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        self.inner.read_at(offset, buffer)?;
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut begin, mut end) = (offset, offset.saturating_add(buffer.len() as u64));
        if begin == end {
            return Ok(());
        }
        let touching: Vec<u64> = places
            .range(..=end)
            .rev()
            .take_while(|(_, other_end)| **other_end >= begin)
            .map(|(other, _)| *other)
            .collect();
        for other in touching {
            if let Some(other_end) = places.remove(&other) {
                begin = begin.min(other);
                end = end.max(other_end);
            }
        }
        places.insert(begin, end);
        Ok(())
    }

    fn prefetch(&self, range: Range<u64>) {
        self.inner.prefetch(range);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weigh_readers::Memory;

    #[test]
    fn what_is_read_twice_is_there_once() {
        let memory = Memory((0..100).collect());
        let touched = Touched::new(&memory);
        for (begin, n) in [(10, 5), (40, 10), (12, 8), (45, 10), (0, 2), (30, 0)] {
            touched.read_at(begin, &mut vec![0; n]).expect("inside");
        }
        let expected: Vec<u8> = (0..2).chain(10..20).chain(40..55).collect();
        assert_eq!(touched.bytes(), Ok(expected));
    }
}
