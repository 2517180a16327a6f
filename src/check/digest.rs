//! Digests of the bits of results: if the digests of two builds of the crate agree on one machine, their results are the same.
//! All NaNs count as one.

/// The digest of no bits.
pub(super) const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// Computes FNV-1a, continued from `so_far` over the bytes of `words`.
pub(super) fn digest(so_far: u64, words: impl IntoIterator<Item = u32>) -> u64 {
    let bytes = words.into_iter().flat_map(u32::to_le_bytes);
    bytes.fold(so_far, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::{EMPTY, digest};

    #[test]
    fn digests_are_those_of_fnv_1a() {
        assert_eq!(digest(EMPTY, []), EMPTY);
        // The published value for this text.
        let word = u32::from_le_bytes(*b"foob");
        assert_eq!(digest(EMPTY, [word]), 0xdd12_0e79_0c25_12af);
    }

    #[test]
    fn a_digest_goes_on_where_it_ended() {
        let parted = digest(digest(EMPTY, [1]), [2, 3]);
        assert_eq!(parted, digest(EMPTY, [1, 2, 3]));
        assert_ne!(parted, digest(EMPTY, [1, 3, 2]));
    }
}
