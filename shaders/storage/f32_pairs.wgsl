// f32 rows of which every one starts on a multiple of two elements and has an even number of columns: two 8-byte accesses move
// four values, each WIDE64 as one 64-bit integer.

alias Unit = vec2<u32>; // if !WIDE64
alias Unit = u64; // if WIDE64
alias ResultUnit = Unit;

fn words_in(unit: Unit) -> vec2<u32> {
    return unit; // if !WIDE64
    return words_of(unit); // if WIDE64
}

fn unit_of(words: vec2<u32>) -> Unit {
    return words; // if !WIDE64
    return wide_of(words); // if WIDE64
}

fn load_source(element: u32) -> vec4<u32> {
    return vec4<u32>(words_in(source_at(element >> 1u)), words_in(source_at((element >> 1u) + 1u)));
}

fn load_source_one(element: u32) -> u32 {
    return words_in(source_at(element >> 1u))[element & 1u];
}

fn load_upstream(element: u32) -> vec4<u32> {
    return vec4<u32>(words_in(upstream[element >> 1u]), words_in(upstream[(element >> 1u) + 1u]));
}

fn store_result(element: u32, bits: vec4<u32>) {
    store_result_inside(element, vec4<bool>(true), bits);
}

fn store_result_one(element: u32, bits: u32) {
    result[element >> 1u][element & 1u] = bits; // if !WIDE64
    let is_this = vec2<u32>(element & 1u) == vec2<u32>(0u, 1u); // if WIDE64
    result[element >> 1u] = wide_of(select(words_in(result[element >> 1u]), vec2<u32>(bits), is_this)); // if WIDE64
}

fn store_result_inside(element: u32, within: vec4<bool>, bits: vec4<u32>) {
    if within.x {
        result[element >> 1u] = unit_of(bits.xy);
    }
    if within.z {
        result[(element >> 1u) + 1u] = unit_of(bits.zw);
    }
}
