// Four f32 are written together: those of them that are not inside, as they were found. No other lane writes these.

@group(0) @binding(3) var<storage, read_write> result: array<Unit>;

fn store_result_whole(element: u32, bits: vec4<u32>) {
    result[element >> 2u] = unit_of(bits);
}

fn store_result(element: u32, inside: vec4<bool>, bits: vec4<u32>) {
    let found = words_of(result[element >> 2u]);
    result[element >> 2u] = unit_of(select(found, bits, inside));
}

fn store_result_one(element: u32, bits: u32) {
    let this_one = vec4<u32>(element & 3u) == vec4<u32>(0u, 1u, 2u, 3u);
    store_result(element, this_one, vec4<u32>(bits));
}
