//! Execution of a case on the device, its outputs poisoned beforehand and followed by words that must survive.

use wgpu::Buffer;

use super::case::Case;
use super::expected::Expected;
use super::kinds::Kind;
use super::matrices::{Output, upload_rows};
use super::report::{EMPTY, digest};
use super::subject::Matrix;
use super::{row_outputs, shards};
use crate::device::kernel::Bound;
use crate::device::planner::Planner;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::ops::any::operands;
use crate::ops::cross_entropy::{
    CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, Status,
};
use crate::ops::extras::SoftmaxExtras;
use crate::ops::plan::{Holds, RowPlan};
use crate::spec::dtype::DType;
use crate::spec::target_type::TargetType;
use crate::variant::{Operation, Variant};

/// Outputs of a case, in the order of its expectations, and a flag that everything around them survived.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) outputs: Vec<Vec<f32>>,
    pub(super) kept_within: bool,
    /// Digest of the bits of every output, all NaNs counted as one.
    pub(super) digest: u64,
}

impl Outcome {
    /// Runs `bounds` and reads outputs, all at once: in a browser each wait takes long.
    pub(super) async fn of(
        gpu: &Gpu,
        bounds: &[Bound],
        outputs: &[&Output],
        what: &str,
    ) -> Result<Self, Error> {
        let buffers: Vec<_> = outputs.iter().map(|output| output.whole()).collect();
        let fetched = gpu.run_all(bounds, &buffers, what).await?;
        let mut outcome = Self {
            outputs: Vec::new(),
            kept_within: true,
            digest: EMPTY,
        };
        let bits = |value: &f32| match value.is_nan() {
            true => f32::NAN.to_bits(),
            false => value.to_bits(),
        };
        for (output, bytes) in outputs.iter().zip(fetched) {
            let (values, kept) = output.values(bytes);
            outcome.digest = digest(outcome.digest, values.iter().map(bits));
            outcome.kept_within &= kept;
            outcome.outputs.push(values);
        }
        Ok(outcome)
    }
}

/// Runs `case` with `variant` forced.
pub(super) async fn execute(gpu: &Gpu, variant: Variant, case: &Case) -> Result<Outcome, Error> {
    let planner = gpu.planner().with_variant(variant);
    let what = format!(
        "check of {} at {} x {}",
        case.of.operation, case.of.rows, case.of.cols
    );
    match case.of.operation {
        Operation::CrossEntropy | Operation::CrossEntropyFused => {
            cross_entropy(gpu, &planner, case, &what).await
        }
        Operation::CrossEntropyBackward => cross_entropy_backward(gpu, &planner, case, &what).await,
        Operation::SoftmaxFromPairs | Operation::CrossEntropyFromPairs => {
            shards::execute(gpu, variant, case, &what).await
        }
        _ => rows(gpu, &planner, case, &what).await,
    }
}

async fn rows(gpu: &Gpu, planner: &Planner, case: &Case, what: &str) -> Result<Outcome, Error> {
    let Case { of, expected, .. } = case;
    let (first, output) = match of.operation {
        Operation::LogSumExp | Operation::Jacobian => {
            let Expected { values, dtype, .. } = &expected[0];
            let output = Output::new(gpu, "output", values.len(), *dtype)?;
            (upload_rows(gpu, Matrix::Source, &case.first, case)?, output)
        }
        _ => Output::over_first(gpu, case)?,
    };
    let second = match operands(of.operation) {
        [_, second, _] if second.holds == Holds::Value => {
            Some(gpu.upload("second input", &case.second)?)
        }
        [_, _, _] => Some(upload_rows(gpu, Matrix::Upstream, &case.second, case)?),
        _ => None,
    };
    let mask = case.masking.upload(gpu)?;
    let mut extras = SoftmaxExtras {
        mask: mask.as_ref(),
        ..SoftmaxExtras::default()
    };
    let sinks = gpu.upload("sinks", &case.sinks)?;
    let sink_probs = gpu.upload("sink_probs", &case.sink_probs)?;
    let of_sinks = Output::new(gpu, "sink output", of.rows, DType::F32)?;
    if of.options.sinks {
        extras = match of.operation {
            Operation::LogSumExpBackward => extras.sinks(&sinks).grad_sinks(&of_sinks.buffer),
            _ if of.operation.takes_masks() => extras.sinks(&sinks).sink_probs(&of_sinks.buffer),
            _ => extras.sink_probs(&sink_probs).grad_sinks(&of_sinks.buffer),
        };
    }
    let inputs = [&first].into_iter().chain(&second);
    let buffers: Vec<_> = inputs.chain([&output.buffer]).collect();
    let plan = RowPlan::any(planner, of.operation, case.masking.spec(of.softmax_spec()))?;
    let bound = plan.bind(of.rows as u64, &buffers, extras)?;
    let outputs = [&output, &of_sinks];
    let outputs = &outputs[..expected.len()];
    Outcome::of(gpu, &[bound], outputs, what).await
}

