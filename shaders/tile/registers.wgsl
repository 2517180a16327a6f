// The operands of a product, read by the lane that multiplies them: nothing is shared. All lanes of a workgroup have the same rows
// of a, so that a value of a is one scalar for all.

struct Operands { rows: array<u32, TILE_ROWS>, columns: array<vec4<u32>, TILE_QUADS> }

fn operands_of(tile: Tile, lane: u32) -> Operands {
    var operands = Operands();
    for (var i = 0u; i < TILE_ROWS; i++) { // unrolled
        operands.rows[i] = a_start(tile.row + i);
    }
    for (var j = 0u; j < TILE_QUADS; j++) { // unrolled
        let column = tile.lane_column + 4u * ACROSS * j;
        operands.columns[j] = vec4<u32>(b_start(column), b_start(column + 1u), b_start(column + 2u), b_start(column + 3u));
    }
    return operands;
}

// A term of four columns.
fn b_four(starts: vec4<u32>, term: u32) -> vec4<f32> {
    return vec4<f32>(
        b_one(b_place(starts.x, term)), b_one(b_place(starts.y, term)), b_one(b_place(starts.z, term)), b_one(b_place(starts.w, term)),
    );
}

// The sums of the terms [first, last), at most DEPTH.
fn sums_of(operands: Operands, first: u32, last: u32) -> Held {
    var sums = Held();
    for (var term = first; term < last; term++) {
        var a = array<f32, TILE_ROWS>();
        for (var i = 0u; i < TILE_ROWS; i++) { // unrolled
            a[i] = a_one(a_place(operands.rows[i], term));
        }
        for (var j = 0u; j < TILE_QUADS; j++) { // unrolled
            let b = b_four(operands.columns[j], term);
            for (var i = 0u; i < TILE_ROWS; i++) { // unrolled
                sums[i * TILE_QUADS + j] += a[i] * b;
            }
        }
    }
    return sums;
}
