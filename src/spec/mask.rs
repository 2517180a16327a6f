//! Masks: the choice of the columns of a row that count, or values added to them, broadcast over rows.

use crate::error::Error;

/// Number of axes that stay apart after merging, at most.
const MOST_AXES: usize = 6;

/// Kind of the elements of a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MaskKind {
    /// f32, added to the scaled logits: `-inf` excludes one.
    Additive,
    /// One byte an element, as NumPy's bool: 0 excludes the logit, whatever it is; anything else keeps it.
    Boolean,
}

impl MaskKind {
    /// Returns the number of bytes of an element.
    pub(crate) const fn bytes(self) -> u64 {
        match self {
            Self::Additive => 4,
            Self::Boolean => 1,
        }
    }
}

/// Map from the elements of the logits to those of a mask. The mask is contiguous, row-major, and broadcast to the
/// logits' shape by NumPy's rules.
///
/// ```
/// use wgpu_softmax::{Mask, MaskKind};
///
/// // Padding keys of each of 8 sequences: the same for 12 heads and 100 queries.
/// let mask = Mask::new(MaskKind::Boolean, &[8, 12, 100, 100], 3, &[8, 1, 1, 100])?;
/// assert_eq!(mask.elements(), 800);
/// assert_eq!(mask.element(1200, 5), 105);
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mask {
    kind: MaskKind,
    elements: u64,
    rows: u64,
    cols: u64,
    /// Number of elements from one column to the next: 0 where the mask is broadcast.
    pub(crate) column_stride: u64,
    axes: [MaskAxis; MOST_AXES],
    count: usize,
}

/// Some axes of the logits that a mask follows with one stride, or does not follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct MaskAxis {
    /// Number of rows along it.
    pub(crate) extent: u64,
    /// Number of elements of the mask from one of them to the next: 0 where the mask is broadcast.
    pub(crate) stride: u64,
}

impl MaskAxis {
    const ONE: Self = Self {
        extent: 1,
        stride: 0,
    };

    /// Merges this axis and the one that runs faster into one, if the mask's strides allow it.
    fn merged(self, faster: Self) -> Option<Self> {
        match (self, faster) {
            (one, other) | (other, one) if one.extent == 1 => Some(other),
            _ if self.stride == faster.extent.checked_mul(faster.stride)? => Some(Self {
                extent: self.extent.checked_mul(faster.extent)?,
                stride: faster.stride,
            }),
            _ => None,
        }
    }
}

impl Mask {
    /// Makes a mask of shape `mask_shape` for logits of shape `logits_shape`, whose axis number `axis`, from 0, is
    /// normalised.
    ///
    /// # Errors
    ///
    /// An axis that the logits do not have, a mask that does not broadcast to their shape, and one that follows more than
    /// six groups of axes: neighbours count as one where the mask has all of both, or neither.
    pub fn new(
        kind: MaskKind,
        logits_shape: &[u64],
        axis: usize,
        mask_shape: &[u64],
    ) -> Result<Self, Error> {
        let (strides, elements) = strides(logits_shape, mask_shape)?;
        let (Some(&cols), Some(&column_stride)) = (logits_shape.get(axis), strides.get(axis))
        else {
            let found = format!("{axis} for logits of shape {logits_shape:?}");
            let expected = "an axis of the logits";
            return Err(Error::value("axis of a mask", expected, found));
        };
        let all = logits_shape.iter().zip(&strides).enumerate();
        let others = all
            .filter(|(number, _)| *number != axis)
            .map(|(_, (&extent, &stride))| MaskAxis { extent, stride });
        let few = merged(others);
        let (mut axes, count) = ([MaskAxis::ONE; MOST_AXES], few.len());
        let Some(places) = axes.get_mut(..count) else {
            let expected = "at most 6 groups of axes that the mask follows alike";
            let found = format!("{count} in {mask_shape:?} for logits of shape {logits_shape:?}");
            return Err(Error::value("shape of a mask", expected, found));
        };
        places.copy_from_slice(&few);
        let rows = axes[..count].iter().map(|axis| axis.extent);
        Ok(Self {
            kind,
            elements,
            rows: rows.fold(1, u64::saturating_mul),
            cols,
            column_stride,
            axes,
            count,
        })
    }

