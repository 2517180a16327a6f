//! What a cross-entropy computes.

use super::HAS_IGNORE_INDEX;
use crate::kernel::Params;
use crate::layout::{Geometry, Layout, Layouts};
use crate::operation::sealed;
use crate::variant::Operation;
use crate::{DType, Error, Reduction};

/// What cross-entropy computes: `rows` x `classes` logits, contiguous f32 unless said otherwise, and
/// one i32 class id a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossEntropySpec {
    rows: u64,
    classes: u64,
    first_class: u64,
    all_classes: u64,
    ignore_index: Option<i32>,
    pub(super) reduction: Reduction,
    scale: f32,
    dtype: DType,
    layouts: Layouts,
}

impl CrossEntropySpec {
    /// `rows` (at most; a binding may take fewer) of `classes` logits, the mean of all losses, nothing ignored.
    pub const fn new(rows: u64, classes: u64) -> Self {
        Self {
            rows,
            classes,
            first_class: 0,
            all_classes: classes,
            ignore_index: None,
            reduction: Reduction::Mean,
            scale: 1.0,
            dtype: DType::F32,
            layouts: Layouts {
                source: Layout::CONTIGUOUS,
                upstream: Layout::CONTIGUOUS,
                result: Layout::CONTIGUOUS,
            },
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

    /// The logits are those of some classes only, from `first` on, of `all` that there are: a shard. Targets stay ids of
    /// all classes. For the passes from merged statistics; a loss from a shard's own logits alone would be its own.
    #[must_use]
    pub const fn shard(self, first: u64, all: u64) -> Self {
        Self {
            first_class: first,
            all_classes: all,
            ..self
        }
    }

    /// How the losses of the rows become the loss.
    #[must_use]
    pub const fn reduction(self, reduction: Reduction) -> Self {
        Self { reduction, ..self }
    }

    /// Logits are multiplied by this first: finite, above 0. The gradient carries the factor.
    #[must_use]
    pub const fn scale(self, scale: f32) -> Self {
        Self { scale, ..self }
    }

    /// How logits and their gradient are stored. Losses, pairs and lse are f32 always.
    #[must_use]
    pub const fn dtype(self, dtype: DType) -> Self {
        Self { dtype, ..self }
    }

    /// Where the rows of the logits lie.
    #[must_use]
    pub const fn logits_layout(mut self, layout: Layout) -> Self {
        self.layouts.source = layout;
        self
    }

    /// Where the rows of the gradient lie.
    #[must_use]
    pub const fn grad_layout(mut self, layout: Layout) -> Self {
        self.layouts.result = layout;
        self
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
}

impl sealed::Spec for CrossEntropySpec {
    fn geometry(&self, operation: Operation) -> Result<Geometry, Error> {
        Geometry::new(
            operation,
            (self.rows, self.classes),
            self.dtype,
            self.layouts,
        )
    }

    fn params(&self) -> Result<Params, Error> {
        let last = self.first_class.saturating_add(self.classes);
        let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        if last > self.all_classes || self.all_classes > u64::from(u32::MAX) {
            return Err(Error::Value {
                what: "classes of a shard",
                expected: "a range within all classes, of at most 4,294,967,295",
                found: format!("{} to {last} of {}", self.first_class, self.all_classes),
            });
        }
        Ok(Params {
            options: if self.ignore_index.is_some() {
                HAS_IGNORE_INDEX
            } else {
                0
            },
            ignore_index: self.ignore_index.unwrap_or(0),
            first_class: narrow(self.first_class),
            classes: narrow(self.all_classes),
            ..Params::scaled(self.scale)?
        })
    }
}
