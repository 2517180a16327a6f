// Everything about the row is known beforehand, from its saved pair (max, 1/sum): no reduction, one read and one write of each
// element. LANES lanes a part of a row; `unrolled` serves short rows, without a loop.

@compute @workgroup_size(WORKGROUP)
fn elementwise(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    write_range(place, starts_of(task.row), task.first, task.last, known_row(task.row));
}

@compute @workgroup_size(WORKGROUP)
fn unrolled(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts_of(task.row);
    let row = known_row(task.row);
    if !task.alive {
        return;
    }
    for (var k = 0u; k < QUADS; k++) { // unrolled
        let column = column_of_quad(task, place, k);
        let x = load_quad(at, column, k);
        write_quad(at, column, k, output(x, weight_of(x.logits, row.max), column, row));
    }
    write_column(place, at, task.first, params.grid.cols, row); // if WRITES_COLUMN
}
