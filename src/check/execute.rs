//! A case on the device, its outputs poisoned beforehand and followed by words that must survive.

use wgpu::Buffer;

use super::case::Case;
use crate::softmax::{
    LogSoftmaxBackwardBuffers, LogSoftmaxBuffers, LogSumExpBackwardBuffers, LogSumExpBuffers,
    SoftmaxBackwardBuffers, SoftmaxBuffers,
};
use crate::variant::{Operation, Variant};
use crate::{
    Bound, CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, Error, Gpu,
    JacobianBuffers, Planner, SoftmaxSpec, Status,
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

/// A poisoned output of `len` words and a margin.
struct Output {
    buffer: Buffer,
    len: usize,
}

impl Output {
    fn new(gpu: &Gpu, name: &str, len: usize) -> Result<Self, Error> {
        let buffer = gpu.upload(name, &vec![POISON; len + MARGIN])?;
        Ok(Self { buffer, len })
    }

    /// The words written, and whether those after them are as they were.
    fn fetch(&self, gpu: &Gpu) -> Result<(Vec<u32>, bool), Error> {
        let mut words: Vec<u32> = gpu.download(&self.buffer, self.len + MARGIN)?;
        let margin = words.split_off(self.len);
        Ok((words, margin.iter().all(|&word| word == POISON)))
    }
}

/// Runs `case` with `variant` forced.
pub(super) fn execute(gpu: &Gpu, variant: Variant, case: &Case) -> Result<Outcome, Error> {
    let planner = gpu.planner().with_variant(variant);
    let what = format!(
        "check of {} at {} x {}",
        case.operation, case.rows, case.cols
    );
    match case.operation {
        Operation::CrossEntropy | Operation::CrossEntropyFused => {
            cross_entropy(gpu, &planner, case, &what)
        }
        Operation::CrossEntropyBackward => cross_entropy_backward(gpu, &planner, case, &what),
        _ => rows(gpu, &planner, case, &what),
    }
}

fn collect<'a>(gpu: &Gpu, outputs: impl IntoIterator<Item = &'a Output>) -> Result<Outcome, Error> {
    let mut outcome = Outcome {
        outputs: Vec::new(),
        kept_within: true,
    };
    for output in outputs {
        let (words, kept) = output.fetch(gpu)?;
        outcome.outputs.push(bytemuck::cast_vec(words));
        outcome.kept_within &= kept;
    }
    Ok(outcome)
}

fn rows(gpu: &Gpu, planner: &Planner, case: &Case, what: &str) -> Result<Outcome, Error> {
    let spec = SoftmaxSpec::new(case.rows as u64, case.cols as u64);
    let first = &gpu.upload("first input", &case.first)?;
    let second = if case.second.is_empty() {
        None
    } else {
        Some(gpu.upload("second input", &case.second)?)
    };
    let output = Output::new(gpu, "output", case.expected[0].values.len())?;
    let bound = bind_rows(
        planner,
        case.operation,
        spec,
        first,
        second.as_ref().unwrap_or(first),
        &output.buffer,
    )?;
    gpu.run(&bound, what)?;
    collect(gpu, [&output])
}

fn bind_rows(
    planner: &Planner,
    operation: Operation,
    spec: SoftmaxSpec,
    first: &Buffer,
    second: &Buffer,
    output: &Buffer,
) -> Result<Bound, Error> {
    match operation {
        Operation::Softmax => planner.softmax(spec)?.bind(SoftmaxBuffers {
            logits: first,
            probs: output,
        }),
        Operation::LogSoftmax => planner.log_softmax(spec)?.bind(LogSoftmaxBuffers {
            logits: first,
            log_probs: output,
        }),
        Operation::LogSumExp => planner.logsumexp(spec)?.bind(LogSumExpBuffers {
            logits: first,
            lse: output,
        }),
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

fn cross_entropy(gpu: &Gpu, planner: &Planner, case: &Case, what: &str) -> Result<Outcome, Error> {
    let logits = gpu.upload("logits", &case.first)?;
    let targets = gpu.upload("targets", &case.targets)?;
    let losses = Output::new(gpu, "losses", case.expected[0].values.len())?;
    let lse = Output::new(gpu, "lse", case.rows)?;
    let status = Output::new(gpu, "status", size_of::<Status>() / 4)?;
    let fused = case.operation == Operation::CrossEntropyFused;
    let grad = if fused {
        Some(Output::new(gpu, "grad_logits", case.first.len())?)
    } else {
        None
    };

    let buffers = CrossEntropyBuffers {
        logits: &logits,
        targets: &targets,
        losses: &losses.buffer,
        grad_logits: grad.as_ref().map(|output| &output.buffer),
    };
    let extras = CrossEntropyExtras::default()
        .lse(&lse.buffer)
        .status(&status.buffer);
    gpu.run(
        &planner
            .cross_entropy(case.spec)?
            .bind_with(case.rows as u64, buffers, extras)?,
        what,
    )?;
    let mut outcome = collect(gpu, [&losses, &lse, &status].into_iter().chain(&grad))?;
    outcome.outputs[2] = counts(&outcome.outputs[2]);
    Ok(outcome)
}

/// The status as numbers: each is small enough, or all ones.
fn counts(status: &[f32]) -> Vec<f32> {
    status
        .iter()
        .take(4)
        .map(|word| word.to_bits() as f32)
        .collect()
}

fn cross_entropy_backward(
    gpu: &Gpu,
    planner: &Planner,
    case: &Case,
    what: &str,
) -> Result<Outcome, Error> {
    let logits = gpu.upload("logits", &case.first)?;
    let targets = gpu.upload("targets", &case.targets)?;
    let losses = gpu.allocate("losses", case.rows as u64 * 4)?;
    let pairs = gpu.allocate("pairs", case.rows as u64 * 8)?;
    let grad = Output::new(gpu, "grad_logits", case.first.len())?;

    let buffers = CrossEntropyBuffers {
        logits: &logits,
        targets: &targets,
        losses: &losses,
        grad_logits: None,
    };
    let extras = CrossEntropyExtras::default().pairs(&pairs);
    let forward =
        gpu.planner()
            .cross_entropy(case.spec)?
            .bind_with(case.rows as u64, buffers, extras)?;
    gpu.run(&forward, what)?;
    let backward =
        planner
            .cross_entropy_backward(case.spec)?
            .bind(CrossEntropyBackwardBuffers {
                logits: &logits,
                targets: &targets,
                pairs: &pairs,
                grad_logits: &grad.buffer,
            })?;
    gpu.run(&backward, what)?;
    collect(gpu, [&grad])
}
