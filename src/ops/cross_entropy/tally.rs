//! Dispatches that count targets and reduce losses.

use std::borrow::Cow;
use std::sync::Arc;

use super::Status;
use crate::device::kernel::Step;
use crate::device::kernel_text::{Dispatches, KernelText, Said};
use crate::device::planner::Planner;
use crate::device::runnable::Runnable;
use crate::device::tensor::{Role, Shape, Tensor, shapes_of, without_matrices};
use crate::device::window::{Window, windows};
use crate::error::Error;
use crate::shader::params::{Grid, Params, word};
use crate::shader::{Program, Stage, TALLIED};
use crate::variant::{KernelOptions, TargetKind};

/// Rows of a block, as in `shaders/kernel/tally.wgsl`.
const BLOCK: u64 = 16;

/// Bytes of a record.
pub(super) const RECORD: u64 = size_of::<Status>() as u64;

/// No rows: the window of an empty binding, and of a merge.
const NOTHING: Window = Window::of_rows(0, 0);

/// The kernels that count targets, reduce losses, sum those of counted targets, and merge the records of each.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    planner: Planner,
    options: KernelOptions,
    pub(super) count: Arc<Runnable>,
    reduce: Arc<Runnable>,
    sum: Arc<Runnable>,
    merge: Arc<Runnable>,
}

impl Tally {
    /// Number of pipelines, with those of a loss with options; rows with weights have as many again.
    pub(super) const PIPELINES: usize = 8;

    pub(super) fn plan(planner: &Planner, options: KernelOptions) -> Result<Self, Error> {
        // Little depends on more than the type of the targets.
        let target_kind = match options.target_kind {
            TargetKind::Probabilities => TargetKind::Probabilities,
            _ => TargetKind::OneHot,
        };
        let options = KernelOptions {
            target_kind,
            loss_options: options.loss_options,
            row_weighted: options.row_weighted,
            ..KernelOptions::default()
        };
        let abilities = planner.abilities();
        let in_memory = abilities.max_workgroup_bytes / TALLIED;
        let most = abilities.max_invocations.min(in_memory);
        let most = most.min(abilities.tally_lanes());
        let program = |stage| Program::tally(stage, options, most);
        let program = |stage| planner.checked(program(stage));
        Ok(Self {
            planner: planner.clone(),
            options,
            count: program(Stage::CountTargets)?,
            reduce: program(Stage::ReduceLosses)?,
            sum: program(Stage::SumLosses)?,
            merge: program(Stage::MergeTallies)?,
        })
    }

