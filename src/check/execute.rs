//! A case on the device, its outputs poisoned beforehand and followed by words that must survive.

use wgpu::Buffer;

use super::case::Case;
use super::masking::Masking;
use super::matrices::{Output, upload_rows};
use super::options::Kind;
use super::row_outputs;
use super::rows::RowBuffers;
use crate::variant::{Operation, Variant};
use crate::{
    CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, DType, Error, Gpu,
    Planner, SoftmaxSpec, Status, TargetType,
};

/// The outputs of a case, in the order of its expectations, and whether every margin survived.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) outputs: Vec<Vec<f32>>,
    pub(super) kept_within: bool,
}

/// Runs `case` with `variant` forced.
pub(super) fn execute(gpu: &Gpu, variant: Variant, case: &Case) -> Result<Outcome, Error> {
    let planner = gpu.planner().with_variant(variant);
    let what = format!(
        "check of {} at {} x {}",
        case.of.operation, case.of.rows, case.of.cols
    );
    match case.of.operation {
        Operation::CrossEntropy | Operation::CrossEntropyFused => {
            cross_entropy(gpu, &planner, case, &what)
        }
        Operation::CrossEntropyBackward => cross_entropy_backward(gpu, &planner, case, &what),
        _ => rows(gpu, &planner, case, &what),
    }
}

fn collect<'a>(
    gpu: &Gpu,
    case: &Case,
    outputs: impl IntoIterator<Item = &'a Output>,
) -> Result<Outcome, Error> {
    let mut outcome = Outcome {
        outputs: Vec::new(),
        kept_within: true,
    };
    for output in outputs {
        let (values, kept) = output.fetch_rows(gpu, case)?;
        outcome.outputs.push(values);
        outcome.kept_within &= kept;
    }
    Ok(outcome)
}

fn rows(gpu: &Gpu, planner: &Planner, case: &Case, what: &str) -> Result<Outcome, Error> {
    let dtype = case.of.dtype;
    let spec = SoftmaxSpec::new(case.of.rows as u64, case.of.cols as u64)
        .dtype(dtype)
        .inner(case.of.inner as u64)
        .scale(case.of.options.scale);
    let spec = match case.of.in_place {
        true => spec.in_place(),
        false => spec,
    };
    let expected = &case.expected[0];
    let (first, output) = Output::beside_first(gpu, case, expected.values.len(), expected.dtype)?;
    let first = &first;
    let second = match (case.second.as_slice(), case.of.operation) {
        ([], _) => None,
        // One value a row is f32 always.
        (values, Operation::LogSumExpBackward) => Some(gpu.upload("second input", values)?),
        (values, _) => Some(upload_rows(gpu, "second input", values, case)?),
    };
    let mask = match &case.masking {
        Masking { mask: None, .. } => None,
        masking if masking.kept.is_empty() => Some(gpu.upload("mask", &masking.added)?),
        masking => Some(gpu.upload("mask", &masking.kept)?),
    };
    let buffers = RowBuffers {
        first,
        second: second.as_ref().unwrap_or(first),
        output: &output.buffer,
        mask: mask.as_ref(),
    };
    let bound = buffers.bind(planner, case.of.operation, case.masking.spec(spec))?;
    gpu.run(&bound, what)?;
    collect(gpu, case, [&output])
}

