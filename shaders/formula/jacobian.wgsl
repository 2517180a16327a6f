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
    poisoned: bool,
}

fn starts(row: u32) -> Starts {
    let source_row = row / params.cols;
    return Starts(
        params.source_offset + source_row * params.source_stride,
        params.result_offset + row * params.result_stride,
    );
}

fn load_whole(at: Starts, column: u32) -> Held {
    return load_source_whole(at.source + column);
}

fn load(at: Starts, column: u32, count: u32) -> Held {
    return load_source(at.source + column, count, NEGATIVE_INFINITY);
}

fn weigh(held: Held, max_: f32) -> vec4<f32> {
    return select(vec4<f32>(0.0), exponential(value(held), max_), live(held));
}

fn open_row(row: u32, at: Starts) -> Row {
    let diagonal = row % params.cols;
    return Row(0.0, 0.0, diagonal, load_source_one(at.source + diagonal), 0.0, false);
}

fn recall(opened: Row, index: u32) -> Row {
    let pair = pairs[params.bound_row + index / params.cols];
    var row = opened;
    row.max = value_one(pair.x);
    row.inverse_sum = value_one(pair.y);
    row.poisoned = !finite_one(pair.x);
    row.p = weigh(vec4<u32>(opened.logit), row.max).x * row.inverse_sum;
    return row;
}

fn keep(held: Held, weights: vec4<f32>) -> Held {
    return bitcast<vec4<u32>>(weights);
}

fn outcome(kept: Held, column: u32, row: Row) -> vec4<u32> {
    let onehot = select(vec4<f32>(0.0), vec4<f32>(1.0), column + vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(row.diagonal));
    let entry = params.scale * row.p * (onehot - bitcast<vec4<f32>>(kept) * row.inverse_sum);
    return spoil(row.poisoned, entry);
}
