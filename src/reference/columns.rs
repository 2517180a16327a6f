use super::Real;

/// Columns of a row: their number, and the way their logits are read. A plain number of columns converts into it.
///
/// The formulas see a number `z` for a stored logit `x`, and their results depend on `steepness (z - max)`.
///
/// | | `z` | steepness | `dz/dx` times the steepness |
/// | --- | --- | --- | --- |
/// | scale `S` | `x` | `S` | `S` |
/// | with softcap `C` | `C tanh(S x / C)` | 1 | `S (1 - (z / C)^2)` |
///
/// Special values are classified afterwards. The softcap makes `+-C` of infinities, ordinary numbers
/// with slope 0; NaN stays NaN.
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
    pub(crate) scale: f64,
    pub(crate) softcap: Option<f64>,
}

impl Columns {
    /// Creates `count` columns, with logits as they are stored.
    pub fn new(count: usize) -> Self {
        Self {
            count,
            scale: 1.0,
            softcap: None,
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
        self.scale = f64::from(scale);
        self
    }

    /// Makes `cap * tanh(x / cap)` of the scaled logits.
    pub(crate) fn softcap(mut self, cap: f32) -> Self {
        assert!(cap > 0.0 && cap.is_finite(), "a softcap of {cap}");
        self.softcap = Some(f64::from(cap));
        self
    }

    /// Returns `z`.
    pub(crate) fn read(self, x: impl Real) -> f64 {
        let x = x.into();
        self.softcap
            .map_or(x, |cap| cap * (self.scale * x / cap).tanh())
    }

    /// Returns the factor of differences of `z`.
    pub(crate) fn steepness(self) -> f64 {
        self.softcap.map_or(self.scale, |_| 1.0)
    }

    /// Returns `dz/dx` times the steepness. The factor of the softcap is computed as `1 / cosh^2`, which loses nothing by
    /// cancellation.
    pub(crate) fn slope(self, x: impl Real) -> f64 {
        self.softcap.map_or(self.scale, |cap| {
            let decay = (-2.0 * (self.scale * x.into() / cap).abs()).exp();
            self.scale * (4.0 * decay / ((1.0 + decay) * (1.0 + decay)))
        })
    }
}

impl From<usize> for Columns {
    fn from(count: usize) -> Self {
        Self::new(count)
    }
}
