// Where the elements of a row's mask begin: a row has an index along each axis that the mask tells apart, the last axis
// running fastest, and the mask a stride, 0 where it is broadcast.

// The extent and the stride of an axis.
fn mask_axis(axis: u32) -> vec2<u32> {
    let two = given.mask.axes[axis >> 1u];
    return select(two.xy, two.zw, vec2<bool>((axis & 1u) == 1u));
}

fn mask_start(rows: Bits) -> Bits {
    var slower = rows;
    var start = Bits(0u);
    for (var axis = params.mask.axis_count - 1u; axis > 0u; axis--) {
        let extent_and_stride = mask_axis(axis);
        let quotient = slower / Bits(extent_and_stride.x);
        start += (slower - quotient * extent_and_stride.x) * extent_and_stride.y;
        slower = quotient;
    }
    return start + slower * mask_axis(0u).y;
}
