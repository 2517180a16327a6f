// dL/dx = scale g exp(scale (x - max)) / sum, with the row's upstream gradient g = dL/dlse

@group(0) @binding(5) var<storage, read> grad_lse: array<u32>;

struct Row {
    max: f32,
    inverse_sum: f32,
    grad_lse: f32,
    poisoned: bool,
}

// What is written of the rows of an access.
struct Rows {
    max: Value,
    inverse_sum: Value,
    grad_lse: Value,
    poisoned: Truth,
}

fn beside(rows: Rows, r: u32, row: Row) -> Rows {
    return Rows(
        with_row(rows.max, r, row.max),
        with_row(rows.inverse_sum, r, row.inverse_sum),
        with_row(rows.grad_lse, r, row.grad_lse),
        with_truth_of_row(rows.poisoned, r, row.poisoned),
    );
}

fn open_row(row: u32, at: Starts) -> Row {
    let bits = grad_lse[params.grid.bound_row + row];
    return Row(0.0, 0.0, value_one(bits), !finite_one(bits));
}

fn conclude(opened: Row, statistic: Statistic) -> Row {
    let spoilt = opened.poisoned || poisoned(statistic);
    return Row(statistic.max, inverse(statistic.sum), opened.grad_lse, spoilt);
}

fn report(index: u32, row: Row) {
}

fn keep(held: Held, weights: vec4<f32>) -> Held {
    return bitcast<vec4<u32>>(weights);
}

fn outcome(kept: Held, column: u32, rows: Rows) -> vec4<u32> {
    let gradient = params.scaling.scale * rows.grad_lse * (bitcast<vec4<f32>>(kept) * rows.inverse_sum);
    return spoil(rows.poisoned, gradient);
}
