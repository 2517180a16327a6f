//! Records: the statistic of a row's columns in one shard, which is all that travels between ranks.

use mpi::traits::Equivalence;

/// A record as `partial_statistic` writes it: 16 bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Equivalence)]
pub struct Record {
    /// The largest logit.
    max: f32,
    /// The sum of exp(x - max).
    sum: f32,
    /// Magnitude bits of the worst logit: those of infinity for +infinity, larger ones for NaN.
    special: u32,
    unused: u32,
}

impl Record {
    pub const WORDS: usize = 4;

    pub fn of_words([max, sum, special, unused]: [u32; Self::WORDS]) -> Self {
        Self {
            max: f32::from_bits(max),
            sum: f32::from_bits(sum),
            special,
            unused,
        }
    }

    pub fn words(self) -> [u32; Self::WORDS] {
        [
            self.max.to_bits(),
            self.sum.to_bits(),
            self.special,
            self.unused,
        ]
    }

    /// The record of the columns of both. An order of merges decides the last bits of a sum.
    pub fn merge(self, other: Self) -> Self {
        let max = self.max.max(other.max);
        let rescaled = |of: Self| match of.sum {
            0.0 => 0.0, // nothing was seen: its maximum may be the lowest number
            sum => f64::from(sum) * (f64::from(of.max) - f64::from(max)).exp(),
        };
        Self {
            max,
            sum: (rescaled(self) + rescaled(other)) as f32,
            special: self.special.max(other.special),
            unused: 0,
        }
    }
}
