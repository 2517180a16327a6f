//! Kernels of a row operation: the choice of a variant, and the dispatches that serve the rows.

use std::borrow::Cow;
use std::sync::Arc;

use crate::device::bins::Bin;
use crate::device::kernel::{Bound, Kernel, Step};
use crate::device::kernel_text::{Dispatches, KernelText, Said};
use crate::device::memory::scratch;
use crate::device::pieces::{Piece, ranges};
use crate::device::planner::Planner;
use crate::device::scope::contain;
use crate::device::tensor::{
    Role, Shape, Tensor, Window, binding, check, check_roles, shapes_of, windows,
};
use crate::error::Error;
use crate::shader::params::{Grid, Params};
use crate::shader::{Binding, Program};
use crate::variant::geometry::Geometry;
use crate::variant::{Access, KernelOptions, Operation, Variant, part_cols, reason};

/// Bytes of a record of `shaders/records.wgsl`. A dense target distribution takes as many again, and so do auxiliary
/// outputs.
pub(crate) const PARTIAL_BYTES: u64 = 16;

/// Condition under which a row is served by words.
const TAIL: &str = "for the last row, if its buffer ends amid an access of four";

/// The kernels of an operation for a shape, chosen and checked. A binding compiles those that it dispatches.
#[derive(Debug, Clone)]
pub(crate) struct RowKernels {
    pub(crate) planner: Planner,
    pub(crate) geometry: Geometry,
    pub(crate) variant: Variant,
    programs: Vec<Program>,
    /// Bins of causal rows by the number of columns that they count.
    bins: Vec<Bin>,
    /// Variant by words for the last row, where its accesses of four do not all lie in its buffer.
    tail: Option<(Variant, Vec<Program>)>,
}

impl RowKernels {
    /// Chooses the kernels. An empty shape has none.
    pub(crate) fn plan(planner: &Planner, geometry: Geometry) -> Result<Self, Error> {
        Self::of_variant(planner, geometry, planner.variant(geometry.problem())?)
    }

    fn of_variant(planner: &Planner, geometry: Geometry, variant: Variant) -> Result<Self, Error> {
        let programs = |variant| match geometry.rows {
            0 => Ok(Vec::new()),
            _ => planner.programs(&geometry, variant),
        };
        let by_words = variant.by_words(geometry.problem());
        let by_words = by_words.filter(|_| geometry.rows > 0);
        Ok(Self {
            planner: planner.clone(),
            geometry,
            variant,
            programs: programs(variant)?,
            bins: Bin::plan(&geometry, variant),
            tail: by_words
                .map(|variant| Ok((variant, programs(variant)?)))
                .transpose()?,
        })
    }

