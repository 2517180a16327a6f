//! `kernel`: the WGSL of an operation for a shape, with its bindings and dispatches on an adapter.

use super::adapters;
use super::args::{self, Extents};
use super::failure::Failure;
use super::files::Shape;
use super::outputs::Outputs;
use super::report::{self, Adapter};
use serde::Serialize;
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{
    CrossEntropySpec, Error, KernelText, Mask, Planner, Reduction, RowOutputs, SoftmaxSpec,
    TargetType,
};

pub(crate) fn run(args: &args::Kernel) -> Result<(), Failure> {
    let outputs = Outputs::default().text("json", args.json.path.as_deref())?;
    let seen = Seen::new(args)?;
    let gpu = adapters::open(args.adapter.as_deref())?;
    let planner = match args.variant {
        Some(variant) => gpu.planner().with_variant(variant),
        None => gpu.planner().clone(),
    };
    let kernels = kernels(&planner, args, &seen)?;
    let adapter: Adapter = gpu.adapter_info().into();
    let report = report::json(&Report::new(&adapter, &kernels));
    outputs.finish([], &[("json", &report)])?;
    outputs.say(format!("// On {adapter}."))?;
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
        let from_end = |axis: i64| axis.checked_add_unsigned(shape.len() as u64);
        let axis = match args.axis {
            axis if axis < 0 => from_end(axis),
            axis => Some(axis),
        };
        let axis = axis.and_then(|axis| usize::try_from(axis).ok());
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
    let is_loss = matches!(
        args.op,
        Operation::CrossEntropy | Operation::CrossEntropyFused | Operation::CrossEntropyBackward
    );
    Ok(match is_loss {
        true => of_losses(planner, args.op, of_cross_entropy(args, seen)?)?,
        false => of_rows(planner, args.op, of_softmax(args, seen)?)?,
    })
}

fn of_rows(planner: &Planner, op: Operation, spec: SoftmaxSpec) -> Result<Vec<KernelText>, Error> {
    match op {
        Operation::Softmax => planner.softmax(spec)?.wgsl(),
        Operation::LogSoftmax => planner.log_softmax(spec)?.wgsl(),
        Operation::LogSumExp => planner.logsumexp(spec)?.wgsl(),
        Operation::SoftmaxBackward => planner.softmax_backward(spec)?.wgsl(),
        Operation::LogSoftmaxBackward => planner.log_softmax_backward(spec)?.wgsl(),
        Operation::LogSumExpBackward => planner.logsumexp_backward(spec)?.wgsl(),
        _ => planner.jacobian(spec)?.wgsl(),
    }
}

fn of_losses(
    planner: &Planner,
    op: Operation,
    spec: CrossEntropySpec,
) -> Result<Vec<KernelText>, Error> {
    match op {
        Operation::CrossEntropy => planner.cross_entropy(spec)?.wgsl(),
        Operation::CrossEntropyFused => planner.cross_entropy(spec)?.fused_wgsl(),
        _ => planner.cross_entropy_backward(spec)?.wgsl(),
    }
}

fn of_softmax(args: &args::Kernel, seen: &Seen) -> Result<SoftmaxSpec, Failure> {
    if let Some(flag) = args.loss.given() {
        return Err(Failure::expected(flag, "a cross-entropy", args.op));
    }
    let Extents(shape) = &args.shape;
    let mut spec = SoftmaxSpec::new(seen.rows, seen.cols)
        .inner(seen.inner)
        .dtype(args.dtype);
    if let Some(args::KernelMask { kind, shape: its }) = &args.mask {
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
    let mut spec = CrossEntropySpec::new(seen.rows, seen.cols)
        .inner(seen.inner)
        .dtype(args.dtype)
        .targets(loss.targets())
        .reduction(match loss.reduction {
            Some(args::Reduction::Sum) => Reduction::Sum,
            Some(args::Reduction::None) => Reduction::None,
            Some(args::Reduction::Mean) | None => Reduction::Mean,
        })
        .label_smoothing(loss.label_smoothing.unwrap_or(0.0))
        .z_loss(loss.z_loss.unwrap_or(0.0))
        .row_outputs(loss.asked());
    if let Some(softcap) = loss.softcap {
        spec = spec.softcap(softcap);
    }
    Ok(if args.in_place { spec.in_place() } else { spec })
}

impl args::Loss {
    /// Returns the first flag that is given.
    fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--target-type", self.target_type.is_some()),
            ("--reduction", self.reduction.is_some()),
            ("--label-smoothing", self.label_smoothing.is_some()),
            ("--z-loss", self.z_loss.is_some()),
            ("--softcap", self.softcap.is_some()),
            ("--row-outputs", !self.row_outputs.is_empty()),
        ];
        let given = flags.into_iter().find(|(_, is_given)| *is_given);
        given.map(|(flag, _)| flag)
    }

    fn targets(&self) -> TargetType {
        match self.target_type {
            Some(args::TargetType::U32) => TargetType::U32,
            Some(args::TargetType::I64) => TargetType::I64,
            Some(args::TargetType::Probs) => TargetType::Probs,
            Some(args::TargetType::I32) | None => TargetType::I32,
        }
    }

    fn asked(&self) -> RowOutputs {
        let asked = RowOutputs::default();
        self.row_outputs
            .iter()
            .fold(asked, |asked, name| match &**name {
                "target-log-prob" => asked.target_log_prob(),
                "log-probs" => asked.log_probs_of(1),
                "entropy" => asked.entropy(),
                "argmax" => asked.argmax(),
                "hit" => asked.hit(),
                "max-prob" => asked.max_prob(),
                _ => asked.z_loss(),
            })
    }
}

/// Report that `--json` writes.
#[derive(Debug, Serialize)]
struct Report<'a> {
    adapter: &'a Adapter,
    kernels: Vec<Entry<'a>>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    label: &'a str,
    entry_point: &'a str,
    variant: &'a str,
    reason: &'a str,
    condition: Option<&'a str>,
    dispatches: u64,
    workgroups: [u32; 3],
    workgroup_size: u32,
    workgroup_bytes: u32,
    bytes_read_per_row: u64,
    bytes_written_per_row: u64,
    bindings: Vec<Bound<'a>>,
    wgsl: &'a str,
}

#[derive(Debug, Serialize)]
struct Bound<'a> {
    number: u32,
    name: &'a str,
    written: bool,
    optional: bool,
    bytes: u64,
}

impl<'a> Report<'a> {
    fn new(adapter: &'a Adapter, kernels: &'a [KernelText]) -> Self {
        Self {
            adapter,
            kernels: kernels.iter().map(Entry::from).collect(),
        }
    }
}

impl<'a> From<&'a KernelText> for Entry<'a> {
    fn from(kernel: &'a KernelText) -> Self {
        let bindings = kernel.bindings.iter();
        let bindings = bindings.map(|binding| Bound {
            number: binding.number,
            name: binding.name,
            written: binding.written,
            optional: binding.optional,
            bytes: binding.bytes,
        });
        Self {
            label: &kernel.label,
            entry_point: kernel.entry_point,
            variant: &kernel.variant,
            reason: &kernel.reason,
            condition: kernel.condition,
            dispatches: kernel.dispatches,
            workgroups: kernel.workgroups,
            workgroup_size: kernel.workgroup_size,
            workgroup_bytes: kernel.workgroup_bytes,
            bytes_read_per_row: kernel.bytes_read,
            bytes_written_per_row: kernel.bytes_written,
            bindings: bindings.collect(),
            wgsl: &kernel.wgsl,
        }
    }
}
