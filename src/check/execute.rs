//! A case on the device, its outputs poisoned beforehand and followed by words that must survive.

use std::borrow::Cow;

use wgpu::Buffer;

use super::case::Case;
use super::masking::Masking;
use super::options::Kind;
use super::row_outputs;
use crate::softmax::{
    LogSoftmaxBackwardBuffers, LogSoftmaxBuffers, LogSumExpBackwardBuffers, LogSumExpBuffers,
    SoftmaxBackwardBuffers, SoftmaxBuffers,
};
use crate::variant::{Operation, Variant};
use crate::{
    Bound, CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, DType, Error, Gpu,
    JacobianBuffers, Plan, Planner, RowOperation, SoftmaxSpec, Status, TargetType,
};

/// What an output holds before it is written: a value that no case expects.
const POISON: u32 = 0xdead_beef;

/// Words after the last one of an output.
const MARGIN: usize = 64;

/// The outputs of a case, in the order of its expectations, and whether every margin survived.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) outputs: Vec<Vec<f32>>,
    pub(super) kept_within: bool,
}

/// A poisoned output of `len` values and a margin.
struct Output {
    buffer: Buffer,
    words: usize,
    len: usize,
    dtype: DType,
}

impl Output {
    fn new(gpu: &Gpu, name: &str, len: usize, dtype: DType) -> Result<Self, Error> {
        Self::over(gpu, name, &[], len, dtype)
    }

    /// An output over an input: what is read, and poison after it.
    fn over(
        gpu: &Gpu,
        name: &str,
        values: &[f32],
        len: usize,
        dtype: DType,
    ) -> Result<Self, Error> {
        let words = len.div_ceil(4 / dtype.bytes() as usize) + MARGIN;
        let mut contents = vec![POISON; words];
        match dtype {
            DType::F32 => contents[..values.len()].copy_from_slice(bytemuck::cast_slice(values)),
            _ => {
                let halves: &mut [u16] = bytemuck::cast_slice_mut(&mut contents);
                let both = halves.iter_mut().zip(values);
                both.for_each(|(half, &value)| *half = dtype.encode(value) as u16);
            }
        }
        Ok(Self {
            buffer: gpu.upload(name, &contents)?,
            words,
            len,
            dtype,
        })
    }

    /// The same with rows one after the other, if it is a matrix.
    fn fetch_rows(&self, gpu: &Gpu, case: &Case) -> Result<(Vec<f32>, bool), Error> {
        let (values, kept) = self.fetch(gpu)?;
        let is_matrix = values.len() == case.of.rows * case.of.cols;
        let rows = match is_matrix && case.of.inner > 1 {
            true => swapped(&values, case.of.cols, case.of.inner),
            false => values,
        };
        Ok((rows, kept))
    }

    /// The first input of a case and a matrix of so many values made of it: in one buffer if it is in place.
    fn beside_first(
        gpu: &Gpu,
        case: &Case,
        len: usize,
        dtype: DType,
    ) -> Result<(Buffer, Self), Error> {
        if case.of.in_place {
            let output = Self::over(gpu, "in place", &rows_of(&case.first, case), len, dtype)?;
            return Ok((output.buffer.clone(), output));
        }
        let first = upload_rows(gpu, "first input", &case.first, case)?;
        Ok((first, Self::new(gpu, "output", len, dtype)?))
    }

    /// The values written, and whether what follows them is as it was.
    fn fetch(&self, gpu: &Gpu) -> Result<(Vec<f32>, bool), Error> {
        let size = 4 * self.words / self.dtype.bytes() as usize;
        match self.dtype {
            DType::F32 => {
                let mut words: Vec<u32> = gpu.download(&self.buffer, size)?;
                let margin = words.split_off(self.len);
                let kept = margin.iter().all(|&word| word == POISON);
                Ok((bytemuck::cast_vec(words), kept))
            }
            _ => {
                let mut halves: Vec<u16> = gpu.download(&self.buffer, size)?;
                let margin = halves.split_off(self.len);
                // The poison's halves differ: which of them it is goes by the place.
                let poison = |place: usize| (POISON >> (16 * ((self.len + place) % 2))) as u16;
                let kept = margin
                    .iter()
                    .enumerate()
                    .all(|(place, &half)| half == poison(place));
                Ok((
                    halves
                        .into_iter()
                        .map(|half| self.dtype.decode(half.into()))
                        .collect(),
                    kept,
                ))
            }
        }
    }
}

