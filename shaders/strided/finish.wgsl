// The last of three dispatches over rows side by side that are split into parts: each reads and writes its own part once.

@compute @workgroup_size(WORKGROUP)
fn finish(invocation: Invocation) {
    let place = locate(invocation);
    var groups: array<Group, GROUPS>;
    var rows: array<Rows, GROUPS>;
    for (var g = 0u; g < GROUPS; g++) { // unrolled
        groups[g] = group_of(place, g);
        rows[g] = combined(groups[g]);
    }
    if WRITES_RESULT {
        write_groups(groups, rows);
    }
}

fn combined(group: Group) -> Rows {
    var rows: Rows;
    for (var r = 0u; r < 4u; r++) { // unrolled
        let index = row_of(group, r);
        let row = conclude(open_row(index, starts(index)), load_record(record_of(index, 0u)));
        rows = beside(rows, r, row);
        if reports(group, r, bits_of_row(exception_of(rows), r)) {
            report(index, row);
        }
    }
    return rows;
}

// A row is reported with the part of its exception, as where rows lie by themselves.
fn reports(group: Group, r: u32, exception: u32) -> bool {
    let has_exception = exception >= group.first && exception < group.last;
    return has_row(group, r) && select(has_exception, group.part == 0u, exception == NO_COLUMN);
}
