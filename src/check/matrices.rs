//! Matrices of a case on the device: outputs are poisoned beforehand, and only their elements may change.

use std::ops::Range;

use wgpu::Buffer;

use super::case::Case;
use super::subject::{Matrix, Subject};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::reference::{axis_to_rows, rows_to_axis};
use crate::spec::dtype::DType;

/// Word that fills an output before it is written: a value that no case expects.
const POISON: u32 = 0xdead_beef;

/// Filler between the rows of an input and after the last one: NaN in every type.
const GAP: u32 = 0xffff_ffff;

/// Number of words after the last one of an output.
const MARGIN: usize = 64;

/// Place of slices of neighbouring elements in a buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) offset: usize,
    pub(super) stride: usize,
    pub(super) width: usize,
    pub(super) slices: usize,
}

impl Place {
    /// Returns the place of `len` elements, one after the other.
    pub(super) const fn contiguous(len: usize) -> Self {
        Self {
            offset: 0,
            stride: len,
            width: len,
            slices: 1,
        }
    }

    const fn end(&self) -> usize {
        self.offset + (self.slices - 1) * self.stride + self.width
    }

    /// Returns the ranges of the elements' bytes.
    fn elements(self, dtype: DType) -> impl Iterator<Item = Range<usize>> {
        let slices = (0..self.slices).map(move |slice| self.offset + slice * self.stride);
        let elements = slices.flat_map(move |first| first..first + self.width);
        let size = dtype.bytes() as usize;
        elements.map(move |place| place * size..(place + 1) * size)
    }

    /// Lays `values` out in a buffer, each in its place.
    fn laid(self, values: &[f32], dtype: DType, filler: u32, margin: usize) -> Vec<u8> {
        let mut bytes = filled(self.end(), dtype, filler, margin);
        for (place, &value) in self.elements(dtype).zip(values) {
            let encoded = dtype.encode(value).to_le_bytes();
            bytes[place.clone()].copy_from_slice(&encoded[..place.len()]);
        }
        bytes
    }
}

/// Returns the bytes of `len` elements and a margin of words, full of `filler`. They are whole words.
fn filled(len: usize, dtype: DType, filler: u32, margin: usize) -> Vec<u8> {
    let words = (len * dtype.bytes() as usize).div_ceil(4) + margin;
    filler.to_le_bytes().repeat(words)
}

/// A poisoned output.
pub(super) struct Output {
    pub(super) buffer: Buffer,
    place: Place,
    dtype: DType,
    /// Slices, columns, and the extent of the strided axis.
    tensor: [usize; 3],
}

impl Output {
    /// Allocates an output of `len` values, one after the other.
    pub(super) fn new(gpu: &Gpu, name: &str, len: usize, dtype: DType) -> Result<Self, Error> {
        Self::over(gpu, name, &[], Place::contiguous(len), dtype, [1, len, 1])
    }

    /// Allocates an output over an input: the values that are read, and poison everywhere else.
    fn over(
        gpu: &Gpu,
        name: &str,
        values: &[f32],
        place: Place,
        dtype: DType,
        tensor: [usize; 3],
    ) -> Result<Self, Error> {
        Ok(Self {
            buffer: gpu.upload(name, &place.laid(values, dtype, POISON, MARGIN))?,
            place,
            dtype,
            tensor,
        })
    }

    /// Allocates the first input of a case and a matrix computed from it: in one buffer if it is in place.
    pub(super) fn over_first(gpu: &Gpu, case: &Case) -> Result<(Buffer, Self), Error> {
        let (name, values) = match case.of.in_place {
            true => ("in place", rows_to_axis(&case.first, tensor(case))),
            false => ("output", Vec::new()),
        };
        let place = case.of.place(Matrix::Result);
        let output = Self::over(gpu, name, &values, place, case.of.dtype, tensor(case))?;
        let first = match case.of.in_place {
            true => output.buffer.clone(),
            false => upload_rows(gpu, Matrix::Source, &case.first, case)?,
        };
        Ok((first, output))
    }

    /// Returns the buffer, and the number of bytes to read of it.
    pub(super) fn whole(&self) -> (&Buffer, u64) {
        (&self.buffer, self.untouched().len() as u64)
    }

    fn untouched(&self) -> Vec<u8> {
        filled(self.place.end(), self.dtype, POISON, MARGIN)
    }

    /// Returns the values written, rows one after the other, with true if everything else is unchanged.
    pub(super) fn values(&self, mut bytes: Vec<u8>) -> (Vec<f32>, bool) {
        let untouched = self.untouched();
        let mut values = Vec::with_capacity(self.place.width * self.place.slices);
        for place in self.place.elements(self.dtype) {
            let mut bits = [0; 4];
            bits[..place.len()].copy_from_slice(&bytes[place.clone()]);
            values.push(self.dtype.decode(u32::from_le_bytes(bits)));
            bytes[place.clone()].copy_from_slice(&untouched[place]);
        }
        (axis_to_rows(&values, self.tensor), bytes == untouched)
    }
}

/// Uploads a matrix as it is stored.
pub(crate) fn upload(gpu: &Gpu, name: &str, values: &[f32], dtype: DType) -> Result<Buffer, Error> {
    if dtype == DType::F32 {
        return gpu.upload(name, values);
    }
    let place = Place::contiguous(values.len());
    gpu.upload(name, &place.laid(values, dtype, 0, 0))
}

/// Returns the shape of a case's matrices on the device: slices, columns, and the extent of the strided axis.
const fn tensor(case: &Case) -> [usize; 3] {
    let Subject {
        rows, cols, inner, ..
    } = case.of;
    [rows / inner, cols, inner]
}

/// Uploads a matrix that is read.
pub(super) fn upload_rows(
    gpu: &Gpu,
    matrix: Matrix,
    values: &[f32],
    case: &Case,
) -> Result<Buffer, Error> {
    let values = rows_to_axis(values, tensor(case));
    let place = case.of.place(matrix);
    gpu.upload("input", &place.laid(&values, case.of.dtype, GAP, 2))
}
