//! What a plan says of its kernels, as text.

use super::LinearCrossEntropyPlan;
use super::chunks::rows_of_features;
use crate::device::gemm::{dispatches_of, tiles};
use crate::device::kernel_text::{Dispatches, KernelText, Said};
use crate::device::rows::RowKernels;
use crate::device::runnable::Runnable;
use crate::device::tensor::{F32, Role, Shape};
use crate::device::window::Window;
use crate::error::Error;
use crate::ops::cross_entropy::base::{GATHERS, whole};
use crate::ops::cross_entropy::kernels::of_row_outputs;
use crate::shader::params::Params;
use crate::shader::{Binding, Stage};
use crate::spec::dtype::DType;
use crate::variant::Product;

/// Rows, columns and terms of a product, what it binds, and how often it is dispatched.
struct Told {
    extents: [u64; 3],
    bound: Vec<(Role, Window)>,
    dispatches: u64,
}

/// Chunks of rows.
#[derive(Clone, Copy)]
struct Chunks {
    count: u64,
    /// Rows of each but the last.
    most: u64,
    last: u64,
}

impl Chunks {
    fn of(rows: u64, each: u64) -> Self {
        let count = rows.div_ceil(each);
        Self {
            count,
            most: each.min(rows),
            last: rows - count.saturating_sub(1) * each,
        }
    }

    /// Adds up `of_chunk(rows)` of every chunk.
    fn sum(self, of_chunk: impl Fn(u64) -> u64) -> u64 {
        (self.count - 1) * of_chunk(self.most) + of_chunk(self.last)
    }
}

impl LinearCrossEntropyPlan {
    /// Returns the kernels of the loss without gradients, as readable text, in the order in which they are first dispatched.
    ///
    /// # Errors
    ///
    /// A device limit that more dispatches cannot avoid.
    pub fn wgsl(&self) -> Result<Vec<KernelText>, Error> {
        self.texts(false)
    }

    /// Returns the kernels of the loss and all gradients, as readable text, in the order in which they are first dispatched.
    ///
    /// # Errors
    ///
    /// As [`wgsl`](Self::wgsl).
    pub fn fused_wgsl(&self) -> Result<Vec<KernelText>, Error> {
        self.texts(true)
    }

    fn texts(&self, has_gradients: bool) -> Result<Vec<KernelText>, Error> {
        let kernels = self.rows(has_gradients);
        let base = &self.loss.base;
        let mut callers = base.callers(&kernels.geometry);
        callers.retain(|role| !role.shape.is_matrix());
        let bytes = self.logits_bytes(self.spec.rows);
        callers.push(whole(Binding::Source, "logits", bytes));
        callers.push(whole(Binding::Result, "grad_logits", bytes));
        let roles = base.roles(kernels, callers)?;
        let rows = Chunks::of(self.spec.rows, self.chunk_rows);
        base.texts_around(kernels, &roles, self.gathers(), |mut params| {
            let logits = self.product_text(Product::Logits, rows)?;
            let mut list: Vec<_> = logits.into_iter().collect();
            if let Some(row_outputs) = base.row_outputs.as_ref().filter(|_| self.gathers()) {
                params.loss.gathering = GATHERS;
                list.extend(texts_of_chunks(
                    row_outputs,
                    rows,
                    &of_row_outputs(&roles, true),
                    params,
                )?);
                params.loss.gathering = 0;
            }
            list.extend(texts_of_chunks(kernels, rows, &roles, params)?);
            if has_gradients {
                list.extend(self.product_text(Product::GradHidden, rows)?);
                list.extend(self.narrow_text(rows)?);
                list.extend(self.product_text(Product::GradWeight, rows)?);
                list.extend(self.grad_bias_text(rows)?);
            }
            Ok(list)
        })
    }

    /// Returns the text of a product; none where there are no rows.
    fn product_text(&self, product: Product, rows: Chunks) -> Result<Option<KernelText>, Error> {
        let classes = &self.class_windows;
        let (Some(part), 1..) = (classes.first(), rows.most) else {
            return Ok(None);
        };
        let features = self.spec.features;
        let by_features = |dtype| rows_of_features(&self.spec, dtype);
        let stored = by_features(self.spec.dtype);
        let logits = Shape::Whole {
            bytes: self.logits_bytes(self.spec.rows),
        };
        let most = Window::of_rows(0, rows.most);
        let (extents, a, b, result) = match product {
            Product::Logits => (
                [rows.most, part.rows, features],
                ("hidden", stored, most),
                ("weight", stored, *part),
                ("logits", logits, most),
            ),
            Product::GradHidden => (
                [rows.most, features, part.rows],
                ("grad_logits", logits, most),
                ("weight", stored, *part),
                ("grad_hidden", stored, most),
            ),
            Product::GradWeight => (
                [part.rows, features, rows.most],
                ("grad_logits", logits, most),
                ("hidden", stored, most),
                ("grad_weight", by_features(DType::F32), *part),
            ),
        };
        let mut bound = vec![
            (Role::new(Binding::Source, a.0, a.1), a.2),
            (Role::new(Binding::Upstream, b.0, b.1), b.2),
            (Role::new(Binding::Result, result.0, result.1), result.2),
        ];
        if product == Product::Logits {
            let bias = Role::new(Binding::Bias, "bias", Shape::VALUE_PER_ROW);
            bound.push((bias.optional(), *part));
        }
        let abilities = self.planner.abilities();
        let each = |classes: &Window| match product {
            Product::Logits => rows.count * dispatches_of(features, abilities),
            Product::GradHidden => rows.count * dispatches_of(classes.rows, abilities),
            Product::GradWeight => rows.sum(|rows| dispatches_of(rows, abilities)),
        };
        let told = Told {
            extents,
            bound,
            dispatches: classes.iter().map(each).sum(),
        };
        self.text(self.product(product), told, None).map(Some)
    }

