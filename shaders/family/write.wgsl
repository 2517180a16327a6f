// A range of columns, written from what is known of the row. LANES lanes walk it side by side, four quads a lane
// and trip; in a trip, each of the four accesses covers LANES neighbouring quads. The last columns, too few for a trip of
// all lanes, are guarded one by one, and so is the first trip of a row that is SHIFTED.

fn outcome_at(held: Held, column: u32, rows: Rows) -> vec4<u32> {
    return outcome(keep(held, weigh(held, rows.max)), column, rows);
}

fn write_whole(at: Starts, column: u32, rows: Rows) {
    write_result_whole(element_at(at.result, column), outcome_at(load_whole(at, column), column, rows));
}

fn write_guarded(at: Starts, column: u32, last: u32, rows: Rows) {
    if any_inside(column, last) {
        let inside = inside(column, last);
        write_result(element_at(at.result, column), inside, outcome_at(load(at, column, inside), column, rows));
    }
}

fn write_range(place: Place, at: Starts, first: u32, end: u32, rows: Rows) {
    let step = access_step();
    let last = read_end(at, first, end);
    let mine = first + 4u * place.lane;
    let whole = whole_blocks(first, last, 4u * step);
    var ahead = select(0u, 4u * step, SHIFTED);
    for (; ahead < whole; ahead += 4u * step) {
        let column = mine + ahead;
        write_whole(at, column, rows);
        write_whole(at, column + step, rows);
        write_whole(at, column + 2u * step, rows);
        write_whole(at, column + 3u * step, rows);
    }
    for (var edge = select(ahead, 0u, SHIFTED); edge < last - first;) {
        write_guarded(at, mine + edge, last, rows);
        edge += step;
        edge = select(edge, ahead, SHIFTED && edge == 4u * step);
    }
    write_blank(place, at, first, last, end, rows);
    write_exception(place, at, first, end, rows);
}
