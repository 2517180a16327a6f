//! What a cross-entropy computes.

mod kernel;

use super::{RowOutputs, TargetType};
use crate::layout::{Layout, Layouts};
use crate::operation::sealed;
use crate::variant::{Operation, Problem};
use crate::{DType, Error, Reduction, ZeroValid};

/// What cross-entropy computes: `rows` x `classes` logits, contiguous f32 unless said otherwise, and
/// one i32 class id a row.
///
/// The loss of a row is `-sum_c t_c ln p_c + L lse^2` with the shares `t_c = w_c ((1 - e) q_c + e / C)`: class weights
/// `w`, label smoothing `e` over `C` classes, z-loss `L`, and `q` the target's probabilities, 1 at a class id and 0
/// elsewhere. [`reference::CrossEntropy`](crate::reference::CrossEntropy) has the rules in full.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossEntropySpec {
    rows: u64,
    classes: u64,
    first_class: u64,
    all_classes: u64,
    inner: u64,
    ignore_index: Option<i64>,
    pub(super) targets: TargetType,
    pub(super) reduction: Reduction,
    pub(super) mean_over: Option<(f32, u32)>,
    zero_valid: ZeroValid,
    label_smoothing: f32,
    z_loss: f32,
    softcap: Option<f32>,
    scale: f32,
    row_outputs: RowOutputs,
    dtype: DType,
    layouts: Layouts,
    in_place: bool,
}

impl CrossEntropySpec {
    /// `rows` (at most; a binding may take fewer) of `classes` logits, the mean of all losses, nothing ignored.
    pub const fn new(rows: u64, classes: u64) -> Self {
        Self {
            rows,
            classes,
            first_class: 0,
            all_classes: classes,
            inner: 1,
            ignore_index: None,
            targets: TargetType::I32,
            reduction: Reduction::Mean,
            mean_over: None,
            zero_valid: ZeroValid::Nan,
            label_smoothing: 0.0,
            z_loss: 0.0,
            softcap: None,
            scale: 1.0,
            row_outputs: RowOutputs {
                target_log_prob: false,
                log_probs_of: 0,
                entropy: false,
                argmax: false,
                hit: false,
                max_prob: false,
                z_loss: false,
            },
            dtype: DType::F32,
            layouts: Layouts {
                source: Layout::CONTIGUOUS,
                upstream: Layout::CONTIGUOUS,
                result: Layout::CONTIGUOUS,
            },
            in_place: false,
        }
    }

    /// The class id of rows that count for nothing: loss and gradient exactly 0, left out of the mean. It is tested
    /// before the range and may lie outside it. Not with probabilities.
    #[must_use]
    pub const fn ignore_index(self, ignore_index: i64) -> Self {
        Self {
            ignore_index: Some(ignore_index),
            ..self
        }
    }

    /// `inner` rows lie side by side, a divisor of the rows: logits and their gradient are `[rows / inner, classes, inner]`,
    /// as the logits of images are, `[N, C, H, W]` with `inner` = H W. Targets, losses, pairs and lse are in the order of
    /// `[rows / inner, inner]`. Not with a shard of the classes.
    #[must_use]
    pub const fn inner(self, inner: u64) -> Self {
        Self { inner, ..self }
    }

    /// What targets are, and how they are stored.
    #[must_use]
    pub const fn targets(self, targets: TargetType) -> Self {
        Self { targets, ..self }
    }

    /// Logits are those of some classes only, from `first` on, of `all` that there are: a shard. Targets stay ids of
    /// all classes. For the passes from merged statistics; a loss from a shard's own logits alone would be its own.
    /// Not with label smoothing or probabilities, for which every class counts.
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

