// Every column of a row may count.

fn causal_limit(row: u32) -> u32 {
    return params.cols;
}

fn causal_keeps(at: Starts, column: u32) -> vec4<bool> {
    return vec4<bool>(true);
}

// Up to where a range of columns is read.
fn read_end(at: Starts, first: u32, last: u32, block: u32) -> u32 {
    return last;
}

fn write_blank(place: Place, at: Starts, first: u32, last: u32, rows: Rows) {
}
