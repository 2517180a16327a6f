//! Cross-entropy of some rows on the GPU: every row on its own, with the gradient of the reduced loss.

use super::operands::Block;
use super::settings::{Computed, Settings};
use super::targets::SomeTargets;
use crate::cli::files::{Floats, narrow};
use wgpu_softmax::variant::{Operation, Problem};
use wgpu_softmax::{
    CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, Element, Error, Gpu, Mask, Reduction,
};

/// A block on a device.
#[derive(Clone, Copy)]
struct Run<'a> {
    gpu: &'a Gpu,
    block: &'a Block,
    mask: Option<(Mask, &'a [bool])>,
}

impl Settings {
    /// Returns the problem that the kernel for `rows` rows has to solve.
    pub(super) fn problem(&self, rows: u64, mask: Option<Mask>) -> Result<Problem, Error> {
        let spec = self.spec(rows, self.loss.z_loss, mask)?;
        spec.problem(match self.wants.grad_logits {
            true => Operation::CrossEntropyFused,
            false => Operation::CrossEntropy,
        })
    }

    /// Computes a block, with the mask of its rows and the elements of that.
    pub(super) fn on_gpu(
        &self,
        gpu: &Gpu,
        block: &Block,
        mask: Option<(Mask, &[bool])>,
    ) -> Result<Computed, Error> {
        use CrossEntropyInputs as Inputs;
        use Floats::{Bf16, F16, F32};
        use SomeTargets::{Ids, Probs};
        let run = Run { gpu, block, mask };
        match (&block.logits, &block.targets) {
            (F32(x), Ids(ids)) => self.run(run, Inputs::new(x, ids), F32),
            (F16(x), Ids(ids)) => self.run(run, Inputs::new(x, ids), F16),
            (Bf16(x), Ids(ids)) => self.run(run, Inputs::new(x, ids), Bf16),
            (F32(x), Probs(F32(q))) => self.run(run, Inputs::new(x, q), F32),
            (F16(x), Probs(F16(q))) => self.run(run, Inputs::new(x, q), F16),
            (Bf16(x), Probs(Bf16(q))) => self.run(run, Inputs::new(x, q), Bf16),
            _ => unreachable!("probabilities have been opened in the type of the logits"),
        }
    }

    /// Computes in the type of the inputs. If the losses are computed without their z-losses, or the gradient has other
    /// weights, the gradient takes a run of its own.
    fn run<T: Element>(
        &self,
        Run { gpu, block, mask }: Run<'_>,
        inputs: CrossEntropyInputs<'_, T>,
        stored: fn(Vec<T>) -> Floats,
    ) -> Result<Computed, Error> {
        let row_weight = block.row_weight.clone().map(narrow);
        let grad_losses = block.grad_losses.clone().map(narrow);
        let compute = |weight: &Option<Vec<f64>>, z_loss, grad_logits, lse| {
            let spec = self.spec(block.rows as u64, z_loss, mask.map(|(mask, _)| mask))?;
            let weight = weight.clone().map(narrow);
            let mut inputs = inputs;
            inputs.weight = weight.as_deref();
            inputs.row_weight = row_weight.as_deref();
            inputs.row_scale = block.row_scale.as_deref();
            inputs.grad_losses = grad_losses.as_deref();
            inputs.mask = mask.map(|(_, elements)| elements);
            gpu.cross_entropy(&spec, inputs, CrossEntropyWants { grad_logits, lse })
        };
        let CrossEntropyWants { grad_logits, lse } = self.wants;
        let own_run = self.apart || self.of_gradient.0.is_some();
        let (z_loss, own_lse) = (self.z_of_losses(), lse || self.apart);
        let mut output = compute(&self.weight, z_loss, grad_logits && !own_run, own_lse)?;
        if grad_logits && own_run {
            let weight = self.of_gradient.0.as_ref().or(self.weight.as_ref());
            let computed = compute(&weight.cloned(), self.loss.z_loss, true, false)?;
            output.grad_logits = computed.grad_logits;
        }
        let wide = |values: Vec<f32>| values.into_iter().map(f64::from).collect();
        Ok(Computed {
            losses: wide(output.losses),
            lse: wide(output.lse.unwrap_or_default()),
            grad_logits: stored(output.grad_logits.unwrap_or_default()),
        })
    }

    /// Returns the spec of the losses of rows, and of the gradient of their mean, whose counts are those of the whole file.
    fn spec(&self, rows: u64, z_loss: f32, mask: Option<Mask>) -> Result<CrossEntropySpec, Error> {
        let mut loss = self.loss;
        loss.reduction = Reduction::None;
        loss.z_loss = z_loss;
        if self.loss.reduction == Reduction::Mean && self.wants.grad_logits {
            let valid_rows = self.counts.valid_rows;
            let valid_rows = u32::try_from(valid_rows).map_err(|_| Error::Value {
                what: "rows that count, for the gradient of a mean",
                expected: "at most 4,294,967,295",
                found: valid_rows.to_string(),
            })?;
            loss.mean_over = Some((self.of_gradient.1 as f32, valid_rows));
        }
        let spec = CrossEntropySpec::new(rows, self.classes as u64);
        let spec = mask.map_or(spec, |mask| spec.mask(mask));
        Ok(spec
            .inner(self.inner as u64)
            .targets(self.targets)
            .loss(loss)
            .dtype(self.float.dtype())
            .in_place())
    }
}
