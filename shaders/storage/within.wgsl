// Of four columns, those inside the row: they are masked by index, never by a value.

fn inside(count: u32) -> vec4<bool> {
    return vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(count);
}

fn load_source(element: u32, count: u32, filler: u32) -> vec4<u32> {
    return within(load_source_whole(element), count, filler);
}

fn load_upstream(element: u32, count: u32, filler: u32) -> vec4<u32> {
    return within(load_upstream_whole(element), count, filler);
}

fn within(bits: vec4<u32>, count: u32, filler: u32) -> vec4<u32> {
    return select(vec4<u32>(filler), bits, inside(count));
}
