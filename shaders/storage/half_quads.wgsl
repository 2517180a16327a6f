// 16-bit rows of which every one starts on a multiple of four elements: one 8-byte access moves four values, two to a
// word. Columns past the row's end, up to the next multiple of four, are padding of the row's own: it is read, masked,
// and kept bit for bit.

@group(0) @binding(2) var<storage, read> upstream: array<Unit>;
@group(0) @binding(3) var<storage, read_write> result: array<Unit>;

fn halves_of(words: vec2<u32>) -> vec4<u32> {
    return vec4<u32>(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u);
}

fn load_source_whole(element: u32) -> vec4<u32> {
    return decode(halves_of(words_of(source_at(element >> 2u))));
}

fn load_source_one(element: u32) -> u32 {
    return decode(halves_of(words_of(source_at(element >> 2u))))[element & 3u];
}

fn load_upstream_whole(element: u32) -> vec4<u32> {
    return decode(halves_of(words_of(upstream[element >> 2u])));
}

fn unit_of_halves(halves: vec4<u32>) -> Unit {
    return unit_of(halves.xz | (halves.yw << vec2<u32>(16u)));
}

fn store_result_whole(element: u32, bits: vec4<u32>) {
    result[element >> 2u] = unit_of_halves(encode(bits));
}

fn store_result_one(element: u32, bits: u32) {
    let others = halves_of(words_of(result[element >> 2u]));
    let this_one = vec4<u32>(element & 3u) == vec4<u32>(0u, 1u, 2u, 3u);
    result[element >> 2u] = unit_of_halves(select(others, encode(vec4<u32>(bits)), this_one));
}

fn store_result(element: u32, inside: vec4<bool>, bits: vec4<u32>) {
    let padding = halves_of(words_of(result[element >> 2u]));
    result[element >> 2u] = unit_of_halves(select(padding, encode(bits), inside));
}
