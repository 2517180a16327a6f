// Every column of a row may count.

const COUNTS_EVERY_COLUMN: bool = true;

fn causal_limit(row: u32) -> u32 {
    return params.cols;
}

// Up to where a range of columns is read.
fn read_end(at: Starts, first: u32, last: u32) -> u32 {
    return last;
}

fn write_blank(place: Place, at: Starts, first: u32, read: u32, last: u32, rows: Rows) {
}
