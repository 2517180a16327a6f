// f32 rows of which every one starts on a multiple of two elements and has an even number of columns: two 8-byte accesses
// move four values.

@group(0) @binding(2) var<storage, read> upstream: array<Unit>;
@group(0) @binding(3) var<storage, read_write> result: array<Unit>;

fn load_source_whole(element: u32) -> vec4<u32> {
    return vec4<u32>(words_of(source_at(element >> 1u)), words_of(source_at((element >> 1u) + 1u)));
}

fn load_source_one(element: u32) -> u32 {
    return words_of(source_at(element >> 1u))[element & 1u];
}

fn load_upstream_whole(element: u32) -> vec4<u32> {
    return vec4<u32>(words_of(upstream[element >> 1u]), words_of(upstream[(element >> 1u) + 1u]));
}

fn store_result_whole(element: u32, bits: vec4<u32>) {
    result[element >> 1u] = unit_of(bits.xy);
    result[(element >> 1u) + 1u] = unit_of(bits.zw);
}

fn store_result_one(element: u32, bits: u32) {
    let found = words_of(result[element >> 1u]);
    let this_one = vec2<u32>(element & 1u) == vec2<u32>(0u, 1u);
    result[element >> 1u] = unit_of(select(found, vec2<u32>(bits), this_one));
}

fn store_result(element: u32, inside: vec4<bool>, bits: vec4<u32>) {
    if inside.x {
        result[element >> 1u] = unit_of(bits.xy);
    }
    if inside.z {
        result[(element >> 1u) + 1u] = unit_of(bits.zw);
    }
}
