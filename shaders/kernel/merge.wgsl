// The statistics of all parts of a row become one, LANES lanes a row. No logit is read. `merge` makes the pair of the row of it,
// `combine`, the second of three dispatches over rows on a strided axis, a record in place of the first.

@compute @workgroup_size(WORKGROUP)
fn merge(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let statistic = merge_records(place, task.row);
    if task.alive && place.lane == 0u {
        store_row(task.row, 0u, finish_row(Row(), statistic));
    }
}

@compute @workgroup_size(WORKGROUP)
fn combine(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let statistic = merge_records(place, task.row);
    if task.alive && place.lane == 0u {
        store_record(record_index(task.row, 0u), 0u, statistic);
    }
}
