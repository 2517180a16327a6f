// A range of columns, written from what is known of the row. LANES lanes walk it side by side, four quads a lane
// and trip; in a trip, each of the four accesses covers LANES neighbouring quads.

fn write_quad(at: Starts, column: u32, last: u32, row: Row) {
    if column < last {
        let count = min(last - column, 4u);
        let held = load(at, column, count);
        write_result(at.result + column, count, outcome(keep(held, weigh(held, row.max)), column, row));
    }
}

fn write_range(place: Place, at: Starts, first: u32, last: u32, row: Row) {
    let step = 4u * LANES;
    for (var column = first + 4u * place.lane; column < last; column += 4u * step) {
        write_quad(at, column, last, row);
        write_quad(at, column + step, last, row);
        write_quad(at, column + 2u * step, last, row);
        write_quad(at, column + 3u * step, last, row);
    }
}
