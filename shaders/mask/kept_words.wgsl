// A byte a column, four to a word, wherever they lie: 0 excludes the column.

@group(0) @binding(15) var<storage, read> mask: array<u32>;

fn mask_byte(element: u32) -> u32 {
    return (mask[element >> 2u] >> ((element & 3u) << 3u)) & 0xffu;
}

const MASK_EXCLUDES: bool = true;

fn mask_keeps(at: Starts, column: u32) -> vec4<bool> {
    let e = mask_elements(at, column);
    let bytes = vec4<u32>(mask_byte(e.x), mask_byte(e.y), mask_byte(e.z), mask_byte(e.w));
    return bytes != vec4<u32>(0u);
}

fn mask_adds(bits: vec4<u32>, at: Starts, column: u32) -> vec4<u32> {
    return bits;
}
