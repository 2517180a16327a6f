// lse = scale max + ln(sum): -infinity for a row of -infinity, +infinity for a row with +infinity, NaN for one with NaN

@group(0) @binding(6) var<storage, read_write> lse: array<u32>;

struct Row {
    max: f32,
    lse: u32,
}

// What is written of the rows of an access.
struct Rows {
    max: Value,
}

fn beside(rows: Rows, r: u32, row: Row) -> Rows {
    return Rows(
        with_row(rows.max, r, row.max),
    );
}

fn open_row(row: u32, at: Starts) -> Row {
    return Row();
}

fn conclude(opened: Row, statistic: Statistic) -> Row {
    return Row(statistic.max, lse_of(statistic));
}

fn report(index: u32, row: Row) {
    lse[params.grid.bound_row + index] = row.lse;
}

fn keep(held: Held, weights: vec4<f32>) -> Held {
    return held;
}

fn outcome(kept: Held, column: u32, rows: Rows) -> vec4<u32> {
    return vec4<u32>(NAN);
}
