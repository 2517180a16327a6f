//! Verification of results against the f64 reference, before a time is believed.

use super::Subject;
use super::inputs::Drawn;
use super::sets::Set;
use crate::check::{bounds, compare_as};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::reference::{self, CrossEntropy};
use crate::spec::dtype::DType;
use crate::spec::loss::Reduction;
use crate::variant::Operation;

/// Approximate number of elements of the rows that are compared: the first row, the last, and some between.
const COMPARED: u64 = 4096;

/// Fewest rows that are compared, if there are so many, and most.
const ROWS: (u64, u64) = (3, 64);

/// Some rows of an output, their expected values, and their allowed errors.
struct Output {
    name: &'static str,
    found: Vec<f32>,
    expected: Vec<f64>,
    allowed: Vec<f64>,
    dtype: DType,
}

/// Returns the difference from the reference in the outputs of `set`, or `None`.
pub(super) fn difference(
    gpu: &Gpu,
    subject: &Subject,
    drawn: &Drawn,
    set: &Set,
) -> Result<Option<String>, Error> {
    let rows = sample(subject);
    let outputs = match subject.operation {
        Operation::CrossEntropy
        | Operation::CrossEntropyBackward
        | Operation::CrossEntropyFused => cross_entropy(gpu, subject, drawn, set, &rows)?,
        _ => vec![row_operation(gpu, subject, drawn, set, &rows)?],
    };
    Ok(outputs.iter().find_map(|output| output.difference(&rows)))
}

impl Output {
    fn difference(&self, rows: &[u64]) -> Option<String> {
        let allowed = bounds::stored(self.dtype, &self.allowed, &self.expected);
        let cols = self.found.len() / rows.len();
        let comparison = compare_as(self.dtype, &self.found, &self.expected, &allowed, cols);
        let (row, column) = (comparison.worst_index / cols, comparison.worst_index % cols);
        (!comparison.passed()).then(|| {
            format!(
                "{} expected {:e} at row {}, column {column}, found {:e}: {:.3} times the bound",
                self.name, comparison.expected, rows[row], comparison.found, comparison.worst_share
            )
        })
    }
}

/// Returns rows spread evenly, the first and the last among them.
fn sample(subject: &Subject) -> Vec<u64> {
    let last = subject.rows - 1;
    let count = (COMPARED / subject.elements_per_row())
        .clamp(ROWS.0, ROWS.1)
        .min(subject.rows);
    (0..count)
        .map(|index| index * last / (count - 1).max(1))
        .collect()
}

fn row_operation(
    gpu: &Gpu,
    subject: &Subject,
    drawn: &Drawn,
    set: &Set,
    rows: &[u64],
) -> Result<Output, Error> {
    let cols = subject.cols as usize;
    let x = &drawn.rows_of(&drawn.first, rows);
    let second = || drawn.rows_of(&drawn.second, rows);
    let (name, expected, allowed) = match subject.operation {
        Operation::Softmax => (
            "probs",
            reference::softmax(x, cols),
            bounds::probability(x, cols),
        ),
        Operation::LogSoftmax => (
            "log_probs",
            reference::log_softmax(x, cols),
            bounds::log_probability(x, cols),
        ),
        Operation::LogSumExp => ("lse", reference::logsumexp(x, cols), bounds::lse(x, cols)),
        Operation::SoftmaxBackward => {
            let g = &second();
            let expected = reference::softmax_backward(x, g, cols);
            (
                "grad_logits",
                expected,
                bounds::softmax_backward(x, g, cols),
            )
        }
        Operation::LogSoftmaxBackward => {
            let g = &second();
            let expected = reference::log_softmax_backward(x, g, cols);
            (
                "grad_logits",
                expected,
                bounds::log_softmax_backward(x, g, cols),
            )
        }
        Operation::LogSumExpBackward => {
            let g: Vec<f32> = rows
                .iter()
                .map(|&row| drawn.grad_lse[row as usize])
                .collect();
            let expected = reference::logsumexp_backward(x, &g, cols);
            (
                "grad_logits",
                expected,
                bounds::logsumexp_backward(x, &g, cols),
            )
        }
        _ => (
            "jacobian",
            reference::jacobian(x, cols),
            bounds::jacobian(x, cols),
        ),
    };
    let (found, dtype) = match subject.operation.writes_matrix() {
        true => (fetch(gpu, subject, set, rows)?, subject.dtype),
        false => (per_row(gpu, &set.row_output, subject, rows)?, DType::F32),
    };
    Ok(Output {
        name,
        found,
        expected,
        allowed,
        dtype,
    })
}

