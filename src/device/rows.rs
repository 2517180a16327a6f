//! Kernels of a row operation: the choice of a variant, and the dispatches that serve the rows.

use std::borrow::Cow;
use std::sync::Arc;

use crate::device::bins::Bin;
use crate::device::kernel::Step;
use crate::device::memory::{Make, Memory};
use crate::device::planner::Planner;
use crate::device::runnable::Runnable;
use crate::device::tensor::{Shape, Tensor, check};
use crate::device::window::{Piece, Window};
use crate::error::Error;
use crate::shader::Binding;
use crate::shader::params::{Grid, Params, word};
use crate::variant::problem::Geometry;
use crate::variant::{Access, KernelOptions, Operation, Problem, Variant, part_cols};

/// Bytes of a record of `shaders/records.wgsl`. A dense target distribution takes as many again, and so do auxiliary
/// outputs.
pub(crate) const PARTIAL_BYTES: u64 = 16;

/// The kernels of an operation for a shape, chosen and checked. A binding compiles those that it dispatches.
#[derive(Debug, Clone)]
pub(crate) struct RowKernels {
    pub(crate) planner: Planner,
    pub(crate) geometry: Geometry,
    pub(crate) variant: Variant,
    pub(super) programs: Vec<Arc<Runnable>>,
    /// Bins of causal rows by the number of columns that they count.
    bins: Vec<Bin>,
    /// Variant by words for the last of shifted rows, where its accesses of four do not all lie in its buffer.
    pub(super) tail: Option<(Variant, Vec<Arc<Runnable>>)>,
}

/// A dispatch over rows: its program, the part of a window that it serves, and its numbers.
#[derive(Debug)]
pub(super) struct Planned<'k> {
    pub(super) runnable: &'k Arc<Runnable>,
    pub(super) window: Window,
    pub(super) piece: Piece,
    pub(super) params: Params,
}

impl RowKernels {
    /// Chooses the kernels. An empty shape has none.
    pub(crate) fn plan(planner: &Planner, geometry: Geometry) -> Result<Self, Error> {
        Self::of_variant(planner, geometry, planner.variant(geometry.problem)?)
    }

    fn of_variant(planner: &Planner, geometry: Geometry, variant: Variant) -> Result<Self, Error> {
        let programs = |variant| match geometry.problem.rows {
            0 => Ok(Vec::new()),
            _ => planner.programs(&geometry, variant),
        };
        let by_words = variant.by_words(geometry.problem);
        let by_words = by_words.filter(|_| geometry.problem.rows > 0);
        Ok(Self {
            planner: planner.clone(),
            geometry,
            variant,
            programs: programs(variant)?,
            bins: Bin::plan(planner, &geometry, variant)?,
            tail: by_words
                .map(|variant| Ok((variant, programs(variant)?)))
                .transpose()?,
        })
    }

