// dL/dx = scale (g - exp(l) (sum of g)), with l the log-probability and the upstream gradient g = dL/dl

const FORWARD_FILLER: u32 = NEGATIVE_INFINITY;

struct Row {
    max: f32,
    sum: f32,
    poisoned: bool,
}

fn forward_special(log_probs: vec4<u32>) -> vec4<u32> {
    return select(log_probs & vec4<u32>(MAGNITUDE), vec4<u32>(0u), log_probs == vec4<u32>(NEGATIVE_INFINITY));
}

fn weigh(held: Held, max_: f32) -> vec4<f32> {
    return value(held.upstream);
}

fn open_row(row: u32, at: Starts) -> Row {
    return Row();
}

fn conclude(opened: Row, statistic: Statistic) -> Row {
    return Row(statistic.max, statistic.sum, statistic.special >= INFINITY);
}

fn report(index: u32, row: Row) {
}

fn keep(held: Held, weights: vec4<f32>) -> Held {
    return held;
}

fn outcome(kept: Held, column: u32, row: Row) -> vec4<u32> {
    let l = value(kept.forward);
    let e = select(exp(l), vec4<f32>(1.0), l == vec4<f32>(0.0));
    let p = select(vec4<f32>(0.0), e, finite(kept.forward));
    let gradient = params.scale * (value(kept.upstream) - p * row.sum);
    return spoil(row.poisoned, gradient);
}
