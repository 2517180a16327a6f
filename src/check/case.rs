//! One shape and distribution of one operation: its inputs and its expected outputs.

use super::answers::{of_rows, of_sinks, result_of};
use super::expected::Expected;
use super::kinds::{Kind, ids};
use super::masking::Masking;
use super::options::Options;
use super::subject::Subject;
use super::{Inputs, bounds, inputs, row_outputs, sinks};
use crate::reference::{Columns, CrossEntropy, Targets};
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::dtype::DType;
use crate::spec::loss::Reduction;
use crate::variant::Operation;

/// A problem with its inputs and the reference's answer.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) of: Subject,
    /// Logits, probabilities or log-probabilities: `rows x cols`.
    pub(super) first: Vec<f32>,
    /// The upstream gradient: `rows x cols`, one a row, or one. Empty where there is none.
    pub(super) second: Vec<f32>,
    /// One class id a row. Empty where there is none.
    pub(super) ids: Vec<i64>,
    /// Probabilities as targets: `rows x cols`. Empty where there are none.
    pub(super) probs: Vec<f32>,
    /// Weights, one a class. Empty where there are none.
    pub(super) weight: Vec<f32>,
    /// Weights, one a row. Empty where there are none.
    pub(super) row_weight: Vec<f32>,
    /// Scales, one a row. Empty where there are none.
    pub(super) row_scale: Vec<f32>,
    pub(super) masking: Masking,
    /// Sinks, one a head. Empty where there are none.
    pub(super) sinks: Vec<f32>,
    /// Probabilities of sinks that a backward pass reads. Empty where there are none.
    pub(super) sink_probs: Vec<f32>,
    /// Class ids whose log-probabilities are requested: a few a row. Empty where there are none.
    pub(super) candidates: Vec<i64>,
    pub(super) spec: CrossEntropySpec,
    pub(super) expected: Vec<Expected>,
}

impl Case {
    pub(super) fn new(of: Subject, seed: u64) -> Self {
        let mut logits = of.inputs.logits(of.rows, of.cols, seed);
        if of.inputs == Inputs::Lowest {
            // The lowest number of the type.
            let lowest = -of.dtype.max();
            logits.iter_mut().for_each(|x| *x = x.max(lowest));
        }
        let logits = stored(of.dtype, logits);
        let mut case = Self::empty(of, seed);
        if of.operation.has_targets() {
            case.first = logits;
            case.draw(seed);
            case.expected = case.of_targets();
        } else {
            if of.options.sinks {
                case.sinks = sinks::draw(&of, &logits);
            }
            (case.first, case.second) = case.of_rows(logits, seed);
            case.expected = case.of_inputs();
        }
        case
    }

    fn empty(of: Subject, seed: u64) -> Self {
        let masking = Masking::new(&of, seed);
        let mut spec = of.cross_entropy_spec();
        spec.mask = masking.mask;
        Self {
            of,
            first: Vec::new(),
            second: Vec::new(),
            ids: Vec::new(),
            probs: Vec::new(),
            weight: Vec::new(),
            row_weight: Vec::new(),
            row_scale: Vec::new(),
            masking,
            sinks: Vec::new(),
            sink_probs: match of.options.sinks {
                true => sinks::draw_probs(&of),
                false => Vec::new(),
            },
            spec,
            candidates: Vec::new(),
            expected: Vec::new(),
        }
    }

    /// Makes the case of the gradient of log-softmax where every log-probability is -inf: a multiple of the upstream gradient,
    /// which is any number of the type, rounded once.
    pub(super) fn of_halves(of: Subject, seed: u64) -> Self {
        let dtype = of.dtype;
        let mut case = Self::empty(of, seed);
        let number = |n: usize| {
            let bits = (n as u64 + seed).wrapping_mul(40_503) & 0xffff;
            let value = dtype.decode(bits as u32);
            // Others are not finite, may be flushed to 0, or make a sum that is not finite.
            let is_auxiliary = (1e-37..1e34).contains(&f64::from(value.abs()));
            if is_auxiliary { value } else { 1.0 }
        };
        let len = of.rows * of.cols;
        case.first = vec![f32::NEG_INFINITY; len];
        case.second = (0..len).map(number).collect();
        let rounded = |&g: &f32| f64::from(dtype.round(of.options.loss.scale * g));
        case.expected = vec![Expected {
            name: "grad_logits",
            values: case.second.iter().map(rounded).collect(),
            allowed: vec![0.0; len],
            cols: of.cols,
            dtype,
        }];
        case
    }

