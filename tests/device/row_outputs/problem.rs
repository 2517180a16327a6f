//! Problems that ask for row outputs, and the kernels that give them.

use std::mem::discriminant;

use wgpu_softmax::variant::{Operation, Variant, variants};
use wgpu_softmax::{Reduction, RowOutputs};

use crate::common::expected::Expected;
use crate::common::found::Found;
use crate::common::gpu;
use crate::common::problem::{CANDIDATES, Problem};
use crate::common::sweep::covering;
use crate::common::sweep::some;

/// Returns all row outputs that exist where targets are class ids.
pub fn everything() -> RowOutputs {
    everything_of_probs().target_log_prob().hit()
}

/// Returns all row outputs that exist where targets are probabilities.
pub fn everything_of_probs() -> RowOutputs {
    let count = u32::try_from(CANDIDATES).expect("few");
    RowOutputs::default()
        .log_probs_of(count)
        .entropy()
        .argmax()
        .max_prob()
        .z_loss()
}

/// Creates the losses of rows with class ids, which are i32, and all row outputs.
pub fn of_ids(cols: usize, logits: Vec<f32>, ids: &[i64]) -> Problem {
    all_of(Problem::of_ids(cols, logits, ids), everything())
}

/// Sets the losses of rows with such outputs.
pub fn all_of(problem: Problem, outputs: RowOutputs) -> Problem {
    problem.reduction(Reduction::None).giving(outputs)
}

impl Problem {
    /// Returns the outputs computed by `variant`, or by the preferred one.
    pub fn by(&self, variant: Option<Variant>, with_gradient: bool) -> Found {
        self.run(gpu(), variant, with_gradient)
    }

    /// Lists kernels of each family, each way to merge and each access.
    pub fn row_kernels(&self) -> Vec<Variant> {
        let problem = self.spec.problem(Operation::CrossEntropy);
        let problem = problem.expect("a good spec");
        let mut list = variants(problem, gpu().planner().abilities());
        let mut seen = Vec::new();
        // The last of the ways to merge has most lanes.
        list.reverse();
        list.retain(|variant| {
            let family = discriminant(&variant.family);
            let kind = (family, variant.reduce, variant.access, variant.groups);
            let is_new = !seen.contains(&kind);
            seen.push(kind);
            is_new
        });
        assert!(list.len() >= 4, "too few kinds of kernels in {list:?}");
        covering(list)
    }

    /// Fails unless every kind of kernel, and the preferred one, gives the results of the reference: with the gradient or
    /// without, by turns.
    #[track_caller]
    pub fn assert_row_outputs(&self) {
        let expected = Expected::of(self);
        let kinds = self.row_kernels().into_iter().map(Some);
        for (turn, variant) in kinds.chain([None]).enumerate() {
            let name = variant.map_or("the preferred kernel".into(), |variant| variant.to_string());
            for with_gradient in some(vec![false, true], turn + self.cols, 2) {
                expected.assert(
                    &self.by(variant, with_gradient),
                    &format!("{name}, gradient {with_gradient}"),
                );
            }
        }
    }

    #[track_caller]
    pub fn assert_on_the_preferred_kernel(&self) {
        let expected = Expected::of(self);
        for with_gradient in [false, true] {
            expected.assert(&self.by(None, with_gradient), "the preferred kernel");
        }
    }
}
