//! The checked shape of an operation: what decides the kernel, and where the rows of its matrices lie.

use crate::error::Error;
use crate::spec::dtype::DType;
use crate::spec::layout::{Layout, Layouts};
use crate::spec::mask::{Mask, MaskKind};
use crate::variant::{Abilities, Access, KernelOptions, Masking, Operation, TargetKind, Variant};

/// Bytes that a binding holds in addition to the columns it is for, at most: before the first one, as it begins at a
/// multiple of 256 bytes, and after the last one, up to the end of an access.
pub(super) const BINDING_SLACK: u64 = 512;

/// A problem: the properties of an operation and its shape that decide the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Problem {
    /// The operation.
    pub operation: Operation,
    /// Code options.
    pub options: KernelOptions,
    /// Rows, at most.
    pub rows: u64,
    /// Columns of a row, at least 1.
    pub cols: u32,
    /// Rows next to each other on a strided axis, which is also the distance, in elements, between the columns of a row;
    /// else 1.
    pub inner: u32,
    /// 4 where every row of every matrix starts on a multiple of four elements, 2 where it starts and ends on a multiple
    /// of two, else 1.
    pub alignment: u32,
    /// True if the rows of all matrices are equally far from multiples of four elements of 4 bytes.
    pub congruent: bool,
    /// Storage type of the matrices.
    pub dtype: DType,
}

impl Problem {
    /// Makes the problem of contiguous rows.
    pub fn contiguous(operation: Operation, rows: u64, cols: u32, dtype: DType) -> Self {
        let alignment = match cols % 4 {
            0 => 4,
            2 => 2,
            _ => 1,
        };
        Self {
            operation,
            options: KernelOptions::default(),
            rows,
            cols,
            inner: 1,
            alignment,
            congruent: operation != Operation::Jacobian,
            dtype,
        }
    }

    /// Returns true if rows can be moved by such accesses.
    pub(crate) const fn allows(&self, access: Access) -> bool {
        match access {
            Access::Quads => self.alignment == 4,
            Access::Shifted => self.congruent && self.cols >= 4,
            Access::Pairs => self.alignment == 2,
            Access::Words => true,
        }
    }

    /// Puts contiguous rows on a strided axis, `inner` of them in a slice: a divisor of the rows.
    #[must_use]
    pub fn strided(self, inner: u32) -> Self {
        let alignment = match inner {
            1 => return self,
            inner if inner % 4 == 0 => 4,
            inner if inner % 2 == 0 => 2,
            _ => 1,
        };
        Self {
            inner,
            alignment,
            congruent: false,
            ..self
        }
    }

    /// Groups of four values of a row that each of `lanes` lanes holds; on a strided axis, columns of a group of four
    /// rows.
    pub(crate) const fn quads(&self, lanes: u32, access: Access) -> u32 {
        if self.inner > 1 {
            return self.cols;
        }
        (self.cols + access.most_shifted()).div_ceil(4 * lanes)
    }

    /// Columns of a row, or of a slice of rows on a strided axis, that a binding holds wherever they begin: a multiple of
    /// four, or any number on a strided axis.
    pub(crate) fn bound_cols(&self, abilities: &Abilities) -> u64 {
        let bytes = abilities.binding_bytes().saturating_sub(BINDING_SLACK);
        let cols = bytes / (self.dtype.bytes() * u64::from(self.inner));
        match self.inner {
            1 => cols - cols % 4,
            _ => cols,
        }
    }

    /// Fewest parts of a row, or of a slice of rows on a strided axis, each of which a binding holds. None if a binding
    /// does not hold one column.
    pub(crate) fn least_parts(&self, abilities: &Abilities) -> Option<u32> {
        let in_parts = !self.operation.is_per_row()
            && !matches!(
                self.operation,
                Operation::PartialStatistic | Operation::MergeStatistics | Operation::Jacobian
            );
        let fitting = self.bound_cols(abilities);
        let cols = u64::from(self.cols);
        if !in_parts || cols <= fitting {
            return Some(1);
        }
        let cols = match self.inner {
            1 => cols + u64::from(Access::Shifted.most_shifted()),
            _ => cols,
        };
        (fitting > 0)
            .then(|| cols.div_ceil(fitting))?
            .try_into()
            .ok()
    }

