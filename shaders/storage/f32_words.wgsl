// f32 rows of any length at any offset: four 4-byte accesses. What is read past the row's end is masked.

alias Unit = u32;

@group(0) @binding(2) var<storage, read> upstream: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<u32>;

fn load_source_whole(element: u32) -> vec4<u32> {
    return vec4<u32>(source_at(element), source_at(element + 1u), source_at(element + 2u), source_at(element + 3u));
}

fn load_source_one(element: u32) -> u32 {
    return source_at(element);
}

fn load_upstream_whole(element: u32) -> vec4<u32> {
    return vec4<u32>(upstream[element], upstream[element + 1u], upstream[element + 2u], upstream[element + 3u]);
}

fn store_result_whole(element: u32, bits: vec4<u32>) {
    result[element] = bits.x;
    result[element + 1u] = bits.y;
    result[element + 2u] = bits.z;
    result[element + 3u] = bits.w;
}

fn store_result_one(element: u32, bits: u32) {
    result[element] = bits;
}

fn store_result(element: u32, inside: vec4<bool>, bits: vec4<u32>) {
    if inside.x {
        result[element] = bits.x;
    }
    if inside.y {
        result[element + 1u] = bits.y;
    }
    if inside.z {
        result[element + 2u] = bits.z;
    }
    if inside.w {
        result[element + 3u] = bits.w;
    }
}
