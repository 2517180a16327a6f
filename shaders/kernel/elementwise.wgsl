// Everything about the row is known beforehand, from its saved pair (max, 1/sum): no reduction, one read and one write of each
// element. LANES lanes a part of a row.

@compute @workgroup_size(WORKGROUP)
fn elementwise(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    var row: Row;
    row = load_row(vec4<u32>(task.row)); // if LOADS_ROW
    row = load_saved(row, vec4<u32>(task.row));
    write_range(place, starts_of(task.row), task.first, task.last, row);
}
