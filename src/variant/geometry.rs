//! The checked shape of an operation, and where the rows of its matrices lie.

use crate::error::Error;
use crate::spec::dtype::DType;
use crate::spec::layout::{Layout, Layouts};
use crate::variant::{KernelOptions, Operation, Problem};

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

/// Shape of an operation, and the layouts of its matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    pub(crate) operation: Operation,
    pub(crate) options: KernelOptions,
    pub(crate) rows: u64,
    pub(crate) cols: u32,
    /// Rows next to each other on a strided axis, which is also the distance, in elements, between the columns of a row.
    pub(crate) inner: u32,
    /// Rows of a causal group, each of which counts one column more than the one before it; 0 if rows are not causal.
    pub(crate) queries: u32,
    pub(crate) dtype: DType,
    pub(crate) source: Rows,
    pub(crate) upstream: Rows,
    pub(crate) result: Rows,
}

/// Number of rows, of columns of a row, and of rows next to each other on a strided axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extents {
    pub(crate) rows: u64,
    pub(crate) cols: u64,
    pub(crate) inner: u64,
}

impl Geometry {
    pub(crate) fn new(
        operation: Operation,
        extents: Extents,
        dtype: DType,
        layouts: Layouts,
    ) -> Result<Self, Error> {
        let (rows, cols) = (extents.rows, check_shape(extents.rows, extents.cols)?);
        let inner = check_inner(operation, extents)?;
        let of = |layout| rows_of(layout, u64::from(cols) * u64::from(inner));
        let (source, upstream, result) = (
            of(layouts.source)?,
            of(layouts.upstream)?,
            of(layouts.result)?,
        );
        Ok(Self {
            operation,
            options: KernelOptions::default(),
            rows,
            cols,
            inner,
            queries: 0,
            dtype,
            source,
            upstream,
            result,
        })
    }

    /// Contiguous rows of f32.
    pub(crate) fn contiguous(operation: Operation, rows: u64, cols: u64) -> Result<Self, Error> {
        let extents = Extents {
            rows,
            cols,
            inner: 1,
        };
        Self::new(operation, extents, DType::F32, Layouts::default())
    }

    /// Sets the code options.
    pub(crate) const fn options(self, options: KernelOptions) -> Self {
        Self { options, ..self }
    }

    /// Puts the result over the first input.
    ///
    /// # Errors
    ///
    /// An operation that writes no matrix of the input's shape, or layouts that differ.
    pub(crate) fn in_place(mut self) -> Result<Self, Error> {
        let refuse = |expected, found| {
            Err(Error::Value {
                what: "in place",
                expected,
                found,
            })
        };
        if !self.operation.allows_in_place() {
            let expected = "an operation whose result is a matrix of the logits' shape";
            return refuse(expected, self.operation.to_string());
        }
        if self.source != self.result {
            let show = |rows: Rows| format!("offset {} and stride {}", rows.offset, rows.stride);
            let found = format!("{}, {}", show(self.source), show(self.result));
            return refuse("one layout of what is read and what is written", found);
        }
        self.options.in_place = true;
        Ok(self)
    }

    /// Makes the result contiguous squares: as many lines as columns for each row.
    pub(crate) const fn square(self) -> Self {
        let result = Rows {
            offset: 0,
            stride: self.cols as u64,
        };
        Self {
            upstream: result,
            result,
            ..self
        }
    }

    /// 4 where every row of every matrix starts on a multiple of four elements, 2 where it starts and ends on a multiple
    /// of two, else 1. On a strided axis, the same of every group of four rows in every column.
    pub(crate) fn alignment(&self) -> u32 {
        let matrices = [self.source, self.upstream, self.result];
        let starts = matrices.map(Rows::alignment).into_iter().min();
        let ends = match self.inner {
            1 => self.cols,
            inner => inner,
        };
        match starts {
            Some(4) if self.inner == 1 || self.inner.is_multiple_of(4) => 4,
            Some(2 | 4) if ends.is_multiple_of(2) => 2,
            _ => 1,
        }
    }

    /// Elements of a row, or of a slice of rows on a strided axis, that accesses touch: rows that start on multiples of
    /// four are moved by fours.
    pub(crate) fn width(&self) -> u64 {
        let elements = u64::from(self.cols) * u64::from(self.inner);
        match self.alignment() {
            4 => elements.next_multiple_of(4),
            _ => elements,
        }
    }

    pub(crate) fn problem(&self) -> Problem {
        let congruent = self.source.congruent(self.upstream) && self.source.congruent(self.result);
        Problem {
            operation: self.operation,
            options: self.options,
            rows: self.rows,
            cols: self.cols,
            inner: self.inner,
            alignment: self.alignment(),
            congruent: congruent
                && self.inner == 1
                && self.dtype == DType::F32
                && self.operation != Operation::Jacobian,
            dtype: self.dtype,
        }
    }
}

fn check_inner(operation: Operation, extents: Extents) -> Result<u32, Error> {
    let Extents { rows, cols, inner } = extents;
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
