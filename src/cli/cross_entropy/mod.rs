//! `cross-entropy`: the loss of class ids, its gradient and the rows' logsumexp.
//!
//! The class ids are read first, since they are small and the gradient of a mean needs their count. Then the logits
//! come block by block, each with the losses of its rows; mean and sum are taken of these in f64, in their order, so
//! that they do not depend on the blocks.

mod block;
mod targets;

use super::args::{self, Reduction};
use super::blocks::Blocks;
use super::engine::Engine;
use super::failure::Failure;
use super::files::{Float, Floats, narrow};
use super::outputs::{ArrayOutput, Outputs};
use super::progress;
use super::rows::Rows;
use block::Settings;
use wgpu_softmax::variant::Operation;

pub(crate) fn run(args: &args::CrossEntropy) -> Result<(), Failure> {
    let outputs = claim(args)?;
    let mut logits = Rows::open(&args.logits, args.common.axis)?;
    let targets = targets::read(args, &logits)?;
    let mut results = Results::begin(&outputs, args.reduction, &logits)?;
    let computed = if args.grad.is_some() {
        Operation::CrossEntropyFused
    } else {
        Operation::CrossEntropy
    };
    let engine = Engine::open(&args.common, computed, &logits)?;
    let settings = Settings::new(args, &logits, &targets);
    let sum = compute(
        args,
        &engine,
        &settings,
        &mut logits,
        &targets,
        &mut results,
    )?;
    let loss = match args.reduction {
        Reduction::Mean => Some((sum / settings.valid_rows as f64) as f32),
        Reduction::Sum => Some(sum as f32),
        Reduction::None => None,
    };
    let report = engine.report("cross-entropy", &logits, &outputs, loss);
    drop(logits);
    results.finish(&outputs, loss, &report)?;
    loss.map_or(Ok(()), |loss| outputs.say(format!("{loss:?}")))
}

fn claim(args: &args::CrossEntropy) -> Result<Outputs, Failure> {
    let outputs = Outputs::default()
        .array("loss", args.output.as_deref())?
        .array("grad_logits", args.grad.as_deref())?
        .array("lse", args.lse.as_deref())?;
    if args.reduction == Reduction::None && outputs.is_empty() {
        return Err(Failure::expected(
            "--reduction none prints nothing",
            "-o, --grad or --lse",
            "none of them",
        ));
    }
    outputs.text("json", args.common.json.path.as_deref())
}

/// Computes and writes all rows, and gives the sum of their losses.
fn compute(
    args: &args::CrossEntropy,
    engine: &Engine,
    settings: &Settings,
    logits: &mut Rows,
    targets: &[i32],
    results: &mut Results,
) -> Result<f64, Failure> {
    let (rows, mut sum, mut done) = (logits.rows, 0.0, 0);
    let blocks = Blocks::new(rows, logits.cols, engine.block_bytes(&args.common));
    progress::over_rows(engine.doing(logits), rows, |bar| {
        for rows in blocks {
            let values = logits.next(rows)?.into_f32();
            let targets = &targets[done..done + rows];
            let block = engine.compute(
                logits,
                values,
                |gpu, values| settings.on_gpu(gpu, &values, targets),
                |values| settings.by_reference(&values, targets),
            )?;
            sum = block.losses.iter().fold(sum, |sum, loss| sum + loss);
            results.write(block)?;
            done += rows;
            bar.inc(rows as u64);
        }
        Ok(sum)
    })
}

/// What is written: the loss of every row as it comes, or one loss at the end; the others as they come.
struct Results {
    of_each_row: bool,
    losses: ArrayOutput,
    grad_logits: ArrayOutput,
    lse: ArrayOutput,
}

impl Results {
    fn begin(outputs: &Outputs, reduction: Reduction, logits: &Rows) -> Result<Self, Failure> {
        let of_each_row = reduction == Reduction::None;
        let per_row = logits.outer_shape();
        let loss_shape = if of_each_row { per_row } else { &[] };
        let float = logits.float.of_results();
        Ok(Self {
            of_each_row,
            losses: outputs.begin("loss", Float::F32, loss_shape)?,
            grad_logits: outputs.begin("grad_logits", float, &logits.shape)?,
            lse: outputs.begin("lse", Float::F32, per_row)?,
        })
    }

    fn write(&mut self, block: block::Block) -> Result<(), Failure> {
        if self.of_each_row {
            self.losses.write(&Floats::F32(narrow(block.losses)))?;
        }
        self.grad_logits.write(&block.grad_logits)?;
        self.lse.write(&Floats::F32(block.lse))
    }

    fn finish(mut self, outputs: &Outputs, loss: Option<f32>, report: &str) -> Result<(), Failure> {
        if let Some(loss) = loss {
            self.losses.write(&Floats::F32(vec![loss]))?;
        }
        let arrays = [self.losses, self.grad_logits, self.lse];
        outputs.finish(arrays, &[("json", report)])
    }
}
