//! Matrices at any place in their buffers, in every storage type.

use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{DType, Gpu, Layout};

use super::{download, upload};

/// Filler between the rows that are read.
const PADDING: f32 = f32::NAN;

/// Value that fills an output before it is written: a number that every type holds, and that is no result.
const UNWRITTEN: f32 = -1232.0;

/// Place of a matrix: its offset, and the stride of slices of `inner` rows side by side, of `cols` columns.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub offset: usize,
    pub stride: usize,
    pub cols: usize,
    inner: usize,
}

impl Place {
    /// Makes the place of rows on the last axis.
    pub const fn new(offset: usize, stride: usize, cols: usize) -> Self {
        Self {
            offset,
            stride,
            cols,
            inner: 1,
        }
    }

    pub const fn contiguous(cols: usize) -> Self {
        Self::new(0, cols, cols)
    }

    /// Puts `inner` rows side by side in a slice, and the slices one after the other.
    pub const fn strided(self, inner: usize) -> Self {
        Self {
            stride: self.cols * inner,
            inner,
            ..self
        }
    }

    /// Returns the number of rows side by side.
    pub const fn inner(self) -> usize {
        self.inner
    }

    /// Returns the positions of the elements of a row.
    fn row(self, row: usize) -> impl Iterator<Item = usize> {
        let first = self.offset + row / self.inner * self.stride + row % self.inner;
        (first..).step_by(self.inner).take(self.cols)
    }

    pub const fn layout(self) -> Layout {
        Layout::CONTIGUOUS
            .offset(self.offset as u64)
            .stride(self.stride as u64)
    }

    /// Returns the number of elements of a buffer of `rows` rows with some behind them: an even number, for words have two of 16
    /// bits.
    const fn len(self, rows: usize) -> usize {
        (self.offset + rows / self.inner * self.stride + 5).next_multiple_of(2)
    }

    /// Uploads values to their places, with padding around them.
    pub fn upload(self, gpu: &Gpu, dtype: DType, values: &[f32]) -> Buffer {
        let mut all = vec![PADDING; self.len(values.len() / self.cols)];
        for (row, values) in values.chunks(self.cols).enumerate() {
            let places = self.row(row).zip(values);
            places.for_each(|(place, &value)| all[place] = value);
        }
        upload_as(gpu, dtype, &all)
    }

    /// Creates a buffer for `rows` rows to be written.
    pub fn output(self, gpu: &Gpu, dtype: DType, rows: usize) -> Buffer {
        upload_as(gpu, dtype, &vec![UNWRITTEN; self.len(rows)])
    }

    /// Reads the rows that were written to an output. Fails if anything around them was.
    #[track_caller]
    pub fn written(self, gpu: &Gpu, dtype: DType, output: &Buffer, rows: usize) -> Vec<f32> {
        self.taken(gpu, dtype, output, rows, UNWRITTEN)
    }

    /// Reads the rows that were written over those uploaded. Fails if anything around them was.
    #[track_caller]
    pub fn written_over(self, gpu: &Gpu, dtype: DType, input: &Buffer, rows: usize) -> Vec<f32> {
        self.taken(gpu, dtype, input, rows, dtype.round(PADDING))
    }

    #[track_caller]
    fn taken(self, gpu: &Gpu, dtype: DType, buffer: &Buffer, rows: usize, around: f32) -> Vec<f32> {
        let mut all = download_as(gpu, dtype, buffer, self.len(rows));
        let places = (0..rows).flat_map(|row| self.row(row));
        let values = places.map(|place| std::mem::replace(&mut all[place], around));
        let values = values.collect();
        let kept = all.iter().all(|value| value.to_bits() == around.to_bits());
        assert!(
            kept,
            "{dtype}, {self:?}: something was written outside the rows"
        );
        values
    }

    /// Returns the bits of every element of a buffer, of the rows and around them.
    pub fn bits(self, gpu: &Gpu, dtype: DType, buffer: &Buffer, rows: usize) -> Vec<u32> {
        match dtype {
            DType::F32 => download(gpu, buffer, self.len(rows)),
            _ => {
                let halves: Vec<u16> = download(gpu, buffer, self.len(rows));
                halves.into_iter().map(u32::from).collect()
            }
        }
    }

    /// Returns `around` with the rows of `within` in their places: the expected contents where only these rows were written.
    pub fn joined(self, around: &[u32], within: &[u32]) -> Vec<u32> {
        let mut all = around.to_vec();
        let rows = (all.len() - self.offset) / self.stride;
        for row in 0..rows {
            let place = self.offset + row * self.stride;
            let columns = place..place + self.cols;
            all[columns.clone()].copy_from_slice(&within[columns]);
        }
        all
    }
}

/// Rounds values as storage does.
pub fn stored(dtype: DType, values: Vec<f32>) -> Vec<f32> {
    values.into_iter().map(|value| dtype.round(value)).collect()
}

fn upload_as(gpu: &Gpu, dtype: DType, values: &[f32]) -> Buffer {
    if dtype == DType::F32 {
        return upload(gpu, values);
    }
    let halves: Vec<u16> = values.iter().map(|&v| dtype.encode(v) as u16).collect();
    upload(gpu, &halves)
}

fn download_as(gpu: &Gpu, dtype: DType, buffer: &Buffer, count: usize) -> Vec<f32> {
    if dtype == DType::F32 {
        return download(gpu, buffer, count);
    }
    let halves: Vec<u16> = download(gpu, buffer, count);
    let decode = |half: u16| dtype.decode(half.into());
    halves.into_iter().map(decode).collect()
}
