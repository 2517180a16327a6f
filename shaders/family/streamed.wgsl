// LANES lanes a row of any length. The row is read to fold its statistic and, where a matrix is written, read
// once more: two reads and one write of each element.

@compute @workgroup_size(WORKGROUP)
fn streamed(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts(task.row);
    let opened = open_row(task.row, at);
    let unread = beside(Rows(), 0u, opened);
    let row = conclude(opened, fold_range(place, at, task.first, task.last, unread));
    let rows = beside(Rows(), 0u, row);
    if reports(place, task, rows) {
        report(task.row, row);
    }
    if WRITES_RESULT {
        write_range(place, at, task.first, task.last, rows);
    }
}
