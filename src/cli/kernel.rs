//! `kernel`: the WGSL of an operation for a shape, with its bindings and dispatches, on an adapter or for a class of devices.

use super::adapters;
use super::args::{self, Extents, MaskShape};
use super::failure::Failure;
use super::files::Shape;
use super::outputs::Outputs;
use super::report::{self, Adapter};
use serde::Serialize;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use wgpu_softmax::export::{Buffer, Export};
use wgpu_softmax::variant::{Abilities, Operation};
use wgpu_softmax::{
    CrossEntropySpec, Error, KernelText, LinearCrossEntropySpec, LossOptions, Mask, Plan, Planner,
    RowOperation, RowOutputs, SoftmaxSpec,
};

/// Elements of the largest buffer that cases are made for unasked.
const FEW_ELEMENTS: u64 = 4096;

/// Cases that are made for it.
const CASES: usize = 2;

/// Report that `--json` writes.
#[derive(Debug, Serialize)]
struct Report<'a> {
    /// The adapter, if the kernels were chosen on one, and what is printed of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    adapter: Option<&'a Adapter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kernels: Option<&'a [KernelText]>,
    #[serde(flatten)]
    export: Option<Export>,
}

pub(crate) fn run(args: &args::Kernel) -> Result<(), Failure> {
    let outputs = Outputs::default().text("json", args.json.path.as_deref())?;
    let seen = Seen::new(args)?;
    let (planner, chosen) = planner(args)?;
    let planner = match args.variant {
        Some(variant) => planner.with_variant(variant),
        None => planner,
    };
    let (kernels, export) = planned(&planner, args, &seen)?;
    let adapter = chosen.as_ref().ok();
    let export = export.map(|export| completed(export, args)).transpose()?;
    let json = Report {
        adapter,
        kernels: adapter.and(Some(&kernels)),
        export,
    };
    outputs.finish([], &[("json", &report::json(&json))])?;
    outputs.say(match &chosen {
        Ok(adapter) => format!("// On {adapter}."),
        Err(class) => format!("// For {class}, without a device."),
    })?;
    kernels.iter().try_for_each(|kernel| outputs.say(kernel))
}

/// Returns a planner, and the adapter that it is of, or else the name of the abilities.
fn planner(args: &args::Kernel) -> Result<(Planner, Result<Adapter, String>), Failure> {
    if let Some(class) = args.device {
        let planner = Planner::of_abilities(class.abilities);
        return Ok((planner, Err(class.name.into())));
    }
    if let Some(path) = &args.abilities {
        let planner = Planner::of_abilities(abilities(path)?);
        return Ok((planner, Err(path.display().to_string())));
    }
    let gpu = args.tuned.apply(adapters::open(args.adapter.as_deref())?)?;
    Ok((gpu.planner().clone(), Ok(gpu.adapter_info().into())))
}

/// Reads abilities, alone or in what `kernel --json` wrote.
fn abilities(path: &Path) -> Result<Abilities, Failure> {
    let refuse = |expected, found: &dyn Display| Failure::expected(path.display(), expected, found);
    let expected = "the abilities of a device, as in `kernel --json`";
    let text = fs::read_to_string(path).map_err(|error| Failure::system("read", path, &error))?;
    let mut json: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| refuse(expected, &error))?;
    let own = json.get_mut("abilities").map(serde_json::Value::take);
    let abilities: Abilities =
        serde_json::from_value(own.unwrap_or(json)).map_err(|error| refuse(expected, &error))?;
    match abilities.subgroup {
        Some(lanes) if !(lanes.is_power_of_two() && (4..=128).contains(&lanes)) => {
            let expected = "null, or 4 to 128 lanes of a subgroup, a power of two";
            Err(refuse(expected, &lanes))
        }
        _ => Ok(abilities),
    }
}

