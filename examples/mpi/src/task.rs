//! The logits and targets of the whole job, the same on every rank, and their division into shards.

use std::ops::Range;

/// Rows of logits over a vocabulary that is divided into shards of columns.
#[derive(Debug, Clone, Copy)]
pub struct Task {
    pub rows: usize,
    pub classes: usize,
    pub shards: usize,
}

impl Task {
    /// Columns of a shard.
    pub fn columns(&self, shard: usize) -> Range<usize> {
        let start = |shard| shard * self.classes / self.shards;
        start(shard)..start(shard + 1)
    }

    /// Shards that a rank of `ranks` owns.
    pub fn owned(&self, rank: usize, ranks: usize) -> Range<usize> {
        rank * self.shards / ranks..(rank + 1) * self.shards / ranks
    }

    /// Logits of some columns of every row: a model would compute them, here they are pseudo-random in -10..10.
    pub fn logits(&self, columns: &Range<usize>) -> Vec<f32> {
        let of_row = |row| columns.clone().map(move |column| logit(row, column));
        (0..self.rows).flat_map(of_row).collect()
    }

    /// Class ids of the rows.
    pub fn targets(&self) -> Vec<i32> {
        let of_row = |row: usize| (row * 7919 % self.classes) as i32;
        (0..self.rows).map(of_row).collect()
    }
}

fn logit(row: usize, column: usize) -> f32 {
    // The finalizer of SplitMix64.
    let mut z = ((row as u64) << 32 | column as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z >> 40) as f32 / (1 << 24) as f32 - 0.5) * 20.0
}
