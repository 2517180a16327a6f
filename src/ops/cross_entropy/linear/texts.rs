//! What a plan says of its kernels, as text.

use super::LinearCrossEntropyPlan;
use crate::device::gemm::{dispatches_of, tiles};
use crate::device::kernel_text::{Dispatches, KernelText, Said};
use crate::device::runnable::Runnable;
use crate::device::tensor::{F32, Role, Shape};
use crate::device::window::Window;
use crate::error::Error;
use crate::ops::cross_entropy::base::whole;
use crate::shader::params::Params;
use crate::shader::{Binding, Stage};
use crate::spec::dtype::DType;
use crate::variant::Product;

/// Extents of a product, its roles, and how often it is dispatched.
struct Told {
    rows: u64,
    cols: u64,
    terms: u64,
    roles: Vec<Role>,
    windows: Vec<(Binding, Window)>,
    dispatches: u64,
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
        let rows: Vec<_> = self
            .row_windows(self.spec.rows)
            .filter(|rows| rows.rows > 0)
            .collect();
        base.texts_around(kernels, &roles, |params| {
            let logits = self.product_text(Product::Logits, &rows)?;
            let mut list: Vec<_> = logits.into_iter().collect();
            list.extend(kernels.texts_of_chunks(&rows, &roles, params)?);
            if has_gradients {
                list.extend(self.product_text(Product::GradHidden, &rows)?);
                list.extend(self.narrow_text(&rows)?);
                list.extend(self.product_text(Product::GradWeight, &rows)?);
                list.extend(self.grad_bias_text(&rows)?);
            }
            Ok(list)
        })
    }

    /// Returns the text of a product; none where there are no rows.
    fn product_text(&self, product: Product, rows: &[Window]) -> Result<Option<KernelText>, Error> {
        let classes = self.class_windows()?;
        let (Some(most), Some(most_classes)) = (rows.first(), classes.first()) else {
            return Ok(None);
        };
        let (chunk, part, features) = (most.rows, most_classes.rows, self.spec.features);
        let (by_features, f32s) = (|dtype| self.rows_of_features(dtype), DType::F32);
        let logits = Shape::Whole {
            bytes: self.logits_bytes(self.spec.rows),
        };
        let (extents, shapes) = match product {
            Product::Logits => (
                [chunk, part, features],
                [
                    by_features(self.spec.dtype),
                    by_features(self.spec.dtype),
                    logits,
                ],
            ),
            Product::GradHidden => (
                [chunk, features, part],
                [
                    logits,
                    by_features(self.spec.dtype),
                    by_features(self.spec.dtype),
                ],
            ),
            Product::GradWeight => (
                [part, features, chunk],
                [logits, by_features(self.spec.dtype), by_features(f32s)],
            ),
        };
        let names = match product {
            Product::Logits => ["hidden", "weight", "logits"],
            Product::GradHidden => ["grad_logits", "weight", "grad_hidden"],
            Product::GradWeight => ["grad_logits", "hidden", "grad_weight"],
        };
        let by_rows = |name| matches!(name, "hidden" | "grad_hidden");
        let bindings = [Binding::Source, Binding::Upstream, Binding::Result];
        let window = |name| if by_rows(name) { *most } else { *most_classes };
        let terms = |rows: &Window, classes: &Window| match product {
            Product::Logits => features,
            Product::GradHidden => classes.rows,
            Product::GradWeight => rows.rows,
        };
        let pieces = |rows| classes.iter().map(move |classes| terms(rows, classes));
        let abilities = self.planner.abilities();
        let each = rows
            .iter()
            .flat_map(pieces)
            .map(|terms| dispatches_of(terms, abilities));
        let named = bindings.into_iter().zip(names).zip(shapes);
        let mut roles: Vec<_> = named
            .map(|((binding, name), shape)| Role::new(binding, name, shape))
            .collect();
        let mut windows: Vec<_> = bindings.into_iter().zip(names.map(window)).collect();
        if product == Product::Logits {
            roles.push(Role::new(Binding::Bias, "bias", Shape::VALUE_PER_ROW).optional());
            windows.push((Binding::Bias, *most_classes));
        }
        let told = Told {
            rows: extents[0],
            cols: extents[1],
            terms: extents[2],
            roles,
            windows,
            dispatches: each.sum(),
        };
        self.text(self.product(product), told, None).map(Some)
    }

    fn grad_bias_text(&self, rows: &[Window]) -> Result<Option<KernelText>, Error> {
        let Some(most) = rows.first() else {
            return Ok(None);
        };
        let classes = self.spec.classes;
        let abilities = self.planner.abilities();
        let told = Told {
            rows: 1,
            cols: classes,
            terms: most.rows,
            roles: vec![
                whole(
                    Binding::Source,
                    "grad_logits",
                    self.logits_bytes(self.spec.rows),
                ),
                whole(Binding::Result, "grad_bias", classes * F32),
            ],
            windows: self.everywhere(),
            dispatches: rows
                .iter()
                .map(|rows| dispatches_of(rows.rows, abilities))
                .sum(),
        };
        let why = "One invocation adds the rows of a column.";
        self.text(&self.column_sums, told, Some((classes, why)))
            .map(Some)
    }

    fn narrow_text(&self, rows: &[Window]) -> Result<Option<KernelText>, Error> {
        let (Some(runnable), Some(most)) = (&self.narrow, rows.first()) else {
            return Ok(None);
        };
        let elements = most.rows * self.spec.features;
        let mut windows = self.everywhere();
        windows[1].1 = *most;
        let told = Told {
            rows: most.rows,
            cols: self.spec.features,
            terms: 1,
            roles: vec![
                whole(Binding::Source, "sums", elements * F32),
                Role::new(
                    Binding::Result,
                    "grad_hidden",
                    self.rows_of_features(self.spec.dtype),
                ),
            ],
            windows,
            dispatches: rows.len() as u64,
        };
        let why = "Two halves are a word, which one invocation writes.";
        self.text(runnable, told, Some((elements.div_ceil(2), why)))
            .map(Some)
    }

    fn everywhere(&self) -> Vec<(Binding, Window)> {
        let all = Window::of_rows(0, self.spec.classes);
        vec![(Binding::Source, all), (Binding::Result, all)]
    }

    /// Returns the text of a kernel: of a product, or of so many invocations for a reason.
    fn text(
        &self,
        runnable: &Runnable,
        told: Told,
        alone: Option<(u64, &'static str)>,
    ) -> Result<KernelText, Error> {
        let (_, tiles) = tiles(self.tile, told.rows, told.cols);
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
        dispatches.add(runnable.grid(slots)?);
        dispatches.count = told.dispatches;
        dispatches.windows = told.windows;
        let mut text =
            KernelText::new(runnable, said, &told.roles, &Params::default(), &dispatches);
        text.bytes_read = self.bytes_read(stage, [told.rows, told.cols, told.terms]);
        text.bytes_written = told.cols
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
