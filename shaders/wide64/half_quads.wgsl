// As storage/half_quads.wgsl, four 16-bit values by one access to a 64-bit integer.

alias Unit = u64;
alias ResultUnit = u64;

fn halves_of(words: vec2<u32>) -> vec4<u32> {
    return vec4<u32>(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u);
}

fn load_source(element: u32) -> vec4<u32> {
    return decode(halves_of(words_of(source_at(element >> 2u))));
}

fn load_source_one(element: u32) -> u32 {
    return decode(halves_of(words_of(source_at(element >> 2u))))[element & 3u];
}

fn load_upstream(element: u32) -> vec4<u32> {
    return decode(halves_of(words_of(upstream[element >> 2u])));
}

fn store_halves(element: u32, halves: vec4<u32>) {
    result[element >> 2u] = wide_of(halves.xz | (halves.yw << vec2<u32>(16u)));
}

fn store_result(element: u32, bits: vec4<u32>) {
    store_halves(element, encode(bits));
}

fn store_result_one(element: u32, bits: u32) {
    let is_this = vec4<u32>(element & 3u) == vec4<u32>(0u, 1u, 2u, 3u);
    store_result_inside(element, is_this, vec4<u32>(bits));
}

fn store_result_inside(element: u32, within: vec4<bool>, bits: vec4<u32>) {
    store_halves(element, select(halves_of(words_of(result[element >> 2u])), encode(bits), within));
}
