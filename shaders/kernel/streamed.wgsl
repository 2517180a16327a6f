// LANES lanes a row of any length. The row is read to fold its statistic and, where a matrix is written, read once more: two
// reads and one write of each element.

@compute @workgroup_size(WORKGROUP)
fn streamed(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts_of(task.row);
    var row: Row;
    row = load_row(vec4<u32>(task.row)); // if LOADS_ROW
    row = finish_row(row, fold_range(place, at, task.first, task.last, row));
    store_row_once(place, task, row); // if STORES_ROW
    write_range(place, at, task.first, task.last, row); // if WRITES_MATRIX
}