    /// Returns the inputs of an operation without targets.
    fn of_rows(&self, logits: Vec<f32>, seed: u64) -> (Vec<f32>, Vec<f32>) {
        let Subject {
            rows, cols, dtype, ..
        } = self.of;
        let first = match self.of.operation {
            Operation::SoftmaxBackward => stored(dtype, inputs::probs(&logits, cols)),
            Operation::LogSoftmaxBackward => stored(dtype, inputs::log_probs(&logits, cols)),
            _ => logits,
        };
        let second = match self.of.operation {
            Operation::SoftmaxBackward | Operation::LogSoftmaxBackward => {
                stored(dtype, self.upstream(first.len(), seed))
            }
            Operation::LogSumExpBackward => self.upstream(rows, seed),
            _ => Vec::new(),
        };
        (first, second)
    }

    /// Returns the expected outputs of an operation without targets.
    fn of_inputs(&self) -> Vec<Expected> {
        let columns = Columns::new(self.of.cols).scale(self.of.options.loss.scale);
        let mut masked = self.masking.of_reference(columns);
        if !self.sinks.is_empty() {
            masked = masked.sinks(&self.sinks, sinks::QUERIES);
        }
        let output = |operation| {
            let (values, allowed) = of_rows(operation, (&self.first, &self.second), masked);
            self.output(result_of(operation), values, allowed)
        };
        let mut outputs = vec![output(self.of.operation)];
        if self.of.operation == Operation::SoftmaxFromPairs {
            outputs.push(output(Operation::LogSumExp));
        }
        if !self.sinks.is_empty() {
            let given = (&self.first[..], &self.second[..]);
            let (name, values, allowed) =
                of_sinks(self.of.operation, given, &self.sink_probs, masked);
            outputs.push(self.output(name, values, allowed));
        }
        outputs
    }

    /// Makes an expected output from its bounds in f32: a matrix, or one value a row.
    fn output(&self, name: &'static str, values: Vec<f64>, allowed: Vec<f64>) -> Expected {
        let (cols, dtype) = match name {
            "lse" | "lse of pairs" | "loss" | "losses" | "sink_probs" | "grad_sinks" => {
                (1, DType::F32)
            }
            _ => (self.of.cols, self.of.dtype),
        };
        Expected {
            name,
            allowed: bounds::stored(dtype, &allowed, &values),
            values,
            cols,
            dtype,
        }
    }

    /// Draws upstream gradients, special ones among them where logits are.
    fn upstream(&self, len: usize, seed: u64) -> Vec<f32> {
        let mut upstream = inputs::upstream(len, seed);
        if self.of.inputs == Inputs::Special {
            let special = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
            let some = upstream.iter_mut().skip(1).step_by(1 + len / 3);
            some.zip(special).for_each(|(g, special)| *g = special);
        }
        upstream
    }

    /// Draws class weights, infinite ones among them where logits are and no other row depends on them.
    fn weights(&self, seed: u64) -> Vec<f32> {
        let Options { kind, loss, .. } = self.of.options;
        let mut weights = inputs::weights(self.of.cols, seed);
        let of_one_row = kind != Kind::Probs && loss.label_smoothing == 0.0;
        if self.of.inputs == Inputs::Special && of_one_row && loss.reduction != Reduction::Mean {
            let signs = [f32::INFINITY, f32::NEG_INFINITY].into_iter().cycle();
            let some = weights.iter_mut().step_by(4);
            some.zip(signs)
                .for_each(|(weight, infinite)| *weight = infinite);
        }
        weights
    }

    /// Draws weights of the rows: of rows with special logits too, 0 among them; infinite and NaN where no other row depends on them.
    fn row_weights(&self, seed: u64) -> Vec<f32> {
        let mut weights = inputs::weights(self.of.rows, seed + 1);
        if self.of.inputs == Inputs::Special && self.of.options.loss.reduction == Reduction::None {
            let special = [f32::INFINITY, f32::NAN, f32::NEG_INFINITY, -1.5];
            let some = weights.iter_mut().skip(1).step_by(5);
            some.zip(special)
                .for_each(|(weight, special)| *weight = special);
        }
        weights
    }

    /// Draws scales of the rows; some that are none where logits are special.
    fn row_scales(&self, seed: u64) -> Vec<f32> {
        let mut scales = inputs::scales(self.of.rows, seed);
        if self.of.inputs == Inputs::Special {
            let none = [0.0, f32::NAN, -1.0, f32::INFINITY, 1e-31, 1e38];
            let some = scales.iter_mut().skip(1).step_by(4);
            some.zip(none).for_each(|(scale, none)| *scale = none);
        }
        scales
    }

