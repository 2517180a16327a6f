// A row is one of params.queries queries, the last of which counts every column: each one before it counts one column less.
// The columns that follow are excluded, and not read but in the block in which they begin.

fn causal_limit(row: u32) -> u32 {
    let later_queries = params.queries - 1u - row % params.queries;
    return select(0u, params.cols - later_queries, later_queries < params.cols);
}

fn causal_keeps(at: Starts, column: u32) -> vec4<bool> {
    return columns_of(column) < vec4<u32>(at.limit);
}

// Up to where a range of columns is read: a whole number of blocks, or all of it.
fn read_end(at: Starts, first: u32, last: u32, block: u32) -> u32 {
    let counted = u32(max(bitcast<i32>(at.limit - first), 0));
    // What lies before a row that is SHIFTED is told apart in its first block alone.
    let read = max((counted + block - 1u) / block * block, select(0u, block, SHIFTED));
    return first + min(last - first, read);
}
