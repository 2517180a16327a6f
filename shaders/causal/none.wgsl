// Every column of a row may count.

fn counts_quad(k: u32) -> bool {
    return true;
}

fn causal_limit(row: u32) -> u32 {
    return params.grid.cols;
}

// Up to where a range of columns is read.
fn read_end(at: Starts, first: u32, last: u32) -> u32 {
    return last;
}

fn write_blank(place: Place, at: Starts, first: u32, read: u32, last: u32, rows: Rows) {
}
