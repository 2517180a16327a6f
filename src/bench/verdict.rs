//! Verdicts on two measurements of one subject: a change, or noise.

use super::Spread;

/// What became of a fraction from one run to another.
///
/// ```
/// use wgpu_softmax::bench::{Spread, Verdict};
///
/// let then = Spread { lower: 0.59, median: 0.60, upper: 0.61 };
/// let now = Spread { lower: 0.40, median: 0.41, upper: 0.43 };
/// assert_eq!(Verdict::of(then, now), Verdict::Slower);
/// assert_eq!(Verdict::of(then, Spread { upper: 0.62, ..now }), Verdict::Same);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// No change that can be told from noise.
    Same,
    /// The fraction is higher.
    Faster,
    /// The fraction is lower.
    Slower,
}

impl Verdict {
    /// Largest change, as a natural logarithm, that is taken for drift however close the quartiles are: memory that lies
    /// elsewhere, another clock rate. Of 60 fractions of one binary on a machine at a load of five a core,
    /// the furthest drifted by 0.118.
    pub const FLOOR: f64 = 0.12;

    /// Judges by the logarithms of the fractions: a change is one of the medians by more than the [`FLOOR`](Self::FLOOR) and by
    /// more than the quartiles of both are apart, added. Where there are no quartiles (NaN), the floor alone decides.
    pub fn of(then: Spread, now: Spread) -> Self {
        let apart = |spread: Spread| (spread.upper / spread.lower).ln().max(0.0);
        let noise = Self::FLOOR.max(apart(then) + apart(now));
        match (now.median / then.median).ln() {
            change if change > noise => Self::Faster,
            change if change < -noise => Self::Slower,
            _ => Self::Same,
        }
    }

    /// Returns `same`, `faster` or `slower`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Faster => "faster",
            Self::Slower => "slower",
        }
    }
}