/// A matrix as it is stored.
pub(crate) fn upload(gpu: &Gpu, name: &str, values: &[f32], dtype: DType) -> Result<Buffer, Error> {
    if dtype == DType::F32 {
        return gpu.upload(name, values);
    }
    let encode = |&value| dtype.encode(value) as u16;
    let mut halves: Vec<u16> = values.iter().map(encode).collect();
    halves.resize(halves.len().next_multiple_of(2), 0);
    gpu.upload(name, &halves)
}

/// The slices of a matrix, `from` times `to` elements each, transposed: `[from, to]` becomes `[to, from]`.
fn swapped(values: &[f32], from: usize, to: usize) -> Vec<f32> {
    let transposed = |slice: &[f32]| -> Vec<f32> {
        (0..to)
            .flat_map(|column| slice.iter().skip(column).step_by(to))
            .copied()
            .collect()
    };
    values
        .chunks_exact(from * to)
        .flat_map(transposed)
        .collect()
}

/// A matrix of a case as it lies on the device.
fn rows_of<'a>(values: &'a [f32], case: &Case) -> Cow<'a, [f32]> {
    match case.of.inner {
        1 => Cow::Borrowed(values),
        inner => Cow::Owned(swapped(values, inner, case.of.cols)),
    }
}

fn upload_rows(gpu: &Gpu, name: &str, values: &[f32], case: &Case) -> Result<Buffer, Error> {
    upload(gpu, name, &rows_of(values, case), case.of.dtype)
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

/// What a row operation reads and writes.
struct RowBuffers<'a> {
    first: &'a Buffer,
    second: &'a Buffer,
    output: &'a Buffer,
    mask: Option<&'a Buffer>,
}

impl RowBuffers<'_> {
    fn bind(
        &self,
        planner: &Planner,
        operation: Operation,
        spec: SoftmaxSpec,
    ) -> Result<Bound, Error> {
        let Self {
            first,
            second,
            output,
            ..
        } = *self;
        match operation {
            Operation::Softmax => self.masked(
                &planner.softmax(spec)?,
                spec,
                SoftmaxBuffers {
                    logits: first,
                    probs: output,
                },
            ),
            Operation::LogSoftmax => self.masked(
                &planner.log_softmax(spec)?,
                spec,
                LogSoftmaxBuffers {
                    logits: first,
                    log_probs: output,
                },
            ),
            Operation::LogSumExp => self.masked(
                &planner.logsumexp(spec)?,
                spec,
                LogSumExpBuffers {
                    logits: first,
                    lse: output,
                },
            ),
            Operation::SoftmaxBackward => {
                planner
                    .softmax_backward(spec)?
                    .bind(SoftmaxBackwardBuffers {
                        probs: first,
                        grad_probs: second,
                        grad_logits: output,
                    })
            }
            Operation::LogSoftmaxBackward => {
                planner
                    .log_softmax_backward(spec)?
                    .bind(LogSoftmaxBackwardBuffers {
                        log_probs: first,
                        grad_log_probs: second,
                        grad_logits: output,
                    })
            }
            Operation::LogSumExpBackward => {
                planner
                    .logsumexp_backward(spec)?
                    .bind(LogSumExpBackwardBuffers {
                        logits: first,
                        grad_lse: second,
                        grad_logits: output,
                    })
            }
            Operation::Jacobian => planner.jacobian(spec)?.bind(JacobianBuffers {
                logits: first,
                jacobian: output,
            }),
            _ => unreachable!("the other operations are bound on their own"),
        }
    }

    /// With the mask, if there is one.
    fn masked<O: RowOperation>(
        &self,
        plan: &Plan<O>,
        spec: SoftmaxSpec,
        buffers: O::Buffers<'_>,
    ) -> Result<Bound, Error> {
        match self.mask {
            Some(mask) => plan.bind_masked(spec.rows(), buffers, mask),
            None => plan.bind(buffers),
        }
    }
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
