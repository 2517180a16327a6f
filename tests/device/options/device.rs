//! Buffers of a problem on a device.

use wgpu_softmax::variant::Variant;
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    Bound, CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, Gpu, Planner,
    Status, TargetType,
};

use crate::common::{Output, bits, upload};
use crate::options::problem::{Given, Problem};

/// Outputs of a cross-entropy.
#[derive(Debug)]
pub struct Found {
    pub losses: Vec<f32>,
    pub grad: Vec<f32>,
    pub pairs: Vec<u32>,
    pub lse: Vec<f32>,
    pub status: Status,
}

impl Found {
    /// Returns every bit of the outputs.
    pub fn bits(&self) -> Vec<u32> {
        let status = bytemuck::cast_slice(std::slice::from_ref(&self.status)).to_vec();
        let floats = [&self.losses, &self.grad, &self.lse].map(|values| bits(values));
        [floats.concat(), self.pairs.clone(), status].concat()
    }

    /// Joins the rows of several parts, one after the other. Status and reduced losses are those of none.
    pub fn joined(parts: &[Self]) -> Self {
        let floats = |of: fn(&Self) -> &Vec<f32>| parts.iter().flat_map(of).copied().collect();
        Self {
            losses: Vec::new(),
            grad: floats(|part| &part.grad),
            pairs: parts.iter().flat_map(|part| &part.pairs).copied().collect(),
            lse: floats(|part| &part.lse),
            status: Status::default(),
        }
    }
}

/// Inputs on a device, and poisoned buffers for every output.
#[derive(Debug)]
pub struct Buffers<'a> {
    problem: &'a Problem,
    gpu: &'a Gpu,
    logits: Buffer,
    targets: Buffer,
    weight: Option<Buffer>,
    grad_losses: Option<Buffer>,
    losses: Output,
    grad: Buffer,
    pairs: Output,
    lse: Output,
    status: Output,
}

impl<'a> Buffers<'a> {
    pub fn new(problem: &'a Problem, gpu: &'a Gpu) -> Self {
        let Problem { rows, dtype, .. } = *problem;
        let [logits, probs, grad] = problem.places;
        let some = |values: &[f32]| (!values.is_empty()).then(|| upload(gpu, values));
        Self {
            problem,
            gpu,
            logits: logits.upload(gpu, dtype, &problem.logits),
            targets: match &problem.targets {
                Given::Ids(ids) => upload_ids(gpu, problem.target_type, ids),
                Given::Probs(values) => probs.upload(gpu, dtype, values),
            },
            weight: some(&problem.weight),
            grad_losses: some(&problem.grad_losses),
            losses: Output::new(gpu, problem.spec.losses() as usize),
            grad: grad.output(gpu, dtype, rows),
            pairs: Output::new(gpu, 2 * rows),
            lse: Output::new(gpu, rows),
            status: Output::new(gpu, size_of::<Status>() / 4),
        }
    }

    fn inputs(&self) -> CrossEntropyExtras<'_> {
        let mut extras = CrossEntropyExtras::default();
        extras.weight = self.weight.as_ref();
        extras.grad_losses = self.grad_losses.as_ref();
        extras
    }

    /// Binds the loss with all other outputs, and with the gradient or without.
    pub fn loss(&self, planner: &Planner, with_gradient: bool) -> Bound {
        let buffers = CrossEntropyBuffers {
            logits: &self.logits,
            targets: &self.targets,
            losses: &self.losses.buffer,
            grad_logits: with_gradient.then_some(&self.grad),
        };
        let extras = self
            .inputs()
            .pairs(&self.pairs.buffer)
            .lse(&self.lse.buffer);
        let plan = planner.cross_entropy(self.problem.spec).expect("a plan");
        let extras = extras.status(&self.status.buffer);
        plan.bind_with(self.problem.rows as u64, buffers, extras)
            .expect("bound")
    }

    /// Binds the gradient, from the pairs.
    pub fn backward(&self, planner: &Planner) -> Bound {
        let buffers = CrossEntropyBackwardBuffers {
            logits: &self.logits,
            targets: &self.targets,
            pairs: &self.pairs.buffer,
            grad_logits: &self.grad,
        };
        let plan = planner
            .cross_entropy_backward(self.problem.spec)
            .expect("a plan");
        plan.bind_with(self.problem.rows as u64, buffers, self.inputs())
            .expect("bound")
    }

    /// Reads the outputs. Fails if anything was written outside them.
    #[track_caller]
    pub fn found(&self) -> Found {
        let (gpu, problem) = (self.gpu, self.problem);
        let status = self.status.words(gpu);
        Found {
            losses: self.losses.floats(gpu),
            grad: problem.places[2].written(gpu, problem.dtype, &self.grad, problem.rows),
            pairs: self.pairs.words(gpu),
            lse: self.lse.floats(gpu),
            status: *bytemuck::from_bytes(bytemuck::cast_slice(&status)),
        }
    }
}

fn upload_ids(gpu: &Gpu, stored_as: TargetType, ids: &[i64]) -> Buffer {
    let narrow = |&id: &i64| i32::try_from(id).expect("an i32");
    let unsigned = |&id: &i64| u32::try_from(id).expect("a u32");
    match stored_as {
        TargetType::I32 => upload(gpu, &ids.iter().map(narrow).collect::<Vec<_>>()),
        TargetType::U32 => upload(gpu, &ids.iter().map(unsigned).collect::<Vec<_>>()),
        _ => upload(gpu, ids),
    }
}

impl Problem {
    /// Computes loss and gradient in one call, by `variant` or the preferred one.
    pub fn fused(&self, gpu: &Gpu, variant: Option<Variant>) -> Found {
        let buffers = Buffers::new(self, gpu);
        let loss = buffers.loss(&planner(gpu, variant), true);
        gpu.run(&loss, "loss and gradient").expect("runs");
        buffers.found()
    }

    /// Computes the loss, and then the gradient. The latter has variants only where sums over all classes are computed again.
    pub fn apart(&self, gpu: &Gpu, variant: Option<Variant>) -> Found {
        let buffers = Buffers::new(self, gpu);
        let loss = buffers.loss(&planner(gpu, variant), false);
        gpu.run(&loss, "loss").expect("runs");
        let saved = buffers.pairs.words(gpu);
        let backward = buffers.backward(&planner(gpu, variant.filter(|_| self.is_dense())));
        gpu.run(&backward, "backward").expect("runs");
        let found = buffers.found();
        assert_eq!(found.pairs, saved, "the pairs have changed");
        found
    }
}

fn planner(gpu: &Gpu, variant: Option<Variant>) -> Planner {
    let planner = gpu.planner();
    variant.map_or_else(|| planner.clone(), |variant| planner.with_variant(variant))
}