/// Adds what else the arguments ask of an export.
fn completed(export: Export, args: &args::Kernel) -> Result<Export, Failure> {
    let elements = |buffer: &Buffer| buffer.shape.iter().product::<u64>();
    let largest = export.buffers.iter().map(elements).max();
    let cases = match (args.cases, largest <= Some(FEW_ELEMENTS)) {
        (Some(cases), _) => cases.into(),
        (None, true) => CASES,
        (None, false) => 0,
    };
    let export = export.with_cases(cases)?;
    Ok(if args.flat { export.flat() } else { export })
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

/// Kernels as they are printed, and as they are exported.
type Planned = (Vec<KernelText>, Option<Export>);

fn planned(planner: &Planner, args: &args::Kernel, seen: &Seen) -> Result<Planned, Failure> {
    use Operation::{
        CrossEntropy, CrossEntropyBackward, CrossEntropyFused, LinearCrossEntropy, LogSoftmax,
        LogSoftmaxBackward, LogSumExp, LogSumExpBackward, Softmax, SoftmaxBackward,
    };
    let exports = args.json.path.is_some();
    let rows = || of_softmax(args, seen);
    let losses = || of_cross_entropy(args, seen);
    let with = &args.loss.with;
    let both = |texts, export: &dyn Fn() -> Result<Export, Error>| {
        let export = exports.then(export).transpose()?;
        Ok((texts, export))
    };
    match args.op {
        Softmax => of_rows(planner.softmax(rows()?)?, exports),
        LogSoftmax => of_rows(planner.log_softmax(rows()?)?, exports),
        LogSumExp => of_rows(planner.logsumexp(rows()?)?, exports),
        SoftmaxBackward => of_rows(planner.softmax_backward(rows()?)?, exports),
        LogSoftmaxBackward => of_rows(planner.log_softmax_backward(rows()?)?, exports),
        LogSumExpBackward => of_rows(planner.logsumexp_backward(rows()?)?, exports),
        CrossEntropy => {
            let plan = planner.cross_entropy(losses()?)?;
            both(plan.wgsl()?, &|| plan.export(with))
        }
        CrossEntropyFused => {
            let plan = planner.cross_entropy(losses()?)?;
            both(plan.fused_wgsl()?, &|| plan.export_fused(with))
        }
        CrossEntropyBackward => {
            let plan = planner.cross_entropy_backward(losses()?)?;
            both(plan.wgsl()?, &|| plan.export(with))
        }
        LinearCrossEntropy => {
            let plan = planner.linear_cross_entropy(of_linear(args, seen)?)?;
            both(plan.fused_wgsl()?, &|| plan.export_fused(with))
        }
        _ => of_rows(planner.jacobian(rows()?)?, exports),
    }
}

fn of_rows<O: RowOperation>(plan: Plan<O>, exports: bool) -> Result<Planned, Failure> {
    let export = exports.then(|| plan.export()).transpose()?;
    Ok((plan.wgsl()?, export))
}

fn of_softmax(args: &args::Kernel, seen: &Seen) -> Result<SoftmaxSpec, Failure> {
    if let Some(flag) = args.loss.given() {
        return Err(Failure::expected(flag, "a cross-entropy", args.op));
    }
    let Extents(shape) = &args.shape;
    let mut spec = SoftmaxSpec::new(seen.rows, seen.cols)
        .inner(seen.inner)
        .scale(args.scale)
        .empty_rows(args.masked_rows.unwrap_or_default())
        .dtype(args.dtype);
    if let Some(mask) = mask(args, shape, seen.axis)? {
        spec = spec.mask(mask);
    }
    if args.causal {
        spec = spec.causal(queries(shape, seen)?);
    }
    if args.sinks {
        let (heads, queries) = heads_of(shape, seen);
        spec = spec.sinks(heads, queries);
    }
    Ok(if args.in_place { spec.in_place() } else { spec })
}

/// Returns the number of heads, and of queries of each.
fn heads_of(shape: &[u64], seen: &Seen) -> (u64, u64) {
    let rows = [&shape[..seen.axis], &shape[seen.axis + 1..]].concat();
    match rows[..] {
        [.., heads, queries] => (heads, queries),
        [queries] => (1, queries),
        [] => (1, 1),
    }
}

/// Returns the mask of logits of a shape, if there is one.
fn mask(args: &args::Kernel, logits: &[u64], axis: usize) -> Result<Option<Mask>, Failure> {
    let Some(MaskShape { kind, shape }) = &args.mask else {
        return Ok(None);
    };
    let shape = shape.as_ref().map_or(logits, |Extents(shape)| shape);
    Ok(Some(Mask::new(*kind, logits, axis, shape)?))
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

/// Refuses what no loss has.
fn check_loss(args: &args::Kernel) -> Result<(), Failure> {
    let flags = [
        ("--causal", args.causal),
        ("--sinks", args.sinks),
        ("--masked-rows", args.masked_rows.is_some()),
    ];
    match flags.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((flag, _)) => {
            let expected = "softmax, log-softmax or logsumexp";
            Err(Failure::expected(flag, expected, args.op))
        }
    }
}

fn of_cross_entropy(args: &args::Kernel, seen: &Seen) -> Result<CrossEntropySpec, Failure> {
    check_loss(args)?;
    let Extents(shape) = &args.shape;
    let loss = &args.loss;
    let spec = CrossEntropySpec::new(seen.rows, seen.cols);
    let spec = mask(args, shape, seen.axis)?.map_or(spec, |mask| spec.mask(mask));
    let spec = spec
        .inner(seen.inner)
        .dtype(args.dtype)
        .loss(options(args))
        .targets(loss.target_type.unwrap_or_default())
        .row_outputs(row_outputs(args));
    Ok(if args.in_place { spec.in_place() } else { spec })
}

fn row_outputs(args: &args::Kernel) -> RowOutputs {
    let outputs = args.loss.row_outputs.iter();
    outputs.fold(RowOutputs::default(), |outputs, and| and(outputs))
}

fn options(args: &args::Kernel) -> LossOptions {
    let given = &args.loss;
    let mut loss = LossOptions::default();
    loss.scale = args.scale;
    loss.ignore_index = given.ignore_index;
    loss.reduction = given.reduction.unwrap_or_default();
    loss.zero_valid = given.zero_valid.unwrap_or_default();
    loss.label_smoothing = given.label_smoothing.unwrap_or_default();
    loss.z_loss = given.z_loss.unwrap_or_default();
    loss.softcap = given.softcap;
    loss
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
    let refused = [("--in-place", args.in_place), ("--axis", seen.inner != 1)];
    if let Some((flag, _)) = refused.into_iter().find(|(_, is_given)| *is_given) {
        return Err(Failure::expected(flag, "another operation", args.op));
    }
    check_loss(args)?;
    let Extents(hidden) = &args.shape;
    let logits = [&hidden[..seen.axis], &[classes]].concat();
    let spec = LinearCrossEntropySpec::new(seen.rows, seen.cols, classes);
    let spec = mask(args, &logits, seen.axis)?.map_or(spec, |mask| spec.mask(mask));
    Ok(spec
        .dtype(args.dtype)
        .targets(loss.target_type.unwrap_or_default())
        .loss(options(args))
        .row_outputs(row_outputs(args)))
}
