//! `cross-entropy`: the loss of class ids, its gradient and the rows' logsumexp.

use super::adapters::{Engine, narrow};
use super::args::{self, Reduction};
use super::failure::Failure;
use super::files::Values;
use super::outputs::{Content, Outputs};
use super::rows::{self, Rows};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{CrossEntropySpec, CrossEntropyWants, Error, Gpu, reference};

/// Stands for every ignored target once the targets have been checked: no class has this id.
const IGNORED: i32 = -1;

pub(crate) fn run(args: &args::CrossEntropy) -> Result<(), Failure> {
    let outputs = claim(args)?;
    let logits = Rows::read(&args.logits, args.common.axis)?;
    let targets = read_targets(args, &logits)?;
    let engine = Engine::open(&args.common)?;
    let results = engine.compute(
        &logits,
        |gpu| on_gpu(gpu, args, &logits, &targets),
        || by_reference(args, &logits, &targets),
    )?;
    let loss = (args.reduction != Reduction::None).then(|| results.losses[0]);
    let computed = if args.grad.is_some() {
        Operation::CrossEntropyFused
    } else {
        Operation::CrossEntropy
    };
    let report = engine.report("cross-entropy", computed, &logits, &outputs, loss)?;
    write(&outputs, &logits, &results, loss.is_some(), &report)?;
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

/// What was computed: one loss for mean and sum, else one a row; the others empty unless asked for.
struct Results {
    losses: Vec<f32>,
    grad_logits: Vec<f32>,
    lse: Vec<f32>,
}

fn on_gpu(
    gpu: &Gpu,
    args: &args::CrossEntropy,
    logits: &Rows,
    targets: &[i32],
) -> Result<Results, Error> {
    let mut spec = CrossEntropySpec::new(logits.rows as u64, logits.cols as u64)
        .reduction(args.reduction.into());
    if args.ignore_index.is_some() {
        spec = spec.ignore_index(IGNORED);
    }
    let wants = CrossEntropyWants {
        grad_logits: args.grad.is_some(),
        lse: args.lse.is_some(),
    };
    let output = gpu.cross_entropy(&spec, &logits.values, targets, wants)?;
    let (grad_logits, lse) = (
        output.grad_logits.unwrap_or_default(),
        output.lse.unwrap_or_default(),
    );
    Ok(Results {
        losses: output.losses,
        grad_logits,
        lse,
    })
}

fn by_reference(args: &args::CrossEntropy, logits: &Rows, targets: &[i32]) -> Results {
    let mut reference = reference::CrossEntropy::new(logits.cols).reduction(args.reduction.into());
    if args.ignore_index.is_some() {
        reference = reference.ignore_index(IGNORED.into());
    }
    let targets: Vec<i64> = targets.iter().map(|&target| target.into()).collect();
    let result = reference.losses(&logits.values, &targets);
    let grad_logits = args
        .grad
        .as_ref()
        .map(|_| reference.gradient(&logits.values, &targets));
    let losses = result.loss.map_or(result.row_losses, |loss| vec![loss]);
    Results {
        losses: narrow(losses),
        grad_logits: narrow(grad_logits.unwrap_or_default()),
        lse: narrow(result.lse),
    }
}

fn write(
    outputs: &Outputs,
    logits: &Rows,
    results: &Results,
    reduced: bool,
    report: &str,
) -> Result<(), Failure> {
    let loss_shape = if reduced { &[] } else { logits.outer_shape() };
    outputs.write(&[
        ("loss", Content::Array(loss_shape, &results.losses)),
        (
            "grad_logits",
            Content::Array(&logits.shape, &results.grad_logits),
        ),
        ("lse", Content::Array(logits.outer_shape(), &results.lse)),
        ("json", Content::Text(report)),
    ])
}

/// One class id a row, each of a class there is or [`IGNORED`].
fn read_targets(args: &args::CrossEntropy, logits: &Rows) -> Result<Vec<i32>, Failure> {
    let path = &args.targets;
    let array = rows::read_array(path)?;
    let ids = match &array.values {
        Values::Signed(ids) => class_ids(ids, logits.cols, args.ignore_index),
        Values::Unsigned(ids) => class_ids(ids, logits.cols, args.ignore_index),
        Values::Floats(_) => {
            return Err(Failure::expected(
                path.display(),
                "class ids, integers",
                array.dtype,
            ));
        }
    };
    logits.require_partner(path, logits.outer_shape(), &array.shape)?;
    ids.map_err(|(row, id)| {
        let ignored = args
            .ignore_index
            .map_or(String::new(), |index| format!(" or the ignored {index}"));
        let expected = format!("class ids from 0 to {}{ignored}", logits.cols - 1);
        Failure::expected(
            path.display(),
            expected,
            format!("{id} at index {:?}, row {row}", index(row, &array.shape)),
        )
    })
}

/// The ids as the kernels take them, or the first bad one and its row.
fn class_ids<T: Copy + Into<i128>>(
    ids: &[T],
    classes: usize,
    ignored: Option<i64>,
) -> Result<Vec<i32>, (usize, i128)> {
    let class_id = |(row, &id): (usize, &T)| {
        let id: i128 = id.into();
        if ignored.is_some_and(|ignored| id == ignored.into()) {
            return Ok(IGNORED);
        }
        let known = usize::try_from(id).is_ok_and(|id| id < classes);
        i32::try_from(id).ok().filter(|_| known).ok_or((row, id))
    };
    ids.iter().enumerate().map(class_id).collect()
}

/// The place of a flat index in an array of this shape.
fn index(flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = flat;
    let mut index = vec![0; shape.len()];
    for (place, axis) in index.iter_mut().zip(shape).rev() {
        *place = rest % axis;
        rest /= axis;
    }
    index
}

impl From<Reduction> for wgpu_softmax::Reduction {
    fn from(reduction: Reduction) -> Self {
        match reduction {
            Reduction::Mean => Self::Mean,
            Reduction::Sum => Self::Sum,
            Reduction::None => Self::None,
        }
    }
}
