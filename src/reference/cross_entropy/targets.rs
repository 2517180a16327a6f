use crate::reference::{Real, pairwise_sum};

/// Targets of rows of logits. Slices, arrays and vectors convert into it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Targets<'a, X = f32> {
    /// One class id a row.
    Ids(&'a [i64]),
    /// One probability for each logit, stored alike: `rows x cols`. A row need not sum to 1.
    Probs(&'a [X]),
}

macro_rules! targets_from {
    ([$($stored:ident)?] $variant:ident, $value:ty, $of:ty) => {
        impl<'a $(, $stored)?> From<&'a [$value]> for Targets<'a, $of> {
            fn from(values: &'a [$value]) -> Self {
                Self::$variant(values)
            }
        }

        impl<'a $(, $stored)?, const LEN: usize> From<&'a [$value; LEN]> for Targets<'a, $of> {
            fn from(values: &'a [$value; LEN]) -> Self {
                Self::$variant(values)
            }
        }

        impl<'a $(, $stored)?> From<&'a Vec<$value>> for Targets<'a, $of> {
            fn from(values: &'a Vec<$value>) -> Self {
                Self::$variant(values)
            }
        }
    };
}

targets_from!([X] Ids, i64, X);
targets_from!([] Probs, f32, f32);
targets_from!([] Probs, f64, f64);

/// Target of one row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a, X = f32> {
    Ignored,
    Bad,
    Class(usize),
    Probs(&'a [X]),
}

impl<X> Target<'_, X> {
    /// True if the row counts.
    pub(crate) fn is_valid(&self) -> bool {
        matches!(self, Self::Class(_) | Self::Probs(_))
    }

    /// True if the row's class id is out of range, and not ignored.
    pub(crate) fn is_bad(&self) -> bool {
        matches!(self, Self::Bad)
    }
}

impl<'a, X> Targets<'a, X> {
    /// Returns the target of every row.
    pub(super) fn rows(
        self,
        rows: usize,
        cols: usize,
        ignore_index: Option<i64>,
    ) -> impl Iterator<Item = Target<'a, X>> {
        match self {
            Self::Ids(ids) => assert_eq!(ids.len(), rows, "one target a row"),
            Self::Probs(probs) => {
                assert_eq!(probs.len(), rows * cols, "one probability a logit");
                assert_eq!(ignore_index, None, "probabilities with an ignored class id");
            }
        }
        (0..rows).map(move |row| match self {
            Self::Ids(ids) => of_id(ids[row], cols, ignore_index),
            Self::Probs(probs) => Target::Probs(&probs[row * cols..][..cols]),
        })
    }
}

/// Classifies an id. The ignored id is tested before the range.
fn of_id<'a, X>(id: i64, cols: usize, ignore_index: Option<i64>) -> Target<'a, X> {
    if ignore_index == Some(id) {
        return Target::Ignored;
    }
    match usize::try_from(id) {
        Ok(class) if class < cols => Target::Class(class),
        _ => Target::Bad,
    }
}

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
