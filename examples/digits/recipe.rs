//! Models and their training: everything that the GPU and its f64 twin must agree on before the first step.

use std::fmt;

use crate::data::{CLASSES, PIXELS, Random};

/// A stack of dense layers with relu between them, and gradient descent with momentum on all images at once.
///
/// A step is `velocity = momentum * velocity + gradient + decay * weights`, then `weights -= rate * velocity`.
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    /// Number of values in each row, from the pixels to the logits.
    pub(crate) sizes: &'static [usize],
    pub(crate) steps: usize,
    pub(crate) rate: f32,
    pub(crate) momentum: f32,
    pub(crate) decay: f32,
    /// Fraction of the held-out images that must be recognised, as the median over the seeds.
    pub(crate) wanted_accuracy: f64,
}

pub(crate) const LOGISTIC: Recipe = Recipe {
    name: "Logistic regression",
    sizes: &[PIXELS, CLASSES],
    steps: 200,
    rate: 0.1,
    momentum: 0.9,
    decay: 0.003,
    wanted_accuracy: 0.95,
};

pub(crate) const ONE_HIDDEN_LAYER: Recipe = Recipe {
    name: "One hidden layer",
    sizes: &[PIXELS, 24, CLASSES],
    steps: 200,
    rate: 0.1,
    momentum: 0.9,
    decay: 0.003,
    wanted_accuracy: 0.96,
};

impl Recipe {
    /// Returns (inputs, outputs) of each layer.
    pub(crate) fn shapes(&self) -> impl DoubleEndedIterator<Item = (usize, usize)> {
        self.sizes.windows(2).map(|pair| (pair[0], pair[1]))
    }

    /// Returns the weights to start from, a matrix a layer: a row for each input, then one for the bias, whose input is 1.
    pub(crate) fn first_weights(&self, seed: u64) -> Vec<Vec<f32>> {
        let mut random = Random::new(!seed);
        let mut matrix = |(inputs, outputs)| {
            let reach = 1.0 / (inputs as f64).sqrt();
            let count = (inputs + 1) * outputs;
            (0..count)
                .map(|_| (reach * (2.0 * random.unit() - 1.0)) as f32)
                .collect()
        };
        self.shapes().map(&mut matrix).collect()
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, layers of {:?}, {} steps",
            self.name, self.sizes, self.steps
        )
    }
}
