//! The cross-entropy of a linear layer on slices: uploaded, run and downloaded in one call.

use super::Gpu;
use super::cross_entropy::{Targets, check_mask};
use super::element::{self, Element, setters_of_slices};
use super::outputs::{buffer_of, native};
use super::row_values::RowValues;
use super::slices::{described, expect_len};
use crate::error::Error;
use crate::ops::cross_entropy::{
    CrossEntropyExtras, LinearCrossEntropyBuffers, LinearGradients, Status,
};
use crate::spec::linear::LinearCrossEntropySpec;
use crate::variant::Operation;

/// Inputs of the cross-entropy of a linear layer.
///
/// ```
/// use wgpu_softmax::{Gpu, LinearCrossEntropyInputs, LinearCrossEntropySpec, LinearWants};
///
/// // One row of two features, two classes.
/// let inputs = LinearCrossEntropyInputs::new(&[1.0, 2.0], &[0.5, 0.25, 1.0, 0.0], &[1]);
/// let wants = LinearWants { grad_hidden: true, ..Default::default() };
/// let found = Gpu::open()?.linear_cross_entropy(&LinearCrossEntropySpec::new(1, 2, 2), inputs, wants)?;
/// assert!((found.losses[0] - 2f32.ln()).abs() < 1e-6);
/// assert_eq!(found.grad_hidden.as_deref(), Some(&[-0.25, 0.125][..]));
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct LinearCrossEntropyInputs<'a, T = f32> {
    /// `rows` x `features`.
    pub hidden: &'a [T],
    /// `classes` x `features`.
    pub weight: &'a [T],
    /// One value a class, added to the logits; none for 0.
    pub bias: Option<&'a [f32]>,
    /// One class id a row.
    pub targets: Targets<'a, T>,
    /// Class weights, one a class; none where each counts alike.
    pub class_weight: Option<&'a [f32]>,
    /// Weights of the rows, one a row; none where each counts alike. A row of weight 0 is ignored.
    pub row_weight: Option<&'a [f32]>,
    /// Scales of the rows, one a row, times that of the spec; none where each is 1.
    pub row_scale: Option<&'a [f32]>,
    /// Upstream gradient: one a row where the losses are not reduced, else one. None is 1.
    pub grad_losses: Option<&'a [f32]>,
    /// Classes whose log-probabilities are among the row outputs: `rows` times as many as the spec [asks
    /// for](crate::RowOutputs::log_probs_of).
    pub candidates: &'a [i64],
    /// Elements of the spec's [mask](LinearCrossEntropySpec::mask): false excludes a class. Given exactly where the spec has one.
    pub mask: Option<&'a [bool]>,
}

setters_of_slices! {
    LinearCrossEntropyInputs:
    /// Sets the bias.
    bias,
    /// Sets the class weights.
    class_weight,
    /// Sets the weights of the rows.
    row_weight,
    /// Sets the scales of the rows.
    row_scale,
    /// Sets the upstream gradient, by which the gradients are multiplied.
    grad_losses,
}

impl<'a, T: Element> LinearCrossEntropyInputs<'a, T> {
    /// Returns inputs of a layer and the targets of its logits.
    pub fn new(hidden: &'a [T], weight: &'a [T], targets: impl Into<Targets<'a, T>>) -> Self {
        Self {
            hidden,
            weight,
            bias: None,
            targets: targets.into(),
            class_weight: None,
            row_weight: None,
            row_scale: None,
            grad_losses: None,
            candidates: &[],
            mask: None,
        }
    }

    /// Sets the classes whose log-probabilities are among the row outputs.
    #[must_use]
    pub const fn candidates(self, candidates: &'a [i64]) -> Self {
        Self { candidates, ..self }
    }

    /// Sets the elements of the mask.
    #[must_use]
    pub const fn mask(self, mask: &'a [bool]) -> Self {
        Self {
            mask: Some(mask),
            ..self
        }
    }

    fn check(&self, spec: &LinearCrossEntropySpec) -> Result<(), Error> {
        element::require::<T>(spec.dtype)?;
        let (rows, features, classes) = (spec.rows, spec.features, spec.classes);
        expect_len("hidden", self.hidden.len(), rows.saturating_mul(features))?;
        expect_len(
            "weight",
            self.weight.len(),
            classes.saturating_mul(features),
        )?;
        expect_len("targets", self.targets.len(), rows)?;
        let candidates = rows.saturating_mul(spec.row_outputs.log_probs_of.into());
        expect_len("candidates", self.candidates.len(), candidates)?;
        check_mask(self.mask, spec.mask.as_ref())?;
        for (what, values, expected) in [
            ("bias", self.bias, classes),
            ("class_weight", self.class_weight, classes),
            ("row_weight", self.row_weight, rows),
            ("row_scale", self.row_scale, rows),
            ("grad_losses", self.grad_losses, spec.losses()),
        ] {
            if let Some(values) = values {
                expect_len(what, values.len(), expected)?;
            }
        }
        Ok(())
    }
}

/// Gradients to compute in addition to the loss.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinearWants {
    /// Gradient of the loss by hidden.
    pub grad_hidden: bool,
    /// Gradient of the loss by the weight.
    pub grad_weight: bool,
    /// Gradient of the loss by the bias.
    pub grad_bias: bool,
}

