//! One shape and distribution of one operation: its inputs, and what must come out.

use super::masking::Masking;
use super::options::{Kind, Options};
use super::{Inputs, bounds, inputs, row_outputs};
use crate::reference::{self, Columns, CrossEntropy, Targets};
use crate::variant::Operation;
use crate::{CrossEntropySpec, DType, Reduction};

/// An output, what is expected of it, and the rules that it keeps.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) name: &'static str,
    pub(super) values: Vec<f64>,
    pub(super) allowed: Vec<f64>,
    pub(super) cols: usize,
    /// How the output is stored: matrices as the inputs are, what is one a row as f32.
    pub(super) dtype: DType,
}

/// What a case is of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    pub(super) operation: Operation,
    pub(super) rows: usize,
    pub(super) cols: usize,
    /// Rows that lie side by side on the device. Here they lie one after the other.
    pub(super) inner: usize,
    pub(super) dtype: DType,
    pub(super) inputs: Inputs,
    pub(super) options: Options,
    /// Whether the result lies over the first input.
    pub(super) in_place: bool,
}

impl Subject {
    fn spec(&self) -> CrossEntropySpec {
        let spec = self.options.spec(self.rows, self.cols);
        let spec = spec.dtype(self.dtype).inner(self.inner as u64);
        let spec = spec.row_outputs(self.options.asked(self.operation));
        match self.in_place {
            true => spec.in_place(),
            false => spec,
        }
    }
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
    /// One a class. Empty where there are none.
    pub(super) weight: Vec<f32>,
    pub(super) masking: Masking,
    /// Class ids of which log-probabilities are given: a few a row. Empty where there are none.
    pub(super) candidates: Vec<i64>,
    pub(super) spec: CrossEntropySpec,
    pub(super) expected: Vec<Expected>,
}

impl Case {
    pub(super) fn new(of: Subject, seed: u64) -> Self {
        let Subject {
            rows, cols, dtype, ..
        } = of;
        let logits = stored(dtype, of.inputs.logits(rows, cols, seed));
        let mut case = Self {
            of,
            first: Vec::new(),
            second: Vec::new(),
            ids: Vec::new(),
            probs: Vec::new(),
            weight: Vec::new(),
            masking: Masking::new(&of, seed),
            spec: of.spec(),
            candidates: Vec::new(),
            expected: Vec::new(),
        };
        match of.operation {
            Operation::SoftmaxBackward => case.softmax_backward(&logits, seed),
            Operation::LogSoftmaxBackward => case.log_softmax_backward(&logits, seed),
            Operation::LogSumExpBackward => case.logsumexp_backward(&logits, seed),
            Operation::CrossEntropy
            | Operation::CrossEntropyBackward
            | Operation::CrossEntropyFused => case.cross_entropy(&logits, seed),
            _ => case.of_logits(&logits),
        }
        if case.first.is_empty() {
            case.first = logits;
        }
        case
    }

    /// How many columns there are, and how their logits are read.
    fn columns(&self) -> Columns {
        Columns::new(self.of.cols).scale(self.of.options.scale)
    }

    fn of_logits(&mut self, logits: &[f32]) {
        let columns = self.columns();
        let masked = self.masking.of_reference(columns);
        let (name, values, allowed) = match self.of.operation {
            Operation::Softmax => (
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
    }

    /// A matrix, or one value a row.
    fn expect(&mut self, name: &'static str, values: Vec<f64>, allowed: Vec<f64>) {
        let is_matrix = name != "lse" && name != "loss" && name != "losses";
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

    fn softmax_backward(&mut self, logits: &[f32], seed: u64) {
        let (p, g) = (
            stored(self.of.dtype, inputs::probs(logits, self.of.cols)),
            stored(self.of.dtype, inputs::upstream(logits.len(), seed)),
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
            stored(self.of.dtype, inputs::upstream(logits.len(), seed)),
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
        let g = inputs::upstream(self.of.rows, seed);
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
        let (ids, probs) = (self.ids.clone(), self.probs.clone());
        let targets: Targets<'_> = match self.of.options.kind {
            Kind::Probs => (&probs).into(),
            _ => (&ids).into(),
        };
        if self.of.operation != Operation::CrossEntropyBackward {
            self.expect_losses(&of, logits, targets);
        }
        if self.of.operation != Operation::CrossEntropy {
            let gradient = of.gradient(logits, targets);
            let allowed = bounds::loss_gradient(&of, logits, targets);
            self.expect("grad_logits", gradient, allowed);
        }
        if !self.candidates.is_empty() {
            let expected = row_outputs::expected(self, &of, logits, targets);
            self.expected.extend(expected);
        }
    }

    /// The reference with the options of the case.
    pub(super) fn reference(&self) -> CrossEntropy {
        let mut of = self.of.options.reference(self.of.cols);
        if !self.weight.is_empty() {
            of = of.weight(self.weight.clone());
        }
        match (self.second.as_slice(), self.of.options.reduction) {
            ([], _) => of,
            (grad_losses, Reduction::None) => of.grad_losses(grad_losses.to_vec()),
            (grad_loss, _) => of.grad_loss(grad_loss[0].into()),
        }
    }

    /// What is expected of an output.
    pub(super) fn values_of(&self, name: &str) -> &[f64] {
        let of_name = self.expected.iter().find(|expected| expected.name == name);
        of_name.map_or(&[], |expected| &expected.values)
    }

    /// Draws what the options ask for beside logits.
    fn draw(&mut self, seed: u64) {
        let Subject {
            rows,
            cols,
            dtype,
            options,
            ..
        } = self.of;
        let ids = match options.kind {
            Kind::Bad => inputs::bad_targets(rows, cols, seed, None),
            _ => inputs::targets(rows, cols, seed, options.ignored()),
        };
        self.ids = ids.into_iter().map(i64::from).collect();
        if options.kind == Kind::Probs {
            self.probs = stored(dtype, inputs::sparse_probs(rows, cols, seed));
        }
        if self.spec.asked().log_probs_of > 0 {
            self.candidates = row_outputs::candidates(rows, cols);
        }
        if options.weighted {
            self.weight = inputs::weights(cols, seed);
        }
        if options.upstream {
            let losses = match options.reduction {
                Reduction::None => rows,
                _ => 1,
            };
            self.second = inputs::upstream(losses, seed);
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
        self.expect("lse", result.lse, bounds::row_lse(of, logits));
        let count = |n: usize| n as f64;
        let none = f64::from(u32::MAX as f32);
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
            // Of the weights, which are positive, a nested sum; the others are exact.
            allowed: vec![0.0, 0.0, 0.0, 0.0, 1e-6 * result.weight_sum],
            cols: 5,
            dtype: DType::F32,
        });
    }
}

/// Values as they are read back from storage.
fn stored(dtype: DType, values: Vec<f32>) -> Vec<f32> {
    values.into_iter().map(|value| dtype.round(value)).collect()
}
