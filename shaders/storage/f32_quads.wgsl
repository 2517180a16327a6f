// f32 rows of which every one starts on a multiple of four elements: one 16-byte access moves four values, WIDE64 as two 64-bit
// integers. Columns past the row's end, up to the next multiple of four, are padding of the row's own: it is read, masked, and kept.
// Rows that are SHIFTED share an access with the row before: they are written as words.

alias Unit = vec4<u32>; // if !WIDE64
alias Unit = vec2<u64>; // if WIDE64
alias ResultUnit = vec4<u32>; // if !WRITES_WIDE64
alias ResultUnit = vec2<u64>; // if WRITES_WIDE64

fn load_source(element: u32) -> vec4<u32> {
    return words_of_two(source_at(element >> 2u)); // if WIDE64
    return source[element >> 2u]; // if !IN_PLACE
    return result[element >> 2u]; // if IN_PLACE
}

fn load_source_one(element: u32) -> u32 {
    return words_of_two(source_at(element >> 2u))[element & 3u]; // if WIDE64
    return source[element >> 2u][element & 3u]; // if !IN_PLACE
    return result[element >> 2u][element & 3u]; // if IN_PLACE
}

fn load_upstream(element: u32) -> vec4<u32> {
    return words_of_two(upstream[element >> 2u]); // if WIDE64
    return upstream[element >> 2u];
}

fn store_result(element: u32, bits: vec4<u32>) {
    result[element >> 2u] = bits; // if !WRITES_WIDE64
    result[element >> 2u] = wide_of_two(bits); // if WRITES_WIDE64
}

fn store_result_one(element: u32, bits: u32) {
    result[element >> 2u][element & 3u] = bits; // if !WRITES_WIDE64
    let is_this = vec4<u32>(element & 3u) == vec4<u32>(0u, 1u, 2u, 3u); // if WRITES_WIDE64
    store_result_inside(element, is_this, vec4<u32>(bits)); // if WRITES_WIDE64
}

fn store_result_inside(element: u32, within: vec4<bool>, bits: vec4<u32>) {
    if WRITES_WIDE64 {
        // Those outside as they were found: no other lane writes these.
        store_result(element, select(words_of_two(result[element >> 2u]), bits, within));
    } else if all(within) {
        result[element >> 2u] = bits;
    } else {
        for (var i = 0u; i < 4u; i++) { // unrolled
            if within[i] {
                result[element >> 2u][i] = bits[i];
            }
        }
    }
}
