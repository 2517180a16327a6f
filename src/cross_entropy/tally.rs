//! The dispatches that count targets and reduce losses, and the memory of the library's own that they need.

use std::sync::Arc;

use wgpu::Buffer;

use super::Status;
use crate::kernel::{Kernel, Params, Step};
use crate::rows::{RowKernels, storage};
use crate::shader::{Binding, Program, Stage};
use crate::tensor::{F32, Shape, Tensor, Window, least_window, windows};
use crate::{Error, Planner, Reduction};

/// Rows that one invocation takes, as `shaders/tally.wgsl` has it.
const ROWS_PER_INVOCATION: u64 = 16;

/// Bytes of a record.
pub(super) const RECORD: u64 = size_of::<Status>() as u64;

/// The kernels that count targets, reduce losses and merge the records of both.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    count: Arc<Kernel>,
    reduce: Arc<Kernel>,
    merge: Arc<Kernel>,
    rows_per_group: u64,
}

impl Tally {
    pub(super) fn plan(planner: &Planner) -> Self {
        let program = |stage| Program::tally(stage, planner.abilities().max_invocations);
        let kernel = |stage| planner.kernel(program(stage));
        Self {
            count: kernel(Stage::CountTargets),
            reduce: kernel(Stage::ReduceLosses),
            merge: kernel(Stage::MergeTallies),
            rows_per_group: ROWS_PER_INVOCATION * u64::from(program(Stage::CountTargets).lanes),
        }
    }

    /// Bytes for the record that all merge to, and one for each workgroup: every window may end with one that has
    /// little to do.
    fn bytes(&self, planner: &Planner, rows: u64) -> u64 {
        let windows = rows.div_ceil(least_window(Shape::VALUE_PER_ROW, planner.abilities()));
        (1 + windows + rows.div_ceil(self.rows_per_group)) * RECORD
    }

    /// The dispatches that count the targets of `rows` rows into record 0.
    pub(super) fn count<'a>(
        &self,
        own: &'a Own,
        targets: Tensor<'a>,
        rows: &RowKernels,
        bound_rows: u64,
        base: Params,
    ) -> Result<Vec<Step<'a>>, Error> {
        let tensors = [targets, own.records()];
        self.steps(&self.count, &tensors, rows, bound_rows, base)
    }

    /// The dispatches that reduce the losses of `rows` rows and publish their record.
    pub(super) fn reduce<'a>(
        &self,
        tensors: &[Tensor<'a>],
        rows: &RowKernels,
        bound_rows: u64,
        base: Params,
    ) -> Result<Vec<Step<'a>>, Error> {
        self.steps(&self.reduce, tensors, rows, bound_rows, base)
    }

    fn steps<'a>(
        &self,
        kernel: &Arc<Kernel>,
        tensors: &[Tensor<'a>],
        rows: &RowKernels,
        bound_rows: u64,
        base: Params,
    ) -> Result<Vec<Step<'a>>, Error> {
        let nothing = Window { first: 0, rows: 0 };
        let windows = match bound_rows {
            0 => vec![nothing],
            _ => windows(tensors, bound_rows, rows.planner.abilities())?,
        };
        let groups = |window: &Window| window.rows.div_ceil(self.rows_per_group).max(1);
        let records: u64 = windows.iter().map(groups).sum();
        let base = Params {
            cols: rows.cols,
            records: narrow(records),
            ..base
        };
        // Record 0 is where all merge; a single record is there from the start.
        let mut first_record = u64::from(records > 1);
        let mut steps = Vec::new();
        for window in windows {
            steps.push(step(
                kernel,
                tensors,
                window,
                (first_record, groups(&window)),
                base,
            ));
            first_record += groups(&window);
        }
        if records > 1 {
            steps.push(step(&self.merge, tensors, nothing, (1, 1), base));
        }
        Ok(steps)
    }
}

fn step<'a>(
    kernel: &Arc<Kernel>,
    tensors: &[Tensor<'a>],
    window: Window,
    (first_record, groups): (u64, u64),
    base: Params,
) -> Step<'a> {
    let params = Params {
        rows: narrow(window.rows),
        parts: narrow(groups),
        bound_row: window.bound_row(),
        tensor_row: narrow(window.first),
        first_record: narrow(first_record),
        ..base
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

fn narrow(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Memory of the library's own for one binding.
#[derive(Debug)]
pub(super) struct Own {
    row_losses: Option<Buffer>,
    records: Buffer,
}

impl Own {
    pub(super) fn new(planner: &Planner, reduction: Reduction, rows: u64, tally: &Tally) -> Self {
        let make = |label, size| storage(planner, label, size);
        let row_losses = || make("wgpu-softmax row losses", rows * F32);
        Self {
            row_losses: (reduction != Reduction::None).then(row_losses),
            records: make("wgpu-softmax tally", tally.bytes(planner, rows)),
        }
    }

    /// Where the losses of the rows go: to the caller, unless they are reduced.
    pub(super) fn row_losses<'a>(&'a self, losses: &'a Buffer) -> &'a Buffer {
        self.row_losses.as_ref().unwrap_or(losses)
    }

    /// All records, for the dispatches that write them.
    pub(super) fn records(&self) -> Tensor<'_> {
        let bytes = self.records.size();
        Tensor::written(
            Binding::Tally,
            "tally",
            &self.records,
            Shape::Whole { bytes },
        )
    }

    /// Record 0, for the dispatches that read the count of valid rows.
    pub(super) fn counted(&self) -> Tensor<'_> {
        Tensor::read(
            Binding::Tally,
            "tally",
            &self.records,
            Shape::Whole { bytes: RECORD },
        )
    }

    /// Whether a tensor is of this memory, and none of the caller's.
    pub(super) fn owns(&self, tensor: &Tensor<'_>) -> bool {
        *tensor.buffer == self.records || self.row_losses.as_ref() == Some(tensor.buffer)
    }
}
