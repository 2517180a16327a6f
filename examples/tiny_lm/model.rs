//! The model: hidden is tanh of the sum of one vector for each of the characters before, by its distance and which one it is; the
//! [head](crate::head) makes logits of it. All parameters are f64, so that nothing but the head differs from the twin.

use wgpu_softmax::Error;

use crate::head::{Gradients, Head};
use crate::text::Text;

/// Characters that the next one is predicted from.
pub(crate) const CONTEXT: usize = 3;
/// Numbers of a hidden vector.
pub(crate) const FEATURES: usize = 32;

const MOMENTUM: f64 = 0.9;

/// Parameters, and the running sums of their gradients.
struct Learned {
    values: Vec<f64>,
    momentum: Vec<f64>,
}

impl Learned {
    fn new(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.collect();
        let momentum = vec![0.0; values.len()];
        Self { values, momentum }
    }

    fn step(&mut self, gradient: &[f64], rate: f64) {
        for ((value, sum), g) in self.values.iter_mut().zip(&mut self.momentum).zip(gradient) {
            *sum = MOMENTUM * *sum + g;
            *value -= rate * *sum;
        }
    }
}

pub(crate) struct Model {
    characters: usize,
    /// `CONTEXT` x characters x `FEATURES`.
    vectors: Learned,
    /// Characters x `FEATURES`.
    weight: Learned,
    bias: Learned,
}

impl Model {
    /// Makes the model that learning begins with: every time the same.
    pub(crate) fn new(characters: usize) -> Self {
        let mut state = 1_u64;
        let mut drawn = |len: usize| {
            let numbers = std::iter::repeat_with(|| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 40) as f64 / (1 << 24) as f64 - 0.5
            });
            Learned::new(numbers.take(len))
        };
        Self {
            characters,
            vectors: drawn(CONTEXT * characters * FEATURES),
            weight: drawn(characters * FEATURES),
            bias: Learned::new(std::iter::repeat_n(0.0, characters)),
        }
    }

    pub(crate) fn weight(&self) -> &[f64] {
        &self.weight.values
    }

    pub(crate) fn bias(&self) -> &[f64] {
        &self.bias.values
    }

    /// Where the vectors lie that make the hidden vector of a place.
    fn vectors_at(&self, text: &Text, place: usize) -> impl Iterator<Item = usize> {
        let vector = move |distance: usize| {
            (distance - 1) * self.characters + text.ids[place - distance] as usize
        };
        (1..=CONTEXT).map(move |distance| vector(distance) * FEATURES)
    }

    /// Returns the hidden vectors of places in the text, and the characters there.
    pub(crate) fn hidden(&self, text: &Text, places: &[usize]) -> (Vec<f64>, Vec<i64>) {
        let mut hidden = Vec::with_capacity(places.len() * FEATURES);
        for &place in places {
            let sum = |feature| {
                let vectors = self.vectors_at(text, place);
                vectors
                    .map(|at| self.vectors.values[at + feature])
                    .sum::<f64>()
            };
            hidden.extend((0..FEATURES).map(|feature| sum(feature).tanh()));
        }
        (
            hidden,
            places
                .iter()
                .map(|&place| i64::from(text.ids[place]))
                .collect(),
        )
    }

    /// Learns from places in the text, and returns the loss that they had before.
    pub(crate) fn step(
        &mut self,
        head: &impl Head,
        text: &Text,
        places: &[usize],
        rate: f64,
    ) -> Result<f64, Error> {
        let (hidden, ids) = self.hidden(text, places);
        let (
            loss,
            Gradients {
                hidden: by_hidden,
                weight,
                bias,
            },
        ) = head.learn(self, &hidden, &ids)?;
        let mut vectors = vec![0.0; self.vectors.values.len()];
        for (row, &place) in places.iter().enumerate() {
            for at in self.vectors_at(text, place) {
                for feature in 0..FEATURES {
                    let h = hidden[row * FEATURES + feature];
                    vectors[at + feature] += by_hidden[row * FEATURES + feature] * (1.0 - h * h);
                }
            }
        }
        self.vectors.step(&vectors, rate);
        self.weight.step(&weight, rate);
        self.bias.step(&bias, rate);
        Ok(loss)
    }
}
