use super::Target;
use crate::reference::{Real, pairwise_sum};

/// Target weights of the classes in a row's loss, each the factor of a negative log-probability: with class weights `w`, the
/// smoothing `e` over `C` classes, and `q` the target's probabilities (1 at a class id, else 0),
///
/// `t_c = w_c ((1 - e) q_c + e / C)`
///
/// A factor of exactly 0 makes a target weight of exactly 0, whatever the other one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TargetDistribution<'a, X = f32> {
    pub(super) target: Target<'a, X>,
    pub(super) weight: Option<&'a [f64]>,
    pub(super) smoothing: f64,
    pub(super) classes: usize,
}

impl<X: Real> TargetDistribution<'_, X> {
    /// Returns `t_c`.
    pub(crate) fn at(&self, class: usize) -> f64 {
        let q = product(1.0 - self.smoothing, self.target_probability(class));
        product(self.weight(class), q + self.uniform())
    }

    /// Returns `t_c` with the absolute value of every factor: rounding errors are relative to it.
    #[cfg(feature = "check")]
    pub(crate) fn magnitude(&self, class: usize) -> f64 {
        let q = product(1.0 - self.smoothing, self.target_probability(class).abs());
        product(self.weight(class).abs(), q + self.uniform())
    }

    /// Returns the class weight `w_c`, 1 where there are none.
    pub(crate) fn weight(&self, class: usize) -> f64 {
        self.weight.map_or(1.0, |weight| weight[class])
    }

    /// True if rows are multiplied by class weights.
    #[cfg(feature = "check")]
    pub(crate) fn weighted(&self) -> bool {
        self.weight.is_some()
    }

    /// Returns the one class that can have a target weight, where there is only one: the target's, without smoothing.
    pub(crate) fn only(&self) -> Option<usize> {
        match self.target {
            Target::Class(class) if self.smoothing == 0.0 => Some(class),
            _ => None,
        }
    }

    /// Computes `sum_c term(c)` over the classes whose target weight is not 0. No other term is evaluated: 0 times infinity is 0
    /// here.
    pub(crate) fn sum(&self, term: impl Fn(usize) -> f64) -> f64 {
        let used = |class| match self.at(class) {
            0.0 => 0.0,
            _ => term(class),
        };
        match self.only() {
            Some(class) => used(class),
            None => pairwise_sum(self.classes, used),
        }
    }

    fn target_probability(&self, class: usize) -> f64 {
        match self.target {
            Target::Class(target) => f64::from(u8::from(class == target)),
            Target::Probs(probs) => probs[class].into(),
            Target::Ignored | Target::Bad => 0.0,
        }
    }

    fn uniform(&self) -> f64 {
        self.smoothing / self.classes as f64
    }
}

fn product(a: f64, b: f64) -> f64 {
    match (a, b) {
        (0.0, _) | (_, 0.0) => 0.0,
        _ => a * b,
    }
}
