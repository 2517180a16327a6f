// Everything about the row is known beforehand, and the row is short: one read and one write of each element, without a
// loop.

@compute @workgroup_size(WORKGROUP)
fn unrolled(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts(task.row);
    let rows = beside(Rows(), 0u, recall(open_row(task.row, at), task.row));
    if task.alive {
        for (var k = 0u; k < QUADS; k++) { // unrolled
            let column = column_of_quad(task, place, k);
            write_quad(at, column, k, outcome_at(load_quad(at, column, k), column, rows));
        }
        write_exception(place, at, task.first, params.grid.cols, rows);
    }
}
