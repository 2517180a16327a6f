//! One shape and distribution of one operation: its inputs and its expected outputs.

use super::kinds::{Kind, ids};
use super::masking::Masking;
use super::options::Options;
use super::subject::Subject;
use super::{Inputs, bounds, inputs, row_outputs};
use crate::reference::{self, Columns, CrossEntropy, Targets};
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::dtype::DType;
use crate::spec::reduction::Reduction;
use crate::variant::Operation;

/// An output, its expected values, and their allowed errors.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) name: &'static str,
    pub(super) values: Vec<f64>,
    pub(super) allowed: Vec<f64>,
    pub(super) cols: usize,
    /// Type of the output as stored: that of the inputs for matrices, f32 for one value a row.
    pub(super) dtype: DType,
}

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
    pub(super) masking: Masking,
    /// Class ids whose log-probabilities are requested: a few a row. Empty where there are none.
    pub(super) candidates: Vec<i64>,
    pub(super) spec: CrossEntropySpec,
    pub(super) expected: Vec<Expected>,
}

impl Case {
    pub(super) fn new(of: Subject, seed: u64) -> Self {
        let Subject {
            rows, cols, dtype, ..
        } = of;
        let logits = of.inputs.logits(rows, cols, seed);
        let logits = match of.inputs {
            // The lowest number of the type.
            Inputs::Lowest => logits.into_iter().map(|x| x.max(-dtype.max())).collect(),
            _ => logits,
        };
        let logits = stored(dtype, logits);
        let mut case = Self::empty(of, seed);
        match of.operation {
            Operation::SoftmaxBackward => case.softmax_backward(&logits, seed),
            Operation::LogSoftmaxBackward => case.log_softmax_backward(&logits, seed),
            Operation::LogSumExpBackward => case.logsumexp_backward(&logits, seed),
            Operation::CrossEntropy
            | Operation::CrossEntropyBackward
            | Operation::CrossEntropyFused
            | Operation::CrossEntropyFromPairs => case.cross_entropy(&logits, seed),
            _ => case.of_logits(&logits),
        }
        if case.first.is_empty() {
            case.first = logits;
        }
        case
    }

    fn empty(of: Subject, seed: u64) -> Self {
        Self {
            of,
            first: Vec::new(),
            second: Vec::new(),
            ids: Vec::new(),
            probs: Vec::new(),
            weight: Vec::new(),
            masking: Masking::new(&of, seed),
            spec: of.cross_entropy_spec(),
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

    /// Returns the number of columns and the way their logits are read.
    fn columns(&self) -> Columns {
        Columns::new(self.of.cols).scale(self.of.options.loss.scale)
    }

    fn of_logits(&mut self, logits: &[f32]) {
        let columns = self.columns();
        let masked = self.masking.of_reference(columns);
        let (name, values, allowed) = match self.of.operation {
            Operation::Softmax | Operation::SoftmaxFromPairs => (
                "probs",
                reference::softmax(logits, masked),
                bounds::probability(logits, masked),
            ),
            Operation::LogSoftmax => (
                "log_probs",
                reference::log_softmax(logits, masked),
                bounds::log_probability(logits, masked),
            ),
            Operation::LogSumExp => (
                "lse",
                reference::logsumexp(logits, masked),
                bounds::lse(logits, masked),
            ),
            Operation::Jacobian => (
                "jacobian",
                reference::jacobian(logits, columns),
                bounds::jacobian(logits, columns),
            ),
            _ => unreachable!("the other operations have cases of their own"),
        };
        self.expect(name, values, allowed);
        if self.of.operation == Operation::SoftmaxFromPairs {
            let lse = reference::logsumexp(logits, columns);
            self.expect("lse", lse, bounds::lse(logits, columns));
        }
    }

    /// Adds an expected output: a matrix, or one value a row.
    fn expect(&mut self, name: &'static str, values: Vec<f64>, allowed: Vec<f64>) {
        let is_matrix = !matches!(name, "lse" | "lse of pairs" | "loss" | "losses");
        let dtype = if is_matrix { self.of.dtype } else { DType::F32 };
        let allowed = bounds::stored(dtype, &allowed, &values);
        let cols = if is_matrix { self.of.cols } else { 1 };
        self.expected.push(Expected {
            name,
            values,
            allowed,
            cols,
            dtype,
        });
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
            let some = weights.iter_mut().step_by(4);
            let sign = |index| if index % 2 == 0 { 1.0 } else { -1.0 };
            some.enumerate()
                .for_each(|(index, weight)| *weight = sign(index) * f32::INFINITY);
        }
        weights
    }

    fn softmax_backward(&mut self, logits: &[f32], seed: u64) {
        let (p, g) = (
            stored(self.of.dtype, inputs::probs(logits, self.of.cols)),
            stored(self.of.dtype, self.upstream(logits.len(), seed)),
        );
        let values = reference::softmax_backward(&p, &g, self.columns());
        self.expect(
            "grad_logits",
            values,
            bounds::softmax_backward(&p, &g, self.columns()),
        );
        (self.first, self.second) = (p, g);
    }

    fn log_softmax_backward(&mut self, logits: &[f32], seed: u64) {
        let (l, g) = (
            stored(self.of.dtype, inputs::log_probs(logits, self.of.cols)),
            stored(self.of.dtype, self.upstream(logits.len(), seed)),
        );
        let values = reference::log_softmax_backward(&l, &g, self.columns());
        self.expect(
            "grad_logits",
            values,
            bounds::log_softmax_backward(&l, &g, self.columns()),
        );
        (self.first, self.second) = (l, g);
    }

    fn logsumexp_backward(&mut self, logits: &[f32], seed: u64) {
        let g = self.upstream(self.of.rows, seed);
        let values = reference::logsumexp_backward(logits, &g, self.columns());
        self.expect(
            "grad_logits",
            values,
            bounds::logsumexp_backward(logits, &g, self.columns()),
        );
        self.second = g;
    }

    fn cross_entropy(&mut self, logits: &[f32], seed: u64) {
        self.draw(seed);
        let of = self.reference();
        let operation = self.of.operation;
        let (ids, probs) = (self.ids.clone(), self.probs.clone());
        let targets: Targets<'_> = match self.of.options.kind {
            Kind::Probs => (&probs).into(),
            _ => (&ids).into(),
        };
        if operation == Operation::CrossEntropyFromPairs {
            let losses = of.losses(logits, targets);
            let allowed = bounds::row_loss(&of, logits, targets);
            self.expect("losses", losses.row_losses, allowed);
            self.expect("lse", losses.lse, bounds::row_lse(&of, logits));
        } else if operation != Operation::CrossEntropyBackward {
            self.expect_losses(&of, logits, targets);
        }
        if operation != Operation::CrossEntropy {
            let gradient = of.gradient(logits, targets);
            let allowed = bounds::loss_gradient(&of, logits, targets);
            self.expect("grad_logits", gradient, allowed);
        }
        if !self.candidates.is_empty() {
            let expected = row_outputs::expected(self, &of, logits, targets);
            self.expected.extend(expected);
        }
    }

