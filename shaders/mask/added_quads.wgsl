// Four f32 by one access: those of every row are neighbours that start on a multiple of four.

@group(0) @binding(15) var<storage, read> mask: array<vec4<u32>>;

fn mask_at(at: Starts, column: u32) -> vec4<u32> {
    return mask[(at.mask + column) >> 2u];
}
