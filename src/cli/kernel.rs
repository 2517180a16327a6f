//! `kernel`: the WGSL of an operation for a shape, with its bindings and dispatches on an adapter.

use super::adapters;
use super::args::{self, Extents, MaskShape};
use super::failure::Failure;
use super::files::Shape;
use super::outputs::Outputs;
use super::report::{self, Adapter};
use serde::Serialize;
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{
    CrossEntropySpec, KernelText, LinearCrossEntropySpec, Mask, Planner, RowOutputs, SoftmaxSpec,
};

/// Report that `--json` writes.
#[derive(Debug, Serialize)]
struct Report<'a> {
    adapter: &'a Adapter,
    kernels: &'a [KernelText],
}

pub(crate) fn run(args: &args::Kernel) -> Result<(), Failure> {
    let outputs = Outputs::default().text("json", args.json.path.as_deref())?;
    let seen = Seen::new(args)?;
    let gpu = args.tuned.apply(adapters::open(args.adapter.as_deref())?)?;
    let planner = match args.variant {
        Some(variant) => gpu.planner().with_variant(variant),
        None => gpu.planner().clone(),
    };
    let kernels = kernels(&planner, args, &seen)?;
    let report = Report {
        adapter: &gpu.adapter_info().into(),
        kernels: &kernels,
    };
    outputs.finish([], &[("json", &report::json(&report))])?;
    outputs.say(format!("// On {}.", report.adapter))?;
    kernels.iter().try_for_each(|kernel| outputs.say(kernel))
}

/// Shape of the logits as rows.
struct Seen {
    rows: u64,
    cols: u64,
    inner: u64,
    axis: usize,
}

impl Seen {
    fn new(args: &args::Kernel) -> Result<Self, Failure> {
        let Extents(shape) = &args.shape;
        let from_start = match args.axis {
            axis if axis < 0 => axis.saturating_add_unsigned(shape.len() as u64),
            axis => axis,
        };
        let axis = usize::try_from(from_start).ok();
        let Some(axis) = axis.filter(|&axis| axis < shape.len()) else {
            let axes = format!("an axis of shape {}", in_words(shape));
            return Err(Failure::expected("--axis", axes, args.axis));
        };
        let cols = shape[axis];
        Ok(Self {
            rows: shape.iter().product::<u64>() / cols,
            cols,
            inner: shape[axis + 1..].iter().product(),
            axis,
        })
    }
}

fn in_words(shape: &[u64]) -> String {
    let shape: Vec<_> = shape.iter().map(|&n| n as usize).collect();
    Shape(&shape).to_string()
}

fn kernels(
    planner: &Planner,
    args: &args::Kernel,
    seen: &Seen,
) -> Result<Vec<KernelText>, Failure> {
    let of_rows = || of_softmax(args, seen);
    let of_losses = || of_cross_entropy(args, seen);
    let kernels = match args.op {
        Operation::Softmax => planner.softmax(of_rows()?)?.wgsl(),
        Operation::LogSoftmax => planner.log_softmax(of_rows()?)?.wgsl(),
        Operation::LogSumExp => planner.logsumexp(of_rows()?)?.wgsl(),
        Operation::SoftmaxBackward => planner.softmax_backward(of_rows()?)?.wgsl(),
        Operation::LogSoftmaxBackward => planner.log_softmax_backward(of_rows()?)?.wgsl(),
        Operation::LogSumExpBackward => planner.logsumexp_backward(of_rows()?)?.wgsl(),
        Operation::CrossEntropy => planner.cross_entropy(of_losses()?)?.wgsl(),
        Operation::CrossEntropyFused => planner.cross_entropy(of_losses()?)?.fused_wgsl(),
        Operation::CrossEntropyBackward => planner.cross_entropy_backward(of_losses()?)?.wgsl(),
        Operation::LinearCrossEntropy => planner
            .linear_cross_entropy(of_linear(args, seen)?)?
            .fused_wgsl(),
        _ => planner.jacobian(of_rows()?)?.wgsl(),
    };
    Ok(kernels?)
}

