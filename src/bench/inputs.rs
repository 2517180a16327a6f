//! Inputs that an operation is timed on: random rows, with targets and gradients.

use super::Subject;
use crate::check::{Inputs, inputs};
use crate::variant::Operation;

/// Number of elements of the rows that are drawn; a larger matrix repeats them.
const DRAWN: u64 = 1 << 18;

/// Standard deviation of logits.
const DEVIATION: f32 = 4.0;

const SEED: u64 = 1;

/// Rows of a subject's matrices as they are stored, and the inputs with one value a row.
#[derive(Debug)]
pub(super) struct Drawn {
    cols: u64,
    inner: u64,
    /// Logits, probabilities or log-probabilities.
    pub(super) first: Vec<f32>,
    /// The upstream gradient, with as many rows. Empty where there is none.
    pub(super) second: Vec<f32>,
    /// A class id for every row of the subject. Empty where there is none.
    pub(super) targets: Vec<i32>,
    /// An upstream gradient for every row of the subject. Empty where there is none.
    pub(super) grad_lse: Vec<f32>,
}

impl Drawn {
    pub(super) fn of(subject: &Subject) -> Self {
        let Subject {
            operation, dtype, ..
        } = *subject;
        let (rows, cols) = (rows_drawn(subject), subject.cols as usize);
        let stored = |values: Vec<f32>| -> Vec<f32> {
            values.into_iter().map(|value| dtype.round(value)).collect()
        };
        let logits = Inputs::Flat.logits(rows as usize, cols, SEED);
        let logits = stored(logits.into_iter().map(|x| DEVIATION * x).collect());
        let upstream = || stored(inputs::upstream(logits.len(), SEED));
        let mut drawn = Self {
            cols: subject.cols,
            inner: subject.inner,
            first: Vec::new(),
            second: Vec::new(),
            targets: Vec::new(),
            grad_lse: Vec::new(),
        };
        match operation {
            Operation::SoftmaxBackward => {
                drawn.second = upstream();
                drawn.first = stored(inputs::probs(&logits, cols));
            }
            Operation::LogSoftmaxBackward => {
                drawn.second = upstream();
                drawn.first = stored(inputs::log_probs(&logits, cols));
            }
            Operation::LogSumExpBackward => {
                drawn.grad_lse = inputs::upstream(subject.rows as usize, SEED);
                drawn.first = logits;
            }
            Operation::CrossEntropy
            | Operation::CrossEntropyBackward
            | Operation::CrossEntropyFused => {
                drawn.targets = inputs::targets(subject.rows as usize, cols, SEED, None);
                drawn.first = logits;
            }
            _ => drawn.first = logits,
        }
        drawn
    }

    /// Returns rows of a matrix of the subject, which repeats the elements of `matrix`.
    pub(super) fn rows_of(&self, matrix: &[f32], rows: &[u64]) -> Vec<f32> {
        let Self { cols, inner, .. } = *self;
        let row = |&row: &u64| {
            let first = row / inner * cols * inner + row % inner;
            (0..cols).map(move |column| first + column * inner)
        };
        let elements = rows.iter().flat_map(row);
        let drawn = |element| matrix[(element % matrix.len() as u64) as usize];
        elements.map(drawn).collect()
    }
}

/// Returns the number of rows drawn: with odd columns an even number, which makes whole words in 16-bit storage, and with even
/// columns an odd number, so that rows mixed up are noticed.
fn rows_drawn(subject: &Subject) -> u64 {
    let rows = (DRAWN / subject.cols.max(1)).max(2);
    let rows = if subject.cols.is_multiple_of(2) {
        rows | 1
    } else {
        rows & !1
    };
    rows.min(subject.rows)
}
