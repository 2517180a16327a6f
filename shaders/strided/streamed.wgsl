// Rows side by side, of any length. They are read to fold their statistics and, where a matrix is written, read once more:
// two reads and one write of each element.

@compute @workgroup_size(WORKGROUP)
fn streamed(invocation: Invocation) {
    let place = locate(invocation);
    var groups: array<Group, GROUPS>;
    for (var g = 0u; g < GROUPS; g++) { // unrolled
        groups[g] = group_of(place, g);
    }
    let folds = fold_groups(groups);
    var rows: array<Rows, GROUPS>;
    for (var g = 0u; g < GROUPS; g++) { // unrolled
        rows[g] = concluded(groups[g], folds[g]);
    }
    if WRITES_RESULT {
        write_groups(groups, rows);
    }
}

fn concluded(group: Group, fold: Fold) -> Rows {
    var rows: Rows;
    for (var r = 0u; r < 4u; r++) { // unrolled
        let index = row_of(group, r);
        let row = conclude(open_row(index, starts(index)), found_in(fold, r));
        if has_row(group, r) {
            report(index, row);
        }
        rows = beside(rows, r, row);
    }
    return rows;
}
