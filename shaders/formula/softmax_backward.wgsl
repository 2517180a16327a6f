// dL/dx = scale p (g - sum of p g), with the upstream gradient g = dL/dp

const FORWARD_OF_NOTHING: u32 = 0u;

struct Row { dot: vec4<f32>, nan_rows: vec4<bool> }

fn forward_special(probs: vec4<u32>) -> vec4<u32> {
    return probs & vec4<u32>(MAGNITUDE);
}

fn term_of(x: Cached) -> vec4<f32> {
    return value(x.forward) * value(x.upstream);
}

fn finish_row(loaded: Row, s: Statistic) -> Row {
    return Row(vec4<f32>(s.sum), is_special(s));
}

fn output(x: Cached, weights: vec4<f32>, column: u32, row: Row) -> vec4<u32> {
    let gradient = params.scaling.scale * value(x.forward) * (value(x.upstream) - row.dot);
    return set_nan(row.nan_rows, gradient);
}
