//! Verification of results against the f64 reference, before a time is believed.

use std::ops::Range;

use wgpu::Buffer;

use super::Subject;
use super::inputs::{Drawn, places, rows_of};
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

/// Output by its name, with the expected values of some rows and their allowed errors in f32.
type Expected = (&'static str, Vec<f64>, Vec<f64>);

/// Returns the difference from the reference in the outputs of `set`, or `None`.
pub(super) async fn difference(
    gpu: &Gpu,
    subject: &Subject,
    drawn: &Drawn,
    set: &Set,
) -> Result<Option<String>, Error> {
    let rows = &sample(subject);
    for (name, expected, allowed) in expected(subject, drawn, rows) {
        let (found, dtype) = match name {
            "losses" | "lse" => (
                per_row(gpu, &set.row_output, subject, rows).await?,
                DType::F32,
            ),
            LSE_OF_PAIRS => (lse_of_pairs(gpu, set, subject, rows).await?, DType::F32),
            _ => (fetch(gpu, subject, set, rows).await?, subject.dtype),
        };
        let allowed = bounds::stored(dtype, &allowed, &expected);
        let cols = found.len() / rows.len();
        let worst = compare_as(dtype, &found, &expected, &allowed, cols);
        if !worst.passed() {
            let (row, column) = (rows[worst.worst_index / cols], worst.worst_index % cols);
            return Ok(Some(format!(
                "{name} expected {:e} at row {row}, column {column}, found {:e}: {:.3} times the bound",
                worst.expected, worst.found, worst.worst_share
            )));
        }
    }
    Ok(None)
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

const LSE_OF_PAIRS: &str = "lse of the pairs";

fn expected(subject: &Subject, drawn: &Drawn, rows: &[u64]) -> Vec<Expected> {
    let cols = subject.cols as usize;
    let x = &rows_of(subject, &drawn.first, rows);
    let upstream = || rows_of(subject, &drawn.second, rows);
    let targets = || -> Vec<i64> { picked(&drawn.targets, rows).map(i64::from).collect() };
    let of = CrossEntropy::new(cols).reduction(Reduction::None);
    let losses = || {
        let targets = &targets();
        let losses = of.losses(x, targets).row_losses;
        ("losses", losses, bounds::row_loss(&of, x, targets))
    };
    let lse = |name| (name, reference::logsumexp(x, cols), bounds::lse(x, cols));
    let grad_logits = |values, allowed| ("grad_logits", values, allowed);
    let grad_of_losses = || {
        let targets = &targets();
        let allowed = bounds::loss_gradient(&of, x, targets);
        grad_logits(of.gradient(x, targets), allowed)
    };
    match subject.operation {
        Operation::Softmax => {
            let allowed = bounds::probability(x, cols);
            vec![("probs", reference::softmax(x, cols), allowed)]
        }
        Operation::LogSoftmax => {
            let allowed = bounds::log_probability(x, cols);
            vec![("log_probs", reference::log_softmax(x, cols), allowed)]
        }
        Operation::LogSumExp => vec![lse("lse")],
        Operation::SoftmaxBackward => {
            let g = &upstream();
            let values = reference::softmax_backward(x, g, cols);
            vec![grad_logits(values, bounds::softmax_backward(x, g, cols))]
        }
        Operation::LogSoftmaxBackward => {
            let g = &upstream();
            let values = reference::log_softmax_backward(x, g, cols);
            vec![grad_logits(
                values,
                bounds::log_softmax_backward(x, g, cols),
            )]
        }
        Operation::LogSumExpBackward => {
            let g = &picked(&drawn.grad_lse, rows).collect::<Vec<_>>();
            let values = reference::logsumexp_backward(x, g, cols);
            vec![grad_logits(values, bounds::logsumexp_backward(x, g, cols))]
        }
        Operation::CrossEntropy => vec![losses(), lse(LSE_OF_PAIRS)],
        Operation::CrossEntropyBackward => vec![grad_of_losses()],
        Operation::CrossEntropyFused => vec![losses(), grad_of_losses()],
        _ => {
            let allowed = bounds::jacobian(x, cols);
            vec![("jacobian", reference::jacobian(x, cols), allowed)]
        }
    }
}

fn picked<T: Copy>(values: &[T], rows: &[u64]) -> impl Iterator<Item = T> {
    rows.iter().map(|&row| values[row as usize])
}

async fn per_row(
    gpu: &Gpu,
    buffer: &Buffer,
    subject: &Subject,
    rows: &[u64],
) -> Result<Vec<f32>, Error> {
    let values: Vec<f32> = gpu.download_async(buffer, subject.rows as usize).await?;
    Ok(picked(&values, rows).collect())
}

/// Computes `max - ln(1 / sum)` from the pairs `(max, 1 / sum)`.
async fn lse_of_pairs(
    gpu: &Gpu,
    set: &Set,
    subject: &Subject,
    rows: &[u64],
) -> Result<Vec<f32>, Error> {
    let pairs: Vec<[f32; 2]> = gpu
        .download_async(&set.pairs, subject.rows as usize)
        .await?;
    let lse = |pair: [f32; 2]| {
        let [max, inverse_sum] = pair.map(f64::from);
        (max - inverse_sum.ln()) as f32
    };
    Ok(picked(&pairs, rows).map(lse).collect())
}

/// Reads rows of the result by copies of the words that its elements lie in: one copy of all elements, or for rows on a strided
/// axis one of each element.
async fn fetch(gpu: &Gpu, subject: &Subject, set: &Set, rows: &[u64]) -> Result<Vec<f32>, Error> {
    let bytes_of = rows.iter().flat_map(|&row| bytes_of(subject, row));
    let bytes_of: Vec<Range<u64>> = bytes_of.collect();
    let words = |bytes: &Range<u64>| bytes.start / 4 * 4..bytes.end.next_multiple_of(4);
    let sizes = bytes_of
        .iter()
        .map(words)
        .map(|words| words.end - words.start);
    let size: u64 = sizes.sum();
    let gathered = gpu.allocate("compared rows", size)?;
    gpu.submit("gathering rows to compare", |encoder| {
        let mut place = 0;
        for words in bytes_of.iter().map(words) {
            let size = words.end - words.start;
            encoder.copy_buffer_to_buffer(&set.result, words.start, &gathered, place, size);
            place += size;
        }
    })?;
    let gathered: Vec<u8> = gpu.download_async(&gathered, size as usize).await?;
    let value = |bytes: &[u8]| {
        let mut bits = [0; 4];
        bits[..bytes.len()].copy_from_slice(bytes);
        subject.dtype.decode(u32::from_le_bytes(bits))
    };
    let (mut values, mut place) = (Vec::new(), 0);
    for bytes in &bytes_of {
        let words = words(bytes);
        let first = (place + bytes.start - words.start) as usize;
        let elements = &gathered[first..first + (bytes.end - bytes.start) as usize];
        values.extend(
            elements
                .chunks_exact(subject.dtype.bytes() as usize)
                .map(value),
        );
        place += words.end - words.start;
    }
    Ok(values)
}

/// Returns the bytes of a row of the result: those of all elements together, or of each element.
fn bytes_of(subject: &Subject, row: u64) -> Vec<Range<u64>> {
    let (element, width) = (subject.dtype.bytes(), subject.elements_per_row());
    let (copies, together) = match subject.inner {
        1 => (1, width),
        _ => (width, 1),
    };
    places(subject, row, width)
        .take(copies as usize)
        .map(|first| first * element..(first + together) * element)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::difference;
    use crate::bench::Subject;
    use crate::bench::inputs::Drawn;
    use crate::bench::plan::plan;
    use crate::bench::sets::Rack;
    use crate::gpu::Gpu;
    use crate::spec::dtype::DType;
    use crate::variant::Operation;

    #[test]
    fn outputs_differ_until_the_operation_has_run() {
        let gpu = Gpu::open().expect("an adapter");
        for (index, operation) in Operation::ALL.into_iter().enumerate() {
            let subject = Subject {
                operation,
                rows: 36,
                cols: 45,
                inner: match operation {
                    Operation::Jacobian => 1,
                    _ => 1 + 5 * (index as u64 % 2),
                },
                dtype: DType::ALL[index % 3],
            };
            let drawn = Drawn::of(&subject);
            let mut rack = Rack::new(&gpu);
            let sets = pollster::block_on(rack.sets(&subject, &drawn, 0)).expect("memory");
            let difference = || {
                let difference = difference(&gpu, &subject, &drawn, &sets[0]);
                pollster::block_on(difference).expect("a comparison")
            };
            let found = difference();
            let is_told = found.is_some_and(|found| found.contains("times the bound"));
            assert!(is_told, "{subject}");
            let plan = plan(gpu.planner(), &subject).expect("a plan");
            gpu.run(&plan.bind(&sets[0]).expect("bound"), "a test")
                .expect("a device that works");
            assert_eq!(difference(), None, "{subject}");
        }
    }
}
