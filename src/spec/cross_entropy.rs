//! The spec of a cross-entropy.

use crate::spec::dtype::DType;
use crate::spec::layout::{Layout, Layouts};
use crate::spec::loss::{LossOptions, Reduction, ZeroValid, loss_setters};
use crate::spec::mask::Mask;
use crate::spec::row_outputs::RowOutputs;
use crate::spec::target_type::TargetType;

/// The spec of a cross-entropy: `rows` x `classes` logits, contiguous f32 unless said otherwise, and one i32 class id a
/// row.
///
/// The loss of a row is `-sum_c t_c ln p_c + L lse^2` with the weighted target distribution `t_c = w_c ((1 - e) q_c + e /
/// C)`: class weights `w`, label smoothing `e` over `C` classes, z-loss `L`, and `q` the target's probabilities, 1 at a
/// class id and 0 elsewhere. [`reference::CrossEntropy`](crate::reference::CrossEntropy) has the rules in full.
///
/// ```
/// use wgpu_softmax::{CrossEntropySpec, DType, Reduction, TargetType};
///
/// // Tokens of a language model: padding has the class id -100 and counts for nothing.
/// let tokens = CrossEntropySpec::new(4096, 50_257)
///     .dtype(DType::Bf16)
///     .targets(TargetType::I64)
///     .ignore_index(-100)
///     .z_loss(1e-4);
///
/// // Distillation: the targets are a teacher's probabilities, and every row has a loss.
/// let soft = CrossEntropySpec::new(64, 1000).targets(TargetType::Probs).reduction(Reduction::None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossEntropySpec {
    pub(crate) rows: u64,
    pub(crate) classes: u64,
    pub(crate) first_class: u64,
    pub(crate) all_classes: u64,
    pub(crate) inner: u64,
    pub(crate) targets: TargetType,
    pub(crate) loss: LossOptions,
    pub(crate) row_outputs: RowOutputs,
    pub(crate) mask: Option<Mask>,
    pub(crate) dtype: DType,
    pub(crate) layouts: Layouts,
    pub(crate) in_place: bool,
}

impl CrossEntropySpec {
    /// Makes the spec of `rows` rows (at most; a binding may take fewer) of `classes` logits: the mean of all losses,
    /// nothing ignored.
    pub const fn new(rows: u64, classes: u64) -> Self {
        Self {
            rows,
            classes,
            first_class: 0,
            all_classes: classes,
            inner: 1,
            targets: TargetType::I32,
            loss: LossOptions::PLAIN,
            row_outputs: RowOutputs::NONE,
            mask: None,
            dtype: DType::F32,
            layouts: Layouts::CONTIGUOUS,
            in_place: false,
        }
    }

    loss_setters!(const;);

    /// Puts rows on a strided axis, `inner` of them in a slice, a divisor of the rows: logits and their gradient are
    /// `[rows / inner, classes, inner]`, as for the logits of images, `[N, C, H, W]` with `inner` = H W. Targets, losses,
    /// pairs and lse are in the order of `[rows / inner, inner]`. Not with a shard of the classes.
    #[must_use]
    pub const fn inner(self, inner: u64) -> Self {
        Self { inner, ..self }
    }

    /// Sets the type of the targets and how they are stored.
    #[must_use]
    pub const fn targets(self, targets: TargetType) -> Self {
        Self { targets, ..self }
    }

    /// Restricts the logits to a shard: the classes from `first` on, of `all` classes. Targets stay ids of all classes.
    /// This is for the passes from merged statistics; a loss computed only from a shard's logits would be that of the
    /// shard. Not with label smoothing or probabilities, which give every class a target weight.
    #[must_use]
    #[cfg(feature = "shards")]
    pub const fn shard(self, first: u64, all: u64) -> Self {
        Self {
            first_class: first,
            all_classes: all,
            ..self
        }
    }

    /// Sets the divisors of a mean, where these rows are a part of a batch that is counted elsewhere. The gradient is
    /// then that of the mean: the cross-entropy is divided by `weight_sum`, the sum of the weights of the valid rows, each
    /// times the class weight of its target (their number without either), the z-loss by `valid_rows`. A loss that is a
    /// mean is divided by the same numbers; other losses are not divided. `weight_sum` is finite and not negative: weights
    /// with a negative sum may change their signs with it. Division by 0 gives what [`zero_valid`](Self::zero_valid) says.
    #[must_use]
    pub const fn mean_over(mut self, weight_sum: f32, valid_rows: u32) -> Self {
        self.loss.mean_over = Some((weight_sum, valid_rows));
        self
    }

    /// Sets all options of the loss at once.
    #[must_use]
    #[cfg(feature = "reference")]
    pub const fn loss(self, loss: LossOptions) -> Self {
        Self { loss, ..self }
    }

    /// Sets the outputs for each row in addition to its loss, given by the passes that compute the loss. Not with a shard
    /// of the classes.
    #[must_use]
    pub const fn row_outputs(self, row_outputs: RowOutputs) -> Self {
        Self {
            row_outputs,
            ..self
        }
    }

    /// Excludes classes by a [boolean](crate::MaskKind::Boolean) mask, such as those that pad the logits or that a row may not
    /// choose: an excluded class is one whose logit is `-inf`, whatever the logit is. Its probability and its gradient are exactly 0,
    /// but in a row that is NaN; a target weight there makes the loss infinite. A row without a class left is NaN. The elements are
    /// given as [`CrossEntropyExtras::mask`](crate::CrossEntropyExtras::mask). Not with a shard of the classes.
    ///
    /// The mask is bound whole. With probabilities as targets, the gradient of rows longer than a binding takes nine storage buffers
    /// a stage, but in place.
    #[must_use]
    pub const fn mask(self, mask: Mask) -> Self {
        Self {
            mask: Some(mask),
            ..self
        }
    }

    /// Sets the storage type of logits, their gradient and probabilities as targets. Losses, pairs and lse are always
    /// f32.
    #[must_use]
    pub const fn dtype(self, dtype: DType) -> Self {
        Self { dtype, ..self }
    }

    /// Sets the layout of the logits.
    #[must_use]
    pub const fn logits_layout(mut self, layout: Layout) -> Self {
        self.layouts.source = layout;
        self
    }

    /// Sets the layout of targets that are probabilities.
    #[must_use]
    pub const fn targets_layout(mut self, layout: Layout) -> Self {
        self.layouts.upstream = layout;
        self
    }

    /// Sets the layout of the gradient.
    #[must_use]
    pub const fn grad_layout(mut self, layout: Layout) -> Self {
        self.layouts.result = layout;
        self
    }

    /// Puts the gradient over the logits, element by element, in one buffer that is given for both: half the memory. Both
    /// have one layout. The bits are those of a gradient elsewhere. A loss without a gradient changes nothing.
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

    /// Number of classes.
    pub const fn classes(&self) -> u64 {
        self.classes
    }

    /// Number of elements of the loss: one, or one a row.
    pub const fn losses(&self) -> u64 {
        match self.loss.reduction {
            Reduction::None => self.rows,
            _ => 1,
        }
    }

    /// The same spec, in place if the layouts do not differ.
    pub(crate) fn preferably_in_place(self) -> Self {
        Self {
            in_place: self.in_place || self.layouts.source == self.layouts.result,
            ..self
        }
    }
}
