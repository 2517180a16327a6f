// log p = scale (x - max) - ln(sum)

struct Row { max: vec4<f32>, log_sum: vec4<f32>, nan_rows: vec4<bool> } // if !SINK
struct Row { max: vec4<f32>, log_sum: vec4<f32>, nan_rows: vec4<bool>, sink: vec4<u32> } // if SINK

fn load_row(rows: vec4<u32>) -> Row {
    var row: Row;
    row.sink = load_sinks(rows);
    return row;
}

fn finish_row(loaded: Row, s: Statistic) -> Row {
    return Row(vec4<f32>(s.max), log_of_sum(s), has_no_probs(s)); // if !SINK
    let sunk = with_sink(s, loaded.sink);
    let nan_rows = has_no_probs(sunk.statistic);
    return Row(vec4<f32>(s.max), log_sum_with(sunk), nan_rows, set_nan(nan_rows, sink_prob_of(sunk)));
}

fn store_row(index: u32, r: u32, row: Row) {
    store_sink(index, row.sink[r]);
}

fn output(x: Cached, weights: vec4<f32>, column: u32, row: Row) -> vec4<u32> {
    let difference = shifted(value(x.logits), row.max);
    let lowest = vec4<f32>(params.scaling.lowest_shifted);
    let log_p = params.scaling.postscale * max(difference, lowest) - row.log_sum; // if !SINK
    let is_below = is_negative_infinity(x.logits) | (difference < lowest); // if !SINK
    let parts = PART * params.scaling.postscale * max(difference, lowest) - row.log_sum; // if SINK
    let log_p = PARTS * max(parts, vec4<f32>(PART * LOWEST)); // if SINK
    let is_below = is_negative_infinity(x.logits) | (difference < lowest) | (parts < vec4<f32>(PART * LOWEST)); // if SINK
    return select(set_nan(row.nan_rows, log_p), vec4<u32>(NEGATIVE_INFINITY), is_below & !row.nan_rows);
}
