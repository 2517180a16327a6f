//! `linear-cross-entropy`: the loss of a linear layer's logits, and its gradients by what the logits are made of.
//!
//! Input and weight are in memory whole, and so are their gradients; the logits are not.

use super::operands::{Upstream, row_scales, row_weights};
use super::settings::options;
use super::targets::class_ids;
use crate::cli::args::{self, Reduction};
use crate::cli::engine::Engine;
use crate::cli::failure::Failure;
use crate::cli::files::{Float, Floats, Shape, Stored, narrow};
use crate::cli::mask::Masking;
use crate::cli::outputs::Outputs;
use crate::cli::progress;
use crate::cli::rows::Rows;
use std::path::Path;
use wgpu_softmax::reference::{CrossEntropy, Linear};
use wgpu_softmax::{
    Element, Error, Gpu, LinearCrossEntropyInputs, LinearCrossEntropySpec, LinearWants, LossOptions,
};

/// Values of all operands. Vectors that are not given are empty.
struct Operands {
    spec: LinearCrossEntropySpec,
    loss: LossOptions,
    hidden: Floats,
    weight: Floats,
    bias: Vec<f64>,
    ids: Vec<i32>,
    class_weight: Vec<f64>,
    row_weight: Vec<f64>,
    row_scale: Vec<f32>,
    grad_losses: Vec<f64>,
    masking: Masking,
    wants: LinearWants,
}

/// Results. Gradients that are not wanted are empty.
struct Computed {
    losses: Vec<f32>,
    grad_hidden: Floats,
    grad_weight: Vec<f32>,
    grad_bias: Vec<f32>,
}

pub(crate) fn run(args: &args::LinearCrossEntropy) -> Result<(), Failure> {
    let outputs = claim(args)?;
    let mut rows = Rows::open(&args.hidden, &args.common)?;
    if rows.inner != 1 || rows.axis + 1 != rows.shape.len() {
        let found = format!("--axis {}", args.common.axis);
        return Err(Failure::expected(
            rows.path().display(),
            "features along the last axis",
            found,
        ));
    }
    let operands = Operands::open(args, &mut rows)?;
    let classes = operands.spec.classes() as usize;
    let of_each_row = args.loss.reduction == Reduction::None;
    let loss_shape = if of_each_row {
        &rows.row_shape[..]
    } else {
        &[]
    };
    let mut losses = outputs.begin("loss", Float::F32, loss_shape)?;
    let mut grad_hidden = outputs.begin("grad_hidden", rows.float.of_results(), &rows.shape)?;
    let mut grad_weight = outputs.begin("grad_weight", Float::F32, &[classes, rows.cols])?;
    let mut grad_bias = outputs.begin("grad_bias", Float::F32, &[classes])?;
    let engine = Engine::of(&args.common, &rows, |gpu| {
        Ok(gpu.planner().linear_cross_entropy(operands.spec)?.kernel())
    })?;
    let float = rows.float;
    let computed = progress::during(engine.doing(&rows), |_| {
        engine.compute(
            &rows,
            operands,
            |gpu, operands| operands.on_gpu(gpu),
            |operands| operands.by_reference(float),
        )
    })?;
    let loss = (!of_each_row).then(|| computed.losses[0]);
    losses.write(&Floats::F32(computed.losses))?;
    grad_hidden.write(&computed.grad_hidden)?;
    grad_weight.write(&Floats::F32(computed.grad_weight))?;
    grad_bias.write(&Floats::F32(computed.grad_bias))?;
    let report = engine.report("linear-cross-entropy", &rows, &outputs, loss);
    drop(rows);
    let arrays = [losses, grad_hidden, grad_weight, grad_bias];
    outputs.finish(arrays, &[("json", &report)])?;
    loss.map_or(Ok(()), |loss| outputs.say(format!("{loss:?}")))
}

fn claim(args: &args::LinearCrossEntropy) -> Result<Outputs, Failure> {
    let outputs = Outputs::new(&args.common)
        .array("loss", args.output.as_deref())?
        .array("grad_hidden", args.grad_hidden.as_deref())?
        .array("grad_weight", args.grad_weight.as_deref())?
        .array("grad_bias", args.grad_bias.as_deref())?;
    if args.loss.reduction == Reduction::None && outputs.is_empty() {
        let what = "--reduction none prints nothing";
        return Err(Failure::expected(what, "-o or a gradient", "none of them"));
    }
    outputs.text("json", args.common.json.path.as_deref())
}

