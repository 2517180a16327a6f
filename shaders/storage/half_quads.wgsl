// 16-bit rows of which every one starts on a multiple of four elements: one 8-byte access, WIDE64 of a 64-bit integer, moves four
// values, two to a word. Columns past the row's end, up to the next multiple of four, are padding of the row's own: it is read, masked, and kept bit for bit.

alias Unit = vec2<u32>; // if !WIDE64
alias Unit = u64; // if WIDE64
alias ResultUnit = Unit;

fn halves_of(unit: Unit) -> vec4<u32> {
    let words = unit; // if !WIDE64
    let words = words_of(unit); // if WIDE64
    return vec4<u32>(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u);
}

fn load_source(element: u32) -> vec4<u32> {
    return decode(halves_of(source_at(element >> 2u)));
}

fn load_source_one(element: u32) -> u32 {
    return decode(halves_of(source_at(element >> 2u)))[element & 3u];
}

fn load_upstream(element: u32) -> vec4<u32> {
    return decode(halves_of(upstream[element >> 2u]));
}

fn store_halves(element: u32, halves: vec4<u32>) {
    let words = halves.xz | (halves.yw << vec2<u32>(16u));
    result[element >> 2u] = words; // if !WIDE64
    result[element >> 2u] = wide_of(words); // if WIDE64
}

fn store_result(element: u32, bits: vec4<u32>) {
    store_halves(element, encode(bits));
}

fn store_result_one(element: u32, bits: u32) {
    let is_this = vec4<u32>(element & 3u) == vec4<u32>(0u, 1u, 2u, 3u);
    store_result_inside(element, is_this, vec4<u32>(bits));
}

fn store_result_inside(element: u32, within: vec4<bool>, bits: vec4<u32>) {
    store_halves(element, select(halves_of(result[element >> 2u]), encode(bits), within));
}
