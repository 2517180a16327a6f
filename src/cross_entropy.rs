//! Cross-entropy with class ids: the loss, its gradient from the saved pair, and both in one call.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use wgpu::Buffer;

use crate::kernel::{Bound, Kernel, Params, Step};
use crate::rows::{Options, RowKernels, storage};
use crate::shader::{Binding, Program, Stage};
use crate::softmax::bytes_per_row;
use crate::tensor::{F32, Shape, Tensor, Window, windows};
use crate::variant::{Operation, Variant};
use crate::{Error, Planner, Reduction};

/// Bits of `options`, as `shaders/formula/` has them.
const HAS_IGNORE_INDEX: u32 = 1;
const MEAN: u32 = 2;
const SAVES_LSE: u32 = 4;
const SAVES_PAIR: u32 = 8;

/// Rows that one invocation of a tally takes.
const ROWS_PER_INVOCATION: u64 = 16;

/// Bytes of a row's saved pair.
const PAIR: u64 = 8;

/// What cross-entropy computes: `rows` x `classes` contiguous f32 logits and one i32 class id a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrossEntropySpec {
    rows: u64,
    classes: u64,
    ignore_index: Option<i32>,
    reduction: Reduction,
}

impl CrossEntropySpec {
    /// `rows` (at most; a binding may take fewer) of `classes` logits, the mean of all losses, nothing ignored.
    pub const fn new(rows: u64, classes: u64) -> Self {
        Self {
            rows,
            classes,
            ignore_index: None,
            reduction: Reduction::Mean,
        }
    }

    /// The class id of rows that count for nothing: loss and gradient exactly 0, left out of the mean. It is tested
    /// before the range and may lie outside it.
    #[must_use]
    pub const fn ignore_index(self, ignore_index: i32) -> Self {
        Self {
            ignore_index: Some(ignore_index),
            ..self
        }
    }

    /// How the losses of the rows become the loss.
    #[must_use]
    pub const fn reduction(self, reduction: Reduction) -> Self {
        Self { reduction, ..self }
    }

    /// Rows, at most.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Classes.
    pub const fn classes(&self) -> u64 {
        self.classes
    }

    /// Elements of the loss: one, or one a row.
    pub const fn losses(&self) -> u64 {
        match self.reduction {
            Reduction::None => self.rows,
            _ => 1,
        }
    }

    fn options(&self) -> Options {
        let flags = if self.ignore_index.is_some() {
            HAS_IGNORE_INDEX
        } else {
            0
        };
        Options {
            flags,
            ignore_index: self.ignore_index.unwrap_or(0),
        }
    }
}

/// The buffers of a cross-entropy, each with usage `STORAGE`.
#[derive(Debug, Clone, Copy)]
pub struct CrossEntropyBuffers<'a> {
    /// Read: f32, `rows` x `classes`.
    pub logits: &'a Buffer,
    /// Read: i32, `rows`.
    pub targets: &'a Buffer,
    /// Written: f32, one for [`Reduction::Mean`] and [`Reduction::Sum`], `rows` for [`Reduction::None`].
    pub losses: &'a Buffer,
    /// Written if given: f32, `rows` x `classes`, the gradient of the loss by the logits.
    pub grad_logits: Option<&'a Buffer>,
}

/// What cross-entropy writes besides, where it is asked to. Each with usage `STORAGE`.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct CrossEntropyExtras<'a> {
    /// Written: two f32 a row, `(max, 1 / sum)`, from which the backward pass needs no reduction.
    pub pairs: Option<&'a Buffer>,
    /// Written: f32, `rows`, `ln sum exp` of the logits, of ignored rows too.
    pub lse: Option<&'a Buffer>,
    /// Written: one [`Status`].
    pub status: Option<&'a Buffer>,
}

impl<'a> CrossEntropyExtras<'a> {
    /// Saves the pair `(max, 1 / sum)` of every row: two f32 a row.
    #[must_use]
    pub const fn pairs(self, pairs: &'a Buffer) -> Self {
        Self {
            pairs: Some(pairs),
            ..self
        }
    }

    /// Writes `ln sum exp` of every row: one f32 a row.
    #[must_use]
    pub const fn lse(self, lse: &'a Buffer) -> Self {
        Self {
            lse: Some(lse),
            ..self
        }
    }

    /// Writes the counts of valid, bad and NaN rows: one [`Status`].
    #[must_use]
    pub const fn status(self, status: &'a Buffer) -> Self {
        Self {
            status: Some(status),
            ..self
        }
    }
}

