// Of the columns of an access, those inside the row: they are masked by index, never by a value.

fn inside(column: u32, last: u32) -> vec4<bool> {
    return columns_of(column) < vec4<u32>(last);
}

fn load_source(element: u32, inside: vec4<bool>, filler: u32) -> vec4<u32> {
    return select(vec4<u32>(filler), load_source_whole(element), inside);
}

fn load_upstream(element: u32, inside: vec4<bool>, filler: u32) -> vec4<u32> {
    return select(vec4<u32>(filler), load_upstream_whole(element), inside);
}
