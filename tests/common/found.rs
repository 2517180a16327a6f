//! Results of a problem on a device: in one call, in two, and by slices.

use wgpu_softmax::variant::Variant;
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    Bound, CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras,
    CrossEntropyInputs, CrossEntropyWants, Error, Gpu, Planner, RowLayout, Status, TargetType,
    Targets,
};

use super::problem::{Given, Problem};
use super::results::kernels;
use super::sweep::some;
use super::{Output, bits, gpu, upload};

/// Outputs of a cross-entropy.
#[derive(Debug, Default)]
pub struct Found {
    pub losses: Vec<f32>,
    /// Gradient; empty if it was not asked for.
    pub grad: Vec<f32>,
    pub pairs: Vec<u32>,
    pub lse: Vec<f32>,
    pub status: Status,
    /// Places of the row outputs in the words of a row.
    pub layout: RowLayout,
    pub words: Vec<u32>,
}

impl Found {
    /// Returns every bit of the outputs.
    pub fn bits(&self) -> Vec<u32> {
        let status = bytemuck::cast_slice(std::slice::from_ref(&self.status));
        let floats = [&self.losses, &self.grad, &self.lse].map(|values| bits(values));
        [&floats.concat(), &self.pairs, status, &self.words].concat()
    }

    /// Joins the rows of several parts, one after the other. Status and reduced losses are those of none.
    pub fn joined(parts: &[Self]) -> Self {
        let floats = |of: fn(&Self) -> &Vec<f32>| parts.iter().flat_map(of).copied().collect();
        Self {
            grad: floats(|part| &part.grad),
            pairs: parts.iter().flat_map(|part| &part.pairs).copied().collect(),
            lse: floats(|part| &part.lse),
            ..Self::default()
        }
    }

    /// Returns one word of the row outputs of every row.
    pub fn column(&self, place: u32) -> Vec<u32> {
        let rows = self.words.chunks_exact(self.layout.words as usize);
        rows.map(|row| row[place as usize]).collect()
    }

    pub fn floats(&self, place: u32) -> Vec<f32> {
        self.column(place).into_iter().map(f32::from_bits).collect()
    }

    pub fn argmax(&self) -> Vec<u32> {
        self.column(self.layout.argmax.expect("asked for"))
    }
}

/// Inputs on a device, and poisoned buffers for every output.
#[derive(Debug)]
pub struct Buffers {
    problem: Problem,
    pub gpu: Gpu,
    pub logits: Buffer,
    targets: Buffer,
    weight: Option<Buffer>,
    row_weight: Option<Buffer>,
    row_scale: Option<Buffer>,
    mask: Option<Buffer>,
    grad_losses: Option<Buffer>,
    candidates: Buffer,
    losses: Output,
    /// Gradient, where it is not over the logits.
    grad: Option<Buffer>,
    pairs: Output,
    lse: Output,
    status: Output,
    row_outputs: Output,
}

impl Buffers {
    pub fn new(problem: &Problem, gpu: &Gpu) -> Self {
        let Problem { rows, dtype, .. } = *problem;
        let [logits, probs, grad] = problem.places;
        let upload_some = |values| unless_empty(values).map(|values| upload(gpu, values));
        let ids = |ids: &[i64]| upload_ids(gpu, problem.target_type, ids);
        Self {
            problem: problem.clone(),
            gpu: gpu.clone(),
            logits: logits.upload(gpu, dtype, &problem.logits),
            targets: match &problem.targets {
                Given::Ids(values) => ids(values),
                Given::Probs(values) => probs.upload(gpu, dtype, values),
            },
            weight: upload_some(&problem.weight),
            row_weight: upload_some(&problem.row_weight),
            row_scale: upload_some(&problem.row_scale),
            mask: unless_empty(&problem.mask).map(|mask| gpu.upload("mask", mask).expect("memory")),
            grad_losses: upload_some(&problem.grad_losses),
            candidates: ids(&problem.candidates),
            losses: Output::new(gpu, problem.spec.losses() as usize),
            grad: (!problem.in_place).then(|| grad.output(gpu, dtype, rows)),
            pairs: Output::new(gpu, 2 * rows),
            lse: Output::new(gpu, rows),
            status: Output::new(gpu, size_of::<Status>() / 4),
            row_outputs: Output::new(gpu, rows * problem.outputs.layout().words as usize),
        }
    }

    fn grad(&self) -> &Buffer {
        self.grad.as_ref().unwrap_or(&self.logits)
    }

