// f32 rows of which every one starts on a multiple of four elements: one 16-byte access moves four values. Columns past
// the row's end, up to the next multiple of four, are padding of the row's own: it is read, masked, and kept.

@group(0) @binding(2) var<storage, read> upstream: array<Unit>;

fn load_source_whole(element: u32) -> vec4<u32> {
    return words_of(source_at(element >> 2u));
}

fn load_source_one(element: u32) -> u32 {
    return words_of(source_at(element >> 2u))[element & 3u];
}

fn load_upstream_whole(element: u32) -> vec4<u32> {
    return words_of(upstream[element >> 2u]);
}