/// What the device found, as it lies in the status buffer.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Status {
    /// Rows whose target is a class id in range.
    pub valid_rows: u32,
    /// Rows whose target is neither in range nor ignored.
    pub bad_targets: u32,
    /// The first of them, or `u32::MAX`.
    pub first_bad_row: u32,
    /// Valid rows whose loss is NaN.
    pub nan_rows: u32,
    /// Rows whose loss is infinite.
    pub infinite_rows: u32,
    /// The bits of the reduced loss; with [`Reduction::None`], of the sum.
    pub loss_bits: u32,
}

/// A cross-entropy that is chosen, checked and compiled, waiting for buffers.
#[derive(Debug, Clone)]
pub struct CrossEntropyPlan {
    spec: CrossEntropySpec,
    loss_only: RowKernels,
    fused: RowKernels,
    tally: Tally,
}

impl Planner {
    /// Plans the loss, alone and with its gradient: which of the two runs is said by the buffers.
    ///
    /// # Errors
    ///
    /// No classes, more rows or classes than 32-bit indices reach, or a forced variant that cannot serve.
    pub fn cross_entropy(&self, spec: CrossEntropySpec) -> Result<CrossEntropyPlan, Error> {
        Ok(CrossEntropyPlan {
            spec,
            loss_only: RowKernels::plan(self, Operation::CrossEntropy, spec.rows, spec.classes)?,
            fused: RowKernels::plan(self, Operation::CrossEntropyFused, spec.rows, spec.classes)?,
            tally: Tally::plan(self)?,
        })
    }

    /// Plans the gradient of the loss from the pairs that a forward pass has saved.
    ///
    /// # Errors
    ///
    /// As [`cross_entropy`](Self::cross_entropy).
    pub fn cross_entropy_backward(
        &self,
        spec: CrossEntropySpec,
    ) -> Result<CrossEntropyBackwardPlan, Error> {
        let kernels = RowKernels::plan(
            self,
            Operation::CrossEntropyBackward,
            spec.rows,
            spec.classes,
        )?;
        Ok(CrossEntropyBackwardPlan {
            spec,
            kernels,
            tally: Tally::plan(self)?,
        })
    }
}

impl CrossEntropyPlan {
    /// Binds buffers for all rows of the plan.
    ///
    /// # Errors
    ///
    /// A buffer without usage `STORAGE`, too small, or given twice though one of its roles is written; a row that
    /// exceeds the device's binding limit.
    pub fn bind(&self, buffers: CrossEntropyBuffers<'_>) -> Result<Bound, Error> {
        self.bind_with(self.spec.rows, buffers, CrossEntropyExtras::default())
    }

    /// Binds buffers for `rows` rows, up to those of the plan, with further outputs.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and more rows than the plan has.
    pub fn bind_with(
        &self,
        rows: u64,
        buffers: CrossEntropyBuffers<'_>,
        extras: CrossEntropyExtras<'_>,
    ) -> Result<Bound, Error> {
        let kernels = if buffers.grad_logits.is_some() {
            &self.fused
        } else {
            &self.loss_only
        };
        let planner = &kernels.planner;
        kernels.check(&self.given(buffers, extras), rows)?;
        let tally_bytes = self
            .tally
            .bytes(planner, targets_in(buffers.targets), rows)?;
        let own = Own::new(planner, self.spec.reduction, rows, tally_bytes);
        let tensors = self.tensors(buffers, extras, &own, rows);
        let scratch = kernels.scratch(&tensors.rows, rows)?;

        let mut options = self.spec.options();
        options.flags |= if extras.lse.is_some() { SAVES_LSE } else { 0 };
        options.flags |= if extras.pairs.is_some() {
            SAVES_PAIR
        } else {
            0
        };
        let mean = if self.spec.reduction == Reduction::Mean {
            MEAN
        } else {
            0
        };
        let reduced = Options {
            flags: options.flags | mean,
            ..options
        };

        let mut steps = Vec::new();
        if mean != 0 && buffers.grad_logits.is_some() {
            steps.extend(self.tally.steps(
                Stage::CountTargets,
                &tensors.tally,
                rows,
                kernels,
                reduced,
            )?);
            options = reduced;
        }
        steps.extend(kernels.steps(&tensors.rows, rows, options, scratch.as_ref())?);
        if self.spec.reduction != Reduction::None || extras.status.is_some() {
            steps.extend(self.tally.steps(
                Stage::ReduceLosses,
                &tensors.reduce,
                rows,
                kernels,
                reduced,
            )?);
        }
        Ok(Bound::new(planner.device(), &steps))
    }

