//! `cross-entropy`: the loss of class ids or probabilities, its gradient and the rows' logsumexp.
//!
//! Class ids and weights are read first, since they are small and the gradient of a mean needs their counts. Then the
//! logits come block by block, each with the losses of its rows; mean and sum are taken of these in f64, in their order,
//! so that they do not depend on the blocks.

mod by_reference;
mod mean;
mod on_gpu;
mod operands;
mod settings;
mod targets;

use super::args::{self, Reduction};
use super::blocks::{self, Blocks};
use super::engine::Engine;
use super::failure::Failure;
use super::files::{Float, Floats, narrow};
use super::outputs::{ArrayOutput, Outputs};
use super::progress;
use super::rows::Rows;
use mean::Sums;
use operands::Operands;
use settings::{Computed, Settings};

pub(crate) fn run(args: &args::CrossEntropy) -> Result<(), Failure> {
    let outputs = claim(args)?;
    let mut operands = Operands::open(args)?;
    let mut results = Results::begin(&outputs, args.reduction, &operands.logits)?;
    let settings = Settings::new(args, &operands);
    let engine = Engine::open(&args.common, &operands.logits, |rows| {
        settings.problem(rows)
    })?;
    let sums = compute(args, &engine, &settings, &mut operands, &mut results)?;
    let loss = settings.reduced(sums);
    let report = engine.report("cross-entropy", &operands.logits, &outputs, loss);
    drop(operands);
    results.finish(&outputs, loss, &report)?;
    loss.map_or(Ok(()), |loss| outputs.say(format!("{loss:?}")))
}

fn claim(args: &args::CrossEntropy) -> Result<Outputs, Failure> {
    let outputs = Outputs::new(&args.common)
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

/// Computes and writes all rows, and returns the sums of their losses.
fn compute(
    args: &args::CrossEntropy,
    engine: &Engine,
    settings: &Settings,
    operands: &mut Operands,
    results: &mut Results,
) -> Result<Sums, Failure> {
    let logits = &operands.logits;
    let rows = logits.rows;
    let bytes = blocks::fitting(logits, logits.cols, engine.block_bytes(&args.common))?;
    let blocks = Blocks::new(logits, logits.cols, bytes);
    let mut sums = Sums::default();
    progress::over_rows(engine.doing(&operands.logits), rows, |bar| {
        for rows in blocks.map(|rows| rows.len()) {
            let block = operands.next(rows)?;
            let valid = block.targets.valid(rows);
            let computed = engine.compute(
                &operands.logits,
                block,
                |gpu, block| settings.on_gpu(gpu, &block),
                |block| settings.by_reference(block),
            )?;
            settings.add(&mut sums, &valid, &computed);
            results.write(computed)?;
            bar.inc(rows as u64);
        }
        Ok(sums)
    })
}

/// Outputs of the operation: the loss of every row as it comes, or one loss at the end; the others as they come.
struct Results {
    of_each_row: bool,
    losses: ArrayOutput,
    grad_logits: ArrayOutput,
    lse: ArrayOutput,
}

impl Results {
    fn begin(outputs: &Outputs, reduction: Reduction, logits: &Rows) -> Result<Self, Failure> {
        let of_each_row = reduction == Reduction::None;
        let per_row = logits.row_shape.as_slice();
        let loss_shape = if of_each_row { per_row } else { &[] };
        let float = logits.float.of_results();
        Ok(Self {
            of_each_row,
            losses: outputs.begin("loss", Float::F32, loss_shape)?,
            grad_logits: outputs.begin("grad_logits", float, &logits.shape)?,
            lse: outputs.begin("lse", Float::F32, per_row)?,
        })
    }

    fn write(&mut self, block: Computed) -> Result<(), Failure> {
        if self.of_each_row {
            self.losses.write(&Floats::F32(narrow(block.losses)))?;
        }
        self.grad_logits.write(&block.grad_logits)?;
        self.lse.write(&Floats::F32(narrow(block.lse)))
    }

    fn finish(mut self, outputs: &Outputs, loss: Option<f32>, report: &str) -> Result<(), Failure> {
        if let Some(loss) = loss {
            self.losses.write(&Floats::F32(vec![loss]))?;
        }
        let arrays = [self.losses, self.grad_logits, self.lse];
        outputs.finish(arrays, &[("json", report)])
    }
}
