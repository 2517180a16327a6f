// Logits x become u = C tanh(S x / C) as they are read, du/dx = S (1 - (u / C)^2). Infinite ones become +-C, NaN stays NaN.

// With y = S x / C >= 0, C tanh(y) is C (1 - e) / (1 + e) with e = exp(-2 y); near 0, where that cancels, by Lambert's
// continued fraction S x (945 + 105 y^2 + y^4) / (945 + 420 y^2 + 15 y^4), off by 2 in 10^9 at the seam. So it is right
// where C is so large that y is lost.
fn capped(bits: vec4<u32>) -> vec4<u32> {
    // From the largest one on the quotient is 1.
    let magnitude_bits = bits & vec4<u32>(MAGNITUDE);
    let magnitude = bitcast<vec4<f32>>(min(magnitude_bits, vec4<u32>(params.scaling.largest_uncapped)));
    let y = magnitude * params.scaling.inverse_softcap;
    let e = exp(-2.0 * y);
    let q = y * y;
    let near = y < vec4<f32>(0.625);
    let numerator = select(1.0 - e, 945.0 + q * (105.0 + q), near);
    let tanh_y = numerator / select(1.0 + e, 945.0 + q * (420.0 + 15.0 * q), near);
    let u = tanh_y * select(vec4<f32>(params.scaling.softcap), params.scaling.slope * magnitude, near);
    let cap = bitcast<vec4<u32>>(vec4<f32>(params.scaling.softcap));
    let capped_bits = select(bitcast<vec4<u32>>(u), cap, magnitude_bits == vec4<u32>(INFINITY));
    return select(capped_bits | (bits & vec4<u32>(~MAGNITUDE)), bits, is_nan(bits));
}

// The derivative by x from that by u, but for the factor S.
fn through_cap(u: vec4<u32>, gradient: vec4<f32>) -> vec4<f32> {
    let ratio = value(u) / params.scaling.softcap; // if !MASK_EXCLUDES
    // Of an excluded logit, 0. // if MASK_EXCLUDES
    let ratio = max(value(u), vec4<f32>(-params.scaling.softcap)) / params.scaling.softcap; // if MASK_EXCLUDES
    return gradient * (1.0 - ratio * ratio);
}
