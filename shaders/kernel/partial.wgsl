// The first of two dispatches over rows that are split into parts, LANES lanes a part: the part is read once and its statistic
// kept.

@compute @workgroup_size(WORKGROUP)
fn partial(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts_of(task.row);
    var row: Row;
    row = load_row(vec4<u32>(task.row)); // if LOADS_ROW
    let statistic = fold_range(place, at, task.first, task.last, row);
    if task.alive && place.lane == 0u {
        store_record(record_index(task.row, task.part), 0u, statistic);
    }
}