    /// Number of matrices that a row in registers takes, where a dense target distribution counts as one.
    pub(crate) const fn matrices_held(&self) -> u32 {
        match self.options.target_kind {
            TargetKind::OneHot => self.options.matrices_read(self.operation),
            TargetKind::Smoothed | TargetKind::Probabilities => 2,
        }
    }

    /// Name of the kernel that solves it.
    pub fn kernel(&self, variant: Variant, dtype: DType) -> String {
        format!("{}{}.{variant}.{dtype}", self.operation, self.options)
    }
}

/// Layout of rows of known length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) offset: u64,
    pub(crate) stride: u64,
}

impl Rows {
    /// Largest of 1, 2 and 4 that divides the start of every row.
    const fn alignment(self) -> u64 {
        let starts = self.offset | self.stride | 4;
        starts & starts.wrapping_neg()
    }

    /// Returns true if each row is as far from a multiple of four as the same row of the other layout.
    const fn congruent(self, other: Self) -> bool {
        self.offset % 4 == other.offset % 4 && self.stride % 4 == other.stride % 4
    }
}

/// A checked problem, and where the rows of its matrices lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    pub(crate) problem: Problem,
    /// Rows of a causal group, each of which counts one column more than the one before it; 0 if rows are not causal.
    pub(crate) queries: u32,
    pub(crate) source: Rows,
    pub(crate) upstream: Rows,
    pub(crate) result: Rows,
}

impl Geometry {
    /// Checks a shape, given as rows, columns of a row, and rows next to each other on a strided axis.
    pub(crate) fn new(
        operation: Operation,
        [rows, cols, inner]: [u64; 3],
        dtype: DType,
        layouts: Layouts,
    ) -> Result<Self, Error> {
        let cols = check_shape(rows, cols)?;
        let inner = check_inner(operation, [rows, cols.into(), inner])?;
        let of = |layout| rows_of(layout, u64::from(cols) * u64::from(inner));
        let geometry = Self {
            problem: Problem {
                operation,
                options: KernelOptions::default(),
                rows,
                cols,
                inner,
                alignment: 1,
                congruent: false,
                dtype,
            },
            queries: 0,
            source: of(layouts.source)?,
            upstream: of(layouts.upstream)?,
            result: of(layouts.result)?,
        };
        Ok(geometry.aligned())
    }

    /// Contiguous rows of f32.
    pub(crate) fn contiguous(operation: Operation, rows: u64, cols: u64) -> Result<Self, Error> {
        Self::new(operation, [rows, cols, 1], DType::F32, Layouts::default())
    }

    /// Sets the code options.
    pub(crate) const fn options(mut self, options: KernelOptions) -> Self {
        self.problem.options = options;
        self
    }

    /// Code option of a mask of the first input.
    pub(crate) fn masking(&self, mask: Option<&Mask>) -> Masking {
        let Some(mask) = mask else {
            return Masking::None;
        };
        let in_one_access =
            self.problem.inner == 1 && self.problem.alignment == 4 && mask.by_fours();
        match (mask.kind(), in_one_access) {
            (MaskKind::Additive, false) => Masking::Added,
            (MaskKind::Additive, true) => Masking::AddedByQuads,
            (MaskKind::Boolean, false) => Masking::Kept,
            (MaskKind::Boolean, true) => Masking::KeptByQuads,
        }
    }

