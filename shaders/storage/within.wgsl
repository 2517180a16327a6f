// Of four columns, those inside the row: they are masked by index, never by a value. The columns before the first one, where
// a row starts amid four, count down from the largest numbers.

fn inside(column: u32, last: u32) -> vec4<bool> {
    return column + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(last);
}

fn any_inside(column: u32, last: u32) -> bool {
    return column + 3u < last + 3u;
}

fn load_source(element: u32, inside: vec4<bool>, filler: u32) -> vec4<u32> {
    return select(vec4<u32>(filler), load_source_whole(element), inside);
}

fn load_upstream(element: u32, inside: vec4<bool>, filler: u32) -> vec4<u32> {
    return select(vec4<u32>(filler), load_upstream_whole(element), inside);
}
