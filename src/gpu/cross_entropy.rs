//! Cross-entropy on slices: uploaded, run and downloaded in one call. The gradient takes the place of the logits.

use wgpu::Buffer;

use super::Gpu;
use super::element::{self, Element, from_slices, setters_of_slices};
use super::outputs::{buffer_of, native};
use super::row_values::{RowValues, id_words};
use super::slices::{described, expect_len};
use crate::error::Error;
use crate::ops::cross_entropy::{CrossEntropyBuffers, CrossEntropyExtras, Status};
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::mask::Mask;
use crate::spec::row_outputs::RowOutputs;
use crate::spec::target_type::TargetType;
use crate::variant::Operation;

/// Targets of the rows of logits of type `T`. Slices, arrays and vectors convert into it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Targets<'a, T = f32> {
    /// One class id a row.
    I32(&'a [i32]),
    /// One class id a row.
    U32(&'a [u32]),
    /// One class id a row.
    I64(&'a [i64]),
    /// One probability for each logit, stored as the logits are: `rows` x `classes`.
    Probs(&'a [T]),
}

from_slices! {
    <T> Targets<'a, T>: I32 of i32;
    <T> Targets<'a, T>: U32 of u32;
    <T> Targets<'a, T>: I64 of i64;
    <> Targets<'a, f32>: Probs of f32;
    <> Targets<'a, u16>: Probs of u16;
}

impl<T> Targets<'_, T> {
    /// Returns the target type in the spec of a plan for these targets.
    pub const fn target_type(&self) -> TargetType {
        match self {
            Self::I32(_) => TargetType::I32,
            Self::U32(_) => TargetType::U32,
            Self::I64(_) => TargetType::I64,
            Self::Probs(_) => TargetType::Probs,
        }
    }

    pub(super) const fn len(&self) -> usize {
        match self {
            Self::I32(ids) => ids.len(),
            Self::U32(ids) => ids.len(),
            Self::I64(ids) => ids.len(),
            Self::Probs(probs) => probs.len(),
        }
    }
}

/// Inputs of a cross-entropy.
///
/// ```
/// use wgpu_softmax::{CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, Gpu};
///
/// let inputs = CrossEntropyInputs::new(&[0.0, 0.0, 5.0, 5.0], &[0, 1]).weight(&[1.0, 3.0]);
/// let wants = CrossEntropyWants { grad_logits: true, ..Default::default() };
/// let found = Gpu::open()?.cross_entropy(&CrossEntropySpec::new(2, 2), inputs, wants)?;
/// assert!((found.losses[0] - 2f32.ln()).abs() < 1e-6);
/// assert_eq!(found.grad_logits.as_deref(), Some(&[-0.125, 0.125, 0.375, -0.375][..]));
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct CrossEntropyInputs<'a, T = f32> {
    /// Logits, `rows` x `classes`.
    pub logits: &'a [T],
    /// One class id a row, or one probability for each logit.
    pub targets: Targets<'a, T>,
    /// Class weights, one a class; none where each counts alike.
    pub weight: Option<&'a [f32]>,
    /// Weights of the rows, one a row; none where each counts alike. A row of weight 0 is ignored.
    pub row_weight: Option<&'a [f32]>,
    /// Scales of the rows, one a row, times that of the spec; none where each is 1.
    pub row_scale: Option<&'a [f32]>,
    /// Upstream gradient: one a row where the losses are not reduced, else one. None is 1.
    pub grad_losses: Option<&'a [f32]>,
    /// Classes whose log-probabilities are among the row outputs: `rows` times as many as the spec [asks
    /// for](crate::RowOutputs::log_probs_of).
    pub candidates: &'a [i64],
    /// Elements of the spec's [mask](CrossEntropySpec::mask): false excludes a class. Given exactly where the spec has one.
    pub mask: Option<&'a [bool]>,
}

setters_of_slices! {
    CrossEntropyInputs:
    /// Sets the class weights.
    weight,
    /// Sets the weights of the rows.
    row_weight,
    /// Sets the scales of the rows.
    row_scale,
    /// Sets the upstream gradient, by which the gradient is multiplied.
    grad_losses,
}

impl<'a, T: Element> CrossEntropyInputs<'a, T> {
    /// Returns inputs of logits and their targets.
    pub fn new(logits: &'a [T], targets: impl Into<Targets<'a, T>>) -> Self {
        Self {
            logits,
            targets: targets.into(),
            weight: None,
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

    fn check(&self, spec: &CrossEntropySpec) -> Result<(), Error> {
        element::require::<T>(spec.dtype)?;
        let (rows, classes) = (spec.rows(), spec.classes());
        let elements = rows.saturating_mul(classes);
        let targets = match self.targets {
            Targets::Probs(_) => elements,
            _ => rows,
        };
        let candidates = rows.saturating_mul(spec.row_outputs.log_probs_of.into());
        expect_len("logits", self.logits.len(), elements)?;
        expect_len("targets", self.targets.len(), targets)?;
        expect_len("candidates", self.candidates.len(), candidates)?;
        check_mask(self.mask, spec.mask.as_ref())?;
        if let Some(weight) = self.weight {
            expect_len("weight", weight.len(), classes)?;
        }
        for (what, values) in [
            ("row_weight", self.row_weight),
            ("row_scale", self.row_scale),
        ] {
            if let Some(values) = values {
                expect_len(what, values.len(), rows)?;
            }
        }
        match self.grad_losses {
            Some(grad) => expect_len("grad_losses", grad.len(), spec.losses()),
            None => Ok(()),
        }
    }
}

/// Refuses elements of a mask of another size than the spec's, and none or one too many.
pub(super) fn check_mask(elements: Option<&[bool]>, mask: Option<&Mask>) -> Result<(), Error> {
    match (elements, mask) {
        (None, None) => Ok(()),
        (Some(elements), Some(mask)) => expect_len("mask", elements.len(), mask.elements()),
        (Some(_), None) => Err(Error::value("mask", "a spec with a mask", "one without")),
        (None, Some(_)) => Err(Error::value(
            "mask",
            "its elements, as the spec has one",
            "none",
        )),
    }
}

/// Results to compute in addition to the loss.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrossEntropyWants {
    /// Gradient of the loss by the logits.
    pub grad_logits: bool,
    /// Logsumexp of every row.
    pub lse: bool,
}

/// Results of a cross-entropy.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CrossEntropyOutput<T = f32> {
    /// The loss, or the loss of every row.
    pub losses: Vec<f32>,
    /// Gradient of the loss by the logits, `rows` x `classes`, if wanted.
    pub grad_logits: Option<Vec<T>>,
    /// Logsumexp of every row, if wanted.
    pub lse: Option<Vec<f32>>,
    /// Counts by the device.
    pub status: Status,
    /// [Row outputs](crate::RowOutputs) that the spec asks for.
    pub rows: RowValues,
}

impl Gpu {
    /// Computes the loss of `spec.rows()` rows, and what else is wanted. The type of the targets is that of the slice.
    ///
    /// # Errors
    ///
    /// Lengths or a type other than the spec's, a size past the device's limits, or a failing device. A target out of range is no
    /// error here: its row is NaN, and the status counts it.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn cross_entropy<T: Element>(
        &self,
        spec: &CrossEntropySpec,
        inputs: CrossEntropyInputs<'_, T>,
        wants: CrossEntropyWants,
    ) -> Result<CrossEntropyOutput<T>, Error> {
        pollster::block_on(self.cross_entropy_async(spec, inputs, wants))
    }

    /// [`cross_entropy`](Self::cross_entropy), as a future.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn cross_entropy_async<T: Element>(
        &self,
        spec: &CrossEntropySpec,
        inputs: CrossEntropyInputs<'_, T>,
        wants: CrossEntropyWants,
    ) -> Result<CrossEntropyOutput<T>, Error> {
        inputs.check(spec)?;
        let spec = spec
            .targets(inputs.targets.target_type())
            .preferably_in_place();
        let plan = self.planner().cross_entropy(spec)?;
        let logits = self.upload_some("logits", inputs.logits)?;
        let targets = self.upload_targets(inputs.targets)?;
        let weight = self.upload_given("weight", inputs.weight)?;
        let row_weight = self.upload_given("row_weight", inputs.row_weight)?;
        let row_scale = self.upload_given("row_scale", inputs.row_scale)?;
        let grad_losses = self.upload_given("grad_losses", inputs.grad_losses)?;
        let mask = self.upload_given("mask", inputs.mask)?;
        let candidates =
            self.upload_candidates(spec.row_outputs, inputs.candidates, spec.targets)?;

        let rows = native(spec.rows());
        let losses = self.output("losses", native(spec.losses()))?;
        let status = self.output("status", size_of::<Status>() / 4)?;
        let grad_words = element::words::<T>(inputs.logits.len());
        let grad = match spec.in_place {
            true => wants.grad_logits.then(|| (logits.clone(), grad_words)),
            false => self.output_if(wants.grad_logits, "grad_logits", grad_words)?,
        };
        let lse = self.output_if(wants.lse, "lse", rows)?;
        let layout = plan.row_layout();
        let row_words = rows.saturating_mul(layout.words as usize);
        let row_outputs = self.output_if(layout.words > 0, "row outputs", row_words)?;

        let buffers = CrossEntropyBuffers {
            logits: &logits,
            targets: &targets,
            losses: &losses.0,
            grad_logits: buffer_of(&grad),
        };
        let extras = CrossEntropyExtras {
            weight: weight.as_ref(),
            row_weight: row_weight.as_ref(),
            row_scale: row_scale.as_ref(),
            mask: mask.as_ref(),
            grad_losses: grad_losses.as_ref(),
            lse: buffer_of(&lse),
            status: Some(&status.0),
            row_outputs: buffer_of(&row_outputs),
            candidates: candidates.as_ref(),
            pairs: None,
        };
        let bound = plan.bind_with(spec.rows(), buffers, extras)?;

        let asked = [grad.as_ref(), lse.as_ref(), row_outputs.as_ref()];
        let always = [&losses, &status].into_iter();
        let outputs: Vec<_> = always.chain(asked.into_iter().flatten()).collect();
        let what = described(Operation::CrossEntropy, spec.rows(), spec.classes());
        let fetched = self.run_and_fetch(&bound, &outputs, &what).await?;
        let mut fetched = fetched.into_iter();
        let mut next = || fetched.next().unwrap_or_default();
        Ok(CrossEntropyOutput {
            losses: bytemuck::cast_vec(next()),
            status: *bytemuck::from_bytes(bytemuck::cast_slice(&next())),
            grad_logits: grad.map(|_| element::values(next(), inputs.logits.len())),
            lse: lse.map(|_| bytemuck::cast_vec(next())),
            rows: RowValues::of(&layout, &next()),
        })
    }

    /// Uploads candidates as the targets are stored, if the row outputs ask for any.
    pub(super) fn upload_candidates(
        &self,
        outputs: RowOutputs,
        candidates: &[i64],
        stored_as: TargetType,
    ) -> Result<Option<Buffer>, Error> {
        let is_asked = outputs.log_probs_of > 0;
        let upload = || self.upload_some("candidates", &id_words(candidates, stored_as));
        is_asked.then(upload).transpose()
    }

    pub(super) fn upload_targets<T: Element>(
        &self,
        targets: Targets<'_, T>,
    ) -> Result<Buffer, Error> {
        match targets {
            Targets::I32(ids) => self.upload_some("targets", ids),
            Targets::U32(ids) => self.upload_some("targets", ids),
            Targets::I64(ids) => self.upload_some("targets", ids),
            Targets::Probs(probs) => self.upload_some("targets", probs),
        }
    }
}
