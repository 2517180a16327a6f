use super::{Real, pairwise_sum};

/// Statistic of a row of logits: its maximum, and the sum of `exp(x - max)`.
///
/// Records of parts of a row [merge](Self::merge) into the record of the row, with [`EMPTY`](Self::EMPTY) as the neutral element
/// (Milakov and Gimelshein, *Online normalizer calculation for softmax*, 2018). The numbers are those of the finite logits only;
/// a NaN or `+inf` raises a flag, and `-inf` adds nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Statistic {
    /// Largest finite logit, or the lowest finite f64 where there is none.
    pub max: f64,
    /// Sum of `exp(x - max)` over the finite logits: 0 where there is none, else at least 1.
    pub sum: f64,
    /// True if a NaN was seen.
    pub has_nan: bool,
    /// True if `+inf` was seen.
    pub has_positive_infinity: bool,
    /// Factor of differences of logits, applied before anything else.
    pub(crate) steepness: f64,
}

impl Statistic {
    /// Record of no logits, and of logits that are all `-inf`.
    ///
    /// Its maximum is finite, so that merging never forms `inf - inf`.
    pub const EMPTY: Self = Self {
        max: f64::MIN,
        sum: 0.0,
        has_nan: false,
        has_positive_infinity: false,
        steepness: 1.0,
    };

    /// Returns the record of a row, or of a part of one.
    pub fn of<X: Real>(row: &[X]) -> Self {
        Self::of_seen(row.len(), 1.0, |column| row[column].into())
    }

    /// Returns the record of `cols` logits as the formulas see them.
    pub(crate) fn of_seen(cols: usize, steepness: f64, z: impl Fn(usize) -> f64) -> Self {
        let seen = || (0..cols).map(&z);
        let max = seen()
            .filter(|z| z.is_finite())
            .fold(Self::EMPTY.max, f64::max);
        let term = |column: usize| match z(column) {
            z if z.is_finite() => (steepness * (z - max)).exp(),
            _ => 0.0,
        };
        Self {
            max,
            sum: pairwise_sum(cols, term),
            has_nan: seen().any(f64::is_nan),
            has_positive_infinity: seen().any(|z| z == f64::INFINITY),
            steepness,
        }
    }

    /// Merges the records of two parts: `s = s_a exp(m_a - m) + s_b exp(m_b - m)` with `m = max(m_a, m_b)`.
    ///
    /// Associative up to rounding, commutative exactly, and exact where one side is empty.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let max = self.max.max(other.max);
        let rescaled = |part: Self| part.sum * (part.steepness * (part.max - max)).exp();
        Self {
            steepness: self.steepness,
            max,
            sum: rescaled(self) + rescaled(other),
            has_nan: self.has_nan || other.has_nan,
            has_positive_infinity: self.has_positive_infinity || other.has_positive_infinity,
        }
    }

    /// Returns `ln(sum of exp(x))`: NaN where a NaN was seen, else `+inf` where that was seen, else `-inf` where no finite logit
    /// was.
    pub fn lse(self) -> f64 {
        match self {
            _ if self.has_nan => f64::NAN,
            _ if self.has_positive_infinity => f64::INFINITY,
            _ if self.sum == 0.0 => f64::NEG_INFINITY,
            _ => self.height() + self.sum.ln(),
        }
    }

    /// Returns a logit of the row, times the steepness.
    pub(crate) fn scaled(self, z: f64) -> f64 {
        self.steepness * z
    }

    /// Returns the largest logit, times the steepness.
    pub(crate) fn height(self) -> f64 {
        self.scaled(self.max)
    }

    /// Returns the distance of a logit of the row above the maximum, times the steepness: 0 or less.
    pub(crate) fn distance(self, z: f64) -> f64 {
        self.steepness * (z - self.max)
    }

    /// True if the row has no probabilities: a NaN or `+inf` was seen, or no finite logit.
    pub fn poisoned(self) -> bool {
        self.has_nan || self.has_positive_infinity || self.nothing_left()
    }

    /// True if the row is empty, or all `-inf`.
    pub fn nothing_left(self) -> bool {
        !self.has_nan && !self.has_positive_infinity && self.sum == 0.0
    }

    /// Returns `exp(z - max) / sum` for a logit of the row: exactly 0 for `-inf`, NaN in a poisoned row.
    pub(crate) fn probability(self, z: f64) -> f64 {
        if self.poisoned() {
            return f64::NAN;
        }
        self.distance(z).exp() / self.sum
    }

    /// Returns `(z - max) - ln(sum)` for a logit of the row: `-inf` for `-inf`, NaN in a poisoned row.
    pub(crate) fn log_probability(self, z: f64) -> f64 {
        if self.poisoned() {
            return f64::NAN;
        }
        self.distance(z) - self.sum.ln()
    }

    /// Returns the negative log-probability `(max - z) + ln(sum)`: `+inf` for `-inf`, NaN in a poisoned row.
    pub(crate) fn surprise(self, z: f64) -> f64 {
        if self.poisoned() {
            return f64::NAN;
        }
        self.sum.ln() - self.distance(z)
    }
}
