// dL/dx = scale (g - exp(l) (sum of g)), with l the log-probability and the upstream gradient g = dL/dl

const FORWARD_OF_NOTHING: u32 = NEGATIVE_INFINITY;

struct Row { sum: vec4<f32>, nan_rows: vec4<bool> } // if !SINK
struct Row { sum: vec4<f32>, nan_rows: vec4<bool>, sink: vec4<u32> } // if SINK

fn load_row(rows: vec4<u32>) -> Row {
    var row: Row;
    row.sink = load_sink_probs(rows);
    return row;
}

fn forward_special(log_probs: vec4<u32>) -> vec4<u32> {
    return select(log_probs & vec4<u32>(MAGNITUDE), vec4<u32>(0u), is_negative_infinity(log_probs));
}

fn term_of(x: Cached) -> vec4<f32> {
    return value(x.upstream);
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
    let l = value(x.forward);
    let e = select(exp(l), vec4<f32>(1.0), l == vec4<f32>(0.0));
    let p = select(vec4<f32>(0.0), e, is_finite(x.forward));
    let gradient = params.scaling.scale * (value(x.upstream) - p * row.sum);
    return set_nan(row.nan_rows, gradient);
}
