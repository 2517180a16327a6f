// 16-bit rows of any length at any offset. Two elements share a word, of which store_half leaves the other as it is.

alias Unit = u32;
alias ResultUnit = atomic<u32>;

// The elements from `element` on, of the words that hold them.
fn elements_of(words: vec4<u32>, element: u32) -> vec4<u32> {
    let is_upper = (element + vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(1u);
    return decode((words >> (is_upper << vec4<u32>(4u))) & vec4<u32>(0xffffu));
}

fn load_source(element: u32) -> vec4<u32> {
    let at = (element + vec4<u32>(0u, 1u, 2u, 3u)) >> vec4<u32>(1u);
    return elements_of(vec4<u32>(source_at(at.x), source_at(at.y), source_at(at.z), source_at(at.w)), element);
}

fn load_source_one(element: u32) -> u32 {
    return elements_of(vec4<u32>(source_at(element >> 1u)), element).x;
}

fn load_upstream(element: u32) -> vec4<u32> {
    let at = (element + vec4<u32>(0u, 1u, 2u, 3u)) >> vec4<u32>(1u);
    return elements_of(vec4<u32>(upstream[at.x], upstream[at.y], upstream[at.z], upstream[at.w]), element);
}

fn store_result(element: u32, bits: vec4<u32>) {
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

fn store_result_inside(element: u32, within: vec4<bool>, bits: vec4<u32>) {
    let halves = encode(bits);
    for (var i = 0u; i < 4u; i++) { // unrolled
        if within[i] {
            store_half(element + i, halves[i]);
        }
    }
}
