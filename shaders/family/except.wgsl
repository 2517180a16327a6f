// One column of a row may be an exception. It is written a second time, by the lane that has written it with the others:
// cheaper than to ask of every column whether it is the one.

// Whether a lane writes a column, of those that serve the columns [first, last).
fn owns(place: Place, column: u32, first: u32, last: u32) -> bool {
    return column < last && column - first < last - first && ((column - first) >> 2u) % LANES == place.lane;
}

fn write_exception(place: Place, at: Starts, first: u32, last: u32, rows: Rows) {
    let column = exception_of(rows);
    if owns(place, column, first, last) {
        write_result_one(element_at(at.result, column), exceptional_of(rows));
    }
}

// Whether a lane reports the row: the one that writes its exception. Where the result lies over the source, another lane
// may have read that column too late.
fn reports(place: Place, task: Task, rows: Rows) -> bool {
    let column = exception_of(rows);
    let is_first = task.part == 0u && place.lane == 0u;
    return task.alive && select(owns(place, column, task.first, task.last), is_first, column == NO_COLUMN);
}
