//! What a spec asks for besides the operands of its operation: a mask, and sinks.

use wgpu::Buffer;

use crate::device::tensor::F32;
use crate::error::Error;
use crate::ops::bytes::mask_bytes;
use crate::ops::plan::{Holds, Operand, RowPlan};
use crate::ops::setters::buffer_setters;
use crate::shader::Binding;
use crate::variant::Operation;

/// Buffers that a [`SoftmaxSpec`](crate::SoftmaxSpec) asks for in addition to those of its operation, each with usage `STORAGE`.
///
/// With [sinks](crate::SoftmaxSpec::sinks), softmax and log-softmax save `sink_probs`, from which their backward passes make
/// `grad_sinks`; the backward pass of logsumexp takes the sinks again.
///
/// ```
/// # use wgpu_softmax::{Gpu, SoftmaxBuffers, SoftmaxExtras, SoftmaxSpec};
/// # let gpu = Gpu::open()?;
/// # let (logits, sinks) = (gpu.upload("logits", &[0.5f32; 48])?, gpu.upload("sinks", &[0.0f32; 2])?);
/// # let (probs, sink_probs) = (gpu.allocate("probs", 192)?, gpu.allocate("sink_probs", 24)?);
/// // Scores of 2 heads, 3 queries and 8 keys, and a sink for each head.
/// let plan = gpu.planner().softmax(SoftmaxSpec::new(2 * 3, 8).causal(3).sinks(2, 3))?;
/// let buffers = SoftmaxBuffers { logits: &logits, probs: &probs };
/// let extras = SoftmaxExtras::default().sinks(&sinks).sink_probs(&sink_probs);
/// let bound = plan.bind_with(6, buffers, extras)?;
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct SoftmaxExtras<'a> {
    /// Read: the elements of the [mask](crate::SoftmaxSpec::mask), f32 or bytes up to a multiple of four.
    pub mask: Option<&'a Buffer>,
    /// Read by softmax, log-softmax, logsumexp and the backward pass of logsumexp: f32, one a head.
    pub sinks: Option<&'a Buffer>,
    /// One f32 a row, the probability of its sink. Written if given by softmax, log-softmax and logsumexp, and read by the backward
    /// passes of softmax and log-softmax.
    pub sink_probs: Option<&'a Buffer>,
    /// Written if given by the backward passes: one f32 a row, the gradient by its sink.
    pub grad_sinks: Option<&'a Buffer>,
}

buffer_setters! {
    SoftmaxExtras:
    /// Gives the elements of the mask.
    mask,
    /// Gives the sinks, one f32 a head.
    sinks,
    /// Saves the probability of each row's sink, or takes it from the forward pass: one f32 a row.
    sink_probs,
    /// Writes the gradient by each row's sink: one f32 a row, which the caller adds up by heads.
    grad_sinks,
}

impl<'a> SoftmaxExtras<'a> {
    fn named(&self) -> [(&'static str, Option<&'a Buffer>); 4] {
        [
            ("mask", self.mask),
            ("sinks", self.sinks),
            ("sink_probs", self.sink_probs),
            ("grad_sinks", self.grad_sinks),
        ]
    }
}

impl RowPlan {
    /// Returns the buffers besides the operands, in the order in which they are bound. One that is written, the last, may be left out.
    pub(super) fn extras(&self) -> Vec<Operand> {
        let mask = self.mask().map(|mask| {
            let bytes = mask_bytes(&mask);
            Operand::read(Binding::Mask, "mask", Holds::Whole { bytes })
        });
        mask.into_iter().chain(self.of_sinks()).collect()
    }

    /// Returns by what a row's sink is known, and what is written of it.
    fn of_sinks(&self) -> Vec<Operand> {
        let Some(sinks) = self.spec.and_then(|spec| spec.sinks) else {
            return Vec::new();
        };
        let bytes = sinks.heads.saturating_mul(F32);
        let (read, holds, written) = match self.operation() {
            Operation::SoftmaxBackward | Operation::LogSoftmaxBackward => {
                ("sink_probs", Holds::Value, "grad_sinks")
            }
            Operation::LogSumExpBackward => ("sinks", Holds::Whole { bytes }, "grad_sinks"),
            _ => ("sinks", Holds::Whole { bytes }, "sink_probs"),
        };
        vec![
            Operand::read(Binding::SinkInput, read, holds),
            Operand::written(Binding::SinkOutput, written, Holds::Value),
        ]
    }

    /// Returns the buffers that are given for the [extras](Self::extras), in their order.
    pub(super) fn given<'a>(&self, given: &SoftmaxExtras<'a>) -> Result<Vec<&'a Buffer>, Error> {
        let (extras, named) = (self.extras(), given.named());
        for (name, buffer) in &named {
            if buffer.is_some() && extras.iter().all(|extra| extra.name != *name) {
                return Err(self.not_asked(name));
            }
        }
        let mut buffers = Vec::new();
        for extra in extras {
            let of_name = named.iter().find(|(name, _)| *name == extra.name);
            let expected = match (of_name.and_then(|(_, buffer)| *buffer), extra.name) {
                (Some(buffer), _) => {
                    buffers.push(buffer);
                    continue;
                }
                (None, _) if extra.written => continue,
                (None, "mask") => "a buffer for it, given to `bind_masked`",
                (None, _) => "a buffer for it, given to `bind_with`",
            };
            return Err(Error::value(extra.name, expected, "none"));
        }
        Ok(buffers)
    }

    /// Refuses a buffer that the spec does not ask for.
    fn not_asked(&self, name: &'static str) -> Error {
        let expected = match (name, self.spec.and_then(|spec| spec.sinks)) {
            ("mask", _) => "a spec with a mask",
            (_, None) => "a spec with sinks",
            (_, Some(_)) => {
                let found = format!("a buffer for {}", self.operation());
                return Error::value(name, "none for this operation", found);
            }
        };
        Error::value(name, expected, "one without")
    }

    const fn operation(&self) -> Operation {
        self.kernels.geometry.problem.operation
    }
}
