// The first of two dispatches over rows that are split into parts, LANES lanes a part: the part is read once and
// its statistic kept.

@compute @workgroup_size(WORKGROUP)
fn partial(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts(task.row);
    let unread = beside(Rows(), 0u, open_row(task.row, at));
    let found = fold_range(place, at, task.first, task.last, unread);
    if task.alive && place.lane == 0u {
        store_record(record_of(task.row, task.part), found);
    }
}
