// What a lane reads of columns that may lie outside the row, some of them or all.

fn load_guarded(at: Starts, column: u32, last: u32) -> Held {
    if any_inside(column, last) {
        return load(at, column, inside(column, last));
    }
    return nothing();
}
