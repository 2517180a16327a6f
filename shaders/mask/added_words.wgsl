// Four f32 by four accesses.

@group(0) @binding(15) var<storage, read> mask: array<u32>;

fn mask_at(at: Starts, column: u32) -> vec4<u32> {
    let e = mask_elements(at, column);
    return vec4<u32>(mask[e.x], mask[e.y], mask[e.z], mask[e.w]);
}
