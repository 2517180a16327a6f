//! Plain numbers that a dispatch reads.

use bytemuck::{Pod, Zeroable};

use crate::error::Error;
use crate::spec::mask::Mask;

/// The uniform of every dispatch, as `Params` in `shaders/params.wgsl`, which documents the fields.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[allow(missing_docs, reason = "the names are those of the shader")]
pub struct Params {
    pub grid: Grid,
    pub scaling: Scaling,
    pub loss: Loss,
    pub mask: MaskAxes,
}

/// Returns a number as a word of the uniform, the largest one where it exceeds that: it was refused before, or is not read.
pub(crate) fn word(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Places of rows, columns and records, which `RowKernels` fills for each dispatch.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct Grid {
    pub rows: u32,
    pub cols: u32,
    pub parts: u32,
    pub part_cols: u32,
    pub first_part: u32,
    pub bound_row: u32,
    pub tensor_row: u32,
    pub first_record: u32,
    pub records: u32,
    pub inner: u32,
    pub groups: u32,
    pub source_offset: u32,
    pub source_stride: u32,
    pub upstream_offset: u32,
    pub upstream_stride: u32,
    pub result_offset: u32,
    pub result_stride: u32,
    pub queries: u32,
    pub bin_first: u32,
    pub bin_queries: u32,
    pub bin_rows: u32,
    pub record_row_stride: u32,
    pub record_part_stride: u32,
    pub padding: u32,
}

/// Numbers by which logits are read: scale, softcap, mask unit, empty rows; and where sinks are.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct Scaling {
    pub scale: f32,
    pub slope: f32,
    pub prescale: f32,
    pub postscale: f32,
    pub lowest_shifted: f32,
    pub negligible_shifted: f32,
    pub exp2_hi: f32,
    pub exp2_lo: f32,
    pub mask_unit: f32,
    pub softcap: f32,
    pub inverse_softcap: f32,
    pub largest_uncapped: u32,
    pub zero_empty_rows: u32,
    pub sinks: u32,
    pub sink_queries: u32,
    pub stores_sinks: u32,
}

/// Axes of a mask: extents and strides by which its elements are found.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct MaskAxes {
    pub axes: [[u32; 4]; 3],
    pub axis_count: u32,
    pub column_stride: u32,
    pub padding: [u32; 2],
}

/// Numbers of a loss.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct Loss {
    pub flags: u32,
    pub first_class: u32,
    pub classes: u32,
    pub id_words: u32,
    pub ignored_low: u32,
    pub ignored_high: u32,
    pub loss_words: u32,
    pub z_loss: f32,
    pub target_share: f32,
    pub uniform_share: f32,
    pub weight_sum: u32,
    pub valid_rows: u32,
    pub row_words: u32,
    pub candidates: u32,
    pub saved_words: u32,
    pub gathering: u32,
}

impl Default for Params {
    /// Returns the numbers of an operation without options, with a scale of 1.
    fn default() -> Self {
        Self::reading(1.0)
    }
}

impl Params {
    /// Numbers for logits multiplied by `scale`.
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

    /// Numbers for a scale that is finite and above 0.
    fn reading(scale: f32) -> Self {
        Self {
            grid: Grid {
                inner: 1,
                ..Grid::zeroed()
            },
            scaling: Scaling::by(scale),
            mask: MaskAxes::zeroed(),
            loss: Loss {
                id_words: 1,
                loss_words: 1,
                target_share: 1.0,
                ..Loss::zeroed()
            },
        }
    }

    /// Numbers for logits multiplied by `scale`, and then a mask added. The kernels see their sum, in a unit in which it
    /// is finite, and the inverse of that unit as their scale.
    ///
    /// # Errors
    ///
    /// As [`scaled`](Self::scaled), and a scale beyond 2^100: an added mask would be lost in the sum.
    pub(crate) fn added_to(scale: f32) -> Result<Self, Error> {
        Self::scaled(scale)?;
        let unit = sum_unit(scale);
        if unit < SMALLEST_UNIT {
            return Err(Error::Value {
                what: "scale",
                expected: "at most 1.2676506e30 where a mask is added",
                found: format!("{scale:e}"),
            });
        }
        let mut params = Self::reading(1.0 / unit);
        params.scaling.slope = scale * unit;
        params.scaling.mask_unit = unit;
        Ok(params)
    }

