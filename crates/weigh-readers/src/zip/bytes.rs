//! Little-endian numbers and the checksum.

/// Numbers in a piece of the file whose length was checked; beyond its end there is none.
#[derive(Clone, Copy)]
pub(super) struct Fields<'b>(pub(super) &'b [u8]);

impl<'b> Fields<'b> {
    pub(super) fn slice(self, at: usize, len: usize) -> Option<&'b [u8]> {
        self.0.get(at..at.checked_add(len)?)
    }

    pub(super) fn u16(self, at: usize) -> Option<u16> {
        let bytes = self.slice(at, 2)?.try_into().ok()?;
        Some(u16::from_le_bytes(bytes))
    }

    pub(super) fn u32(self, at: usize) -> Option<u32> {
        let bytes = self.slice(at, 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes))
    }

    pub(super) fn u64(self, at: usize) -> Option<u64> {
        let bytes = self.slice(at, 8)?.try_into().ok()?;
        Some(u64::from_le_bytes(bytes))
    }
}

const TABLE: [u32; 256] = table();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which would refuse an index beyond the end"
)]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = match value & 1 {
                1 => 0xEDB8_8320 ^ (value >> 1),
                _ => value >> 1,
            };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

/// The checksum of zip archives (IEEE 802.3).
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        let [low, ..] = (sum ^ u32::from(*byte)).to_le_bytes();
        // A byte is an index of 256 entries.
        TABLE.get(usize::from(low)).copied().unwrap_or_default() ^ (sum >> 8)
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_check_value_of_the_catalog() {
        // The check of CRC-32/ISO-HDLC in the catalog of Greg Cook.
        assert_eq!(super::crc32(b"123456789"), 0xCBF4_3926);
    }
}