    /// Returns the expected outputs of an operation with targets.
    fn of_targets(&self) -> Vec<Expected> {
        let (of, logits) = (&self.reference(), &self.first);
        let targets: Targets<'_> = match self.of.options.kind {
            Kind::Probs => (&self.probs).into(),
            _ => (&self.ids).into(),
        };
        let mut outputs = match self.of.operation {
            Operation::CrossEntropyBackward => Vec::new(),
            _ => self.of_losses(of, targets),
        };
        if self.of.operation == Operation::CrossEntropyFromPairs {
            // There is neither a pair to save nor a status.
            outputs.truncate(2);
        }
        if self.of.operation != Operation::CrossEntropy {
            let gradient = of.gradient(logits, targets);
            let allowed = bounds::loss_gradient(of, logits, targets);
            outputs.push(self.output("grad_logits", gradient, allowed));
        }
        if !self.candidates.is_empty() {
            outputs.extend(row_outputs::expected(self, of, logits, targets));
        }
        outputs
    }

    /// Returns the reference with the options of the case.
    pub(super) fn reference(&self) -> CrossEntropy {
        let mut of = CrossEntropy::new(self.of.cols).loss(self.of.options.whole_loss());
        if !self.weight.is_empty() {
            of = of.weight(self.weight.clone());
        }
        if !self.row_weight.is_empty() {
            of = of.row_weight(self.row_weight.clone());
        }
        if !self.row_scale.is_empty() {
            of = of.row_scale(self.row_scale.clone());
        }
        if !self.masking.each_kept.is_empty() {
            of = of.kept(&self.masking.each_kept[..]);
        }
        match (self.second.as_slice(), self.of.options.loss.reduction) {
            ([], _) => of,
            (grad_losses, Reduction::None) => of.grad_losses(grad_losses.to_vec()),
            (grad_loss, _) => of.grad_loss(grad_loss[0].into()),
        }
    }

    /// Returns the expected values of an output.
    pub(super) fn values_of(&self, name: &str) -> &[f64] {
        let of_name = self.expected.iter().find(|expected| expected.name == name);
        of_name.map_or(&[], |expected| &expected.values)
    }

    /// Draws the inputs that the options need in addition to logits.
    fn draw(&mut self, seed: u64) {
        let Subject {
            rows,
            cols,
            dtype,
            options,
            ..
        } = self.of;
        self.ids = ids(options.kind, rows, cols, seed);
        if options.kind == Kind::Probs {
            let mut probs = inputs::sparse_probs(rows, cols, seed);
            if self.of.inputs == Inputs::Special {
                inputs::plant_special_targets(&mut probs, cols);
            }
            self.probs = stored(dtype, probs);
        }
        // Targets at excluded classes have infinite losses: of some rows, where no other row depends on them.
        let is_alone = options.loss.reduction == Reduction::None;
        let stays = |row: usize| is_alone && row.is_multiple_of(3);
        let targets = (&mut self.ids[..], &mut self.probs[..]);
        inputs::keep_targets(&self.masking.each_kept, cols, targets, stays);
        if self.spec.row_outputs.log_probs_of > 0 {
            let stored = options.kind.target_type();
            self.candidates = row_outputs::candidates(rows, cols, stored);
        }
        if options.weighted {
            self.weight = self.weights(seed);
        }
        if options.rows_weighted {
            self.row_weight = self.row_weights(seed);
        }
        if options.rows_scaled && self.of.inner == 1 {
            self.row_scale = self.row_scales(seed);
        }
        if options.upstream {
            let losses = match options.loss.reduction {
                Reduction::None => rows,
                _ => 1,
            };
            self.second = self.upstream(losses, seed);
        }
    }

    /// Returns the expected losses, logsumexp and status of a forward pass.
    fn of_losses(&self, of: &CrossEntropy, targets: Targets<'_>) -> Vec<Expected> {
        let logits = &self.first;
        let result = of.losses(logits, targets);
        let row_loss = bounds::row_loss(of, logits, targets);
        // Infinite losses that may be NaN.
        let open = result.row_losses.iter().zip(&row_loss);
        let open = open.filter(|(loss, allowed)| loss.is_infinite() && allowed.is_infinite());
        let open = open.count() as f64;
        let status = Expected::status(&result, open);
        let losses = match (result.loss, bounds::loss(of, logits, targets)) {
            (Some(loss), Some(allowed)) => self.output("loss", vec![loss], vec![allowed]),
            _ => self.output("losses", result.row_losses, row_loss),
        };
        let allowed = bounds::row_lse(of, logits);
        let lse = self.output("lse", result.lse.clone(), allowed.clone());
        // The logsumexp of the pair that is saved for a backward pass.
        let of_pairs = self.output("lse of pairs", result.lse, allowed);
        vec![losses, lse, of_pairs, status]
    }
}

/// Rounds values as storage does.
fn stored(dtype: DType, values: Vec<f32>) -> Vec<f32> {
    values.into_iter().map(|value| dtype.round(value)).collect()
}
