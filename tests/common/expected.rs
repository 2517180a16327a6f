//! Expected results of a problem by the reference, and their bounds.

use std::ops::RangeInclusive;

use wgpu_softmax::Status;
use wgpu_softmax::check::{bounds, compare_as};
use wgpu_softmax::reference::{CrossEntropyResult, RowOutputs};

use super::assert_close;
use super::found::Found;
use super::problem::{CANDIDATES, Given, Problem};

pub struct Expected<'a> {
    problem: &'a Problem,
    pub result: CrossEntropyResult,
    /// Sum of the absolute weights of all targets.
    weight_magnitude: f64,
    losses: (Vec<f64>, Vec<f64>),
    row_loss_bound: Vec<f64>,
    lse: Vec<f64>,
    pub grad: Vec<f64>,
    grad_bound: Vec<f64>,
}

impl<'a> Expected<'a> {
    pub fn of(problem: &'a Problem) -> Self {
        let Problem {
            of, logits, dtype, ..
        } = problem;
        let targets = || problem.targets.of_reference();
        let result = of.losses(logits, targets());
        let row_loss_bound = bounds::row_loss(of, logits, targets());
        let grad = of.gradient(logits, targets());
        let grad_bound = bounds::loss_gradient(of, logits, targets());
        let magnitudes =
            |weights: &[f32]| -> Vec<f32> { weights.iter().map(|weight| weight.abs()).collect() };
        let mut of_magnitudes = of.clone();
        if !problem.weight.is_empty() {
            of_magnitudes = of_magnitudes.weight(magnitudes(&problem.weight));
        }
        if !problem.row_weight.is_empty() {
            of_magnitudes = of_magnitudes.row_weight(magnitudes(&problem.row_weight));
        }
        let weight_magnitude = of_magnitudes.losses(logits, targets()).weight_sum;
        Self {
            problem,
            weight_magnitude,
            losses: match (result.loss, bounds::loss(of, logits, targets())) {
                (Some(loss), Some(bound)) => (vec![loss], vec![bound]),
                _ => (result.row_losses.clone(), row_loss_bound.clone()),
            },
            row_loss_bound,
            lse: bounds::row_lse(of, logits),
            grad_bound: bounds::stored(*dtype, &grad_bound, &grad),
            grad,
            result,
        }
    }

    /// Checks every output that was asked for.
    #[track_caller]
    pub fn assert(&self, found: &Found, what: &str) {
        let what = format!("{what}, {:?}", self.problem.spec);
        let close = |name: &str, found: &[f32], expected: &[f64], allowed: &[f64]| {
            assert_close(&format!("{name}, {what}"), found, expected, allowed, 1);
        };
        close("losses", &found.losses, &self.losses.0, &self.losses.1);
        close("lse", &found.lse, &self.result.lse, &self.lse);
        if !found.grad.is_empty() {
            self.assert_gradient(&found.grad, &what);
        }
        self.assert_status(&found.status, &what);
        if found.layout.words > 0 {
            self.assert_row_outputs(found, &what);
        }
    }

    #[track_caller]
    pub fn assert_gradient(&self, found: &[f32], what: &str) {
        let Problem { dtype, cols, .. } = self.problem;
        let comparison = compare_as(*dtype, found, &self.grad, &self.grad_bound, *cols);
        assert!(comparison.passed(), "gradient, {what}: {comparison}");
    }

    /// Checks losses that are not reduced, whatever the problem's reduction.
    #[track_caller]
    pub fn assert_row_losses(&self, found: &[f32], what: &str) {
        assert_close(
            what,
            found,
            &self.result.row_losses,
            &self.row_loss_bound,
            1,
        );
    }

    #[track_caller]
    fn assert_status(&self, found: &Status, what: &str) {
        let result = &self.result;
        let first = result.first_bad_row.map_or(u32::MAX, |row| row as u32);
        let counts = [found.valid_rows, found.bad_targets, found.nan_rows].map(|n| n as usize);
        let expected = [result.valid_rows, result.bad_targets, result.nan_rows];
        assert_eq!(counts, expected, "{what}");
        let infinite = self.infinite_rows();
        let counted = infinite.contains(&(found.infinite_rows as usize));
        assert!(counted, "{found:?}, not {infinite:?}, {what}");
        assert_eq!(found.first_bad_row, first, "{what}");
        let allowed = match result.weight_sum {
            sum if sum.is_finite() => 1e-6 * self.weight_magnitude,
            _ => 0.0,
        };
        let sum = (&[found.weight_sum], &[result.weight_sum], &[allowed]);
        assert_close(&format!("sum of weights, {what}"), sum.0, sum.1, sum.2, 1);
    }

