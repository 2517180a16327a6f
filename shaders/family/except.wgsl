// One column of a row may be an exception. It is written a second time, by the lane that has written it with the others:
// cheaper than to ask of every column whether it is the one.

fn write_exception(place: Place, at: Starts, first: u32, last: u32, rows: Rows) {
    let column = exception_of(rows);
    if column < last && column - first < last - first && ((column - first) >> 2u) % LANES == place.lane {
        write_result_one(element_at(at.result, column), exceptional_of(rows));
    }
}
