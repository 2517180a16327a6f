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
alias UnitA = vec4<u32>; // if BY_QUADS && !HALF_A
alias UnitA = vec2<u32>; // if BY_QUADS && HALF_A
alias UnitA = u32; // if !BY_QUADS
alias UnitB = vec4<u32>; // if BY_QUADS && !HALF_B
alias UnitB = vec2<u32>; // if BY_QUADS && HALF_B
alias UnitB = u32; // if !BY_QUADS

@group(0) @binding(1) var<storage, read> units_a: array<UnitA>;
@group(0) @binding(2) var<storage, read> units_b: array<UnitB>;

// The place of row m of a, and that of a term of it. A row past the end is read as the last one, and never written.
fn a_start(row: u32) -> u32 {
    let found = min(row, params.grid.rows - 1u);
    return params.grid.source_offset + found * params.grid.source_stride; // if !A_BY_COLUMNS
    return params.grid.source_offset + found; // if A_BY_COLUMNS
}

fn a_place(start: u32, term: u32) -> u32 {
    return start + term; // if !A_BY_COLUMNS
    return start + term * params.grid.source_stride; // if A_BY_COLUMNS
}

// The same of column n of b.
fn b_start(column: u32) -> u32 {
    let found = min(column, params.grid.cols - 1u);
    return params.grid.upstream_offset + found * params.grid.upstream_stride; // if B_BY_ROWS
    return params.grid.upstream_offset + found; // if !B_BY_ROWS
}

fn b_place(start: u32, term: u32) -> u32 {
    return start + term; // if B_BY_ROWS
    return start + term * params.grid.upstream_stride; // if !B_BY_ROWS
}

// One element; and four that lie side by side.
fn a_one(element: u32) -> f32 {
    return bitcast<f32>(units_a[element]); // if !HALF_A
    return half_of(units_a[element >> 1u], element); // if HALF_A
}

fn b_one(element: u32) -> f32 {
    return bitcast<f32>(units_b[element]); // if !HALF_B
    return half_of(units_b[element >> 1u], element); // if HALF_B
}

fn a_quad(element: u32) -> vec4<f32> {
    return bitcast<vec4<f32>>(units_a[element >> 2u]); // if BY_QUADS && !HALF_A
    return halves_of(units_a[element >> 2u]); // if BY_QUADS && HALF_A
    return vec4<f32>(a_one(element), a_one(element + 1u), a_one(element + 2u), a_one(element + 3u)); // if !BY_QUADS
}

fn b_quad(element: u32) -> vec4<f32> {
    return bitcast<vec4<f32>>(units_b[element >> 2u]); // if BY_QUADS && !HALF_B
    return halves_of(units_b[element >> 2u]); // if BY_QUADS && HALF_B
    return vec4<f32>(b_one(element), b_one(element + 1u), b_one(element + 2u), b_one(element + 3u)); // if !BY_QUADS
}

fn half_of(word: u32, element: u32) -> f32 {
    let half = (word >> ((element & 1u) << 4u)) & 0xffffu;
    return bitcast<f32>(decode(vec4<u32>(half)).x);
}

fn halves_of(words: vec2<u32>) -> vec4<f32> {
    let halves = vec4<u32>(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u);
    return bitcast<vec4<f32>>(decode(halves));
}

// What the sums are added to: the sums of earlier terms, or the bias.
fn before(element: u32, column: u32) -> vec4<f32> {
    if params.grid.first_part > 0u {
        return bitcast<vec4<f32>>(result[element >> 2u]); // if BY_QUADS
        let words = vec4<u32>(result[element], result[element + 1u], result[element + 2u], result[element + 3u]); // if !BY_QUADS
        return bitcast<vec4<f32>>(words); // if !BY_QUADS
    }
    if ADDS_BIAS {
        if is_asked(HAS_BIAS) {
            let first = params.grid.bound_row + column;
            return bitcast<vec4<f32>>(vec4<u32>(bias[first], bias[first + 1u], bias[first + 2u], bias[first + 3u]));
        }
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

fn sum_of_rows(column: u32, first: u32, last: u32) -> f32 {
    var sum = 0.0;
    for (var row = first; row < last; row++) {
        sum += bitcast<f32>(source[params.grid.source_offset + row * params.grid.source_stride + column]);
    }
    return sum;
}

// The sums of the columns of a matrix of grid.inner rows, one invocation a column: the gradient by the bias. They are written, or added
// to those of earlier rows, as a product is.
@compute @workgroup_size(WORKGROUP)
fn column_sums(invocation: Invocation) {
    let column = locate(invocation).slot;
    if column >= params.grid.cols {
        return;
    }
    let rows = params.grid.inner;
    var upper = 0.0;
    for (var block = 0u; block < rows; block += DEPTH * DEPTH) {
        var middle = 0.0;
        let end = min(block + DEPTH * DEPTH, rows);
        for (var first = block; first < end; first += DEPTH) {
            middle += sum_of_rows(column, first, min(first + DEPTH, end));
        }
        upper += middle;
    }
    if params.grid.first_part > 0u {
        upper += bitcast<f32>(result[column]);
    }
    result[column] = bitcast<u32>(upper);
}

// The f32 of a product as halves, one invocation a word of two: a half of a word that belongs to other rows is kept.
@compute @workgroup_size(WORKGROUP)
fn narrow(invocation: Invocation) {
    let word = locate(invocation).slot;
    let count = params.grid.cols;
    if 2u * word >= params.grid.result_offset + count {
        return;
    }
    // Of an element before the first one, the number wraps.
    let elements = 2u * word + vec2<u32>(0u, 1u) - params.grid.result_offset;
    let found = min(elements, vec2<u32>(count - 1u));
    let halves = encode(vec4<u32>(source[found.x], source[found.y], 0u, 0u)).xy;
    let kept = vec2<u32>(result[word] & 0xffffu, result[word] >> 16u);
    let both = select(kept, halves, elements < vec2<u32>(count));
    result[word] = both.x | (both.y << 16u);
}
