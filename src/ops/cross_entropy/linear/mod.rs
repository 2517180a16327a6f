//! The cross-entropy of a linear layer's logits, which are computed, used and dropped in chunks of rows: first the targets are
//! counted; of each chunk the logits are multiplied out, their gradient overwrites them, and is multiplied with the weight and
//! with hidden; then the losses are reduced. All in one pass, in one order.

mod bind;
mod buffers;
mod chunks;
#[cfg(feature = "kernels")]
mod described;
mod scratch;
#[cfg(feature = "kernels")]
mod texts;

use std::sync::Arc;

pub use buffers::{LinearCrossEntropyBuffers, LinearGradients};

use crate::device::gemm::check_extent;
use crate::device::planner::Planner;
use crate::device::rows::RowKernels;
use crate::device::runnable::Runnable;
use crate::device::tensor::F32;
use crate::device::window::Window;
use crate::error::Error;
use crate::ops::bytes::mask_bytes;
use crate::ops::cross_entropy::CrossEntropyPlan;
use crate::shader::{Program, Stage};
use crate::spec::dtype::DType;
use crate::spec::linear::LinearCrossEntropySpec;
use crate::spec::row_outputs::RowLayout;
use crate::spec::target_type::TargetType;
use crate::variant::{Operation, Product, Tile};

/// A cross-entropy of a linear layer that is planned and checked. It needs buffers to run: the first binding compiles its
/// kernels.
///
/// Cheap to clone; holds no buffer.
///
/// ```
/// # use wgpu_softmax::{Gpu, LinearCrossEntropyBuffers, LinearCrossEntropySpec, LinearGradients};
/// # let gpu = Gpu::open()?;
/// # let (planner, hidden) = (gpu.planner(), gpu.upload("hidden", &[0f32; 8])?);
/// # let (weight, targets) = (gpu.upload("weight", &[0f32; 12])?, gpu.upload("targets", &[2, 0])?);
/// # let (losses, grad_hidden, grad_weight) = (gpu.allocate("losses", 4)?, gpu.allocate("a", 32)?, gpu.allocate("b", 48)?);
/// // Two rows of four features, three classes.
/// let plan = planner.linear_cross_entropy(LinearCrossEntropySpec::new(2, 4, 3))?;
/// println!("{} bytes of memory, {} operations", plan.scratch_bytes(), plan.flops());
/// let bound = plan.bind(LinearCrossEntropyBuffers {
///     hidden: &hidden,
///     weight: &weight,
///     bias: None,
///     targets: &targets,
///     losses: &losses,
///     gradients: LinearGradients { hidden: Some(&grad_hidden), weight: Some(&grad_weight), bias: None },
/// })?;
/// # gpu.run(&bound, "the example")?;
/// # assert_eq!(gpu.download::<f32>(&losses, 1)?, [3f32.ln()]);
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LinearCrossEntropyPlan {
    planner: Planner,
    spec: LinearCrossEntropySpec,
    /// The loss of the logits, whose gradient overwrites them.
    loss: CrossEntropyPlan,
    tile: Tile,
    /// The products, in the order of [`Product::ALL`].
    products: [Arc<Runnable>; 3],
    column_sums: Arc<Runnable>,
    /// What rounds the gradient by hidden to 16 bits.
    narrow: Option<Arc<Runnable>>,
    chunk_rows: u64,
    /// Ranges of classes within which the weight and its gradient fit the binding limit.
    class_windows: Arc<[Window]>,
}

impl Planner {
    /// Plans the cross-entropy of a linear layer's logits, with and without gradients: the buffers decide which of them are
    /// computed. Compiles nothing yet.
    ///
    /// # Errors
    ///
    /// No features or classes, more than 32-bit indices reach, or logits or features of one row that no binding holds;
    /// probabilities as targets; an option outside its range.
    pub fn linear_cross_entropy(
        &self,
        spec: LinearCrossEntropySpec,
    ) -> Result<LinearCrossEntropyPlan, Error> {
        self.linear_in_tiles(spec, Tile::of(self.abilities()))
    }

