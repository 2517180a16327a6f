// f32 rows of which every one starts on a multiple of four elements: one 16-byte access moves four values. Columns past
// the row's end, up to the next multiple of four, are padding of the row's own: it is read, masked, and never written.

alias Unit = vec4<u32>;

@group(0) @binding(2) var<storage, read> upstream: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4<u32>>;

fn load_source_whole(element: u32) -> vec4<u32> {
    return source_at(element >> 2u);
}

fn load_source_one(element: u32) -> u32 {
    return source_at(element >> 2u)[element & 3u];
}

fn load_upstream_whole(element: u32) -> vec4<u32> {
    return upstream[element >> 2u];
}

fn store_result_whole(element: u32, bits: vec4<u32>) {
    result[element >> 2u] = bits;
}

fn store_result_one(element: u32, bits: u32) {
    result[element >> 2u][element & 3u] = bits;
}

fn store_result(element: u32, inside: vec4<bool>, bits: vec4<u32>) {
    if all(inside) {
        store_result_whole(element, bits);
        return;
    }
    if inside.x {
        result[element >> 2u].x = bits.x;
    }
    if inside.y {
        result[element >> 2u].y = bits.y;
    }
    if inside.z {
        result[element >> 2u].z = bits.z;
    }
    if inside.w {
        result[element >> 2u].w = bits.w;
    }
}
