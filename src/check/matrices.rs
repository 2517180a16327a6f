//! Matrices of a case on the device: outputs are poisoned beforehand, and only their elements may change.

use std::borrow::Cow;

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

    fn elements(self) -> impl Iterator<Item = usize> {
        (0..self.slices).flat_map(move |slice| {
            let first = self.offset + slice * self.stride;
            first..first + self.width
        })
    }

    /// Lays `values` out in a buffer, each in its place.
    fn laid(self, values: &[f32], dtype: DType, filler: u32, margin: usize) -> Vec<u32> {
        let len = self.end() + margin * per_word(dtype);
        let mut elements: Vec<u32> = (0..len).map(|n| filling(dtype, filler, n)).collect();
        let places = self.elements().zip(values);
        places.for_each(|(place, &value)| elements[place] = dtype.encode(value));
        packed(dtype, &elements)
    }
}

const fn per_word(dtype: DType) -> usize {
    4 / dtype.bytes() as usize
}

/// Returns the n-th element of a buffer full of `word`.
const fn filling(dtype: DType, word: u32, n: usize) -> u32 {
    match per_word(dtype) {
        1 => word,
        _ => (word >> (16 * (n % 2))) & 0xffff,
    }
}

fn packed(dtype: DType, elements: &[u32]) -> Vec<u32> {
    match per_word(dtype) {
        1 => elements.to_vec(),
        _ => elements
            .chunks(2)
            .map(|halves| halves[0] | halves.get(1).map_or(0, |half| half << 16))
            .collect(),
    }
}

fn unpacked(dtype: DType, words: Vec<u32>) -> Vec<u32> {
    match per_word(dtype) {
        1 => words,
        _ => words
            .into_iter()
            .flat_map(|word| [word & 0xffff, word >> 16])
            .collect(),
    }
}

/// A poisoned output.
pub(super) struct Output {
    pub(super) buffer: Buffer,
    words: usize,
    place: Place,
    dtype: DType,
    /// Shape of a matrix whose rows may lie on a strided axis.
    tensor: Option<[usize; 3]>,
}

impl Output {
    /// Allocates an output of `len` values, one after the other.
    pub(super) fn new(gpu: &Gpu, name: &str, len: usize, dtype: DType) -> Result<Self, Error> {
        Self::over(gpu, name, &[], Place::contiguous(len), dtype, None)
    }

    /// Allocates an output over an input: the values that are read, and poison everywhere else.
    fn over(
        gpu: &Gpu,
        name: &str,
        values: &[f32],
        place: Place,
        dtype: DType,
        tensor: Option<[usize; 3]>,
    ) -> Result<Self, Error> {
        let contents = place.laid(values, dtype, POISON, MARGIN);
        Ok(Self {
            buffer: gpu.upload(name, &contents)?,
            words: contents.len(),
            place,
            dtype,
            tensor,
        })
    }

    /// Allocates the first input of a case and a matrix computed from it: in one buffer if it is in place.
    pub(super) fn over_first(gpu: &Gpu, case: &Case) -> Result<(Buffer, Self), Error> {
        let place = case.of.place(Matrix::Result);
        let (dtype, tensor) = (case.of.dtype, Some(tensor(case)));
        if case.of.in_place {
            let first = as_it_lies(&case.first, case);
            let output = Self::over(gpu, "in place", &first, place, dtype, tensor)?;
            return Ok((output.buffer.clone(), output));
        }
        let first = upload_rows(gpu, Matrix::Source, &case.first, case)?;
        let output = Self::over(gpu, "output", &[], place, dtype, tensor)?;
        Ok((first, output))
    }

    /// Reads the words of the buffer.
    pub(super) fn download(&self, gpu: &Gpu) -> Result<Vec<u32>, Error> {
        gpu.download(&self.buffer, self.words)
    }

    /// Returns the values written, rows one after the other, and true if everything else is unchanged.
    pub(super) fn values(&self, words: Vec<u32>) -> (Vec<f32>, bool) {
        let mut elements = unpacked(self.dtype, words);
        let mut values = Vec::with_capacity(self.place.width * self.place.slices);
        for place in self.place.elements() {
            values.push(self.dtype.decode(elements[place]));
            elements[place] = filling(self.dtype, POISON, place);
        }
        // Where the margin has an odd number of halves, the last half is no element.
        elements.truncate(self.place.end() + MARGIN * per_word(self.dtype));
        let mut others = elements.iter().enumerate();
        let kept = others.all(|(place, &bits)| bits == filling(self.dtype, POISON, place));
        let rows = match self.tensor {
            Some(tensor) => axis_to_rows(&values, tensor),
            None => values,
        };
        (rows, kept)
    }
}

/// Uploads a matrix as it is stored.
#[cfg(feature = "bench")]
pub(crate) fn upload(gpu: &Gpu, name: &str, values: &[f32], dtype: DType) -> Result<Buffer, Error> {
    if dtype == DType::F32 {
        return gpu.upload(name, values);
    }
    let encode = |&value| dtype.encode(value) as u16;
    let mut halves: Vec<u16> = values.iter().map(encode).collect();
    halves.resize(halves.len().next_multiple_of(2), 0);
    gpu.upload(name, &halves)
}

/// Returns the shape of a case's matrices on the device: slices, columns, and the extent of the strided axis.
const fn tensor(case: &Case) -> [usize; 3] {
    let Subject {
        rows, cols, inner, ..
    } = case.of;
    [rows / inner, cols, inner]
}

/// Reorders a matrix of a case into its layout on the device.
fn as_it_lies<'a>(values: &'a [f32], case: &Case) -> Cow<'a, [f32]> {
    match case.of.inner {
        1 => Cow::Borrowed(values),
        _ => Cow::Owned(rows_to_axis(values, tensor(case))),
    }
}

/// Uploads a matrix that is read.
pub(super) fn upload_rows(
    gpu: &Gpu,
    matrix: Matrix,
    values: &[f32],
    case: &Case,
) -> Result<Buffer, Error> {
    let (place, values) = (case.of.place(matrix), as_it_lies(values, case));
    let contents = place.laid(&values, case.of.dtype, GAP, 2);
    gpu.upload("input", &contents)
}
