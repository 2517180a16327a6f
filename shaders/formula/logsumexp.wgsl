// lse = scale max + ln(sum): -infinity for a row of -infinity, +infinity for a row with +infinity, NaN for one with NaN

@group(0) @binding(6) var<storage, read_write> lse: array<u32>;

struct Row { lse: vec4<u32> }

fn finish_row(loaded: Row, s: Statistic) -> Row {
    return Row(lse_of(s));
}

fn store_row(index: u32, r: u32, row: Row) {
    lse[params.grid.bound_row + index] = row.lse[r];
}
