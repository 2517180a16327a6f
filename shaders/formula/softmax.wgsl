// p = exp(scale (x - max)) / sum

@group(0) @binding(7) var<storage, read> pairs: array<vec2<u32>>;

struct Row { max: vec4<f32>, inverse_sum: vec4<f32>, nan_rows: vec4<bool> } // if !SINK
struct Row { max: vec4<f32>, inverse_sum: vec4<f32>, nan_rows: vec4<bool>, sink: vec4<u32> } // if SINK

fn load_row(rows: vec4<u32>) -> Row {
    var row: Row;
    row.sink = load_sinks(rows);
    return row;
}

fn finish_row(loaded: Row, s: Statistic) -> Row {
    return Row(vec4<f32>(s.max), inverse(vec4<f32>(s.sum)), has_no_probs(s)); // if !SINK
    let sunk = with_sink(s, loaded.sink);
    let nan_rows = has_no_probs(sunk.statistic);
    return Row(vec4<f32>(s.max), share_of(sunk), nan_rows, set_nan(nan_rows, sink_prob_of(sunk)));
}

// A row as merged statistics have left it.
fn load_saved(loaded: Row, rows: vec4<u32>) -> Row {
    let pair = pairs[params.grid.bound_row + rows.x];
    let max_ = vec4<u32>(pair.x);
    return Row(value(max_), value(vec4<u32>(pair.y)), !is_finite(max_));
}

fn store_row(index: u32, r: u32, row: Row) {
    store_sink(index, row.sink[r]);
}

fn output(x: Cached, weights: vec4<f32>, column: u32, row: Row) -> vec4<u32> {
    return set_nan(row.nan_rows, weights * row.inverse_sum);
}
