//! The dispatches of the chunks: of each the logits, the loss with its gradient over them, and the products of that.

use super::LinearCrossEntropyPlan;
use super::bind::Operands;
use super::scratch::Chunk;
use crate::device::gemm::{Factor, Gemm, narrow};
use crate::device::kernel::{Span, Step};
use crate::device::memory::Memory;
use crate::device::rows::RowKernels;
use crate::device::tensor::{Shape, Tensor};
use crate::device::window::{Window, windows};
use crate::error::Error;
use crate::ops::cross_entropy::base::GATHERS;
use crate::ops::cross_entropy::bind::Serving;
use crate::shader::Binding;
use crate::shader::loss_flags::HAS_BIAS;
use crate::shader::params::Params;
use crate::spec::dtype::DType;
use crate::spec::linear::LinearCrossEntropySpec;
use crate::variant::problem::Rows;
use crate::variant::{Abilities, Product};

impl Chunk {
    /// Returns the logits in the roles of a loss: what is read, and what their gradient overwrites.
    pub(super) fn tensors(&self, has_gradients: bool) -> Vec<Tensor<'_>> {
        let bytes = self.logits.size();
        let shape = Shape::Whole { bytes };
        let source = Tensor::read(Binding::Source, "logits", &self.logits, shape);
        let result = Tensor::written(Binding::Result, "grad_logits", &self.logits, shape);
        let both = [source, result].into_iter();
        both.take(1 + usize::from(has_gradients)).collect()
    }
}

/// Some classes of some rows.
#[derive(Clone, Copy)]
struct Part {
    rows: Window,
    classes: Window,
}

impl LinearCrossEntropyPlan {
    /// Returns the dispatches that serve `rows` rows.
    pub(super) fn chunks(
        &self,
        serving: Serving<'_, '_>,
        operands: &Operands<'_>,
        chunk: &Chunk,
        rows: u64,
    ) -> Vec<Step> {
        let Serving {
            of_rows,
            tensors,
            row_outputs,
            all,
            params,
        } = serving;
        let base = &self.loss.base;
        let row_outputs = row_outputs.filter(|_| self.gathers());
        let (gathered, gathering) = base.bound_by_row_outputs(all, params, GATHERS);
        let mut steps = Vec::new();
        for rows in self.row_windows(rows) {
            let parts = || {
                self.class_windows
                    .iter()
                    .map(|&classes| Part { rows, classes })
            };
            // Without rows, only the gradients by weight and bias have elements, all of them 0.
            if rows.rows > 0 {
                for part in parts() {
                    let logits = self.logits(operands, chunk, part);
                    steps.extend(self.multiply(Product::Logits, &logits, params));
                }
                let gather =
                    |kernels: &RowKernels| kernels.steps_of_chunk(&gathered, rows, gathering, None);
                steps.extend(row_outputs.into_iter().flat_map(gather));
                let partials = chunk.partials.as_ref();
                steps.extend(of_rows.steps_of_chunk(tensors, rows, params, partials));
                for part in parts() {
                    if let Some(gemm) = self.grad_hidden(operands, chunk, part) {
                        steps.extend(self.multiply(Product::GradHidden, &gemm, params));
                    }
                }
                steps.extend(self.narrow(operands, chunk, rows, params));
            }
            for part in parts() {
                if let Some(gemm) = self.grad_weight(operands, chunk, part) {
                    steps.extend(self.multiply(Product::GradWeight, &gemm, params));
                }
            }
            if let Some(sums) = self.grad_bias(operands, chunk, rows) {
                steps.extend(sums.steps(&self.column_sums, self.planner.abilities(), params));
            }
        }
        steps
    }

    fn multiply(&self, product: Product, gemm: &Gemm, mut params: Params) -> Vec<Step> {
        if gemm.bias.is_some() {
            params.loss.flags |= HAS_BIAS;
        }
        gemm.steps(self.product(product), self.planner.abilities(), params)
    }

    fn logits(&self, operands: &Operands<'_>, chunk: &Chunk, part: Part) -> Gemm {
        let of_class = |bias: &Tensor<'_>| with(*bias, Shape::VALUE_PER_ROW).span(part.classes);
        Gemm {
            rows: part.rows.rows,
            cols: part.classes.rows,
            terms: 0..self.spec.features,
            a: self.factor(operands.hidden, self.spec.dtype, part.rows),
            b: Some(self.factor(operands.weight, self.spec.dtype, part.classes)),
            result: self.of_chunk(chunk, part.classes),
            bias: operands.bias.as_ref().map(of_class),
        }
    }

