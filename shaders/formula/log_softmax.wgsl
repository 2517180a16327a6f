// log p = scale (x - max) - ln(sum)

struct Row {
    max: f32,
    log_sum: f32,
    poisoned: bool,
}

// What is written of the rows of an access.
struct Rows {
    max: Value,
    log_sum: Value,
    poisoned: Truth,
}

fn beside(rows: Rows, r: u32, row: Row) -> Rows {
    return Rows(
        with_row(rows.max, r, row.max),
        with_row(rows.log_sum, r, row.log_sum),
        with_truth_of_row(rows.poisoned, r, row.poisoned),
    );
}

fn open_row(row: u32, at: Starts) -> Row {
    return Row();
}

fn conclude(opened: Row, statistic: Statistic) -> Row {
    return Row(statistic.max, natural_log(max(statistic.sum, 1.0)), poisoned(statistic));
}

fn report(index: u32, row: Row) {
}

fn keep(held: Held, weights: vec4<f32>) -> Held {
    return held;
}

fn outcome(kept: Held, column: u32, rows: Rows) -> vec4<u32> {
    let rise = rise_of(value(kept), rows.max);
    let log_p = params.scaling.postscale * max(rise, vec4<f32>(params.scaling.lowest_shifted)) - rows.log_sum;
    let below = excluded(kept) | (rise < vec4<f32>(params.scaling.lowest_shifted));
    return select(spoil(rows.poisoned, log_p), vec4<u32>(NEGATIVE_INFINITY), below & vec4<bool>(!rows.poisoned));
}