    /// Returns the range of the number of rows with infinite loss; the upper end includes the rows whose loss f32 may not hold.
    fn infinite_rows(&self) -> RangeInclusive<usize> {
        let rows = || self.result.row_losses.iter().zip(&self.row_loss_bound);
        let least = rows().filter(|(loss, _)| loss.is_infinite()).count();
        let beyond = |loss: f64, bound: f64| loss.abs() + bound > f64::from(f32::MAX);
        let most = rows()
            .filter(|&(&loss, &bound)| beyond(loss, bound))
            .count();
        least..=most
    }

    #[track_caller]
    fn assert_row_outputs(&self, found: &Found, what: &str) {
        let Problem {
            of,
            logits,
            candidates,
            ..
        } = self.problem;
        let targets = || self.problem.targets.of_reference();
        let (rows, layout) = (of.row_outputs(logits, targets()), &found.layout);
        let of_target = bounds::target_log_prob(of, logits, targets());
        let z_loss = bounds::z_loss(of, logits, targets());
        let (entropy, max_prob) = (bounds::entropy(of, logits), bounds::max_prob(of, logits));
        for (name, place, expected, allowed) in [
            (
                "target",
                layout.target_log_prob,
                &rows.target_log_probs,
                of_target,
            ),
            ("entropy", layout.entropy, &rows.entropies, entropy),
            ("max prob", layout.max_prob, &rows.max_probs, max_prob),
            ("z-loss", layout.z_loss, &rows.z_losses, z_loss),
        ] {
            if let Some(place) = place {
                let what = format!("{name}, {what}");
                assert_close(&what, &found.floats(place), expected, &allowed, 1);
            }
        }
        let expected = of.log_probs_of(logits, candidates, CANDIDATES);
        let allowed = bounds::log_probs_of(of, logits, candidates, CANDIDATES);
        for (k, place) in layout.log_probs.clone().enumerate() {
            let of_k =
                |values: &[f64]| values.iter().copied().skip(k).step_by(CANDIDATES).collect();
            let (expected, allowed): (Vec<f64>, Vec<f64>) = (of_k(&expected), of_k(&allowed));
            let what = format!("candidate, {what}");
            assert_close(&what, &found.floats(place), &expected, &allowed, 1);
        }
        self.assert_argmax(found, &rows, what);
    }

    /// True if a class may be found as the argmax of a row, by the classes that the row keeps.
    fn may_be_argmax(&self, row: usize, logits: &[f32], class: Option<usize>) -> bool {
        let Problem { of, kept, cols, .. } = self.problem;
        let of_row = kept.chunks(*cols).nth(row);
        let of = of_row.map_or_else(|| of.clone(), |kept| of.clone().kept(kept));
        bounds::may_be_argmax(&of, logits, class)
    }

    #[track_caller]
    fn assert_argmax(&self, found: &Found, rows: &RowOutputs, what: &str) {
        let Problem { logits, cols, .. } = self.problem;
        let Some(place) = found.layout.argmax else {
            return;
        };
        let argmax = found.column(place);
        for (row, (&found, expected)) in argmax.iter().zip(&rows.argmax).enumerate() {
            let class = (found != u32::MAX).then_some(found as usize);
            let logits = &logits[row * cols..][..*cols];
            let is_right = class == *expected || self.may_be_argmax(row, logits, class);
            assert!(is_right, "row {row}: {found}, not {expected:?}, {what}");
        }
        let Some(place) = found.layout.hit else {
            return;
        };
        let Given::Ids(ids) = &self.problem.targets else {
            panic!("hits need class ids");
        };
        let hit = |(row, (&class, &id)): (usize, (&u32, &i64))| match rows.argmax[row] {
            Some(first) if first as u64 == u64::from(class) => rows.top1_hits[row],
            _ => i64::from(class) == id && self.problem.row_weight.get(row) != Some(&0.0),
        };
        let hits = argmax.iter().zip(ids).enumerate().map(hit).map(u32::from);
        let hits: Vec<u32> = hits.collect();
        assert_eq!(found.column(place), hits, "hits, {what}");
    }
}

impl Problem {
    /// Fails unless every kind of kernel keeps the bounds.
    #[track_caller]
    pub fn assert_on_every_kernel(&self) {
        let expected = Expected::of(self);
        self.on_every_kernel(|found, kernel| expected.assert(found, kernel));
    }
}
