// One column of a row, that of the target or of the diagonal, has an output of its own. It is written a second time, by the lane
// that has written it with the others: cheaper than to ask of every column whether it is the one. Of short rows, software adapters
// ask: HOLDS_TARGET.

// The lane that writes a column, of those that serve the columns [first, last), owns it.
fn owns(place: Place, column: u32, first: u32, last: u32) -> bool {
    return column < last && column - first < last - first && ((column - first) >> 2u) % LANES == place.lane;
}

fn write_column(place: Place, at: Starts, first: u32, last: u32, row: Row) {
    if owns(place, row.column.x, first, last) {
        store_result_one(element_at(at.result, row.column.x), row.column_output.x);
    }
}

// Stores what is kept of a row, by the first lane or, where one column is by itself, by the one that serves it: in place, another
// lane may have read that column too late, and of a row longer than a binding, other dispatches do not have it.
fn store_row_once(place: Place, task: Task, row: Row) {
    var stores = task.part == 0u && place.lane == 0u;
    if HAS_COLUMN {
        let is_owner = owns(place, row.column.x, task.first, task.last);
        stores = select(is_owner, stores, row.column.x == NO_COLUMN);
    }
    if task.alive && stores {
        store_row(task.row, 0u, row);
    }
}
