// A causal row is one of params.grid.queries queries of a sequence, the last of which counts every column: each one before it
// counts one column less. The columns that follow are excluded, and not read.

// The row of a slot, of some queries of every sequence, which count about as many columns.
fn causal_row(slot: u32) -> u32 {
    let sequence = slot / params.grid.bin_queries;
    return sequence * params.grid.queries + params.grid.bin_first + slot % params.grid.bin_queries;
}

fn causal_end(row: u32) -> u32 {
    let later_queries = params.grid.queries - 1u - row % params.grid.queries;
    return select(0u, params.grid.cols - later_queries, later_queries < params.grid.cols);
}

// The end of what is read of a range of columns. The first one may lie before the row, if that is SHIFTED.
fn read_end(at: Starts, first: u32, last: u32) -> u32 {
    let counted = max(bitcast<i32>(at.causal_end - first), 0);
    return first + min(last - first, u32(counted));
}

// Excluded columns, written after the others: guarded where they begin, and where the row ends.
fn write_excluded(place: Place, at: Starts, first: u32, read: u32, last: u32, row: Row) {
    let mine = first + 4u * place.lane;
    let bits = output(nothing(), vec4<f32>(0.0), first, row);
    var ahead = whole_blocks(first, read, ACCESS_STEP);
    let edge = min(read, last) - first;
    while ahead < last - first {
        if ahead < edge || ahead + 4u * ACCESS_STEP > last - first {
            write_excluded_guarded(at, mine + ahead, read, last, bits);
            ahead += ACCESS_STEP;
            continue;
        }
        for (var i = 0u; i < 4u; i++) { // unrolled
            store_result(element_at(at.result, mine + ahead + i * ACCESS_STEP), bits);
        }
        ahead += 4u * ACCESS_STEP;
    }
}

fn write_excluded_guarded(at: Starts, column: u32, read: u32, last: u32, bits: vec4<u32>) {
    let excluded = inside(column, last) & !inside(column, read);
    if any(excluded) {
        store_result_inside(element_at(at.result, column), excluded, bits);
    }
}
