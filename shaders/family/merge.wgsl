// The statistics of all parts of a row become one, LANES lanes a row. No logit is read.

@compute @workgroup_size(WORKGROUP)
fn merge(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let statistic = statistic_of(merge_records(place, task.row));
    if task.alive && place.lane == 0u {
        report(task.row, statistic);
    }
}