    /// The kernel for the loss alone, by name.
    pub fn kernel(&self) -> String {
        self.loss_only.name()
    }

    /// The kernel for loss and gradient, by name.
    pub fn fused_kernel(&self) -> String {
        self.fused.name()
    }

    /// The kernel for the loss alone, as data.
    pub const fn variant(&self) -> Variant {
        self.loss_only.variant
    }

    /// The fewest bytes that loss and gradient must move: each input read once, each output written once.
    pub fn bytes_moved(&self) -> u64 {
        self.spec.rows.saturating_mul(bytes_per_row(
            Operation::CrossEntropyFused,
            self.spec.classes,
        ))
    }
}

/// Memory of the library's own for one binding.
struct Own {
    row_losses: Option<Buffer>,
    tally: Buffer,
    unread: Buffer,
    unwritten: Buffer,
}

impl Own {
    fn new(planner: &Planner, reduction: Reduction, rows: u64, tally_bytes: u64) -> Self {
        let make = |label, size| storage(planner, label, size);
        Self {
            row_losses: (reduction != Reduction::None)
                .then(|| make("wgpu-softmax row losses", rows * F32)),
            tally: make("wgpu-softmax tally", tally_bytes),
            unread: make("wgpu-softmax placeholder", 0),
            unwritten: make("wgpu-softmax placeholder", 0),
        }
    }
}

/// The tensors of each kind of dispatch.
struct Tensors<'a> {
    rows: Vec<Tensor<'a>>,
    tally: Vec<Tensor<'a>>,
    reduce: Vec<Tensor<'a>>,
}

const fn targets_in(buffer: &Buffer) -> Tensor<'_> {
    Tensor::read(
        Binding::RowInput,
        "targets",
        buffer,
        Shape::PerRow { bytes: F32 },
    )
}

const STATUS: Shape = Shape::Whole {
    bytes: size_of::<Status>() as u64,
};

impl CrossEntropyPlan {
    /// The tensors that the caller has given.
    fn given<'a>(
        &self,
        buffers: CrossEntropyBuffers<'a>,
        extras: CrossEntropyExtras<'a>,
    ) -> Vec<Tensor<'a>> {
        let matrix = Shape::Matrix {
            cols: self.spec.classes,
        };
        let per_row = Shape::PerRow { bytes: F32 };
        let losses = match self.spec.reduction {
            Reduction::None => per_row,
            _ => Shape::Whole { bytes: F32 },
        };
        let pairs = Shape::PerRow { bytes: PAIR };
        let optional = [
            (Binding::Result, "grad_logits", buffers.grad_logits, matrix),
            (Binding::Pairs, "pairs", extras.pairs, pairs),
            (Binding::Lse, "lse", extras.lse, per_row),
            (Binding::Status, "status", extras.status, STATUS),
        ];
        let optional = optional
            .into_iter()
            .filter_map(|(binding, role, buffer, shape)| {
                buffer.map(|buffer| Tensor::written(binding, role, buffer, shape))
            });
        let mut list = vec![
            Tensor::read(Binding::Source, "logits", buffers.logits, matrix),
            targets_in(buffers.targets),
            Tensor::written(Binding::RowOutput, "losses", buffers.losses, losses),
        ];
        list.extend(optional);
        list
    }

    fn tensors<'a>(
        &self,
        buffers: CrossEntropyBuffers<'a>,
        extras: CrossEntropyExtras<'a>,
        own: &'a Own,
        rows: u64,
    ) -> Tensors<'a> {
        let matrix = Shape::Matrix {
            cols: self.spec.classes,
        };
        let per_row = Shape::PerRow { bytes: F32 };
        // Without rows, the caller's buffers may be empty, and an empty one cannot be bound.
        let any_rows = |buffer| if rows > 0 { buffer } else { &own.unread };
        let row_losses = any_rows(own.row_losses.as_ref().unwrap_or(buffers.losses));
        // Optional outputs are bound to a placeholder where they are not asked for, and never written.
        let optional = |binding, role, buffer: Option<&'a Buffer>, shape| match buffer {
            Some(buffer) => Tensor::written(binding, role, buffer, shape),
            None => Tensor::written(binding, role, &own.unwritten, Shape::Whole { bytes: 256 }),
        };
        let targets = targets_in(any_rows(buffers.targets));
        let denominator = Tensor::read(Binding::Tally, "tally", &own.tally, STATUS);
        let mut rows = vec![
            Tensor::read(Binding::Source, "logits", buffers.logits, matrix),
            targets,
            Tensor::written(Binding::RowOutput, "losses", row_losses, per_row),
            optional(
                Binding::Pairs,
                "pairs",
                extras.pairs,
                Shape::PerRow { bytes: PAIR },
            ),
            denominator,
            optional(Binding::Lse, "lse", extras.lse, per_row),
        ];
        rows.extend(
            buffers
                .grad_logits
                .map(|buffer| Tensor::written(Binding::Result, "grad_logits", buffer, matrix)),
        );

        let records = Tensor::written(
            Binding::Tally,
            "tally",
            &own.tally,
            Shape::Whole {
                bytes: own.tally.size(),
            },
        );
        let nothing = |binding| optional(binding, "placeholder", None, per_row);
        let reduced = (self.spec.reduction != Reduction::None).then_some(buffers.losses);
        let reduce = vec![
            targets,
            Tensor::read(Binding::RowOutput, "losses", row_losses, per_row),
            records,
            optional(Binding::Status, "status", extras.status, STATUS),
            optional(
                Binding::ReducedLoss,
                "losses",
                reduced,
                Shape::Whole { bytes: F32 },
            ),
        ];
        Tensors {
            rows,
            tally: vec![
                targets,
                records,
                nothing(Binding::Status),
                nothing(Binding::ReducedLoss),
            ],
            reduce,
        }
    }
}

