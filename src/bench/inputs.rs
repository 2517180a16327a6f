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
#[derive(Debug, Default)]
pub(super) struct Drawn {
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
        let (rows, cols) = (subject.rows as usize, subject.cols as usize);
        let stored = |values: Vec<f32>| -> Vec<f32> {
            let round = |value| subject.dtype.round(value);
            values.into_iter().map(round).collect()
        };
        let logits = Inputs::Flat.logits(rows_drawn(subject) as usize, cols, SEED);
        let logits = stored(logits.into_iter().map(|x| DEVIATION * x).collect());
        let mut drawn = Self::default();
        match subject.operation {
            Operation::SoftmaxBackward | Operation::LogSoftmaxBackward => {
                drawn.second = stored(inputs::upstream(logits.len(), SEED));
            }
            Operation::LogSumExpBackward => drawn.grad_lse = inputs::upstream(rows, SEED),
            Operation::CrossEntropy
            | Operation::CrossEntropyBackward
            | Operation::CrossEntropyFused => {
                drawn.targets = inputs::targets(rows, cols, SEED, None);
            }
            _ => {}
        }
        drawn.first = match subject.operation {
            Operation::SoftmaxBackward => stored(inputs::probs(&logits, cols)),
            Operation::LogSoftmaxBackward => stored(inputs::log_probs(&logits, cols)),
            _ => logits,
        };
        drawn
    }
}

/// Returns rows of a matrix of the subject, which repeats the elements of `matrix`.
pub(super) fn rows_of(subject: &Subject, matrix: &[f32], rows: &[u64]) -> Vec<f32> {
    let places = rows
        .iter()
        .flat_map(|&row| places(subject, row, subject.cols));
    let drawn = |place| matrix[(place % matrix.len() as u64) as usize];
    places.map(drawn).collect()
}

/// Returns the places of a row's elements in a matrix with rows of `width` elements.
pub(super) fn places(subject: &Subject, row: u64, width: u64) -> impl Iterator<Item = u64> {
    let inner = subject.inner;
    let first = row / inner * width * inner + row % inner;
    (0..width).map(move |column| first + column * inner)
}

/// Returns the number of rows drawn: with odd columns an even number, which makes whole words in 16-bit storage, and with even
/// columns an odd number, so that rows mixed up are noticed.
fn rows_drawn(subject: &Subject) -> u64 {
    let rows = (DRAWN / subject.cols.max(1)).max(2);
    let rows = match subject.cols.is_multiple_of(2) {
        true => rows | 1,
        false => rows & !1,
    };
    rows.min(subject.rows)
}
