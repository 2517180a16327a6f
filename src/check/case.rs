//! One shape and distribution of one operation: its inputs, and what must come out.

use super::{Inputs, bounds, inputs};
use crate::reference::{self, CrossEntropy};
use crate::variant::Operation;
use crate::{CrossEntropySpec, DType, Reduction};

/// The class id that the checks ignore: out of range, as PyTorch's.
const IGNORED: i32 = -100;

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
    pub(super) dtype: DType,
    pub(super) inputs: Inputs,
}

/// A problem with its inputs and the reference's answer.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) of: Subject,
    /// Logits, probabilities or log-probabilities: `rows x cols`.
    pub(super) first: Vec<f32>,
    /// The upstream gradient: `rows x cols` or one a row. Empty where there is none.
    pub(super) second: Vec<f32>,
    /// One class id a row. Empty where there is none.
    pub(super) targets: Vec<i32>,
    pub(super) spec: CrossEntropySpec,
    pub(super) expected: Vec<Expected>,
}

impl Case {
    pub(super) fn new(of: Subject, seed: u64) -> Self {
        let Subject {
            operation,
            rows,
            cols,
            dtype,
            inputs,
        } = of;
        let logits = stored(dtype, inputs.logits(rows, cols, seed));
        let mut case = Self {
            of,
            first: Vec::new(),
            second: Vec::new(),
            targets: Vec::new(),
            spec: CrossEntropySpec::new(rows as u64, cols as u64).dtype(dtype),
            expected: Vec::new(),
        };
        match operation {
            Operation::Softmax => case.expect(
                "probs",
                reference::softmax(&logits, cols),
                bounds::probability(&logits, cols),
            ),
            Operation::LogSoftmax => {
                case.expect(
                    "log_probs",
                    reference::log_softmax(&logits, cols),
                    bounds::log_probability(&logits, cols),
                );
            }
            Operation::LogSumExp => case.expect(
                "lse",
                reference::logsumexp(&logits, cols),
                bounds::lse(&logits, cols),
            ),
            Operation::Jacobian => case.expect(
                "jacobian",
                reference::jacobian(&logits, cols),
                bounds::jacobian(&logits, cols),
            ),
            Operation::SoftmaxBackward => case.softmax_backward(&logits, seed),
            Operation::LogSoftmaxBackward => case.log_softmax_backward(&logits, seed),
            Operation::LogSumExpBackward => case.logsumexp_backward(&logits, seed),
            _ => case.cross_entropy(&logits, seed),
        }
        if case.first.is_empty() {
            case.first = logits;
        }
        case
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
        let values = reference::softmax_backward(&p, &g, self.of.cols);
        self.expect(
            "grad_logits",
            values,
            bounds::softmax_backward(&p, &g, self.of.cols),
        );
        (self.first, self.second) = (p, g);
    }

    fn log_softmax_backward(&mut self, logits: &[f32], seed: u64) {
        let (l, g) = (
            stored(self.of.dtype, inputs::log_probs(logits, self.of.cols)),
            stored(self.of.dtype, inputs::upstream(logits.len(), seed)),
        );
        let values = reference::log_softmax_backward(&l, &g, self.of.cols);
        self.expect(
            "grad_logits",
            values,
            bounds::log_softmax_backward(&l, &g, self.of.cols),
        );
        (self.first, self.second) = (l, g);
    }

    fn logsumexp_backward(&mut self, logits: &[f32], seed: u64) {
        let g = inputs::upstream(self.of.rows, seed);
        let values = reference::logsumexp_backward(logits, &g, self.of.cols);
        self.expect(
            "grad_logits",
            values,
            bounds::logsumexp_backward(logits, &g, self.of.cols),
        );
        self.second = g;
    }

    /// The seed says which reduction it is, whether an id is ignored, and whether some targets are bad.
    fn cross_entropy(&mut self, logits: &[f32], seed: u64) {
        let reduction = [Reduction::Mean, Reduction::None, Reduction::Sum][(seed % 3) as usize];
        let ignored = (seed % 4 != 3).then_some(IGNORED);
        let mut of = CrossEntropy::new(self.of.cols).reduction(reduction);
        self.spec = self.spec.reduction(reduction);
        if let Some(id) = ignored {
            of = of.ignore_index(i64::from(id));
            self.spec = self.spec.ignore_index(i64::from(id));
        }
        let draw = if seed % 5 == 4 {
            inputs::bad_targets
        } else {
            inputs::targets
        };
        self.targets = draw(self.of.rows, self.of.cols, seed, ignored.map(i64::from));
        let targets: Vec<i64> = self.targets.iter().map(|&id| i64::from(id)).collect();

        if self.of.operation != Operation::CrossEntropyBackward {
            let result = of.losses(logits, &targets);
            match (result.loss, bounds::loss(&of, logits, &targets)) {
                (Some(loss), Some(allowed)) => self.expect("loss", vec![loss], vec![allowed]),
                _ => self.expect(
                    "losses",
                    result.row_losses,
                    bounds::row_loss(&of, logits, &targets),
                ),
            }
            self.expect("lse", result.lse, bounds::lse(logits, self.of.cols));
            let count = |n: usize| n as f64;
            let first_bad = result
                .first_bad_row
                .map_or(f64::from(u32::MAX as f32), count);
            let counts = [
                count(result.valid_rows),
                count(result.bad_targets),
                first_bad,
                count(result.nan_rows),
            ];
            self.expected.push(Expected {
                name: "status",
                values: counts.to_vec(),
                allowed: vec![0.0; 4],
                cols: 4,
                dtype: DType::F32,
            });
        }
        if self.of.operation != Operation::CrossEntropy {
            let gradient = of.gradient(logits, &targets);
            self.expect(
                "grad_logits",
                gradient,
                bounds::loss_gradient(&of, logits, &targets),
            );
        }
    }
}

/// Values as they are read back from storage.
fn stored(dtype: DType, values: Vec<f32>) -> Vec<f32> {
    values.into_iter().map(|value| dtype.round(value)).collect()
}
