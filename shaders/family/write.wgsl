// A range of columns, written from what is known of the row. LANES lanes walk it side by side, four quads a lane
// and trip; in a trip, each of the four accesses covers LANES neighbouring quads. The last columns, too few for a trip of
// all lanes, are guarded one by one.

fn outcome_at(held: Held, column: u32, row: Row) -> vec4<u32> {
    return outcome(keep(held, weigh(held, row.max)), column, row);
}

fn write_whole(at: Starts, column: u32, row: Row) {
    write_result_whole(at.result + column, outcome_at(load_whole(at, column), column, row));
}

fn write_guarded(at: Starts, column: u32, last: u32, row: Row) {
    if column < last {
        let count = min(last - column, 4u);
        write_result(at.result + column, count, outcome_at(load(at, column, count), column, row));
    }
}

fn write_range(place: Place, at: Starts, first: u32, last: u32, row: Row) {
    let step = 4u * LANES;
    let whole = last_whole(first, last, 4u * step);
    var column = first + 4u * place.lane;
    for (; column < whole; column += 4u * step) {
        write_whole(at, column, row);
        write_whole(at, column + step, row);
        write_whole(at, column + 2u * step, row);
        write_whole(at, column + 3u * step, row);
    }
    for (; column < last; column += step) {
        write_guarded(at, column, last, row);
    }
}
