// bfloat16, the upper half of an f32, <-> the bits of f32. To nearest even, overflow to infinity, quiet NaN kept.

fn decode(halves: vec4<u32>) -> vec4<u32> {
    return halves << vec4<u32>(16u);
}

fn encode(bits: vec4<u32>) -> vec4<u32> {
    // Rounding would carry the largest NaN of a sign out of range: one that is quiet and as good takes its place.
    let positive = vec4<u32>(min(vec4<i32>(bits), vec4<i32>(0x7fc00000)));
    let kept = min(positive, vec4<u32>(0xffc00000u));
    let odd = (kept >> vec4<u32>(16u)) & vec4<u32>(1u);
    return (kept + vec4<u32>(0x7fffu) + odd) >> vec4<u32>(16u);
}
