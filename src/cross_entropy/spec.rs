//! What a cross-entropy computes.

use super::{RowOutputs, TargetType};
use crate::layout::{Extents, Geometry, Layout, Layouts};
use crate::operation::sealed;
use crate::params::Params;
use crate::shader::options::{DIVISORS_GIVEN, HAS_IGNORE_INDEX, ZERO_VALID};
use crate::variant::{Form, Operation, Problem, Shares};
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
    /// none), the z-loss by `valid_rows`. So is a loss that is a mean; others stay undivided.
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

    pub(super) fn form(&self) -> Form {
        let shares = match self.targets {
            TargetType::Probs => Shares::Probabilities,
            _ if self.label_smoothing > 0.0 => Shares::Smoothed,
            _ => Shares::Onehot,
        };
        Form {
            shares,
            capped: self.softcap.is_some(),
            ..Form::default()
        }
    }

    /// The code of an operation.
    fn form_of(&self, operation: Operation) -> Form {
        let form = self.form();
        match operation {
            Operation::CrossEntropy | Operation::CrossEntropyFused => {
                let (entropy, argmax) = self.row_outputs.tells();
                Form {
                    entropy,
                    argmax,
                    ..form
                }
            }
            // Whatever the shares of the classes.
            Operation::RowOutputs if form.shares == Shares::Smoothed => Form {
                shares: Shares::Onehot,
                ..form
            },
            _ => form,
        }
    }

    /// The same without row outputs, for passes that give none.
    pub(super) fn without_row_outputs(self) -> Self {
        self.row_outputs(RowOutputs::default())
    }

    fn is_shard(&self) -> bool {
        self.first_class > 0 || self.all_classes != self.classes
    }

    fn check(&self) -> Result<(), Error> {
        let refuse = |what, expected, found| {
            Err(Error::Value {
                what,
                expected,
                found,
            })
        };
        let last = self.first_class.saturating_add(self.classes);
        if last > self.all_classes || self.all_classes > u64::from(u32::MAX) {
            return refuse(
                "classes of a shard",
                "a range within all classes, of at most 4,294,967,295",
                format!("{} to {last} of {}", self.first_class, self.all_classes),
            );
        }
        if !(0.0..=1.0).contains(&self.label_smoothing) {
            let found = self.label_smoothing.to_string();
            return refuse("label smoothing", "0 to 1", found);
        }
        if !self.z_loss.is_finite() {
            return refuse("z-loss", "a finite number", self.z_loss.to_string());
        }
        self.row_outputs.check(self.targets, self.is_shard())?;
        match (self.targets, self.ignore_index) {
            (TargetType::Probs, Some(ignored)) => {
                let expected = "none where targets are probabilities";
                return refuse("ignore index", expected, ignored.to_string());
            }
            _ if self.is_shard() && self.inner != 1 => {
                return refuse(
                    "inner extent",
                    "1 in a shard of the classes",
                    self.inner.to_string(),
                );
            }
            _ if self.is_shard() && self.form().is_dense() => {
                let expected = "class ids without smoothing in a shard of the classes";
                return refuse("targets", expected, self.form().to_string());
            }
            _ => {}
        }
        Ok(())
    }

    fn options(&self) -> u32 {
        let bit = |asked, bit| if asked { bit } else { 0 };
        bit(self.ignore_index.is_some(), HAS_IGNORE_INDEX)
            | bit(self.zero_valid == ZeroValid::Zero, ZERO_VALID)
            | bit(self.mean_over.is_some(), DIVISORS_GIVEN)
            | self.targets.option()
    }

    /// `e / C`; not 0 unless the smoothing is.
    fn uniform_share(&self) -> f32 {
        let share = f64::from(self.label_smoothing) / self.classes as f64;
        let least = if share > 0.0 { f32::MIN_POSITIVE } else { 0.0 };
        (share as f32).max(least)
    }
}

impl sealed::Spec for CrossEntropySpec {
    fn geometry(&self, operation: Operation) -> Result<Geometry, Error> {
        self.check()?;
        let from_pairs = operation == Operation::CrossEntropyFromPairs;
        if from_pairs && self.form().is_dense() {
            return Err(Error::Value {
                what: "targets",
                expected: "class ids without smoothing for losses from pairs",
                found: self.form().to_string(),
            });
        }
        if from_pairs && self.row_outputs.any() {
            return Err(Error::Value {
                what: "row outputs",
                expected: "none for losses from pairs",
                found: format!("{:?}", self.row_outputs),
            });
        }
        let extents = Extents {
            rows: self.rows,
            cols: self.classes,
            inner: self.inner,
        };
        let geometry = Geometry::new(operation, extents, self.dtype, self.layouts)?;
        let geometry = geometry.form(self.form_of(operation));
        // Beside the fused pass there is always one for the loss alone, and none of the row outputs writes a matrix.
        let apart = matches!(operation, Operation::CrossEntropy | Operation::RowOutputs);
        match self.in_place && !apart {
            true => geometry.in_place(),
            false => Ok(geometry),
        }
    }

    fn params(&self) -> Result<Params, Error> {
        self.check()?;
        let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let ignored = self.ignore_index.unwrap_or(0).cast_unsigned();
        let (weight_sum, valid_rows) = self.mean_over.unwrap_or_default();
        let read = match self.softcap {
            Some(softcap) => Params::capped(self.scale, softcap)?,
            None => Params::scaled(self.scale)?,
        };
        Ok(self.row_outputs.params(Params {
            options: self.options(),
            first_class: narrow(self.first_class),
            classes: narrow(self.all_classes),
            id_words: self.targets.words(),
            ignored_low: narrow(ignored & u64::from(u32::MAX)),
            ignored_high: narrow(ignored >> 32),
            z_loss: self.z_loss,
            target_share: (1.0 - f64::from(self.label_smoothing)) as f32,
            uniform_share: self.uniform_share(),
            weight_sum: weight_sum.to_bits(),
            valid_rows: (valid_rows as f32).to_bits(),
            ..read
        }))
    }
}
