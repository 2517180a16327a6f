// As storage/f32_quads.wgsl, four f32 by one access to two 64-bit integers. Rows that are SHIFTED are written as words, since an
// access may be shared with the row before.

alias Unit = vec2<u64>;
alias ResultUnit = vec2<u64>; // if !SHIFTED
alias ResultUnit = vec4<u32>; // if SHIFTED

fn load_source(element: u32) -> vec4<u32> {
    return words_of_two(source_at(element >> 2u));
}

fn load_source_one(element: u32) -> u32 {
    return words_of_two(source_at(element >> 2u))[element & 3u];
}

fn load_upstream(element: u32) -> vec4<u32> {
    return words_of_two(upstream[element >> 2u]);
}

fn store_result(element: u32, bits: vec4<u32>) {
    result[element >> 2u] = wide_of_two(bits); // if !SHIFTED
    result[element >> 2u] = bits; // if SHIFTED
}

fn store_result_one(element: u32, bits: u32) {
    let is_this = vec4<u32>(element & 3u) == vec4<u32>(0u, 1u, 2u, 3u);
    store_result_inside(element, is_this, vec4<u32>(bits));
}

fn store_result_inside(element: u32, within: vec4<bool>, bits: vec4<u32>) {
    if SHIFTED {
        if all(within) {
            store_result(element, bits);
            return;
        }
        for (var i = 0u; i < 4u; i++) { // unrolled
            if within[i] {
                result[element >> 2u][i] = bits[i];
            }
        }
    } else {
        // Those outside as they were found: no other lane writes these.
        store_result(element, select(words_of_two(result[element >> 2u]), bits, within));
    }
}
