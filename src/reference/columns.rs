use super::Real;

/// The columns of a row: how many, and how the logits in them are read. A plain number will do for
/// one.
///
/// ```
/// use wgpu_softmax::reference::{Columns, softmax};
///
/// let warm = softmax(&[2.0, 0.0], Columns::new(2).scale(0.5)); // temperature 2
/// assert_eq!(warm, softmax(&[1.0, 0.0], 2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Columns {
    pub(crate) count: usize,
    pub(crate) reading: Reading,
}

impl Columns {
    /// So many columns, with logits as they are stored.
    pub fn new(count: usize) -> Self {
        Self {
            count,
            reading: Reading::PLAIN,
        }
    }

    /// Multiplies logits by `scale` first: 1 / temperature. Gradients carry the factor.
    ///
    /// # Panics
    ///
    /// When the scale is not above 0, or not finite.
    #[must_use]
    pub fn scale(mut self, scale: f32) -> Self {
        assert!(scale > 0.0 && scale.is_finite(), "a scale of {scale}");
        self.reading.scale = f64::from(scale);
        self
    }
}

impl From<usize> for Columns {
    fn from(count: usize) -> Self {
        Self::new(count)
    }
}

/// How a stored logit `x` becomes the number `z` that the formulas see, of which `steepness (z - max)` counts.
///
/// | | `z` | steepness | `dz/dx` times the steepness |
/// | --- | --- | --- | --- |
/// | scale `S` | `x` | `S` | `S` |
/// | with softcap `C` | `C tanh(S x / C)` | 1 | `S (1 - (z / C)^2)` |
///
/// Special values are classified afterwards. The softcap makes `+-C` of infinities, ordinary numbers
/// with slope 0; NaN stays NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) scale: f64,
    pub(crate) softcap: Option<f64>,
}

impl Reading {
    /// Logits as they are stored.
    pub(crate) const PLAIN: Self = Self {
        scale: 1.0,
        softcap: None,
    };

    /// `z`.
    pub(crate) fn read(self, x: impl Real) -> f64 {
        let x = x.into();
        self.softcap
            .map_or(x, |cap| cap * (self.scale * x / cap).tanh())
    }

    /// What differences of `z` are multiplied by.
    pub(crate) fn steepness(self) -> f64 {
        self.softcap.map_or(self.scale, |_| 1.0)
    }

    /// `dz/dx` times the steepness. The factor of the softcap as `1 / cosh^2`, which no cancellation spoils.
    pub(crate) fn slope(self, x: impl Real) -> f64 {
        self.softcap.map_or(self.scale, |cap| {
            let decay = (-2.0 * (self.scale * x.into() / cap).abs()).exp();
            self.scale * (4.0 * decay / ((1.0 + decay) * (1.0 + decay)))
        })
    }
}
