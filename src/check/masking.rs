//! The masks of a case.

use wgpu::Buffer;

use super::inputs;
use super::options::{MaskOf, MaskOption};
use super::subject::Subject;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::reference::{Columns, Masked, axis_to_rows, broadcast};
use crate::spec::mask::{Mask, MaskKind};
use crate::spec::softmax::EmptyRows;
use crate::spec::softmax::SoftmaxSpec;

/// Masks of a case: their elements as stored on the device, and expanded to `rows x cols` by their definition.
#[derive(Debug, Default)]
pub(super) struct Masking {
    pub(super) mask: Option<Mask>,
    queries: Option<u64>,
    empty_rows: EmptyRows,
    added: Vec<f32>,
    kept: Vec<u8>,
    added_to_each: Vec<f32>,
    pub(super) each_kept: Vec<bool>,
}

impl Masking {
    pub(super) fn new(of: &Subject, seed: u64) -> Self {
        let mut masking = Self {
            empty_rows: of.options.empty_rows,
            ..Self::default()
        };
        if let Some(option) = of.options.mask {
            masking.draw(of, option, seed);
        }
        if of.options.causal && of.inner == 1 {
            masking.exclude_later_keys(of, seed);
        }
        masking
    }

    fn draw(&mut self, of: &Subject, option: MaskOption, seed: u64) {
        // Rows count as `[a, b]`, with `a` small.
        let (slices, cols, inner) = (of.rows / of.inner, of.cols, of.inner);
        let a = (2..8).find(|a| slices.is_multiple_of(*a)).unwrap_or(1);
        let b = slices / a;
        let shape: &[usize] = match option.of {
            MaskOf::Everything => &[a, b, cols, inner],
            MaskOf::Columns => &[cols, 1],
            MaskOf::Rows => &[a, b, 1, inner],
            MaskOf::SomeRows => &[a, 1, cols, inner],
        };
        let values = inputs::upstream(shape.iter().product(), seed);
        let wide = |shape: &[usize]| shape.iter().map(|&n| n as u64).collect::<Vec<_>>();
        let logits = [a, b, cols, inner];
        self.mask = Mask::new(option.kind, &wide(&logits), 2, &wide(shape)).ok();
        let rows = [a * b, cols, inner];
        match option.kind {
            MaskKind::Additive => {
                let excluded = |(place, value)| match (place % 7, place % 11) {
                    (5, _) => f32::NEG_INFINITY,
                    (_, 7) => f32::MIN,
                    _ => value,
                };
                self.added = values.into_iter().enumerate().map(excluded).collect();
                self.added_to_each = axis_to_rows(&broadcast(&self.added, shape, &logits), rows);
            }
            MaskKind::Boolean => {
                // Any byte except 0 keeps.
                let byte = |(place, &v): (usize, &f32)| match (v < -0.5, place % 3) {
                    (true, _) => 0,
                    (false, 0) => 1,
                    (false, _) => 128,
                };
                self.kept = values.iter().enumerate().map(byte).collect();
                let kept: Vec<_> = self.kept.iter().map(|&byte| byte != 0).collect();
                self.each_kept = axis_to_rows(&broadcast(&kept, shape, &logits), rows);
            }
        }
    }

    /// Excludes later keys: with three groups of queries, or with so many queries that some rows count half of their keys, and
    /// some rows none.
    fn exclude_later_keys(&mut self, of: &Subject, seed: u64) {
        let queries = match of.rows.is_multiple_of(3) && seed.is_multiple_of(2) {
            true => of.rows / 3,
            false => of.rows + of.cols / 2,
        };
        self.queries = Some(queries as u64);
        let query = |place| place / of.cols % queries;
        let early = |place| place % of.cols + queries <= query(place) + of.cols;
        let otherwise = |place| self.each_kept.get(place).copied().unwrap_or(true);
        self.each_kept = (0..of.rows * of.cols)
            .map(|place| early(place) && otherwise(place))
            .collect();
    }

    /// Returns the columns as the reference takes them.
    pub(super) fn of_reference(&self, columns: Columns) -> Masked<'_> {
        let mut masked = Masked::new(columns).empty_rows(self.empty_rows);
        if !self.added_to_each.is_empty() {
            masked = masked.additive(&self.added_to_each);
        }
        if !self.each_kept.is_empty() {
            masked = masked.kept(&self.each_kept);
        }
        masked
    }

    /// Uploads the elements of the mask, if there is one.
    pub(super) fn upload(&self, gpu: &Gpu) -> Result<Option<Buffer>, Error> {
        let upload = |_| match self.kept.is_empty() {
            true => gpu.upload("mask", &self.added),
            false => gpu.upload("mask", &self.kept),
        };
        self.mask.map(upload).transpose()
    }

    pub(super) fn spec(&self, spec: SoftmaxSpec) -> SoftmaxSpec {
        let spec = spec.empty_rows(self.empty_rows);
        let spec = self.mask.map_or(spec, |mask| spec.mask(mask));
        self.queries.map_or(spec, |queries| spec.causal(queries))
    }
}
