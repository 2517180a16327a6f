//! The spec of softmax, log-softmax, logsumexp and their backward passes.

use crate::spec::dtype::DType;
use crate::spec::layout::{Layout, Layouts};
use crate::spec::mask::Mask;

/// Spec of a row-wise operation on `rows` x `cols` elements, row-major.
///
/// ```
/// use wgpu_softmax::{DType, Layout, SoftmaxSpec};
///
/// // Attention scores in f16, at a temperature of 8, written over themselves.
/// let scores = SoftmaxSpec::new(16 * 512, 512).dtype(DType::F16).scale(0.125).causal(512).in_place();
///
/// // The second axis of 8 x 1000 x 64.
/// let axis = SoftmaxSpec::new(8 * 64, 1000).inner(64);
///
/// // Rows of 1,000 logits that are stored 1,024 apart.
/// let padded = SoftmaxSpec::new(64, 1000).input_layout(Layout::CONTIGUOUS.stride(1024));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoftmaxSpec {
    pub(crate) rows: u64,
    pub(crate) cols: u64,
    pub(crate) inner: u64,
    pub(crate) scale: f32,
    pub(crate) dtype: DType,
    pub(crate) layouts: Layouts,
    pub(crate) mask: Option<Mask>,
    pub(crate) queries: Option<u64>,
    pub(crate) empty_rows: EmptyRows,
    pub(crate) sinks: Option<Sinks>,
    pub(crate) in_place: bool,
}

/// Sinks: one for each head, taken by the rows of so many queries one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sinks {
    pub(crate) heads: u64,
    pub(crate) queries: u64,
}

impl SoftmaxSpec {
    /// Makes the spec of `rows` rows (at most; a binding may take fewer) of `cols` contiguous f32. A plan of 0 rows is
    /// valid and does nothing.
    pub const fn new(rows: u64, cols: u64) -> Self {
        Self {
            rows,
            cols,
            inner: 1,
            scale: 1.0,
            dtype: DType::F32,
            layouts: Layouts::CONTIGUOUS,
            mask: None,
            queries: None,
            empty_rows: EmptyRows::Nan,
            sinks: None,
            in_place: false,
        }
    }

    /// Puts rows on a strided axis, `inner` of them in a slice, a divisor of the rows: the matrix is `[rows / inner,
    /// cols, inner]`, so that the columns of a row are `inner` elements apart. Such is a tensor of which an axis other
    /// than the last is normalised: `inner` is the product of the extents after that axis. Values of one a row are in the
    /// order of `[rows / inner, inner]`. Not for a Jacobian.
    #[must_use]
    pub const fn inner(self, inner: u64) -> Self {
        Self { inner, ..self }
    }

    /// Masks the logits: for softmax, log-softmax and logsumexp. The plan is bound by
    /// [`bind_masked`](crate::Plan::bind_masked) or [`bind_with`](crate::Plan::bind_with). With a mask that is added, a scale is at most 2^100.
    #[must_use]
    pub const fn mask(self, mask: Mask) -> Self {
        Self {
            mask: Some(mask),
            ..self
        }
    }

    /// Makes rows causal: row `r` is query `r % queries`, and column `j`, a key, is excluded where `j > query + (cols -
    /// queries)`: the last query counts every key. Not with rows on a strided axis. For softmax, log-softmax and
    /// logsumexp.
    #[must_use]
    pub const fn causal(self, queries: u64) -> Self {
        Self {
            queries: Some(queries),
            ..self
        }
    }

    /// Gives rows sinks, as attention has them: of `heads` f32, row `r` takes number `r / queries % heads`, so that the rows are those
    /// of `[batch, heads, queries]`. `sinks(1, 1)` is one for all rows. The plan is bound by [`bind_with`](crate::Plan::bind_with).
    ///
    /// A sink `k` is one more logit of its row, without a column: neither scaled nor masked. With `z` the scaled and masked logits and
    /// `m = max(z, k)`, probabilities are `exp(z - m) / (sum exp(z - m) + exp(k - m))`, and the lse is `m` plus the logarithm of that
    /// divisor. `k = 0` makes "softmax1". A sink of `-inf` adds nothing, and one that is NaN or `+inf` does what a logit of that value
    /// does. A row whose logits are all `-inf` or excluded is not empty with a finite sink: its probabilities are 0.
    ///
    /// The backward passes of softmax and log-softmax are right as they are, with probabilities that sum to less than 1; with sinks,
    /// they give the gradient by the sinks, too. Not for the Jacobian and for rows in shards.
    #[must_use]
    pub const fn sinks(self, heads: u64, queries: u64) -> Self {
        Self {
            sinks: Some(Sinks { heads, queries }),
            ..self
        }
    }

    /// Sets the result of an empty row: one whose logits are all `-inf` or excluded. Its lse is `-inf` either way.
    #[must_use]
    pub const fn empty_rows(self, empty_rows: EmptyRows) -> Self {
        Self { empty_rows, ..self }
    }

    /// Multiplies logits by `scale` before anything else. `scale` is finite and above 0. Gradients carry the factor. No
    /// finite logit becomes infinite by it, since the kernels scale its distance from the maximum.
    #[must_use]
    pub const fn scale(self, scale: f32) -> Self {
        Self { scale, ..self }
    }

    /// Sets the storage type of every matrix. Values of one a row, such as those of logsumexp, are always f32.
    #[must_use]
    pub const fn dtype(self, dtype: DType) -> Self {
        Self { dtype, ..self }
    }

    /// Sets the layout of the first input: logits, probabilities or log-probabilities.
    #[must_use]
    pub const fn input_layout(mut self, layout: Layout) -> Self {
        self.layouts.source = layout;
        self
    }

    /// Sets the layout of the upstream gradient.
    #[must_use]
    pub const fn upstream_layout(mut self, layout: Layout) -> Self {
        self.layouts.upstream = layout;
        self
    }

    /// Sets the layout of the result.
    #[must_use]
    pub const fn output_layout(mut self, layout: Layout) -> Self {
        self.layouts.result = layout;
        self
    }

    /// Puts the result over the first input, element by element, in one buffer that is given for both: half the memory.
    /// The first input is the logits, or the output of the forward pass, never the upstream gradient; its layout is that
    /// of the result. The bits are those of a result elsewhere.
    ///
    /// For operations whose result is a matrix of the first input's shape; the others refuse it.
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

    /// Columns of a row.
    pub const fn cols(&self) -> u64 {
        self.cols
    }
}

/// Result of an empty row: one whose logits are all `-inf` or excluded. Its lse is `-inf` either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EmptyRows {
    /// NaN, as in PyTorch.
    #[default]
    Nan,
    /// Probabilities of 0, log-probabilities of `-inf`.
    Zero,
}