    fn inputs(&self) -> CrossEntropyExtras<'_> {
        let mut extras = CrossEntropyExtras::default();
        extras.weight = self.weight.as_ref();
        extras.row_weight = self.row_weight.as_ref();
        extras.row_scale = self.row_scale.as_ref();
        extras.mask = self.mask.as_ref();
        extras.grad_losses = self.grad_losses.as_ref();
        extras
    }

    /// Binds the loss with all other outputs, and with the gradient or without.
    pub fn loss(&self, planner: &Planner, with_gradient: bool) -> Bound {
        let buffers = CrossEntropyBuffers {
            logits: &self.logits,
            targets: &self.targets,
            losses: &self.losses.buffer,
            grad_logits: with_gradient.then_some(self.grad()),
        };
        let mut extras = self
            .inputs()
            .pairs(&self.pairs.buffer)
            .lse(&self.lse.buffer)
            .status(&self.status.buffer);
        let plan = planner.cross_entropy(self.problem.spec).expect("a plan");
        extras.row_outputs = (plan.row_layout().words > 0).then_some(&self.row_outputs.buffer);
        extras.candidates = (self.problem.outputs.log_probs_of > 0).then_some(&self.candidates);
        plan.bind_with(self.problem.rows as u64, buffers, extras)
            .expect("bound")
    }

    /// Binds the gradient, from the pairs.
    pub fn backward(&self, planner: &Planner) -> Bound {
        let buffers = CrossEntropyBackwardBuffers {
            logits: &self.logits,
            targets: &self.targets,
            pairs: &self.pairs.buffer,
            grad_logits: self.grad(),
        };
        let plan = planner
            .cross_entropy_backward(self.problem.spec)
            .expect("a plan");
        plan.bind_with(self.problem.rows as u64, buffers, self.inputs())
            .expect("bound")
    }

    /// Reads the outputs, except for the gradient. Fails if anything was written outside them.
    #[track_caller]
    fn without_gradient(&self) -> Found {
        let (gpu, problem) = (&self.gpu, &self.problem);
        let status = self.status.words(gpu);
        Found {
            losses: self.losses.floats(gpu),
            grad: Vec::new(),
            pairs: self.pairs.words(gpu),
            lse: self.lse.floats(gpu),
            status: *bytemuck::from_bytes(bytemuck::cast_slice(&status)),
            layout: problem.outputs.layout(),
            words: self.row_outputs.words(gpu),
        }
    }

    /// Reads all outputs.
    #[track_caller]
    pub fn found(&self) -> Found {
        let (gpu, problem) = (&self.gpu, &self.problem);
        let (place, dtype, rows) = (problem.places[2], problem.dtype, problem.rows);
        Found {
            grad: match &self.grad {
                Some(grad) => place.written(gpu, dtype, grad, rows),
                None => place.written_over(gpu, dtype, &self.logits, rows),
            },
            ..self.without_gradient()
        }
    }
}

fn unless_empty<T>(values: &[T]) -> Option<&[T]> {
    (!values.is_empty()).then_some(values)
}

fn upload_ids(gpu: &Gpu, stored_as: TargetType, ids: &[i64]) -> Buffer {
    let narrow = |&id: &i64| i32::try_from(id).expect("an i32");
    let unsigned = |&id: &i64| u32::try_from(id).expect("a u32");
    match stored_as {
        TargetType::U32 => upload(gpu, &ids.iter().map(unsigned).collect::<Vec<_>>()),
        TargetType::I64 => upload(gpu, ids),
        _ => upload(gpu, &ids.iter().map(narrow).collect::<Vec<_>>()),
    }
}

fn planner(gpu: &Gpu, variant: Option<Variant>) -> Planner {
    let planner = gpu.planner();
    variant.map_or_else(|| planner.clone(), |variant| planner.with_variant(variant))
}

impl Problem {
    /// Computes the loss in one call, with the gradient or without, by `variant` or the preferred one.
    pub fn run(&self, gpu: &Gpu, variant: Option<Variant>, with_gradient: bool) -> Found {
        let buffers = Buffers::new(self, gpu);
        let loss = buffers.loss(&planner(gpu, variant), with_gradient);
        gpu.run(&loss, "loss").expect("runs");
        match with_gradient {
            true => buffers.found(),
            false => buffers.without_gradient(),
        }
    }

    /// Computes loss and gradient in one call, by `variant` or the preferred one.
    pub fn fused(&self, gpu: &Gpu, variant: Option<Variant>) -> Found {
        self.run(gpu, variant, true)
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

    pub fn by_slices(&self, gpu: &Gpu) -> Found {
        self.try_by_slices(gpu).expect("runs")
    }

    /// Computes loss and gradient in one call, on slices of f32: without pairs and row outputs.
    pub fn try_by_slices(&self, gpu: &Gpu) -> Result<Found, Error> {
        let narrow: Vec<i32>;
        let targets: Targets<'_> = match &self.targets {
            Given::Ids(ids) if self.target_type == TargetType::I32 => {
                narrow = ids.iter().map(|&id| id as i32).collect();
                (&narrow).into()
            }
            Given::Ids(ids) => ids.into(),
            Given::Probs(probs) => probs.into(),
        };
        let mut given = CrossEntropyInputs::new(&self.logits, targets);
        given.weight = unless_empty(&self.weight);
        given.row_weight = unless_empty(&self.row_weight);
        given.row_scale = unless_empty(&self.row_scale);
        given.mask = unless_empty(&self.mask);
        given.grad_losses = unless_empty(&self.grad_losses);
        let wants = CrossEntropyWants {
            grad_logits: true,
            lse: true,
        };
        let found = gpu.cross_entropy(&self.spec, given, wants)?;
        Ok(Found {
            losses: found.losses,
            grad: found.grad_logits.expect("a gradient"),
            lse: found.lse.expect("lse"),
            status: found.status,
            ..Found::default()
        })
    }

    /// Runs `check` on the results of every kind of kernel, and of the preferred one: with loss and gradient of one call, and, of
    /// every third kind, with the gradient of a second one.
    #[track_caller]
    pub fn on_every_kernel(&self, check: impl Fn(&Found, &str)) {
        let kinds = kernels(self.rows, self.cols).into_iter().map(Some);
        let kinds: Vec<_> = [None].into_iter().chain(kinds).collect();
        let name = |kind: Option<Variant>| {
            kind.map_or("the preferred kernel".into(), |variant| variant.to_string())
        };
        for &kind in &kinds {
            check(&self.fused(gpu(), kind), &format!("fused, {}", name(kind)));
        }
        for kind in some(kinds, self.cols, 3) {
            check(&self.apart(gpu(), kind), &format!("apart, {}", name(kind)));
        }
    }
}
