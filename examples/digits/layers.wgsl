// A dense layer, y = relu(x W + b), its gradients, and the step that it learns by.
//
// Matrices are stored row by row. The bias is the last row of the weights, and the input of that row is 1.
// Invocation i computes element i of what its entry point writes, in row i / columns and column i % columns:
//
//   forward    one output of one image
//   backward   the gradient of one input of one image
//   learn      the gradient of one weight, over all images, and that weight's step
//
// So no two invocations write one place and no barrier is needed. f32 sums stay accurate because no level of a sum adds
// more than 16 terms, up to 4,096 images: a block has 16, a group 16 blocks, the total 16 groups.

struct Layer {
    images: u32,
    inputs: u32,
    outputs: u32,
    // 1 where negative outputs become 0.
    relu: u32,
    rate: f32,
    momentum: f32,
    decay: f32,
}

@group(0) @binding(0) var<uniform> layer: Layer;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<storage, read> grad_output: array<f32>;
@group(0) @binding(5) var<storage, read_write> grad_input: array<f32>;
@group(0) @binding(6) var<storage, read_write> velocity: array<f32>;

const BLOCK = 16u;
const GROUP = 256u;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= layer.images * layer.outputs {
        return;
    }
    let image = id.x / layer.outputs;
    let column = id.x % layer.outputs;
    var sum = weights[layer.inputs * layer.outputs + column];
    for (var first = 0u; first < layer.inputs; first += BLOCK) {
        sum += block_of_inputs(image, column, first);
    }
    output[id.x] = select(sum, max(sum, 0.0), layer.relu == 1u);
}

fn block_of_inputs(image: u32, column: u32, first: u32) -> f32 {
    var sum = 0.0;
    for (var i = first; i < min(first + BLOCK, layer.inputs); i++) {
        sum += input[image * layer.inputs + i] * weights[i * layer.outputs + column];
    }
    return sum;
}

// Only for the inputs that another layer gave through relu: where that was 0, so is the gradient.
@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= layer.images * layer.inputs {
        return;
    }
    let image = id.x / layer.inputs;
    let row = id.x % layer.inputs;
    var sum = 0.0;
    for (var first = 0u; first < layer.outputs; first += BLOCK) {
        sum += block_of_outputs(image, row, first);
    }
    grad_input[id.x] = select(0.0, sum, input[id.x] > 0.0);
}

fn block_of_outputs(image: u32, row: u32, first: u32) -> f32 {
    var sum = 0.0;
    for (var o = first; o < min(first + BLOCK, layer.outputs); o++) {
        sum += grad_output[image * layer.outputs + o] * weights[row * layer.outputs + o];
    }
    return sum;
}

@compute @workgroup_size(64)
fn learn(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= (layer.inputs + 1u) * layer.outputs {
        return;
    }
    let row = id.x / layer.outputs;
    let column = id.x % layer.outputs;
    var gradient = 0.0;
    for (var first = 0u; first < layer.images; first += GROUP) {
        gradient += group_of_images(row, column, first);
    }
    let step = layer.momentum * velocity[id.x] + gradient + layer.decay * weights[id.x];
    velocity[id.x] = step;
    weights[id.x] -= layer.rate * step;
}

fn group_of_images(row: u32, column: u32, first: u32) -> f32 {
    var sum = 0.0;
    for (var image = first; image < min(first + GROUP, layer.images); image += BLOCK) {
        sum += block_of_images(row, column, image);
    }
    return sum;
}

fn block_of_images(row: u32, column: u32, first: u32) -> f32 {
    var sum = 0.0;
    for (var image = first; image < min(first + BLOCK, layer.images); image++) {
        sum += input_or_one(image, row) * grad_output[image * layer.outputs + column];
    }
    return sum;
}

fn input_or_one(image: u32, row: u32) -> f32 {
    if row == layer.inputs {
        return 1.0;
    }
    return input[image * layer.inputs + row];
}