/// Results of the cross-entropy of a linear layer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LinearCrossEntropyOutput<T = f32> {
    /// The loss, or the loss of every row.
    pub losses: Vec<f32>,
    /// Gradient of the loss by hidden, `rows` x `features`, if wanted.
    pub grad_hidden: Option<Vec<T>>,
    /// Gradient of the loss by the weight, `classes` x `features`, if wanted.
    pub grad_weight: Option<Vec<f32>>,
    /// Gradient of the loss by the bias, one value a class, if wanted.
    pub grad_bias: Option<Vec<f32>>,
    /// Counts by the device.
    pub status: Status,
    /// [Row outputs](crate::RowOutputs) that the spec asks for.
    pub rows: RowValues,
}

impl Gpu {
    /// Computes the loss of the logits of a linear layer, and the gradients that are wanted. The type of the targets is that of
    /// the slice.
    ///
    /// # Errors
    ///
    /// Lengths or a type other than the spec's, probabilities as targets, a size past the device's limits, or a failing device. A
    /// target out of range is no error here: its row is NaN, and the status counts it.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn linear_cross_entropy<T: Element>(
        &self,
        spec: &LinearCrossEntropySpec,
        inputs: LinearCrossEntropyInputs<'_, T>,
        wants: LinearWants,
    ) -> Result<LinearCrossEntropyOutput<T>, Error> {
        pollster::block_on(self.linear_cross_entropy_async(spec, inputs, wants))
    }

    /// [`linear_cross_entropy`](Self::linear_cross_entropy), as a future.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn linear_cross_entropy_async<T: Element>(
        &self,
        spec: &LinearCrossEntropySpec,
        inputs: LinearCrossEntropyInputs<'_, T>,
        wants: LinearWants,
    ) -> Result<LinearCrossEntropyOutput<T>, Error> {
        let spec = spec.targets(inputs.targets.target_type());
        let plan = self.planner().linear_cross_entropy(spec)?;
        inputs.check(&spec)?;
        let hidden = self.upload_some("hidden", inputs.hidden)?;
        let weight = self.upload_some("weight", inputs.weight)?;
        let targets = self.upload_targets(inputs.targets)?;
        let bias = self.upload_given("bias", inputs.bias)?;
        let class_weight = self.upload_given("class_weight", inputs.class_weight)?;
        let row_weight = self.upload_given("row_weight", inputs.row_weight)?;
        let row_scale = self.upload_given("row_scale", inputs.row_scale)?;
        let grad_losses = self.upload_given("grad_losses", inputs.grad_losses)?;
        let mask = self.upload_given("mask", inputs.mask)?;

        let losses = self.output("losses", native(spec.losses()))?;
        let status = self.output("status", size_of::<Status>() / 4)?;
        let hidden_words = element::words::<T>(inputs.hidden.len());
        let grad_hidden = self.output_if(wants.grad_hidden, "grad_hidden", hidden_words)?;
        let grad_weight = self.output_if(wants.grad_weight, "grad_weight", inputs.weight.len())?;
        let grad_bias = self.output_if(wants.grad_bias, "grad_bias", native(spec.classes))?;
        let candidates =
            self.upload_candidates(spec.row_outputs, inputs.candidates, spec.targets)?;
        let layout = plan.row_layout();
        let row_words = native(spec.rows).saturating_mul(layout.words as usize);
        let row_outputs = self.output_if(layout.words > 0, "row outputs", row_words)?;

        let buffers = LinearCrossEntropyBuffers {
            hidden: &hidden,
            weight: &weight,
            bias: bias.as_ref(),
            targets: &targets,
            losses: &losses.0,
            gradients: LinearGradients {
                hidden: buffer_of(&grad_hidden),
                weight: buffer_of(&grad_weight),
                bias: buffer_of(&grad_bias),
            },
        };
        let extras = CrossEntropyExtras {
            weight: class_weight.as_ref(),
            row_weight: row_weight.as_ref(),
            row_scale: row_scale.as_ref(),
            mask: mask.as_ref(),
            grad_losses: grad_losses.as_ref(),
            status: Some(&status.0),
            row_outputs: buffer_of(&row_outputs),
            candidates: candidates.as_ref(),
            ..CrossEntropyExtras::default()
        };
        let bound = plan.bind_with(spec.rows, buffers, extras)?;

        let asked = [&grad_hidden, &grad_weight, &grad_bias, &row_outputs];
        let always = [&losses, &status].into_iter();
        let outputs: Vec<_> = always.chain(asked.into_iter().flatten()).collect();
        let what = described(Operation::LinearCrossEntropy, spec.rows, spec.classes);
        let fetched = self.run_and_fetch(&bound, &outputs, &what).await?;
        let mut fetched = fetched.into_iter();
        let mut next = || fetched.next().unwrap_or_default();
        Ok(LinearCrossEntropyOutput {
            losses: bytemuck::cast_vec(next()),
            status: *bytemuck::from_bytes(bytemuck::cast_slice(&next())),
            grad_hidden: grad_hidden.map(|_| element::values(next(), inputs.hidden.len())),
            grad_weight: grad_weight.map(|_| bytemuck::cast_vec(next())),
            grad_bias: grad_bias.map(|_| bytemuck::cast_vec(next())),
            rows: RowValues::of(&layout, &next()),
        })
    }
}
