// A row is one of grid.queries queries, the last of which counts every column: each one before it counts one column less.
// The columns that follow are excluded, and not read.

// Of the quads of a lane, how many every row counts whole.
override COUNTED: u32;

fn counts_quad(k: u32) -> bool {
    return k < COUNTED;
}

fn causal_limit(row: u32) -> u32 {
    let later_queries = params.grid.queries - 1u - row % params.grid.queries;
    return select(0u, params.grid.cols - later_queries, later_queries < params.grid.cols);
}

// Up to where a range of columns is read. The first one may lie before the row, if that is SHIFTED.
fn read_end(at: Starts, first: u32, last: u32) -> u32 {
    let counted = max(bitcast<i32>(at.limit - first), 0);
    return first + min(last - first, u32(counted));
}