    /// Returns these kernels with the options for which a binding asks.
    pub(crate) fn with(&self, bound: KernelOptions) -> Result<Cow<'_, Self>, Error> {
        let Problem {
            operation, options, ..
        } = self.geometry.problem;
        let asked = options.or(operation, bound);
        if asked == options {
            return Ok(Cow::Borrowed(self));
        }
        let geometry = self.geometry.options(asked);
        Self::of_variant(&self.planner, geometry, self.variant).map(Cow::Owned)
    }

    /// True if a loss with options has kernels of its own.
    fn has_plain_loss(&self) -> bool {
        let Problem {
            operation, options, ..
        } = self.geometry.problem;
        operation.may_have_plain_loss() && !options.loss_options
    }

    /// Number of pipelines that serve all rows, with those for the last row by words, and those of a loss with options and of rows
    /// with weights, scales or both.
    pub(crate) fn pipelines(&self) -> usize {
        let tail = self.tail.as_ref().map_or(0, |(_, programs)| programs.len());
        let each = self.programs.len() + self.bins.len() + tail;
        let operation = self.geometry.problem.operation;
        let of_rows = match operation.takes_row_weights() {
            true => 3,
            false => usize::from(operation.takes_row_scales()),
        };
        each * (1 + usize::from(self.has_plain_loss()) + of_rows)
    }

    /// Returns true if a kernel has such a binding.
    pub(crate) fn binds(&self, binding: Binding) -> bool {
        let tail = self.tail.iter().flat_map(|(_, programs)| programs);
        let mut programs = self.programs.iter().chain(tail);
        programs.any(|runnable| runnable.bindings.iter().any(|(of, _)| *of == binding))
    }

    pub(crate) fn name(&self) -> String {
        let problem = self.geometry.problem;
        problem.kernel(self.variant, problem.dtype)
    }

    /// Checks that `rows` are no more than were planned, and a multiple of the inner extent.
    pub(crate) fn check_rows(&self, rows: u64) -> Result<(), Error> {
        let inner = u64::from(self.geometry.problem.inner);
        if !rows.is_multiple_of(inner) {
            return Err(Error::Value {
                what: "rows to bind",
                expected: "a multiple of the inner extent",
                found: format!("{rows} rows, {inner} side by side"),
            });
        }
        if rows <= self.geometry.problem.rows {
            return Ok(());
        }
        let what = "rows to bind, as against those planned";
        Err(Error::Length {
            what,
            expected: self.geometry.problem.rows,
            found: rows,
        })
    }

    /// Checks tensors, and returns the dispatches that serve `rows` rows of them.
    pub(crate) fn checked_steps(
        &self,
        tensors: &[Tensor<'_>],
        rows: u64,
        base: Params,
        make: Make<'_>,
    ) -> Result<Vec<Step>, Error> {
        self.check_rows(rows)?;
        check(tensors, rows, self.geometry.problem.options.in_place)?;
        let scratch = self.scratch(tensors, rows, make)?;
        self.steps(tensors, rows, base, scratch.as_ref())
    }

    /// Bytes of the partial statistics of a row.
    pub(crate) fn partial_bytes(&self) -> u64 {
        let options = self.geometry.problem.options;
        let records = 1 + u64::from(options.is_dense()) + u64::from(options.is_auxiliary());
        u64::from(self.variant.family.parts()) * records * PARTIAL_BYTES
    }

    /// Makes memory for the partial statistics of the largest window, if rows are split.
    pub(crate) fn scratch(
        &self,
        tensors: &[Tensor<'_>],
        rows: u64,
        make: Make<'_>,
    ) -> Result<Option<Memory>, Error> {
        if self.programs.len() < 2 || rows == 0 {
            return Ok(None);
        }
        let windows = self.windows(tensors.iter().map(Tensor::role_and_shape), rows)?;
        let largest = windows.iter().map(|window| window.rows).max().unwrap_or(0);
        make("partial statistics", largest * self.partial_bytes()).map(Some)
    }

    /// Returns the dispatches that serve `rows` rows: for each window its stages in order. `base` holds the plain numbers
    /// that the formula reads.
    pub(crate) fn steps(
        &self,
        tensors: &[Tensor<'_>],
        rows: u64,
        base: Params,
        scratch: Option<&Memory>,
    ) -> Result<Vec<Step>, Error> {
        let shapes = || tensors.iter().map(Tensor::role_and_shape);
        let matrices: Vec<_> = shapes().map(|(_, shape)| shape).collect();
        let windows = self.windows(shapes(), rows)?.into_iter();
        let served = windows.flat_map(|window| self.served(tensors, window));
        let dispatches = served.flat_map(|(variant, programs, window)| {
            self.dispatches((variant, programs), &matrices, window, base)
        });
        Ok(dispatches
            .map(|dispatch| Self::step(dispatch, tensors, scratch))
            .collect())
    }

    /// Returns the dispatches that serve the rows of one window, of which the matrices hold no others: they are bound whole.
    pub(crate) fn steps_of_chunk(
        &self,
        tensors: &[Tensor<'_>],
        window: Window,
        base: Params,
        scratch: Option<&Memory>,
    ) -> Vec<Step> {
        let programs = (self.variant, self.programs.as_slice());
        self.dispatches(programs, &[], window, base)
            .into_iter()
            .map(|dispatch| Self::step(dispatch, tensors, scratch))
            .collect()
    }

    /// Returns the dispatches of these programs over a window. Causal rows are served by bins where whole groups of
    /// queries lie in it.
    pub(super) fn dispatches<'k>(
        &'k self,
        (variant, programs): (Variant, &'k [Arc<Runnable>]),
        shapes: &[Shape],
        window: Window,
        base: Params,
    ) -> Vec<Planned<'k>> {
        let dispatch = |runnable, piece, bin: Option<&Bin>| Planned {
            runnable,
            window,
            params: self.params((variant, runnable), window, (&piece, bin), base),
            piece,
        };
        let by_bins = variant == self.variant && Bin::divide(&self.geometry, window);
        if by_bins && !self.bins.is_empty() {
            let all = || Piece::all(variant);
            let bins = self.bins.iter();
            return bins
                .map(|bin| dispatch(&bin.runnable, all(), Some(bin)))
                .collect();
        }
        let pieces = |runnable| self.pieces((variant, runnable), shapes, window);
        programs
            .iter()
            .flat_map(|runnable| {
                pieces(runnable)
                    .into_iter()
                    .map(move |piece| (runnable, piece))
            })
            .map(|(runnable, piece)| dispatch(runnable, piece, None))
            .collect()
    }

    /// Assigns programs to the rows of a window: the last row has programs of its own if an access of four would leave
    /// its buffer.
    fn served(
        &self,
        tensors: &[Tensor<'_>],
        window: Window,
    ) -> Vec<(Variant, &[Arc<Runnable>], Window)> {
        let mut matrices = tensors.iter().filter(|tensor| tensor.is_matrix());
        let whole = |window| (self.variant, self.programs.as_slice(), window);
        match &self.tail {
            Some((variant, programs))
                if !matrices.all(|tensor| tensor.holds_whole_quads(window)) =>
            {
                let (most, last) = window.without_last();
                let mut served = vec![(*variant, programs.as_slice(), last)];
                served.extend((most.rows > 0).then(|| whole(most)));
                served
            }
            _ => vec![whole(window)],
        }
    }

    fn step(dispatch: Planned<'_>, tensors: &[Tensor<'_>], scratch: Option<&Memory>) -> Step {
        let Planned {
            runnable,
            window,
            piece,
            mut params,
        } = dispatch;
        let grid = &mut params.grid;
        let mut spans = Vec::with_capacity(tensors.len() + 1);
        for tensor in tensors {
            let (span, residue) = tensor.span(piece.of_binding(tensor.binding, window));
            match tensor.binding {
                Binding::Source => grid.source_offset = residue,
                Binding::Upstream => grid.upstream_offset = residue,
                Binding::Result => grid.result_offset = residue,
                // The caller's records; the library's own records begin with the window.
                Binding::Partials => grid.first_record += residue * grid.record_row_stride,
                _ => {}
            }
            let is_shifted = runnable.program.variant.access == Access::Shifted;
            let span = match is_shifted && tensor.is_matrix() {
                true => span.in_whole_quads(),
                false => span,
            };
            spans.push((tensor.binding, span));
        }
        if let Some(memory) = scratch {
            let bytes = memory.size();
            let shape = Shape::Whole { bytes };
            let partials = Tensor::written(Binding::Partials, "partials", memory, shape);
            spans.push((Binding::Partials, partials.span(window).0));
        }
        Step {
            spans,
            slots: runnable.slots(&params.grid),
            params,
            runnable: Arc::clone(runnable),
        }
    }

    /// Numbers of a dispatch over a piece of a window, and of a bin of its causal rows. Only `grid` differs between the
    /// dispatches of a binding: its rows by window, its parts by piece, its queries by bin; `step` adds the offsets in
    /// the bound ranges. A Jacobian has as many rows as columns for each row of probabilities.
    fn params(
        &self,
        (variant, runnable): (Variant, &Runnable),
        window: Window,
        (piece, bin): (&Piece, Option<&Bin>),
        base: Params,
    ) -> Params {
        let Geometry {
            problem,
            source,
            upstream,
            result,
            ..
        } = self.geometry;
        let Problem { cols, inner, .. } = problem;
        let lines = match problem.operation {
            Operation::Jacobian => u64::from(cols),
            _ => 1,
        };
        let rows = word(window.rows * lines);
        let records = base.grid.records.max(self.variant.family.parts());
        // The records of a row are contiguous; on a strided axis, those of a part are.
        let (record_row_stride, record_part_stride) = match variant.groups {
            0 => (records, 1),
            _ => (1, rows),
        };
        let mut grid = Grid {
            rows,
            cols,
            parts: variant.family.parts(),
            part_cols: part_cols(variant, cols),
            bound_row: window.bound_row(),
            tensor_row: word(window.first),
            source_stride: word(source.stride),
            upstream_stride: word(upstream.stride),
            result_stride: word(result.stride),
            inner,
            groups: groups_of_slice(inner.min(word(window.rows)), variant),
            records,
            record_row_stride,
            record_part_stride,
            bin_queries: base.grid.queries,
            bin_rows: rows,
            ..base.grid
        };
        piece.narrow(&mut grid);
        if let Some(bin) = bin {
            bin.narrow(&mut grid);
        }
        if variant.groups > 0 && runnable.program.serves_single_rows() {
            // Records of parts are merged by row.
            grid.parts = 1;
        }
        Params { grid, ..base }
    }
}

/// Groups of four rows of a slice of `rows` rows, with those past its end that fill up the last workgroup if an
/// invocation serves several.
fn groups_of_slice(rows: u32, variant: Variant) -> u32 {
    let groups = rows.div_ceil(4);
    match variant.groups {
        0 | 1 => groups,
        several => groups.next_multiple_of(several * variant.workgroup),
    }
}