    /// Plans the cross-entropy of a linear layer's logits with a tile that fits the device.
    pub(crate) fn linear_in_tiles(
        &self,
        spec: LinearCrossEntropySpec,
        tile: Tile,
    ) -> Result<LinearCrossEntropyPlan, Error> {
        check_extent("features", spec.features)?;
        check_extent("classes", spec.classes)?;
        if spec.targets == TargetType::Probs {
            return Err(Error::value("targets", "class ids", "probabilities"));
        }
        if spec.chunk_rows == Some(0) {
            return Err(Error::value("rows of a chunk", "at least 1", 0));
        }
        let abilities = self.abilities();
        for (what, elements) in [("logits", spec.classes), ("features", spec.features)] {
            let (needed, available) = (elements * F32 + scratch::SLACK, abilities.binding_bytes());
            if needed > available {
                return Err(Error::Limit {
                    what: format!("the {what} of a row"),
                    limit: "max_storage_buffer_binding_size",
                    needed,
                    available,
                });
            }
        }
        let loss = self.cross_entropy(spec.cross_entropy())?;
        let class_windows = chunks::class_windows(&spec, abilities)?;
        // Rows of logits start on multiples of four, but windows of them need not.
        let is_aligned = spec.features.is_multiple_of(4)
            && class_windows
                .iter()
                .all(|window| window.first.is_multiple_of(4));
        let product = |product| self.checked(Program::gemm(product, tile, spec.dtype, is_aligned));
        let one_each = |stage, dtype| {
            self.checked(Program::of_linear(stage, dtype, abilities.max_invocations))
        };
        let [logits, grad_hidden, grad_weight] = Product::ALL.map(product);
        Ok(LinearCrossEntropyPlan {
            planner: self.clone(),
            spec,
            loss,
            tile,
            products: [logits?, grad_hidden?, grad_weight?],
            column_sums: one_each(Stage::ColumnSums, DType::F32)?,
            narrow: match spec.dtype {
                DType::F32 => None,
                dtype => Some(one_each(Stage::Narrow, dtype)?),
            },
            chunk_rows: scratch::chunk_rows(&spec, tile, abilities),
            class_windows: class_windows.into(),
        })
    }
}

impl LinearCrossEntropyPlan {
    /// Layout of a row in the buffer of the row outputs that the spec asks for.
    pub fn row_layout(&self) -> RowLayout {
        self.loss.row_layout()
    }

    /// Number of rows whose logits are in memory together.
    pub const fn chunk_rows(&self) -> u64 {
        self.chunk_rows
    }

    /// Operations on f32 that the three products take, an addition and a multiplication each: `6 rows features classes` with
    /// gradients by hidden and by the weight. A loss without gradients takes a third of them.
    pub const fn flops(&self) -> u64 {
        let LinearCrossEntropySpec {
            rows,
            features,
            classes,
            ..
        } = self.spec;
        rows.saturating_mul(features)
            .saturating_mul(classes)
            .saturating_mul(6)
    }

    /// Number of pipelines that the bindings of this plan compile at most, if the planner holds none of them yet.
    pub fn pipelines(&self) -> usize {
        self.loss.pipelines() + self.products.len() + 1 + usize::from(self.narrow.is_some())
    }

    /// Name of the kernel of the products.
    pub fn kernel(&self) -> String {
        let operation = Operation::LinearCrossEntropy;
        format!("{operation}.{}.{}", self.tile, self.spec.dtype)
    }

    /// Fewest bytes that loss and gradients must move: each input read once, each output written once.
    pub const fn bytes_moved(&self) -> u64 {
        let stored = self.spec.dtype.bytes();
        self.bytes_by([2 * stored, stored + F32])
    }

    /// Fewest bytes that the loss alone must move.
    #[cfg(feature = "kernels")]
    pub(crate) const fn loss_bytes_moved(&self) -> u64 {
        self.bytes_by([self.spec.dtype.bytes(); 2])
    }

    /// Bytes of targets, losses and mask, and of so many bytes an element of hidden and an element of the weight.
    const fn bytes_by(&self, [of_hidden, of_weight]: [u64; 2]) -> u64 {
        let LinearCrossEntropySpec {
            rows,
            features,
            classes,
            mask,
            ..
        } = self.spec;
        let hidden = rows.saturating_mul(features).saturating_mul(of_hidden);
        let weight = classes.saturating_mul(features).saturating_mul(of_weight);
        let mask = match &mask {
            Some(mask) => mask_bytes(mask),
            None => 0,
        };
        hidden
            .saturating_add(weight)
            .saturating_add(mask)
            .saturating_add(rows.saturating_mul(2 * F32))
    }

    /// Kernels of the loss: with its gradient, or without.
    const fn rows(&self, has_gradients: bool) -> &RowKernels {
        match has_gradients {
            true => &self.loss.fused,
            false => &self.loss.loss_only,
        }
    }

    /// Returns true if row outputs take single logits of a chunk, before the gradient or the next chunk overwrites them.
    const fn gathers(&self) -> bool {
        self.spec.row_outputs.reads_logits()
    }

    fn product(&self, product: Product) -> &Arc<Runnable> {
        &self.products[product as usize]
    }
}
