// f32 rows of any length at any offset: four 4-byte accesses, of which those past the row's end are masked.

@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> upstream: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<u32>;

fn four_from(element: u32, count: u32) -> vec4<u32> {
    return element + min(vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(count - 1u));
}

fn load_source(element: u32, count: u32, filler: u32) -> vec4<u32> {
    let e = four_from(element, count);
    return within(vec4<u32>(source[e.x], source[e.y], source[e.z], source[e.w]), count, filler);
}

fn load_source_one(element: u32) -> u32 {
    return source[element];
}

fn load_upstream(element: u32, count: u32, filler: u32) -> vec4<u32> {
    let e = four_from(element, count);
    return within(vec4<u32>(upstream[e.x], upstream[e.y], upstream[e.z], upstream[e.w]), count, filler);
}

fn store_result(element: u32, count: u32, bits: vec4<u32>) {
    result[element] = bits.x;
    if count > 1u {
        result[element + 1u] = bits.y;
    }
    if count > 2u {
        result[element + 2u] = bits.z;
    }
    if count > 3u {
        result[element + 3u] = bits.w;
    }
}
