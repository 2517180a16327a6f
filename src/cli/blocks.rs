//! Rows in blocks: files larger than memory are read, computed and written some rows at a time.
//!
//! Every row is computed alone and by the kernel that suits all rows, and a block has a multiple of four rows where it can,
//! so that each row starts as far from a multiple of four elements as it did: blocks change no bit of the results. Rows
//! of which a block does not hold four may differ in the last bits.

/// Bytes of a block in f32, of its largest operand or result. Memory holds several such arrays, and the device as many.
pub(crate) const BYTES: u64 = 64 << 20;

/// The rows of an array, block by block: each item is a number of rows.
#[derive(Debug, Clone)]
pub(crate) struct Blocks {
    left: usize,
    most: usize,
}

impl Blocks {
    /// Blocks of at most `bytes`, but of one row at least, where a row takes `row_values` values.
    pub(crate) fn new(rows: usize, row_values: usize, bytes: u64) -> Self {
        let row_bytes = (row_values as u64).saturating_mul(4).max(1);
        let most = usize::try_from(bytes / row_bytes).unwrap_or(usize::MAX);
        let fours = most - most % 4;
        Self {
            left: rows,
            most: if fours > 0 { fours } else { most.max(1) },
        }
    }
}

impl Iterator for Blocks {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let rows = self.left.min(self.most);
        self.left -= rows;
        (rows > 0).then_some(rows)
    }
}

#[cfg(test)]
mod tests;
