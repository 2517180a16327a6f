// Logits become S x + M as they are read, and the kernels see no scale. What is not finite is told apart by its bits, by the
// rules of IEEE: +infinity and -infinity make NaN. The sum of two numbers is infinite where it is out of range, as a product
// is, and is not computed with before its bits have been seen.

const MASK_EXCLUDES: bool = false;

fn mask_keeps(at: Starts, column: u32) -> vec4<bool> {
    return vec4<bool>(true);
}

fn mask_adds(bits: vec4<u32>, at: Starts, column: u32) -> vec4<u32> {
    let added = mask_at(at, column);
    let magnitude = bits & vec4<u32>(MAGNITUDE);
    let infinite_logit = max(magnitude, vec4<u32>(INFINITY)) | (bits & vec4<u32>(~MAGNITUDE));
    let sum = fma(vec4<f32>(params.slope), bitcast<vec4<f32>>(bits), bitcast<vec4<f32>>(added));
    // What comes of numbers that are not finite is not taken.
    let of_number = select(added, bitcast<vec4<u32>>(sum), finite(added));
    let at_odds = !finite(added) & (infinite_logit != added);
    let of_infinity = select(infinite_logit, vec4<u32>(NAN), at_odds);
    return select(of_infinity, of_number, magnitude <= vec4<u32>(params.largest_masked));
}
