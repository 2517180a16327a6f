// bfloat16, the upper half of an f32, <-> the bits of f32. To nearest even, overflow to infinity, NaN kept.

fn decode(halves: vec4<u32>) -> vec4<u32> {
    return halves << vec4<u32>(16u);
}

fn encode(bits: vec4<u32>) -> vec4<u32> {
    let odd = (bits >> vec4<u32>(16u)) & vec4<u32>(1u);
    let rounded = (bits + vec4<u32>(0x7fffu) + odd) >> vec4<u32>(16u);
    let nan = (bits >> vec4<u32>(16u)) | vec4<u32>(0x40u);
    return select(rounded, nan, (bits & vec4<u32>(MAGNITUDE)) > vec4<u32>(INFINITY));
}
