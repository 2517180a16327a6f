// Values of a row from its saved pair: one invocation a row.

@compute @workgroup_size(WORKGROUP)
fn from_saved(invocation: Invocation) {
    let task = task_of(locate(invocation));
    var row: Row;
    row = load_row(vec4<u32>(task.row)); // if LOADS_ROW
    row = load_saved(row, vec4<u32>(task.row));
    if task.alive {
        store_row(task.row, 0u, row);
    }
}