    /// Puts the result over the first input.
    ///
    /// # Errors
    ///
    /// An operation that writes no matrix of the input's shape, or layouts that differ.
    pub(crate) fn in_place(mut self) -> Result<Self, Error> {
        let refuse = |expected, found| Err(Error::value("in place", expected, found));
        let operation = self.problem.operation;
        if !operation.allows_in_place() {
            let expected = "an operation whose result is a matrix of the logits' shape";
            return refuse(expected, operation.to_string());
        }
        if self.source != self.result {
            let show = |rows: Rows| format!("offset {} and stride {}", rows.offset, rows.stride);
            let found = format!("{}, {}", show(self.source), show(self.result));
            return refuse("one layout of what is read and what is written", found);
        }
        self.problem.options.in_place = true;
        Ok(self)
    }

    /// Makes the result contiguous squares: as many lines as columns for each row.
    pub(crate) fn square(self) -> Self {
        let result = Rows {
            offset: 0,
            stride: self.problem.cols.into(),
        };
        Self {
            upstream: result,
            result,
            ..self
        }
        .aligned()
    }

    /// Elements of a row, or of a slice of rows on a strided axis, that accesses touch: rows that start on multiples of
    /// four are moved by fours.
    pub(crate) fn width(&self) -> u64 {
        let elements = u64::from(self.problem.cols) * u64::from(self.problem.inner);
        match self.problem.alignment {
            4 => elements.next_multiple_of(4),
            _ => elements,
        }
    }

    /// Finds the accesses that the places of all matrices allow.
    fn aligned(mut self) -> Self {
        let matrices = [self.source, self.upstream, self.result];
        let starts = matrices.map(Rows::alignment).into_iter().min();
        let problem = &mut self.problem;
        let ends = match problem.inner {
            1 => problem.cols,
            inner => inner,
        };
        problem.alignment = match starts {
            Some(4) if problem.inner == 1 || problem.inner.is_multiple_of(4) => 4,
            Some(2 | 4) if ends.is_multiple_of(2) => 2,
            _ => 1,
        };
        problem.congruent = self.source.congruent(self.upstream)
            && self.source.congruent(self.result)
            && problem.inner == 1
            && problem.operation != Operation::Jacobian;
        self
    }
}

fn check_inner(operation: Operation, [rows, cols, inner]: [u64; 3]) -> Result<u32, Error> {
    let refuse = |expected, found| {
        Err(Error::Value {
            what: "inner extent",
            expected,
            found,
        })
    };
    let is_sharded = Operation::SHARDED.contains(&operation);
    if inner != 1 && (is_sharded || operation == Operation::Jacobian) {
        return refuse("1 for this operation", format!("{inner} for {operation}"));
    }
    if inner == 0 || !rows.is_multiple_of(inner) {
        return refuse("a divisor of the rows", format!("{inner} for {rows} rows"));
    }
    match u32::try_from(inner) {
        Ok(inner) if u64::from(inner) * cols <= 1 << 30 => Ok(inner),
        _ => refuse(
            "at most 1,073,741,824 elements in a slice",
            format!("{inner} for {cols} columns"),
        ),
    }
}

fn rows_of(layout: Layout, cols: u64) -> Result<Rows, Error> {
    let stride = layout.stride.unwrap_or(cols);
    if stride < cols || stride > 1 << 30 {
        return Err(Error::Value {
            what: "row stride",
            expected: "at least the columns, and at most 1,073,741,824",
            found: format!("{stride} for {cols} columns"),
        });
    }
    Ok(Rows {
        offset: layout.offset,
        stride,
    })
}

fn check_shape(rows: u64, cols: u64) -> Result<u32, Error> {
    if cols == 0 {
        return Err(Error::Value {
            what: "columns",
            expected: "at least 1",
            found: "0".into(),
        });
    }
    if rows > u64::from(u32::MAX) {
        let found = rows.to_string();
        return Err(Error::Value {
            what: "rows",
            expected: "at most 4,294,967,295",
            found,
        });
    }
    match u32::try_from(cols) {
        Ok(cols) if cols <= 1 << 30 => Ok(cols),
        _ => Err(Error::Value {
            what: "columns",
            expected: "at most 1,073,741,824",
            found: cols.to_string(),
        }),
    }
}
