// Logits become S x + M as they are read, and the kernels see no scale. The sum is told apart by the rules of IEEE: +infinity
// and -infinity make NaN, and a sum out of range is infinite, as a product is.

fn mask_keeps(at: Starts, column: u32) -> vec4<bool> {
    return vec4<bool>(true);
}

fn mask_adds(bits: vec4<u32>, at: Starts, column: u32) -> vec4<u32> {
    let added = mask_at(at, column);
    let magnitude = bits & vec4<u32>(MAGNITUDE);
    let live_logit = magnitude <= vec4<u32>(params.largest_masked);
    let live_mask = finite(added);
    // What comes of numbers that are not finite is not taken. A half of the sum is in range.
    let sum = fma(vec4<f32>(params.slope), bitcast<vec4<f32>>(bits), bitcast<vec4<f32>>(added));
    let half = fma(vec4<f32>(0.5 * params.slope), bitcast<vec4<f32>>(bits), 0.5 * bitcast<vec4<f32>>(added));
    let half_bits = bitcast<vec4<u32>>(half);
    let in_range = (half_bits & vec4<u32>(MAGNITUDE)) < vec4<u32>(HALF_OF_TOO_MUCH);
    let infinite_sum = (half_bits & vec4<u32>(~MAGNITUDE)) | vec4<u32>(INFINITY);
    let infinite_logit = max(magnitude, vec4<u32>(INFINITY)) | (bits & vec4<u32>(~MAGNITUDE));
    let one = select(infinite_logit, added, live_logit);
    let at_odds = !live_logit & !live_mask & (infinite_logit != added);
    let not_finite = select(one, vec4<u32>(NAN), at_odds);
    let finite_sum = select(infinite_sum, bitcast<vec4<u32>>(sum), in_range);
    return select(not_finite, finite_sum, live_logit & live_mask);
}

// The bits of 2^127.
const HALF_OF_TOO_MUCH: u32 = 0x7f000000u;
