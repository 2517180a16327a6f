// Logits are taken as they are stored. Once weighed, a logit is not needed any more: its weight takes its place.

fn read_logits(bits: vec4<u32>, inside: vec4<bool>) -> vec4<u32> {
    return bits;
}

fn read_logit(bits: u32) -> u32 {
    return bits;
}

fn keep_logits(logits: vec4<u32>, weights: vec4<f32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(weights);
}

fn weights_kept(kept: vec4<u32>, max_: Value) -> vec4<f32> {
    return bitcast<vec4<f32>>(kept);
}

// The derivative by the stored logits from that by the logits as they are read, but for a factor of all.
fn sloped(kept: vec4<u32>, gradient: vec4<f32>) -> vec4<f32> {
    return gradient;
}
