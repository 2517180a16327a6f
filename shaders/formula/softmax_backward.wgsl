// dL/dx = scale p (g - sum of p g), with the upstream gradient g = dL/dp

const FORWARD_FILLER: u32 = 0u;

struct Row {
    max: f32,
    dot: f32,
    poisoned: bool,
}

// What is written of the rows of an access.
struct Rows {
    max: Value,
    dot: Value,
    poisoned: Truth,
}

fn beside(rows: Rows, r: u32, row: Row) -> Rows {
    return Rows(
        with_row(rows.max, r, row.max),
        with_row(rows.dot, r, row.dot),
        with_truth_of_row(rows.poisoned, r, row.poisoned),
    );
}

fn forward_special(probs: vec4<u32>) -> vec4<u32> {
    return probs & vec4<u32>(MAGNITUDE);
}

fn weigh(held: Held, max_: Value) -> vec4<f32> {
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

fn outcome(kept: Held, column: u32, rows: Rows) -> vec4<u32> {
    let gradient = params.scaling.scale * value(kept.forward) * (value(kept.upstream) - rows.dot);
    return spoil(rows.poisoned, gradient);
}