impl Operands {
    /// Reads all files.
    fn open(args: &args::LinearCrossEntropy, rows: &mut Rows) -> Result<Self, Failure> {
        let mut weight = rows.open_classes(&args.layer)?;
        let classes = weight.header().shape[0];
        let vector = |path: Option<&Path>| match path {
            None => Ok(Vec::new()),
            Some(path) => vector(path, rows, (classes, &args.layer)),
        };
        let (bias, class_weight) = (
            vector(args.bias.as_deref())?,
            vector(args.loss.weight.as_deref())?,
        );
        let grad_losses = match &args.grad_losses {
            None => Vec::new(),
            Some(path) => match Upstream::open(path, args.loss.reduction, rows)? {
                Upstream::One => Vec::new(),
                Upstream::Same(value) => vec![value],
                Upstream::PerRow(mut input) => input.floats(rows.rows, rows.wide)?.into_f64(),
            },
        };
        let row_weight = match &args.loss.row_weight {
            None => Vec::new(),
            Some(path) => row_weights(path, rows)?,
        };
        let row_scale = match &args.loss.row_scale {
            None => Vec::new(),
            Some(path) => row_scales(path, args.common.scale, rows)?,
        };
        let ids = ids(args, rows, classes, &row_weight)?;
        let loss = options(&args.loss, args.common.scale);
        let extents = [rows.rows, rows.cols, classes].map(|extent| extent as u64);
        let spec = LinearCrossEntropySpec::new(extents[0], extents[1], extents[2])
            .loss(loss)
            .dtype(rows.float.of_results().dtype());
        let masking = Masking::of_loss(
            args.loss.mask.as_deref(),
            rows,
            &logits_shape(rows, classes),
        )?;
        let spec = match masking.kept() {
            Some((mask, _)) => spec.mask(mask),
            None => spec,
        };
        Ok(Self {
            spec: args.chunk_rows.map_or(spec, |chunk| spec.chunk_rows(chunk)),
            loss,
            hidden: rows.next(rows.rows)?,
            weight: weight.floats(classes * rows.cols, rows.wide)?,
            bias,
            ids,
            class_weight,
            row_weight,
            row_scale,
            grad_losses,
            masking,
            wants: LinearWants {
                grad_hidden: args.grad_hidden.is_some(),
                grad_weight: args.grad_weight.is_some(),
                grad_bias: args.grad_bias.is_some(),
            },
        })
    }

    fn on_gpu(&self, gpu: &Gpu) -> Result<Computed, Error> {
        match (&self.hidden, &self.weight) {
            (Floats::F32(x), Floats::F32(w)) => self.run(gpu, x, w, Floats::F32),
            (Floats::F16(x), Floats::F16(w)) => self.run(gpu, x, w, Floats::F16),
            (Floats::Bf16(x), Floats::Bf16(w)) => self.run(gpu, x, w, Floats::Bf16),
            _ => unreachable!("the weight has been opened in the type of the input"),
        }
    }

    fn run<T: Element>(
        &self,
        gpu: &Gpu,
        hidden: &[T],
        weight: &[T],
        stored: fn(Vec<T>) -> Floats,
    ) -> Result<Computed, Error> {
        let given = |values: &Vec<f64>| (!values.is_empty()).then(|| narrow(values.clone()));
        let vectors = [
            &self.bias,
            &self.class_weight,
            &self.row_weight,
            &self.grad_losses,
        ]
        .map(given);
        let mut inputs = LinearCrossEntropyInputs::new(hidden, weight, &self.ids);
        inputs.bias = vectors[0].as_deref();
        inputs.class_weight = vectors[1].as_deref();
        inputs.row_weight = vectors[2].as_deref();
        inputs.row_scale = Some(&*self.row_scale).filter(|scales| !scales.is_empty());
        inputs.grad_losses = vectors[3].as_deref();
        inputs.mask = self.masking.kept().map(|(_, elements)| elements);
        let output = gpu.linear_cross_entropy(&self.spec, inputs, self.wants)?;
        Ok(Computed {
            losses: output.losses,
            grad_hidden: stored(output.grad_hidden.unwrap_or_default()),
            grad_weight: output.grad_weight.unwrap_or_default(),
            grad_bias: output.grad_bias.unwrap_or_default(),
        })
    }