    fn grad_bias_text(&self, rows: Chunks) -> Result<Option<KernelText>, Error> {
        if rows.most == 0 {
            return Ok(None);
        }
        let classes = self.spec.classes;
        let abilities = self.planner.abilities();
        let all = Window::of_rows(0, classes);
        let logits = self.logits_bytes(self.spec.rows);
        let told = Told {
            extents: [1, classes, rows.most],
            bound: vec![
                (whole(Binding::Source, "grad_logits", logits), all),
                (whole(Binding::Result, "grad_bias", classes * F32), all),
            ],
            dispatches: rows.sum(|rows| dispatches_of(rows, abilities)),
        };
        let why = "One invocation adds the rows of a column.";
        self.text(&self.column_sums, told, Some((classes, why)))
            .map(Some)
    }

    fn narrow_text(&self, rows: Chunks) -> Result<Option<KernelText>, Error> {
        let (Some(runnable), 1..) = (&self.narrow, rows.most) else {
            return Ok(None);
        };
        let (features, most) = (self.spec.features, Window::of_rows(0, rows.most));
        let elements = rows.most * features;
        let stored = rows_of_features(&self.spec, self.spec.dtype);
        let told = Told {
            extents: [rows.most, features, 1],
            bound: vec![
                (whole(Binding::Source, "sums", elements * F32), most),
                (Role::new(Binding::Result, "grad_hidden", stored), most),
            ],
            dispatches: rows.count,
        };
        let why = "Two halves are a word, which one invocation writes.";
        self.text(runnable, told, Some((elements.div_ceil(2), why)))
            .map(Some)
    }

    /// Returns the text of a kernel: of a product, or of so many invocations for a reason.
    fn text(
        &self,
        runnable: &Runnable,
        told: Told,
        alone: Option<(u64, &'static str)>,
    ) -> Result<KernelText, Error> {
        let [rows, cols, _] = told.extents;
        let (_, tiles) = tiles(self.tile, rows, cols);
        let of_tile = self.tile.reason(self.planner.abilities());
        let (slots, reason) = alone.unwrap_or((tiles, of_tile));
        let stage = runnable.program.stage;
        let said = Said {
            variant: match stage {
                Stage::Gemm(_, tile) => tile.in_words(),
                _ => "one invocation each".into(),
            },
            reason: reason.into(),
            condition: condition(stage),
        };
        let mut dispatches = Dispatches::default();
        dispatches.add(runnable.workgroups(slots)?);
        dispatches.count = told.dispatches;
        let windows = told.bound.iter();
        dispatches.windows = windows
            .map(|(role, window)| (role.binding, *window))
            .collect();
        let roles: Vec<_> = told.bound.iter().map(|(role, _)| *role).collect();
        let mut text = KernelText::new(runnable, said, &roles, &Params::default(), &dispatches);
        text.bytes_read = self.bytes_read(stage, told.extents);
        text.bytes_written = cols
            * match stage {
                Stage::Narrow => self.spec.dtype.bytes(),
                _ => F32,
            };
        Ok(text)
    }

    /// Bytes read for a row of the result. In a product, every tile reads its rows of one operand and its columns of the other.
    fn bytes_read(&self, stage: Stage, [rows, cols, terms]: [u64; 3]) -> u64 {
        let Stage::Gemm(product, tile) = stage else {
            return cols * terms * F32;
        };
        let stored = self.spec.dtype.bytes();
        let a = match product {
            Product::Logits => stored,
            Product::GradHidden | Product::GradWeight => F32,
        };
        let (across, all) = tiles(tile, rows, cols);
        across * terms * a + all / across * cols * terms * stored / rows
    }
}

/// Returns the kernels of the rows of a chunk, each of which is dispatched for all chunks.
fn texts_of_chunks(
    kernels: &RowKernels,
    rows: Chunks,
    roles: &[Role],
    params: Params,
) -> Result<Vec<KernelText>, Error> {
    let mut texts = match rows.most {
        0 => Vec::new(),
        most => kernels.texts_of_chunk(Window::of_rows(0, most), roles, params)?,
    };
    for text in &mut texts {
        text.dispatches *= rows.count;
    }
    Ok(texts)
}

/// Condition under which a kernel is dispatched.
const fn condition(stage: Stage) -> Option<&'static str> {
    match stage {
        Stage::Gemm(Product::GradHidden, _) | Stage::Narrow => {
            Some("if a buffer for the gradient by hidden is given")
        }
        Stage::Gemm(Product::GradWeight, _) => {
            Some("if a buffer for the gradient by the weight is given")
        }
        Stage::ColumnSums => Some("if a buffer for the gradient by the bias is given"),
        _ => None,
    }
}
