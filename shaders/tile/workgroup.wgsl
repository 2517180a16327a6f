// The operands of a product through workgroup memory: DEPTH terms of all rows and columns of a workgroup, of which each lane reads
// one quad of rows and one quad of columns. A lane has four rows and four columns, so there are as many quads as lanes.

// Quads from one term to the next: lanes that write neighbouring terms reach different banks.
const PITCH: u32 = ACROSS + 1u;

var<workgroup> shared_a: array<vec4<f32>, DEPTH * PITCH>;
var<workgroup> shared_b: array<vec4<f32>, DEPTH * PITCH>;

// What a lane reads, as term and quad: the places of four rows or columns. And the quads that it multiplies.
struct Operands { a_term: u32, a_quad: u32, a: vec4<u32>, b_term: u32, b_quad: u32, b: vec4<u32>, row_quad: u32, column_quad: u32 }

// Neighbouring lanes read neighbouring elements: terms of a row, or quads of a term.
fn operands_of(tile: Tile, lane: u32) -> Operands {
    let inner = lane % DEPTH;
    let outer = lane / DEPTH;
    let a_term = inner; // if !A_BY_COLUMNS
    let a_term = outer; // if A_BY_COLUMNS
    let a_quad = outer; // if !A_BY_COLUMNS
    let a_quad = inner; // if A_BY_COLUMNS
    let b_term = inner; // if B_BY_ROWS
    let b_term = outer; // if !B_BY_ROWS
    let b_quad = outer; // if B_BY_ROWS
    let b_quad = inner; // if !B_BY_ROWS
    let row = tile.row + 4u * a_quad;
    let a = vec4<u32>(a_start(row), a_start(row + 1u), a_start(row + 2u), a_start(row + 3u));
    let b = b_starts(tile.column + 4u * b_quad);
    return Operands(a_term, a_quad, a, b_term, b_quad, b, lane / ACROSS, lane % ACROSS);
}

// The sums of the terms [first, last), at most DEPTH; terms past the last one are 0 times 0.
fn sums_of(operands: Operands, first: u32, last: u32) -> Held {
    let a_term = min(first + operands.a_term, last - 1u);
    let b_term = min(first + operands.b_term, last - 1u);
    let at = operands.a;
    let a = vec4<f32>(a_at(at.x, a_term), a_at(at.y, a_term), a_at(at.z, a_term), a_at(at.w, a_term));
    let b = b_at(operands.b, b_term);
    workgroupBarrier();
    shared_a[operands.a_term * PITCH + operands.a_quad] = select(vec4<f32>(), a, a_term == first + operands.a_term);
    shared_b[operands.b_term * PITCH + operands.b_quad] = select(vec4<f32>(), b, b_term == first + operands.b_term);
    workgroupBarrier();
    var sums = Held();
    for (var term = 0u; term < DEPTH; term++) {
        let x = shared_a[term * PITCH + operands.row_quad];
        let y = shared_b[term * PITCH + operands.column_quad];
        for (var i = 0u; i < TILE_ROWS; i++) { // unrolled
            sums[i] += x[i] * y;
        }
    }
    return sums;
}
