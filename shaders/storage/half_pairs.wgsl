// 16-bit rows of which every one starts on a multiple of two elements and has an even number of columns: two 4-byte accesses move
// four values, and no word is shared with another row.

alias Unit = u32;
alias ResultUnit = u32;

fn halves_of(low: u32, high: u32) -> vec4<u32> {
    return vec4<u32>(low & 0xffffu, low >> 16u, high & 0xffffu, high >> 16u);
}

fn load_source(element: u32) -> vec4<u32> {
    return decode(halves_of(source_at(element >> 1u), source_at((element >> 1u) + 1u)));
}

fn load_source_one(element: u32) -> u32 {
    return decode(halves_of(source_at(element >> 1u), 0u))[element & 1u];
}

fn load_upstream(element: u32) -> vec4<u32> {
    return decode(halves_of(upstream[element >> 1u], upstream[(element >> 1u) + 1u]));
}

fn store_result(element: u32, bits: vec4<u32>) {
    store_result_inside(element, vec4<bool>(true), bits);
}

fn store_result_one(element: u32, bits: u32) {
    let shift = (element & 1u) << 4u;
    let other = result[element >> 1u] & ~(0xffffu << shift);
    result[element >> 1u] = other | (encode(vec4<u32>(bits)).x << shift);
}

fn store_result_inside(element: u32, within: vec4<bool>, bits: vec4<u32>) {
    let halves = encode(bits);
    if within.x {
        result[element >> 1u] = halves.x | (halves.y << 16u);
    }
    if within.z {
        result[(element >> 1u) + 1u] = halves.z | (halves.w << 16u);
    }
}
