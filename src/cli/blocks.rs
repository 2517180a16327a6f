//! Rows in blocks: files larger than memory are read, computed and written some rows at a time.
//!
//! Rows on a strided axis come in slices, `[cols, inner]` at one place of the axes before the normalised one: a block has
//! whole slices, so that it is a piece of the file. Where a mask has to follow the blocks, each of them is a box: a range
//! of one axis, one place of those before it, and all of those behind it.
//!
//! Every row is computed alone and by the kernel that suits all rows, and a block has a multiple of four slices where it
//! can, so that each row starts as far from a multiple of four elements as it did: blocks change no bit of the results.
//! Only rows of which a block cannot hold four, and rows of boxes that begin elsewhere, may differ in the last bits.

use super::failure::Failure;
use super::rows::Rows;
use std::hint::black_box;
use std::ops::Range;

/// Bytes of a block, counted in f32 for its largest operand or result. Memory holds several such arrays, and the device
/// as many.
pub(crate) const BYTES: u64 = 64 << 20;

/// Bytes that work on a block takes for each byte of the block, at most: operands and results, as stored, in f64 and in
/// another order.
const COPIES: u64 = 10;

/// Returns the bytes of a block for which memory holds all that work on it takes: `most`, or fewer. Memory must hold the
/// work on one slice at least.
pub(crate) fn fitting(x: &Rows, row_values: usize, most: u64) -> Result<u64, Failure> {
    let slice = 4 * row_values as u128 * x.inner as u128;
    let mut bytes = most;
    while !is_held(u128::from(bytes) * u128::from(COPIES)) && u128::from(bytes) > slice {
        bytes /= 2;
    }
    let least = slice.max(bytes.into()) * u128::from(COPIES);
    match x.rows == 0 || is_held(least) {
        true => Ok(bytes),
        false => Err(Failure::Memory(format!(
            "{}: expected {least} bytes of memory for the smallest block of rows, found fewer",
            x.describe()
        ))),
    }
}

fn is_held(bytes: u128) -> bool {
    usize::try_from(bytes).is_ok_and(|bytes| {
        let mut memory = Vec::<u8>::new();
        let held = memory.try_reserve_exact(bytes).is_ok();
        black_box(memory);
        held
    })
}

/// Blocks of the rows of an array: each item is a range of them.
#[derive(Debug, Clone)]
pub(crate) struct Blocks {
    next: usize,
    rows: usize,
    most: usize,
    /// Number of rows such that no block reaches over a multiple of it.
    bound: usize,
}

impl Blocks {
    /// Returns blocks of rows of `row_values` values, of at most `bytes`, but of one slice at least.
    pub(crate) fn new(x: &Rows, row_values: usize, bytes: u64) -> Self {
        let slices = x.rows.checked_div(x.inner).unwrap_or(0);
        Self::over(&[slices], x.inner, row_values, bytes)
    }

    /// Returns blocks as `new` does, but each of them is a box.
    pub(crate) fn boxes(x: &Rows, row_values: usize, bytes: u64) -> Self {
        Self::over(&x.shape[..x.axis], x.inner, row_values, bytes)
    }

    /// Returns boxes of slices of `inner` rows, along axes of the extents `outer`.
    fn over(outer: &[usize], inner: usize, row_values: usize, bytes: u64) -> Self {
        let slice_values = (row_values as u64).saturating_mul(inner as u64);
        let fitting = bytes / slice_values.saturating_mul(4).max(1);
        let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
        let mut whole = 1;
        let mut split = outer.iter().rev();
        let extent = loop {
            match split.next() {
                None => break 1,
                Some(&extent) if extent > fitting / whole => break extent,
                Some(&extent) => whole *= extent.max(1),
            }
        };
        Self {
            next: 0,
            rows: outer.iter().product::<usize>() * inner,
            most: in_fours(fitting / whole).min(extent) * whole * inner,
            bound: extent * whole * inner,
        }
    }
}

/// Rounds down to a multiple of four where `most` is at least four; returns at least 1.
fn in_fours(most: usize) -> usize {
    match most {
        0 => 1,
        1..4 => most,
        _ => most - most % 4,
    }
}

impl Iterator for Blocks {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        if self.next >= self.rows {
            return None;
        }
        let first = self.next;
        self.next += self.most.min(self.bound - first % self.bound);
        Some(first..self.next)
    }
}

#[cfg(test)]
mod tests;
