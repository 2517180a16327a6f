// The operands of a product through workgroup memory: DEPTH terms of all rows and columns of a workgroup. A lane reads a quad of a and
// TILE_QUADS of b as they lie in memory, four terms of a row or a term of four rows, and multiplies four terms in a step. There are
// 16 x 16 lanes, four rows a lane, and four steps.

// By the step and the row or column of lanes that multiply them: 4 x 4 elements, and of b as many of each quad of columns. A quad and a
// lane more than there are let lanes that access neighbours reach different banks.
struct Tiles {
    a: array<array<array<vec4<f32>, 5u>, 17u>, 4u>,
    b: array<array<array<vec4<f32>, 4u * TILE_QUADS + 1u>, 17u>, 4u>,
}

var<workgroup> tiles: Tiles;

// A quad that a lane reads: the step and the lanes that multiply it, its place in their elements, its first row or column in the tile,
// and the terms of its elements.
struct Quad { step: u32, lane: u32, place: u32, line: u32, terms: vec4<u32> }

// Neighbouring lanes read neighbouring quads: four of a row,
fn quad_of_row(lane: u32) -> Quad {
    let step = lane % 4u;
    let line = lane / 4u;
    return Quad(step, line / 4u, line % 4u, line, 4u * step + vec4<u32>(0u, 1u, 2u, 3u));
}

// or sixteen of a term.
fn quad_of_term(lane: u32) -> Quad {
    let term = lane / 16u;
    return Quad(term / 4u, lane % 16u, term % 4u, lane % 16u * 4u, vec4<u32>(term));
}

struct Operands { a: Quad, a_start: u32, b: Quad, b_starts: array<u32, TILE_QUADS>, lane_row: u32, lane_column: u32 }

fn operands_of(tile: Tile, lane: u32) -> Operands {
    let a = quad_of_row(lane); // if !A_BY_COLUMNS
    let a = quad_of_term(lane); // if A_BY_COLUMNS
    let b = quad_of_row(lane); // if B_BY_ROWS
    let b = quad_of_term(lane); // if !B_BY_ROWS
    var operands = Operands(a, a_start(tile.row + a.line), b, array<u32, TILE_QUADS>(), lane / ACROSS, lane % ACROSS);
    for (var j = 0u; j < TILE_QUADS; j++) { // unrolled
        operands.b_starts[j] = b_start(tile.column + 4u * ACROSS * j + b.line);
    }
    return operands;
}

// Shares the terms [first, last), at most DEPTH, of all operands; those past the last one are 0.
fn share(operands: Operands, first: u32, last: u32) {
    let a = operands.a;
    let b = operands.b;
    let count = vec4<u32>(last - first);
    let from_a = a_quad(a_place(operands.a_start, first + a.terms.x));
    var from_b = array<vec4<f32>, TILE_QUADS>();
    for (var j = 0u; j < TILE_QUADS; j++) { // unrolled
        from_b[j] = b_quad(b_place(operands.b_starts[j], first + b.terms.x));
    }
    workgroupBarrier();
    tiles.a[a.step][a.lane][a.place] = select(vec4<f32>(), from_a, a.terms < count);
    for (var j = 0u; j < TILE_QUADS; j++) { // unrolled
        tiles.b[b.step][b.lane][4u * j + b.place] = select(vec4<f32>(), from_b[j], b.terms < count);
    }
    workgroupBarrier();
}

// The sums of the terms [first, last), at most DEPTH.
fn sums_of(operands: Operands, first: u32, last: u32) -> Held {
    share(operands, first, last);
    var sums = Held();
    for (var step = 0u; step < 4u; step++) { // unrolled
        let of_a = &tiles.a[step][operands.lane_row];
        let of_b = &tiles.b[step][operands.lane_column];
        // Columns are terms.
        let a = transpose(mat4x4<f32>((*of_a)[0], (*of_a)[1], (*of_a)[2], (*of_a)[3])); // if !A_BY_COLUMNS
        let a = mat4x4<f32>((*of_a)[0], (*of_a)[1], (*of_a)[2], (*of_a)[3]); // if A_BY_COLUMNS
        for (var j = 0u; j < TILE_QUADS; j++) { // unrolled
            let quads = mat4x4<f32>((*of_b)[4u * j], (*of_b)[4u * j + 1u], (*of_b)[4u * j + 2u], (*of_b)[4u * j + 3u]);
            let b = transpose(quads); // if B_BY_ROWS
            let b = quads; // if !B_BY_ROWS
            for (var term = 0u; term < 4u; term++) { // unrolled
                for (var i = 0u; i < TILE_ROWS; i++) { // unrolled
                    sums[i * TILE_QUADS + j] += a[term][i] * b[term];
                }
            }
        }
    }
    return sums;
}
