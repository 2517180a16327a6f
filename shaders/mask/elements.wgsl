// The elements of the mask that belong to an access, wherever they lie.

fn mask_elements(at: Starts, column: u32) -> vec4<u32> {
    return vec4<u32>(at.mask) + columns_of(column) * params.mask.column_stride;
}
