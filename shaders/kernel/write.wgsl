// A range of columns, written from what is known of the row. LANES lanes walk it together, four accesses a lane and trip; in a
// trip, each of the four covers LANES neighbouring quads. The last columns, too few for a trip of all lanes, are guarded one by
// one, and so is the first trip of a row that is SHIFTED.

fn output_at(x: Cached, column: u32, row: Row) -> vec4<u32> {
    var weights: vec4<f32>;
    weights = weight_of(x.logits, row.max); // if HAS_MAX
    return output(x, weights, column, row);
}

fn write_whole(at: Starts, column: u32, row: Row) {
    store_result(element_at(at.result, column), output_at(load(at, column, vec4<bool>(true)), column, row));
}

fn write_guarded(at: Starts, column: u32, last: u32, row: Row) {
    if any_inside(column, last) {
        let within = inside(column, last);
        store_result_inside(element_at(at.result, column), within, output_at(load(at, column, within), column, row));
    }
}

fn write_range(place: Place, at: Starts, first: u32, end: u32, row: Row) {
    var last = end;
    last = read_end(at, first, end); // if CAUSAL
    let mine = first + 4u * place.lane;
    let whole = whole_blocks(first, last, 4u * ACCESS_STEP);
    var ahead = 0u;
    if SHIFTED {
        ahead = 4u * ACCESS_STEP;
        for (var edge = 0u; edge < min(ahead, last - first); edge += ACCESS_STEP) {
            write_guarded(at, mine + edge, last, row);
        }
    }
    for (; ahead < whole; ahead += 4u * ACCESS_STEP) {
        for (var i = 0u; i < 4u; i++) { // unrolled
            write_whole(at, mine + ahead + i * ACCESS_STEP, row);
        }
    }
    for (; ahead < last - first; ahead += ACCESS_STEP) {
        write_guarded(at, mine + ahead, last, row);
    }
    write_excluded(place, at, first, last, end, row); // if CAUSAL
    write_column(place, at, first, end, row); // if WRITES_COLUMN
}
