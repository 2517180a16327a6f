// 16-bit rows of any length at any offset. Two elements share a word, and so may two rows, and two lanes of one row:
// a word of which one half is someone else's is changed by atomics that touch the own half only.

alias Unit = u32;

@group(0) @binding(2) var<storage, read> upstream: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<atomic<u32>>;

fn half_of(word: u32, element: u32) -> u32 {
    return (word >> ((element & 1u) << 4u)) & 0xffffu;
}

fn load_source_whole(element: u32) -> vec4<u32> {
    let e = element + vec4<u32>(0u, 1u, 2u, 3u);
    let halves = vec4<u32>(
        half_of(source_at(e.x >> 1u), e.x),
        half_of(source_at(e.y >> 1u), e.y),
        half_of(source_at(e.z >> 1u), e.z),
        half_of(source_at(e.w >> 1u), e.w),
    );
    return decode(halves);
}

fn load_source_one(element: u32) -> u32 {
    return decode(vec4<u32>(half_of(source_at(element >> 1u), element))).x;
}

fn load_upstream_whole(element: u32) -> vec4<u32> {
    let e = element + vec4<u32>(0u, 1u, 2u, 3u);
    let halves = vec4<u32>(
        half_of(upstream[e.x >> 1u], e.x),
        half_of(upstream[e.y >> 1u], e.y),
        half_of(upstream[e.z >> 1u], e.z),
        half_of(upstream[e.w >> 1u], e.w),
    );
    return decode(halves);
}

fn store_half(element: u32, half: u32) {
    let shift = (element & 1u) << 4u;
    atomicAnd(&result[element >> 1u], ~(0xffffu << shift));
    atomicOr(&result[element >> 1u], half << shift);
}

fn store_result_whole(element: u32, bits: vec4<u32>) {
    let halves = encode(bits);
    if (element & 1u) == 0u {
        atomicStore(&result[element >> 1u], halves.x | (halves.y << 16u));
        atomicStore(&result[(element >> 1u) + 1u], halves.z | (halves.w << 16u));
    } else {
        store_half(element, halves.x);
        atomicStore(&result[(element >> 1u) + 1u], halves.y | (halves.z << 16u));
        store_half(element + 3u, halves.w);
    }
}

fn store_result_one(element: u32, bits: u32) {
    store_half(element, encode(vec4<u32>(bits)).x);
}

fn store_result(element: u32, inside: vec4<bool>, bits: vec4<u32>) {
    let halves = encode(bits);
    if inside.x {
        store_half(element, halves.x);
    }
    if inside.y {
        store_half(element + 1u, halves.y);
    }
    if inside.z {
        store_half(element + 2u, halves.z);
    }
    if inside.w {
        store_half(element + 3u, halves.w);
    }
}
