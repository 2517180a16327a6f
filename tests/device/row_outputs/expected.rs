//! Expected row outputs of a problem by the reference, and their bounds.

use std::mem::discriminant;

use wgpu_softmax::check::bounds;
use wgpu_softmax::reference::RowOutputs;
use wgpu_softmax::variant::{Operation, Variant, variants};

use crate::common::sweep::covering;
use crate::common::{assert_close, gpu};
use crate::row_outputs::problem::{CANDIDATES, Found, Given, Problem};

pub struct Expected<'a> {
    problem: &'a Problem,
    rows: RowOutputs,
    log_probs: Vec<f64>,
    lse: Vec<f64>,
    /// Losses, where they are not reduced.
    losses: Option<Vec<f64>>,
}

impl<'a> Expected<'a> {
    pub fn of(problem: &'a Problem) -> Self {
        let targets = || problem.targets.of_reference();
        let (of, logits) = (&problem.of, &problem.logits);
        let result = of.losses(logits, targets());
        Self {
            problem,
            rows: of.row_outputs(logits, targets()),
            log_probs: of.log_probs_of(logits, &problem.candidates, CANDIDATES),
            lse: result.lse,
            losses: result.loss.is_none().then_some(result.row_losses),
        }
    }

    /// Checks every output that was requested.
    #[track_caller]
    pub fn assert(&self, found: &Found, what: &str) {
        let Problem {
            of,
            logits,
            targets,
            candidates,
            ..
        } = self.problem;
        let targets = || targets.of_reference();
        let layout = &found.layout;
        let close = |name: &str, place: Option<u32>, expected: &[f64], allowed: Vec<f64>| {
            if let Some(place) = place {
                let what = format!("{name}, {what}, {:?}", self.problem.spec);
                assert_close(&what, &found.floats(place), expected, &allowed, 1);
            }
        };
        let rows = &self.rows;
        let of_target = bounds::target_log_prob(of, logits, targets());
        close(
            "target",
            layout.target_log_prob,
            &rows.target_log_probs,
            of_target,
        );
        let entropy = bounds::entropy(of, logits);
        close("entropy", layout.entropy, &rows.entropies, entropy);
        let max_prob = bounds::max_prob(of, logits);
        close("max prob", layout.max_prob, &rows.max_probs, max_prob);
        let z_loss = bounds::z_loss(of, logits, targets());
        close("z-loss", layout.z_loss, &rows.z_losses, z_loss);
        let allowed = bounds::log_probs_of(of, logits, candidates, CANDIDATES);
        for (k, place) in layout.log_probs.clone().enumerate() {
            let of_k =
                |values: &[f64]| values.iter().copied().skip(k).step_by(CANDIDATES).collect();
            let expected: Vec<f64> = of_k(&self.log_probs);
            close("candidate", Some(place), &expected, of_k(&allowed));
        }
        self.assert_argmax(found, what);
        self.assert_loss(found, what);
    }

    fn assert_argmax(&self, found: &Found, what: &str) {
        let Problem {
            of, logits, cols, ..
        } = self.problem;
        let Some(place) = found.layout.argmax else {
            return;
        };
        let argmax = found.column(place);
        for (row, (&found, expected)) in argmax.iter().zip(&self.rows.argmax).enumerate() {
            let class = (found != u32::MAX).then_some(found as usize);
            let logits = &logits[row * cols..][..*cols];
            let what = || {
                format!(
                    "row {row}: {found}, not {expected:?}, {what}, {:?}",
                    self.problem.spec
                )
            };
            assert!(bounds::may_be_argmax(of, logits, class), "{}", what());
        }
        let Some(place) = found.layout.hit else {
            return;
        };
        let Given::Ids(ids) = &self.problem.targets else {
            panic!("hits need class ids");
        };
        let hits: Vec<u32> = argmax
            .iter()
            .zip(ids)
            .enumerate()
            .map(|(row, (&class, &id))| match self.rows.argmax[row] {
                Some(first) if first as u64 == u64::from(class) => self.rows.top1_hits[row],
                _ => i64::from(class) == id,
            })
            .map(u32::from)
            .collect();
        assert_eq!(found.column(place), hits, "hits, {what}");
    }

    /// Checks that the outputs which do not depend on row outputs are right.
    fn assert_loss(&self, found: &Found, what: &str) {
        let Problem {
            of,
            logits,
            targets,
            ..
        } = self.problem;
        let floats = |words: &[u32]| {
            words
                .iter()
                .copied()
                .map(f32::from_bits)
                .collect::<Vec<_>>()
        };
        let lse = bounds::row_lse(of, logits);
        assert_close(
            &format!("lse, {what}"),
            &floats(&found.lse),
            &self.lse,
            &lse,
            1,
        );
        if let Some(expected) = &self.losses {
            let allowed = bounds::row_loss(of, logits, targets.of_reference());
            let losses = floats(&found.losses);
            let what = format!("losses, {what}");
            assert_close(&what, &losses, expected, &allowed, 1);
        }
        if let Some(grad) = &found.grad {
            let expected = of.gradient(logits, targets.of_reference());
            let allowed = bounds::loss_gradient(of, logits, targets.of_reference());
            assert_close(
                &format!("gradient, {what}"),
                grad,
                &expected,
                &allowed,
                self.problem.cols,
            );
        }
    }
}

impl Problem {
    /// Lists kernels of each family, each way to merge and each access.
    pub fn kernels(&self) -> Vec<Variant> {
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

    /// Fails unless every kind of kernel, and the preferred one, gives the results of the reference, with the gradient and
    /// without.
    #[track_caller]
    pub fn assert_on_every_kernel(&self) {
        let expected = Expected::of(self);
        let kinds = self.kernels().into_iter().map(Some);
        for variant in kinds.chain([None]) {
            let name = variant.map_or("the preferred kernel".into(), |variant| variant.to_string());
            for with_gradient in [false, true] {
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
