//! Sinks on a device: every kind of kernel against the reference, forward and backward, and the rules for hard numbers. The check
//! covers the other kernels, storage types and layouts.

mod backward;
mod forward;
mod refusals;

use crate::common::{Output, assert_close, bits, upload};
use wgpu_softmax::check::bounds;
use wgpu_softmax::reference::{self, Masked};
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    Gpu, LogSoftmaxBuffers, LogSumExpBuffers, SoftmaxBuffers, SoftmaxExtras, SoftmaxSpec,
};

/// What the forward operations give: probabilities, log-probabilities, logsumexp, and the sinks' probabilities by each of them.
struct Found {
    probs: Vec<f32>,
    log_probs: Vec<f32>,
    lse: Vec<f32>,
    sink_probs: [Vec<f32>; 3],
}

/// Runs the forward operations.
#[track_caller]
fn forward(
    gpu: &Gpu,
    spec: SoftmaxSpec,
    logits: &[f32],
    sinks: &[f32],
    mask: Option<&Buffer>,
) -> Found {
    let (rows, planner) = (spec.rows(), gpu.planner());
    let [input, sinks] = [logits, sinks].map(|values| upload(gpu, values));
    let of_rows = || Output::new(gpu, rows as usize);
    let [probs, log_probs] = [0, 1].map(|_| Output::new(gpu, logits.len()));
    let (lse, sink_probs) = (of_rows(), [0; 3].map(|_| of_rows()));
    let extras = |place: usize| {
        let given = SoftmaxExtras::default().sinks(&sinks);
        let given = mask.map_or(given, |mask| given.mask(mask));
        given.sink_probs(&sink_probs[place].buffer)
    };
    let buffers = SoftmaxBuffers {
        logits: &input,
        probs: &probs.buffer,
    };
    let of_logs = LogSoftmaxBuffers {
        logits: &input,
        log_probs: &log_probs.buffer,
    };
    let of_lse = LogSumExpBuffers {
        logits: &input,
        lse: &lse.buffer,
    };
    let softmax = planner.softmax(spec).expect("a plan");
    let log_softmax = planner.log_softmax(spec).expect("a plan");
    let logsumexp = planner.logsumexp(spec).expect("a plan");
    for bound in [
        softmax.bind_with(rows, buffers, extras(0)),
        log_softmax.bind_with(rows, of_logs, extras(1)),
        logsumexp.bind_with(rows, of_lse, extras(2)),
    ] {
        gpu.run(&bound.expect("bound"), "sinks").expect("runs");
    }
    Found {
        probs: probs.floats(gpu),
        log_probs: log_probs.floats(gpu),
        lse: lse.floats(gpu),
        sink_probs: sink_probs.map(|output| output.floats(gpu)),
    }
}

impl Found {
    /// Fails unless every result is within its bound.
    #[track_caller]
    fn assert(&self, what: &str, logits: &[f32], masked: Masked<'_>, cols: usize) {
        let compare = |name: &str, found: &[f32], expected: Vec<f64>, allowed: Vec<f64>, cols| {
            assert_close(
                &format!("{name} of {what}"),
                found,
                &expected,
                &allowed,
                cols,
            );
        };
        let expected = reference::softmax(logits, masked);
        let allowed = bounds::probability(logits, masked);
        compare("probs", &self.probs, expected, allowed, cols);
        let expected = reference::log_softmax(logits, masked);
        let allowed = bounds::log_probability(logits, masked);
        compare("log_probs", &self.log_probs, expected, allowed, cols);
        let expected = reference::logsumexp(logits, masked);
        compare("lse", &self.lse, expected, bounds::lse(logits, masked), 1);
        for found in &self.sink_probs {
            let expected = reference::sink_probs(logits, masked);
            let allowed = bounds::sink_probs(logits, masked);
            compare("sink_probs", found, expected, allowed, 1);
        }
    }

    fn bits(&self) -> Vec<u32> {
        let all = [&self.probs, &self.log_probs, &self.lse, &self.sink_probs[0]];
        all.into_iter().flat_map(|values| bits(values)).collect()
    }
}
