//! `cross-entropy`: the loss of class ids or probabilities, its gradient and the rows' logsumexp.
//!
//! Class ids and weights are read first, since they are small and the gradient of a mean needs their counts. Then the
//! logits come block by block, each with the losses of its rows; mean and sum are taken of these in f64, in their order,
//! so that they do not depend on the blocks.

mod by_reference;
pub(crate) mod linear;
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
use super::mask::Masking;
use super::outputs::Outputs;
use super::progress;
use mean::Sums;
use operands::Operands;
use settings::Settings;

pub(crate) fn run(args: &args::CrossEntropy) -> Result<(), Failure> {
    let outputs = claim(args)?;
    let mut operands = Operands::open(args)?;
    let logits = &operands.logits;
    let of_each_row = args.loss.reduction == Reduction::None;
    let loss_shape = if of_each_row {
        &logits.row_shape[..]
    } else {
        &[]
    };
    let mut losses = outputs.begin("loss", Float::F32, loss_shape)?;
    let mut grad_logits = outputs.begin("grad_logits", logits.float.of_results(), &logits.shape)?;
    let mut lse = outputs.begin("lse", Float::F32, &logits.row_shape)?;
    let masking = Masking::of_loss(args.loss.mask.as_deref(), logits, &logits.shape)?;
    let settings = Settings::new(args, &operands);
    let engine = Engine::open(&args.common, logits, |rows| {
        settings.problem(rows, masking.kept().map(|(mask, _)| mask))
    })?;
    let bytes = blocks::fitting(logits, logits.cols, engine.block_bytes(&args.common))?;
    let blocks = match masking.follows_rows() {
        true => Blocks::boxes(logits, logits.cols, bytes),
        false => Blocks::new(logits, logits.cols, bytes),
    };
    let mut sums = Sums::default();
    progress::over_rows(engine.doing(logits), logits.rows, |bar| {
        for rows in blocks {
            let block = operands.next(rows.len())?;
            let valid = block.valid();
            let logits = &operands.logits;
            let part = masking.part(logits, &rows);
            let part = part.map_err(|error| Engine::at(logits, error))?;
            let computed = engine.compute(
                logits,
                block,
                |gpu, block| settings.on_gpu(gpu, &block, part.kept()),
                |block| settings.by_reference(block, part.expanded(logits, rows.len())),
            )?;
            settings.add(&mut sums, &valid, &computed);
            if of_each_row {
                losses.write(&Floats::F32(narrow(computed.losses)))?;
            }
            grad_logits.write(&computed.grad_logits)?;
            lse.write(&Floats::F32(narrow(computed.lse)))?;
            bar.inc(rows.len() as u64);
        }
        Ok::<_, Failure>(())
    })?;
    let loss = settings.reduced(sums);
    if let Some(loss) = loss {
        losses.write(&Floats::F32(vec![loss]))?;
    }
    let report = engine.report("cross-entropy", &operands.logits, &outputs, loss);
    drop(operands);
    outputs.finish([losses, grad_logits, lse], &[("json", &report)])?;
    loss.map_or(Ok(()), |loss| outputs.say(format!("{loss:?}")))
}

fn claim(args: &args::CrossEntropy) -> Result<Outputs, Failure> {
    let outputs = Outputs::new(&args.common)
        .array("loss", args.output.as_deref())?
        .array("grad_logits", args.grad.as_deref())?
        .array("lse", args.lse.as_deref())?;
    if args.loss.reduction == Reduction::None && outputs.is_empty() {
        let what = "--reduction none prints nothing";
        return Err(Failure::expected(
            what,
            "-o, --grad or --lse",
            "none of them",
        ));
    }
    outputs.text("json", args.common.json.path.as_deref())
}
