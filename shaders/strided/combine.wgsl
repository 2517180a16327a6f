// The second of three dispatches over rows side by side that are split into parts, one invocation a row: the statistics of
// its parts become one, in place of the first.

@compute @workgroup_size(WORKGROUP)
fn combine(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let found = merge_records(place, task.row);
    if task.alive {
        store_record(record_of(task.row, 0u), found);
    }
}
