//! Cross-entropy with its gradient over the logits, in each form, and the gradient from pairs.

use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec, Error,
    Planner, Reduction, Status, TargetType,
};

use crate::common::place::stored;
use crate::common::{Output, gpu, upload};
use crate::in_place::at::{At, Both, ROWS};

/// Returns the spec of one form of a cross-entropy, by the place.
fn spec_of(at: At) -> CrossEntropySpec {
    let layout = at.place.layout();
    let spec = CrossEntropySpec::new(ROWS as u64, at.place.cols as u64)
        .dtype(at.dtype)
        .logits_layout(layout)
        .targets_layout(layout)
        .grad_layout(layout);
    match at.place.offset {
        0 => spec.softcap(9.0).reduction(Reduction::Sum),
        8 => spec.label_smoothing(0.1).z_loss(0.01),
        2 => spec.targets(TargetType::Probs),
        _ => spec.ignore_index(-100).reduction(Reduction::None),
    }
}

/// Uploads the class ids of some rows, one of them out of range, or probabilities.
fn targets(at: At) -> Result<Buffer, Error> {
    let cols = at.place.cols;
    if at.place.offset == 2 {
        return Ok(at.upload(&stored(at.dtype, inputs::sparse_probs(ROWS, cols, 8))));
    }
    let mut ids = inputs::targets(ROWS, cols, 8, Some(-100));
    ids[ROWS - 1] = 1000;
    ids[0] = i32::try_from(cols - 1).expect("a column");
    gpu().upload("targets", &ids)
}

#[test]
fn cross_entropy_with_its_gradient() -> Result<(), Error> {
    At::each(|at| {
        let logits = stored(at.dtype, Inputs::Peaked.logits(ROWS, at.place.cols, 7));
        let (spec, targets) = (spec_of(at), &targets(at)?);
        let bind = |planner: &Planner, spec: CrossEntropySpec, [logits, grad]: [&Buffer; 2]| {
            let losses = usize::try_from(spec.losses()).expect("a count");
            let status = size_of::<Status>() / 4;
            let others = [losses, 2 * ROWS, ROWS, status].map(|len| Output::new(gpu(), len));
            let [losses, pairs, lse, status] = &others;
            let buffers = CrossEntropyBuffers {
                logits,
                targets,
                losses: &losses.buffer,
                grad_logits: Some(grad),
            };
            let extras = CrossEntropyExtras::default()
                .pairs(&pairs.buffer)
                .lse(&lse.buffer)
                .status(&status.buffer);
            let plan = planner.cross_entropy(spec)?;
            let bound = plan.bind_with(ROWS as u64, buffers, extras)?;
            Ok((bound, Vec::from(others)))
        };
        let both = Both {
            problem: spec.in_place().problem(Operation::CrossEntropyFused)?,
            elsewhere: &|planner, buffers| bind(planner, spec, buffers),
            in_place: &|planner, buffers| bind(planner, spec.in_place(), buffers),
        };
        at.compare(&logits, &both)
    })
}

#[test]
fn the_gradient_from_pairs() -> Result<(), Error> {
    At::each(|at| {
        let logits = stored(at.dtype, Inputs::Peaked.logits(ROWS, at.place.cols, 9));
        let (spec, targets) = (spec_of(at), &targets(at)?);
        let operation = match at.place.offset {
            2 | 8 => Operation::CrossEntropyFused,
            _ => Operation::CrossEntropyBackward,
        };
        let pairs = &upload(gpu(), &[[7.5_f32, 0.125]; ROWS]);
        let bind = |planner: &Planner, spec, [logits, grad_logits]: [&Buffer; 2]| {
            let buffers = CrossEntropyBackwardBuffers {
                logits,
                targets,
                pairs,
                grad_logits,
            };
            let bound = planner.cross_entropy_backward(spec)?.bind(buffers)?;
            Ok((bound, Vec::new()))
        };
        let both = Both {
            problem: spec.in_place().problem(operation)?,
            elsewhere: &|planner, buffers| bind(planner, spec, buffers),
            in_place: &|planner, buffers| bind(planner, spec.in_place(), buffers),
        };
        at.compare(&logits, &both)
    })
}
