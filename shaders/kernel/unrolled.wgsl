// A short row of which everything is known beforehand: one read and one write of each element, without a loop.

@compute @workgroup_size(WORKGROUP)
fn unrolled(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts_of(task.row);
    var row: Row;
    row = load_row(vec4<u32>(task.row)); // if LOADS_ROW
    row = load_saved(row, vec4<u32>(task.row));
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
