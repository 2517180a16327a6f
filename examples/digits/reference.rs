//! The same training in f64 on the CPU, in plain loops: the reference of the GPU's losses.

use crate::data::Set;
use crate::recipe::Recipe;

/// A matrix, row by row.
struct Matrix {
    columns: usize,
    values: Vec<f64>,
}

/// A model that learns from one set of images, one step at a time.
pub(crate) struct Twin<'a> {
    recipe: &'a Recipe,
    labels: &'a [i32],
    images: Vec<f64>,
    weights: Vec<Matrix>,
    velocity: Vec<Vec<f64>>,
}

impl Matrix {
    fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.columns)
    }

    /// Returns the gradient of inputs that came through relu, from that of the outputs.
    fn input_gradient(&self, inputs: &[f64], gradient: &[f64]) -> Vec<f64> {
        let masked = |(&input, row)| if input > 0.0 { dot(row, gradient) } else { 0.0 };
        inputs.iter().zip(self.rows()).map(masked).collect()
    }
}

impl<'a> Twin<'a> {
    pub(crate) fn new(recipe: &'a Recipe, weights: &[Vec<f32>], set: &'a Set) -> Self {
        let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
        let matrix = |(values, (_, columns)): (&Vec<f32>, _)| Matrix {
            columns,
            values: wide(values),
        };
        Self {
            recipe,
            labels: &set.labels,
            images: wide(&set.pixels),
            weights: weights.iter().zip(recipe.shapes()).map(matrix).collect(),
            velocity: weights
                .iter()
                .map(|values| vec![0.0; values.len()])
                .collect(),
        }
    }

    /// Takes one training step and returns the loss before it.
    pub(crate) fn step(&mut self) -> f64 {
        let mut gradients: Vec<_> = self
            .weights
            .iter()
            .map(|w| vec![0.0; w.values.len()])
            .collect();
        let images = self.images.chunks_exact(self.recipe.sizes[0]);
        let mut loss = 0.0;
        for (image, &label) in images.zip(self.labels) {
            loss += self.add_gradients(image, label as usize, &mut gradients);
        }
        let mean = 1.0 / self.labels.len() as f64;
        for (layer, gradient) in gradients.iter().enumerate() {
            self.learn(layer, gradient, mean);
        }
        loss * mean
    }

    /// Adds one image's gradients to those of all weights and returns its loss.
    fn add_gradients(&self, image: &[f64], label: usize, gradients: &mut [Vec<f64>]) -> f64 {
        let values = self.forward(image);
        let (loss, mut gradient) = cross_entropy(&values[self.weights.len()], label);
        for (layer, weights) in self.weights.iter().enumerate().rev() {
            let sums = gradients[layer].chunks_exact_mut(weights.columns);
            for (input, sums) in values[layer].iter().chain([&1.0]).zip(sums) {
                add_scaled(sums, &gradient, *input);
            }
            if layer > 0 {
                gradient = weights.input_gradient(&values[layer], &gradient);
            }
        }
        loss
    }

    /// Returns the image, the output of each hidden layer, and the logits.
    fn forward(&self, image: &[f64]) -> Vec<Vec<f64>> {
        let mut values = vec![image.to_vec()];
        for (layer, weights) in self.weights.iter().enumerate() {
            let mut output = vec![0.0; weights.columns];
            for (input, row) in values[layer].iter().chain([&1.0]).zip(weights.rows()) {
                add_scaled(&mut output, row, *input);
            }
            if layer + 1 < self.weights.len() {
                output.iter_mut().for_each(|value| *value = value.max(0.0));
            }
            values.push(output);
        }
        values
    }

    fn learn(&mut self, layer: usize, gradient: &[f64], mean: f64) {
        let [rate, momentum, decay] =
            [self.recipe.rate, self.recipe.momentum, self.recipe.decay].map(f64::from);
        let weights = self.weights[layer].values.iter_mut();
        for ((weight, velocity), gradient) in weights.zip(&mut self.velocity[layer]).zip(gradient) {
            *velocity = momentum * *velocity + gradient * mean + decay * *weight;
            *weight -= rate * *velocity;
        }
    }
}

/// Returns the loss of one row of logits, and its gradient: the probabilities, less 1 at the label.
fn cross_entropy(logits: &[f64], label: usize) -> (f64, Vec<f64>) {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|x| (x - max).exp()).sum();
    let mut gradient: Vec<_> = logits.iter().map(|x| (x - max).exp() / sum).collect();
    gradient[label] -= 1.0;
    (max - logits[label] + sum.ln(), gradient)
}

fn add_scaled(sums: &mut [f64], values: &[f64], factor: f64) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += factor * value;
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
