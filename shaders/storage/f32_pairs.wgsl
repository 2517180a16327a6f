// f32 rows of which every one starts on a multiple of two elements and has an even number of columns: two 8-byte accesses move
// four values.

alias Unit = vec2<u32>;
alias ResultUnit = vec2<u32>;

fn load_source(element: u32) -> vec4<u32> {
    return vec4<u32>(source_at(element >> 1u), source_at((element >> 1u) + 1u));
}

fn load_source_one(element: u32) -> u32 {
    return source_at(element >> 1u)[element & 1u];
}

fn load_upstream(element: u32) -> vec4<u32> {
    return vec4<u32>(upstream[element >> 1u], upstream[(element >> 1u) + 1u]);
}

fn store_result(element: u32, bits: vec4<u32>) {
    result[element >> 1u] = bits.xy;
    result[(element >> 1u) + 1u] = bits.zw;
}

fn store_result_one(element: u32, bits: u32) {
    result[element >> 1u][element & 1u] = bits;
}

fn store_result_inside(element: u32, within: vec4<bool>, bits: vec4<u32>) {
    if within.x {
        result[element >> 1u] = bits.xy;
    }
    if within.z {
        result[(element >> 1u) + 1u] = bits.zw;
    }
}