    /// The gradient is that of a mean over so much, counted elsewhere: where these rows are a part of a batch. The
    /// cross-entropy is divided by `weight_sum`, the sum of the valid rows' target weights (their count where there are
    /// none), the z-loss by `valid_rows`. So is a loss that is a mean; others stay undivided. The sum is finite and not
    /// negative: weights of another sum may change their signs with it. By 0 it is as [`zero_valid`](Self::zero_valid) says.
    #[must_use]
    pub const fn mean_over(self, weight_sum: f32, valid_rows: u32) -> Self {
        Self {
            mean_over: Some((weight_sum, valid_rows)),
            ..self
        }
    }

    /// What a mean over nothing is.
    #[must_use]
    pub const fn zero_valid(self, zero_valid: ZeroValid) -> Self {
        Self { zero_valid, ..self }
    }

    /// Label smoothing `e`, from 0 to 1: the target keeps `1 - e + e / C`, every other class has `e / C`.
    #[must_use]
    pub const fn label_smoothing(self, label_smoothing: f32) -> Self {
        Self {
            label_smoothing,
            ..self
        }
    }

    /// Adds `z_loss * lse^2` to the loss of every valid row, whatever its weight: finite.
    #[must_use]
    pub const fn z_loss(self, z_loss: f32) -> Self {
        Self { z_loss, ..self }
    }

    /// Logits `x` become `softcap * tanh(x / softcap)`, after the scale: finite, above 0. The gradient carries the factor.
    #[must_use]
    pub const fn softcap(self, softcap: f32) -> Self {
        Self {
            softcap: Some(softcap),
            ..self
        }
    }

    /// Logits are multiplied by this first: finite, above 0. The gradient carries the factor.
    #[must_use]
    pub const fn scale(self, scale: f32) -> Self {
        Self { scale, ..self }
    }

    /// What is given of every row beside its loss, by the passes that compute the loss. Not with a shard of the classes.
    #[must_use]
    pub const fn row_outputs(self, row_outputs: RowOutputs) -> Self {
        Self {
            row_outputs,
            ..self
        }
    }

    /// How logits, their gradient and probabilities as targets are stored. Losses, pairs and lse are f32 always.
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

    /// Where the rows of probabilities that are targets lie.
    #[must_use]
    pub const fn targets_layout(mut self, layout: Layout) -> Self {
        self.layouts.upstream = layout;
        self
    }

    /// Where the rows of the gradient lie.
    #[must_use]
    pub const fn grad_layout(mut self, layout: Layout) -> Self {
        self.layouts.result = layout;
        self
    }

    /// The gradient lies over the logits, element by element, in one buffer that is given for both: half the memory.
    /// Both have one layout. The bits are those of a gradient elsewhere. A loss without a gradient changes nothing.
    #[must_use]
    pub const fn in_place(self) -> Self {
        Self {
            in_place: true,
            ..self
        }
    }

    /// Rows, at most.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Classes.
    pub const fn classes(&self) -> u64 {
        self.classes
    }

    /// Classes of all shards.
    pub(super) const fn all_classes(&self) -> u64 {
        self.all_classes
    }

    /// Elements of the loss: one, or one a row.
    pub const fn losses(&self) -> u64 {
        match self.reduction {
            Reduction::None => self.rows,
            _ => 1,
        }
    }

    /// What an operation of these rows has to solve, as far as it decides the kernel.
    ///
    /// # Errors
    ///
    /// As [`Planner::cross_entropy`](crate::Planner::cross_entropy).
    pub fn problem(&self, operation: Operation) -> Result<Problem, Error> {
        sealed::Spec::geometry(self, operation).map(|geometry| geometry.problem())
    }

    /// In place where the layouts do not differ.
    pub(crate) fn preferably_in_place(self) -> Self {
        Self {
            in_place: self.in_place || self.layouts.source == self.layouts.result,
            ..self
        }
    }

    pub(crate) const fn is_in_place(&self) -> bool {
        self.in_place
    }

    /// What is given of every row beside its loss.
    pub(crate) const fn asked(&self) -> RowOutputs {
        self.row_outputs
    }

    /// How logits, their gradient and probabilities are stored.
    pub(crate) const fn stored_as(&self) -> DType {
        self.dtype
    }
}
