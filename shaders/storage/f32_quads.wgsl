// f32 rows of which every one starts on a multiple of four elements and has a multiple of four columns:
// one 16-byte access moves four values.

@group(0) @binding(1) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> upstream: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4<u32>>;

fn load_source(element: u32, count: u32, filler: u32) -> vec4<u32> {
    return source[element >> 2u];
}

fn load_source_one(element: u32) -> u32 {
    return source[element >> 2u][element & 3u];
}

fn load_upstream(element: u32, count: u32, filler: u32) -> vec4<u32> {
    return upstream[element >> 2u];
}

fn store_result(element: u32, count: u32, bits: vec4<u32>) {
    result[element >> 2u] = bits;
}