/// The kernels that count targets and reduce losses.
#[derive(Debug, Clone)]
struct Tally {
    kernels: [Arc<Kernel>; 3],
    rows_per_group: u64,
}

impl Tally {
    fn plan(planner: &Planner) -> Result<Self, Error> {
        let widest = planner.abilities().max_invocations;
        let program = |stage| Program::tally(stage, widest);
        let kernel = |stage| planner.kernel(program(stage));
        Ok(Self {
            kernels: [
                kernel(Stage::CountTargets)?,
                kernel(Stage::ReduceLosses)?,
                kernel(Stage::MergeTallies)?,
            ],
            rows_per_group: ROWS_PER_INVOCATION * u64::from(program(Stage::CountTargets).lanes),
        })
    }

    /// One record for each workgroup, and the one that they merge to.
    fn bytes(&self, planner: &Planner, targets: Tensor<'_>, rows: u64) -> Result<u64, Error> {
        let windows = windows(&[targets], rows, planner.abilities())?;
        let groups: u64 = windows.iter().map(|window| self.groups(window)).sum();
        Ok((groups + 1) * size_of::<Status>() as u64)
    }

    fn groups(&self, window: &Window) -> u64 {
        window.rows.div_ceil(self.rows_per_group).max(1)
    }

    fn steps<'a>(
        &self,
        stage: Stage,
        tensors: &[Tensor<'a>],
        rows: u64,
        kernels: &RowKernels,
        options: Options,
    ) -> Result<Vec<Step<'a>>, Error> {
        let [count, reduce, merge] = &self.kernels;
        let kernel = if stage == Stage::CountTargets {
            count
        } else {
            reduce
        };
        let empty = vec![Window { first: 0, rows: 0 }];
        let windows = if rows == 0 {
            empty
        } else {
            windows(tensors, rows, kernels.planner.abilities())?
        };
        let total: u64 = windows.iter().map(|window| self.groups(window)).sum();
        // Record 0 is where all merge; a single record is there from the start.
        let mut record = u64::from(total > 1);
        let mut steps = Vec::new();
        for window in windows {
            let groups = self.groups(&window);
            steps.push(self.step(
                kernel,
                tensors,
                kernels.cols,
                window,
                options,
                (record, groups, total),
            ));
            record += groups;
        }
        if total > 1 {
            let whole = Window { first: 0, rows: 0 };
            steps.push(self.step(merge, tensors, kernels.cols, whole, options, (1, 1, total)));
        }
        Ok(steps)
    }

    fn step<'a>(
        &self,
        kernel: &Arc<Kernel>,
        tensors: &[Tensor<'a>],
        cols: u32,
        window: Window,
        options: Options,
        (first_record, groups, records): (u64, u64, u64),
    ) -> Step<'a> {
        let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let params = Params {
            rows: narrow(window.rows),
            cols,
            parts: narrow(groups),
            bound_row: window.bound_row(),
            tensor_row: narrow(window.first),
            options: options.flags,
            ignore_index: options.ignore_index,
            first_record: narrow(first_record),
            records: narrow(records),
            ..Params::default()
        };
        let spans = tensors
            .iter()
            .map(|tensor| (tensor.binding, tensor.span(window).0))
            .collect();
        Step {
            kernel: Arc::clone(kernel),
            spans,
            params,
            slots: groups,
        }
    }
}

