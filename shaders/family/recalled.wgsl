// What is written per row, from its saved pair: one invocation a row.

@compute @workgroup_size(WORKGROUP)
fn recalled(invocation: Invocation) {
    let task = task_of(locate(invocation));
    let row = recall(open_row(task.row, starts(task.row)), task.row);
    if task.alive {
        report(task.row, row);
    }
}
