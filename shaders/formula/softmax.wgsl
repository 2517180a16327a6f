// p = exp(scale (x - max)) / sum

@group(0) @binding(7) var<storage, read> pairs: array<vec2<u32>>;

struct Row { max: vec4<f32>, inverse_sum: vec4<f32>, nan_rows: vec4<bool> }

fn finish_row(loaded: Row, s: Statistic) -> Row {
    return Row(vec4<f32>(s.max), inverse(vec4<f32>(s.sum)), has_no_probs(s));
}

// A row as merged statistics have left it.
fn load_saved(loaded: Row, rows: vec4<u32>) -> Row {
    let pair = pairs[params.grid.bound_row + rows.x];
    let max_ = vec4<u32>(pair.x);
    return Row(value(max_), value(vec4<u32>(pair.y)), !is_finite(max_));
}

fn output(x: Cached, weights: vec4<f32>, column: u32, row: Row) -> vec4<u32> {
    return set_nan(row.nan_rows, weights * row.inverse_sum);
}
