// dL/dx = scale p (g - sum of p g), with the upstream gradient g = dL/dp

const FORWARD_OF_NOTHING: u32 = 0u;

struct Row { dot: vec4<f32>, nan_rows: vec4<bool> } // if !SINK
struct Row { dot: vec4<f32>, nan_rows: vec4<bool>, sink: vec4<u32> } // if SINK

fn load_row(rows: vec4<u32>) -> Row {
    var row: Row;
    row.sink = load_sink_probs(rows);
    return row;
}

fn forward_special(probs: vec4<u32>) -> vec4<u32> {
    return probs & vec4<u32>(MAGNITUDE);
}

fn term_of(x: Cached) -> vec4<f32> {
    return value(x.forward) * value(x.upstream);
}

fn finish_row(loaded: Row, s: Statistic) -> Row {
    return Row(vec4<f32>(s.sum), is_special(s)); // if !SINK
    let nan_sinks = is_special(s) | !is_finite(loaded.sink);
    return Row(vec4<f32>(s.sum), is_special(s), set_nan(nan_sinks, -value(loaded.sink) * vec4<f32>(s.sum)));
}

fn store_row(index: u32, r: u32, row: Row) {
    store_sink(index, row.sink[r]);
}

fn output(x: Cached, weights: vec4<f32>, column: u32, row: Row) -> vec4<u32> {
    let gradient = params.scaling.scale * value(x.forward) * (value(x.upstream) - row.dot);
    return set_nan(row.nan_rows, gradient);
}
