// 16-bit rows that are SHIFTED: one 8-byte access reads four values. Results are written as words, and atomically, since a row may
// share its first and its last word with its neighbours.

alias Unit = vec2<u32>; // if !WIDE64
alias Unit = u64; // if WIDE64
alias ResultUnit = atomic<u32>;

fn elements_of(words: vec2<u32>) -> vec4<u32> {
    return decode(vec4<u32>(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u));
}

fn load_source(element: u32) -> vec4<u32> {
    let index = element >> 2u;
    return elements_of(vec2<u32>(atomicLoad(&result[2u * index]), atomicLoad(&result[2u * index + 1u]))); // if IN_PLACE
    return elements_of(words_of(source[index])); // if WIDE64
    return elements_of(source[index]);
}

fn load_source_one(element: u32) -> u32 {
    return load_source(element)[element & 3u];
}

fn load_upstream(element: u32) -> vec4<u32> {
    return elements_of(words_of(upstream[element >> 2u])); // if WIDE64
    return elements_of(upstream[element >> 2u]); // if !WIDE64
}

fn store_result(element: u32, bits: vec4<u32>) {
    let halves = encode(bits);
    atomicStore(&result[element >> 1u], halves.x | (halves.y << 16u));
    atomicStore(&result[(element >> 1u) + 1u], halves.z | (halves.w << 16u));
}

fn store_result_one(element: u32, bits: u32) {
    store_half(element, encode(vec4<u32>(bits)).x);
}

fn store_result_inside(element: u32, within: vec4<bool>, bits: vec4<u32>) {
    if all(within) {
        store_result(element, bits);
        return;
    }
    let halves = encode(bits);
    for (var i = 0u; i < 4u; i++) { // unrolled
        if within[i] {
            store_half(element + i, halves[i]);
        }
    }
}