    /// Returns the reference with the options of the case.
    pub(super) fn reference(&self) -> CrossEntropy {
        let mut of = self.of.options.reference(self.of.cols);
        if !self.weight.is_empty() {
            of = of.weight(self.weight.clone());
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
        if self.spec.row_outputs.log_probs_of > 0 {
            let stored = options.kind.target_type();
            self.candidates = row_outputs::candidates(rows, cols, stored);
        }
        if options.weighted {
            self.weight = self.weights(seed);
        }
        if options.upstream {
            let losses = match options.loss.reduction {
                Reduction::None => rows,
                _ => 1,
            };
            self.second = self.upstream(losses, seed);
        }
    }

    fn expect_losses(&mut self, of: &CrossEntropy, logits: &[f32], targets: Targets<'_>) {
        let result = of.losses(logits, targets);
        match (result.loss, bounds::loss(of, logits, targets)) {
            (Some(loss), Some(allowed)) => self.expect("loss", vec![loss], vec![allowed]),
            _ => {
                let allowed = bounds::row_loss(of, logits, targets);
                self.expect("losses", result.row_losses, allowed);
            }
        }
        let allowed = bounds::row_lse(of, logits);
        self.expect("lse", result.lse.clone(), allowed.clone());
        // The logsumexp of the pair that is saved for a backward pass.
        self.expect("lse of pairs", result.lse, allowed);
        let count = |n: usize| n as f64;
        let none = f64::from(u32::MAX as f32);
        // Infinite weights of both signs have no sum.
        let allowed_of_sum = match result.weight_sum.is_finite() {
            true => 1e-6 * result.weight_sum,
            false => 0.0,
        };
        let status = [
            count(result.valid_rows),
            count(result.bad_targets),
            result.first_bad_row.map_or(none, count),
            count(result.nan_rows),
            result.weight_sum,
        ];
        self.expected.push(Expected {
            name: "status",
            values: status.to_vec(),
            // The weight sum is a nested sum of positive weights; the others are exact.
            allowed: vec![0.0, 0.0, 0.0, 0.0, allowed_of_sum],
            cols: 5,
            dtype: DType::F32,
        });
    }
}

/// Rounds values as storage does.
fn stored(dtype: DType, values: Vec<f32>) -> Vec<f32> {
    values.into_iter().map(|value| dtype.round(value)).collect()
}
