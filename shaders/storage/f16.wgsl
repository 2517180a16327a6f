// IEEE half precision <-> the bits of f32, in integer arithmetic: WGSL lets pack2x16float round either way, flush
// subnormals, and do anything out of range. To nearest even, subnormals kept, overflow to infinity, NaN kept.

fn decode(halves: vec4<u32>) -> vec4<u32> {
    let sign = (halves & vec4<u32>(0x8000u)) << vec4<u32>(16u);
    let magnitude = halves & vec4<u32>(0x7fffu);
    // A subnormal is a multiple of 2^-24, which f32 holds as a normal number.
    let subnormal = bitcast<vec4<u32>>(vec4<f32>(magnitude) * 0x1p-24f);
    let normal = (magnitude << vec4<u32>(13u)) + vec4<u32>(112u << 23u);
    let special = (magnitude << vec4<u32>(13u)) | vec4<u32>(0x7f800000u);
    let finite_bits = select(normal, subnormal, magnitude < vec4<u32>(0x400u));
    return sign | select(finite_bits, special, magnitude >= vec4<u32>(0x7c00u));
}

fn encode(bits: vec4<u32>) -> vec4<u32> {
    let sign = (bits >> vec4<u32>(16u)) & vec4<u32>(0x8000u);
    let magnitude = bits & vec4<u32>(MAGNITUDE);
    let odd = (magnitude >> vec4<u32>(13u)) & vec4<u32>(1u);
    let normal = (magnitude + vec4<u32>(0xfffu) + odd - vec4<u32>(112u << 23u)) >> vec4<u32>(13u);
    // Below 2^-14 the significand is shifted to multiples of 2^-24; 31 places leave nothing of it.
    let shift = min(vec4<u32>(126u) - min(magnitude >> vec4<u32>(23u), vec4<u32>(126u)), vec4<u32>(31u));
    let significand = (magnitude & vec4<u32>(0x7fffffu)) | vec4<u32>(0x800000u);
    let tie = (vec4<u32>(1u) << (max(shift, vec4<u32>(1u)) - vec4<u32>(1u))) - vec4<u32>(1u);
    let subnormal = (significand + tie + ((significand >> shift) & vec4<u32>(1u))) >> shift;
    let finite_half = select(normal, subnormal, magnitude < vec4<u32>(113u << 23u));
    let nan = vec4<u32>(0x7e00u) | ((magnitude >> vec4<u32>(13u)) & vec4<u32>(0x3ffu));
    let special = select(vec4<u32>(0x7c00u), nan, magnitude > vec4<u32>(INFINITY));
    // From 65,536 on there are no finite ones; from 65,520 on the rounding has carried to infinity.
    return sign | select(finite_half, special, magnitude >= vec4<u32>(143u << 23u));
}