    /// Returns these kernels, or those for a loss with options if it `has_options`.
    pub(crate) fn for_loss(&self, has_options: bool) -> Result<Cow<'_, Self>, Error> {
        let options = self.geometry.options;
        if !has_options || !self.has_plain_loss() {
            return Ok(Cow::Borrowed(self));
        }
        let options = KernelOptions {
            loss_options: true,
            ..options
        };
        let geometry = self.geometry.options(options);
        Self::of_variant(&self.planner, geometry, self.variant).map(Cow::Owned)
    }

    /// True if a loss with options has kernels of its own.
    fn has_plain_loss(&self) -> bool {
        let Geometry {
            operation, options, ..
        } = self.geometry;
        operation.may_have_plain_loss() && !options.loss_options
    }

    /// Number of pipelines that serve all rows, with those for the last row by words, and those of a loss with options.
    pub(crate) fn pipelines(&self) -> usize {
        let tail = self.tail.as_ref().map_or(0, |(_, programs)| programs.len());
        let each = self.programs.len() + self.bins.len() + tail;
        if self.has_plain_loss() {
            2 * each
        } else {
            each
        }
    }

    pub(crate) fn name(&self) -> String {
        let problem = self.geometry.problem();
        problem.kernel(self.variant, self.geometry.dtype)
    }

    /// Checks that `rows` are no more than were planned, and a multiple of the inner extent.
    pub(crate) fn check_rows(&self, rows: u64) -> Result<(), Error> {
        let inner = u64::from(self.geometry.inner);
        if !rows.is_multiple_of(inner) {
            return Err(Error::Value {
                what: "rows to bind",
                expected: "a multiple of the inner extent",
                found: format!("{rows} rows, {inner} side by side"),
            });
        }
        if rows <= self.geometry.rows {
            return Ok(());
        }
        let what = "rows to bind, as against those planned";
        Err(Error::Length {
            what,
            expected: self.geometry.rows,
            found: rows,
        })
    }

    pub(crate) fn bind(
        &self,
        tensors: &[Tensor<'_>],
        rows: u64,
        base: Params,
    ) -> Result<Bound, Error> {
        self.check_rows(rows)?;
        check(tensors, rows, self.geometry.options.in_place)?;
        let device = self.planner.device();
        let at = || binding(&self.name(), rows, tensors);
        contain(device, at, || {
            let scratch = self.scratch(tensors, rows)?;
            let steps = self.steps(tensors, rows, base, scratch.as_ref())?;
            Bound::new(device, &steps)
        })
    }

    /// Divides the rows into windows, within which the tensors, and the partial statistics if rows are split, fit the
    /// binding limit.
    fn windows(
        &self,
        shapes: impl Iterator<Item = (&'static str, Shape)>,
        rows: u64,
    ) -> Result<Vec<Window>, Error> {
        let bytes = self.partial_bytes();
        let partials = ("partials", Shape::records(bytes));
        let split = self.programs.len() > 1;
        let shapes = shapes.chain(split.then_some(partials));
        let unit = u64::from(self.geometry.inner);
        let in_pieces = self.variant.family.parts() > 1
            || matches!(
                self.geometry.operation,
                Operation::Jacobian | Operation::RowOutputs
            );
        let kept = in_pieces.then_some(if split { bytes } else { 0 });
        windows(shapes, (rows, unit), self.planner.abilities(), kept)
    }

    /// Bytes of the partial statistics of a row.
    fn partial_bytes(&self) -> u64 {
        let options = self.geometry.options;
        let records = 1 + u64::from(options.is_dense()) + u64::from(options.is_auxiliary());
        u64::from(self.variant.family.parts()) * records * PARTIAL_BYTES
    }

    /// Allocates memory for the partial statistics of the largest window, if rows are split.
    pub(crate) fn scratch(
        &self,
        tensors: &[Tensor<'_>],
        rows: u64,
    ) -> Result<Option<wgpu::Buffer>, Error> {
        if self.programs.len() < 2 || rows == 0 {
            return Ok(None);
        }
        let windows = self.windows(tensors.iter().map(Tensor::role_and_shape), rows)?;
        let largest = windows.iter().map(|window| window.rows).max().unwrap_or(0);
        let size = largest * self.partial_bytes();
        let label = "wgpu-softmax partial statistics";
        scratch(self.planner.device(), label, size).map(Some)
    }

    /// Returns the dispatches that serve `rows` rows: for each window its stages in order. `base` holds the plain numbers
    /// that the formula reads.
    pub(crate) fn steps<'a>(
        &self,
        tensors: &[Tensor<'a>],
        rows: u64,
        base: Params,
        scratch: Option<&'a wgpu::Buffer>,
    ) -> Result<Vec<Step<'a>>, Error> {
        let mut steps = Vec::new();
        let shapes = || tensors.iter().map(Tensor::role_and_shape);
        let matrices: Vec<_> = shapes()
            .map(|(_, shape)| shape)
            .filter(Shape::is_matrix)
            .collect();
        for window in self.windows(shapes(), rows)? {
            for (variant, programs, window) in self.served(tensors, window) {
                let by_bins = variant == self.variant && Bin::divide(&self.geometry, window);
                let bins = if by_bins { self.bins.as_slice() } else { &[] };
                let programs = if bins.is_empty() { programs } else { &[] };
                for &program in programs {
                    let kernel = self.planner.kernel(program)?;
                    for piece in self.pieces((variant, &kernel), &matrices, window) {
                        let of = (variant, &kernel);
                        steps.push(self.step(of, tensors, (window, piece), base, scratch));
                    }
                }
                for bin in bins {
                    let kernel = self.planner.kernel(bin.program)?;
                    let (of, all) = ((variant, &kernel), Piece::all(variant));
                    steps.push(bin.of_all(self.step(of, tensors, (window, all), base, scratch)));
                }
            }
        }
        Ok(steps)
    }

    /// Assigns programs to the rows of a window: the last row has programs of its own if an access of four would leave
    /// its buffer.
    fn served(&self, tensors: &[Tensor<'_>], window: Window) -> Vec<(Variant, &[Program], Window)> {
        let mut matrices = tensors.iter().filter(|tensor| tensor.is_matrix());
        let whole = (self.variant, self.programs.as_slice());
        match &self.tail {
            Some((variant, programs))
                if !matrices.all(|tensor| tensor.holds_whole_quads(window)) =>
            {
                let (most, last) = window.without_last();
                let mut served = vec![(*variant, programs.as_slice(), last)];
                served.extend((most.rows > 0).then_some((whole.0, whole.1, most)));
                served
            }
            _ => vec![(whole.0, whole.1, window)],
        }
    }

    /// Divides the rows of a window into as few pieces as possible, each of which fits the bindings.
    fn pieces(
        &self,
        (variant, kernel): (Variant, &Arc<Kernel>),
        matrices: &[Shape],
        window: Window,
    ) -> Vec<Piece> {
        let abilities = self.planner.abilities();
        let fits = |shape: &Shape| {
            let bytes = shape.bytes_in(window).0;
            bytes.end - bytes.start <= abilities.binding_bytes()
        };
        if !kernel.visits_matrices() || matrices.iter().all(fits) {
            return vec![Piece::all(variant)];
        }
        let cols = self.geometry.cols;
        let bound = narrow(self.geometry.problem().bound_cols(abilities)).max(1);
        if self.geometry.operation == Operation::Jacobian {
            let lines = ranges(cols, (bound / cols).max(1));
            return lines
                .map(|lines| Piece::of_lines(lines, variant, cols))
                .collect();
        }
        let (all, each) = match self.geometry.operation.is_per_row() {
            // Single elements are read.
            true => (cols.div_ceil(bound), bound),
            false => (variant.family.parts(), part_cols(variant, cols)),
        };
        ranges(all, (bound / each).max(1))
            .map(|parts| Piece::of_parts(parts, all, each))
            .collect()
    }

    /// Returns true if a row, or a slice of rows on a strided axis, may be longer than a binding.
    pub(crate) fn has_long_rows(&self) -> bool {
        let bound = self.geometry.problem().bound_cols(self.planner.abilities());
        u64::from(self.geometry.cols) > bound
    }

    /// Returns the kernels that serve all rows of the plan, with these roles for buffers, in the order of their
    /// dispatches.
    pub(crate) fn texts(&self, roles: &[Role], base: Params) -> Result<Vec<KernelText>, Error> {
        check_roles(roles, self.geometry.rows, self.planner.device())?;
        let all = match self.geometry.rows {
            0 => Vec::new(),
            rows => self.windows(shapes_of(roles), rows)?,
        };
        let by_bins = all
            .iter()
            .all(|window| Bin::divide(&self.geometry, *window));
        let bins = if by_bins { self.bins.as_slice() } else { &[] };
        let programs = if bins.is_empty() {
            self.programs.as_slice()
        } else {
            &[]
        };
        let text = |(variant, program), bin, windows: &[Window], condition| {
            let kernel = self.planner.kernel(program)?;
            self.text((variant, &kernel), bin, (roles, base), windows, condition)
        };
        let mut list = Vec::new();
        for &program in programs {
            list.push(text((self.variant, program), None, &all, None)?);
        }
        for bin in bins {
            list.push(text((self.variant, bin.program), Some(bin), &all, None)?);
        }
        if let (Some((variant, programs)), Some(last)) = (&self.tail, all.last()) {
            let (_, last) = last.without_last();
            for &program in programs {
                list.push(text((*variant, program), None, &[last], Some(TAIL))?);
            }
        }
        Ok(list)
    }

    fn text(
        &self,
        (variant, kernel): (Variant, &Arc<Kernel>),
        bin: Option<&Bin>,
        (roles, base): (&[Role], Params),
        windows: &[Window],
        condition: Option<&'static str>,
    ) -> Result<KernelText, Error> {
        let partials = (self.programs.len() > 1).then(|| {
            let bytes = self.partial_bytes();
            Role::new(Binding::Partials, "partials", Shape::PerRow { bytes })
        });
        let roles: Vec<_> = roles.iter().copied().chain(partials).collect();
        let matrices = roles.iter().map(|role| role.shape).filter(Shape::is_matrix);
        let matrices: Vec<_> = matrices.collect();
        let mut dispatches = Dispatches::default();
        let mut last = self.params(variant, Window::of_rows(0, 0), base);
        for &window in windows {
            for piece in self.pieces((variant, kernel), &matrices, window) {
                let mut params = self.params(variant, window, base);
                piece.narrow(&mut params.grid);
                let all = kernel.slots(&mut params, variant);
                let slots = bin.map_or(all, |bin| bin.rows_of(&params).into());
                dispatches.add(kernel.grid(slots)?);
                let bound = roles.iter().map(|role| role.binding);
                let of = |binding| (binding, piece.of_binding(binding, window));
                dispatches.windows.extend(bound.map(of));
                last = params;
            }
        }
        let problem = self.geometry.problem();
        let said = Said {
            variant: variant.in_words(),
            reason: match (condition, self.planner.is_forced()) {
                (Some(_), _) => "Words can be moved wherever they lie.".into(),
                (None, true) => "The caller has asked for it.".into(),
                (None, false) => reason(problem, variant, self.planner.abilities()),
            },
            condition,
        };
        Ok(KernelText::new(kernel, said, &roles, &last, &dispatches))
    }

    fn step<'a>(
        &self,
        (variant, kernel): (Variant, &Arc<Kernel>),
        tensors: &[Tensor<'a>],
        (window, piece): (Window, Piece),
        base: Params,
        scratch: Option<&'a wgpu::Buffer>,
    ) -> Step<'a> {
        let mut params = self.params(variant, window, base);
        let grid = &mut params.grid;
        piece.narrow(grid);
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
            let shifted = variant.access == Access::Shifted && tensor.is_matrix();
            let span = if shifted { span.in_whole_quads() } else { span };
            spans.push((tensor.binding, span));
        }
        let partials = scratch.map(|buffer| {
            Tensor::written(
                Binding::Partials,
                "partials",
                buffer,
                Shape::Whole {
                    bytes: buffer.size(),
                },
            )
        });
        spans.extend(partials.map(|tensor| (tensor.binding, tensor.span(window).0)));
        let slots = kernel.slots(&mut params, variant);
        Step {
            kernel: Arc::clone(kernel),
            spans,
            params,
            slots,
        }
    }

    /// Numbers of a dispatch over a window. A Jacobian has as many rows as columns for each row of probabilities.
    fn params(&self, variant: Variant, window: Window, base: Params) -> Params {
        let Geometry {
            operation,
            cols,
            source,
            upstream,
            result,
            ..
        } = self.geometry;
        let jacobian = operation == Operation::Jacobian;
        let inner = self.geometry.inner;
        let rows = narrow(window.rows * if jacobian { u64::from(cols) } else { 1 });
        let records = base.grid.records.max(self.variant.family.parts());
        // The records of a row are contiguous; on a strided axis, those of a part are.
        let (record_row_stride, record_part_stride) = match variant.groups {
            0 => (records, 1),
            _ => (1, rows),
        };
        let grid = Grid {
            rows,
            cols,
            parts: variant.family.parts(),
            part_cols: part_cols(variant, cols),
            bound_row: window.bound_row(),
            tensor_row: narrow(window.first),
            source_stride: narrow(source.stride),
            upstream_stride: narrow(upstream.stride),
            result_stride: narrow(result.stride),
            inner,
            groups: groups_of_slice(inner.min(narrow(window.rows)), variant),
            records,
            record_row_stride,
            record_part_stride,
            bin_queries: base.grid.queries,
            bin_rows: rows,
            ..base.grid
        };
        Params { grid, ..base }
    }
}

fn narrow(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
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
