//! The plain numbers that a dispatch reads.

use bytemuck::{Pod, Zeroable};

use crate::{Error, Mask};

/// The uniform of every dispatch, as `Params` in `shaders/grid.wgsl` has it.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[expect(missing_docs, reason = "the names are those of the shader")]
pub struct Params {
    pub rows: u32,
    pub cols: u32,
    pub parts: u32,
    pub part_cols: u32,
    pub bound_row: u32,
    pub tensor_row: u32,
    pub source_offset: u32,
    pub source_stride: u32,
    pub upstream_offset: u32,
    pub upstream_stride: u32,
    pub result_offset: u32,
    pub result_stride: u32,
    pub first_record: u32,
    pub records: u32,
    pub scale: f32,
    pub largest_logit: u32,
    pub fraction: f32,
    pub steepness: f32,
    pub lowest_rise: f32,
    pub negligible_rise: f32,
    pub exponent_high: f32,
    pub exponent_low: f32,
    pub inner: u32,
    pub groups: u32,
    pub options: u32,
    pub first_class: u32,
    pub classes: u32,
    pub id_words: u32,
    pub ignored_low: u32,
    pub ignored_high: u32,
    pub loss_words: u32,
    pub z_loss: f32,
    pub target_share: f32,
    pub uniform_share: f32,
    pub softcap: f32,
    pub inverse_softcap: f32,
    pub largest_uncapped: u32,
    pub slope: f32,
    pub weight_sum: u32,
    pub valid_rows: u32,
    pub row_words: u32,
    pub candidates: u32,
    pub saved_words: u32,
    pub gathering: u32,
    pub mask_axes: [[u32; 4]; 3],
    pub mask_axis_count: u32,
    pub mask_column_stride: u32,
    pub largest_masked: u32,
    pub queries: u32,
    pub bin_first: u32,
    pub bin_queries: u32,
    pub bin_rows: u32,
    pub first_part: u32,
}

impl Default for Params {
    /// A scale of 1, ids and losses of one word, and all else 0.
    fn default() -> Self {
        Self::reading(1.0)
    }
}

impl Params {
    /// Logits multiplied by `scale`: those whose product overflows count as infinite.
    ///
    /// # Errors
    ///
    /// A scale that is not finite and above 0.
    pub(crate) fn scaled(scale: f32) -> Result<Self, Error> {
        if !(scale.is_finite() && scale > 0.0) {
            let found = scale.to_string();
            return Err(Error::Value {
                what: "scale",
                expected: "finite and above 0",
                found,
            });
        }
        Ok(Self::reading(scale))
    }

    /// With a scale that is finite and above 0.
    fn reading(scale: f32) -> Self {
        // Logits that count as finite are no larger than f32::MAX / scale: a difference of two may overflow where the
        // scale is below 2, and half of it does not.
        let fraction = if scale >= 2.0 { 1.0 } else { 0.5 };
        let steepness = scale / fraction;
        let exponent = f64::from(steepness) * std::f64::consts::LOG2_E;
        let exponent_high = towards_zero(exponent);
        Self {
            scale,
            largest_logit: largest_factor(scale).to_bits(),
            fraction,
            steepness,
            lowest_rise: -largest_factor(steepness),
            negligible_rise: (NEGLIGIBLE_EXPONENT / exponent).max(f32::MIN.into()) as f32,
            exponent_high,
            exponent_low: (exponent - f64::from(exponent_high)) as f32,
            inner: 1,
            id_words: 1,
            loss_words: 1,
            target_share: 1.0,
            slope: scale,
            ..Self::zeroed()
        }
    }

    /// Logits multiplied by `scale`, and then a mask added: what the kernels see is their sum, unscaled.
    ///
    /// # Errors
    ///
    /// As [`scaled`](Self::scaled).
    pub(crate) fn added_to(scale: f32) -> Result<Self, Error> {
        let Self { largest_logit, .. } = Self::scaled(scale)?;
        Ok(Self {
            largest_masked: largest_logit,
            slope: scale,
            ..Self::default()
        })
    }

    /// With the axes of a mask.
    pub(crate) fn masked(self, mask: &Mask) -> Self {
        let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let mut mask_axes = [[0; 4]; 3];
        for (index, axis) in mask.axes().iter().enumerate() {
            let two = &mut mask_axes[index / 2][2 * (index % 2)..];
            (two[0], two[1]) = (narrow(axis.extent).max(1), narrow(axis.stride));
        }
        Self {
            mask_axes,
            mask_axis_count: narrow(mask.axes().len() as u64),
            mask_column_stride: narrow(mask.column_stride()),
            ..self
        }
    }

    /// Logits multiplied by `scale`, and then capped: what the kernels see is `cap tanh(scale x / cap)`, unscaled.
    ///
    /// # Errors
    ///
    /// As [`scaled`](Self::scaled); a cap that is not finite and above 0, or beyond f32 as a multiple of the scale.
    pub(crate) fn capped(scale: f32, softcap: f32) -> Result<Self, Error> {
        // Where y >= 20, tanh(y) is 1 in f32.
        const SATURATED: f64 = 20.0;
        let Self { slope, .. } = Self::scaled(scale)?;
        let inverse = f64::from(scale) / f64::from(softcap);
        if !(softcap > 0.0 && softcap.is_finite() && (inverse as f32).is_normal()) {
            return Err(Error::Value {
                what: "softcap",
                expected: "finite and above 0, and so is its ratio to the scale, in f32",
                found: format!("{softcap} with a scale of {scale}"),
            });
        }
        let largest = (SATURATED / inverse).min(f32::MAX.into()) as f32;
        Ok(Self {
            slope,
            softcap,
            inverse_softcap: inverse as f32,
            largest_uncapped: largest.to_bits(),
            ..Self::default()
        })
    }
}

/// 2 to this is 0 in f32.
const NEGLIGIBLE_EXPONENT: f64 = -300.0;

/// The f32 next to a positive number that is not above it.
fn towards_zero(number: f64) -> f32 {
    let nearest = number as f32;
    if f64::from(nearest) > number {
        nearest.next_down()
    } else {
        nearest
    }
}

/// The largest number whose product with `scale` is finite.
fn largest_factor(scale: f32) -> f32 {
    let mut largest = (f32::MAX / scale).min(f32::MAX);
    while !(largest * scale).is_finite() {
        largest = largest.next_down();
    }
    while largest < f32::MAX && (largest.next_up() * scale).is_finite() {
        largest = largest.next_up();
    }
    largest
}
