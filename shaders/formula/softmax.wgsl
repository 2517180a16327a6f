// p = exp(scale (x - max)) / sum

@group(0) @binding(7) var<storage, read> pairs: array<vec2<u32>>;

struct Row {
    max: f32,
    inverse_sum: f32,
    poisoned: bool,
}

// What is written of the rows of an access.
struct Rows {
    max: Value,
    inverse_sum: Value,
    poisoned: Truth,
}

fn beside(rows: Rows, r: u32, row: Row) -> Rows {
    return Rows(
        with_row(rows.max, r, row.max),
        with_row(rows.inverse_sum, r, row.inverse_sum),
        with_truth_of_row(rows.poisoned, r, row.poisoned),
    );
}

fn open_row(row: u32, at: Starts) -> Row {
    return Row();
}

fn conclude(opened: Row, statistic: Statistic) -> Row {
    return Row(statistic.max, inverse(statistic.sum), poisoned(statistic));
}

// The row as merged statistics have left it.
fn recall(opened: Row, index: u32) -> Row {
    let pair = pairs[params.grid.bound_row + index];
    return Row(value_one(pair.x), value_one(pair.y), !finite_one(pair.x));
}

fn report(index: u32, row: Row) {
}

fn keep(held: Held, weights: vec4<f32>) -> Held {
    return bitcast<vec4<u32>>(weights);
}

fn outcome(kept: Held, column: u32, rows: Rows) -> vec4<u32> {
    let p = bitcast<vec4<f32>>(kept) * rows.inverse_sum;
    return spoil(rows.poisoned, p);
}
