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

/// How a stored logit `x` becomes the number `z` that the formulas see: scaled, then capped.
///
/// | | `z` | `dz/dx` |
/// | --- | --- | --- |
/// | scale `S` | `S x` | `S` |
/// | with softcap `C` | `C tanh(S x / C)` | `S (1 - (z / C)^2)` |
///
/// Special values are classified afterwards. A product beyond the range of f32 is an infinity, as it
/// is in f32 arithmetic. The softcap makes `+-C` of infinities, ordinary numbers with slope 0; NaN
/// stays NaN.
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

    /// `z`, within the range of f32 where it is finite.
    pub(crate) fn read(self, x: f32) -> f64 {
        let scaled = self.scaled(x);
        self.softcap
            .map_or(scaled, |cap| cap * (scaled / cap).tanh())
    }

    /// `dz/dx`. The factor of the softcap as `1 / cosh^2`, which no cancellation spoils.
    pub(crate) fn slope(self, x: f32) -> f64 {
        self.softcap.map_or(self.scale, |cap| {
            let decay = (-2.0 * (self.scaled(x) / cap).abs()).exp();
            self.scale * (4.0 * decay / ((1.0 + decay) * (1.0 + decay)))
        })
    }

    fn scaled(self, x: f32) -> f64 {
        within_f32(self.scale * f64::from(x))
    }
}

/// A value that is infinite where f32 would have it so, and within the range of f32 where it is finite.
pub(super) fn within_f32(value: f64) -> f64 {
    const MAX: f64 = f32::MAX as f64;
    match value as f32 {
        stored if stored.is_finite() => value.clamp(-MAX, MAX),
        stored => f64::from(stored),
    }
}
