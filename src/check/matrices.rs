//! The matrices of a case on the device: outputs poisoned beforehand, and followed by words that must survive.

use std::borrow::Cow;

use wgpu::Buffer;

use super::case::{Case, Subject};
use crate::reference::{axis_to_rows, rows_to_axis};
use crate::{DType, Error, Gpu};

/// What an output holds before it is written: a value that no case expects.
const POISON: u32 = 0xdead_beef;

/// Words after the last one of an output.
const MARGIN: usize = 64;

/// A poisoned output of `len` values and a margin.
pub(super) struct Output {
    pub(super) buffer: Buffer,
    words: usize,
    len: usize,
    dtype: DType,
}

impl Output {
    pub(super) fn new(gpu: &Gpu, name: &str, len: usize, dtype: DType) -> Result<Self, Error> {
        Self::over(gpu, name, &[], len, dtype)
    }

    /// An output over an input: what is read, and poison after it.
    fn over(
        gpu: &Gpu,
        name: &str,
        values: &[f32],
        len: usize,
        dtype: DType,
    ) -> Result<Self, Error> {
        let words = len.div_ceil(4 / dtype.bytes() as usize) + MARGIN;
        let mut contents = vec![POISON; words];
        match dtype {
            DType::F32 => contents[..values.len()].copy_from_slice(bytemuck::cast_slice(values)),
            _ => {
                let halves: &mut [u16] = bytemuck::cast_slice_mut(&mut contents);
                let both = halves.iter_mut().zip(values);
                both.for_each(|(half, &value)| *half = dtype.encode(value) as u16);
            }
        }
        Ok(Self {
            buffer: gpu.upload(name, &contents)?,
            words,
            len,
            dtype,
        })
    }

    /// The same with rows one after the other, if it is a matrix.
    pub(super) fn fetch_rows(&self, gpu: &Gpu, case: &Case) -> Result<(Vec<f32>, bool), Error> {
        let (values, kept) = self.fetch(gpu)?;
        let is_matrix = values.len() == case.of.rows * case.of.cols;
        let rows = match is_matrix && case.of.inner > 1 {
            true => axis_to_rows(&values, tensor(case)),
            false => values,
        };
        Ok((rows, kept))
    }

    /// The first input of a case and a matrix of so many values made of it: in one buffer if it is in place.
    pub(super) fn beside_first(
        gpu: &Gpu,
        case: &Case,
        len: usize,
        dtype: DType,
    ) -> Result<(Buffer, Self), Error> {
        if case.of.in_place {
            let output = Self::over(gpu, "in place", &as_it_lies(&case.first, case), len, dtype)?;
            return Ok((output.buffer.clone(), output));
        }
        let first = upload_rows(gpu, "first input", &case.first, case)?;
        Ok((first, Self::new(gpu, "output", len, dtype)?))
    }

    /// The values written, and whether what follows them is as it was.
    pub(super) fn fetch(&self, gpu: &Gpu) -> Result<(Vec<f32>, bool), Error> {
        let size = 4 * self.words / self.dtype.bytes() as usize;
        match self.dtype {
            DType::F32 => {
                let mut words: Vec<u32> = gpu.download(&self.buffer, size)?;
                let margin = words.split_off(self.len);
                let kept = margin.iter().all(|&word| word == POISON);
                Ok((bytemuck::cast_vec(words), kept))
            }
            _ => {
                let mut halves: Vec<u16> = gpu.download(&self.buffer, size)?;
                let margin = halves.split_off(self.len);
                // The poison's halves differ: which of them it is goes by the place.
                let poison = |place: usize| (POISON >> (16 * ((self.len + place) % 2))) as u16;
                let kept = margin
                    .iter()
                    .enumerate()
                    .all(|(place, &half)| half == poison(place));
                Ok((
                    halves
                        .into_iter()
                        .map(|half| self.dtype.decode(half.into()))
                        .collect(),
                    kept,
                ))
            }
        }
    }
}

/// A matrix as it is stored.
pub(crate) fn upload(gpu: &Gpu, name: &str, values: &[f32], dtype: DType) -> Result<Buffer, Error> {
    if dtype == DType::F32 {
        return gpu.upload(name, values);
    }
    let encode = |&value| dtype.encode(value) as u16;
    let mut halves: Vec<u16> = values.iter().map(encode).collect();
    halves.resize(halves.len().next_multiple_of(2), 0);
    gpu.upload(name, &halves)
}

/// The shape of a case's matrices on the device: slices, columns, and rows side by side.
pub(super) const fn tensor(case: &Case) -> [usize; 3] {
    let Subject {
        rows, cols, inner, ..
    } = case.of;
    [rows / inner, cols, inner]
}

/// A matrix of a case as it lies on the device.
fn as_it_lies<'a>(values: &'a [f32], case: &Case) -> Cow<'a, [f32]> {
    match case.of.inner {
        1 => Cow::Borrowed(values),
        _ => Cow::Owned(rows_to_axis(values, tensor(case))),
    }
}

pub(super) fn upload_rows(
    gpu: &Gpu,
    name: &str,
    values: &[f32],
    case: &Case,
) -> Result<Buffer, Error> {
    upload(gpu, name, &as_it_lies(values, case), case.of.dtype)
}
