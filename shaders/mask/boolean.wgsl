// A byte a column, four to a word: 0 excludes the column. MASK_QUADS: the bytes of an access are one word.

@group(0) @binding(15) var<storage, read> mask: array<u32>;

fn mask_byte(element: u32) -> u32 {
    return (mask[element >> 2u] >> ((element & 3u) << 3u)) & 0xffu;
}

fn mask_keeps(at: Starts, column: u32) -> vec4<bool> {
    if MASK_QUADS {
        let bytes = vec4<u32>(mask[(at.mask + column) >> 2u]) & vec4<u32>(0xffu, 0xff00u, 0xff0000u, 0xff000000u);
        return bytes != vec4<u32>(0u);
    }
    let e = mask_elements(at, column);
    return vec4<u32>(mask_byte(e.x), mask_byte(e.y), mask_byte(e.z), mask_byte(e.w)) != vec4<u32>(0u);
}

// The same of one column of each row.
fn mask_keeps_of(rows: vec4<u32>, columns: vec4<u32>) -> vec4<bool> {
    let starts = vec4<u32>(mask_start(row_u32(params.grid.tensor_row + rows)));
    let at = starts + columns * params.mask.column_stride;
    return per_row(vec4<u32>(mask_byte(at.x), mask_byte(at.y), mask_byte(at.z), mask_byte(at.w))) != vec4<u32>(0u);
}