    /// Returns these kernels, or those for what a binding adds: weights of classes, or of rows.
    pub(super) fn with(
        &self,
        has_weight: bool,
        row_weighted: bool,
    ) -> Result<Cow<'_, Self>, Error> {
        let options = KernelOptions {
            loss_options: self.options.loss_options || has_weight || row_weighted,
            row_weighted,
            ..self.options
        };
        if options == self.options {
            return Ok(Cow::Borrowed(self));
        }
        Self::plan(&self.planner, options).map(Cow::Owned)
    }

    /// Returns the dispatches of `runnable`, which counts or reduces, for `rows` rows: it leaves record 0.
    pub(super) fn steps(
        &self,
        runnable: &Arc<Runnable>,
        tensors: &[Tensor<'_>],
        rows: u64,
        base: Params,
    ) -> Result<Vec<Step>, Error> {
        let tensors = without_matrices(tensors);
        let windows = self.windows(tensors.iter().map(Tensor::role_and_shape), rows)?;
        let records = self.records(&windows);
        self.check_trips(records)?;
        let step = |runnable: &Arc<Runnable>, window: Window, first_record, groups| {
            let grid = Grid {
                rows: word(window.rows),
                parts: word(groups),
                bound_row: window.bound_row(),
                tensor_row: word(window.first),
                first_record: word(first_record),
                records: word(records),
                ..base.grid
            };
            let span = |tensor: &Tensor<'_>| (tensor.binding, tensor.span(window).0);
            Step {
                runnable: Arc::clone(runnable),
                spans: tensors.iter().map(span).collect(),
                params: Params { grid, ..base },
                slots: groups,
            }
        };
        // Several records are merged into record 0; a single record is record 0 itself.
        let mut first_record = u64::from(records > 1);
        let mut steps = Vec::new();
        for window in windows {
            let groups = self.groups(&window);
            steps.push(step(runnable, window, first_record, groups));
            first_record += groups;
        }
        if records > 1 {
            steps.push(step(&self.merge, NOTHING, 1, 1));
        }
        Ok(steps)
    }

    /// Returns the kernel of `runnable`, which counts or reduces, for all rows, and the one that merges the records of
    /// several workgroups.
    pub(super) fn texts(
        &self,
        runnable: &Runnable,
        roles: &[Role],
        rows: u64,
        base: Params,
        (why, condition): (&str, Option<&'static str>),
    ) -> Result<Vec<KernelText>, Error> {
        let roles = roles.iter().filter(|role| !role.shape.is_matrix());
        let roles: Vec<_> = roles.copied().collect();
        let windows = self.windows(shapes_of(&roles), rows)?;
        let records = self.records(&windows);
        let text = |runnable: &Runnable, windows: &[Window], why: String, each: String| {
            let mut dispatches = Dispatches::default();
            for window in windows {
                dispatches.add(runnable.workgroups(self.groups(window))?);
                let bound = roles.iter().map(|role| (role.binding, *window));
                dispatches.windows.extend(bound);
            }
            let lanes = self.lanes();
            let said = Said {
                variant: format!("{each}, and {lanes} invocations merge through workgroup memory"),
                reason: why,
                condition,
            };
            Ok(KernelText::new(runnable, said, &roles, &base, &dispatches))
        };
        let each = format!("an invocation takes {} rows", self.rows_of_invocation());
        let mut list = vec![text(runnable, &windows, why.into(), each)?];
        if records > 1 {
            let why = format!("There are {records} records, one of each workgroup.");
            let each = "an invocation takes every so many records".into();
            list.push(text(&self.merge, &[NOTHING], why, each)?);
        }
        Ok(list)
    }

    /// Returns the kernel that reduces the losses, of targets that are counted or not.
    pub(super) const fn reduce(&self, is_counted: bool) -> &Arc<Runnable> {
        if is_counted { &self.sum } else { &self.reduce }
    }

    /// Lanes of a workgroup.
    fn lanes(&self) -> u64 {
        self.count.program.variant.lanes.into()
    }

    /// Checks that the lanes of one workgroup can merge `records` records.
    fn check_trips(&self, records: u64) -> Result<(), Error> {
        let each = u64::from(self.planner.abilities().max_trips());
        let (needed, available) = (records.div_ceil(each), self.lanes());
        if needed <= available {
            return Ok(());
        }
        Err(Error::Limit {
            what: format!("the merge of {records} records of losses"),
            limit: "max_compute_invocations_per_workgroup",
            needed,
            available,
        })
    }

    fn windows(
        &self,
        shapes: impl Iterator<Item = (&'static str, Shape)>,
        rows: u64,
    ) -> Result<Vec<Window>, Error> {
        match rows {
            0 => Ok(vec![NOTHING]),
            _ => windows(shapes, (rows, 1), self.planner.abilities(), None),
        }
    }

    /// Number of workgroups of a window. Each leaves a record.
    fn groups(&self, window: &Window) -> u64 {
        let rows_of_group = self.rows_of_invocation() * self.lanes();
        window.rows.div_ceil(rows_of_group).max(1)
    }

    fn rows_of_invocation(&self) -> u64 {
        BLOCK * u64::from(self.count.program.row_blocks())
    }

    fn records(&self, windows: &[Window]) -> u64 {
        windows.iter().map(|window| self.groups(window)).sum()
    }

    /// Bytes of one record for each workgroup, and of the record into which they are merged.
    pub(super) fn bytes(
        &self,
        shapes: impl Iterator<Item = (&'static str, Shape)>,
        rows: u64,
    ) -> Result<u64, Error> {
        let windows = self.windows(shapes.filter(|(_, shape)| !shape.is_matrix()), rows)?;
        let bytes = (self.records(&windows) + 1) * RECORD;
        let available = self.planner.abilities().max_binding_bytes;
        if bytes > available {
            return Err(Error::Limit {
                what: "buffer `tally`".into(),
                limit: "max_storage_buffer_binding_size",
                needed: bytes,
                available,
            });
        }
        Ok(bytes)
    }
}
