//! A model on the GPU. A training step is ONE compute pass of the example's own, in which the example's kernels and
//! the library's follow each other; only losses and probabilities ever leave the GPU:
//!
//! ```text
//! forward, layer 1 to n  ->  cross-entropy and gradient of the logits  ->  backward and learn, layer n to 1
//! ```

use wgpu_softmax::{
    Bound, CrossEntropyBuffers, CrossEntropySpec, Error, Gpu, Reduction, SoftmaxBuffers,
    SoftmaxSpec, wgpu,
};

use crate::data::{CLASSES, Set};
use crate::kernels::binding::{GRAD_INPUT, GRAD_OUTPUT, INPUT, LAYER, OUTPUT, VELOCITY, WEIGHTS};
use crate::kernels::{Dispatch, Kernels, Layer};
use crate::recipe::Recipe;

/// Bytes of a value.
const F32: u64 = 4;

/// Weights and velocity of one layer, as learnt so far.
struct Learnt {
    weights: wgpu::Buffer,
    velocity: wgpu::Buffer,
}

/// A model, the images that it is trained on, and a training step ready to be recorded.
pub(crate) struct Model<'a> {
    kernels: &'a Kernels<'a>,
    recipe: &'a Recipe,
    learnt: Vec<Learnt>,
    forward: Forward,
    cross_entropy: Bound,
    backward: Vec<Dispatch>,
    loss: wgpu::Buffer,
}

/// The layers applied to one set of images.
struct Forward {
    /// Parameters of each layer for this set, also as a uniform buffer.
    layers: Vec<(Layer, wgpu::Buffer)>,
    /// The images, the output of each hidden layer, and the logits.
    values: Vec<wgpu::Buffer>,
    dispatches: Vec<Dispatch>,
}

impl<'a> Model<'a> {
    /// Builds a model that starts from these weights and is trained on these images.
    pub(crate) fn new(
        kernels: &'a Kernels<'a>,
        recipe: &'a Recipe,
        weights: &[Vec<f32>],
        set: &Set,
    ) -> Result<Self, Error> {
        let gpu = kernels.gpu;
        let learnt = weights
            .iter()
            .map(|matrix| Learnt::new(gpu, matrix))
            .collect::<Result<Vec<_>, _>>()?;
        let forward = Forward::new(kernels, recipe, &learnt, set)?;
        let targets = gpu.upload("targets", &set.labels)?;
        let loss = gpu.allocate("loss", F32)?;
        let gradients = forward.gradients(gpu)?;
        let spec = CrossEntropySpec::new(set.rows(), CLASSES as u64).reduction(Reduction::Mean);
        let cross_entropy = gpu
            .planner()
            .cross_entropy(spec)?
            .bind(CrossEntropyBuffers {
                logits: forward.logits(),
                targets: &targets,
                losses: &loss,
                grad_logits: gradients.last(),
            })?;
        let backward = forward.backward(kernels, &learnt, &gradients);
        Ok(Self {
            kernels,
            recipe,
            learnt,
            forward,
            cross_entropy,
            backward,
            loss,
        })
    }

    /// Takes `steps` training steps and returns the loss before each of them.
    pub(crate) fn train(&self, steps: usize) -> Result<Vec<f32>, Error> {
        let gpu = self.kernels.gpu;
        let losses = gpu.allocate("losses", steps as u64 * F32)?;
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        for step in 0..steps as u64 {
            self.record_step(&mut encoder);
            encoder.copy_buffer_to_buffer(&self.loss, 0, &losses, step * F32, F32);
        }
        gpu.queue().submit([encoder.finish()]);
        gpu.download(&losses, steps)
    }

    fn record_step(&self, encoder: &mut wgpu::CommandEncoder) {
        let mut pass = compute_pass(encoder, "training step");
        self.forward.record(&mut pass);
        self.cross_entropy.record(&mut pass);
        for dispatch in &self.backward {
            dispatch.record(&mut pass);
        }
    }

