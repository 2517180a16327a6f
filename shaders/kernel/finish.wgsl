// The second of two dispatches over rows that are split into parts, LANES lanes a part: each merges the statistics of all parts
// of its row, in the same order, and then reads and writes its own part once.

@compute @workgroup_size(WORKGROUP)
fn finish(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts_of(task.row);
    var row: Row;
    row = load_row(vec4<u32>(task.row)); // if LOADS_ROW
    row = finish_row(row, merge_records(place, task.row));
    store_row_once(place, task, row); // if STORES_ROW
    write_range(place, at, task.first, task.last, row); // if WRITES_MATRIX
}
