//! Outputs of a row in addition to its loss, of logits that are computed chunk by chunk.

use wgpu_softmax::reference::{CrossEntropy, Linear};
use wgpu_softmax::{
    DType, Element, Gpu, LinearCrossEntropyInputs, LinearCrossEntropySpec, LinearWants,
    LossOptions, RowOutputs, RowValues,
};

use super::problem::IGNORED;
use crate::common::{device_with_bindings_of, gpu};

/// Two candidates a row, and every other output.
fn everything() -> RowOutputs {
    RowOutputs::default()
        .target_log_prob()
        .log_probs_of(2)
        .entropy()
        .argmax()
        .hit()
        .max_prob()
        .z_loss()
}

/// Multiples of 1/4 up to 1 of either sign: all products and sums are exact, and largest logits are often equal.
fn quarters(len: usize, seed: usize) -> Vec<f32> {
    let quarter = |n: usize| ((n * 7919 + seed * 31) % 103 % 9) as f32 / 4.0 - 1.0;
    (0..len).map(quarter).collect()
}

/// A layer whose logits are exact, with bad and ignored targets and, in one row, a NaN.
struct Exact {
    extents: [usize; 3],
    hidden: Vec<f32>,
    weight: Vec<f32>,
    ids: Vec<i64>,
    candidates: Vec<i64>,
}

impl Exact {
    fn new(extents @ [rows, features, classes]: [usize; 3]) -> Self {
        let mut hidden = quarters(rows * features, 1);
        hidden[2 * features + 1] = f32::NAN;
        let small = |n: usize| i64::try_from(n).expect("a small number");
        let (many, last) = (small(rows), small(classes));
        let mut ids: Vec<_> = (0..many).map(|row| row * 5 % last).collect();
        (ids[1], ids[3]) = (IGNORED, last);
        Self {
            extents,
            hidden,
            weight: quarters(classes * features, 2),
            ids,
            candidates: (0..2 * many).map(|n| n * 3 % (last + 1)).collect(),
        }
    }

    /// Runs the layer in chunks of five rows.
    fn run<T: Element>(
        &self,
        gpu: &Gpu,
        dtype: DType,
        stored: impl Fn(&[f32]) -> Vec<T>,
        gradients: bool,
    ) -> RowValues {
        let [rows, features, classes] = self.extents.map(|extent| extent as u64);
        let spec = LinearCrossEntropySpec::new(rows, features, classes)
            .dtype(dtype)
            .ignore_index(IGNORED)
            .z_loss(0.125)
            .chunk_rows(5)
            .row_outputs(everything());
        let (hidden, weight) = (stored(&self.hidden), stored(&self.weight));
        let inputs =
            LinearCrossEntropyInputs::new(&hidden, &weight, &self.ids).candidates(&self.candidates);
        let wants = LinearWants {
            grad_hidden: gradients,
            grad_weight: gradients,
            grad_bias: gradients,
        };
        let found = gpu.linear_cross_entropy(&spec, inputs, wants);
        found.expect("a run").rows
    }

    fn assert(&self, found: &RowValues, what: &str) {
        let [_, features, classes] = self.extents;
        let mut loss = LossOptions::default();
        (loss.ignore_index, loss.z_loss) = (Some(IGNORED), 0.125);
        let of = CrossEntropy::new(classes).loss(loss);
        let logits = Linear::new(&self.hidden, &self.weight, features).logits();
        let expected = of.row_outputs(&logits, &self.ids);
        let near = |name: &str, found: &Option<Vec<f32>>, expected: &[f64]| {
            let found = found
                .as_ref()
                .unwrap_or_else(|| panic!("{what}: no {name}"));
            assert_eq!(found.len(), expected.len());
            for (row, (&found, &expected)) in found.iter().zip(expected).enumerate() {
                let is_near = (f64::from(found) - expected).abs() <= 2e-6 * (1.0 + expected.abs());
                let is_same = is_near || found.is_nan() && expected.is_nan();
                assert!(
                    is_same,
                    "{what}: {name} {row}: expected {expected}, found {found}"
                );
            }
        };
        near(
            "log-probabilities",
            &found.target_log_probs,
            &expected.target_log_probs,
        );
        near(
            "candidates",
            &found.log_probs,
            &of.log_probs_of(&logits, &self.candidates, 2),
        );
        near("entropies", &found.entropies, &expected.entropies);
        near("largest", &found.max_probs, &expected.max_probs);
        near("z-losses", &found.z_losses, &expected.z_losses);
        let argmax = found.argmax.iter().flatten();
        let argmax: Vec<_> = argmax
            .map(|class| class.map(|class| class as usize))
            .collect();
        assert_eq!(argmax, expected.argmax, "{what}");
        assert_eq!(found.hits.as_ref(), Some(&expected.top1_hits), "{what}");
    }
}

#[test]
fn every_output_of_every_chunk_with_and_without_gradients() {
    // The second one serves the weight in windows of classes.
    for gpu in [gpu(), &device_with_bindings_of(1 << 14)] {
        for extents in [[13, 8, 37], [11, 9, 700], [6, 3, 4]] {
            let exact = Exact::new(extents);
            for gradients in [false, true] {
                let what = |dtype| format!("{extents:?} {dtype}, gradients {gradients}");
                let found = exact.run(gpu, DType::F32, <[f32]>::to_vec, gradients);
                exact.assert(&found, &what(DType::F32));
                for dtype in [DType::F16, DType::Bf16] {
                    let half = |value: &f32| dtype.encode(*value) as u16;
                    let stored = |all: &[f32]| all.iter().map(half).collect();
                    let found = exact.run(gpu, dtype, stored, gradients);
                    exact.assert(&found, &what(dtype));
                }
            }
        }
    }
}

/// A forward pass keeps what the outputs take, but no logits: its memory grows by records of the rows.
#[test]
fn memory_grows_by_the_records_of_the_rows() {
    let scratch = |rows: u64, outputs| {
        let spec = LinearCrossEntropySpec::new(rows, 4, 1000)
            .chunk_rows(8)
            .row_outputs(outputs);
        let plan = gpu().planner().linear_cross_entropy(spec).expect("a plan");
        plan.scratch_bytes()
    };
    for rows in [64, 6400] {
        let more = scratch(rows, everything()) - scratch(rows, RowOutputs::default());
        assert_eq!(more, 16 * rows);
        let more =
            scratch(rows, RowOutputs::default().max_prob()) - scratch(rows, RowOutputs::default());
        assert_eq!(more, 8 * rows);
    }
}