fn cross_entropy(gpu: &Gpu, planner: &Planner, case: &Case, what: &str) -> Result<Outcome, Error> {
    let mut inputs = Inputs::upload(gpu, case)?;
    let losses = Output::new(gpu, "losses", case.expected[0].values.len(), DType::F32)?;
    let lse = Output::new(gpu, "lse", case.of.rows, DType::F32)?;
    let status = Output::new(gpu, "status", size_of::<Status>() / 4, DType::F32)?;
    let fused = case.of.operation == Operation::CrossEntropyFused;
    let grad = if fused {
        Some(inputs.gradient(gpu, case)?)
    } else {
        None
    };

    let plan = planner.cross_entropy(case.spec)?;
    let layout = plan.row_layout();
    let row_words = layout.words as usize * case.of.rows;
    let row_outputs = Output::new(gpu, "row_outputs", row_words, DType::F32)?;

    let buffers = CrossEntropyBuffers {
        logits: &inputs.logits,
        targets: &inputs.targets,
        losses: &losses.buffer,
        grad_logits: grad.as_ref().map(|output| &output.buffer),
    };
    let mut extras = inputs.extras().lse(&lse.buffer).status(&status.buffer);
    extras.row_outputs = (layout.words > 0).then_some(&row_outputs.buffer);
    let bound = plan.bind_with(case.of.rows as u64, buffers, extras)?;
    gpu.run(&bound, what)?;
    let mut outcome = collect(gpu, case, [&losses, &lse, &status].into_iter().chain(&grad))?;
    outcome.outputs[2] = counts(&outcome.outputs[2]);
    if layout.words > 0 {
        let (values, kept) = row_outputs.fetch(gpu)?;
        let words = bytemuck::cast_slice(&values);
        outcome
            .outputs
            .extend(row_outputs::found(case, &layout, words));
        outcome.kept_within &= kept;
    }
    Ok(outcome)
}

/// The status as numbers: each count is small enough, or all ones.
fn counts(status: &[f32]) -> Vec<f32> {
    let status: Status = *bytemuck::from_bytes(bytemuck::cast_slice(status));
    vec![
        status.valid_rows as f32,
        status.bad_targets as f32,
        status.first_bad_row as f32,
        status.nan_rows as f32,
        status.weight_sum,
    ]
}

/// What a cross-entropy reads.
struct Inputs {
    logits: Buffer,
    targets: Buffer,
    weight: Option<Buffer>,
    grad_losses: Option<Buffer>,
    candidates: Option<Buffer>,
}

impl Inputs {
    fn upload(gpu: &Gpu, case: &Case) -> Result<Self, Error> {
        let some = |role, values: &[f32]| match values {
            [] => Ok(None),
            values => gpu.upload(role, values).map(Some),
        };
        Ok(Self {
            logits: upload_rows(gpu, "logits", &case.first, case)?,
            targets: targets(gpu, case)?,
            weight: some("weight", &case.weight)?,
            grad_losses: some("grad_losses", &case.second)?,
            candidates: match case.candidates[..] {
                [] => None,
                _ => Some(upload_ids(gpu, "candidates", case, &case.candidates)?),
            },
        })
    }

    /// An output for the gradient: over the logits if it is in place.
    fn gradient(&mut self, gpu: &Gpu, case: &Case) -> Result<Output, Error> {
        let len = case.first.len();
        let (logits, output) = Output::beside_first(gpu, case, len, case.of.dtype)?;
        self.logits = logits;
        Ok(output)
    }

    fn extras(&self) -> CrossEntropyExtras<'_> {
        CrossEntropyExtras {
            weight: self.weight.as_ref(),
            grad_losses: self.grad_losses.as_ref(),
            candidates: self.candidates.as_ref(),
            ..CrossEntropyExtras::default()
        }
    }
}

/// Targets as the case stores them. Those out of range of their type are i32, and have been drawn as such.
fn targets(gpu: &Gpu, case: &Case) -> Result<Buffer, Error> {
    match case.of.options.kind {
        Kind::Probs => upload_rows(gpu, "targets", &case.probs, case),
        _ => upload_ids(gpu, "targets", case, &case.ids),
    }
}

fn upload_ids(gpu: &Gpu, name: &str, case: &Case, ids: &[i64]) -> Result<Buffer, Error> {
    let low = || ids.iter().map(|&id| id as i32).collect::<Vec<_>>();
    match case.of.options.kind.target_type() {
        TargetType::I64 => gpu.upload(name, ids),
        _ => gpu.upload(name, &low()),
    }
}

fn cross_entropy_backward(
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
    gpu.run(&forward.bind_with(rows, buffers, extras)?, what)?;
    let buffers = CrossEntropyBackwardBuffers {
        logits: &inputs.logits,
        targets: &inputs.targets,
        pairs: &pairs,
        grad_logits: &grad.buffer,
    };
    let backward = planner.cross_entropy_backward(case.spec)?;
    gpu.run(&backward.bind_with(rows, buffers, inputs.extras())?, what)?;
    collect(gpu, case, [&grad])
}
