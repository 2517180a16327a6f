// The operands of a product, read by the lane that multiplies them: nothing is shared. All lanes of a workgroup have the same rows
// of a, so that a value of a is one scalar for all.

struct Operands { rows: array<u32, TILE_ROWS>, columns: array<vec4<u32>, TILE_QUADS> }

fn operands_of(tile: Tile, lane: u32) -> Operands {
    var operands = Operands();
    for (var i = 0u; i < TILE_ROWS; i++) { // unrolled
        operands.rows[i] = a_start(tile.row + i);
    }
    for (var j = 0u; j < TILE_QUADS; j++) { // unrolled
        operands.columns[j] = b_starts(tile.lane_column + 4u * ACROSS * j);
    }
    return operands;
}

// The sums of the terms [first, last), at most DEPTH.
fn sums_of(operands: Operands, first: u32, last: u32) -> Held {
    var sums = Held();
    for (var term = first; term < last; term++) {
        var a = array<f32, TILE_ROWS>();
        for (var i = 0u; i < TILE_ROWS; i++) { // unrolled
            a[i] = a_at(operands.rows[i], term);
        }
        for (var j = 0u; j < TILE_QUADS; j++) { // unrolled
            let b = b_at(operands.columns[j], term);
            for (var i = 0u; i < TILE_ROWS; i++) { // unrolled
                sums[i * TILE_QUADS + j] += a[i] * b;
            }
        }
    }
    return sums;
}
