// IEEE half precision <-> the bits of f32, by integers and by products with powers of 2, which are exact: WGSL lets
// pack2x16float round either way, flush subnormals, and do anything out of range. To nearest even, subnormals kept,
// overflow to infinity, NaN kept.

fn decode(halves: vec4<u32>) -> vec4<u32> {
    let sign = (halves & vec4<u32>(0x8000u)) << vec4<u32>(16u);
    let magnitude = halves & vec4<u32>(0x7fffu);
    // With a leading 1. A subnormal has none: it is twice that less 2^-14, which of a normal number is no less.
    let normal = (magnitude << vec4<u32>(13u)) + vec4<u32>(112u << 23u);
    let subnormal = bitcast<vec4<u32>>(2.0 * bitcast<vec4<f32>>(normal) - vec4<f32>(0x1p-14f));
    let special = normal | vec4<u32>(0x7f800000u);
    return sign | select(min(normal, subnormal), special, magnitude >= vec4<u32>(0x7c00u));
}

fn encode(bits: vec4<u32>) -> vec4<u32> {
    let sign = (bits >> vec4<u32>(16u)) & vec4<u32>(0x8000u);
    let magnitude = bits & vec4<u32>(MAGNITUDE);
    let upper = magnitude >> vec4<u32>(13u);
    let normal = (magnitude + (upper & vec4<u32>(1u)) + vec4<u32>(0xfffu - (112u << 23u))) >> vec4<u32>(13u);
    // Below 2^-14 a multiple of 2^-24: a product with a power of 2 is exact, and what is rounded to an integer is to even.
    let multiple = min(bitcast<vec4<f32>>(magnitude) * 0x1p24f, vec4<f32>(1024.0));
    let subnormal = vec4<u32>(vec4<i32>(round(multiple)));
    let finite_half = min(select(normal, subnormal, magnitude < vec4<u32>(113u << 23u)), vec4<u32>(0x7c00u));
    let nan = vec4<u32>(0x7e00u) | (upper & vec4<u32>(0x3ffu));
    return sign | select(finite_half, nan, magnitude > vec4<u32>(INFINITY));
}
