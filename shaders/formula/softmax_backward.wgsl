// dL/dx = scale p (g - sum of p g), with the upstream gradient g = dL/dp

const FORWARD_FILLER: u32 = 0u;

struct Row {
    max: f32,
    dot: f32,
    poisoned: bool,
}

fn forward_special(probs: vec4<u32>) -> vec4<u32> {
    return probs & vec4<u32>(MAGNITUDE);
}

fn weigh(held: Held, max_: f32) -> vec4<f32> {
    return value(held.forward) * value(held.upstream);
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
    let gradient = params.scale * value(kept.forward) * (value(kept.upstream) - row.dot);
    return spoil(row.poisoned, gradient);
}
