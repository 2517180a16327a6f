// dL/dx = scale (g - exp(l) (sum of g)), with l the log-probability and the upstream gradient g = dL/dl

const FORWARD_FILLER: u32 = NEGATIVE_INFINITY;

struct Row {
    max: f32,
    sum: f32,
    poisoned: bool,
}

// What is written of the rows of an access.
struct Rows {
    max: Value,
    sum: Value,
    poisoned: Truth,
}

fn beside(rows: Rows, r: u32, row: Row) -> Rows {
    return Rows(
        with_row(rows.max, r, row.max),
        with_row(rows.sum, r, row.sum),
        with_truth_of_row(rows.poisoned, r, row.poisoned),
    );
}

fn forward_special(log_probs: vec4<u32>) -> vec4<u32> {
    return select(log_probs & vec4<u32>(MAGNITUDE), vec4<u32>(0u), log_probs == vec4<u32>(NEGATIVE_INFINITY));
}

fn weigh(held: Held, max_: Value) -> vec4<f32> {
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

fn outcome(kept: Held, column: u32, rows: Rows) -> vec4<u32> {
    let l = value(kept.forward);
    let e = select(exp(l), vec4<f32>(1.0), l == vec4<f32>(0.0));
    let p = select(vec4<f32>(0.0), e, finite(kept.forward));
    let gradient = params.scaling.scale * (value(kept.upstream) - p * rows.sum);
    return spoil(rows.poisoned, gradient);
}
