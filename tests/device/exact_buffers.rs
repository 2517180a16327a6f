//! Buffers that end with the last row, amid four elements: no access of four may reach past the end, and the rows that it serves
//! are still right.

use crate::common::gpu;
use crate::common::sweep::covering;
use wgpu_softmax::check::{Inputs, bounds, inputs};
use wgpu_softmax::variant::{Access, Operation, Problem, Variant, choose, variants};
use wgpu_softmax::wgpu::{Buffer, BufferUsages};
use wgpu_softmax::{
    CrossEntropyBuffers, CrossEntropySpec, DType, Error, Planner, Reduction,
    SoftmaxBackwardBuffers, SoftmaxBuffers, SoftmaxSpec, reference,
};

/// Rows and columns whose product is amid fours: in registers, streamed, split.
const SHAPES: [(usize, usize); 6] = [
    (1, 45),
    (5, 45),
    (7, 18),
    (3, 1001),
    (19, 2047),
    (3, 50_257),
];

fn exact(len: usize) -> Buffer {
    let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
    crate::common::buffer(gpu(), 4 * len as u64, usage)
}

fn exactly(values: &[f32]) -> Buffer {
    let buffer = exact(values.len());
    gpu()
        .queue()
        .write_buffer(&buffer, 0, bytemuck::cast_slice(values));
    buffer
}

/// Returns the preferred variant, which must be for shifted rows, and every other one that is.
fn shifted(operation: Operation, (rows, cols): (usize, usize)) -> Vec<Planner> {
    let planner = gpu().planner();
    let problem = Problem::contiguous(operation, rows as u64, cols as u32, DType::F32);
    let is_shifted = |variant: &Variant| variant.access == Access::Shifted;
    let chosen = choose(problem, planner.abilities()).expect("a variant");
    assert!(is_shifted(&chosen), "{chosen}");
    let others = variants(problem, planner.abilities());
    let long = cols > 10_000;
    let others = others
        .into_iter()
        .filter(|variant| is_shifted(variant) && (!long || variant.lanes == chosen.lanes));
    [chosen]
        .into_iter()
        .chain(covering(others.collect()))
        .map(|variant| planner.with_variant(variant))
        .collect()
}

#[test]
fn softmax() -> Result<(), Error> {
    for shape @ (rows, cols) in SHAPES {
        let logits = Inputs::Peaked.logits(rows, cols, 3);
        let expected = reference::softmax(&logits, cols);
        let allowed = bounds::probability(&logits, cols);
        let (input, output) = (exactly(&logits), exact(logits.len()));
        let buffers = SoftmaxBuffers {
            logits: &input,
            probs: &output,
        };
        for planner in shifted(Operation::Softmax, shape) {
            let plan = planner.softmax(SoftmaxSpec::new(rows as u64, cols as u64))?;
            gpu().run(&plan.bind(buffers)?, "softmax")?;
            let found = crate::common::download(gpu(), &output, logits.len());
            let what = format!("{} of {shape:?}", plan.kernel());
            crate::common::assert_close(&what, &found, &expected, &allowed, cols);
        }
    }
    Ok(())
}

#[test]
fn softmax_backward() -> Result<(), Error> {
    for shape @ (rows, cols) in SHAPES {
        let probs = inputs::probs(&Inputs::Flat.logits(rows, cols, 4), cols);
        let upstream = inputs::upstream(probs.len(), 4);
        let expected = reference::softmax_backward(&probs, &upstream, cols);
        let allowed = bounds::softmax_backward(&probs, &upstream, cols);
        let output = exact(probs.len());
        let buffers = SoftmaxBackwardBuffers {
            probs: &exactly(&probs),
            grad_probs: &exactly(&upstream),
            grad_logits: &output,
        };
        for planner in shifted(Operation::SoftmaxBackward, shape) {
            let plan = planner.softmax_backward(SoftmaxSpec::new(rows as u64, cols as u64))?;
            gpu().run(&plan.bind(buffers)?, "softmax-backward")?;
            let found = crate::common::download(gpu(), &output, probs.len());
            let what = format!("{} of {shape:?}", plan.kernel());
            crate::common::assert_close(&what, &found, &expected, &allowed, cols);
        }
    }
    Ok(())
}

/// The last row finds its own target and loss, too.
#[test]
fn cross_entropy_and_its_gradient() -> Result<(), Error> {
    for shape @ (rows, cols) in SHAPES {
        let logits = Inputs::Peaked.logits(rows, cols, 5);
        let targets = inputs::targets(rows, cols, 5, None);
        let ids = crate::common::wide(&targets);
        let of = reference::CrossEntropy::new(cols).reduction(Reduction::None);
        let (grad, losses) = (exact(logits.len()), exact(rows));
        let buffers = CrossEntropyBuffers {
            logits: &exactly(&logits),
            targets: &crate::common::upload(gpu(), &targets),
            losses: &losses,
            grad_logits: Some(&grad),
        };
        for planner in shifted(Operation::CrossEntropyFused, shape) {
            let spec = CrossEntropySpec::new(rows as u64, cols as u64).reduction(Reduction::None);
            let plan = planner.cross_entropy(spec)?;
            gpu().run(&plan.bind(buffers)?, "cross-entropy")?;
            let what = format!("{} of {shape:?}", plan.fused_kernel());
            let found = crate::common::download(gpu(), &grad, logits.len());
            let (expected, allowed) = (
                of.gradient(&logits, &ids),
                bounds::loss_gradient(&of, &logits, &ids),
            );
            crate::common::assert_close(&what, &found, &expected, &allowed, cols);
            let found = crate::common::download(gpu(), &losses, rows);
            let (expected, allowed) = (
                of.losses(&logits, &ids).row_losses,
                bounds::row_loss(&of, &logits, &ids),
            );
            crate::common::assert_close(&what, &found, &expected, &allowed, 1);
        }
    }
    Ok(())
}