    /// Returns the probability of each digit for each image of a set.
    pub(crate) fn probabilities(&self, set: &Set) -> Result<Vec<f32>, Error> {
        let gpu = self.kernels.gpu;
        let forward = Forward::new(self.kernels, self.recipe, &self.learnt, set)?;
        let probs = gpu.allocate("probs", forward.logits().size())?;
        let spec = SoftmaxSpec::new(set.rows(), CLASSES as u64);
        let softmax = gpu.planner().softmax(spec)?.bind(SoftmaxBuffers {
            logits: forward.logits(),
            probs: &probs,
        })?;

        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let mut pass = compute_pass(&mut encoder, "probabilities");
        forward.record(&mut pass);
        softmax.record(&mut pass);
        drop(pass);
        gpu.queue().submit([encoder.finish()]);
        gpu.download(&probs, set.labels.len() * CLASSES)
    }
}

fn compute_pass<'a>(encoder: &'a mut wgpu::CommandEncoder, label: &str) -> wgpu::ComputePass<'a> {
    encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
        label: Some(label),
        timestamp_writes: None,
    })
}

impl Learnt {
    fn new(gpu: &Gpu, weights: &[f32]) -> Result<Self, Error> {
        let weights = gpu.upload("weights", weights)?;
        Ok(Self {
            velocity: gpu.allocate("velocity", weights.size())?,
            weights,
        })
    }
}

impl Forward {
    fn new(
        kernels: &Kernels<'_>,
        recipe: &Recipe,
        learnt: &[Learnt],
        set: &Set,
    ) -> Result<Self, Error> {
        let images = kernels.gpu.upload("images", &set.pixels)?;
        let mut forward = Self {
            layers: vec![],
            values: vec![images],
            dispatches: vec![],
        };
        for (layer, learnt) in layers(recipe, set).zip(learnt) {
            let uniform = kernels.uniform(layer);
            let count = layer.images * layer.outputs;
            let output = kernels.gpu.allocate("output", u64::from(count) * F32)?;
            let buffers = [
                (LAYER, &uniform),
                (INPUT, forward.logits()),
                (WEIGHTS, &learnt.weights),
                (OUTPUT, &output),
            ];
            let dispatch = kernels.dispatch(&kernels.forward, count, &buffers);
            forward.dispatches.push(dispatch);
            forward.values.push(output);
            forward.layers.push((layer, uniform));
        }
        Ok(forward)
    }

    /// Returns the output of the last layer.
    fn logits(&self) -> &wgpu::Buffer {
        &self.values[self.values.len() - 1]
    }

    fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        for dispatch in &self.dispatches {
            dispatch.record(pass);
        }
    }

    /// Allocates a buffer for the gradient of each layer's output.
    fn gradients(&self, gpu: &Gpu) -> Result<Vec<wgpu::Buffer>, Error> {
        self.values[1..]
            .iter()
            .map(|values| gpu.allocate("gradient", values.size()))
            .collect()
    }

    /// Returns the dispatches from the gradient of the logits back to the first layer. A layer learns after its weights
    /// were last used.
    fn backward(
        &self,
        kernels: &Kernels<'_>,
        learnt: &[Learnt],
        gradients: &[wgpu::Buffer],
    ) -> Vec<Dispatch> {
        let mut dispatches = vec![];
        for (i, (layer, uniform)) in self.layers.iter().enumerate().rev() {
            let (input, gradient) = (&self.values[i], &gradients[i]);
            let Learnt { weights, velocity } = &learnt[i];
            let given = [
                (LAYER, uniform),
                (INPUT, input),
                (WEIGHTS, weights),
                (GRAD_OUTPUT, gradient),
            ];
            if i > 0 {
                let buffers = [&given[..], &[(GRAD_INPUT, &gradients[i - 1])]].concat();
                dispatches.push(kernels.dispatch(
                    &kernels.backward,
                    layer.images * layer.inputs,
                    &buffers,
                ));
            }
            let buffers = [&given[..], &[(VELOCITY, velocity)]].concat();
            dispatches.push(kernels.dispatch(
                &kernels.learn,
                (layer.inputs + 1) * layer.outputs,
                &buffers,
            ));
        }
        dispatches
    }
}

/// Returns the layers of a recipe for a set of images: relu after all but the last.
fn layers(recipe: &Recipe, set: &Set) -> impl Iterator<Item = Layer> {
    let images = set.labels.len() as u32;
    let last = recipe.shapes().count() - 1;
    recipe
        .shapes()
        .enumerate()
        .map(move |(i, (inputs, outputs))| Layer {
            images,
            inputs: inputs as u32,
            outputs: outputs as u32,
            relu: u32::from(i < last),
            rate: recipe.rate,
            momentum: recipe.momentum,
            decay: recipe.decay,
            unused: 0,
        })
}
