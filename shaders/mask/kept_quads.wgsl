// A byte a column, four to a word, and those of an access in one word: 0 excludes the column.

@group(0) @binding(15) var<storage, read> mask: array<u32>;

const MASK_EXCLUDES: bool = true;

fn mask_keeps(at: Starts, column: u32) -> vec4<bool> {
    let bytes = vec4<u32>(mask[(at.mask + column) >> 2u]) & vec4<u32>(0xffu, 0xff00u, 0xff0000u, 0xff000000u);
    return bytes != vec4<u32>(0u);
}

fn mask_adds(bits: vec4<u32>, at: Starts, column: u32) -> vec4<u32> {
    return bits;
}
