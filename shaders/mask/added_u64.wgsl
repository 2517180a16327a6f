// Four f32 by one access of two 64-bit integers: those of every row are neighbours that start on a multiple of four.

@group(0) @binding(15) var<storage, read> mask: array<vec2<u64>>;

fn mask_at(at: Starts, column: u32) -> vec4<u32> {
    return words_of_two_u64(mask[(at.mask + column) >> 2u]);
}