async fn cross_entropy(
    gpu: &Gpu,
    planner: &Planner,
    case: &Case,
    what: &str,
) -> Result<Outcome, Error> {
    let mut inputs = Inputs::upload(gpu, case)?;
    let lse = Output::new(gpu, "lse", case.of.rows, DType::F32)?;
    let pairs = Output::new(gpu, "pairs", 2 * case.of.rows, DType::F32)?;
    let status = Output::new(gpu, "status", size_of::<Status>() / 4, DType::F32)?;
    let mut losses = inputs.losses(gpu, case)?;

    let plan = planner.cross_entropy(case.spec)?;
    let layout = plan.row_layout();
    let row_words = layout.words as usize * case.of.rows;
    let row_outputs = Output::new(gpu, "row_outputs", row_words, DType::F32)?;

    let extras = CrossEntropyExtras {
        lse: Some(&lse.buffer),
        pairs: Some(&pairs.buffer),
        status: Some(&status.buffer),
        row_outputs: (layout.words > 0).then_some(&row_outputs.buffer),
        ..inputs.extras()
    };
    let mut bounds = vec![plan.bind_with(case.of.rows as u64, losses.with(&inputs), extras)?];
    if case.of.options.is_plain_loss(case.of.operation) {
        // Where no pairs are saved, another kernel computes the losses and the gradient.
        losses = inputs.losses(gpu, case)?;
        let rows = case.of.rows as u64;
        bounds.push(plan.bind_with(rows, losses.with(&inputs), inputs.extras())?);
    }
    let per_row = [&losses.losses, &lse, &pairs, &status].into_iter();
    let outputs = per_row.chain(&losses.grad);
    let outputs: Vec<_> = match layout.words {
        0 => outputs.collect(),
        _ => outputs.chain([&row_outputs]).collect(),
    };
    let mut outcome = Outcome::of(gpu, &bounds, &outputs, what).await?;
    outcome.outputs[2] = lse_of_pairs(case, &outcome.outputs[2]);
    outcome.outputs[3] = counts(&outcome.outputs[3]);
    if layout.words > 0 {
        let values = outcome.outputs.pop().unwrap_or_default();
        let words = bytemuck::cast_slice(&values);
        outcome
            .outputs
            .extend(row_outputs::found(case, &layout, words));
    }
    Ok(outcome)
}

/// Computes the lse from the pairs (max, 1 / sum): in a row without probabilities, it is stored in place of the maximum.
fn lse_of_pairs(case: &Case, pairs: &[f32]) -> Vec<f32> {
    let scale = |row: usize| match case.of.options.loss.softcap {
        Some(_) => 1.0,
        None => {
            let of_row = case.row_scale.get(row).copied().unwrap_or(1.0);
            f64::from(case.of.options.loss.scale * of_row)
        }
    };
    let of_row = |(row, pair): (usize, &[f32])| match pair[1].is_nan() {
        true => pair[0],
        false => (scale(row) * f64::from(pair[0]) - f64::from(pair[1]).ln()) as f32,
    };
    pairs.chunks_exact(2).enumerate().map(of_row).collect()
}

/// Converts the status to numbers: each count is small enough, or all ones.
pub(super) fn counts(status: &[f32]) -> Vec<f32> {
    let status: Status = *bytemuck::from_bytes(bytemuck::cast_slice(status));
    vec![
        status.valid_rows as f32,
        status.bad_targets as f32,
        status.first_bad_row as f32,
        status.nan_rows as f32,
        status.weight_sum,
    ]
}

/// Outputs of a cross-entropy.
struct Losses {
    losses: Output,
    grad: Option<Output>,
}

impl Losses {
    fn with<'a>(&'a self, inputs: &'a Inputs) -> CrossEntropyBuffers<'a> {
        CrossEntropyBuffers {
            logits: &inputs.logits,
            targets: &inputs.targets,
            losses: &self.losses.buffer,
            grad_logits: self.grad.as_ref().map(|output| &output.buffer),
        }
    }
}

