// Logits become S x + M as they are read, in a unit in which no two numbers make a sum out of range; the kernels see the
// unit for a scale. What is not finite is told apart by its bits, by the rules of IEEE: +infinity and -infinity make NaN.
// MASK_QUADS: those of every row are neighbours that start on a multiple of four, and one access moves four.

@group(0) @binding(15) var<storage, read> mask: array<u32>; // if !MASK_QUADS
@group(0) @binding(15) var<storage, read> mask: array<vec4<u32>>; // if MASK_QUADS && !WIDE64
@group(0) @binding(15) var<storage, read> mask: array<vec2<u64>>; // if MASK_QUADS && WIDE64

fn load_mask(at: Starts, column: u32) -> vec4<u32> {
    return words_of_two(mask[(at.mask + column) >> 2u]); // if MASK_QUADS && WIDE64
    return mask[(at.mask + column) >> 2u]; // if MASK_QUADS
    let e = mask_elements(at, column);
    return vec4<u32>(mask[e.x], mask[e.y], mask[e.z], mask[e.w]);
}

fn mask_added(logits: vec4<u32>, at: Starts, column: u32) -> vec4<u32> {
    let added = load_mask(at, column);
    let of_mask = params.scaling.mask_unit * bitcast<vec4<f32>>(added);
    let sum = fma(vec4<f32>(params.scaling.slope), bitcast<vec4<f32>>(logits), of_mask);
    // The sum of numbers that are not finite is not taken.
    let of_number = select(added, bitcast<vec4<u32>>(sum), is_finite(added));
    let at_odds = !is_finite(added) & (logits != added);
    let of_infinity = select(logits, vec4<u32>(NAN), at_odds);
    return select(of_infinity, of_number, is_finite(logits));
}
