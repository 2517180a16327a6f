// The two steps of the chain rule that the library fuses away. One invocation computes one class.

@group(0) @binding(0) var<storage, read> probs: array<f32>;
@group(0) @binding(1) var<storage, read> jacobian: array<f32>;
@group(0) @binding(2) var<storage, read> target_class: array<u32>;
@group(0) @binding(3) var<storage, read_write> grad_probs: array<f32>;
@group(0) @binding(4) var<storage, read_write> grad_logits: array<f32>;

// dL/dp_i = -y_i / p_i
@compute @workgroup_size(64)
fn loss_by_probs(@builtin(global_invocation_id) id: vec3<u32>) {
    let i = id.x;
    if i < arrayLength(&probs) {
        grad_probs[i] = select(0.0, -1.0 / probs[i], i == target_class[0]);
    }
}

// dL/dx_j = sum_i dL/dp_i dp_i/dx_j
@compute @workgroup_size(64)
fn chain_rule(@builtin(global_invocation_id) id: vec3<u32>) {
    let j = id.x;
    let classes = arrayLength(&probs);
    if j < classes {
        var sum = 0.0;
        for (var i = 0u; i < classes; i++) {
            sum += grad_probs[i] * jacobian[i * classes + j];
        }
        grad_logits[j] = sum;
    }
}
