//! The last layer with its loss, by the library and by the f64 reference.

use wgpu_softmax::reference::{CrossEntropy, Linear};
use wgpu_softmax::{
    Error, Gpu, LinearCrossEntropyInputs, LinearCrossEntropySpec, LinearWants, RowOutputs,
};

use crate::model::{FEATURES, Model};

/// Gradients of the mean loss.
pub(crate) struct Gradients {
    pub(crate) hidden: Vec<f64>,
    pub(crate) weight: Vec<f64>,
    pub(crate) bias: Vec<f64>,
}

pub(crate) trait Head {
    /// Returns the mean loss of hidden vectors whose characters are known, and its gradients.
    fn learn(&self, model: &Model, hidden: &[f64], ids: &[i64]) -> Result<(f64, Gradients), Error>;
}

/// The head on the GPU, in f32: logits are computed, used and dropped there.
pub(crate) struct OnGpu<'a> {
    pub(crate) gpu: &'a Gpu,
}

/// The f64 reference.
pub(crate) struct Reference;

fn spec(model: &Model, ids: &[i64]) -> LinearCrossEntropySpec {
    LinearCrossEntropySpec::new(ids.len() as u64, FEATURES as u64, model.bias().len() as u64)
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

fn wide(values: Option<Vec<f32>>) -> Vec<f64> {
    values.into_iter().flatten().map(f64::from).collect()
}

impl Head for OnGpu<'_> {
    fn learn(&self, model: &Model, hidden: &[f64], ids: &[i64]) -> Result<(f64, Gradients), Error> {
        let [hidden, weight, bias] = [hidden, model.weight(), model.bias()].map(narrow);
        let inputs = LinearCrossEntropyInputs::new(&hidden, &weight, ids).bias(&bias);
        let wants = LinearWants {
            grad_hidden: true,
            grad_weight: true,
            grad_bias: true,
        };
        let found = self
            .gpu
            .linear_cross_entropy(&spec(model, ids), inputs, wants)?;
        let gradients = Gradients {
            hidden: wide(found.grad_hidden),
            weight: wide(found.grad_weight),
            bias: wide(found.grad_bias),
        };
        Ok((found.losses[0].into(), gradients))
    }
}

impl OnGpu<'_> {
    /// Returns the mean loss, and the share of rows whose character is the likeliest.
    pub(crate) fn evaluate(
        &self,
        model: &Model,
        hidden: &[f64],
        ids: &[i64],
    ) -> Result<(f64, f64), Error> {
        let [hidden, weight, bias] = [hidden, model.weight(), model.bias()].map(narrow);
        let inputs = LinearCrossEntropyInputs::new(&hidden, &weight, ids).bias(&bias);
        let spec = spec(model, ids).row_outputs(RowOutputs::default().hit());
        let found = self
            .gpu
            .linear_cross_entropy(&spec, inputs, LinearWants::default())?;
        let hits = found
            .rows
            .hits
            .into_iter()
            .flatten()
            .filter(|&hit| hit)
            .count();
        Ok((found.losses[0].into(), hits as f64 / ids.len() as f64))
    }
}

impl Head for Reference {
    fn learn(&self, model: &Model, hidden: &[f64], ids: &[i64]) -> Result<(f64, Gradients), Error> {
        let of = CrossEntropy::new(model.bias().len());
        let layer = Linear::new(hidden, model.weight(), FEATURES).bias(model.bias());
        let loss = of.linear_losses(layer, ids).loss.unwrap_or(f64::NAN);
        let gradients = of.linear_gradients(layer, ids);
        let gradients = Gradients {
            hidden: gradients.hidden,
            weight: gradients.weight,
            bias: gradients.bias,
        };
        Ok((loss, gradients))
    }
}