fn of_softmax(args: &args::Kernel, seen: &Seen) -> Result<SoftmaxSpec, Failure> {
    if let Some(flag) = args.loss.given() {
        return Err(Failure::expected(flag, "a cross-entropy", args.op));
    }
    let Extents(shape) = &args.shape;
    let mut spec = SoftmaxSpec::new(seen.rows, seen.cols)
        .inner(seen.inner)
        .dtype(args.dtype);
    if let Some(MaskShape { kind, shape: its }) = &args.mask {
        let its = its.as_ref().map_or(shape, |Extents(its)| its);
        spec = spec.mask(Mask::new(*kind, shape, seen.axis, its)?);
    }
    if args.causal {
        spec = spec.causal(queries(shape, seen)?);
    }
    Ok(if args.in_place { spec.in_place() } else { spec })
}

/// Returns the number of queries, if the columns are keys.
fn queries(shape: &[u64], seen: &Seen) -> Result<u64, Failure> {
    match shape {
        [.., queries, _] if seen.axis + 1 == shape.len() => Ok(*queries),
        _ => Err(Failure::expected(
            "--causal",
            "two axes at least, the last of which is normalised",
            format!("axis {} of shape {}", seen.axis, in_words(shape)),
        )),
    }
}

fn of_cross_entropy(args: &args::Kernel, seen: &Seen) -> Result<CrossEntropySpec, Failure> {
    let masks = [("--mask", args.mask.is_some()), ("--causal", args.causal)];
    if let Some((flag, _)) = masks.into_iter().find(|(_, is_given)| *is_given) {
        let expected = "softmax, log-softmax or logsumexp";
        return Err(Failure::expected(flag, expected, args.op));
    }
    let loss = &args.loss;
    let no_outputs = RowOutputs::default();
    let outputs = loss.row_outputs.iter();
    let mut spec = CrossEntropySpec::new(seen.rows, seen.cols)
        .inner(seen.inner)
        .dtype(args.dtype)
        .targets(loss.target_type.unwrap_or_default())
        .reduction(loss.reduction.unwrap_or_default())
        .label_smoothing(loss.label_smoothing.unwrap_or_default())
        .z_loss(loss.z_loss.unwrap_or_default())
        .row_outputs(outputs.fold(no_outputs, |outputs, and| and(outputs)));
    if let Some(softcap) = loss.softcap {
        spec = spec.softcap(softcap);
    }
    Ok(if args.in_place { spec.in_place() } else { spec })
}

/// Returns the loss of a layer whose input has the shape: its columns are features.
fn of_linear(args: &args::Kernel, seen: &Seen) -> Result<LinearCrossEntropySpec, Failure> {
    let Some(classes) = args.classes else {
        return Err(Failure::expected(
            "--classes",
            "the classes of the layer",
            "none",
        ));
    };
    let loss = &args.loss;
    let refused = [
        ("--in-place", args.in_place),
        ("--row-outputs", !loss.row_outputs.is_empty()),
        ("--axis", seen.inner != 1),
    ];
    if let Some((flag, _)) = refused.into_iter().find(|(_, is_given)| *is_given) {
        return Err(Failure::expected(flag, "another operation", args.op));
    }
    // What no loss has is refused.
    of_cross_entropy(args, seen)?;
    let spec = LinearCrossEntropySpec::new(seen.rows, seen.cols, classes)
        .dtype(args.dtype)
        .targets(loss.target_type.unwrap_or_default())
        .reduction(loss.reduction.unwrap_or_default())
        .label_smoothing(loss.label_smoothing.unwrap_or_default())
        .z_loss(loss.z_loss.unwrap_or_default());
    Ok(loss.softcap.map_or(spec, |softcap| spec.softcap(softcap)))
}
