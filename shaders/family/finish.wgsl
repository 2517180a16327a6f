// The second of two dispatches over rows that are split into parts, LANES lanes a part: each merges the statistics
// of all parts of its row, in the same order, and then reads and writes its own part once.

@compute @workgroup_size(WORKGROUP)
fn finish(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts(task.row);
    let opened = open_row(task.row, at);
    let row = conclude(opened, merge_records(place, task.row));
    let rows = beside(Rows(), 0u, row);
    if reports(place, task, rows) {
        report(task.row, row);
    }
    if WRITES_RESULT {
        write_range(place, at, task.first, task.last, rows);
    }
}
