// J_ij = p_i ([i = j] - p_j). Each of the cols rows of a Jacobian counts as a row of its own.

struct Starts {
    source: u32,
    result: u32,
}

alias Held = vec4<u32>;

struct Row {
    max: f32,
    diagonal: u32,
    p: u32,
}

fn starts(row: u32) -> Starts {
    return Starts(params.source_offset + (row / params.cols) * params.source_stride, params.result_offset + row * params.result_stride);
}

fn load(at: Starts, column: u32, count: u32) -> Held {
    return load_source(at.source + column, count, 0u);
}

fn weigh(held: Held, max_: f32) -> vec4<f32> {
    return vec4<f32>(0.0);
}

fn open_row(row: u32, at: Starts) -> Row {
    let diagonal = row % params.cols;
    return Row(0.0, diagonal, load_source_one(at.source + diagonal));
}

fn recall(opened: Row, index: u32) -> Row {
    return opened;
}

fn keep(held: Held, weights: vec4<f32>) -> Held {
    return held;
}

fn outcome(kept: Held, column: u32, row: Row) -> vec4<u32> {
    let onehot = select(vec4<f32>(0.0), vec4<f32>(1.0), column + vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(row.diagonal));
    let entry = value_one(row.p) * (onehot - value(kept));
    return select(vec4<u32>(NAN), bitcast<vec4<u32>>(entry), finite(kept) & vec4<bool>(finite_one(row.p)));
}
