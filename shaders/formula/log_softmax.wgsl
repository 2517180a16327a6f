// log p = scale (x - max) - ln(sum)

struct Row { max: vec4<f32>, log_sum: vec4<f32>, nan_rows: vec4<bool> }

fn finish_row(loaded: Row, s: Statistic) -> Row {
    return Row(vec4<f32>(s.max), log_of_sum(s), has_no_probs(s));
}

fn output(x: Cached, weights: vec4<f32>, column: u32, row: Row) -> vec4<u32> {
    let difference = shifted(value(x.logits), row.max);
    let lowest = vec4<f32>(params.scaling.lowest_shifted);
    let log_p = params.scaling.postscale * max(difference, lowest) - row.log_sum;
    let is_below = is_negative_infinity(x.logits) | (difference < lowest);
    return select(set_nan(row.nan_rows, log_p), vec4<u32>(NEGATIVE_INFINITY), is_below & !row.nan_rows);
}
