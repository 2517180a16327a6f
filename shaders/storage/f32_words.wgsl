// f32 rows of any length at any offset: four 4-byte accesses. Elements read past the row's end are masked.

alias Unit = u32;
alias ResultUnit = u32;

fn load_source(element: u32) -> vec4<u32> {
    return vec4<u32>(source_at(element), source_at(element + 1u), source_at(element + 2u), source_at(element + 3u));
}

fn load_source_one(element: u32) -> u32 {
    return source_at(element);
}

fn load_upstream(element: u32) -> vec4<u32> {
    return vec4<u32>(upstream[element], upstream[element + 1u], upstream[element + 2u], upstream[element + 3u]);
}

fn store_result(element: u32, bits: vec4<u32>) {
    for (var i = 0u; i < 4u; i++) { // unrolled
        result[element + i] = bits[i];
    }
}

fn store_result_one(element: u32, bits: u32) {
    result[element] = bits;
}

fn store_result_inside(element: u32, within: vec4<bool>, bits: vec4<u32>) {
    for (var i = 0u; i < 4u; i++) { // unrolled
        if within[i] {
            result[element + i] = bits[i];
        }
    }
}