    fn grad_hidden(&self, operands: &Operands<'_>, chunk: &Chunk, part: Part) -> Option<Gemm> {
        Some(Gemm {
            rows: part.rows.rows,
            cols: self.spec.features,
            terms: range(part.classes),
            a: self.of_chunk(chunk, part.classes),
            b: Some(self.factor(operands.weight, self.spec.dtype, part.classes)),
            result: match &chunk.grad_hidden {
                Some(sums) => whole(sums, 0, self.spec.features),
                None => self.factor(operands.grad_hidden?, self.spec.dtype, part.rows),
            },
            bias: None,
        })
    }

    fn grad_weight(&self, operands: &Operands<'_>, chunk: &Chunk, part: Part) -> Option<Gemm> {
        Some(Gemm {
            rows: part.classes.rows,
            cols: self.spec.features,
            terms: range(part.rows),
            a: self.of_chunk(chunk, part.classes),
            b: Some(self.factor(operands.hidden, self.spec.dtype, part.rows)),
            result: self.factor(operands.grad_weight?, DType::F32, part.classes),
            bias: None,
        })
    }

    fn grad_bias(&self, operands: &Operands<'_>, chunk: &Chunk, rows: Window) -> Option<Gemm> {
        let all = Window::of_rows(0, self.spec.classes);
        let (span, _) = operands.grad_bias?.span(all);
        Some(Gemm {
            rows: 1,
            cols: self.spec.classes,
            terms: range(rows),
            a: self.of_chunk(chunk, all),
            b: None,
            result: Factor {
                span: Some(span),
                offset: 0,
                stride: self.spec.classes,
            },
            bias: None,
        })
    }

    /// Some rows of a matrix of as many columns as there are features.
    fn factor(&self, tensor: Tensor<'_>, dtype: DType, rows: Window) -> Factor {
        let (span, residue) = with(tensor, rows_of_features(&self.spec, dtype)).span(rows);
        Factor {
            span: (rows.rows > 0).then_some(span),
            offset: residue.into(),
            stride: self.spec.features,
        }
    }

    /// Some columns of the logits of a chunk.
    fn of_chunk(&self, chunk: &Chunk, classes: Window) -> Factor {
        whole(&chunk.logits, classes.first, self.spec.row_stride())
    }

    /// Returns the dispatch that rounds the gradient by hidden of a chunk to 16 bits, if there is one.
    fn narrow(
        &self,
        operands: &Operands<'_>,
        chunk: &Chunk,
        rows: Window,
        params: Params,
    ) -> Option<Step> {
        let sums = whole(chunk.grad_hidden.as_ref()?, 0, 0);
        let to = self.factor(operands.grad_hidden?, self.spec.dtype, rows);
        let count = rows.rows * self.spec.features;
        Some(narrow(self.narrow.as_ref()?, sums, to, count, params))
    }

    /// Chunks of rows; an empty one where there are no rows.
    pub(super) fn row_windows(&self, rows: u64) -> impl Iterator<Item = Window> {
        let each = self.chunk_rows;
        let of_chunk = move |index| Window::of_rows(index * each, each.min(rows - index * each));
        (0..rows.div_ceil(each).max(1)).map(of_chunk)
    }
}

/// Ranges of classes within which the weight and its gradient fit the binding limit, each from a multiple of four on if that many fit.
pub(super) fn class_windows(
    spec: &LinearCrossEntropySpec,
    abilities: &Abilities,
) -> Result<Vec<Window>, Error> {
    let weight = rows_of_features(spec, DType::F32);
    let of_units = |unit| windows([("weight", weight)], (spec.classes, unit), abilities, None);
    of_units(4).or_else(|_| of_units(1))
}

/// Shape of a matrix of as many columns as there are features.
pub(super) const fn rows_of_features(spec: &LinearCrossEntropySpec, dtype: DType) -> Shape {
    Shape::Matrix {
        rows: Rows {
            offset: 0,
            stride: spec.features,
        },
        inner: 1,
        width: spec.features,
        element: dtype.bytes(),
    }
}

fn range(window: Window) -> std::ops::Range<u64> {
    window.first..window.first + window.rows
}

/// A matrix in memory that is bound whole, from an element on.
fn whole(memory: &Memory, offset: u64, stride: u64) -> Factor {
    let span = Span {
        memory: memory.clone(),
        offset: 0,
        size: memory.size(),
    };
    Factor {
        span: Some(span),
        offset,
        stride,
    }
}

/// A tensor in another shape.
const fn with(tensor: Tensor<'_>, shape: Shape) -> Tensor<'_> {
    Tensor { shape, ..tensor }
}
