// LANES lanes a row, each with QUADS quads of it: lane l has the quads l, l + LANES, l + 2 LANES and so on. Serves rows of
// up to 4 LANES QUADS columns, and of more than 4 LANES (QUADS - 1): every quad but the last of a lane is whole, and so
// is the last one where the row is WHOLE. Where the row is SHIFTED, up to three places before it count as columns, and the
// first quad need not be whole, nor the last but one.

override WHOLE: bool;

fn column_of_quad(task: Task, place: Place, k: u32) -> u32 {
    return task.first + (k * LANES + place.lane) * 4u;
}

fn is_whole(k: u32) -> bool {
    if SHIFTED {
        return k > 0u && k + 2u < QUADS;
    }
    return WHOLE || k + 1u < QUADS;
}

fn load_quad(at: Starts, column: u32, k: u32) -> Held {
    if is_whole(k) && counts_quad(k) {
        return load_whole(at, column);
    }
    return load_guarded(at, column, read_end(at, column, params.grid.cols));
}

fn write_quad(at: Starts, column: u32, k: u32, bits: vec4<u32>) {
    if is_whole(k) {
        write_result_whole(element_at(at.result, column), bits);
    } else if any_inside(column, params.grid.cols) {
        write_result(element_at(at.result, column), inside(column, params.grid.cols), bits);
    }
}
