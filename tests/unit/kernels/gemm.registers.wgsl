// ---- constants

const WORKGROUP: u32 = 8u;
const LANES: u32 = 8u;
const TILE_ROWS: u32 = 8u;
const TILE_QUADS: u32 = 2u;
const HELD: u32 = 16u;
const ACROSS: u32 = 8u;

// ---- kernel/gemm.wgsl
// A product of two matrices. Element (m, n) of the result is the sum over k of a(m, k) b(k, n): grid.rows x grid.cols elements of
// grid.inner terms each. It is written, or added to what earlier terms have left where grid.first_part is not the first term.
//
//   logits       x w^T + bias    a is hidden x, b(k, n) lies at (n, k) of the weight: B_BY_ROWS
//   grad_hidden  g w             a is the gradient g by the logits, b the weight
//   grad_weight  g^T x           a(m, k) lies at (k, m) of g: A_BY_COLUMNS, b is hidden
//
// A lane holds TILE_ROWS rows by TILE_QUADS quads of columns. No accumulator takes more than DEPTH terms before it moves up a
// level: sums of 16 products, sums of 16 of those, and the sum of these.

@group(0) @binding(19) var<storage, read> bias: array<u32>;
const DEPTH: u32 = 16u;
alias Held = array<vec4<f32>, HELD>;

// The first row and column of a workgroup, and those of a lane.
struct Tile { row: u32, column: u32, lane_row: u32, lane_column: u32 }

fn tile_of(place: Place) -> Tile {
    let row = place.slot / params.grid.parts * (LANES / ACROSS * TILE_ROWS);
    let column = place.slot % params.grid.parts * (4u * ACROSS * TILE_QUADS);
    return Tile(row, column, row + place.lane / ACROSS * TILE_ROWS, column + 4u * (place.lane % ACROSS));
}

// The operands, by what an access reads: a quad of elements where rows start on multiples of four, else a word.
alias UnitA = u32;

alias UnitB = u32;
@group(0) @binding(1) var<storage, read> units_a: array<UnitA>;
@group(0) @binding(2) var<storage, read> units_b: array<UnitB>;

// The place of row m of a, and that of a term of it. A row past the end is read as the last one, and never written.
fn a_start(row: u32) -> u32 {
    let found = min(row, params.grid.rows - 1u);
    return params.grid.source_offset + found * params.grid.source_stride;
}

fn a_place(start: u32, term: u32) -> u32 {
    return start + term;
}

// The same of column n of b.
fn b_start(column: u32) -> u32 {
    let found = min(column, params.grid.cols - 1u);
    return params.grid.upstream_offset + found * params.grid.upstream_stride;
}

fn b_place(start: u32, term: u32) -> u32 {
    return start + term;
}

// One element; and four that lie side by side.
fn a_one(element: u32) -> f32 {
    return bitcast<f32>(units_a[element]);
}

fn b_one(element: u32) -> f32 {
    return bitcast<f32>(units_b[element]);
}

// What the sums are added to: the sums of earlier terms, or the bias.
fn before(element: u32, column: u32) -> vec4<f32> {
    if params.grid.first_part > 0u {
        let words = vec4<u32>(result[element], result[element + 1u], result[element + 2u], result[element + 3u]);
        return bitcast<vec4<f32>>(words);
    }
    if is_asked(HAS_BIAS) {
        let first = params.grid.bound_row + column;
        return bitcast<vec4<f32>>(vec4<u32>(bias[first], bias[first + 1u], bias[first + 2u], bias[first + 3u]));
    }
    return vec4<f32>();
}

fn store_quad(row: u32, column: u32, sums: vec4<f32>) {
    if row < params.grid.rows {
        let element = params.grid.result_offset + row * params.grid.result_stride + column;
        let is_inside = column + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.grid.cols);
        store_result_inside(element, is_inside, bitcast<vec4<u32>>(sums + before(element, column)));
    }
}