/// The buffers of a cross-entropy's backward pass, each with usage `STORAGE`.
#[derive(Debug, Clone, Copy)]
pub struct CrossEntropyBackwardBuffers<'a> {
    /// Read: f32, `rows` x `classes`.
    pub logits: &'a Buffer,
    /// Read: i32, `rows`.
    pub targets: &'a Buffer,
    /// Read: two f32 a row, as a forward pass has saved them.
    pub pairs: &'a Buffer,
    /// Written: f32, `rows` x `classes`.
    pub grad_logits: &'a Buffer,
}

/// The backward pass of a cross-entropy, from the saved pairs: no reduction over classes.
#[derive(Debug, Clone)]
pub struct CrossEntropyBackwardPlan {
    spec: CrossEntropySpec,
    kernels: RowKernels,
    tally: Tally,
}

impl CrossEntropyBackwardPlan {
    /// Binds buffers for all rows of the plan.
    ///
    /// # Errors
    ///
    /// As [`CrossEntropyPlan::bind`].
    pub fn bind(&self, buffers: CrossEntropyBackwardBuffers<'_>) -> Result<Bound, Error> {
        self.bind_rows(self.spec.rows, buffers)
    }

    /// Binds buffers for `rows` rows, up to those of the plan.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and more rows than the plan has.
    pub fn bind_rows(
        &self,
        rows: u64,
        buffers: CrossEntropyBackwardBuffers<'_>,
    ) -> Result<Bound, Error> {
        let planner = &self.kernels.planner;
        let matrix = Shape::Matrix {
            cols: self.spec.classes,
        };
        let targets = targets_in(buffers.targets);
        let mut tensors = vec![
            Tensor::read(Binding::Source, "logits", buffers.logits, matrix),
            targets,
            Tensor::written(
                Binding::Pairs,
                "pairs",
                buffers.pairs,
                Shape::PerRow { bytes: PAIR },
            ),
            Tensor::written(Binding::Result, "grad_logits", buffers.grad_logits, matrix),
        ];
        self.kernels.check(&tensors, rows)?;
        if rows == 0 {
            return Ok(Bound::new(planner.device(), &[]));
        }
        let tally_bytes = self.tally.bytes(planner, targets, rows)?;
        let own = Own::new(planner, Reduction::None, rows, tally_bytes);
        tensors.push(Tensor::read(Binding::Tally, "tally", &own.tally, STATUS));

        let mut options = self.spec.options();
        let mut steps = Vec::new();
        if self.spec.reduction == Reduction::Mean {
            options.flags |= MEAN;
            let placeholder = |binding| {
                Tensor::written(
                    binding,
                    "placeholder",
                    &own.unwritten,
                    Shape::Whole { bytes: 256 },
                )
            };
            let records = Tensor::written(
                Binding::Tally,
                "tally",
                &own.tally,
                Shape::Whole {
                    bytes: own.tally.size(),
                },
            );
            let count = [
                targets,
                records,
                placeholder(Binding::Status),
                placeholder(Binding::ReducedLoss),
            ];
            steps.extend(self.tally.steps(
                Stage::CountTargets,
                &count,
                rows,
                &self.kernels,
                options,
            )?);
        }
        steps.extend(self.kernels.steps(&tensors, rows, options, None)?);
        Ok(Bound::new(planner.device(), &steps))
    }

    /// The kernel that was chosen, by name.
    pub fn kernel(&self) -> String {
        self.kernels.name()
    }

    /// The kernel that was chosen, as data.
    pub const fn variant(&self) -> Variant {
        self.kernels.variant
    }

    /// The fewest bytes that the operation must move: each input read once, each output written once.
    pub fn bytes_moved(&self) -> u64 {
        self.spec.rows.saturating_mul(bytes_per_row(
            Operation::CrossEntropyBackward,
            self.spec.classes,
        ))
    }
}
