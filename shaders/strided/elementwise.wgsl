// Everything about the rows is known beforehand, from their saved pairs (max, 1/sum): no reduction, one read and one write
// of each element.

@compute @workgroup_size(WORKGROUP)
fn elementwise(invocation: Invocation) {
    let place = locate(invocation);
    var groups: array<Group, GROUPS>;
    var rows: array<Rows, GROUPS>;
    for (var g = 0u; g < GROUPS; g++) { // unrolled
        groups[g] = group_of(place, g);
        rows[g] = recalled_rows(groups[g]);
    }
    write_groups(groups, rows);
}

fn recalled_rows(group: Group) -> Rows {
    var rows: Rows;
    for (var r = 0u; r < 4u; r++) { // unrolled
        let index = row_of(group, r);
        rows = beside(rows, r, recall(open_row(index, starts(index)), index));
    }
    return rows;
}