    fn by_reference(self, float: Float) -> Computed {
        let ids: Vec<i64> = self.ids.into_iter().map(i64::from).collect();
        let (hidden, weight) = (self.hidden.into_f64(), self.weight.into_f64());
        let layer = Linear::new(&hidden, &weight, self.spec.features() as usize);
        let layer = match self.bias.is_empty() {
            true => layer,
            false => layer.bias(&self.bias),
        };
        let mut of = CrossEntropy::new(self.spec.classes() as usize).loss(self.loss);
        if !self.class_weight.is_empty() {
            of = of.weight(self.class_weight);
        }
        if !self.row_weight.is_empty() {
            of = of.row_weight(self.row_weight);
        }
        if !self.row_scale.is_empty() {
            of = of.row_scale(self.row_scale);
        }
        if let Some((mask, elements)) = self.masking.kept() {
            let of_row = |row| (0..mask.cols()).map(move |col| mask.element(row, col) as usize);
            let kept = (0..mask.rows()).flat_map(of_row).map(|at| elements[at]);
            of = of.kept(kept.collect::<Vec<_>>());
        }
        of = match (self.grad_losses, self.loss.reduction) {
            (none, _) if none.is_empty() => of,
            (all, Reduction::None) => of.grad_losses(all),
            (all, _) => of.grad_loss(all[0]),
        };
        let result = of.linear_losses(layer, &ids);
        let LinearWants {
            grad_hidden,
            grad_weight,
            grad_bias,
        } = self.wants;
        let wants_any = grad_hidden || grad_weight || grad_bias;
        let gradients = wants_any.then(|| of.linear_gradients(layer, &ids));
        let (by_hidden, by_weight, by_bias) = match gradients {
            None => (Vec::new(), Vec::new(), Vec::new()),
            Some(gradients) => (gradients.hidden, gradients.weight, gradients.bias),
        };
        Computed {
            losses: narrow(result.loss.map_or(result.row_losses, |loss| vec![loss])),
            grad_hidden: Floats::from_f64(by_hidden, float.of_results()),
            grad_weight: narrow(by_weight),
            grad_bias: narrow(by_bias),
        }
    }
}

/// Shape of the logits: that of the input, with classes in place of features.
fn logits_shape(rows: &Rows, classes: usize) -> Vec<usize> {
    let mut shape = rows.row_shape.clone();
    shape.push(classes);
    shape
}

/// Reads one class id a row.
fn ids(
    args: &args::LinearCrossEntropy,
    rows: &Rows,
    classes: usize,
    row_weight: &[f64],
) -> Result<Vec<i32>, Failure> {
    let path = &args.targets;
    let input = rows.open_another(path)?;
    let (stored, shape) = (input.header().stored, &input.header().shape);
    let is_integer = !matches!(stored, Stored::Float(_) | Stored::Bool);
    if is_integer && rows.fits_row_shape(shape) {
        return class_ids(input, classes, args.loss.ignore_index, row_weight);
    }
    let wanted = format!(
        "class ids, integers of shape {}, to match {}",
        Shape(&rows.row_shape),
        rows.path().display(),
    );
    let found = format!("{stored} of shape {}", Shape(shape));
    Err(Failure::expected(path.display(), wanted, found))
}

/// Reads one value a class.
fn vector(path: &Path, rows: &Rows, (classes, layer): (usize, &Path)) -> Result<Vec<f64>, Failure> {
    let mut input = rows.open_any_floats(path)?;
    let shape = &input.header().shape;
    if *shape != [classes] {
        let wanted = format!("shape {} to match {}", Shape(&[classes]), layer.display());
        let found = format!("shape {}", Shape(shape));
        return Err(Failure::expected(path.display(), wanted, found));
    }
    Ok(input.floats(classes, rows.wide)?.into_f64())
}
