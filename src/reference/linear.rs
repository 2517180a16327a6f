//! The cross-entropy of a linear layer's logits, and its gradients by what these are made of.

use super::cross_entropy::{CrossEntropy, CrossEntropyResult};
use super::{Real, pairwise_sum, rows_of};

/// A linear layer with its input: logits are `hidden weight^T + bias`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Linear<'a, X = f32> {
    /// Input: `rows x features`.
    pub hidden: &'a [X],
    /// One row a class: `classes x features`.
    pub weight: &'a [X],
    /// One value a class, if there is a bias.
    pub bias: Option<&'a [X]>,
    /// Number of features.
    pub features: usize,
}

/// Gradients of a loss by what its logits are made of.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LinearGradients {
    /// `rows x features`.
    pub hidden: Vec<f64>,
    /// `classes x features`.
    pub weight: Vec<f64>,
    /// One value a class.
    pub bias: Vec<f64>,
}

impl<'a, X: Real> Linear<'a, X> {
    /// Makes a layer without a bias.
    pub const fn new(hidden: &'a [X], weight: &'a [X], features: usize) -> Self {
        Self {
            hidden,
            weight,
            bias: None,
            features,
        }
    }

    /// Sets the bias, one value a class.
    #[must_use]
    pub const fn bias(self, bias: &'a [X]) -> Self {
        Self {
            bias: Some(bias),
            ..self
        }
    }

    /// Computes the logits, `rows x classes`. Products and sums follow the rules of IEEE: a NaN makes every logit of its row of
    /// hidden NaN.
    ///
    /// # Panics
    ///
    /// When `features` is 0 or does not divide both lengths, and when there is not one bias a class.
    pub fn logits(&self) -> Vec<f64> {
        let classes = rows_of(self.weight, self.features).len();
        if let Some(bias) = self.bias {
            assert_eq!(bias.len(), classes, "one bias a class");
        }
        let mut logits = Vec::with_capacity(self.hidden.len() / self.features * classes);
        for row in rows_of(self.hidden, self.features) {
            let weight = rows_of(self.weight, self.features).enumerate();
            logits.extend(weight.map(|(class, weight)| {
                let product = |feature: usize| row[feature].into() * weight[feature].into();
                let bias = self.bias.map_or(0.0, |bias| bias[class].into());
                pairwise_sum(self.features, product) + bias
            }));
        }
        logits
    }
}

impl CrossEntropy {
    /// Computes the losses of the logits of a linear layer, with one class id a row.
    ///
    /// ```
    /// use wgpu_softmax::reference::{CrossEntropy, Linear};
    ///
    /// // One row of two features, and two classes.
    /// let layer = Linear::new(&[1.0, 2.0], &[0.5, 0.25, 1.0, 0.0], 2);
    /// assert_eq!(layer.logits(), [1.0, 1.0]);
    /// assert_eq!(CrossEntropy::new(2).linear_losses(layer, &[1]).row_losses, [2_f64.ln()]);
    /// ```
    ///
    /// # Panics
    ///
    /// As [`losses`](Self::losses) and [`Linear::logits`].
    pub fn linear_losses<X: Real>(
        &self,
        layer: Linear<'_, X>,
        targets: &[i64],
    ) -> CrossEntropyResult {
        self.losses(&layer.logits(), targets)
    }

    /// Computes the gradients of the result by hidden, by the weight and by the bias: with `g` the gradient by the logits, `g
    /// weight`, `g^T hidden`, and the sums of the columns of `g`. The products are plain ones: 0 times NaN is NaN, so that a NaN
    /// in hidden is in every class of the weight's gradient.
    ///
    /// # Panics
    ///
    /// As [`gradient`](Self::gradient) and [`Linear::logits`].
    pub fn linear_gradients<X: Real>(
        &self,
        layer: Linear<'_, X>,
        targets: &[i64],
    ) -> LinearGradients {
        let gradient = self.gradient(&layer.logits(), targets);
        let (features, classes) = (layer.features, self.cols);
        let rows = gradient.len() / classes;
        let by =
            |len: usize, term: &dyn Fn(usize, usize, usize) -> f64, extent: usize| -> Vec<f64> {
                let element = |index: usize| {
                    let (m, n) = (index / features, index % features);
                    pairwise_sum(len, |k| term(m, n, k))
                };
                (0..extent * features).map(element).collect()
            };
        let g = |row: usize, class: usize| gradient[row * classes + class];
        let at = |values: &[X], row: usize, feature: usize| -> f64 {
            values[row * features + feature].into()
        };
        LinearGradients {
            hidden: by(classes, &|m, n, k| g(m, k) * at(layer.weight, k, n), rows),
            weight: by(rows, &|m, n, k| g(k, m) * at(layer.hidden, k, n), classes),
            bias: (0..classes)
                .map(|class| pairwise_sum(rows, |row| g(row, class)))
                .collect(),
        }
    }
}
