// Logits become S x + M as they are read, in a unit in which no two numbers make a sum out of range; the kernels see the
// unit for a scale. What is not finite is told apart by its bits, by the rules of IEEE: +infinity and -infinity make NaN.

const MASK_EXCLUDES: bool = false;

fn mask_keeps(at: Starts, column: u32) -> vec4<bool> {
    return vec4<bool>(true);
}

fn mask_adds(bits: vec4<u32>, at: Starts, column: u32) -> vec4<u32> {
    let added = mask_at(at, column);
    let in_unit = params.scaling.mask_unit * bitcast<vec4<f32>>(added);
    let sum = fma(vec4<f32>(params.scaling.slope), bitcast<vec4<f32>>(bits), in_unit);
    // What comes of numbers that are not finite is not taken.
    let of_number = select(added, bitcast<vec4<u32>>(sum), finite(added));
    let at_odds = !finite(added) & (bits != added);
    let of_infinity = select(bits, vec4<u32>(NAN), at_odds);
    return select(of_infinity, of_number, finite(bits));
}
