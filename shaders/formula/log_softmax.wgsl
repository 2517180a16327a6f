// log p = scale (x - max) - ln(sum)

struct Row {
    max: f32,
    log_sum: f32,
    poisoned: bool,
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

fn outcome(kept: Held, column: u32, row: Row) -> vec4<u32> {
    let rise = max(rise_of(value(kept), row.max), vec4<f32>(params.lowest_rise));
    let log_p = params.steepness * rise - row.log_sum;
    let below = !live(kept) | (rise == vec4<f32>(params.lowest_rise));
    return select(spoil(row.poisoned, log_p), vec4<u32>(NEGATIVE_INFINITY), below & vec4<bool>(!row.poisoned));
}
