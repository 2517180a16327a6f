// dL/dx = scale g exp(scale (x - max)) / sum, with the row's upstream gradient g = dL/dlse

@group(0) @binding(5) var<storage, read> grad_lse: array<u32>;

struct Row {
    max: vec4<f32>,
    inverse_sum: vec4<f32>,
    grad_lse: vec4<u32>,
    nan_rows: vec4<bool>,
    sink: vec4<u32>, // if SINK
}

fn load_row(rows: vec4<u32>) -> Row {
    let at = params.grid.bound_row + rows;
    var row: Row;
    row.grad_lse = per_row(vec4<u32>(grad_lse[at.x], grad_lse[at.y], grad_lse[at.z], grad_lse[at.w]));
    row.sink = load_sinks(rows); // if SINK
    return row;
}

fn finish_row(loaded: Row, s: Statistic) -> Row {
    let nan_rows = !is_finite(loaded.grad_lse) | has_no_probs(s); // if !SINK
    return Row(vec4<f32>(s.max), inverse(vec4<f32>(s.sum)), loaded.grad_lse, nan_rows); // if !SINK
    let sunk = with_sink(s, loaded.sink);
    let nan_rows = !is_finite(loaded.grad_lse) | has_no_probs(sunk.statistic);
    let grad_sinks = set_nan(nan_rows, value(loaded.grad_lse) * sink_prob_of(sunk));
    return Row(vec4<f32>(s.max), share_of(sunk), loaded.grad_lse, nan_rows, grad_sinks);
}

fn store_row(index: u32, r: u32, row: Row) {
    store_sink(index, row.sink[r]);
}

fn output(x: Cached, weights: vec4<f32>, column: u32, row: Row) -> vec4<u32> {
    let gradient = params.scaling.scale * value(row.grad_lse) * (weights * row.inverse_sum);
    return set_nan(row.nan_rows, gradient);
}
