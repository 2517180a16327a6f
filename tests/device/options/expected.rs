//! Expected results of a problem by the reference, and their bounds.

use std::ops::RangeInclusive;

use wgpu_softmax::check::{bounds, compare_as};
use wgpu_softmax::reference::CrossEntropyResult;
use wgpu_softmax::{DType, Status};

use crate::common::assert_close;
use crate::options::device::Found;
use crate::options::problem::Problem;

pub struct Expected {
    name: String,
    dtype: DType,
    cols: usize,
    pub result: CrossEntropyResult,
    /// Sum of the absolute weights of all targets.
    weight_magnitude: f64,
    losses: (Vec<f64>, Vec<f64>),
    row_loss_bound: Vec<f64>,
    lse: Vec<f64>,
    pub grad: Vec<f64>,
    grad_bound: Vec<f64>,
}

impl Expected {
    pub fn of(problem: &Problem) -> Self {
        let Problem {
            of, logits, dtype, ..
        } = problem;
        let targets = || problem.targets.of_reference();
        let result = of.losses(logits, targets());
        let row_loss_bound = bounds::row_loss(of, logits, targets());
        let grad = of.gradient(logits, targets());
        let grad_bound = bounds::loss_gradient(of, logits, targets());
        let magnitudes = problem.weight.iter().map(|w| w.abs()).collect();
        let magnitude = match problem.weight[..] {
            [] => of.clone(),
            _ => of.clone().weight(magnitudes),
        };
        Self {
            name: format!("{:?}", problem.spec),
            weight_magnitude: magnitude.losses(logits, targets()).weight_sum,
            dtype: *dtype,
            cols: problem.cols,
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

    #[track_caller]
    pub fn assert(&self, found: &Found, what: &str) {
        let close = |name: &str, found: &[f32], expected: &[f64], allowed: &[f64], cols| {
            let what = format!("{name}, {what}, {}", self.name);
            assert_close(&what, found, expected, allowed, cols);
        };
        close("losses", &found.losses, &self.losses.0, &self.losses.1, 1);
        close("lse", &found.lse, &self.result.lse, &self.lse, 1);
        let grad = compare_as(
            self.dtype,
            &found.grad,
            &self.grad,
            &self.grad_bound,
            self.cols,
        );
        assert!(grad.passed(), "gradient, {what}, {}: {grad}", self.name);
        self.assert_status(&found.status, what);
    }

    #[track_caller]
    fn assert_status(&self, found: &Status, what: &str) {
        let result = &self.result;
        let first = result.first_bad_row.map_or(u32::MAX, |row| row as u32);
        let counts = [found.valid_rows, found.bad_targets, found.nan_rows].map(|n| n as usize);
        let expected = [result.valid_rows, result.bad_targets, result.nan_rows];
        assert_eq!(counts, expected, "{what}, {}", self.name);
        let infinite = self.infinite_rows();
        let counted = infinite.contains(&(found.infinite_rows as usize));
        assert!(
            counted,
            "{found:?}, not {infinite:?}, {what}, {}",
            self.name
        );
        assert_eq!(found.first_bad_row, first, "{what}, {}", self.name);
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
}
