// Everything about the row is known beforehand, from its saved pair (max, 1/sum): no reduction, one read and one
// write of each element. LANES lanes a part of a row.

@compute @workgroup_size(WORKGROUP)
fn elementwise(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts(task.row);
    let row = recall(open_row(task.row, at), task.row);
    write_range(place, at, task.first, task.last, beside(Rows(), 0u, row));
}
