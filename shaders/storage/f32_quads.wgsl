// f32 rows of which every one starts on a multiple of four elements: one 16-byte access moves four values. Columns past the row's
// end, up to the next multiple of four, are padding of the row's own: it is read, masked, and kept.

alias Unit = vec4<u32>;
alias ResultUnit = vec4<u32>;

fn load_source(element: u32) -> vec4<u32> {
    return source[element >> 2u]; // if !IN_PLACE
    return result[element >> 2u]; // if IN_PLACE
}

fn load_source_one(element: u32) -> u32 {
    return source[element >> 2u][element & 3u]; // if !IN_PLACE
    return result[element >> 2u][element & 3u]; // if IN_PLACE
}

fn load_upstream(element: u32) -> vec4<u32> {
    return upstream[element >> 2u];
}

fn store_result(element: u32, bits: vec4<u32>) {
    result[element >> 2u] = bits;
}

fn store_result_one(element: u32, bits: u32) {
    result[element >> 2u][element & 3u] = bits;
}

// Each alone where some are outside: a row that is SHIFTED shares an access with the row before.
fn store_result_inside(element: u32, within: vec4<bool>, bits: vec4<u32>) {
    if all(within) {
        result[element >> 2u] = bits;
        return;
    }
    for (var i = 0u; i < 4u; i++) { // unrolled
        if within[i] {
            result[element >> 2u][i] = bits[i];
        }
    }
}