@compute @workgroup_size(WORKGROUP)
fn gemm(invocation: Invocation) {
    let place = locate(invocation);
    let tile = tile_of(place);
    let operands = operands_of(tile, place.lane);
    // From the uniform itself: all lanes of a workgroup meet at the barriers of a loop.
    let terms = given.grid.inner;
    var upper = Held();
    for (var block = 0u; block < terms; block += DEPTH * DEPTH) {
        var middle = Held();
        let end = min(block + DEPTH * DEPTH, terms);
        for (var first = block; first < end; first += DEPTH) {
            let sums = sums_of(operands, first, min(first + DEPTH, end));
            for (var i = 0u; i < HELD; i++) { // unrolled
                middle[i] += sums[i];
            }
        }
        for (var i = 0u; i < HELD; i++) { // unrolled
            upper[i] += middle[i];
        }
    }
    for (var i = 0u; i < TILE_ROWS; i++) { // unrolled
        for (var j = 0u; j < TILE_QUADS; j++) { // unrolled
            store_quad(tile.lane_row + i, tile.lane_column + 4u * ACROSS * j, upper[i * TILE_QUADS + j]);
        }
    }
}

// ---- tile/registers.wgsl
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

// ---- storage/f32_words.wgsl
// f32 rows of any length at any offset: four 4-byte accesses. Elements read past the row's end are masked.

alias ResultUnit = u32;

fn store_result_inside(element: u32, within: vec4<bool>, bits: vec4<u32>) {
    for (var i = 0u; i < 4u; i++) { // unrolled
        if within[i] {
            result[element + i] = bits[i];
        }
    }
}

// ---- target.wgsl
// The targets of rows, what was asked of a loss, and arithmetic on bits that are infinite or NaN where they are.
// A PLAIN_LOSS has ids of one word or probabilities, of all classes, and no weights, z-loss, upstream gradient or saved pairs.

const HAS_BIAS: u32 = 131072u; // a bias is added to the logits

fn is_asked(flag: u32) -> bool {
    return (params.loss.flags & flag) != 0u;
}

// ---- storage/buffers.wgsl
// The matrices of a kernel, by the units that one access moves.

@group(0) @binding(3) var<storage, read_write> result: array<ResultUnit>;

// ---- grid.wgsl
// Places of invocations. WORKGROUP invocations are a workgroup, and LANES neighbours share a slot: one part of one row.
// Workgroups beyond one dimension's limit fold into the second and the third, so the last slots may lie past the end: they
// take part in every merge, and write nothing.

struct Invocation {
    @builtin(workgroup_id) workgroup: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
}

struct Place { slot: u32, lane: u32, local: u32 }

fn locate(invocation: Invocation) -> Place {
    params = given;
    let group = invocation.workgroup;
    let groups = invocation.workgroups;
    let first = ((group.z * groups.y + group.y) * groups.x + group.x) * (WORKGROUP / LANES);
    // The index, which is the same, takes software adapters three divisions a lane.
    let local = invocation.local.x;
    // Right for any subgroup size, and any mapping of invocations to subgroups.
    return Place(first + local / LANES, local % LANES, local);
}

// ---- params.wgsl
// The numbers of a dispatch, as src/shader/params.rs has them.

// The rows of a dispatch, and where they lie.
struct Grid {
    rows: u32, cols: u32, parts: u32, gap3: u32, first_part: u32, bound_row: u32, gap6: vec2<u32>, gap8: u32,
    inner: u32, gap10: u32, source_offset: u32, source_stride: u32, upstream_offset: u32, upstream_stride: u32,
    result_offset: u32, result_stride: u32, gap17: u32, gap18: vec2<u32>, gap20: vec2<u32>, gap22: u32,
}

// The scale of the logits, and what follows from it.
struct Scaling { gap0: vec4<u32>, gap4: vec4<u32>, gap8: vec4<u32>, gap12: u32 }

struct Loss { flags: u32, gap1: u32, gap2: vec2<u32>, gap4: vec4<u32>, gap8: vec4<u32>, gap12: vec4<u32> }
struct Params { grid: Grid, @align(16) scaling: Scaling, @align(16) loss: Loss }
@group(0) @binding(0) var<uniform> given: Params;

// A copy: software adapters would read the uniform again, lane by lane, at every use in a loop.
var<private> params: Params;
