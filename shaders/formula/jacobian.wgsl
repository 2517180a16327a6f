// J_ij = scale p_i ([i = j] - p_j), p = exp(scale (x - max)) / sum from the pair of the row. Each line i of a row's square counts
// as a row of its own.

@group(0) @binding(7) var<storage, read> pairs: array<vec2<u32>>;

// J_ij is coeff times the weight of x_j, and column_output in the column of the diagonal.
struct Row { max: vec4<f32>, coeff: vec4<f32>, nan_rows: vec4<bool>, column: vec4<u32>, column_output: vec4<u32> }

fn load_saved(loaded: Row, rows: vec4<u32>) -> Row {
    let pair = pairs[params.grid.bound_row + rows.x / params.grid.cols];
    let line = rows.x % params.grid.cols;
    let at = starts_of(rows.x);
    let max_ = value(vec4<u32>(pair.x));
    let inverse_sum = value(vec4<u32>(pair.y));
    let p = weight_of(vec4<u32>(load_source_one(at.source + line)), max_) * inverse_sum;
    let nan_rows = !is_finite(vec4<u32>(pair.x));
    let on_diagonal = set_nan(nan_rows, params.scaling.scale * p * (1.0 - p));
    return Row(max_, -params.scaling.scale * p * inverse_sum, nan_rows, vec4<u32>(line), on_diagonal);
}

fn output(x: Cached, weights: vec4<f32>, column: u32, row: Row) -> vec4<u32> {
    return set_nan(row.nan_rows, weights * row.coeff);
}