/// Inputs of a cross-entropy.
struct Inputs {
    logits: Buffer,
    targets: Buffer,
    weight: Option<Buffer>,
    row_weight: Option<Buffer>,
    row_scale: Option<Buffer>,
    grad_losses: Option<Buffer>,
    candidates: Option<Buffer>,
    mask: Option<Buffer>,
}

impl Inputs {
    fn upload(gpu: &Gpu, case: &Case) -> Result<Self, Error> {
        let some = |role, values: &[f32]| match values {
            [] => Ok(None),
            values => gpu.upload(role, values).map(Some),
        };
        Ok(Self {
            logits: upload_rows(gpu, Matrix::Source, &case.first, case)?,
            targets: match case.of.options.kind {
                Kind::Probs => upload_rows(gpu, Matrix::Upstream, &case.probs, case)?,
                _ => upload_ids(gpu, "targets", case, &case.ids)?,
            },
            weight: some("weight", &case.weight)?,
            row_weight: some("row_weight", &case.row_weight)?,
            row_scale: some("row_scale", &case.row_scale)?,
            grad_losses: some("grad_losses", &case.second)?,
            candidates: match case.candidates[..] {
                [] => None,
                _ => Some(upload_ids(gpu, "candidates", case, &case.candidates)?),
            },
            mask: case.masking.upload(gpu)?,
        })
    }

    /// Allocates an output for the gradient: over the logits if it is in place.
    fn gradient(&mut self, gpu: &Gpu, case: &Case) -> Result<Output, Error> {
        let (logits, output) = Output::over_first(gpu, case)?;
        self.logits = logits;
        Ok(output)
    }

    /// Allocates outputs for the losses and, if requested, for their gradient.
    fn losses(&mut self, gpu: &Gpu, case: &Case) -> Result<Losses, Error> {
        let losses = Output::new(gpu, "losses", case.expected[0].values.len(), DType::F32)?;
        let grad = match case.of.operation {
            Operation::CrossEntropyFused => Some(self.gradient(gpu, case)?),
            _ => None,
        };
        Ok(Losses { losses, grad })
    }

    fn extras(&self) -> CrossEntropyExtras<'_> {
        CrossEntropyExtras {
            weight: self.weight.as_ref(),
            row_weight: self.row_weight.as_ref(),
            row_scale: self.row_scale.as_ref(),
            grad_losses: self.grad_losses.as_ref(),
            candidates: self.candidates.as_ref(),
            mask: self.mask.as_ref(),
            ..CrossEntropyExtras::default()
        }
    }
}

/// Uploads ids as the case stores them: by their lower words, except for i64.
pub(super) fn upload_ids(gpu: &Gpu, name: &str, case: &Case, ids: &[i64]) -> Result<Buffer, Error> {
    match case.of.options.kind.target_type() {
        TargetType::I64 => gpu.upload(name, ids),
        _ => {
            let low: Vec<_> = ids.iter().map(|&id| id as i32).collect();
            gpu.upload(name, &low)
        }
    }
}

async fn cross_entropy_backward(
    gpu: &Gpu,
    planner: &Planner,
    case: &Case,
    what: &str,
) -> Result<Outcome, Error> {
    let mut inputs = Inputs::upload(gpu, case)?;
    let rows = case.of.rows as u64;
    let losses = gpu.allocate("losses", rows * 4)?;
    let pairs = gpu.allocate("pairs", rows * 8)?;
    let grad = inputs.gradient(gpu, case)?;

    let buffers = CrossEntropyBuffers {
        logits: &inputs.logits,
        targets: &inputs.targets,
        losses: &losses,
        grad_logits: None,
    };
    let forward = gpu.planner().cross_entropy(case.spec)?;
    let extras = inputs.extras().pairs(&pairs);
    let saving = forward.bind_with(rows, buffers, extras)?;
    let buffers = CrossEntropyBackwardBuffers {
        logits: &inputs.logits,
        targets: &inputs.targets,
        pairs: &pairs,
        grad_logits: &grad.buffer,
    };
    let backward = planner.cross_entropy_backward(case.spec)?;
    let bound = backward.bind_with(rows, buffers, inputs.extras())?;
    Outcome::of(gpu, &[saving, bound], &[&grad], what).await
}
