// LANES lanes a row, each with QUADS quads of it: lane l has the quads l, l + LANES, l + 2 LANES and so on. Serves rows of up to
// 4 LANES QUADS columns, and of more than 4 LANES (QUADS - 1): every quad but the last of a lane is whole, and so is the last one
// where the row is WHOLE; a HALVED row ends in half a quad. Where the row is SHIFTED, up to three places before it count as columns,
// and the first quad need not be whole, nor the last but one. Of causal rows, the first COUNTED quads are counted whole by every row.

fn column_of_quad(task: Task, place: Place, k: u32) -> u32 {
    return task.first + (k * LANES + place.lane) * 4u;
}

fn is_whole(k: u32) -> bool {
    return k > 0u && k + 2u < QUADS; // if SHIFTED
    return k + 1u < QUADS; // if !SHIFTED
}

fn load_quad(at: Starts, column: u32, k: u32) -> Cached {
    if WHOLE && !CAUSAL {
        return load(at, column, vec4<bool>(true));
    }
    var last = params.grid.cols;
    var reads_whole = is_whole(k); // if !WHOLE
    var reads_whole = true; // if WHOLE
    if CAUSAL {
        last = read_end(at, column, last);
        reads_whole = reads_whole && k < COUNTED;
    }
    if reads_whole {
        return load(at, column, vec4<bool>(true));
    }
    return load(at, column, inside_row(column)); // if HALVED
    return load_guarded(at, column, last, 0u); // if !HALVED
}

// Of a quad that need not be whole.
fn inside_row(column: u32) -> vec4<bool> {
    return vec4<bool>(true, true, false, false); // if HALVED
    return inside(column, params.grid.cols); // if !HALVED
}

fn write_quad(at: Starts, column: u32, k: u32, bits: vec4<u32>) {
    let element = element_at(at.result, column);
    if WHOLE {
        store_result(element, bits);
    } else if is_whole(k) {
        store_result(element, bits);
    } else if any_inside(column, params.grid.cols) {
        store_result_inside(element, inside_row(column), bits);
    }
}
