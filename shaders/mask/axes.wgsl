// The element at which the mask of a row begins: a row has an index along each axis that the mask tells apart, the last axis
// running fastest, and the mask a stride along it, 0 where it is broadcast.

fn mask_start(row: RowU32) -> RowU32 {
    var slower = row;
    var start = RowU32(0u);
    for (var axis = params.mask.axis_count - 1u; axis > 0u; axis--) {
        let two = given.mask.axes[axis >> 1u];
        let extent_and_stride = select(two.xy, two.zw, vec2<bool>((axis & 1u) == 1u));
        let next = slower / RowU32(extent_and_stride.x);
        start += (slower - next * extent_and_stride.x) * extent_and_stride.y;
        slower = next;
    }
    return start + slower * given.mask.axes[0u].y;
}

// The elements of an access, wherever they lie.
fn mask_elements(at: Starts, column: u32) -> vec4<u32> {
    return vec4<u32>(at.mask) + columns_of(column) * params.mask.column_stride;
}
