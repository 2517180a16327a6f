// As storage/f32_pairs.wgsl, two f32 by one access to a 64-bit integer.

alias Unit = u64;
alias ResultUnit = u64;

fn load_source(element: u32) -> vec4<u32> {
    return vec4<u32>(words_of(source_at(element >> 1u)), words_of(source_at((element >> 1u) + 1u)));
}

fn load_source_one(element: u32) -> u32 {
    return words_of(source_at(element >> 1u))[element & 1u];
}

fn load_upstream(element: u32) -> vec4<u32> {
    return vec4<u32>(words_of(upstream[element >> 1u]), words_of(upstream[(element >> 1u) + 1u]));
}

fn store_result(element: u32, bits: vec4<u32>) {
    result[element >> 1u] = wide_of(bits.xy);
    result[(element >> 1u) + 1u] = wide_of(bits.zw);
}

fn store_result_one(element: u32, bits: u32) {
    let found = words_of(result[element >> 1u]);
    let is_this = vec2<u32>(element & 1u) == vec2<u32>(0u, 1u);
    result[element >> 1u] = wide_of(select(found, vec2<u32>(bits), is_this));
}

fn store_result_inside(element: u32, within: vec4<bool>, bits: vec4<u32>) {
    if within.x {
        result[element >> 1u] = wide_of(bits.xy);
    }
    if within.z {
        result[(element >> 1u) + 1u] = wide_of(bits.zw);
    }
}
