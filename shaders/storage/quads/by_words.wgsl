// Four f32 are written together, or those of them that are inside, each alone.

@group(0) @binding(3) var<storage, read_write> result: array<vec4<u32>>;

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