fn cross_entropy(
    gpu: &Gpu,
    subject: &Subject,
    drawn: &Drawn,
    set: &Set,
    rows: &[u64],
) -> Result<Vec<Output>, Error> {
    let cols = subject.cols as usize;
    let x = &drawn.rows_of(&drawn.first, rows);
    let targets: Vec<i64> = rows
        .iter()
        .map(|&row| drawn.targets[row as usize].into())
        .collect();
    let of = CrossEntropy::new(cols).reduction(Reduction::None);
    let mut outputs = Vec::new();
    if subject.operation != Operation::CrossEntropyBackward {
        outputs.push(Output {
            name: "losses",
            found: per_row(gpu, &set.row_output, subject, rows)?,
            expected: of.losses(x, &targets).row_losses,
            allowed: bounds::row_loss(&of, x, &targets),
            dtype: DType::F32,
        });
    }
    if subject.operation == Operation::CrossEntropy {
        outputs.push(Output {
            name: "lse of the pairs",
            found: lse_of_pairs(gpu, subject, set, rows)?,
            expected: reference::logsumexp(x, cols),
            allowed: bounds::lse(x, cols),
            dtype: DType::F32,
        });
    } else {
        outputs.push(Output {
            name: "grad_logits",
            found: fetch(gpu, subject, set, rows)?,
            expected: of.gradient(x, &targets),
            allowed: bounds::loss_gradient(&of, x, &targets),
            dtype: subject.dtype,
        });
    }
    Ok(outputs)
}

fn per_row(
    gpu: &Gpu,
    buffer: &wgpu::Buffer,
    subject: &Subject,
    rows: &[u64],
) -> Result<Vec<f32>, Error> {
    let values: Vec<f32> = gpu.download(buffer, subject.rows as usize)?;
    Ok(rows.iter().map(|&row| values[row as usize]).collect())
}

/// Computes `max - ln(1 / sum)` from the pairs `(max, 1 / sum)`.
fn lse_of_pairs(gpu: &Gpu, subject: &Subject, set: &Set, rows: &[u64]) -> Result<Vec<f32>, Error> {
    let pairs: Vec<[f32; 2]> = gpu.download(&set.pairs, subject.rows as usize)?;
    let lse = |&row: &u64| {
        let [max, inverse_sum] = pairs[row as usize].map(f64::from);
        (max - inverse_sum.ln()) as f32
    };
    Ok(rows.iter().map(lse).collect())
}

/// Reads rows of the result by copies of the words that its elements lie in: one copy of all elements, or for rows on a strided
/// axis one of each element.
fn fetch(gpu: &Gpu, subject: &Subject, set: &Set, rows: &[u64]) -> Result<Vec<f32>, Error> {
    let runs: Vec<Run> = rows.iter().flat_map(|&row| runs(subject, row)).collect();
    let words = |run: &Run| {
        (
            run.first / 4 * 4,
            (run.first + run.bytes).next_multiple_of(4),
        )
    };
    let size: u64 = runs.iter().map(words).map(|(first, end)| end - first).sum();
    let gathered = gpu.allocate("compared rows", size)?;
    gpu.submit("gathering rows to compare", |encoder| {
        let mut place = 0;
        for (first, end) in runs.iter().map(words) {
            encoder.copy_buffer_to_buffer(&set.result, first, &gathered, place, end - first);
            place += end - first;
        }
    })?;
    let bytes: Vec<u8> = gpu.download(&gathered, size as usize)?;
    let (mut values, mut place) = (Vec::new(), 0);
    for run in &runs {
        let (first, end) = words(run);
        let begin = (place + run.first - first) as usize;
        let run_bytes = &bytes[begin..begin + run.bytes as usize];
        values.extend(decode(run_bytes, subject.dtype));
        place += end - first;
    }
    Ok(values)
}

/// Bytes of a result that are copied together.
struct Run {
    first: u64,
    bytes: u64,
}

fn runs(subject: &Subject, row: u64) -> Vec<Run> {
    let (element, per_row) = (subject.dtype.bytes(), subject.elements_per_row());
    let bytes = element * per_row;
    if subject.inner == 1 {
        let first = row * bytes;
        return vec![Run { first, bytes }];
    }
    let start = row / subject.inner * per_row * subject.inner + row % subject.inner;
    let of_column = |column| Run {
        first: (start + column * subject.inner) * element,
        bytes: element,
    };
    (0..per_row).map(of_column).collect()
}

fn decode(bytes: &[u8], dtype: DType) -> Vec<f32> {
    match dtype {
        DType::F32 => bytemuck::pod_collect_to_vec(bytes),
        _ => bytemuck::pod_collect_to_vec::<u8, u16>(bytes)
            .into_iter()
            .map(|half| dtype.decode(half.into()))
            .collect(),
    }
}

#[cfg(test)]
mod tests;