    /// Returns the kind of its elements.
    pub const fn kind(&self) -> MaskKind {
        self.kind
    }

    /// Returns the number of its elements.
    pub const fn elements(&self) -> u64 {
        self.elements
    }

    /// Returns the number of rows of the logits.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the number of columns of a row.
    pub const fn cols(&self) -> u64 {
        self.cols
    }

    /// Refuses logits of other rows or columns.
    pub(crate) fn require_of(&self, rows: u64, cols: u64) -> Result<(), Error> {
        if (self.rows, self.cols) == (rows, cols) {
            return Ok(());
        }
        let found = format!("{} x {} for {rows} x {cols}", self.rows, self.cols);
        Err(Error::value(
            "mask",
            "one for as many rows and columns",
            found,
        ))
    }

    /// Returns the number of its element for a column of a row, where `row` and `col` are below the numbers of rows and
    /// columns. Rows count as the values of one a row do: in the order of the axes without the normalised one.
    #[cfg(feature = "reference")]
    pub fn element(&self, row: u64, col: u64) -> u64 {
        let mut rest = row;
        let mut element = col.saturating_mul(self.column_stride);
        for MaskAxis { extent, stride } in self.axes().iter().rev() {
            let extent = (*extent).max(1);
            element = element.saturating_add(rest % extent * stride);
            rest /= extent;
        }
        element
    }

    /// Returns the axes of the rows, the last one fastest: one at least, and neighbours merged where the mask's strides
    /// allow it.
    pub(crate) fn axes(&self) -> &[MaskAxis] {
        &self.axes[..self.count]
    }

    /// Returns true if four neighbouring columns of a row, from a multiple of four on, have four neighbouring elements,
    /// from a multiple of four on.
    pub(crate) fn by_fours(&self) -> bool {
        let aligned = |axis: &MaskAxis| axis.stride.is_multiple_of(4);
        // The last access of a mask must end with the mask: bytes are padded to words, words to nothing.
        let is_whole = self.kind == MaskKind::Boolean || self.elements.is_multiple_of(4);
        is_whole && self.column_stride == 1 && self.axes().iter().all(aligned)
    }
}

/// Returns the number of elements of the mask from one index to the next, along each axis of the logits, and that of all
/// elements.
fn strides(logits_shape: &[u64], mask_shape: &[u64]) -> Result<(Vec<u64>, u64), Error> {
    let refuse = |expected| {
        let found = format!("{mask_shape:?} for logits of shape {logits_shape:?}");
        Error::value("shape of a mask", expected, found)
    };
    let expected = "a shape that broadcasts to the logits'";
    let missing = logits_shape.len().checked_sub(mask_shape.len());
    let missing = missing.ok_or_else(|| refuse(expected))?;
    let mut strides = vec![0; logits_shape.len()];
    let mut elements: u64 = 1;
    for (axis, &extent) in mask_shape.iter().enumerate().rev() {
        if extent != 1 {
            if extent != logits_shape[missing + axis] {
                return Err(refuse(expected));
            }
            strides[missing + axis] = elements;
        }
        let all = elements.checked_mul(extent);
        elements = all.ok_or_else(|| refuse("fewer than 2^64 elements"))?;
    }
    Ok((strides, elements))
}

/// Merges axes, the last one fastest, into as few as the strides allow, but one at least.
fn merged(all: impl Iterator<Item = MaskAxis>) -> Vec<MaskAxis> {
    let (mut few, mut last) = (Vec::new(), MaskAxis::ONE);
    for faster in all {
        match last.merged(faster) {
            Some(both) => last = both,
            None => few.push(std::mem::replace(&mut last, faster)),
        }
    }
    few.push(last);
    few
}

#[cfg(test)]
mod tests;