    /// Sets the axes of a mask.
    pub(crate) fn masked(self, mask: &Mask) -> Self {
        let mut axes = [[0; 4]; 3];
        for (index, axis) in mask.axes().iter().enumerate() {
            let two = &mut axes[index / 2][2 * (index % 2)..];
            (two[0], two[1]) = (word(axis.extent).max(1), word(axis.stride));
        }
        Self {
            mask: MaskAxes {
                axes,
                axis_count: word(mask.axes().len() as u64),
                column_stride: word(mask.column_stride),
                padding: [0; 2],
            },
            ..self
        }
    }

    /// Numbers for logits multiplied by `scale`, and then capped. The kernels see `cap tanh(scale x / cap)`, with a scale
    /// of 1.
    ///
    /// # Errors
    ///
    /// As [`scaled`](Self::scaled); a cap that is not finite and above 0, or a ratio of scale to cap that is not a normal
    /// f32.
    pub(crate) fn capped(scale: f32, softcap: f32) -> Result<Self, Error> {
        // Where y >= 20, tanh(y) is 1 in f32.
        const SATURATED: f64 = 20.0;
        Self::scaled(scale)?;
        let inverse = f64::from(scale) / f64::from(softcap);
        if !(softcap > 0.0 && softcap.is_finite() && (inverse as f32).is_normal()) {
            return Err(Error::Value {
                what: "softcap",
                expected: "finite and above 0, and so is its ratio to the scale, in f32",
                found: format!("{softcap} with a scale of {scale}"),
            });
        }
        let largest = (SATURATED / inverse).min(f32::MAX.into()) as f32;
        let scaling = Scaling {
            slope: scale,
            softcap,
            inverse_softcap: inverse as f32,
            largest_uncapped: largest.to_bits(),
            ..Scaling::by(1.0)
        };
        Ok(Self {
            scaling,
            ..Self::default()
        })
    }
}

impl Scaling {
    /// Numbers for a scale that is finite and above 0, without a softcap or a mask.
    fn by(scale: f32) -> Self {
        let prescale = prescale_of(scale);
        let postscale = scale / prescale;
        let exponent = f64::from(postscale) * std::f64::consts::LOG2_E;
        let exp2_hi = below(exponent);
        Self {
            scale,
            slope: scale,
            prescale,
            postscale,
            lowest_shifted: -largest_factor(postscale),
            negligible_shifted: (NEGLIGIBLE_EXPONENT / exponent).max(f32::MIN.into()) as f32,
            exp2_hi,
            exp2_lo: (exponent - f64::from(exp2_hi)) as f32,
            ..Self::zeroed()
        }
    }
}

/// Exponent of a power of 2 that is 0 in f32.
const NEGLIGIBLE_EXPONENT: f64 = -300.0;

/// Power of 2 by which a difference of logits is multiplied first, so that it is finite; for a small scale, so that its
/// product with a weight is finite, too, wherever that of the scaled difference is. It is 1 for a scale above
/// [`STEEPEST_HALVED`].
fn prescale_of(scale: f32) -> f32 {
    match scale {
        _ if scale > STEEPEST_HALVED => 1.0,
        _ => scale.log2().floor().clamp(-100.0, -1.0).exp2(),
    }
}

/// A scale, 2^126, of which twice the product with log2(e) is within f32.
const STEEPEST_HALVED: f32 = 8.507_059e37;

/// Unit of sums with a scale of 2^100.
const SMALLEST_UNIT: f32 = 3.944_304_5e-31;

/// Largest power of 2, up to 1/2, in whose unit `scale x + m` is finite for all f32.
fn sum_unit(scale: f32) -> f32 {
    let mut unit = 0.5;
    while (f64::from(scale) + 1.0) * unit > 1.0 {
        unit /= 2.0;
    }
    unit as f32
}

/// Largest f32 below a positive number.
fn below(number: f64) -> f32 {
    let nearest = (number as f32).min(f32::MAX);
    if f64::from(nearest) >= number {
        nearest.next_down()
    } else {
        nearest
    }
}

/// Largest number whose product with `scale` is finite.
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
