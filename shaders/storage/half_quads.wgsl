// 16-bit rows of which every one starts on a multiple of four elements: one 8-byte access moves four values, two to a
// word. Columns past the row's end, up to the next multiple of four, are padding of the row's own: it is read, masked,
// and kept bit for bit.

@group(0) @binding(1) var<storage, read> source: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> upstream: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> result: array<vec2<u32>>;

fn halves_of(words: vec2<u32>) -> vec4<u32> {
    return vec4<u32>(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u);
}

fn load_source(element: u32, count: u32, filler: u32) -> vec4<u32> {
    return within(decode(halves_of(source[element >> 2u])), count, filler);
}

fn load_source_one(element: u32) -> u32 {
    return decode(halves_of(source[element >> 2u]))[element & 3u];
}

fn load_upstream(element: u32, count: u32, filler: u32) -> vec4<u32> {
    return within(decode(halves_of(upstream[element >> 2u])), count, filler);
}

fn store_result(element: u32, count: u32, bits: vec4<u32>) {
    let halves = encode(bits);
    if count >= 4u {
        result[element >> 2u] = halves.xz | (halves.yw << vec2<u32>(16u));
        return;
    }
    let padding = halves_of(result[element >> 2u]);
    let kept = within(halves, count, 0u) | select(padding, vec4<u32>(0u), inside(count));
    result[element >> 2u] = kept.xz | (kept.yw << vec2<u32>(16u));
}
