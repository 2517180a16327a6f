//! The spec of a linear layer with a cross-entropy.

use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::dtype::DType;
use crate::spec::layout::Layout;
use crate::spec::loss::{LossOptions, Reduction, ZeroValid, loss_setters};
use crate::spec::mask::Mask;
use crate::spec::row_outputs::RowOutputs;
use crate::spec::target_type::TargetType;

/// The spec of the cross-entropy of a linear layer's logits, `hidden weight^T + bias`: hidden `rows` x `features`, the weight
/// `classes` x `features`, contiguous f32 unless said otherwise, and one i32 class id a row.
///
/// The logits are computed, used and dropped in chunks of rows. The loss and its options are those of a
/// [`CrossEntropySpec`], but for probabilities as targets.
///
/// ```
/// use wgpu_softmax::{LinearCrossEntropySpec, TargetType};
///
/// // The head of a language model: 4,096 tokens of 1,024 features, 50,257 classes.
/// let head = LinearCrossEntropySpec::new(4096, 1024, 50_257).targets(TargetType::I64).ignore_index(-100);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearCrossEntropySpec {
    pub(crate) rows: u64,
    pub(crate) features: u64,
    pub(crate) classes: u64,
    pub(crate) targets: TargetType,
    pub(crate) loss: LossOptions,
    pub(crate) dtype: DType,
    pub(crate) chunk_rows: Option<u64>,
    pub(crate) row_outputs: RowOutputs,
    pub(crate) mask: Option<Mask>,
}

impl LinearCrossEntropySpec {
    /// Makes the spec of `rows` rows (at most; a binding may take fewer) of `features` features, and of `classes` classes: the
    /// mean of all losses, nothing ignored.
    pub const fn new(rows: u64, features: u64, classes: u64) -> Self {
        Self {
            rows,
            features,
            classes,
            targets: TargetType::I32,
            loss: LossOptions::PLAIN,
            dtype: DType::F32,
            chunk_rows: None,
            row_outputs: RowOutputs::NONE,
            mask: None,
        }
    }

    loss_setters!(const;);

    /// Sets how class ids are stored.
    #[must_use]
    pub const fn targets(self, targets: TargetType) -> Self {
        Self { targets, ..self }
    }

    /// Sets all options of the loss at once.
    #[must_use]
    #[cfg(feature = "reference")]
    pub const fn loss(self, loss: LossOptions) -> Self {
        Self { loss, ..self }
    }

    /// Sets the storage type of hidden, its gradient and the weight. Losses, bias, and the gradients of the weight and of the
    /// bias are always f32, and so are the logits.
    #[must_use]
    pub const fn dtype(self, dtype: DType) -> Self {
        Self { dtype, ..self }
    }

    /// Sets the rows whose logits are in memory together, from 1 on; a binding may hold fewer. More rows take more memory, and make
    /// fewer passes over the weight and its gradient. Unless set, they are at least 64, and more where hidden has more elements
    /// than the weight, but their logits take at most 16 MiB if they are several.
    #[must_use]
    pub const fn chunk_rows(self, chunk_rows: u64) -> Self {
        Self {
            chunk_rows: Some(chunk_rows),
            ..self
        }
    }

    /// Sets what is computed of each row in addition to its loss. Of the logits, only what these outputs take of them is kept.
    #[must_use]
    pub const fn row_outputs(self, row_outputs: RowOutputs) -> Self {
        Self {
            row_outputs,
            ..self
        }
    }

    /// Excludes classes by a boolean mask of the logits, `rows` x `classes`: as [`CrossEntropySpec::mask`].
    #[must_use]
    pub const fn mask(self, mask: Mask) -> Self {
        Self {
            mask: Some(mask),
            ..self
        }
    }

    /// Rows, at most.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Number of features of a row of hidden, and of a class of the weight.
    pub const fn features(&self) -> u64 {
        self.features
    }

    /// Number of classes.
    pub const fn classes(&self) -> u64 {
        self.classes
    }

    /// Number of elements of the loss: one, or one a row.
    pub const fn losses(&self) -> u64 {
        self.cross_entropy().losses()
    }

    /// Elements from a row of logits to the next: every row starts on a multiple of four elements, so that all rows are served
    /// alike, in chunks of any number.
    pub(crate) const fn row_stride(&self) -> u64 {
        self.classes.next_multiple_of(4)
    }

    /// The cross-entropy of the logits, which the gradient overwrites.
    pub(crate) const fn cross_entropy(&self) -> CrossEntropySpec {
        let layout = Layout::CONTIGUOUS.stride(self.row_stride());
        let mut spec = CrossEntropySpec::new(self.rows, self.classes)
            .targets(self.targets)
            .logits_layout(layout)
            .grad_layout(layout)
            .row_outputs(self.row_outputs)
            .in_place();
        spec.loss = self.loss;
        spec.mask = self.mask;
        spec
    }
}
