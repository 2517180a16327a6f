// Logits are multiplied by a scale first. Those whose product overflows, of magnitude beyond largest_logit, count as
// infinite: classified by integer bits, as NaN and infinity are. scale (x - max) is exact where x = max, whatever the scale.

fn live(bits: vec4<u32>) -> vec4<bool> {
    return (bits & vec4<u32>(MAGNITUDE)) <= vec4<u32>(params.largest_logit);
}

fn live_one(bits: u32) -> bool {
    return (bits & MAGNITUDE) <= params.largest_logit;
}

// -infinity after the scale: such a logit weighs nothing.
fn excluded(bits: vec4<u32>) -> vec4<bool> {
    return !live(bits) & (bits > vec4<u32>(MAGNITUDE)) & (bits <= vec4<u32>(NEGATIVE_INFINITY));
}

// The lowest x for which scale (x - max) does not overflow.
fn lowest_subtrahend(max_: f32) -> f32 {
    let span = bitcast<f32>(params.largest_logit);
    return max(max_, span + LOWEST) - span;
}

// exp(scale (x - max)), exactly 1 where they are equal.
fn exponential(x: vec4<f32>, max_: f32) -> vec4<f32> {
    let d = max(x, vec4<f32>(lowest_subtrahend(max_))) - max_;
    return select(exp(params.scale * d), vec4<f32>(1.0), d == vec4<f32>(0.0));
}

fn exponential_one(x: f32, max_: f32) -> f32 {
    let d = max(x, lowest_subtrahend(max_)) - max_;
    return select(exp(params.scale * d), 1.0, d == 0.0);
}
