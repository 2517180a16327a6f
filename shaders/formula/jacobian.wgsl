// J_ij = scale p_i ([i = j] - p_j), p = exp(scale (x - max)) / sum from the row's saved pair. Each of the cols rows of a Jacobian counts
// as a row of its own.

@group(0) @binding(7) var<storage, read> pairs: array<vec2<u32>>;

struct Starts {
    source: u32,
    result: u32,
}

alias Held = vec4<u32>;

struct Row {
    max: f32,
    inverse_sum: f32,
    diagonal: u32,
    logit: u32,
    p: f32,
    // What an entry beside the diagonal is for a weight of 1.
    beside_diagonal: f32,
    poisoned: bool,
}

// What is written of the rows of an access.
struct Rows {
    max: Value,
    beside_diagonal: Value,
    diagonal: Bits,
    exceptional: Bits,
    poisoned: Truth,
}

fn beside(rows: Rows, r: u32, row: Row) -> Rows {
    return Rows(
        with_row(rows.max, r, row.max),
        with_row(rows.beside_diagonal, r, row.beside_diagonal),
        with_bits_of_row(rows.diagonal, r, row.diagonal),
        with_bits_of_row(rows.exceptional, r, exceptional(row)),
        with_truth_of_row(rows.poisoned, r, row.poisoned),
    );
}

fn starts(row: u32) -> Starts {
    let source_row = row / params.grid.cols;
    return Starts(
        params.grid.source_offset + source_row * params.grid.source_stride,
        params.grid.result_offset + row * params.grid.result_stride,
    );
}

fn nothing() -> Held {
    return vec4<u32>(NEGATIVE_INFINITY);
}

fn load_whole(at: Starts, column: u32) -> Held {
    return load_source_whole(at.source + column);
}

fn load(at: Starts, column: u32, inside: vec4<bool>) -> Held {
    return load_source(at.source + column, inside, NEGATIVE_INFINITY);
}

fn weigh(held: Held, max_: Value) -> vec4<f32> {
    return weigh_logits(held, max_);
}

fn open_row(row: u32, at: Starts) -> Row {
    let diagonal = row % params.grid.cols;
    return Row(0.0, 0.0, diagonal, load_source_one(at.source + diagonal), 0.0, 0.0, false);
}

fn recall(opened: Row, index: u32) -> Row {
    let pair = pairs[params.grid.bound_row + index / params.grid.cols];
    var row = opened;
    row.max = value_one(pair.x);
    row.inverse_sum = value_one(pair.y);
    row.poisoned = !finite_one(pair.x);
    row.p = weigh(vec4<u32>(opened.logit), Value(row.max)).x * row.inverse_sum;
    row.beside_diagonal = -params.scaling.scale * row.p * row.inverse_sum;
    return row;
}

fn keep(held: Held, weights: vec4<f32>) -> Held {
    return bitcast<vec4<u32>>(weights);
}

fn outcome(kept: Held, column: u32, rows: Rows) -> vec4<u32> {
    return spoil(rows.poisoned, bitcast<vec4<f32>>(kept) * rows.beside_diagonal);
}

fn exception_of(rows: Rows) -> Bits {
    return rows.diagonal;
}

fn exceptional_of(rows: Rows) -> Bits {
    return rows.exceptional;
}

fn exceptional(row: Row) -> u32 {
    return spoil(Truth(row.poisoned), vec4<f32>(params.scaling.scale * row.p * (1.0 - row.p))).x;
}
